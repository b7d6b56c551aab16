package company_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

// Two companies with two locations each, before and after their merge, and the
// same locations had they always been one company's.
type world struct{ apart, merged, always []association.Location }

const asOf = "2023-11-15"

func mergedWorld(t testing.TB, when kizuna.Instant) world {
	t.Helper()
	var w world
	g1 := opened(t, "G1")
	own := []company.Location{added(t, "L1", g1), added(t, "L2", g1)}
	g2 := accepted(t, "G2", g1)
	under := []company.Location{added(t, "L3", g2), added(t, "L4", g2)}
	_, moved, _, err := company.Merge(g1, g2, under, company.AccountStep{Actor: admin("G1"), At: when})
	if err != nil {
		t.Fatal(err)
	}
	facts := func(locations ...company.Location) (all []association.Location) {
		for _, l := range locations {
			all = append(all, l.Facts()...)
		}
		return all
	}
	w.apart = facts(append(slices.Clone(own), under...)...)
	w.merged = facts(append(slices.Clone(own), moved...)...)
	for _, id := range []string{"L1", "L2", "L3", "L4", "G2"} {
		w.always = append(w.always, association.Location{ID: id, Global: "G1", Country: "JP", During: kizuna.Always})
	}
	return w
}

type everything struct{}

func (everything) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }
func (everything) Certifications() bool                                        { return true }

func builtin(t testing.TB) *program.Program {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, "mcpp@2023-10")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// drawFacts draws associations, usage and people; a tenant is either both companies'
// or, apart, the first two locations' or the other two's.
func drawFacts(t *rapid.T, shared bool) *score.Facts {
	f := &association.Facts{}
	var rows []usage.Row
	begin := func() kizuna.Interval {
		return kizuna.Interval{From: at(rapid.SampledFrom([]string{"2020-01-01", "2022-10-15", "2023-10-10T12:00:00Z"}).Draw(t, "from")), To: kizuna.Forever}
	}
	for i := range 4 {
		tenant, locations := fmt.Sprint("t", i), []string{"L1", "L2"}
		if i%2 == 1 {
			locations = []string{"L3", "L4"}
		}
		if shared {
			locations = []string{"L1", "L2", "L3", "L4"}
		}
		at := func() string { return rapid.SampledFrom(locations).Draw(t, "location") }
		azure, dynamics := fmt.Sprint("a", i), fmt.Sprint("d", i)
		f.Subscriptions = append(f.Subscriptions,
			association.Subscription{ID: azure, Tenant: tenant, Product: "Azure", During: kizuna.Always},
			association.Subscription{ID: dynamics, Tenant: tenant, Product: "Dynamics 365", During: kizuna.Always})
		for range rapid.IntRange(0, 2).Draw(t, "associations") {
			f.Appointments = append(f.Appointments, association.Appointment{Subscription: azure, Location: at(), During: begin()})
			f.Claims = append(f.Claims, association.Claim{ID: "c", Location: at(), Tenant: tenant, Workload: "Exchange", Role: association.UsageRole, During: begin()},
				association.Claim{ID: "c", Location: at(), Tenant: tenant, Subscription: dynamics, Role: association.RevenueRole, During: begin()})
			f.Links = append(f.Links, association.Link{Tenant: tenant, Object: fmt.Sprint("o", i), Location: at(), During: begin()})
			f.Assignments = append(f.Assignments, association.Assignment{Tenant: tenant, Object: fmt.Sprint("o", i), Role: "Owner", Scope: "/subscriptions/" + azure, During: begin()})
		}
		for _, text := range []string{"2022-09", "2022-10", "2023-09", "2023-10"} {
			month, err := kizuna.ParseMonth(text)
			if err != nil {
				t.Fatal(err)
			}
			money := func(subscription, workload string) {
				amount, err := kizuna.ParseDecimal(rapid.SampledFrom([]string{"0", "999.99", "1500", "12000.5"}).Draw(t, "amount"))
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, usage.Row{Month: month, Tenant: tenant, Subscription: subscription, Workload: workload, Channel: "EA", Revenue: &amount})
			}
			money(azure, "Storage")
			money(dynamics, "Business Central")
			seats, users := int64(100), rapid.Int64Range(0, 100).Draw(t, "users")
			rows = append(rows, usage.Row{Month: month, Tenant: tenant, Workload: "Exchange", Channel: "EA", PaidSeats: &seats, ActiveUsers: &users})
		}
	}
	return &score.Facts{
		Facts:  attribution.Facts{Associations: f, Usage: usage.Collect(rows)},
		People: drawPeople(t), Coverage: everything{},
	}
}

// drawPeople draws people who are each linked to one location at most.
func drawPeople(t *rapid.T) *people.Facts {
	f := &people.Facts{}
	earned := kizuna.NewDate(2023, 3, 1)
	for i := range rapid.IntRange(0, 8).Draw(t, "people") {
		mcid := fmt.Sprint("m", i)
		f.People = append(f.People, people.Person{ID: fmt.Sprint("p", i), MCID: mcid})
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"AZ-104", "AZ-500", "SC-200", "MB-210"}), 0, 3, rapid.ID).Draw(t, "certificates") {
			f.Certifications = append(f.Certifications, people.Certification{MCID: mcid, Certificate: id, EarnedOn: &earned})
		}
		if where := rapid.SampledFrom([]string{"", "L1", "L2", "L3", "L4"}).Draw(t, "linked"); where != "" {
			f.Links = append(f.Links, people.ProfileLink{MCID: mcid, Location: where, During: kizuna.Always})
		}
	}
	return f
}

func ask(t testing.TB, p *program.Program, f *score.Facts, locations []association.Location) *score.Answer {
	t.Helper()
	day, err := kizuna.ParseDate(asOf)
	if err != nil {
		t.Fatal(err)
	}
	placed := *f
	associations := *f.Associations
	associations.Locations = locations
	placed.Associations = &associations
	return score.Ask(score.Question{Program: p, AsOf: day}, &placed)
}

func TestAfterAMergeAllCountsAsIfTheyHadAlwaysBeenOne(t *testing.T) {
	p := builtin(t)
	w := mergedWorld(t, at("2023-11-15")) // on the very day of the question
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFacts(rt, true)
		merged, err := json.Marshal(ask(t, p, f, w.merged).Result("G1"))
		if err != nil {
			rt.Fatal(err)
		}
		always, err := json.Marshal(ask(t, p, f, w.always).Result("G1"))
		if err != nil {
			rt.Fatal(err)
		}
		if string(merged) != string(always) {
			rt.Fatalf("merged:\n%s\nalways one:\n%s", merged, always)
		}
	})
}

func TestUntilTheMergeEachHasItsOwn(t *testing.T) {
	p := builtin(t)
	w := mergedWorld(t, at("2023-11-15T00:00:01Z")) // a second after the day's 00:00
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFacts(rt, true)
		if before, after := ask(t, p, f, w.apart).Book.Total(), ask(t, p, f, w.merged).Book.Total(); !reflect.DeepEqual(before, after) {
			rt.Fatalf("the merge of tomorrow changes today:\n%v\n%v", before, after)
		}
	})
}

func TestMergingKeepsSums(t *testing.T) {
	p := builtin(t)
	w := mergedWorld(t, at("2023-01-01"))
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFacts(rt, false)
		apart, merged := ask(t, p, f, w.apart), ask(t, p, f, w.merged)
		before, after := apart.Book.Total(), merged.Book.Total()
		seen := make(map[int]bool)
		for key := range before {
			seen[key.Measure] = true
		}
		for key := range after {
			if key.Account != "G1" && !after[key].IsZero() {
				rt.Fatalf("%s still counts", key.Account)
			}
			seen[key.Measure] = true
		}
		for measure := range seen {
			of := func(account string) attribution.Key { return attribution.Key{Account: account, Measure: measure} }
			sum := before[of("G1")].Add(before[of("G2")])
			if !sum.Sub(after[of("G1")]).IsZero() {
				rt.Fatalf("measure %d: %+v and %+v become %+v", measure, before[of("G1")], before[of("G2")], after[of("G1")])
			}
		}
		holders := func(a *score.Answer, account string) (ids []string) {
			for _, h := range a.Roster.Holders(account) {
				ids = append(ids, h.Person.ID)
			}
			return ids
		}
		both := append(holders(apart, "G1"), holders(apart, "G2")...)
		slices.Sort(both)
		if got := holders(merged, "G1"); !slices.Equal(got, both) || holders(merged, "G2") != nil {
			rt.Fatalf("people %v and then %v", both, got)
		}
	})
}

func TestASharedCustomerIsNotCountedTwice(t *testing.T) {
	p := builtin(t)
	w := mergedWorld(t, at("2023-01-01"))
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFacts(rt, true)
		before, after := ask(t, p, f, w.apart).Book.Total(), ask(t, p, f, w.merged).Book.Total()
		for key, tally := range after {
			if key.Account != "G1" {
				continue
			}
			other := before[attribution.Key{Account: "G2", Measure: key.Measure}]
			for customer, n := range tally.NowSet {
				if n > max(before[key].NowSet[customer], 0)+max(other.NowSet[customer], 0) {
					rt.Fatalf("measure %d: %s counts %d times", key.Measure, customer, n)
				}
			}
			if most := before[key].Now + other.Now; tally.Now > most && tally.Base <= before[key].Base+other.Base && before[key].Now >= 0 && other.Now >= 0 {
				rt.Fatalf("measure %d: %d is more than the two had, %d", key.Measure, tally.Now, most)
			}
		}
	})
}
