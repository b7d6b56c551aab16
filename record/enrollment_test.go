package record_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// qualified records that the score of a day qualified.
func (l *life) qualified(account, area, day string) *record.EnrollmentOutcome {
	l.t.Helper()
	on := instant(l.t, day).Date()
	return must(l.Qualify(l.t.Context(), l.as("operator:ops"), account, []membership.Finding{{Area: area, On: on, Qualified: true, Total: kizuna.Int(74), Program: "mcpp@2022-10"}}))(l)
}

// standing is how a company stands on a day, by what was known at a moment (0: now).
func (l *life) standing(account, day string, known kizuna.Moment) *membership.Status {
	l.t.Helper()
	rules := must(l.MembershipRules())(l)
	ledger := must(l.Ledger(l.t.Context(), store.View{Scope: store.Everything, KnownAt: known}, account))(l)
	return rules.Status(ledger, instant(l.t, day).Date())
}

func TestMembershipsLiveInTheRecord(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, admin := t.Context(), l.as("partner:G1/admin")
		l.companies()
		l.on("2023-02-01")
		_, err := l.Enroll(ctx, admin, "G1", record.Payment{})
		l.refuses("membership-not-qualified", err)
		l.qualified("L1", "security", "2023-01-20") // the location's account
		before := l.now.Moment()

		// A payment happens once, however often it is sent, and only to who decided on this version.
		l.on("2023-02-02")
		stale := admin
		stale.Expected = 7
		_, err = l.Enroll(ctx, stale, "G1", record.Payment{})
		l.refuses("version-conflict", err)
		once := admin
		once.Key = "pay-1"
		paid := must(l.Enroll(ctx, once, "G1", record.Payment{Note: "R-1"}))(l)
		again := must(l.Enroll(ctx, once, "G1", record.Payment{Note: "R-1"}))(l)
		if got := types(paid.Events); got != "membership.purchase designation.enrolled" || !again.Repeated || again.Version != paid.Version {
			t.Errorf("%s; %+v", got, again)
		}
		once.Key = "pay-2"
		_, err = l.Enroll(ctx, once, "G1", record.Payment{})
		l.refuses("membership-enrolled", err)

		// Two clocks: the same day, by what was known then and now.
		if then, now := l.standing("G1", "2023-06-01", before+1).State, l.standing("G1", "2023-06-01", 0).State; then != membership.InProgress || now != membership.Enrolled {
			t.Errorf("then %s, now %s", then, now)
		}
		// Others' ledgers are not found.
		if _, err := l.Ledger(ctx, l.view("partner:G2/u"), "G1"); !store.IsNotFound(err) {
			t.Errorf("G2 sees G1: %v", err)
		}
		_, err = l.Enroll(ctx, l.as("partner:G2/u"), "G1", record.Payment{})
		l.refuses("not-found", err)

		// The clock tells what the days bring, each once.
		l.on("2024-02-10")
		if got := types(l.ring()); got != "designation.renewal-due" {
			t.Errorf("rung: %s", got)
		}
		l.on("2024-03-10")
		if got := types(l.ring()); got != "designation.lapsed" {
			t.Errorf("rung: %s", got)
		}
		l.on("2024-09-10")
		if got := types(l.ring()); got != "" {
			t.Errorf("rung: %s", got)
		}
		// A payment that is told late takes its place where it happened.
		late := admin
		at := instant(t, "2024-02-10")
		late.At = &at
		_, err = l.Renew(ctx, late, "G1", record.Payment{})
		l.refuses("membership-not-kept", err)
		l.qualified("G1", "security", "2023-10-01")
		if got := types(must(l.Renew(ctx, late, "G1", record.Payment{}))(l).Events); got != "membership.renewal designation.enrolled" {
			t.Errorf("renewed late: %s", got)
		}
		if s := l.standing("G1", "2024-09-10", 0); s.State != membership.Enrolled || s.Anniversary.String() != "2025-02-09" {
			t.Errorf("%+v", s)
		}
		all, err := l.History(ctx, l.view("partner:G1/u"), store.Thing{Kind: record.EnrollmentKind, ID: "G1"})
		if err != nil || len(all) != 6 || all[1].Effective == nil {
			t.Errorf("%d episodes, %v", len(all), err)
		}
	})
}

func TestMembershipsMergeAndCloseWithTheirAccounts(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.companies()
		l.on("2023-02-01")
		l.qualified("G2", "security", "2023-01-20")
		must(l.Enroll(ctx, l.as("partner:G2/admin"), "G2", record.Payment{}))(l)
		must(l.Merging(ctx, l.as("partner:G1/admin"), company.OfferMerge, "G2"))(l)
		must(l.Merging(ctx, l.as("partner:G2/admin"), company.AcceptMerge, "G2"))(l)
		l.on("2023-02-02")
		ask := l.as("partner:G1/admin")
		ask.Expected = 3 // the version of the account, not of its membership
		must(l.ConfirmMerge(ctx, ask, "G2"))(l)
		if s := l.standing("G1", "2023-02-02", 0); s.State != membership.Enrolled || s.Anniversary.String() != "2024-02-01" || len(s.Paid) != 1 || s.Paid[0].Account != "G2" {
			t.Errorf("%+v", s)
		}
		if s := l.standing("G2", "2023-02-02", 0); s.Closed == nil || s.Closed.Into != "G1" || s.Anniversary != nil {
			t.Errorf("%+v", s)
		}
		if s := l.standing("G2", "2023-02-01", 0); s.State != membership.Enrolled {
			t.Errorf("%+v", s)
		}
		_, err := l.Renew(ctx, l.as("operator:ops"), "G2", record.Payment{})
		l.refuses("lifecycle-action", err)
		must(l.CloseAccount(ctx, l.as("operator:ops"), "G1"))(l)
		if s := l.standing("G1", "2023-02-02", 0); s.Closed == nil || s.State != membership.Lapsed {
			t.Errorf("%+v", s)
		}
	})
}

// Many pay at once; one of them has.
func TestOnePaymentIsTaken(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		l.on("2023-02-01")
		l.qualified("G1", "security", "2023-01-20")
		ask := l.as("partner:G1/admin")
		var all sync.WaitGroup
		var mu sync.Mutex
		var codes []string
		for range 8 {
			all.Go(func() {
				_, err := l.Enroll(context.WithoutCancel(t.Context()), ask, "G1", record.Payment{})
				mu.Lock()
				defer mu.Unlock()
				codes = append(codes, kizuna.CodeOf(err))
			})
		}
		all.Wait()
		if got := strings.Join(codes, " "); strings.Count(got, "membership-enrolled") != 7 {
			t.Errorf("%q", codes)
		}
	})
}

func TestStandingsOfAllAreThoseOfEach(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		l.on("2023-02-01")
		l.qualified("G1", "security", "2023-01-20")
		l.qualified("G2", "modern-work", "2023-01-20")
		must(l.Enroll(t.Context(), l.as("partner:G1/admin"), "G1", record.Payment{}))(l)
		rules := must(l.MembershipRules())(l)
		var got []string
		for s, err := range record.Standings(l.Ledgers(t.Context(), store.View{Scope: store.Everything}), rules, instant(t, "2023-02-10").Date()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s.Account+" "+string(s.State))
		}
		if strings.Join(got, ", ") != "G1 enrolled, G2 qualified" {
			t.Errorf("%v", got)
		}
	})
}
