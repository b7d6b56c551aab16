package kernel

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
)

func TestNothingIsAllocatedPerTenantOnceWarm(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	day := kizuna.NewDate(2023, 11, 15)
	asked := [][]*attribution.Plan{{attribution.NewPlan(programs[0], day), attribution.NewPlan(programs[len(programs)-1], day)}}
	for _, p := range programs {
		asked = append(asked, []*attribution.Plan{attribution.NewPlan(p, day)})
	}
	for _, plans := range asked {
		for seed := range 20 {
			f := rapid.Custom(worldtest.DrawMixed).Example(seed)
			var out bytes.Buffer
			if _, err := segment.Build(segment.NewBuilder(&out), f); err != nil {
				t.Fatal(err)
			}
			s, err := segment.Read(out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			v, err := segment.NewView(s)
			if err != nil {
				t.Fatal(err)
			}
			k, err := compile(plans, attribution.TrustBoth)
			if err != nil {
				t.Fatal(err)
			}
			c := k.bind(v)
			w := k.newWorker()
			all := func() {
				for b := range s.Blocks() {
					block, err := s.Block(b)
					if err != nil {
						t.Fatal(err)
					}
					if err := c.block(w, 0, block); err != nil {
						t.Fatal(err)
					}
				}
				w.chunks.flush(c.sums)
			}
			all()
			if n := testing.AllocsPerRun(3, all); n != 0 {
				t.Fatalf("%d plans, the first of %s, world %d: %v allocations", len(plans), plans[0].Program.Ref(), seed, n)
			}
		}
	}
}
