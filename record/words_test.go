package record_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/dpor"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/benefit"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// machine is a life cycle as far as words go: which things of the record live it,
// what can be done to them and how they stand.
type machine struct {
	kinds   []store.Kind
	actions []lifecycle.Action
	states  []lifecycle.State
}

func of[C any](m *lifecycle.Machine[C], kinds ...store.Kind) machine {
	return machine{kinds, m.AllActions(), m.States}
}

func TestEveryStepAndStateHasAWordInBothLanguages(t *testing.T) {
	machines := []machine{
		of(claim.Machine(), "claim"), of(pal.Machine(), "pal"), of(dpor.Machine(), "dpor"), of(csp.Machine(), "csp"),
		of(access.Machine(), "role", "membership"), of(access.PlacementMachine(), "scope"),
		of(profile.Machine(), "profile"), of(certificate.Machine(), "certificate"),
		of(specialization.Machine(), "specialization"), of(specialization.AuditMachine(), "specialization"),
		of(specialization.ReferenceMachine(), "specialization"), of(benefit.Machine(), "benefit"),
		of(company.AccountMachine(), "account"), of(company.LocationMachine(), "location"), of(membership.Machine(), "enrollment"),
		of(badge.Machine(), "badge"),
	}
	living := []store.Kind{"subscription", "badge-count", "badge-list"} // they have no states
	w := newWords(t)
	for _, m := range machines {
		for _, s := range m.states {
			w.has("state." + s.Name())
		}
		for _, kind := range m.kinds {
			living = append(living, kind)
			for _, a := range m.actions {
				w.has("action." + string(kind) + "." + string(a))
			}
		}
	}
	for _, command := range []string{
		"certificate.tick", "claim.tick", "csp.tick", "dpor.tick", "enrollment.tick", "membership.tick", "profile.tick", "role.tick", "specialization.tick",
		"access.import", "audit.rotate-key", "badge.review", "badge.tick", "certificate.import", "claim.arbitrate", "import", "person.erase", "profile.merge", "subscription.register",
	} {
		w.has("action." + command)
	}
	for _, kind := range record.Kinds() {
		if !slices.Contains(living, kind) {
			t.Errorf("no machine is known for things of the kind %q", kind)
		}
	}
}

// words are the texts of every language.
type words struct {
	t     testing.TB
	texts map[string]map[string]string
}

func newWords(t testing.TB) *words {
	w := &words{t, make(map[string]map[string]string)}
	for _, lang := range locale.Languages() {
		texts, err := locale.Catalogue(lang)
		if err != nil {
			t.Fatal(err)
		}
		w.texts[lang] = texts
	}
	return w
}

func (w *words) has(key string) {
	for lang, texts := range w.texts {
		if texts[key] == "" {
			w.t.Errorf("%q has no text in %q", key, lang)
		}
	}
}

// told checks, at the end of a test, that all that happened in it can be told.
func told(t testing.TB, s store.Store) {
	w, ctx, all := newWords(t), context.Background(), store.View{Scope: store.Everything}
	events, err := s.Events(ctx, all, 0, 1_000_000)
	if err != nil {
		t.Error(err)
	}
	things := make(map[store.Thing]bool)
	for _, e := range events {
		w.has("event." + e.Type)
		things[e.Thing] = true
	}
	for thing := range things {
		chapters, err := s.History(ctx, all, thing)
		if err != nil {
			t.Error(err)
		}
		for _, c := range chapters {
			w.has("action." + c.Entry.Action)
			var body any
			if err := json.Unmarshal(c.Record.Body, &body); err != nil {
				t.Error(err)
			}
			w.endings(body)
		}
	}
}

// endings checks what a thing says of how something ended.
func (w *words) endings(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if by, ok := inner.(string); ok && key == "ended" {
				w.has("ended." + by)
			}
			w.endings(inner)
		}
	case []any:
		for _, inner := range v {
			w.endings(inner)
		}
	}
}
