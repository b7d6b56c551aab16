package kernel

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// What two versions of the rules measure in the same way is counted once.
func TestPlansShareWhatTheyMeasureAlike(t *testing.T) {
	all, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	planOf := func(ref string) *attribution.Plan {
		p, err := program.Find(all, ref)
		if err != nil {
			t.Fatal(err)
		}
		return attribution.NewPlan(p, kizuna.NewDate(2023, 12, 1))
	}
	before, after := planOf("mcpp@2023-10"), planOf("mcpp@2023-12")
	both, err := CompileTogether("", before, after)
	if err != nil {
		t.Fatal(err)
	}
	one, err := Compile(before, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(both.kernels) != 1 || len(both.kernels[0].measures) != len(one.measures) || len(both.kernels[0].feeds) != len(one.feeds) {
		t.Errorf("%d kernels; %d measures and %d feeds, %d and %d of one", len(both.kernels),
			len(both.kernels[0].measures), len(both.kernels[0].feeds), len(one.measures), len(one.feeds))
	}
	other, err := CompileTogether("", before, planOf("mcpp@2026-07"))
	if err != nil {
		t.Fatal(err)
	}
	if len(other.kernels) != 1 || len(other.kernels[0].dialects) != 2 {
		t.Errorf("%d kernels of plans with other names for workloads", len(other.kernels))
	}
	draft := before.Program.Clone()
	draft.Roles.ExcludeContaining = nil
	if other, err = CompileTogether("", before, attribution.NewPlan(draft, before.AsOf)); err != nil {
		t.Fatal(err)
	}
	if len(other.kernels) != 2 {
		t.Errorf("plans under which other roles earn share a kernel")
	}
}
