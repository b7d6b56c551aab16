package membership_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
)

// Events of one second were ordered by kind alone: a purchase that rests on what a merge
// brought came before it, had no effect, and its benefits were lost.
func TestAPurchaseInTheSecondOfTheMergeThatItRestsOn(t *testing.T) {
	r := rules(t)
	at := kizuna.NewDate(2024, 2, 1).Instant()
	brings := func(qualified, paid bool) *membership.Ledger {
		l := &membership.Ledger{Account: "G2"}
		if qualified {
			l.Findings = []membership.Finding{{Area: "security", On: kizuna.NewDate(2024, 1, 20), Qualified: true}}
		}
		if paid {
			l.Events = []membership.Event{{Kind: membership.Purchase, At: kizuna.NewDate(2024, 1, 25).Instant()}}
		}
		return l
	}
	own := []membership.Finding{{Area: "data-ai", On: kizuna.NewDate(2024, 1, 20), Qualified: true}}
	for name, c := range map[string]struct {
		own     []membership.Finding
		with    *membership.Ledger
		bundles int
	}{
		"the purchase rests on the merge":           {nil, brings(true, false), 1},
		"the merge would make the purchase idle":    {own, brings(true, true), 2},
		"neither rests on the other":                {own, brings(false, false), 1},
		"what is brought is enrolled, nothing else": {nil, brings(true, true), 1},
	} {
		merge := membership.Event{Kind: membership.Merge, At: at, With: c.with}
		purchase := membership.Event{Kind: membership.Purchase, At: at}
		for _, events := range [][]membership.Event{{merge, purchase}, {purchase, merge}} {
			s := r.Status(&membership.Ledger{Account: "G1", Findings: c.own, Events: events}, kizuna.NewDate(2024, 2, 2))
			idle := 0
			if name == "what is brought is enrolled, nothing else" {
				idle = 1 // nobody buys what he has
			}
			if len(s.Paid) != c.bundles || len(s.Idle) != idle || s.State != membership.Enrolled {
				t.Errorf("%s, %s first: %d bundles, without effect %+v, %s", name, events[0].Kind, len(s.Paid), s.Idle, s.State)
			}
		}
	}
}
