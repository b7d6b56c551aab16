package fleet_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/fleet"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// made are totals of numbered accounts: a few tallies for each.
type made struct{ plan *attribution.Plan }

func (m made) values(account int, into []attribution.Value) {
	clear(into)
	for i := account % 4; i > 0; i-- {
		n := (account*7 + i*11) % len(into)
		v := attribution.Value{Now: int64(account%20 + i), Base: int64(i)}
		if m.plan.Measure(n).Subject == program.Amount {
			v.Now, v.Base = v.Now*1_234_567_891, v.Base*987_654_321
		}
		into[n] = v
	}
}

func (m made) Values() func(int, []attribution.Value) { return m.values }

func (m made) Number(account string) (int, bool) {
	n, err := strconv.Atoi(account[1:])
	return n, err == nil
}

func (m made) Account(account string) attribution.Contribution {
	n, _ := m.Number(account)
	read := make([]attribution.Value, m.plan.Measures())
	m.values(n, read)
	out := make(attribution.Contribution)
	for i, v := range read {
		tally := attribution.Tally{Now: v.Now, Base: v.Base}
		if m.plan.Measure(i).Subject == program.Workloads {
			tally = attribution.Tally{NowSet: workloads(v.Now), BaseSet: workloads(v.Base)}
		}
		if !tally.IsZero() {
			out[attribution.Key{Account: account, Measure: i}] = tally
		}
	}
	return out
}

func workloads(n int64) attribution.Counts {
	out := make(attribution.Counts)
	for i := range n {
		out[strconv.FormatInt(i, 10)] = 1
	}
	return out
}

const fleetSize = 10_000

// madeFleet is a fleet of partners with a few tallies and six people each.
func madeFleet(p *program.Program, f *fleet.Facts) *fleet.Fleet {
	plan := attribution.NewPlan(p, demo.AsOf)
	return fleet.New(score.Question{Program: p, AsOf: demo.AsOf}, plan, f, made{plan})
}

func under(f *fleet.Fleet, p *program.Program) *fleet.Fleet {
	plan := attribution.NewPlan(p, demo.AsOf)
	return f.Under(score.Question{Program: p, AsOf: demo.AsOf}, plan, made{plan})
}

func madeFacts() *fleet.Facts {
	f, known := &fleet.Facts{Coverage: covered{people: true}}, &people.Facts{}
	earned := kizuna.NewDate(2023, 1, 1)
	for i := range fleetSize {
		location := fmt.Sprintf("L%05d", i)
		f.Locations = append(f.Locations, association.Location{ID: location, Global: fmt.Sprintf("G%05d", i), Country: "JP", During: kizuna.Always})
		for j := range 6 {
			mcid := fmt.Sprint("m", i, "-", j)
			known.People = append(known.People, people.Person{ID: mcid, MCID: mcid})
			known.Links = append(known.Links, people.ProfileLink{MCID: mcid, Location: location, During: kizuna.Always})
			for _, c := range []string{"AZ-104", "AZ-305", "MD-102", "SC-200"}[j%3:] {
				known.Certifications = append(known.Certifications, people.Certification{MCID: mcid, Certificate: c, EarnedOn: &earned})
			}
		}
	}
	f.People = people.NewIndex(known)
	return f
}

// perPartner reports the time of a benchmark whose operation goes through the fleet.
func perPartner(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/fleetSize, "ns/partner")
}

// All partners, from tallies and facts about people to points.
func BenchmarkFleet(b *testing.B) {
	all := programs(b)
	facts := madeFacts()
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			madeFleet(all[0], facts)
		}
		perPartner(b)
	})
	b.Run("under", func(b *testing.B) {
		f := madeFleet(all[0], facts)
		b.ReportAllocs()
		for b.Loop() {
			under(f, all[1])
		}
		perPartner(b)
	})
	b.Run("summary", func(b *testing.B) {
		f := madeFleet(all[0], facts)
		b.ReportAllocs()
		for b.Loop() {
			s := fleet.NewSummary(f)
			for p, err := range f.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				s.Add(&p)
			}
		}
		perPartner(b)
	})
	b.Run("backtest", func(b *testing.B) {
		before := madeFleet(all[0], facts)
		t := &fleet.Backtest{Before: before, After: under(before, all[1])}
		b.ReportAllocs()
		for b.Loop() {
			e := fleet.NewEffect(t)
			for p, err := range t.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				e.Add(&p)
			}
			e.Finish()
		}
		perPartner(b)
	})
	b.Run("explain", func(b *testing.B) {
		f := madeFleet(all[0], facts)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			f.Explain(f.Partners[i%len(f.Partners)])
			i++
		}
	})
}
