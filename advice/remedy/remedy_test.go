package remedy_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// fataler is what rapid.T and testing.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
}

func base(t fataler, f *association.Facts, rows []usage.Row) *advice.Base {
	t.Helper()
	p, err := program.BuiltinNamed("mcpp@2023-10")
	if err != nil {
		t.Fatal(err)
	}
	b, err := advice.New(score.Question{Program: p, AsOf: kizuna.NewDate(2023, 11, 15)}, "G1", &advice.Facts{
		Associations: f, People: new(people.Facts), Coverage: worldtest.Everything{}, Usage: advice.UsageOf(usage.Collect(rows), nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func all(b *advice.Base, tenant string) []remedy.Remedy {
	measures := make([]int, b.Plan.Measures())
	for i := range measures {
		measures[i] = i
	}
	return remedy.For(b, tenant, measures)
}

// What is proposed follows what was bought and who is there already.
func TestWhatIsProposed(t *testing.T) {
	revenue, err := kizuna.ParseDecimal("5000")
	if err != nil {
		t.Fatal(err)
	}
	seats := int64(100)
	f := &association.Facts{
		Locations: []association.Location{{ID: "L1", Global: "G1", During: kizuna.Always}},
		Links:     []association.Link{{Tenant: "t", Object: "linked", Location: "L1", During: kizuna.Always}},
		Assignments: []association.Assignment{
			{Tenant: "t", Object: "engineer", Role: "Owner", Scope: "/subscriptions/ea", During: kizuna.Always},
			{Tenant: "t", Object: "guest", Role: "Reader", Scope: "/subscriptions/ea", During: kizuna.Always},
		},
	}
	var rows []usage.Row
	for id, s := range map[string][2]string{"ea": {"Azure", "EA"}, "mca": {"Azure", "MCA"}, "dynamics": {"Dynamics 365", "EA"}, "resold": {"Dynamics 365", "CSP"}} {
		f.Subscriptions = append(f.Subscriptions, association.Subscription{ID: id, Tenant: "t", Product: s[0], Agreement: s[1], During: kizuna.Always})
		workload := map[string]string{"Azure": "Storage", "Dynamics 365": "Business Central"}[s[0]]
		rows = append(rows, usage.Row{Month: kizuna.NewMonth(2023, 10), Tenant: "t", Subscription: id, Workload: workload, Channel: "EA", Revenue: &revenue, ActiveUsers: &seats})
	}
	rows = append(rows, usage.Row{Month: kizuna.NewMonth(2023, 10), Tenant: "t", Workload: "Teams", PaidSeats: &seats, ActiveUsers: &seats})
	var got []string
	for _, r := range all(base(t, f, rows), "t") {
		got = append(got, fmt.Sprint(r.Kind, " ", r.Subscription, r.Workload, r.ClaimRole, " ", r.Object))
	}
	slices.Sort(got)
	want := []string{
		"appointment dynamics ", "appointment ea ",
		"claim Teamsusage ", "claim dynamicsrevenue ", "claim dynamicsusage ",
		"link  engineer",
		"role ea linked", "role mca linked",
	}
	if !slices.Equal(got, want) {
		t.Errorf("proposed are\n%q, not\n%q", got, want)
	}
}

// Whatever the world, remedies have names of their own, can be evaluated, and change
// nothing that no measure of theirs looks at.
func TestRemediesChangeWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.Draw(t)
		b := base(t, f.Associations, f.Usage.Rows())
		measures := make([]int, b.Plan.Measures())
		for i := range measures {
			measures[i] = i
		}
		for _, tenant := range b.Customers() {
			seen := make(map[string]bool)
			for _, r := range all(b, tenant) {
				if seen[r.ID()] {
					t.Fatal("two remedies are called " + r.ID())
				}
				seen[r.ID()] = true
				out, err := b.Evaluate(r.Changes(kizuna.Always.From))
				if err != nil {
					t.Fatal(err)
				}
				looked := remedy.Measures(b, &r, measures)
				for key, tally := range out.Customers[tenant] {
					if !tally.Sub(b.Contribution(tenant)[key]).IsZero() && !slices.Contains(looked, key.Measure) {
						t.Fatal(fmt.Sprintf("%s changes measure %d, which does not look at it", r.ID(), key.Measure))
					}
				}
			}
		}
	})
}
