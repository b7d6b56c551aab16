package pal_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
)

var (
	self      = lifecycle.Actor{Role: lifecycle.Identity, Company: "T1", ID: "O1"}
	directory = association.NewDirectory([]association.Location{
		{ID: "123456", Global: "123455", Name: "Fabrikam Tokyo", During: kizuna.Always},
		{ID: "123457", Global: "123455", Name: "Fabrikam Osaka", During: kizuna.Always},
		{ID: "99", Global: "98", Name: "Contoso", During: kizuna.Interval{From: kizuna.Never, To: 1000}},
	})
)

func apply(t *testing.T, link pal.Link, steps ...pal.Step) pal.Link {
	t.Helper()
	for _, s := range steps {
		var err error
		if link, _, err = pal.Apply(link, s, directory); err != nil {
			t.Fatal(err)
		}
	}
	return link
}

// inState returns a link in the state, and the id it holds or could hold.
func inState(t *testing.T, s lifecycle.State) pal.Link {
	link := pal.New("t1", "o1")
	create := pal.Step{Action: pal.Create, Actor: self, At: 100, Partner: "123456"}
	switch s {
	case pal.Active:
		return apply(t, link, create)
	case pal.Deleted:
		return apply(t, link, create, pal.Step{Action: pal.Delete, Actor: self, At: 200, Partner: "123456"})
	}
	return link
}

func TestEveryoneMayDoWhatTheTableSays(t *testing.T) {
	lifecycletest.Sound(t, pal.Machine())
	lifecycletest.Expect(t, pal.Machine(), "testdata/walk.txt",
		func(t *testing.T, s lifecycle.State, a lifecycle.Action, r lifecycle.Role) (lifecycle.State, error) {
			link := inState(t, s)
			before := lifecycletest.Bytes(t, link)
			actor := self
			actor.Role = r
			after, events, err := pal.Apply(link, pal.Step{Action: a, Actor: actor, At: 300, Partner: "123456"}, directory)
			if lifecycletest.Bytes(t, link) != before {
				t.Error("the link given was changed")
			}
			if err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) {
				t.Errorf("a refused step changed the link: %+v", after)
			}
			if err == nil && (after.Version != link.Version+1 || len(events) != 1) {
				t.Errorf("the version went from %d to %d with %d events", link.Version, after.Version, len(events))
			}
			return after.State, err
		})
}

func TestTheDocumentsShowTheMachine(t *testing.T) {
	m := pal.Machine()
	lifecycletest.Documented(t, "pal", m.Markdown(), m.Mermaid(), "../../docs/associations.md", "../../docs/associations.ja.md")
}

func TestVersionsAndTimesAreThoseThatWereRecorded(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Link  pal.Link
		Steps []struct {
			At        pal.Stamp
			Action    lifecycle.Action
			Partner   string
			Version   int
			State     lifecycle.State
			UpdatedAt pal.Stamp `json:"updated_at"`
		}
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	link, created := recorded.Link, recorded.Link.CreatedAt
	actor := lifecycle.Actor{Role: lifecycle.Identity, Company: link.Tenant, ID: link.Object}
	for _, s := range recorded.Steps {
		at, ticks := s.At.Split()
		link, _, err = pal.Apply(link, pal.Step{Action: s.Action, Actor: actor, At: at, Ticks: ticks, Partner: s.Partner}, directory)
		if err != nil {
			t.Fatalf("%s on %s: %v", s.Action, s.At, err)
		}
		if link.Version != s.Version || link.State != s.State || link.Partner != s.Partner || link.CreatedAt != created ||
			s.UpdatedAt != 0 && link.UpdatedAt != s.UpdatedAt {
			t.Errorf("%s on %s leaves %+v, want %+v", s.Action, s.At, link, s)
		}
	}
	if got := link.CreatedAt.String(); got != "2018-01-20T01:23:40.5280496Z" {
		t.Errorf("created at %s", got)
	}
	var spelled []string
	for _, f := range link.Facts() {
		spelled = append(spelled, f.Location+" "+f.During.From.String()+" "+f.During.To.String())
	}
	want := []string{
		"123456 2018-02-11T22:18:03Z 2018-02-11T22:18:05Z", "123456 2018-02-11T22:18:06Z 2018-02-11T22:18:07Z",
		"123456 2018-02-11T22:18:08Z 2018-02-11T22:18:09Z", "123456 2018-02-11T22:18:13Z 2018-02-11T22:18:14Z",
		"123457 2018-02-11T22:18:14Z 2018-02-11T22:18:16Z",
	}
	if !reflect.DeepEqual(spelled, want) {
		t.Errorf("facts %q, want %q", spelled, want)
	}
}

func TestTheFirstLinkHasVersionOneAndOneTime(t *testing.T) {
	link := inState(t, pal.Active)
	if link.Version != 1 || link.CreatedAt != link.UpdatedAt || link.CreatedAt.String() != "1970-01-01T00:01:40Z" {
		t.Errorf("%+v", link)
	}
}

func TestRefusalsSayWhyAndWhatToDo(t *testing.T) {
	active := inState(t, pal.Active)
	other := self
	other.ID = "o2"
	elsewhere := self
	elsewhere.Company = "t2"
	for _, c := range []struct {
		name string
		link pal.Link
		step pal.Step
		code string
		mend string
	}{
		{"another identity", active, pal.Step{Action: pal.Delete, Actor: other, At: 300, Partner: "123456"}, "pal-not-own",
			"only the identity itself can make, change or remove its link"},
		{"the same object in another tenant", active, pal.Step{Action: pal.Update, Actor: elsewhere, At: 300, Partner: "123457"}, "pal-not-own",
			"only the identity itself can make, change or remove its link"},
		{"another identity is not told that there is a link", active, pal.Step{Action: pal.Create, Actor: other, At: 300, Partner: "123457"}, "lifecycle-action",
			"possible now: update, delete"},
		{"a global account", pal.New("t1", "o1"), pal.Step{Action: pal.Create, Actor: self, At: 300, Partner: "123455"}, "partner-id-global",
			"name one of its locations: 123456, 123457"},
		{"an unknown id", active, pal.Step{Action: pal.Update, Actor: self, At: 300, Partner: "7"}, "partner-id-unknown",
			"ask the partner for the id of the location"},
		{"a location that is gone", active, pal.Step{Action: pal.Update, Actor: self, At: 1000, Partner: "99"}, "partner-id-unknown",
			"ask the partner for the id of the location"},
		{"deleting an id that is not linked", active, pal.Step{Action: pal.Delete, Actor: self, At: 300, Partner: "123457"}, "pal-other-id",
			"it holds 123456"},
		{"before the last write", active, pal.Step{Action: pal.Delete, Actor: self, At: 99, Ticks: 9_999_999, Partner: "123456"}, "step-before-last",
			"date it 1970-01-01T00:01:40Z or later"},
	} {
		after, events, err := pal.Apply(c.link, c.step, directory)
		if kizuna.CodeOf(err) != c.code || err.(*kizuna.Error).Mend != c.mend {
			t.Errorf("%s: %v", c.name, err)
		}
		if !reflect.DeepEqual(after, c.link) || events != nil {
			t.Errorf("%s: the link changed", c.name)
		}
	}
}

func TestMovingToTheSameIDIsAWriteThatEndsNothing(t *testing.T) {
	link := apply(t, inState(t, pal.Active), pal.Step{Action: pal.Update, Actor: self, At: 300, Partner: "123456"})
	if link.Version != 2 || len(link.Spells) != 1 || link.Spells[0].During.To != kizuna.Forever {
		t.Errorf("%+v", link)
	}
}

func TestALinkDeletedWithinItsSecondCoversNothing(t *testing.T) {
	link := apply(t, inState(t, pal.Active), pal.Step{Action: pal.Delete, Actor: self, At: 100, Ticks: 5, Partner: "123456"})
	if facts := link.Facts(); facts != nil || len(link.Spells) != 1 {
		t.Errorf("%v of %v", facts, link.Spells)
	}
}

// steps draws what may be asked of the link, sensible or not.
func steps() *rapid.Generator[[]pal.Step] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) pal.Step {
		return pal.Step{
			Action: rapid.SampledFrom([]lifecycle.Action{pal.Create, pal.Update, pal.Delete, "share"}).Draw(t, "action"),
			Actor: lifecycle.Actor{
				Role:    rapid.SampledFrom([]lifecycle.Role{lifecycle.Identity, lifecycle.Identity, lifecycle.Identity, lifecycle.Owner}).Draw(t, "role"),
				Company: rapid.SampledFrom([]string{"t1", "T1"}).Draw(t, "company"),
				ID:      rapid.SampledFrom([]string{"o1", "o1", "o1", "o2"}).Draw(t, "id"),
			},
			At:      kizuna.Instant(rapid.Int64Range(-20, 2000).Draw(t, "at")),
			Ticks:   rapid.Int64Range(0, 9_999_999).Draw(t, "ticks"),
			Partner: rapid.SampledFrom([]string{"123456", "123457", "123457", "123455", "99", ""}).Draw(t, "partner"),
		}
	}), 0, 30)
}

func TestLinksKeepTheirPastWhateverIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := steps().Draw(t, "steps")
		link, again := pal.New("t1", "o1"), pal.New("t1", "o1")
		for _, s := range all {
			before := lifecycletest.Bytes(t, link)
			after, events, err := pal.Apply(link, s, directory)
			if lifecycletest.Bytes(t, link) != before {
				t.Fatal("the link given was changed")
			}
			if err != nil && (lifecycletest.Bytes(t, after) != before || events != nil) {
				t.Fatalf("a refused step changed the link: %v", err)
			}
			if err == nil {
				if after.Version != link.Version+1 || after.UpdatedAt < link.UpdatedAt && link.Version > 0 || link.Version > 0 && after.CreatedAt != link.CreatedAt {
					t.Fatalf("%+v follows %+v", after, link)
				}
				if len(events) != 1 || events[0].Detail["location"] != after.Partner {
					t.Fatalf("events %v", events)
				}
			}
			link = after
			lifecycletest.CheckSpells(t, link.Spells, link.State == pal.Active)
			lifecycletest.CheckJSON(t, link)
		}
		for _, s := range all {
			again, _, _ = pal.Apply(again, s, directory)
		}
		if lifecycletest.Bytes(t, again) != lifecycletest.Bytes(t, link) {
			t.Fatal("the same steps give another link")
		}
	})
}

func TestStampsAreReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := pal.NewStamp(kizuna.Instant(rapid.Int64Range(-60_000_000_000, 250_000_000_000).Draw(t, "second")), rapid.Int64Range(0, 9_999_999).Draw(t, "ticks"))
		got, err := pal.ParseStamp(s.String())
		if err != nil || got != s {
			t.Fatalf("%s is read back as %s: %v", s, got, err)
		}
		if at, ticks := s.Split(); ticks < 0 || pal.NewStamp(at, ticks) != s {
			t.Fatalf("%d is split into %d and %d", s, at, ticks)
		}
	})
	for text, want := range map[string]string{
		"2026-02-16T14:44:35.818407Z":       "2026-02-16T14:44:35.818407Z",
		"2018-02-11T22:18:03.2858169Z":      "2018-02-11T22:18:03.2858169Z",
		"2018-02-12T07:18:03.28581699Z":     "2018-02-12T07:18:03.2858169Z",
		"2018-02-12T07:18:03.0000000Z":      "2018-02-12T07:18:03Z",
		"2018-02-12T07:18:03.5000000+09:00": "2018-02-11T22:18:03.5Z",
	} {
		if s, err := pal.ParseStamp(text); err != nil || s.String() != want {
			t.Errorf("%s is read as %s: %v", text, s, err)
		}
	}
	if _, err := pal.ParseStamp("yesterday"); kizuna.CodeOf(err) != "pal-time" {
		t.Error(err)
	}
}

func FuzzParseStamp(f *testing.F) {
	for _, text := range []string{"2018-02-11T22:18:03.2858169Z", "0000-01-01T00:00:00+09:00", "9999-12-31T23:59:59.99999999-01:00", "1969-12-31T23:59:59.9Z", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := pal.ParseStamp(text)
		if err != nil {
			return
		}
		if again, err := pal.ParseStamp(s.String()); err != nil || again != s {
			t.Errorf("%q is written as %s and read back as %s: %v", text, s, again, err)
		}
	})
}
