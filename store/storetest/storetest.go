// Package storetest holds the promises of [store.Store] as tests, for every store
// to pass: what its comments say, in order of the interface; random commands
// against a plain model; writers that are killed; and what a commit costs.
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Open opens a store on one database. Each call is as good as another process.
type Open func(context.Context, store.Options) (store.Store, error)

// Fresh makes an empty database that is up to date, for the time of a test.
type Fresh func(testing.TB) Open

// Run checks every promise, each on a database of its own.
func Run(t *testing.T, fresh Fresh) {
	for _, part := range []struct {
		name     string
		promises []promise
	}{
		{"writes", writes}, {"together", together}, {"reads", reads}, {"told", told},
		{"people", people}, {"facts", facts}, {"processes", processes},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, p := range part.promises {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					p.check(newLab(t, fresh(t), store.Options{}))
				})
			}
		})
	}
}

// A promise is one fact about every store.
type promise struct {
	name  string
	check func(*lab)
}

// lab is a store under test and short ways of using it.
type lab struct {
	*testing.T
	store.Store
	open Open
}

func newLab(t *testing.T, open Open, opts store.Options) *lab {
	t.Helper()
	l := &lab{T: t, open: open}
	l.Store = l.another(opts)
	return l
}

// another opens the database once more, as a second process would.
func (l *lab) another(opts store.Options) store.Store {
	l.Helper()
	s, err := l.open(l.Context(), opts)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() {
		if err := s.Close(); err != nil {
			l.Error(err)
		}
	})
	return s
}

// clerk is who acts where it does not matter.
var clerk = lifecycle.Actor{Role: lifecycle.Operator, ID: "clerk"}

func command(key, digest string) store.Command {
	return store.Command{Key: key, Digest: digest, Actor: clerk, Action: "test.write"}
}

// write runs a command that must succeed.
func (l *lab) write(decide func(store.Tx) error) *store.Receipt {
	l.Helper()
	return l.send(command("", ""), decide)
}

func (l *lab) send(c store.Command, decide func(store.Tx) error) *store.Receipt {
	l.Helper()
	r, err := l.Write(l.Context(), c, decide)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// put records a version that must be the next.
func (l *lab) put(r store.Record) *store.Receipt {
	l.Helper()
	return l.write(func(tx store.Tx) error { return tx.Put(&r) })
}

// refused checks an error's code; "" wants none.
func (l *lab) refused(err error, code string) {
	l.Helper()
	if kizuna.CodeOf(err) != code || (code == "") != (err == nil) {
		l.Errorf("got the error %v, want %q", err, code)
	}
}

// sees checks which version a view shows; 0: none.
func (l *lab) sees(v store.View, t store.Thing, version int64) {
	l.Helper()
	r, err := l.Get(l.Context(), v, t)
	switch {
	case version == 0:
		l.refused(err, "not-found")
	case err != nil:
		l.Errorf("%s: %v, want version %d", t, err, version)
	case r.Version != version:
		l.Errorf("%s: version %d is shown, want %d", t, r.Version, version)
	}
}

var everything = store.View{Scope: store.Everything}

// thing is one of a test's things.
func thing(id string) store.Thing { return store.Thing{Kind: "thing", ID: id} }

// record is a version of a thing that says so.
func record(id string, version int64) store.Record {
	return store.Record{Thing: thing(id), Version: version, Body: fmt.Appendf(nil, `{"id":%q,"version":%d}`, id, version)}
}

// clone copies a record.
func clone(r *store.Record) *store.Record {
	c := *r
	c.Valid, c.Body = slices.Clone(r.Valid), slices.Clone(r.Body)
	if r.Due != nil {
		due := *r.Due
		c.Due = &due
	}
	return &c
}

// refusal is an error of a test's own; no reader ever sees it.
func refusal(code string) error { return &kizuna.Error{Code: code, Message: code} }

// same compares values as they are written in JSON, which is how they are kept.
func (l *lab) same(what string, got, want any) {
	l.Helper()
	if g, w := text(got), text(want); g != w {
		l.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// fakeClock is a clock that tests set.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move goes forward, or back.
func (c *fakeClock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// entry returns what the trail says of a command.
func (l *lab) entry(seq int64) *audit.Entry {
	l.Helper()
	e, err := l.stored(seq).Entry()
	if err != nil {
		l.Fatal(err)
	}
	return e
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
