package dpor_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
)

var (
	owner = lifecycle.Actor{Role: lifecycle.Owner, Company: "T1", ID: "u1"}
	clock = lifecycle.Actor{Role: lifecycle.System}

	locations = []association.Location{
		{ID: "L1", Global: "G1", Name: "Fabrikam", Country: "JP", During: kizuna.Always},
		{ID: "L2", Global: "G2", Name: "Contoso", Country: "US", During: kizuna.Always},
		// The id changes hands at 500.
		{ID: "L3", Global: "G2", Name: "Northwind", During: kizuna.Interval{From: kizuna.Never, To: 500}},
		{ID: "L3", Global: "G3", Name: "Tailspin", During: kizuna.Interval{From: 500, To: kizuna.Forever}},
	}
	directory = association.NewDirectory(locations)
)

// terms are those of a subscription that runs from 0 to 1000.
func terms(agreement string, since kizuna.Instant) dpor.Terms {
	return dpor.Terms{
		Subscription: association.Subscription{ID: "S1", Tenant: "t1", Agreement: agreement, During: kizuna.Interval{From: 0, To: 1000}},
		Since:        since,
		Directory:    directory,
	}
}

func appoint(t lifecycletest.TB, at kizuna.Instant, id string) dpor.Step {
	shown, err := dpor.LookUp(directory, "s1", id, at)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return dpor.Step{Action: dpor.Appoint, Actor: owner, At: at, Partner: id, Shown: shown.Token}
}

func apply(t *testing.T, r dpor.Record, terms dpor.Terms, steps ...dpor.Step) (dpor.Record, []lifecycle.Event) {
	t.Helper()
	var all []lifecycle.Event
	for _, s := range steps {
		var events []lifecycle.Event
		var err error
		if r, events, err = dpor.Apply(r, s, terms); err != nil {
			t.Fatal(err)
		}
		all = append(all, events...)
	}
	return r, all
}

func TestEveryoneMayDoWhatTheTableSays(t *testing.T) {
	lifecycletest.Sound(t, dpor.Machine())
	lifecycletest.Expect(t, dpor.Machine(), "testdata/walk.txt",
		func(t *testing.T, s lifecycle.State, a lifecycle.Action, r lifecycle.Role) (lifecycle.State, error) {
			record, now := dpor.New("S1"), terms("EA", 0)
			if s == dpor.Appointed {
				record, _ = apply(t, record, now, appoint(t, 100, "L1"))
			}
			before := lifecycletest.Bytes(t, record)
			step := appoint(t, 300, "L2")
			step.Action, step.Actor.Role = a, r
			switch a {
			case dpor.Expire:
				step.At = 1000
			case dpor.Lapse:
				now = terms("MCA", 200)
			}
			after, events, err := dpor.Apply(record, step, now)
			if lifecycletest.Bytes(t, record) != before || err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) {
				t.Error("the record given was changed, or a refused step changed it")
			}
			return after.State, err
		})
}

func TestTheDocumentsShowTheMachine(t *testing.T) {
	m := dpor.Machine()
	lifecycletest.Documented(t, "dpor", m.Markdown(), m.Mermaid(), "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestTheOwnerSeesTheNameAndSavesWhatWasShown(t *testing.T) {
	shown, err := dpor.LookUp(directory, "s1", "l1", 100)
	if err != nil || shown.Name != "Fabrikam" || shown.Location != "L1" || shown.Country != "JP" {
		t.Fatalf("%+v: %v", shown, err)
	}
	if again, _ := dpor.LookUp(directory, "S1", "L1", 700); again != shown {
		t.Errorf("the same partner is shown as %+v", again)
	}
	if other, _ := dpor.LookUp(directory, "s2", "L1", 100); other.Token == shown.Token {
		t.Error("one token serves two subscriptions")
	}
	stale := appoint(t, 499, "L3")
	stale.At = 500 // by now the id stands for another company
	for name, c := range map[string]struct {
		step dpor.Step
		code string
	}{
		"without a look":      {dpor.Step{Action: dpor.Appoint, Actor: owner, At: 100, Partner: "L1"}, "dpor-not-shown"},
		"another partner's":   {dpor.Step{Action: dpor.Appoint, Actor: owner, At: 100, Partner: "L2", Shown: shown.Token}, "dpor-not-shown"},
		"of another time":     {stale, "dpor-not-shown"},
		"a global account":    {dpor.Step{Action: dpor.Appoint, Actor: owner, At: 100, Partner: "G1", Shown: shown.Token}, "partner-id-global"},
		"nobody":              {dpor.Step{Action: dpor.Appoint, Actor: owner, At: 100, Partner: "L9", Shown: shown.Token}, "partner-id-unknown"},
		"what was shown (ok)": {appoint(t, 100, "l1"), ""},
	} {
		if _, _, err := dpor.Apply(dpor.New("S1"), c.step, terms("EA", 0)); kizuna.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	stranger := appoint(t, 300, "L2")
	stranger.Actor.Company = "t2"
	record, _ := apply(t, dpor.New("S1"), terms("EA", 0), appoint(t, 100, "L1"))
	for name, c := range map[string]struct {
		step dpor.Step
		code string
	}{
		"another customer's owner":       {stranger, "dpor-not-owner"},
		"the partner it has":             {appoint(t, 300, "l1"), "dpor-same"},
		"before the last step":           {appoint(t, 99, "L2"), "step-before-last"},
		"after the subscription":         {appoint(t, 1000, "L2"), "subscription-not-running"},
		"removal after the subscription": {dpor.Step{Action: dpor.Remove, Actor: owner, At: 1000}, "subscription-not-running"},
		"the clock before the end":       {dpor.Step{Action: dpor.Expire, Actor: clock, At: 999}, "subscription-not-over"},
		"no agreement has moved":         {dpor.Step{Action: dpor.Lapse, Actor: clock, At: 999}, "dpor-not-moved"},
	} {
		after, events, err := dpor.Apply(record, c.step, terms("EA", 0))
		if kizuna.CodeOf(err) != c.code || !reflect.DeepEqual(after, record) || events != nil {
			t.Errorf("%s: %v", name, err)
		}
		if e, ok := err.(*kizuna.Error); ok && e.Mend == "" {
			t.Errorf("%s: %v says no mend", name, err)
		}
	}
}

func TestASubscriptionMustBeKnown(t *testing.T) {
	for _, id := range []string{"", "s2"} {
		other := terms("EA", 0)
		other.Subscription.ID = id
		if _, _, err := dpor.Apply(dpor.New("S1"), appoint(t, 100, "L1"), other); kizuna.CodeOf(err) != "subscription-unknown" {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestReplacingEndsOneAndBeginsTheOtherAtOnce(t *testing.T) {
	record, events := apply(t, dpor.New("S1"), terms("EA", 0),
		appoint(t, 100, "L1"), appoint(t, 200, "L2"), dpor.Step{Action: dpor.Remove, Actor: owner, At: 300}, appoint(t, 400, "L1"))
	want := []association.Appointment{
		{Subscription: "S1", Location: "L1", During: kizuna.Interval{From: 100, To: 200}},
		{Subscription: "S1", Location: "L2", During: kizuna.Interval{From: 200, To: 300}},
		{Subscription: "S1", Location: "L1", During: kizuna.Interval{From: 400, To: kizuna.Forever}},
	}
	if got := record.Facts(); !reflect.DeepEqual(got, want) {
		t.Errorf("facts %v, want %v", got, want)
	}
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	if !slices.Equal(types, []string{"dpor.appointed", "dpor.replaced", "dpor.removed", "dpor.appointed"}) || events[1].Detail["replaces"] != "L1" {
		t.Errorf("events %v", events)
	}
}

func TestTheClockDatesWhatFellDueAndDoesItOnce(t *testing.T) {
	record, _ := apply(t, dpor.New("S1"), terms("EA", 0), appoint(t, 100, "L1"))
	for _, c := range []struct {
		name   string
		terms  dpor.Terms
		action lifecycle.Action
		ended  kizuna.Instant
	}{
		{"the subscription ends", terms("EA", 0), dpor.Expire, 1000},
		{"the agreement moves", terms("MCA", 600), dpor.Lapse, 600},
		{"the agreement moved after the end", terms("MCA", 1000), dpor.Expire, 1000},
	} {
		at, action, ok := record.Due(c.terms)
		if !ok || at != c.ended || action != c.action {
			t.Errorf("%s: due %d to %s, %v", c.name, at, action, ok)
		}
		step := dpor.Step{Action: c.action, Actor: clock, At: 5000}
		after, _ := apply(t, record, c.terms, step)
		if last := after.Spells[0]; last.During.To != c.ended || last.Ended != c.action {
			t.Errorf("%s: %+v", c.name, last)
		}
		if _, _, err := dpor.Apply(after, step, c.terms); kizuna.CodeOf(err) != "lifecycle-action" {
			t.Errorf("%s: done twice: %v", c.name, err)
		}
		if _, _, ok := after.Due(c.terms); ok {
			t.Errorf("%s: still due", c.name)
		}
	}
}

func TestAnAppointmentThatHasLapsedLapsesBeforeTheNextStep(t *testing.T) {
	record, _ := apply(t, dpor.New("S1"), terms("EA", 0), appoint(t, 100, "L1"))
	after, events := apply(t, record, terms("MCA", 600), appoint(t, 700, "L1"))
	if len(after.Spells) != 2 || after.Spells[0].During.To != 600 || after.Spells[1].During.From != 700 || after.Agreement != "MCA" {
		t.Errorf("%+v", after)
	}
	if len(events) != 2 || events[0].Type != "dpor.lapsed" || events[1].Type != "dpor.appointed" {
		t.Errorf("events %v", events)
	}
	// What is refused leaves even the lapse to the clock.
	refused := appoint(t, 700, "L1")
	refused.Shown = ""
	if after, _, err := dpor.Apply(record, refused, terms("MCA", 600)); err == nil || !reflect.DeepEqual(after, record) {
		t.Errorf("%+v: %v", after, err)
	}
}

func TestRecordsKeepTheirPastWhateverIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type asked struct {
			step  dpor.Step
			terms dpor.Terms
		}
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) asked {
			at := kizuna.Instant(rapid.Int64Range(-10, 1100).Draw(t, "at"))
			step := appoint(t, at, rapid.SampledFrom([]string{"L1", "l1", "L2", "L3"}).Draw(t, "partner"))
			step.Action = rapid.SampledFrom([]lifecycle.Action{dpor.Appoint, dpor.Appoint, dpor.Remove, dpor.Expire, dpor.Lapse}).Draw(t, "action")
			step.Actor = rapid.SampledFrom([]lifecycle.Actor{owner, owner, clock, {Role: lifecycle.Partner, Company: "L1"}}).Draw(t, "actor")
			return asked{step, terms(rapid.SampledFrom([]string{"EA", "EA", "MCA"}).Draw(t, "agreement"), kizuna.Instant(rapid.Int64Range(0, 1000).Draw(t, "since")))}
		}), 0, 30).Draw(t, "steps")
		record, again := dpor.New("S1"), dpor.New("S1")
		for _, a := range all {
			before := lifecycletest.Bytes(t, record)
			after, events, err := dpor.Apply(record, a.step, a.terms)
			if lifecycletest.Bytes(t, record) != before {
				t.Fatal("the record given was changed")
			}
			if err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) || err == nil && events == nil {
				t.Fatalf("a step and its events differ: %v, %v", events, err)
			}
			record = after
			lifecycletest.CheckSpells(t, record.Spells, record.State == dpor.Appointed)
			lifecycletest.CheckJSON(t, record)
		}
		for _, a := range all {
			again, _, _ = dpor.Apply(again, a.step, a.terms)
		}
		if lifecycletest.Bytes(t, again) != lifecycletest.Bytes(t, record) {
			t.Fatal("the same steps give another record")
		}
	})
}
