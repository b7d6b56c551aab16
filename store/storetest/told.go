package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// told are promises about the outbox and the alarms.
var told = []promise{
	{"events come in order, each once", func(l *lab) {
		var want []store.Event
		c := store.Concerns{Tenant: "t", Location: "l", Second: "s", Subject: "u"}
		for i := range 5 {
			happened := []lifecycle.Event{
				{Type: fmt.Sprint(i), Detail: map[string]string{"from": "絆"}}, {Type: "plain"}, {Type: "third"},
			}
			r := l.write(func(tx store.Tx) error {
				tx.Emit(thing("a"), c, happened[:2]...)
				tx.Emit(thing("b"), store.Concerns{}, happened[2])
				return nil
			})
			for n, e := range happened {
				of, concerns := thing("a"), c
				if n == 2 {
					of, concerns = thing("b"), store.Concerns{}
				}
				want = append(want, store.Event{Entry: r.Entry, N: n, Recorded: r.Recorded, Thing: of, Concerns: concerns, Event: e})
			}
			l.write(nothing) // an entry without events
		}
		l.same("all", must(l.Events(l.Context(), everything, 0, 100)), want)
		for _, limit := range []int{1, 2, 3, 4, 7} {
			l.same(fmt.Sprint("pages of ", limit), l.paged(everything, limit), want)
		}
		shown := slices.DeleteFunc(slices.Clone(want), func(e store.Event) bool { return e.N != 2 })
		l.same("what the scope shows", l.paged(store.View{}, 2), shown)
		l.same("after the last", must(l.Events(l.Context(), everything, want[14].Entry, 100)), []store.Event(nil))
	}},
	{"what is hidden takes no place on a page", func(l *lab) {
		for i := range 20 {
			l.write(func(tx store.Tx) error {
				tx.Emit(thing("a"), store.Concerns{Tenant: fmt.Sprint(i / 10)}, event("happened"))
				return nil
			})
		}
		v := store.View{Scope: store.Scope{Tenants: []string{"1"}}}
		if got := must(l.Events(l.Context(), v, 0, 3)); len(got) != 3 {
			l.Errorf("%d events on the first page", len(got))
		}
		if got := l.paged(v, 3); len(got) != 10 {
			l.Errorf("%d events on all pages", len(got))
		}
	}},
	{"a page holds whole entries", func(l *lab) {
		l.write(func(tx store.Tx) error {
			tx.Emit(thing("a"), store.Concerns{}, slices.Repeat([]lifecycle.Event{event("happened")}, 10)...)
			return nil
		})
		if got := must(l.Events(l.Context(), everything, 0, 3)); len(got) != 10 {
			l.Errorf("%d of an entry's 10 events", len(got))
		}
	}},
	{"alarms follow the latest version", func(l *lab) {
		at := func(name string, version int64, due kizuna.Instant) {
			r := record(name, version)
			if due != 0 {
				r.Due = &due
			}
			l.put(r)
		}
		due := func(until kizuna.Instant, limit int, want ...string) {
			l.Helper()
			var got []string
			for _, t := range must(l.Due(l.Context(), until, limit)) {
				got = append(got, t.ID)
			}
			l.same(fmt.Sprint("due until ", until), got, want)
		}
		at("c", 1, 20)
		at("b", 1, 10)
		at("a", 1, 10)
		at("none", 1, 0)
		due(9, 10)
		due(10, 10, "a", "b")
		due(100, 10, "a", "b", "c")
		due(100, 2, "a", "b")
		at("a", 2, 30)
		at("b", 2, 0)
		at("none", 2, 5)
		due(20, 10, "none", "c")
		due(30, 10, "none", "c", "a")
		at("b", 3, 1)
		due(1, 10, "b")
		// Several versions in one command: the last counts.
		l.write(func(tx store.Tx) error {
			early := kizuna.Instant(2)
			x, y := record("b", 4), record("b", 5)
			x.Due = &early
			return errors.Join(tx.Put(&x), tx.Put(&y))
		})
		due(3, 10)
	}},
}

// paged reads all events, page by page.
func (l *lab) paged(v store.View, limit int) (all []store.Event) {
	l.Helper()
	for after := int64(0); ; after = all[len(all)-1].Entry {
		page := must(l.Events(l.Context(), v, after, limit))
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

func event(name string) lifecycle.Event { return lifecycle.Event{Type: name} }
