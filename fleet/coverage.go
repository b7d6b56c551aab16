package fleet

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// coverage is what a [score.Coverage] says of all that a plan asks it: looked up once,
// not for every partner.
type coverage struct {
	through        map[source]kizuna.Month
	certifications bool
}

type source struct {
	quantity program.Quantity
	family   program.Family
}

func remember(c score.Coverage, plan *attribution.Plan) *coverage {
	out := &coverage{make(map[source]kizuna.Month), c.Certifications()}
	for number := range plan.Measures() {
		m := plan.Measure(number)
		for _, f := range m.Measure.Feeds {
			if last, ok := c.Usage(m.Quantity, f.Workloads.Family); ok {
				out.through[source{m.Quantity, f.Workloads.Family}] = last
			}
		}
	}
	return out
}

func (c *coverage) Usage(q program.Quantity, f program.Family) (last kizuna.Month, ok bool) {
	last, ok = c.through[source{q, f}]
	return last, ok
}

func (c *coverage) Certifications() bool { return c.certifications }
