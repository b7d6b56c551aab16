package record_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

func TestOnlyTheOwnerAppointsWhatWasShown(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, owner := t.Context(), l.as("owner:T1/boss")
		l.companies()
		l.subscription("MCA", "2023-09-01")
		lookUp := func(actor, id string) (string, string, error) {
			shown, err := l.LookUpPartner(ctx, l.view(actor), l.as(actor).Actor, "s1", id, l.now)
			return shown.Name, shown.Token, err
		}
		_, _, err := lookUp("owner:T2/boss", "L1")
		l.refuses("not-found", err)
		_, _, err = lookUp("customer:T1/admin", "L1")
		l.refuses("lifecycle-actor", err)
		_, _, err = lookUp("owner:T1/boss", "G1")
		l.refuses("partner-id-global", err)
		name, token, err := lookUp("owner:T1/boss", "L1")
		if name != "First" || err != nil {
			t.Fatalf("%s, %v", name, err)
		}
		_, err = l.Appoint(ctx, owner, "S1", "L1", "")
		l.refuses("dpor-not-shown", err)
		_, err = l.Appoint(ctx, owner, "S1", "L2", token)
		l.refuses("dpor-not-shown", err)
		_, err = l.Appoint(ctx, l.as("owner:T2/boss"), "S1", "L1", token)
		l.refuses("not-found", err)
		_, err = l.Appoint(ctx, l.as("partner:L1/u"), "S1", "L1", token)
		l.refuses("lifecycle-actor", err)
		must(l.Appoint(ctx, owner, "S1", "L1", token))(l)

		// It is the customer's and the partner's to see.
		for actor, want := range map[string]string{"owner:T1/boss": "s1", "partner:G1/u": "s1", "partner:L2/u": "", "customer:T2/u": ""} {
			if got := listOf(l.Appointments(ctx, l.view(actor), store.Query{})); got != want {
				t.Errorf("%s sees %q", actor, got)
			}
		}
		// It ends with the subscription, whenever that turns out to be, and once.
		l.on("2023-08-01")
		l.subscription("MCA", "2023-08-15")
		l.on("2023-10-01")
		if events := l.ring(); types(events) != "dpor.expired" {
			t.Errorf("rang %s", types(events))
		}
		facts, _, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil || len(facts.Appointments) != 1 || facts.Appointments[0].During.To.String() != "2023-08-15" || facts.Appointments[0].At.File != "dpor/s1" {
			t.Errorf("%+v, %v", facts.Appointments, err)
		}
	})
}

func TestAnAppointmentLapsesWhenItsAgreementMoves(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.companies()
		l.subscription("EA", "")
		shown := must(l.LookUpPartner(ctx, l.view("owner:T1/boss"), l.as("owner:T1/boss").Actor, "S1", "L1", l.now))(l)
		must(l.Appoint(ctx, l.as("owner:T1/boss"), "S1", "L1", shown.Token))(l)
		l.on("2023-05-01")
		l.subscription("MCA", "")
		l.on("2023-05-20")
		if events := l.ring(); types(events) != "dpor.lapsed" {
			t.Errorf("rang %s", types(events))
		}
		facts, _, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil || facts.Appointments[0].During.To.String() != "2023-05-01" {
			t.Errorf("%+v, %v", facts.Appointments, err)
		}
	})
}

func TestATransferIsRestatedAndBothPartiesSeeTheirSale(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx, vendor := t.Context(), l.as("vendor:sales")
		l.companies()
		l.subscription("CSP", "2024-01-01")
		_, err := l.Sale(ctx, l.as("partner:L1/u"), csp.Sell, "S1", csp.Parties{Seller: "L1"})
		l.refuses("lifecycle-actor", err)
		must(l.Sale(ctx, vendor, csp.Sell, "S1", csp.Parties{Seller: "L3", Reseller: "L1"}))(l)
		for _, actor := range []string{"partner:L1/u", "partner:G2/u", "customer:T1/u"} {
			if got := listOf(l.Resales(ctx, l.view(actor), store.Query{})); got != "s1" {
				t.Errorf("%s sees %q", actor, got)
			}
		}
		l.on("2023-07-01")
		o := must(l.Sale(ctx, vendor, csp.Transfer, "S1", csp.Parties{Seller: "L2"}))(l)
		if types(o.Events) != "csp.transferred csp.history-restated" || len(o.Value.Restatements) != 1 {
			t.Errorf("%s %+v", types(o.Events), o.Value)
		}
		if got := listOf(l.Resales(ctx, l.view("partner:G2/u"), store.Query{})); got != "" {
			t.Errorf("the former seller sees %q", got)
		}
		before := l.view("partner:G2/u")
		before.KnownAt = instant(t, "2023-06-30").Moment()
		if got := listOf(l.Resales(ctx, before, store.Query{})); got != "s1" {
			t.Errorf("the former seller saw %q", got)
		}
		l.on("2024-02-01")
		if events := l.ring(); types(events) != "csp.expired" {
			t.Errorf("rang %s", types(events))
		}
		facts, _, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil || len(facts.Resales) != 3 {
			t.Errorf("%+v, %v", facts.Resales, err)
		}
	})
}

func TestOnlyTheVendorRegistersSubscriptionsAndTheyKeepTheirTenant(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.subscription("MCA", "")
		_, err := l.Register(ctx, l.as("customer:T1/u"), record.Subscription{ID: "S2", Tenant: "T1", Product: "Azure", During: kizuna.Always})
		l.refuses("subscription-actor", err)
		_, err = l.Register(ctx, l.as("vendor"), record.Subscription{ID: "s1", Tenant: "T2", Product: "Azure", During: kizuna.Always})
		l.refuses("subscription-tenant", err)
		_, err = l.Register(ctx, l.as("vendor"), record.Subscription{ID: "S2", Tenant: "T2", During: kizuna.Always})
		l.refuses("subscription-incomplete", err)
		_, err = l.Register(ctx, l.as("vendor"), record.Subscription{ID: "S2", Tenant: "T2", Product: "Azure"})
		l.refuses("subscription-ends", err)
	})
}
