package csp_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/program"
)

var (
	vendor = lifecycle.Actor{Role: lifecycle.Vendor, ID: "sales"}
	clock  = lifecycle.Actor{Role: lifecycle.System}

	locations = []association.Location{
		{ID: "D1", Global: "GD", During: kizuna.Always},
		{ID: "P1", Global: "GP", During: kizuna.Always}, {ID: "P2", Global: "GP", During: kizuna.Always},
		{ID: "R1", Global: "GR", During: kizuna.Always}, {ID: "R2", Global: "GS", During: kizuna.Always},
	}
	// terms are those of a subscription that runs from 0 to 1000.
	terms = csp.Terms{
		Subscription: association.Subscription{ID: "S1", Tenant: "t1", Agreement: "CSP", During: kizuna.Interval{From: 0, To: 1000}},
		Directory:    association.NewDirectory(locations),
		PartnerAt: func(tenant string) (string, bool) {
			switch tenant {
			case "shop":
				return "GD", true
			case "office":
				return "gd", false
			}
			return "", false
		},
	}
)

func step(a lifecycle.Action, at kizuna.Instant, seller, reseller string) csp.Step {
	return csp.Step{Action: a, Actor: vendor, At: at, Parties: csp.Parties{Seller: seller, Reseller: reseller}}
}

func apply(t *testing.T, r csp.Resale, steps ...csp.Step) (csp.Resale, []lifecycle.Event) {
	t.Helper()
	var all []lifecycle.Event
	for _, s := range steps {
		var events []lifecycle.Event
		var err error
		if r, events, err = csp.Apply(r, s, terms); err != nil {
			t.Fatal(err)
		}
		all = append(all, events...)
	}
	return r, all
}

func inState(t *testing.T, s lifecycle.State) csp.Resale {
	t.Helper()
	r := csp.New("S1")
	switch s {
	case csp.Direct:
		r, _ = apply(t, r, step(csp.Sell, 100, "D1", ""))
	case csp.Indirect:
		r, _ = apply(t, r, step(csp.Sell, 100, "P1", "R1"))
	case csp.Ended:
		r, _ = apply(t, r, step(csp.Sell, 100, "D1", ""), step(csp.Cancel, 200, "", ""))
	}
	return r
}

func TestEveryoneMayDoWhatTheTableSays(t *testing.T) {
	lifecycletest.Sound(t, csp.Machine())
	lifecycletest.Expect(t, csp.Machine(), "testdata/walk.txt",
		func(t *testing.T, s lifecycle.State, a lifecycle.Action, r lifecycle.Role) (lifecycle.State, error) {
			resale := inState(t, s)
			if resale.State != s {
				t.Fatalf("%s is %s", s, resale.State)
			}
			before := lifecycletest.Bytes(t, resale)
			asked := map[lifecycle.Action]csp.Step{
				csp.Sell: step(csp.Sell, 300, "D1", ""), csp.Transfer: step(csp.Transfer, 300, "P2", ""),
				csp.ChangeReseller: step(csp.ChangeReseller, 300, "P1", "R2"),
				csp.Cancel:         step(csp.Cancel, 300, "", ""), csp.Expire: step(csp.Expire, 1000, "", ""),
			}[a]
			asked.Actor.Role = r
			after, events, err := csp.Apply(resale, asked, terms)
			if lifecycletest.Bytes(t, resale) != before || err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) {
				t.Error("the resale given was changed, or a refused step changed it")
			}
			return after.State, err
		})
}

func TestANamedResellerMakesTheSaleIndirect(t *testing.T) {
	if r := inState(t, csp.Indirect); r.State != csp.Indirect || r.Parties() != (csp.Parties{Seller: "P1", Reseller: "R1"}) {
		t.Errorf("%+v", r)
	}
	if r, _ := apply(t, inState(t, csp.Direct), step(csp.Transfer, 300, "P1", "R1")); r.State != csp.Indirect {
		t.Errorf("%+v", r)
	}
	if r, _ := apply(t, inState(t, csp.Indirect), step(csp.Transfer, 300, "P2", "R1")); r.State != csp.Indirect {
		t.Errorf("%+v", r)
	}
}

func TestTheDocumentsShowTheMachine(t *testing.T) {
	m := csp.Machine()
	lifecycletest.Documented(t, "csp", m.Markdown(), m.Mermaid(), "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestRefusalsSayWhy(t *testing.T) {
	at := func(tenant, agreement string) csp.Terms {
		other := terms
		other.Subscription.Tenant, other.Subscription.Agreement = tenant, agreement
		return other
	}
	for name, c := range map[string]struct {
		from  lifecycle.State
		step  csp.Step
		terms csp.Terms
		code  string
	}{
		"to a tenant that sells":       {lifecycle.None, step(csp.Sell, 300, "P1", "R1"), at("shop", "CSP"), "csp-partner-tenant"},
		"a partner to its own office":  {lifecycle.None, step(csp.Sell, 300, "D1", ""), at("office", "CSP"), "csp-to-itself"},
		"a reseller to its own office": {lifecycle.None, step(csp.Sell, 300, "P1", "D1"), at("office", "CSP"), "csp-to-itself"},
		"a provider to itself":         {lifecycle.None, step(csp.Sell, 300, "P1", "P2"), terms, "csp-to-itself"},
		"under another agreement":      {lifecycle.None, step(csp.Sell, 300, "D1", ""), at("t1", "EA"), "csp-agreement"},
		"a global account sells":       {lifecycle.None, step(csp.Sell, 300, "GP", ""), terms, "partner-id-global"},
		"an unknown reseller":          {lifecycle.None, step(csp.Sell, 300, "P1", "R9"), terms, "partner-id-unknown"},
		"nobody sells":                 {lifecycle.None, step(csp.Sell, 300, "", ""), terms, "partner-id-unknown"},
		"before it runs":               {lifecycle.None, step(csp.Sell, -1, "D1", ""), terms, "subscription-not-running"},
		"to the seller it has":         {csp.Direct, step(csp.Transfer, 300, "d1", ""), terms, "csp-same-seller"},
		"the reseller it has":          {csp.Indirect, step(csp.ChangeReseller, 300, "P1", "r1"), terms, "csp-same-reseller"},
		"a reseller of another seller": {csp.Indirect, step(csp.ChangeReseller, 300, "D1", "R2"), terms, "csp-same-reseller"},
		"no reseller":                  {csp.Indirect, step(csp.ChangeReseller, 300, "P1", ""), terms, "csp-same-reseller"},
		"before the last step":         {csp.Direct, step(csp.Cancel, 99, "", ""), terms, "step-before-last"},
		"after the end":                {csp.Direct, step(csp.Cancel, 1000, "", ""), terms, "subscription-not-running"},
		"the clock before the end":     {csp.Direct, csp.Step{Action: csp.Expire, Actor: clock, At: 999}, terms, "subscription-not-over"},
	} {
		resale := inState(t, c.from)
		after, events, err := csp.Apply(resale, c.step, c.terms)
		if kizuna.CodeOf(err) != c.code || !reflect.DeepEqual(after, resale) || events != nil {
			t.Errorf("%s: %v", name, err)
		}
		if e, ok := err.(*kizuna.Error); ok && e.Mend == "" {
			t.Errorf("%s: %v says no mend", name, err)
		}
	}
}

func TestASubscriptionMustBeKnown(t *testing.T) {
	unknown := csp.Terms{Directory: terms.Directory}
	if _, _, err := csp.Apply(csp.New("S1"), step(csp.Sell, 300, "D1", ""), unknown); kizuna.CodeOf(err) != "subscription-unknown" {
		t.Error(err)
	}
}

func TestAPartnerBuysForItsOfficeFromAnother(t *testing.T) {
	office := terms
	office.Subscription.Tenant = "office"
	if _, _, err := csp.Apply(csp.New("S1"), step(csp.Sell, 300, "P1", "R1"), office); err != nil {
		t.Error(err)
	}
}

func TestATransferKeepsBothTimesAndMarksTheHistory(t *testing.T) {
	resale, events := apply(t, csp.New("S1"),
		step(csp.Sell, 100, "d1", ""), step(csp.Transfer, 300, "P1", "R1"), step(csp.ChangeReseller, 500, "P1", "R2"),
		csp.Step{Action: csp.Expire, Actor: clock, At: 9000})
	want := []association.Resale{
		{Subscription: "S1", Tier: "T1", Location: "D1", During: kizuna.Interval{From: 100, To: 300}},
		{Subscription: "S1", Tier: "T1", Location: "P1", During: kizuna.Interval{From: 300, To: 1000}},
		{Subscription: "S1", Tier: "T2", Location: "R1", During: kizuna.Interval{From: 300, To: 500}},
		{Subscription: "S1", Tier: "T2", Location: "R2", During: kizuna.Interval{From: 500, To: 1000}},
	}
	if got := resale.Facts(); !reflect.DeepEqual(got, want) {
		t.Errorf("facts %v, want %v", got, want)
	}
	marks := []csp.Restatement{
		{By: csp.Transfer, From: csp.Parties{Seller: "D1"}, To: csp.Parties{Seller: "P1", Reseller: "R1"}, Past: kizuna.Interval{From: 100, To: 300}},
		{By: csp.ChangeReseller, From: csp.Parties{Seller: "P1", Reseller: "R1"}, To: csp.Parties{Seller: "P1", Reseller: "R2"}, Past: kizuna.Interval{From: 100, To: 500}},
	}
	if !reflect.DeepEqual(resale.Restatements, marks) {
		t.Errorf("marks %+v, want %+v", resale.Restatements, marks)
	}
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	if !slices.Equal(types, []string{"csp.sold", "csp.transferred", "csp.history-restated", "csp.reseller-changed", "csp.history-restated", "csp.expired"}) {
		t.Errorf("events %v", events)
	}
	if d := events[1].Detail; d["from_seller"] != "D1" || d["seller"] != "P1" || d["reseller"] != "R1" {
		t.Errorf("transfer %v", d)
	}
}

func TestTheProgramSaysWhoseTheHistoryIs(t *testing.T) {
	resale, _ := apply(t, csp.New("S1"), step(csp.Sell, 0, "D1", ""), step(csp.Transfer, 300, "P1", ""))
	for reading, want := range map[program.CSPHistory]string{program.OwnerOnDate: "GP", program.ByInterval: "GD"} {
		x := association.NewIndex(
			&association.Facts{Locations: locations, Resales: resale.Facts()},
			association.Question{Program: &program.Program{CSPHistory: reading}, AsOf: kizuna.NewDate(1970, 1, 2)})
		reaches, _ := x.Reaches(association.Resource{Subscription: "s1"})
		var got []string
		for _, r := range reaches {
			if r.During.Contains(200) {
				got = append(got, r.Account)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s: the time before the transfer is that of %v, want %s", reading, got, want)
		}
	}
}

func TestTheClockDatesTheEndAndDoesItOnce(t *testing.T) {
	resale := inState(t, csp.Indirect)
	if at, ok := resale.Due(terms); !ok || at != 1000 {
		t.Errorf("due %d, %v", at, ok)
	}
	expire := csp.Step{Action: csp.Expire, Actor: clock, At: 7777}
	ended, _ := apply(t, resale, expire)
	for _, s := range append(ended.Sellers, ended.Resellers...) {
		if s.During.To != 1000 || s.Ended != csp.Expire {
			t.Errorf("%+v", s)
		}
	}
	if _, ok := ended.Due(terms); ok {
		t.Error("still due")
	}
	if _, _, err := csp.Apply(ended, expire, terms); kizuna.CodeOf(err) != "lifecycle-action" {
		t.Errorf("done twice: %v", err)
	}
}

func TestResalesKeepTheirPastWhateverIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"D1", "P1", "p2", "R1", "R2", "", "", "GP"}
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) csp.Step {
			s := step(
				rapid.SampledFrom([]lifecycle.Action{csp.Sell, csp.Sell, csp.Transfer, csp.Transfer, csp.ChangeReseller, csp.Cancel, csp.Expire}).Draw(t, "action"),
				kizuna.Instant(rapid.Int64Range(-10, 1100).Draw(t, "at")),
				rapid.SampledFrom(ids).Draw(t, "seller"), rapid.SampledFrom(ids).Draw(t, "reseller"))
			s.Actor = rapid.SampledFrom([]lifecycle.Actor{vendor, vendor, vendor, clock, {Role: lifecycle.Partner, Company: "D1"}}).Draw(t, "actor")
			return s
		}), 0, 30).Draw(t, "steps")
		resale, again := csp.New("S1"), csp.New("S1")
		for _, s := range all {
			before := lifecycletest.Bytes(t, resale)
			after, events, err := csp.Apply(resale, s, terms)
			if lifecycletest.Bytes(t, resale) != before {
				t.Fatal("the resale given was changed")
			}
			if err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) || err == nil && events == nil {
				t.Fatalf("a step and its events differ: %v, %v", events, err)
			}
			resale = after
			lifecycletest.CheckSpells(t, resale.Sellers, resale.State == csp.Direct || resale.State == csp.Indirect)
			lifecycletest.CheckSpells(t, resale.Resellers, resale.State == csp.Indirect)
			lifecycletest.CheckJSON(t, resale)
		}
		for _, s := range all {
			again, _, _ = csp.Apply(again, s, terms)
		}
		if lifecycletest.Bytes(t, again) != lifecycletest.Bytes(t, resale) {
			t.Fatal("the same steps give another resale")
		}
	})
}
