package storetest

import (
	"bytes"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// people are promises about personal data.
var people = []promise{
	{"what is kept is held until it is erased", func(l *lab) {
		var refs []string
		keep := func(about string, c store.Concerns, name string) {
			l.write(func(tx store.Tx) error {
				ref, err := tx.Keep(about, c, map[string]string{"name": name})
				if err != nil {
					return err
				}
				refs = append(refs, ref)
				p, ok, err := tx.Personal(ref)
				l.same("in its own command", p, store.Personal{Ref: ref, About: about, Value: map[string]string{"name": name}})
				if !ok {
					l.Error("it is not there")
				}
				return err
			})
		}
		keep("x", store.Concerns{}, "絆")
		keep("x", store.Concerns{Tenant: "t"}, "second")
		keep("y", store.Concerns{}, "other")

		got := must(l.Personal(l.Context(), everything, append(refs, "none")))
		if len(got) != 3 || got[refs[0]].Value["name"] != "絆" || got[refs[1]].About != "x" {
			l.Errorf("held: %s", text(got))
		}
		if got := must(l.Personal(l.Context(), store.View{}, refs)); len(got) != 0 {
			l.Errorf("a scope shows %s", text(got))
		}
		if got := must(l.Personal(l.Context(), store.View{Scope: store.Scope{Tenants: []string{"t"}}}, refs)); len(got) != 1 || got[refs[1]].Ref == "" {
			l.Errorf("the scope of one shows %s", text(got))
		}
		if got := must(l.PersonalAbout(l.Context(), everything, "x")); len(got) != 2 {
			l.Errorf("about x: %s", text(got))
		}

		hashes := l.entry(1).Personal
		var erased []string
		l.write(func(tx store.Tx) error {
			var err error
			erased, err = tx.Erase("x")
			l.same("erased", sorted(erased), sorted(refs[:2]))
			for i, ref := range refs {
				if _, ok, err := tx.Personal(ref); ok != (i == 2) || err != nil {
					l.Errorf("in the command that erases: %d is there: %t, %v", i, ok, err)
				}
			}
			return err
		})
		if got := must(l.Personal(l.Context(), everything, refs)); len(got) != 1 || got[refs[2]].About != "y" {
			l.Errorf("left: %s", text(got))
		}
		for _, about := range []string{"x", ""} {
			if got := must(l.PersonalAbout(l.Context(), everything, about)); len(got) != 0 {
				l.Errorf("about %q: %s", about, text(got))
			}
		}
		l.same("the entry that recorded it", l.entry(1).Personal, hashes)
		l.same("the entry that erased it", l.entry(4).Erased, []audit.Subject{
			{Class: audit.ClassPersonal, ID: erased[0]}, {Class: audit.ClassPersonal, ID: erased[1]},
		})
		l.write(func(tx store.Tx) error {
			if _, ok, err := tx.Personal(refs[0]); ok || err != nil {
				l.Errorf("it is there: %t, %v", ok, err)
			}
			again, err := tx.Erase("x")
			l.same("erased again", again, []string(nil))
			return err
		})
	}},
	{"the trail holds no names", func(l *lab) {
		l.write(func(tx store.Tx) error {
			_, err := tx.Keep("person@example.com", store.Concerns{}, map[string]string{"name": "Hanako"})
			return err
		})
		first, e := l.stored(1), l.entry(1)
		if len(e.Personal) != 1 || e.Personal[0].SHA256 == (kizuna.Hash{}) {
			l.Errorf("entry %s", first.Canonical)
		}
		for _, secret := range []string{"person@example.com", "Hanako"} {
			if bytes.Contains(first.Canonical, []byte(secret)) {
				l.Errorf("entry %s", first.Canonical)
			}
		}
	}},
	{"two who are alike have different hashes", func(l *lab) {
		l.write(func(tx store.Tx) error {
			for range 2 {
				if _, err := tx.Keep("x", store.Concerns{}, map[string]string{"name": "N"}); err != nil {
					return err
				}
			}
			return nil
		})
		if p := l.entry(1).Personal; p[0].SHA256 == p[1].SHA256 {
			l.Error("whoever knows a name could find it")
		}
	}},
	{"what is kept and erased at once is gone", func(l *lab) {
		var ref string
		l.write(func(tx store.Tx) (err error) {
			if ref, err = tx.Keep("x", store.Concerns{}, map[string]string{"name": "N"}); err != nil {
				return err
			}
			erased, err := tx.Erase("x")
			l.same("erased", erased, []string{ref})
			return err
		})
		if got := must(l.Personal(l.Context(), everything, []string{ref})); len(got) != 0 {
			l.Errorf("held: %s", text(got))
		}
	}},
	{"an erasure that fails erases nothing", func(l *lab) {
		l.write(func(tx store.Tx) error {
			_, err := tx.Keep("x", store.Concerns{}, map[string]string{"name": "N"})
			return err
		})
		_, err := l.Write(l.Context(), command("", ""), func(tx store.Tx) error {
			if _, err := tx.Erase("x"); err != nil {
				return err
			}
			return store.NotFound(thing("a"))
		})
		l.refused(err, "not-found")
		if got := must(l.PersonalAbout(l.Context(), everything, "x")); len(got) != 1 {
			l.Errorf("held: %s", text(got))
		}
	}},
	{"many references at once", func(l *lab) {
		const n = 1200
		var refs []string
		l.write(func(tx store.Tx) error {
			for range n {
				ref, err := tx.Keep("x", store.Concerns{}, map[string]string{"name": "N"})
				if err != nil {
					return err
				}
				refs = append(refs, ref)
			}
			return nil
		})
		if got := must(l.Personal(l.Context(), everything, refs)); len(got) != n {
			l.Errorf("%d of %d", len(got), n)
		}
	}},
}

// stored returns an entry as it is stored.
func (l *lab) stored(seq int64) audit.StoredEntry {
	l.Helper()
	for e, err := range must(l.Trail(l.Context())).Entries {
		if err != nil {
			l.Fatal(err)
		}
		if e.Seq == seq {
			return e
		}
	}
	l.Fatalf("there is no entry %d", seq)
	return audit.StoredEntry{}
}
