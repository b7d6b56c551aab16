package record_test

import (
	"encoding/json"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// versions are what a store keeps of an account's membership.
func (l *life) versions(account string) []*store.Record {
	l.t.Helper()
	var out []*store.Record
	for r, err := range l.store.Versions(l.t.Context(), store.View{Scope: store.Everything}, record.EnrollmentKind, account) {
		if err != nil {
			l.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestALedgerGrowsByWhatIsAddedToIt(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		for month := range 24 {
			at := kizuna.NewDate(2023, 1, 5).AddMonths(month)
			l.on(at.String())
			o := l.qualified("G1", "security", at.String())
			if len(o.Value.Findings) != 1 {
				t.Fatalf("the answer has %d findings", len(o.Value.Findings))
			}
		}
		all := l.versions("g1")
		if len(all) != 24 {
			t.Fatalf("%d versions", len(all))
		}
		for i, r := range all[1:] {
			if len(r.Body) > len(all[1].Body)+8 {
				t.Errorf("version %d has %d bytes, the second %d", i+2, len(r.Body), len(all[1].Body))
			}
			then := must(l.Ledger(t.Context(), store.View{Scope: store.Everything, KnownAt: r.Recorded}, "G1"))(l)
			if len(then.Findings) != i+2 || then.Account != "G1" {
				t.Errorf("known with version %d: %d findings of %s", i+2, len(then.Findings), then.Account)
			}
		}
	})
}

// Until versions told what they add, each told all.
func TestALedgerFromBeforeGoesOn(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		l.on("2023-02-01")
		whole := membership.Enrollment{Ledger: membership.Ledger{Account: "G1"}, State: membership.Open, Told: kizuna.NewDate(2023, 2, 1)}
		for _, area := range []string{"security", "modern-work"} {
			whole.Findings = append(whole.Findings, membership.Finding{Area: area, On: kizuna.NewDate(2023, 1, 20), Qualified: true})
			body, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			l.put(store.Record{
				Thing: store.Thing{Kind: record.EnrollmentKind, ID: "g1"}, Version: int64(len(whole.Findings)),
				Concerns: store.Concerns{Location: "g1"}, Valid: kizuna.Intervals{kizuna.Always}, Body: body,
			})
		}
		before := l.versions("g1")[1].Recorded
		must(l.Enroll(t.Context(), l.as("partner:G1/admin"), "G1", record.Payment{}))(l)
		l.qualified("G1", "data-ai", "2023-01-25")
		for known, want := range map[kizuna.Moment]int{before - 1: 1, before: 2, 0: 3} {
			got := must(l.Ledger(t.Context(), store.View{Scope: store.Everything, KnownAt: known}, "G1"))(l)
			if len(got.Findings) != want {
				t.Errorf("known at %d: %+v", known, got)
			}
		}
		if s := l.standing("G1", "2023-02-02", 0); s.State != membership.Enrolled {
			t.Errorf("%+v", s)
		}
		// What does not join what is there is not read as if it did.
		l.put(store.Record{
			Thing: store.Thing{Kind: record.EnrollmentKind, ID: "g1"}, Version: 5, Concerns: store.Concerns{Location: "g1"}, Valid: kizuna.Intervals{kizuna.Always},
			Body: []byte(`{"over":3,"adds":{"account":"G1","state":"open"}}`),
		})
		_, err := l.Ledger(t.Context(), store.View{Scope: store.Everything}, "G1")
		l.refuses("record-body", err)
	})
}

// put records a version by hand.
func (l *life) put(r store.Record) {
	l.t.Helper()
	c := store.Command{Actor: l.as("operator").Actor, Action: "enrollment.qualify"}
	if _, err := l.store.Write(l.t.Context(), c, func(tx store.Tx) error { return tx.Put(&r) }); err != nil {
		l.t.Fatal(err)
	}
}
