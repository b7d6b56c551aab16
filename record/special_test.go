package record_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/benefit"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// enrolledIn opens the companies and enrolls one in an area, on the day at hand.
func (l *life) enrolledIn(account, area string) {
	l.t.Helper()
	ctx := l.t.Context()
	must(l.Qualify(ctx, l.as("operator:ops"), account, []membership.Finding{{Area: area, On: l.now.Date(), Qualified: true, Total: kizuna.Int(74), Program: "mcpp@2023-12"}}))(l)
	must(l.Enroll(ctx, l.as("partner:"+account+"/admin"), account, record.Payment{}))(l)
}

func (l *life) pursue(actor, id string, s specialization.Step) (*record.PursuitOutcome, error) {
	return l.Pursue(l.t.Context(), l.as(actor), "G1", id, s)
}

func (l *life) pursued(id, day string) *specialization.Status {
	l.t.Helper()
	all := must(l.PursuitsOf(l.t.Context(), store.View{Scope: store.Everything}, "G1"))(l)
	i := slices.IndexFunc(all, func(p specialization.Pursuit) bool { return p.Specialization == id })
	if i < 0 {
		l.t.Fatalf("nothing is recorded of %s", id)
	}
	return l.SpecializationRules().Status(&all[i], instant(l.t, day).Date())
}

func TestASpecializationIsPursuedInTheRecord(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		const id = "modernize-endpoints"
		l.companies()
		l.on("2024-01-10")
		found := specialization.Finding{Unknown: []program.Aspect{program.OfPerformance}, Attested: []program.Aspect{program.OfPerformance}}
		check := specialization.Step{Action: specialization.Find, Finding: found}

		// Without the designation it is not ready, whoever says what.
		out := must(l.pursue("operator:ops", id, check))(l)
		if out.Value.Findings[0].Entitled || out.Thing.ID != "g1/"+id {
			t.Errorf("%+v", out)
		}
		ask := specialization.Step{Action: specialization.RequestReference, ID: "R1", Tenant: "T1", Engagement: "move", Finished: instant(t, "2023-12-01").Date()}
		_, err := l.pursue("partner:G1/admin", id, ask)
		l.refuses("specialization-not-ready", err)
		l.enrolledIn("G1", "modern-work")
		must(l.pursue("operator:ops", id, check))(l)
		_, err = l.pursue("partner:G1/admin", id, check)
		l.refuses("lifecycle-actor", err)

		// References come from three customers, each with its own word.
		for i, tenant := range []string{"T1", "T2", "T3"} {
			ask.ID, ask.Tenant = fmt.Sprint("R", i+1), tenant
			must(l.pursue("partner:G1/admin", id, ask))(l)
		}
		_, err = l.pursue("customer:T9/u", id, specialization.Step{Action: specialization.ConfirmReference, ID: "R1"})
		l.refuses("not-found", err)
		_, err = l.pursue("customer:T2/u", id, specialization.Step{Action: specialization.ConfirmReference, ID: "R1"})
		l.refuses("reference-other", err)
		_, err = l.pursue("partner:G2/admin", id, ask)
		l.refuses("not-found", err)
		l.on("2024-02-01")
		for i, tenant := range []string{"T1", "T2", "T3"} {
			out = must(l.pursue("customer:"+tenant+"/u", id, specialization.Step{Action: specialization.ConfirmReference, ID: fmt.Sprint("R", i+1)}))(l)
		}
		if got := types(out.Events); got != "specialization.reference-confirmed specialization.active" {
			t.Errorf("told: %s", got)
		}
		if s := l.pursued(id, "2024-02-01"); s.State != specialization.Active || s.Anniversary.String() != "2025-02-01" {
			t.Errorf("%+v", s)
		}

		// The clock sends reminders, each once, and tells that it lapsed.
		var told []string
		for _, day := range []string{"2024-10-04", "2024-12-05", "2025-03-04"} {
			l.on(day)
			var own []lifecycle.Event
			for _, e := range l.ring() {
				if strings.HasPrefix(e.Type, "specialization.") {
					own = append(own, e)
				}
			}
			told = append(told, types(own))
		}
		want := "specialization.reminder|specialization.reminder specialization.reminder specialization.renewal-due|" +
			"specialization.reminder specialization.reminder specialization.reminder specialization.lapsed"
		if got := strings.Join(told, "|"); got != want {
			t.Errorf("told: %s", got)
		}

		// Who is expected to have seen what, and what was known when.
		stale := l.as("operator:ops")
		stale.Expected = 2
		_, err = l.Pursue(t.Context(), stale, "G1", id, check)
		l.refuses("version-conflict", err)
		episodes := must(l.History(t.Context(), l.view("partner:G1/u"), out.Thing))(l)
		if len(episodes) < 9 {
			t.Errorf("%d episodes", len(episodes))
		}
	})
}

// use does a step with benefits.
func (l *life) use(actor, bundle string, s benefit.Step) (*record.BenefitOutcome, error) {
	return l.UseBenefit(context.WithoutCancel(l.t.Context()), l.as(actor), "G1", bundle, s)
}

func TestBenefitsAreUsedInTheRecord(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		l.on("2024-01-10")
		hours := benefit.Step{Action: benefit.Redeem, Item: "core/advisory-hours", Quantity: 20}
		_, err := l.use("partner:G1/admin", "", hours)
		l.refuses("benefit-no-bundle", err)
		l.enrolledIn("G1", "security")
		must(l.use("partner:G1/admin", "", hours))(l)
		_, err = l.use("partner:G2/admin", "", hours)
		l.refuses("not-found", err)
		_, err = l.use("partner:G1/admin", "", benefit.Step{Action: benefit.Redeem, Item: "security/licenses", Quantity: 1})
		l.refuses("benefit-not-given", err)
		must(l.use("partner:G1/admin", "", benefit.Step{Action: benefit.Assign, Item: "core/advisory-hours", Quantity: 10, Location: "L1"}))(l)
		_, err = l.use("partner:G1/admin", "", benefit.Step{Action: benefit.Assign, Item: "core/advisory-hours", Quantity: 10, Location: "L3"})
		l.refuses("benefit-location", err)
		must(l.use("partner:L1/u", "", benefit.Step{Action: benefit.Redeem, Item: "core/advisory-hours", Quantity: 4, Location: "L1"}))(l)
		_, err = l.use("partner:L2/u", "", benefit.Step{Action: benefit.Redeem, Item: "core/advisory-hours", Quantity: 4, Location: "L1"})
		l.refuses("benefit-not-yours", err)

		// A redemption happens once, however often it is sent.
		once := l.as("partner:G1/admin")
		once.Key = "redeem-1"
		for range 2 {
			must(l.UseBenefit(t.Context(), once, "G1", "", hours))(l)
		}
		_, bundles, err := l.Benefits(t.Context(), l.view("partner:G1/u"), "G1", instant(t, "2024-01-11").Date())
		if err != nil || len(bundles) != 1 || fmt.Sprint(bundles[0].Items[0].Balances) != "[{ 40 40 0 false} {L1 10 4 6 false}]" {
			t.Fatalf("%v, %+v", err, bundles)
		}
		if _, _, err := l.Benefits(t.Context(), l.view("partner:G2/u"), "G1", instant(t, "2024-01-11").Date()); !store.IsNotFound(err) {
			t.Errorf("G2 sees G1: %v", err)
		}
		// What was used cannot be paid back.
		_, err = l.RefundFee(t.Context(), l.as("operator:ops"), "G1", false)
		l.refuses("membership-refund-used", err)
		// After the renewal window nothing is left of it.
		l.on("2025-03-01")
		_, err = l.use("partner:G1/admin", bundles[0].ID, benefit.Step{Action: benefit.Redeem, Item: "core/technical-presales", Quantity: 1})
		l.refuses("benefit-over", err)
	})
}

// Many redeem at once: together never more than there is.
func TestBenefitsAreNotRedeemedTwice(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		l.on("2024-01-10")
		l.enrolledIn("G1", "security")
		var all sync.WaitGroup
		var mu sync.Mutex
		codes := make(map[string]int)
		for range 16 {
			all.Go(func() {
				for range 4 {
					_, err := l.use("partner:G1/admin", "", benefit.Step{Action: benefit.Redeem, Item: "core/advisory-hours", Quantity: 3})
					mu.Lock()
					codes[kizuna.CodeOf(err)]++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if codes[""] != 16 || codes["benefit-not-enough"] != 48 {
			t.Errorf("%v", codes)
		}
		_, bundles, err := l.Benefits(t.Context(), l.view("operator"), "G1", l.now.Date())
		if err != nil || bundles[0].Items[0].Balances[0].Left != 2 {
			t.Errorf("%v, %+v", err, bundles)
		}
	})
}

func TestBundlesKeepTheirEndsAfterAMerge(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.companies()
		l.on("2024-01-10")
		l.enrolledIn("G2", "modern-work")
		l.on("2024-02-20")
		l.enrolledIn("G1", "security")
		l.on("2024-02-22")
		must(l.Merging(ctx, l.as("partner:G1/admin"), company.OfferMerge, "G2"))(l)
		must(l.Merging(ctx, l.as("partner:G2/admin"), company.AcceptMerge, "G2"))(l)
		must(l.ConfirmMerge(ctx, l.as("partner:G1/admin"), "G2"))(l)
		l.on("2024-03-01")
		_, bundles, err := l.Benefits(ctx, l.view("partner:G1/u"), "G1", l.now.Date())
		var got []string
		for _, b := range bundles {
			got = append(got, fmt.Sprint(b.ID, " to ", b.Term.Last))
		}
		if err != nil || strings.Join(got, ", ") != "G2/2024-01-10 to 2025-02-08, G1/2024-02-20 to 2025-03-21" {
			t.Errorf("%v, %s", err, got)
		}
		hours := benefit.Step{Action: benefit.Redeem, Item: "core/advisory-hours", Quantity: 50}
		_, err = l.use("partner:G1/admin", "", hours)
		l.refuses("benefit-which", err)
		for _, b := range bundles {
			must(l.use("partner:G1/admin", b.ID, hours))(l)
		}
		_, err = l.use("partner:G1/admin", "G2/2024-01-10", hours)
		l.refuses("benefit-not-enough", err)
	})
}
