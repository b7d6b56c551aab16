package plantest_test

import (
	"reflect"
	"testing"

	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/plantest"
)

func TestPartnersAreValidAndAlwaysTheSame(t *testing.T) {
	differ := false
	for seed := range uint64(20) {
		in := plantest.Partner(seed, 300)
		if err := in.Check(); err != nil {
			t.Fatal(seed, err)
		}
		actions := map[string]bool{}
		for _, u := range in.Units {
			for _, b := range u.Bundles {
				for _, a := range b.Actions {
					actions[u.Name+a] = true
				}
			}
		}
		if len(actions) < 250 || len(in.Areas) != 6 {
			t.Errorf("partner %d: %d actions for %d areas", seed, len(actions), len(in.Areas))
		}
		if !reflect.DeepEqual(in, plantest.Partner(seed, 300)) {
			t.Errorf("partner %d is another the second time", seed)
		}
		nothing := make(plan.Plan, len(in.Units))
		for u := range nothing {
			nothing[u] = plan.None
		}
		if in.Reaches(nothing) {
			t.Errorf("partner %d has all areas", seed)
		}
		differ = differ || !reflect.DeepEqual(in, plantest.Partner(seed+1, 300))
	}
	if !differ {
		t.Error("all partners are the same")
	}
}
