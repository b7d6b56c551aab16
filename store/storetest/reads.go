package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
)

// reads are promises about what views show.
var reads = []promise{
	{"known at a past moment is what was known then", func(l *lab) {
		var moments []kizuna.Moment
		for version := range int64(4) {
			moments = append(moments, l.put(record("a", version+1)).Recorded)
			l.put(record("other", version+1))
		}
		for i, m := range moments {
			known := store.View{Scope: store.Everything, KnownAt: m}
			l.sees(known, thing("a"), int64(i+1))
			l.finds(known, store.Query{Kind: "thing", After: "a "}, versions("other", i)...)
			history, err := l.History(l.Context(), known, thing("a"))
			if err != nil || len(history) != i+1 {
				l.Errorf("at %s: history %s, %v", m, text(history), err)
			}
			known.KnownAt--
			l.sees(known, thing("a"), int64(i))
		}
		before := store.View{Scope: store.Everything, KnownAt: moments[0] - 1}
		l.finds(before, store.Query{Kind: "thing"})
		_, err := l.History(l.Context(), before, thing("a"))
		l.refused(err, "not-found")
	}},
	{"as of an instant is what holds then", func(l *lab) {
		r := record("a", 1)
		r.Valid = kizuna.Intervals{{From: 10, To: 20}, {From: 30, To: kizuna.Forever}}
		l.put(r)
		first := record("never", 1)
		l.put(first)
		always := record("open", 1)
		always.Valid = kizuna.Intervals{{From: kizuna.Never, To: 15}}
		l.put(always)
		for at, want := range map[kizuna.Instant][]string{
			-1 << 60: {"open/1"}, 9: {"open/1"}, 10: {"a/1", "open/1"}, 14: {"a/1", "open/1"}, 15: {"a/1"}, 19: {"a/1"}, 20: nil, 29: nil, 30: {"a/1"}, 1 << 60: {"a/1"},
		} {
			v := store.View{Scope: store.Everything, AsOf: &at}
			l.finds(v, store.Query{Kind: "thing"}, want...)
			for _, name := range []string{"a", "never", "open"} {
				version := int64(0)
				if slices.Contains(want, name+"/1") {
					version = 1
				}
				l.sees(v, thing(name), version)
			}
		}
		l.finds(everything, store.Query{Kind: "thing"}, "a/1", "never/1", "open/1")
	}},
	{"as of looks at the version that was known, not at others", func(l *lab) {
		r := record("a", 1)
		r.Valid = kizuna.Intervals{{From: 10, To: 20}}
		first := l.put(r)
		r = record("a", 2)
		r.Valid = kizuna.Intervals{{From: 30, To: 40}}
		l.put(r)
		at := kizuna.Instant(15)
		l.sees(store.View{Scope: store.Everything, AsOf: &at}, thing("a"), 0)
		l.sees(store.View{Scope: store.Everything, AsOf: &at, KnownAt: first.Recorded}, thing("a"), 1)
	}},
	{"a scope shows what concerns its own, and what concerns nobody", func(l *lab) {
		for name, c := range map[string]store.Concerns{
			"nobody": {}, "tenant": {Tenant: "x"}, "location": {Location: "x"}, "second": {Second: "x"}, "subject": {Subject: "x"},
			"more": {Tenant: "x", Location: "y", Second: "z", Subject: "w"}, "none": {Tenant: "q"},
		} {
			r := record(name, 1)
			r.Concerns = c
			l.write(func(tx store.Tx) error {
				tx.Emit(r.Thing, c, event(name))
				_, err := tx.Keep("somebody", c, map[string]string{"name": name})
				return errors.Join(err, tx.Put(&r))
			})
		}
		for want, scope := range map[string]store.Scope{
			"nobody":                      {},
			"more nobody tenant":          {Tenants: []string{"other", "x"}},
			"location nobody second":      {Locations: []string{"x"}},
			"more nobody":                 {Locations: []string{"z"}},
			"nobody subject":              {Subjects: []string{"x"}},
			"location more nobody second": {Locations: []string{"x", "y"}},
			"more nobody none":            {Tenants: []string{"q"}, Subjects: []string{"w"}},
			" nobody":                     {Tenants: []string{""}, Locations: []string{""}, Subjects: []string{""}},
			"location more nobody none second subject tenant": store.Everything,
		} {
			v, names := store.View{Scope: scope}, strings.Fields(want)
			var found []string
			for _, name := range names {
				found = append(found, name+"/1")
			}
			l.finds(v, store.Query{Kind: "thing"}, found...)
			for _, name := range []string{"nobody", "tenant", "location", "second", "subject", "more", "none"} {
				shown := slices.Contains(names, name)
				version := int64(0)
				if shown {
					version = 1
				}
				l.sees(v, thing(name), version)
				_, err := l.History(l.Context(), v, thing(name))
				l.refused(err, map[bool]string{true: "", false: "not-found"}[shown])
			}
			told, known := []string{}, []string{}
			for _, e := range must(l.Events(l.Context(), v, 0, 100)) {
				told = append(told, e.Type)
			}
			for _, p := range must(l.PersonalAbout(l.Context(), v, "somebody")) {
				known = append(known, p.Value["name"])
			}
			slices.Sort(told)
			slices.Sort(known)
			l.same("events", told, names)
			// Personal data that concerns nobody is not for everybody's eyes.
			people := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "nobody" && !scope.All })
			l.same("people", known, people)
		}
	}},
	{"the latest moment is the last command's", func(l *lab) {
		l.same("before any", must(l.Latest(l.Context())), kizuna.Moment(0))
		for i := range 3 {
			written := l.put(record(fmt.Sprint("a", i), 1)).Recorded
			l.same("after one", must(l.Latest(l.Context())), written)
		}
	}},
	{"the head is the last command's entry, now or as it was known", func(l *lab) {
		head := func(known kizuna.Moment, entry int64, at kizuna.Moment) {
			l.Helper()
			if e, m, err := l.Head(l.Context(), known); e != entry || m != at || err != nil {
				l.Errorf("the head at %d is %d of %d, want %d of %d, %v", known, e, m, entry, at, err)
			}
		}
		head(0, 0, 0)
		first, second := l.put(record("a", 1)), l.put(record("b", 1))
		head(0, second.Entry, second.Recorded)
		head(second.Recorded, second.Entry, second.Recorded)
		head(second.Recorded-1, first.Entry, first.Recorded)
		head(first.Recorded-1, 0, 0)
		l.write(nothing) // it leaves an entry, and no events
		head(0, second.Entry+1, must(l.Latest(l.Context())))
	}},
	{"an entry's hash is that of the trail", func(l *lab) {
		first, second := l.put(record("a", 1)), l.put(record("b", 1))
		for _, entry := range []int64{first.Entry, second.Entry} {
			hash, ok, err := l.EntryHash(l.Context(), entry)
			if want := l.stored(entry).Hash; hash != want || !ok || err != nil {
				l.Errorf("entry %d: %s, %v, %v, want %s", entry, hash, ok, err, want)
			}
		}
		if _, ok, err := l.EntryHash(l.Context(), second.Entry+1); ok || err != nil {
			l.Errorf("%v, %v", ok, err)
		}
	}},
	{"what is not there and what is not shown are told alike", func(l *lab) {
		r := record("a", 1)
		r.Concerns.Tenant = "x"
		l.put(r)
		_, hidden := l.Get(l.Context(), store.View{}, thing("a"))
		_, missing := l.Get(l.Context(), everything, thing("b"))
		if hidden == nil || missing == nil || strings.ReplaceAll(hidden.Error(), `"a"`, `"b"`) != missing.Error() {
			l.Errorf("%v, but %v", hidden, missing)
		}
	}},
	{"a thing that passes to another is hidden from the one before", func(l *lab) {
		r := record("a", 1)
		r.Concerns.Tenant = "x"
		first := l.put(r)
		r = record("a", 2)
		r.Concerns.Tenant = "y"
		l.put(r)
		x, y := store.Scope{Tenants: []string{"x"}}, store.Scope{Tenants: []string{"y"}}
		l.sees(store.View{Scope: x}, thing("a"), 0)
		l.sees(store.View{Scope: y}, thing("a"), 2)
		l.sees(store.View{Scope: x, KnownAt: first.Recorded}, thing("a"), 1)
		l.sees(store.View{Scope: y, KnownAt: first.Recorded}, thing("a"), 0)
		l.finds(store.View{Scope: x}, store.Query{Kind: "thing", Tenant: "x"})
		chapters, err := l.History(l.Context(), store.View{Scope: y}, thing("a"))
		if err != nil || len(chapters) != 1 || chapters[0].Record.Version != 2 {
			l.Errorf("history %s, %v", text(chapters), err)
		}
	}},
	{"Find filters, orders and pages", func(l *lab) {
		all := []store.Record{
			{Thing: thing("B"), Concerns: store.Concerns{Tenant: "t", Location: "l", Subject: "s"}},
			{Thing: thing("a"), Concerns: store.Concerns{Tenant: "t", Second: "l"}},
			{Thing: thing("b"), Concerns: store.Concerns{Tenant: "u", Location: "m", Second: "l"}},
			{Thing: thing("c"), Concerns: store.Concerns{Subject: "s"}},
			{Thing: thing("z"), Concerns: store.Concerns{}},
			{Thing: thing("あ"), Concerns: store.Concerns{Tenant: "t"}},
			{Thing: store.Thing{Kind: "other", ID: "a"}, Concerns: store.Concerns{Tenant: "t"}},
		}
		queries := map[string]store.Query{
			"B/1 a/1 b/1 c/1 z/1 あ/1": {Kind: "thing"},
			"B/1 a/1 あ/1":             {Kind: "thing", Tenant: "t"},
			"B/1 a/1 b/1":             {Kind: "thing", Location: "l"},
			"b/1":                     {Kind: "thing", Location: "m"},
			"B/1 c/1":                 {Kind: "thing", Subject: "s"},
			"B/1":                     {Kind: "thing", Tenant: "t", Location: "l", Subject: "s"},
			"":                        {Kind: "none"},
			" ":                       {Kind: "thing", Tenant: "none"},
			"b/1 c/1 z/1 あ/1":         {Kind: "thing", After: "a"},
			"a/1 b/1":                 {Kind: "thing", After: "Z", Limit: 2},
			"a/1 あ/1":                 {Kind: "thing", Tenant: "t", After: "B"},
			"B/1 a/1 b/1 あ/1 ":        {Kind: "thing", Tenants: []string{"u", "t", "", "none", "\x00"}},
			"B/1 c/1 ":                {Kind: "thing", Subjects: []string{"s", ""}},
			"B/1 a/1 a/1 あ/1":         {Kind: "thing", Also: []store.Kind{"other", "none"}, Tenant: "t"},
			"c/1":                     {Kind: "thing", Subjects: []string{"s"}, After: "b"},
			"B/1 ":                    {Kind: "thing", Tenants: []string{"t"}, Subjects: []string{"s"}},
			"  ":                      {Kind: "thing", Tenants: []string{}},
			"   ":                     {Kind: "thing", Subjects: []string{""}},
		}
		check := func(name string, find func(store.Query) []string) {
			for want, q := range queries {
				l.same(name+" "+text(q), find(q), append([]string{}, strings.Fields(want)...))
			}
		}
		l.write(func(tx store.Tx) error {
			for _, i := range []int{4, 1, 6, 0, 5, 3, 2} {
				r := all[i]
				r.Version, r.Body = 1, []byte(`{}`)
				if err := tx.Put(&r); err != nil {
					return err
				}
			}
			check("own writes", func(q store.Query) []string { return names(must(tx.Find(q))...) })
			return nil
		})
		check("a transaction", func(q store.Query) (found []string) {
			l.write(func(tx store.Tx) error {
				found = names(must(tx.Find(q))...)
				return nil
			})
			return found
		})
		check("a view", func(q store.Query) []string { return l.find(everything, q) })
	}},
	{"Find in a command sees its writes in the place of what was", func(l *lab) {
		for _, name := range []string{"a", "b", "c"} {
			r := record(name, 1)
			r.Concerns.Tenant = "t"
			l.put(r)
		}
		l.write(func(tx store.Tx) error {
			left, came := record("b", 2), record("aa", 1)
			came.Concerns.Tenant = "t"
			if err := errors.Join(tx.Put(&left), tx.Put(&came)); err != nil {
				return err
			}
			q := store.Query{Kind: "thing", Tenant: "t"}
			l.same("found", names(must(tx.Find(q))...), []string{"a/1", "aa/1", "c/1"})
			q.Limit, q.After = 1, "a"
			l.same("found", names(must(tx.Find(q))...), []string{"aa/1"})
			return nil
		})
	}},
	{"only the latest version is found", func(l *lab) {
		r := record("a", 1)
		r.Concerns.Tenant = "x"
		first := l.put(r)
		r = record("a", 2)
		r.Concerns.Tenant = "y"
		l.put(r)
		l.finds(everything, store.Query{Kind: "thing", Tenant: "x"})
		l.finds(everything, store.Query{Kind: "thing", Tenant: "y"}, "a/2")
		l.finds(store.View{Scope: store.Everything, KnownAt: first.Recorded}, store.Query{Kind: "thing", Tenant: "x"}, "a/1")
	}},
	{"a limit counts what the view shows", func(l *lab) {
		for i := range 10 {
			r := record(id(i), 1)
			if i%2 == 1 {
				r.Valid, r.Concerns.Tenant = kizuna.Intervals{kizuna.Always}, "x"
			}
			l.put(r)
		}
		at := kizuna.Instant(0)
		l.finds(store.View{Scope: store.Everything, AsOf: &at}, store.Query{Kind: "thing", Limit: 2}, "b/1", "d/1")
		l.finds(store.View{}, store.Query{Kind: "thing", Limit: 2, After: "a"}, "c/1", "e/1")
	}},
	{"one who reads may read something else meanwhile", func(l *lab) {
		s := l.another(store.Options{Connections: 1})
		for i := range 3 {
			l.put(record(id(i), 1))
		}
		q := store.Query{Kind: "thing"}
		read := 0
		for range s.Find(l.Context(), everything, q) {
			for range s.Find(l.Context(), everything, q) {
				for r := range s.Find(l.Context(), everything, q) {
					if _, err := s.Get(l.Context(), everything, r.Thing); err != nil {
						l.Fatal(err)
					}
					read++
				}
			}
		}
		if read != 27 {
			l.Errorf("read %d", read)
		}
	}},
	{"whoever stops reading early holds nothing up", func(l *lab) {
		for i := range 10 {
			l.put(record(id(i), 1))
		}
		for range 50 {
			for r, err := range l.Find(l.Context(), everything, store.Query{Kind: "thing"}) {
				if err != nil || r.ID != "a" {
					l.Fatal(r, err)
				}
				break
			}
		}
	}},
	{"a cancelled reader is told so", func(l *lab) {
		l.put(record("a", 1))
		ctx, cancel := context.WithCancel(l.Context())
		cancel()
		for _, err := range l.Find(ctx, everything, store.Query{Kind: "thing"}) {
			if !errors.Is(err, context.Canceled) {
				l.Errorf("got %v", err)
			}
		}
		for name, err := range map[string]error{
			"History": second(l.History(ctx, everything, thing("a"))), "Due": second(l.Due(ctx, 0, 1)), "Events": second(l.Events(ctx, everything, 0, 1)),
		} {
			if !errors.Is(err, context.Canceled) {
				l.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"history tells what was done by whom", func(l *lab) {
		c := command("key", "")
		c.Behalf, c.Reason = "partner:l", "because"
		r, file := record("a", 1), kizuna.HashOf([]byte("file"))
		l.send(c, func(tx store.Tx) error {
			tx.Cite(file, file)
			return tx.Put(&r)
		})
		chapters, err := l.History(l.Context(), everything, thing("a"))
		if err != nil || len(chapters) != 1 {
			l.Fatal(chapters, err)
		}
		e := chapters[0].Entry
		l.same("the record", chapters[0].Record, &r)
		if e.Seq != r.Entry || e.At != r.Recorded || e.Actor != clerk.String() || e.Behalf != c.Behalf || e.Action != c.Action ||
			e.Reason != c.Reason || e.Key != kizuna.HashOf([]byte(c.Key)) || len(e.Things) != 1 || len(e.Blobs) != 1 || e.Blobs[0] != file {
			l.Errorf("entry %s", text(e))
		}
		if thing := e.Things[0]; thing.Kind != "thing" || thing.ID != "a" || thing.Version != 1 || thing.SHA256 != r.Digest() {
			l.Errorf("entry %s", text(e))
		}
	}},
}

// find lists what a view shows, as id/version.
func (l *lab) find(v store.View, q store.Query) []string {
	l.Helper()
	var found []*store.Record
	for r, err := range l.Find(l.Context(), v, q) {
		if err != nil {
			l.Fatal(err)
		}
		found = append(found, r)
	}
	return names(found...)
}

func (l *lab) finds(v store.View, q store.Query, want ...string) {
	l.Helper()
	l.same("found", l.find(v, q), append([]string{}, want...))
}

func names(records ...*store.Record) []string {
	out := []string{}
	for _, r := range records {
		out = append(out, r.ID+"/"+text(r.Version))
	}
	return out
}

// versions names the one version that is found of a thing that is written after
// another: none at first.
func versions(id string, n int) []string {
	if n == 0 {
		return nil
	}
	return []string{id + "/" + text(n)}
}

func second[T any](_ T, err error) error { return err }
