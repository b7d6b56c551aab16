package gaps_test

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/gaps"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/usage"
)

func question(tb testing.TB) score.Question {
	tb.Helper()
	programs, err := program.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := program.Find(programs, demo.Program)
	if err != nil {
		tb.Fatal(err)
	}
	return score.Question{Program: p, AsOf: demo.AsOf}
}

// The demo's planted gaps come first, each with the points that it costs.
func TestTheDemosGapsComeFirst(t *testing.T) {
	d := demo.New()
	b, err := advice.New(question(t), demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: worldtest.Everything{}, Usage: advice.UsageOf(usage.Collect(d.Usage), d.Rates),
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := gaps.Find(b, gaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		points string
		kind   remedy.Kind // one that would do
	}{{"30.0", remedy.Role}, {"30.0", remedy.Access}, {"11.2", remedy.Role}, {"9.9", remedy.Claim}} {
		g := &found[i]
		has := false
		for _, o := range g.Remedies {
			has = has || o.Kind == want.kind && o.Points.Decimal(1) == want.points
		}
		if g.Points().Decimal(1) != want.points || !has || len(g.Ties) == 0 {
			t.Errorf("gap %d is worth %s, by %+v; want %s by %s", i, g.Points().Decimal(1), g.Remedies, want.points, want.kind)
		}
	}
	all, err := gaps.Find(b, gaps.Options{All: true})
	if err != nil || len(all) < len(found) {
		t.Errorf("%d gaps of all customers, %d of those that something binds (%v)", len(all), len(found), err)
	}
}

// What a gap says is at stake is what the score of the changed facts as a whole says, and
// nothing is listed that brings nothing. So is what it does to specializations, by which
// gaps are ordered first.
func TestWhatIsAtStakeIsTheScoreWithIt(t *testing.T) {
	q := question(t)
	q.Program = worldtest.Small(t).WithSpecializations(q.AsOf, "storage", "adoption")
	var aims []specialization.Aim
	for _, id := range []string{"storage", "adoption"} {
		aims = append(aims, specialization.Aim{ID: id, Terms: q.Program.Specialization(id).TermsOn(q.AsOf)})
	}
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		f := &score.Facts{Facts: *worldtest.Draw(t), People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{}}
		f.Usage = usage.Collect(f.Usage.Rows())
		b, err := advice.New(q, "G1", &advice.Facts{
			Associations: f.Associations, People: f.People, Coverage: f.Coverage, Usage: advice.UsageOf(f.Usage, f.Rates),
		})
		if err != nil {
			t.Fatal(err)
		}
		before := b.Now().Score()
		found, err := gaps.Find(b, gaps.Options{Specializations: aims, All: true})
		if err != nil {
			t.Fatal(err)
		}
		meets := func(g *gaps.Gap) (n int) {
			for _, m := range g.Remedies[0].Moves {
				n += m.Meets()
			}
			return n
		}
		for i, g := range found {
			if i > 0 && meets(&found[i-1]) < meets(&g) {
				t.Fatalf("%s meets more requirements than the gap before it", g.Remedies[0].ID)
			}
			o := &g.Remedies[0]
			whole, err := o.Changes(kizuna.Always.From).Apply(f)
			if err != nil {
				t.Fatal(err)
			}
			after, _ := score.Ask(q, whole).Result("G1").Accounts.Get("G1")
			var sum kizuna.Fraction
			if want := specialization.Movements(aims, before, after); !reflect.DeepEqual(o.Moves, want) {
				t.Fatalf("%s is said to move %+v, and moves %+v", o.ID, o.Moves, want)
			}
			moved += len(o.Moves)
			for _, area := range before.Areas {
				if q.Program.Specialization(area.Name) != nil {
					continue
				}
				then, _ := after.Areas.Get(area.Name)
				sum = sum.Add(then.Total.Sub(area.Value.Total))
			}
			if sum.Cmp(o.Points) != 0 {
				t.Fatalf("%s is said to bring %s, and brings %s", o.ID, o.Points, sum)
			}
		}
	})
	if moved == 0 {
		t.Error("no gap moved a specialization in any world")
	}
}

// BenchmarkFind lists the gaps of 1,000 customers, of whom every third is not associated.
func BenchmarkFind(b *testing.B) {
	const customers = 1000
	var f association.Facts
	f.Locations = []association.Location{{ID: "L1", Global: "G1", During: kizuna.Always}}
	ledger := usage.NewLedger()
	for i := range customers {
		tenant, azure := fmt.Sprintf("tenant-%04d", i), fmt.Sprintf("azure-%04d", i)
		f.Customers = append(f.Customers, association.Customer{Tenant: tenant, Segment: "SMB"})
		f.Subscriptions = append(f.Subscriptions, association.Subscription{ID: azure, Tenant: tenant, Product: "Azure", Agreement: "EA", During: kizuna.Always})
		if i%3 > 0 {
			f.Appointments = append(f.Appointments, association.Appointment{Subscription: azure, Location: "L1", During: kizuna.Always})
		}
		f.Links = append(f.Links, association.Link{Tenant: tenant, Object: "o", Location: "L1", During: kizuna.Always})
		for m := kizuna.NewDate(2021, 9, 1).Month(); m <= kizuna.NewDate(2023, 10, 1).Month(); m++ {
			revenue := kizuna.Micro(400+i%1000) * kizuna.MicroPerUnit
			seats, active := int64(20+i%280), int64(10+i%200)
			for w, workload := range []string{"Storage", "Virtual Machines", "Key Vault"} {
				ledger.Add(&usage.Row{Month: m, Tenant: tenant, Subscription: azure, Workload: workload, Channel: "EA",
					Scope: fmt.Sprintf("/subscriptions/%s/resourceGroups/rg%d", azure, w), Revenue: new(revenue.Decimal())})
			}
			for _, workload := range []string{"Exchange", "Teams"} {
				ledger.Add(&usage.Row{Month: m, Tenant: tenant, Workload: workload, PaidSeats: &seats, ActiveUsers: &active})
			}
		}
	}
	base, err := advice.New(question(b), "G1", &advice.Facts{
		Associations: &f, People: new(people.Facts), Coverage: worldtest.Everything{}, Usage: advice.UsageOf(ledger, nil),
	})
	if err != nil {
		b.Fatal(err)
	}
	var found []gaps.Gap
	for b.Loop() {
		if found, err = gaps.Find(base, gaps.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(found)), "gaps")
}
