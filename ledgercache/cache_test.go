package ledgercache_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/ledgercache"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// world is a record of memberships with a clock that is set by hand.
type world struct {
	*record.Record
	store store.Store
	dir   string // of the cache
	now   time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: kizuna.NewDate(2023, 1, 1).Time()}
	clock := func() time.Time { return w.now }
	file := filepath.Join(t.TempDir(), "store.db")
	db, err := sqlite.Open(t.Context(), file, store.Options{Clock: clock, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	w.Record, w.store, w.dir = record.New(db, nil, "mcpp", programs, record.WithClock(clock)), db, file+".cache"
	for i := range 5 {
		if _, err := w.OpenAccount(t.Context(), operator, account(i), ""); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

var operator = record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Operator, ID: "ops"}}

// account names accounts so that ids, which are folded, come in another order than
// they are opened in.
func account(i int) string { return fmt.Sprint(string(rune('Z'-i)), "-", i) }

type failing interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// qualify records a decision, and now and then a payment; what is refused is not.
func (w *world) qualify(t failing, i int, area string, points int64) {
	t.Helper()
	on := kizuna.MomentOf(w.now).Instant().Date()
	_, err := w.Qualify(context.Background(), operator, account(i), []membership.Finding{{
		Area: area, On: on, Total: kizuna.Int(points), Qualified: points >= 70, Program: "mcpp@2022-10",
		Digest: "sha256:" + kizuna.HashOf(fmt.Append(nil, i, on)).String(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if points%2 == 0 {
		if _, err := w.Enroll(context.Background(), operator, account(i), record.Payment{Note: "R-1"}); err != nil && kizuna.CodeOf(err) == "" {
			t.Fatal(err)
		}
	}
}

// stands is how all companies stand on a day by a fleet, and their census.
func (w *world) stands(t failing, c *ledgercache.Cache, v store.View, day kizuna.Date) (all string, notes []string) {
	t.Helper()
	rules, err := w.MembershipRules()
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Open(context.Background(), w.Record, v)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, n := range f.Notes {
		notes = append(notes, n.Code)
	}
	counted := rules.NewCensus(day)
	for s, err := range record.Standings(f.All(context.Background()), rules, day) {
		if err != nil {
			t.Fatal(err)
		}
		counted.Count(s)
		all += said(s) + "\n"
	}
	census, err := f.Census(context.Background(), rules, day, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := said(census), said(counted); a != b {
		t.Fatalf("the census is %s, counted one by one %s", a, b)
	}
	return all, notes
}

func said(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

var everything = store.View{Scope: store.Everything}

// What the cache tells is what the record tells, of every day and of every moment,
// however often something is recorded in between and however packs are made.
func TestTheCacheTellsWhatTheRecordTells(t *testing.T) {
	w := newWorld(t)
	var moments []kizuna.Moment
	rapid.Check(t, func(t *rapid.T) {
		cache := &ledgercache.Cache{Dir: w.dir, Renew: rapid.IntRange(1, 4).Draw(t, "renew"), Whole: rapid.Bool().Draw(t, "whole")}
		for range rapid.IntRange(0, 4).Draw(t, "commands") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "hours")) * time.Hour)
			w.qualify(t, rapid.IntRange(0, 4).Draw(t, "account"), rapid.SampledFrom([]string{"security", "data-ai"}).Draw(t, "area"), rapid.Int64Range(60, 80).Draw(t, "points"))
			latest, err := w.store.Latest(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			moments = append(moments, latest)
		}
		v := everything
		if len(moments) > 0 && rapid.Bool().Draw(t, "earlier") {
			v.KnownAt = rapid.SampledFrom(moments).Draw(t, "known at") - kizuna.Moment(rapid.IntRange(0, 1).Draw(t, "just before"))
		}
		day := kizuna.MomentOf(w.now).Instant().Date().AddDays(rapid.IntRange(-400, 400).Draw(t, "day"))
		want, _ := w.stands(t, &ledgercache.Cache{}, v, day)
		got, notes := w.stands(t, cache, v, day)
		if got != want || len(notes) > 0 {
			t.Fatalf("%v\n%s\nthe record tells\n%s", notes, got, want)
		}
	})
	if packs := w.packs(t); len(packs) == 0 || len(packs) > 3 {
		t.Errorf("the cache has %v", packs)
	}
}

// packs are the cache's files; it leaves no others.
func (w *world) packs(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "memberships1-") {
			t.Errorf("the cache has a file %s", e.Name())
		}
		out = append(out, filepath.Join(w.dir, e.Name()))
	}
	return out
}

func TestADamagedPackIsFoundAndBuiltAgain(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.qualify(t, i, "security", 75)
	}
	day := kizuna.NewDate(2023, 2, 1)
	cache := &ledgercache.Cache{Dir: w.dir, Whole: true}
	want, _ := w.stands(t, cache, everything, day)
	path := w.packs(t)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 7 {
		broken := slices.Clone(whole)
		if broken[i] ^= 0x10; i%2 == 0 {
			broken = broken[:i]
		}
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, notes := w.stands(t, cache, everything, day); got != want || !slices.Equal(notes, []string{"cache-damaged"}) {
			t.Fatalf("byte %d: %v\n%s", i, notes, got)
		}
		if again, err := os.ReadFile(path); err != nil || !slices.Equal(again, whole) {
			t.Fatalf("byte %d: it is not built again as it was: %v", i, err)
		}
	}
}

// A pack of another store says nothing of this one, though it has as many entries.
func TestAPackOfAnotherStoreIsNotTaken(t *testing.T) {
	one, other := newWorld(t), newWorld(t)
	for i := range 5 {
		one.qualify(t, i, "security", 75)
		other.qualify(t, i, "data-ai", 73)
	}
	day := kizuna.NewDate(2023, 2, 1)
	one.stands(t, &ledgercache.Cache{Dir: one.dir}, everything, day)
	want, _ := other.stands(t, &ledgercache.Cache{}, everything, day)
	if err := os.Rename(one.dir, other.dir); err != nil {
		t.Fatal(err)
	}
	if got, notes := other.stands(t, &ledgercache.Cache{Dir: other.dir}, everything, day); got != want || len(notes) > 0 {
		t.Errorf("%v\n%s\nwant\n%s", notes, got, want)
	}
}

func TestWithoutAPlaceTheRecordIsRead(t *testing.T) {
	w := newWorld(t)
	w.qualify(t, 1, "security", 75)
	day := kizuna.NewDate(2023, 2, 1)
	want, _ := w.stands(t, &ledgercache.Cache{}, everything, day)
	if err := os.WriteFile(w.dir, nil, 0o600); err != nil { // a file where the directory would be
		t.Fatal(err)
	}
	if got, notes := w.stands(t, &ledgercache.Cache{Dir: w.dir}, everything, day); got != want || !slices.Equal(notes, []string{"cache-no-memberships"}) {
		t.Errorf("%v\n%s", notes, got)
	}
	// Who does not see everything is answered by the record.
	some := store.View{Scope: store.Scope{Locations: []string{strings.ToLower(account(1))}}}
	if got, notes := w.stands(t, &ledgercache.Cache{Dir: w.dir}, some, day); got != want || len(notes) > 0 {
		t.Errorf("%v\n%s", notes, got)
	}
	if got, _ := w.stands(t, &ledgercache.Cache{Dir: w.dir}, store.View{}, day); got != "" {
		t.Errorf("nobody sees %s", got)
	}
}
