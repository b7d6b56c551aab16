package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Model runs random commands against a store and a plain model of it: lists in
// memory that are only ever added to. What both answer must be equal, now and as
// known at every earlier moment.
//
// Two stores on one database take turns, as two processes would, under one clock
// that also stands still and goes back. A check starts where the one before ended:
// each has kinds, keys and people of its own.
func Model(t *testing.T, fresh Fresh) {
	clock := newClock()
	opts := store.Options{Clock: clock.Now}
	l := newLab(t, fresh(t), opts)
	stores := []store.Store{l.Store, l.another(opts)}
	checks := 0
	rapid.Check(t, func(t *rapid.T) {
		checks++
		m := &machine{
			lab: l, stores: stores, clock: clock, model: &model{refs: make(map[string]held)},
			world: fmt.Sprint("w", checks, "-"), remembered: make(map[string]memory),
		}
		m.start = must(l.Write(l.Context(), command("", ""), nothing)).Entry
		t.Repeat(map[string]func(*rapid.T){
			"write": m.write, "crowd": m.crowdWrites, "repeat": m.repeat, "clock": m.moveClock, "look": m.look, "": m.sameNow,
		})
		m.sameAlways(t)
	})
}

// model is the record as lists.
type model struct {
	records []*store.Record // every version, in the order of recording
	events  []store.Event
	refs    map[string]held
	order   []string // references in order
}

type held struct {
	store.Personal
	concerns store.Concerns
}

// known returns the last version of every thing that was known at a moment.
func (m *model) known(at kizuna.Moment) map[store.Thing]*store.Record {
	out := make(map[store.Thing]*store.Record)
	for _, r := range m.records {
		if at == 0 || r.Recorded <= at {
			out[r.Thing] = r
		}
	}
	return out
}

func (m *model) list(v store.View, q store.Query) []*store.Record {
	var out []*store.Record
	for _, r := range m.known(v.KnownAt) {
		if q.Matches(r) && v.Scope.Shows(r.Concerns) && (v.AsOf == nil || r.Valid.Contains(*v.AsOf)) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *store.Record) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out
}

func (m *model) history(v store.View, t store.Thing) []*store.Record {
	var out []*store.Record
	for _, r := range m.records {
		if r.Thing == t && v.Scope.Shows(r.Concerns) && (v.KnownAt == 0 || r.Recorded <= v.KnownAt) {
			out = append(out, r)
		}
	}
	return out
}

// versions lists what was recorded of a kind, or of one thing, after an entry.
func (m *model) versions(v store.View, kind store.Kind, id string, after int64) []*store.Record {
	var out []*store.Record
	for _, r := range m.records {
		if r.Kind == kind && (id == "" || r.ID == id) && r.Entry > after && v.Scope.Shows(r.Concerns) && (v.KnownAt == 0 || r.Recorded <= v.KnownAt) {
			out = append(out, r)
		}
	}
	return out
}

func (m *model) due(until kizuna.Instant) []store.Thing {
	var out []*store.Record
	for _, r := range m.known(0) {
		if r.Due != nil && *r.Due <= until {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *store.Record) int {
		return cmp.Or(cmp.Compare(*a.Due, *b.Due), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	var things []store.Thing
	for _, r := range out {
		things = append(things, r.Thing)
	}
	return things
}

// modelTx is a command's view of the model. References, which are random, come
// from what the store gave.
type modelTx struct {
	*model
	seq    int64
	now    kizuna.Moment
	given  []string // references, in order
	answer json.RawMessage
}

func (t *modelTx) Context() context.Context  { return context.Background() }
func (t *modelTx) Now() kizuna.Moment        { return t.now }
func (t *modelTx) NewID() string             { panic("random") }
func (t *modelTx) Load(...store.Thing) error { return nil }
func (t *modelTx) Cite(...kizuna.Hash)       {}
func (t *modelTx) Answer(v any)              { t.answer = json.RawMessage(text(v)) }
func (t *modelTx) FactsOf(string, string) ([]*store.Fact, error) {
	panic("facts have no history to compare")
}

func (t *modelTx) AddFacts(string, iter.Seq2[*store.Fact, error]) error {
	panic("facts have no history to compare")
}

func (t *modelTx) Get(thing store.Thing) (*store.Record, error) {
	if r := t.known(0)[thing]; r != nil {
		return clone(r), nil
	}
	return nil, store.NotFound(thing)
}

func (t *modelTx) Versions(thing store.Thing) ([]*store.Record, error) {
	return t.versions(everything, thing.Kind, thing.ID, 0), nil
}

func (t *modelTx) Find(q store.Query) ([]*store.Record, error) { return t.list(everything, q), nil }

func (t *modelTx) Put(r *store.Record) error {
	var latest int64
	if before := t.known(0)[r.Thing]; before != nil {
		latest = before.Version
	}
	if r.Version != latest+1 {
		return store.Conflict(r.Thing, r.Version-1, latest)
	}
	r.Entry, r.Recorded = t.seq, t.now
	t.records = append(t.records, clone(r))
	return nil
}

func (t *modelTx) Emit(thing store.Thing, c store.Concerns, events ...lifecycle.Event) {
	for _, e := range events {
		n := 0
		if k := len(t.events); k > 0 && t.events[k-1].Entry == t.seq {
			n = t.events[k-1].N + 1
		}
		t.events = append(t.events, store.Event{Entry: t.seq, N: n, Recorded: t.now, Thing: thing, Concerns: c, Event: e})
	}
}

func (t *modelTx) Keep(about string, c store.Concerns, value map[string]string) (string, error) {
	ref := t.given[0]
	t.given = t.given[1:]
	t.refs[ref] = held{store.Personal{Ref: ref, About: about, Value: value}, c}
	t.order = append(t.order, ref)
	return ref, nil
}

func (t *modelTx) Personal(ref string) (store.Personal, bool, error) {
	p, ok := t.refs[ref]
	return p.Personal, ok, nil
}

func (t *modelTx) Erase(about string) ([]string, error) {
	var refs []string
	for ref, p := range t.refs {
		if p.About == about {
			refs = append(refs, ref)
			delete(t.refs, ref)
		}
	}
	return sorted(refs), nil
}

// script is a command that was drawn: it does the same to a store and to the model,
// and notes what it was told.
type script struct {
	steps   []step
	outcome string // "", "error", "panic"
}

type step struct {
	do     string // "put", "stale", "get", "versions", "find", "emit", "keep", "erase", "recall"
	record store.Record
	query  store.Query
	about  string
}

// run returns what the command was told, and the references that it was given.
func (s *script) run(tx store.Tx) (told []any, refs []string, err error) {
	for _, p := range s.steps {
		switch r := clone(&p.record); p.do {
		case "put", "stale": // the next version of what is there, or one that cannot be
			latest, err := tx.Get(r.Thing)
			if err == nil {
				r.Version = latest.Version + 1
			} else if r.Version = 1; !store.IsNotFound(err) {
				return told, refs, err
			}
			if p.do == "stale" {
				r.Version--
			}
			told = append(told, kizuna.CodeOf(tx.Put(r)), r)
		case "get":
			got, err := tx.Get(r.Thing)
			told = append(told, got, kizuna.CodeOf(err))
		case "versions":
			all, err := tx.Versions(r.Thing)
			told = append(told, all, kizuna.CodeOf(err))
		case "find":
			found, err := tx.Find(p.query)
			told = append(told, names(found...), kizuna.CodeOf(err))
		case "emit":
			tx.Emit(r.Thing, r.Concerns, event(p.about), lifecycle.Event{Type: "again", Detail: map[string]string{"about": p.about}})
		case "keep":
			ref, err := tx.Keep(p.about, r.Concerns, map[string]string{"name": string(r.Body)})
			if err != nil {
				return told, refs, err
			}
			refs = append(refs, ref)
		case "erase":
			erased, err := tx.Erase(p.about)
			told = append(told, sorted(erased), kizuna.CodeOf(err))
		case "recall":
			for _, ref := range refs {
				held, ok, err := tx.Personal(ref)
				if ok {
					told = append(told, held)
				}
				told = append(told, ok, kizuna.CodeOf(err))
			}
		}
	}
	tx.Answer(len(told))
	switch s.outcome {
	case "error":
		return told, refs, refusal("no")
	case "panic":
		panic("no")
	}
	return told, refs, nil
}

// machine is one check.
type machine struct {
	*lab
	stores []store.Store
	clock  *fakeClock
	*model
	world      string // precedes all that is this check's own
	start      int64  // the entry before its first
	moments    []kizuna.Moment
	turns      int
	remembered map[string]memory
}

// memory is a key that was used.
type memory struct {
	digest  string
	receipt *store.Receipt
}

func (m *machine) store() store.Store {
	m.turns++
	return m.stores[m.turns%len(m.stores)]
}

func (m *machine) kind(t *rapid.T) store.Kind {
	return store.Kind(m.world + rapid.SampledFrom([]string{"claim", "pal"}).Draw(t, "kind"))
}

var (
	someID    = rapid.SampledFrom([]string{"a", "b", "B", "絆"})
	someone   = rapid.SampledFrom([]string{"", "x", "y"})
	somewhere = rapid.Int64Range(0, 6)
)

func concerns(t *rapid.T) store.Concerns {
	return store.Concerns{
		Tenant: someone.Draw(t, "tenant"), Location: someone.Draw(t, "location"),
		Second: someone.Draw(t, "second"), Subject: someone.Draw(t, "subject"),
	}
}

func (m *machine) record(t *rapid.T) store.Record {
	r := store.Record{Thing: store.Thing{Kind: m.kind(t), ID: someID.Draw(t, "id")}, Concerns: concerns(t)}
	r.Body = fmt.Appendf(nil, `{"n":%d}`, rapid.IntRange(0, 99).Draw(t, "body"))
	if rapid.Bool().Draw(t, "due") {
		due := kizuna.Instant(somewhere.Draw(t, "due at"))
		r.Due = &due
	}
	for range rapid.IntRange(0, 2).Draw(t, "intervals") {
		from := somewhere.Draw(t, "from")
		r.Valid = append(r.Valid, kizuna.Interval{From: kizuna.Instant(from), To: kizuna.Instant(from + somewhere.Draw(t, "length"))})
	}
	r.Valid = kizuna.Union(r.Valid)
	return r
}

func (m *machine) query(t *rapid.T) store.Query {
	return store.Query{
		Kind: m.kind(t), Tenant: someone.Draw(t, "tenant"), Location: someone.Draw(t, "location"), Subject: someone.Draw(t, "subject"),
		After: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "after"), Limit: rapid.IntRange(0, 3).Draw(t, "limit"),
	}
}

func (m *machine) script(t *rapid.T) *script {
	s := &script{outcome: rapid.SampledFrom([]string{"", "", "", "error", "panic"}).Draw(t, "outcome")}
	for range rapid.IntRange(0, 5).Draw(t, "steps") {
		s.steps = append(s.steps, step{
			do:     rapid.SampledFrom([]string{"put", "put", "put", "stale", "get", "versions", "find", "emit", "keep", "erase", "recall"}).Draw(t, "do"),
			record: m.record(t), query: m.query(t), about: m.world + someone.Draw(t, "about"),
		})
	}
	return s
}

// send runs a script on a store.
func (m *machine) send(s store.Store, c store.Command, script *script) (r *store.Receipt, told []any, refs []string, err error) {
	r, err = s.Write(m.Context(), c, func(tx store.Tx) (err error) {
		told, refs, err = script.run(tx)
		return err
	})
	return r, told, refs, err
}

// follow does to the model what a store did, and compares what the command was told.
func (m *machine) follow(t *rapid.T, script *script, r *store.Receipt, told []any, refs []string) {
	tx := &modelTx{model: m.model, seq: r.Entry, now: r.Recorded, given: refs}
	want, _, err := script.run(tx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "what the command was told", told, want)
	equal(t, "its answer", r.Answer, tx.answer)
	if n := len(m.moments); n > 0 && r.Recorded <= m.moments[n-1] {
		t.Fatalf("recorded at %s, after %s", r.Recorded, m.moments[n-1])
	}
	m.moments = append(m.moments, r.Recorded)
}

func (m *machine) write(t *rapid.T) {
	c := command("", rapid.SampledFrom([]string{"", "other"}).Draw(t, "digest"))
	if rapid.Bool().Draw(t, "with key") {
		c.Key = m.world + rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "key")
	}
	script := m.script(t)
	r, told, refs, err := m.send(m.store(), c, script)
	before, known := m.remembered[c.Key]
	switch {
	case known && before.digest != c.Digest:
		equal(t, "the error", kizuna.CodeOf(err), "key-reused")
	case known:
		want := *before.receipt
		want.Repeated = true
		equal(t, "the receipt", r, &want)
	case script.outcome != "":
		equal(t, "the error", kizuna.CodeOf(err), map[string]string{"error": "no", "panic": "store-panic"}[script.outcome])
	case err != nil:
		t.Fatal(err)
	default:
		m.follow(t, script, r, told, refs)
		if c.Key != "" {
			m.remembered[c.Key] = memory{c.Digest, r}
		}
	}
}

// crowdWrites sends several commands at once, to both stores. The receipts tell in
// which order they happened.
func (m *machine) crowdWrites(t *rapid.T) {
	type sent struct {
		script *script
		r      *store.Receipt
		told   []any
		refs   []string
		err    error
	}
	all := make([]*sent, rapid.IntRange(2, 6).Draw(t, "commands"))
	for i := range all {
		all[i] = &sent{script: m.script(t)}
	}
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() {
			s.r, s.told, s.refs, s.err = m.send(m.stores[i%2], command("", ""), s.script)
		})
	}
	wg.Wait()
	for _, s := range all {
		want := map[string]string{"": "", "error": "no", "panic": "store-panic"}[s.script.outcome]
		if kizuna.CodeOf(s.err) != want || (s.err == nil) != (want == "") {
			t.Fatalf("got %v, want %q", s.err, want)
		}
	}
	all = slices.DeleteFunc(all, func(s *sent) bool { return s.err != nil })
	slices.SortFunc(all, func(a, b *sent) int { return cmp.Compare(a.r.Entry, b.r.Entry) })
	for _, s := range all {
		m.follow(t, s.script, s.r, s.told, s.refs)
	}
}

// repeat sends a key again, with the digest it came with.
func (m *machine) repeat(t *rapid.T) {
	if len(m.remembered) == 0 {
		t.Skip("no key was used")
	}
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(m.remembered))).Draw(t, "key")
	before := m.remembered[key]
	r, err := m.store().Write(m.Context(), command(key, before.digest), func(store.Tx) error { return errors.New("it ran again") })
	if err != nil {
		t.Fatal(err)
	}
	want := *before.receipt
	want.Repeated = true
	equal(t, "the receipt", r, &want)
}

func (m *machine) moveClock(t *rapid.T) {
	m.clock.Move(time.Duration(rapid.SampledFrom([]int{-3600, -1, 0, 1, 60, 86400}).Draw(t, "seconds")) * time.Second)
}

// look compares one view, drawn.
func (m *machine) look(t *rapid.T) {
	v := store.View{Scope: store.Scope{All: rapid.Bool().Draw(t, "all")}}
	if !v.Scope.All {
		some := rapid.SliceOfN(someone, 0, 2)
		v.Scope = store.Scope{Tenants: some.Draw(t, "tenants"), Locations: some.Draw(t, "locations"), Subjects: some.Draw(t, "subjects")}
	}
	if rapid.Bool().Draw(t, "as of") {
		at := kizuna.Instant(somewhere.Draw(t, "at"))
		v.AsOf = &at
	}
	if len(m.moments) > 0 && rapid.Bool().Draw(t, "known") {
		v.KnownAt = rapid.SampledFrom(m.moments).Draw(t, "known at") - kizuna.Moment(rapid.IntRange(0, 1).Draw(t, "just before"))
	}
	m.sameFound(t, v, m.query(t))
	m.sameVersions(t, v)
	thing := store.Thing{Kind: m.kind(t), ID: someID.Draw(t, "id")}
	m.sameThing(t, v, thing)
	limit := rapid.IntRange(1, 5).Draw(t, "events")
	m.sameEvents(t, v, limit)
	m.samePeople(t, v)
}

// sameNow compares what is there now.
func (m *machine) sameNow(t *rapid.T) {
	for _, kind := range []string{"claim", "pal"} {
		m.sameFound(t, everything, store.Query{Kind: store.Kind(m.world + kind)})
	}
}

// sameAlways compares what was there at every earlier moment.
func (m *machine) sameAlways(t *rapid.T) {
	for _, at := range append([]kizuna.Moment{0}, m.moments...) {
		for _, kind := range []string{"claim", "pal"} {
			q := store.Query{Kind: store.Kind(m.world + kind)}
			m.sameFound(t, store.View{Scope: store.Everything, KnownAt: at}, q)
			asOf := kizuna.Instant(3)
			m.sameFound(t, store.View{Scope: store.Everything, KnownAt: at, AsOf: &asOf}, q)
		}
	}
	for thing := range m.known(0) {
		m.sameThing(t, everything, thing)
	}
	m.sameEvents(t, everything, 7)
	m.samePeople(t, everything)
	var ours []store.Thing // others' alarms ring as well
	for _, thing := range must(m.Due(m.Context(), 3, 1<<30)) {
		if strings.HasPrefix(string(thing.Kind), m.world) {
			ours = append(ours, thing)
		}
	}
	equal(t, "due", ours, m.due(3))
}

func (m *machine) sameFound(t *rapid.T, v store.View, q store.Query) {
	var found []*store.Record
	for r, err := range m.store().Find(m.Context(), v, q) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, r)
	}
	equal(t, "found by "+text(q)+" in "+text(v), found, m.list(v, q))
}

// sameVersions compares all versions of a kind, those of one thing and those after an entry.
func (m *machine) sameVersions(t *rapid.T, v store.View) {
	kind, id := m.kind(t), someID.Draw(t, "versions of")
	after := m.start + rapid.Int64Range(0, 20).Draw(t, "after entry")
	byID := m.versions(v, kind, "", 0)
	slices.SortStableFunc(byID, func(a, b *store.Record) int { return cmp.Compare(a.ID, b.ID) })
	since := m.versions(v, kind, "", after)
	slices.SortStableFunc(since, func(a, b *store.Record) int { return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.ID, b.ID)) })
	for what, found := range map[string]struct {
		got  iter.Seq2[*store.Record, error]
		want []*store.Record
	}{
		"versions of a kind":      {m.store().Versions(m.Context(), v, kind, ""), byID},
		"versions of " + id:       {m.store().Versions(m.Context(), v, kind, id), m.versions(v, kind, id, 0)},
		"versions after an entry": {m.store().Since(m.Context(), v, kind, after), since},
	} {
		var got []*store.Record
		for r, err := range found.got {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		equal(t, what+" in "+text(v), got, found.want)
	}
}

func (m *machine) sameThing(t *rapid.T, v store.View, thing store.Thing) {
	want := m.known(v.KnownAt)[thing]
	if want != nil && (!v.Scope.Shows(want.Concerns) || v.AsOf != nil && !want.Valid.Contains(*v.AsOf)) {
		want = nil
	}
	got, err := m.store().Get(m.Context(), v, thing)
	if err != nil && !store.IsNotFound(err) {
		t.Fatal(err)
	}
	equal(t, thing.String(), got, want)
	var history []*store.Record
	chapters, err := m.store().History(m.Context(), v, thing)
	if err != nil && !store.IsNotFound(err) {
		t.Fatal(err)
	}
	for _, c := range chapters {
		history = append(history, c.Record)
		if c.Entry.Seq != c.Record.Entry || c.Entry.At != c.Record.Recorded {
			t.Fatalf("a chapter's entry: %s", text(c))
		}
	}
	equal(t, "history of "+thing.String(), history, m.history(v, thing))
}

func (m *machine) sameEvents(t *rapid.T, v store.View, limit int) {
	var got, want []store.Event
	for after := m.start; ; after = got[len(got)-1].Entry {
		page, err := m.store().Events(m.Context(), v, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	for _, e := range m.events {
		if v.Scope.Shows(e.Concerns) {
			want = append(want, e)
		}
	}
	equal(t, "events", got, want)
}

func (m *machine) samePeople(t *rapid.T, v store.View) {
	want := make(map[string]store.Personal)
	for ref, p := range m.refs {
		if v.Scope.ShowsPersonal(p.concerns) {
			want[ref] = p.Personal
		}
	}
	got, err := m.store().Personal(m.Context(), v, m.order)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "people", got, want)
	for _, about := range []string{m.world, m.world + "x", m.world + "y"} {
		of := make(map[string]store.Personal)
		for _, p := range must(m.store().PersonalAbout(m.Context(), v, about)) {
			of[p.Ref] = p
		}
		expected := maps.Clone(want)
		maps.DeleteFunc(expected, func(_ string, p store.Personal) bool { return p.About != about })
		equal(t, "people about "+about, of, expected)
	}
}

func equal(t *rapid.T, what string, got, want any) {
	t.Helper()
	if g, w := text(got), text(want); g != w {
		t.Fatalf("%s:\n got %s\nwant %s", what, g, w)
	}
}
