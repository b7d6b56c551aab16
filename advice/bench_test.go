package advice_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/processor"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func demoBase(tb testing.TB) *advice.Base {
	tb.Helper()
	d := demo.New()
	programs, err := program.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		tb.Fatal(err)
	}
	f := &score.Facts{
		Facts:  attribution.Facts{Associations: &d.Associations, Usage: usage.Collect(d.Usage), Rates: d.Rates},
		People: &d.People, Coverage: worldtest.Everything{},
	}
	b, err := advice.New(score.Question{Program: p, AsOf: demo.AsOf}, demo.Partner, factsOf(f))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// BenchmarkEvaluate is one scenario of the demo partner, to its points.
func BenchmarkEvaluate(b *testing.B) {
	base := demoBase(b)
	from := kizuna.Interval{From: kizuna.NewDate(2023, 1, 1).Instant(), To: kizuna.Forever}
	f := base.Facts().Associations
	claim := &advice.Changes{Associations: association.Facts{Claims: []association.Claim{
		{ID: "new", Location: "990001001", Tenant: f.Claims[0].Tenant, Workload: "Teams", Role: association.UsageRole, During: from},
	}}}
	lost := &advice.Changes{End: []advice.Ending{{Selection: advice.Selection{Table: advice.Links, Tenant: f.Links[0].Tenant, Object: f.Links[0].Object}, At: from.From}}}
	certificate := &advice.Changes{People: people.Facts{Certifications: []people.Certification{
		{MCID: base.Facts().People.People[0].MCID, Certificate: "AZ-305", EarnedOn: new(kizuna.NewDate(2023, 1, 1))},
	}}}
	growth := &advice.Changes{Growth: []advice.Growth{{Tenant: f.Claims[0].Tenant, From: kizuna.NewDate(2023, 1, 1).Month(), Factor: kizuna.Ratio(11, 10)}}}
	for name, c := range map[string]*advice.Changes{"claim": claim, "link": lost, "certificate": certificate, "growth": growth} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out, err := base.Evaluate(c)
				if err != nil {
					b.Fatal(err)
				}
				out.Figures()
			}
		})
	}
}

// BenchmarkScenarios evaluates scenarios of the demo partner to their points, one after the other, as
// many at once as there are processors: claims, links, certificates and growth in turn, of one
// customer or person after the other.
func BenchmarkScenarios(b *testing.B) {
	base := demoBase(b)
	var mix []*advice.Changes
	from := kizuna.Interval{From: kizuna.NewDate(2023, 1, 1).Instant(), To: kizuna.Forever}
	f, p := base.Facts().Associations, base.Facts().People
	for i := range 60 {
		tenant := base.Customers()[i%len(base.Customers())]
		link := f.Links[i%len(f.Links)]
		mix = append(mix,
			&advice.Changes{Associations: association.Facts{Claims: []association.Claim{
				{ID: "new", Location: "990001001", Tenant: tenant, Workload: "Teams", Role: association.UsageRole, During: from},
			}}},
			&advice.Changes{End: []advice.Ending{{Selection: advice.Selection{Table: advice.Links, Tenant: link.Tenant, Object: link.Object}, At: from.From}}},
			&advice.Changes{People: people.Facts{Certifications: []people.Certification{
				{MCID: p.People[i%len(p.People)].MCID, Certificate: "AZ-305", EarnedOn: new(kizuna.NewDate(2023, 1, 1))},
			}}},
			&advice.Changes{Growth: []advice.Growth{{Tenant: tenant, From: kizuna.NewDate(2023, 1, 1).Month(), Factor: kizuna.Ratio(11, 10)}}},
		)
	}
	var bases atomic.Int64
	spare := make(chan *advice.Base, runtime.GOMAXPROCS(0))
	for range cap(spare) {
		spare <- demoBase(b)
	}
	b.ReportAllocs()
	b.ResetTimer()
	start := processor.Time()
	b.RunParallel(func(pb *testing.PB) {
		base := <-spare
		for pb.Next() {
			out, err := base.Evaluate(mix[int(bases.Add(1))%len(mix)])
			if err != nil {
				b.Error(err)
				return
			}
			out.Figures()
		}
		spare <- base
	})
	b.ReportMetric(float64((processor.Time()-start).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "evaluations/s")
}
