package company_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/people"
)

func at(s string) kizuna.Instant {
	t, err := kizuna.ParseInstant(s)
	if err != nil {
		panic(err)
	}
	return t
}

func admin(id string) lifecycle.Actor {
	return lifecycle.Actor{Role: lifecycle.Partner, Company: id, ID: "u1"}
}

var operator = lifecycle.Actor{Role: lifecycle.Operator}

// must be allowed.
func account(t testing.TB, a company.Account, steps ...company.AccountStep) company.Account {
	t.Helper()
	for _, s := range steps {
		next, events, err := company.ApplyAccount(a, s)
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %v, %v", s.Action, events, err)
		}
		a = next
	}
	return a
}

func location(t testing.TB, l company.Location, steps ...company.LocationStep) company.Location {
	t.Helper()
	for _, s := range steps {
		next, events, err := company.ApplyLocation(l, s)
		if err != nil || len(events) == 0 {
			t.Fatalf("%s: %v, %v", s.Action, events, err)
		}
		l = next
	}
	return l
}

func opened(t testing.TB, id string) company.Account {
	t.Helper()
	return account(t, company.Account{}, company.AccountStep{Action: company.OpenAccount, Actor: operator, At: at("2019-01-01"), ID: id, Name: "name-of-" + id})
}

func added(t testing.TB, id string, under company.Account) company.Location {
	t.Helper()
	return location(t, company.Location{}, company.LocationStep{Action: company.AddLocation, Actor: admin(under.ID), At: at("2019-01-01"), ID: id, Country: "JP", Account: under})
}

func offer(by company.Account, when string) company.AccountStep {
	return company.AccountStep{Action: company.OfferMerge, Actor: admin(by.ID), At: at(when), Other: by}
}

// accepted returns an account whose merge into the other is accepted.
func accepted(t testing.TB, id string, into company.Account) company.Account {
	t.Helper()
	return account(t, opened(t, id), offer(into, "2020-06-01"), company.AccountStep{Action: company.AcceptMerge, Actor: admin(id), At: at("2020-06-02")})
}

func closed(t testing.TB, id string) company.Account {
	t.Helper()
	a, _, _, err := company.Close(opened(t, id), nil, company.AccountStep{Actor: operator, At: at("2020-01-01")})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEveryStepOfAnAccountIsAllowedOrRefusedAsWritten(t *testing.T) {
	lifecycletest.Sound(t, company.AccountMachine())
	into := opened(t, "G1")
	lifecycletest.Expect(t, company.AccountMachine(), "testdata/account.txt", func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
		var before company.Account
		switch state {
		case company.Open:
			before = opened(t, "G2")
		case company.Offered:
			before = account(t, opened(t, "G2"), offer(into, "2020-06-01"))
		case company.Accepted:
			before = accepted(t, "G2", into)
		case company.Merged:
			before, _, _, _ = company.Merge(into, accepted(t, "G2", into), nil, company.AccountStep{Actor: admin("G1"), At: at("2020-07-01")})
		case company.Closed:
			before = closed(t, "G2")
		}
		if before.State != state {
			t.Fatalf("wanted %s, have %s", state, before.State)
		}
		by := "G2"
		switch action {
		case company.OfferMerge, company.WithdrawMerge, company.ConfirmMerge:
			by = "g1"
		}
		s := company.AccountStep{Action: action, Actor: lifecycle.Actor{Role: role, Company: by}, At: at("2020-07-02"), ID: "G2", Other: into}
		var after company.Account
		var events []lifecycle.Event
		var err error
		switch action {
		case company.ConfirmMerge:
			after, _, events, err = company.Merge(into, before, nil, s)
		case company.CloseAccount:
			after, _, events, err = company.Close(before, nil, s)
		default:
			after, events, err = company.ApplyAccount(before, s)
		}
		check(t, before, after, events, err)
		return after.State, err
	})
}

func TestEveryStepOfALocationIsAllowedOrRefusedAsWritten(t *testing.T) {
	lifecycletest.Sound(t, company.LocationMachine())
	g1, g2 := opened(t, "G1"), opened(t, "G2")
	lifecycletest.Expect(t, company.LocationMachine(), "testdata/location.txt", func(t *testing.T, state lifecycle.State, action lifecycle.Action, role lifecycle.Role) (lifecycle.State, error) {
		var before company.Location
		switch state {
		case company.Open:
			before = added(t, "L1", g1)
		case company.Deleted:
			before = location(t, added(t, "L1", g1), company.LocationStep{Action: company.DeleteLocation, Actor: operator, At: at("2020-06-01"), Others: 1})
		}
		s := company.LocationStep{Action: action, Actor: lifecycle.Actor{Role: role, Company: "G1"}, At: at("2020-07-02"), ID: "L1", Account: g2, To: added(t, "L2", g1), Others: 1}
		switch action {
		case company.AddLocation:
			s.Account = g1
		case company.MoveAssociations:
			s.Named = []company.Reference{{Kind: company.Claim, ID: "c1"}}
		}
		after, events, err := company.ApplyLocation(before, s)
		check(t, before, after, events, err)
		return after.State, err
	})
}

func TestTheDocumentsShowTheMachines(t *testing.T) {
	a, l := company.AccountMachine(), company.LocationMachine()
	lifecycletest.Documented(t, a.Name, a.Markdown(), a.Mermaid(), "../docs/associations.md", "../docs/associations.ja.md")
	lifecycletest.Documented(t, l.Name, l.Markdown(), l.Mermaid(), "../docs/associations.md", "../docs/associations.ja.md")
}

// check asks of a step that it tells something, or that it is refused and changes
// nothing.
func check[T any](t *testing.T, before, after T, events []lifecycle.Event, err error) {
	t.Helper()
	if err == nil && len(events) == 0 {
		t.Error("nothing is told")
	}
	if err != nil && (!reflect.DeepEqual(before, after) || events != nil) {
		t.Error("a refused step changed something")
	}
	lifecycletest.CheckJSON(t, after)
}

func TestRefusals(t *testing.T) {
	g1, g2 := opened(t, "G1"), opened(t, "G2")
	offered := account(t, opened(t, "G2"), offer(g1, "2020-06-01"))
	gone := closed(t, "G3")
	when := at("2020-07-01")
	for _, tt := range []struct {
		name string
		a    company.Account
		s    company.AccountStep
		code string
	}{
		{"without an id", company.Account{}, company.AccountStep{Action: company.OpenAccount, Actor: operator}, "account-unnamed"},
		{"merged into itself", g1, offer(g1, "2020-07-01"), "account-merge-into"},
		{"merged into a closed account", g1, offer(gone, "2020-07-01"), "account-merge-into"},
		{"offered by a third", g2, company.AccountStep{Action: company.OfferMerge, Actor: admin("G9"), At: when, Other: g1}, "company-other"},
		{"accepted by the one who offers", offered, company.AccountStep{Action: company.AcceptMerge, Actor: admin("G1"), At: when}, "company-other"},
		{"withdrawn by the invited", offered, company.AccountStep{Action: company.WithdrawMerge, Actor: admin("G2"), At: when}, "company-other"},
		{"confirmed alone", accepted(t, "G2", g1), company.AccountStep{Action: company.ConfirmMerge, Actor: admin("G1"), At: when, Other: g1}, "account-alone"},
		{"closed alone", g1, company.AccountStep{Action: company.CloseAccount, Actor: admin("G1"), At: when}, "account-alone"},
		{"before the last step", offered, company.AccountStep{Action: company.AcceptMerge, Actor: admin("G2"), At: at("2020-05-31")}, "company-time-order"},
	} {
		after, events, err := company.ApplyAccount(tt.a, tt.s)
		if kizuna.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, wanted %s", tt.name, err, tt.code)
		}
		check(t, tt.a, after, events, err)
	}
	l1 := added(t, "L1", g1)
	for _, tt := range []struct {
		name string
		l    company.Location
		s    company.LocationStep
		code string
	}{
		{"without an id", company.Location{}, company.LocationStep{Action: company.AddLocation, Actor: operator, Account: g1}, "location-unnamed"},
		{"under a closed account", company.Location{}, company.LocationStep{Action: company.AddLocation, Actor: operator, ID: "L9", Account: gone}, "location-account"},
		{"under somebody else's account", company.Location{}, company.LocationStep{Action: company.AddLocation, Actor: admin("G2"), ID: "L9", Account: g1}, "company-other"},
		{"moved to where it is", l1, company.LocationStep{Action: company.MoveLocation, Actor: operator, At: when, Account: g1}, "location-there"},
		{"deleted by another company", l1, company.LocationStep{Action: company.DeleteLocation, Actor: admin("G2"), At: when}, "company-other"},
		{"the last is deleted", l1, company.LocationStep{Action: company.DeleteLocation, Actor: admin("G1"), At: when}, "location-last"},
		{"associations to itself", l1, company.LocationStep{Action: company.MoveAssociations, Actor: admin("L1"), At: when, To: l1}, "location-move-to"},
		{"no associations", l1, company.LocationStep{Action: company.MoveAssociations, Actor: admin("L1"), At: when, To: added(t, "L2", g1)}, "location-unused"},
		{"before the last step", l1, company.LocationStep{Action: company.DeleteLocation, Actor: operator, At: at("2018-12-31")}, "company-time-order"},
	} {
		after, events, err := company.ApplyLocation(tt.l, tt.s)
		if kizuna.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, wanted %s", tt.name, err, tt.code)
		}
		check(t, tt.l, after, events, err)
	}
}

func TestALocationIsDeletedOnceNothingNamesIt(t *testing.T) {
	g1 := opened(t, "G1")
	l1, l2 := added(t, "L1", g1), added(t, "L2", g1)
	now := at("2023-05-01")
	open, past := kizuna.Interval{From: at("2023-01-01"), To: kizuna.Forever}, kizuna.Interval{From: at("2022-01-01"), To: now}
	named := company.Naming("l1", now, &association.Facts{
		Claims:       []association.Claim{{ID: "c1", Location: "L1", During: open}, {ID: "c0", Location: "L1", During: past}, {ID: "c2", Location: "L2", During: open}},
		Links:        []association.Link{{Tenant: "t1", Object: "o1", Location: "L1", During: open}},
		Appointments: []association.Appointment{{Subscription: "s1", Location: "L1", During: open}},
		Resales:      []association.Resale{{Subscription: "s2", Location: "L1", During: open}},
	}, []people.ProfileLink{{MCID: "m1", Location: "L1", During: open}})
	erase := company.LocationStep{Action: company.DeleteLocation, Actor: admin("G1"), At: now, Named: named, Others: 1}
	_, _, err := company.ApplyLocation(l1, erase)
	if kizuna.CodeOf(err) != "location-named" || !strings.Contains(err.Error(), "claim c1, pal t1/o1, dpor s1, csp s2, profile m1") {
		t.Fatalf("%v", err)
	}
	after, events, err := company.ApplyLocation(l1, company.LocationStep{Action: company.MoveAssociations, Actor: admin("G1"), At: now, Named: named, To: l2})
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, e := range events {
		asked = append(asked, e.Detail["kind"]+" by "+e.Detail["by"]+" to "+e.Detail["to"])
	}
	want := []string{"claim by partner to L2", "pal by identity to L2", "dpor by owner to L2", "csp by vendor to L2", "profile by person to L2"}
	if !slices.Equal(asked, want) {
		t.Errorf("%q", asked)
	}
	erase.Named = nil
	after = location(t, after, erase)
	if facts := after.Facts(); after.State != company.Deleted || after.Account() != "" || len(facts) != 1 || facts[0].During.To != now {
		t.Errorf("%+v", after)
	}
}

func TestAnAccountIsClosedWithItsLocations(t *testing.T) {
	g1 := opened(t, "G1")
	under := []company.Location{added(t, "L1", g1), added(t, "L2", g1)}
	s := company.AccountStep{Actor: admin("G1"), At: at("2023-05-01"), Named: []company.Reference{{Kind: company.Claim, ID: "c1"}}}
	if a, l, events, err := company.Close(g1, under, s); kizuna.CodeOf(err) != "account-named" || !reflect.DeepEqual(a, g1) || !reflect.DeepEqual(l, under) || events != nil {
		t.Errorf("%+v %+v %v", a, l, err)
	}
	s.Named = nil
	if _, _, _, err := company.Close(g1, append(under, added(t, "L3", opened(t, "G2"))), s); kizuna.CodeOf(err) != "account-not-its-location" {
		t.Error(err)
	}
	a, gone, events, err := company.Close(g1, under, s)
	if err != nil || a.State != company.Closed || len(events) != 3 || events[2].Type != "account.closed" {
		t.Fatalf("%+v %v %v", a, events, err)
	}
	for _, l := range gone {
		if l.State != company.Deleted || l.Facts()[0].During.To != s.At {
			t.Errorf("%+v", l)
		}
	}
}

func TestALongListIsCutInTheMessage(t *testing.T) {
	var many []company.Reference
	for range 12 {
		many = append(many, company.Reference{Kind: company.Claim, ID: "c"})
	}
	_, _, err := company.ApplyLocation(added(t, "L1", opened(t, "G1")), company.LocationStep{Action: company.DeleteLocation, Actor: operator, At: at("2023-05-01"), Named: many})
	if err == nil || !strings.Contains(err.Error(), "… (12)") || strings.Count(err.Error(), "claim c") != 10 {
		t.Error(err)
	}
}

func TestMergedAccountsAreOneCompany(t *testing.T) {
	contoso := opened(t, "1111111")
	fabrikam := accepted(t, "3333333", contoso)
	under := []company.Location{added(t, "4444444", fabrikam), added(t, "5555555", fabrikam)}
	ended, moved, events, err := company.Merge(contoso, fabrikam, under, company.AccountStep{Actor: admin("1111111"), At: at("2020-07-01")})
	if err != nil {
		t.Fatal(err)
	}
	if ended.State != company.Merged || ended.Into != "1111111" || ended.By != "" || len(events) != 4 {
		t.Errorf("%+v %v", ended, events)
	}
	var lines []string
	for _, l := range append([]company.Location{added(t, "2222222", contoso)}, moved...) {
		for _, f := range l.Facts() {
			lines = append(lines, strings.Join([]string{f.ID, f.Global, f.During.From.String(), or(f.During.To.String(), "-")}, " "))
		}
	}
	data, err := os.ReadFile("testdata/merge.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			want = append(want, strings.Join(strings.Fields(line), " "))
		}
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%s\nwanted\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if under[0].Account() != "3333333" {
		t.Error("the merge changed its argument")
	}
	// What is merged stays merged.
	if _, _, _, err := company.Merge(contoso, ended, nil, company.AccountStep{Actor: admin("1111111"), At: at("2020-07-02")}); kizuna.CodeOf(err) != "lifecycle-action" {
		t.Errorf("merged twice: %v", err)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func TestAMergeIsAllOrNothing(t *testing.T) {
	g1, g3 := opened(t, "G1"), opened(t, "G3")
	g2 := accepted(t, "G2", g1)
	mine, theirs := added(t, "L2", g2), added(t, "L3", g3)
	late := mine
	late.Changed = at("2021-01-01")
	s := company.AccountStep{Actor: admin("G1"), At: at("2020-07-01")}
	for _, tt := range []struct {
		name  string
		into  company.Account
		under []company.Location
		code  string
	}{
		{"somebody else's location", g1, []company.Location{mine, theirs}, "account-not-its-location"},
		{"a location that changed since", g1, []company.Location{mine, late}, "company-time-order"},
		{"into an account that did not offer", g3, []company.Location{mine}, "account-merge-offered"},
	} {
		after, moved, events, err := company.Merge(tt.into, g2, tt.under, s)
		if kizuna.CodeOf(err) != tt.code || events != nil || !reflect.DeepEqual(after, g2) || !reflect.DeepEqual(moved, tt.under) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestALocationIsUnderOneAccountAtATime(t *testing.T) {
	accounts := []company.Account{opened(t, "G1"), opened(t, "G2"), opened(t, "G3")}
	rapid.Check(t, func(t *rapid.T) {
		var l company.Location
		now := at("2019-01-01")
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now += kizuna.Instant(rapid.SampledFrom([]int64{0, 1, 86400, 1000000}).Draw(t, "wait"))
			under := rapid.SampledFrom(accounts).Draw(t, "account")
			s := company.LocationStep{At: now, ID: "L1", Account: under}
			s.Action = rapid.SampledFrom(company.LocationMachine().AllActions()).Draw(t, "action")
			s.Actor = rapid.SampledFrom([]lifecycle.Actor{operator, admin(under.ID), admin("L1")}).Draw(t, "actor")
			s.Others = rapid.IntRange(0, 1).Draw(t, "others")
			if s.Action == company.DeleteLocation && rapid.IntRange(0, 4).Draw(t, "named") > 0 {
				s.Named = []company.Reference{{Kind: company.Claim, ID: "c1"}}
			}
			after, _, err := company.ApplyLocation(l, s)
			if err != nil && !reflect.DeepEqual(after, l) {
				t.Fatalf("a refused %s changed the location", s.Action)
			}
			l = after
			lifecycletest.CheckJSON(t, l)
			for i, spell := range l.Spells {
				open := spell.During.To == kizuna.Forever
				if open != (i == len(l.Spells)-1 && l.State == company.Open) || i > 0 && spell.During.From != l.Spells[i-1].During.To {
					t.Fatalf("%s: %+v", l.State, l.Spells)
				}
			}
		}
	})
}
