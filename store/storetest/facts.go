package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/kizuna-org/kizuna/store"
)

// facts are promises about the rows of imported files.
var facts = []promise{
	{"rows come back in order", func(l *lab) {
		const n = 1300
		l.refused(l.importFile("f", rows(n, nil)), "")
		l.refused(l.importFile("g", rows(1, nil)), "")
		l.refused(l.importFile("empty", rows(0, nil)), "")
		got := l.facts(everything, "f")
		if len(got) != n {
			l.Fatalf("%d rows", len(got))
		}
		for i, f := range got {
			want := fact(i)
			want.File, want.N = "f", int64(i)
			l.same("row", f, want)
		}
		if got := l.facts(store.View{Scope: store.Scope{Tenants: []string{"1"}}}, "f"); len(got) != n/10 || got[0].N != 1 {
			l.Errorf("a scope shows %d rows", len(got))
		}
		for _, none := range []string{"empty", "none"} {
			if got := l.facts(everything, none); len(got) != 0 {
				l.Errorf("%s has %d rows", none, len(got))
			}
		}
		digest := store.NewFactDigester()
		for i := range n {
			digest.Add(fact(i))
		}
		if e := l.entry(1); len(e.Facts) != 1 || e.Facts[0].File != "f" || e.Facts[0].Rows != n || e.Facts[0].SHA256 != digest.Sum() {
			l.Errorf("entry %s", text(e))
		}
	}},
	{"rows are found by what they are about", func(l *lab) {
		l.refused(l.importFile("f", rows(12, nil)), "")
		l.refused(l.importFile("g", rows(3, nil)), "")
		places := func(v store.View, table, key string) (out []string) {
			for f, err := range l.FactsOf(l.Context(), v, table, key) {
				l.refused(err, "")
				out = append(out, fmt.Sprint(f.File, f.N))
			}
			return out
		}
		want := []string{"g1", "f1", "f11"} // what was recorded last comes first
		l.same("places", places(everything, "claims", "1"), want)
		l.same("places", places(store.View{Scope: store.Scope{Tenants: []string{"2"}}}, "claims", "1"), []string(nil))
		l.same("places", places(everything, "other", "1"), []string(nil))
		l.same("places", places(everything, "claims", ""), []string(nil))
		l.write(func(tx store.Tx) error {
			found, err := tx.FactsOf("claims", "1")
			if err == nil && len(found) != len(want) {
				l.Errorf("a command finds %d rows", len(found))
			}
			return err
		})
	}},
	{"rows are found by the tenants that they concern", func(l *lab) {
		l.refused(l.importFile("f", rows(12, nil)), "")
		l.refused(l.importFile("g", rows(3, nil)), "")
		places := func(v store.View, table string, tenants ...string) (out []string) {
			for f, err := range l.FactsAbout(l.Context(), v, []string{"more", table}, tenants) {
				l.refused(err, "")
				out = append(out, fmt.Sprint(f.File, f.N))
			}
			return out
		}
		l.same("places", places(everything, "claims", "1", "2", "none", "", "\x00"), []string{"g1", "g2", "f1", "f2", "f11"})
		l.same("places", places(store.View{Scope: store.Scope{Tenants: []string{"2"}}}, "claims", "1", "2"), []string{"g2", "f2"})
		l.same("places", places(everything, "other", "1"), []string(nil))
		l.same("places", places(everything, "claims"), []string(nil))
		l.same("places", places(everything, "claims", ""), []string(nil))
	}},
	{"rows are recorded by a command of their own", func(l *lab) {
		_, err := l.Write(l.Context(), command("", ""), func(tx store.Tx) error { return tx.AddFacts("f", rows(1, nil)) })
		l.refused(err, "facts-alone")
	}},
	{"all rows or none", func(l *lab) {
		bad := refusal("bad-row")
		l.refused(l.importFile("f", rows(700, bad)), "bad-row")
		if got := l.facts(everything, "f"); len(got) != 0 {
			l.Errorf("%d rows", len(got))
		}
		// A command that goes on as if nothing had happened does not get around that.
		_, err := l.Write(l.Context(), alone(), func(tx store.Tx) error {
			_ = tx.AddFacts("f", rows(700, bad))
			return nil
		})
		l.refused(err, "bad-row")
		_, err = l.Write(l.Context(), alone(), func(tx store.Tx) error {
			return errors.Join(tx.AddFacts("f", rows(700, nil)), bad)
		})
		l.refused(err, "bad-row")
		_, err = l.Write(l.Context(), alone(), func(tx store.Tx) error {
			return tx.AddFacts("f", func(yield func(*store.Fact, error) bool) {
				rows(700, nil)(yield)
				panic("no")
			})
		})
		l.refused(err, "store-panic")
		if got := l.facts(everything, "f"); len(got) != 0 {
			l.Errorf("%d rows", len(got))
		}
		l.refused(l.importFile("f", rows(700, nil)), "")
	}},
	{"a row that cannot be kept is refused by itself", func(l *lab) {
		for _, f := range []*store.Fact{
			{Table: "claims", Body: []byte("\"\xff\"")}, {Table: "claims", Body: []byte(`{`)}, {Table: "claims\x00", Body: []byte(`{}`)},
		} {
			l.refused(l.importFile("f", func(yield func(*store.Fact, error) bool) { yield(f, nil) }), "record")
		}
	}},
	{"a file's rows are recorded once", func(l *lab) {
		l.refused(l.importFile("f", rows(3, nil)), "")
		l.refused(l.importFile("f", rows(3, nil)), "facts-twice")
		if got := l.facts(everything, "f"); len(got) != 3 {
			l.Errorf("%d rows", len(got))
		}
	}},
	{"an import can be cancelled", func(l *lab) {
		ctx, cancel := context.WithCancel(l.Context())
		_, err := l.Write(ctx, alone(), func(tx store.Tx) error {
			return tx.AddFacts("f", func(yield func(*store.Fact, error) bool) {
				for i := range 100000 {
					if i == 1000 {
						cancel()
					}
					if !yield(fact(i), nil) {
						return
					}
				}
				l.Error("it went on")
			})
		})
		if !errors.Is(err, context.Canceled) {
			l.Errorf("got %v", err)
		}
		if got := l.facts(everything, "f"); len(got) != 0 {
			l.Errorf("%d rows", len(got))
		}
	}},
}

func alone() store.Command {
	c := command("", "")
	c.Alone = true
	return c
}

func (l *lab) importFile(file string, rows iter.Seq2[*store.Fact, error]) error {
	_, err := l.Write(l.Context(), alone(), func(tx store.Tx) error { return tx.AddFacts(file, rows) })
	return err
}

func (l *lab) facts(v store.View, file string) (out []*store.Fact) {
	l.Helper()
	for f, err := range l.Facts(l.Context(), v, file) {
		if err != nil {
			l.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// rows gives n rows, and then an error if there is one.
func rows(n int, err error) iter.Seq2[*store.Fact, error] {
	return func(yield func(*store.Fact, error) bool) {
		for i := range n {
			if !yield(fact(i), nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func fact(i int) *store.Fact {
	key := fmt.Sprint(i % 10)
	return &store.Fact{Table: "claims", Key: key, Concerns: store.Concerns{Tenant: key}, Body: fmt.Appendf(nil, `{"n":%d}`, i)}
}
