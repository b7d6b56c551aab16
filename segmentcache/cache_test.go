package segmentcache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/segmentcache"
)

type fataler interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

// place is a data directory with a cache in it. Its tables are written one after the
// other at different times, a long time before they are read.
type place struct {
	dir    string
	writes int
	opened int // how often it was compared
}

var longAgo = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *place) cacheDir() string { return filepath.Join(p.dir, "cache") }

// write replaces the tables.
func (p *place) write(t fataler, d *dataset.Dataset) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(p.dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := dataset.Write(p.dir, d); err != nil {
		t.Fatal(err)
	}
	p.touch(t)
}

// touch makes all tables look newer than any before, and long settled.
func (p *place) touch(t fataler) {
	t.Helper()
	p.writes++
	names, err := filepath.Glob(filepath.Join(p.dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	at := longAgo.Add(time.Duration(p.writes) * time.Second)
	for _, name := range names {
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// append adds lines to a table that has the columns already.
func (p *place) append(t fataler, table, lines string) {
	t.Helper()
	name := filepath.Join(p.dir, table)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(text, lines...), 0o600); err != nil {
		t.Fatal(err)
	}
	p.writes++
	at := longAgo.Add(time.Duration(p.writes) * time.Second)
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

func (p *place) cache() *segmentcache.Cache {
	return &segmentcache.Cache{Dir: p.cacheDir(), Now: time.Now}
}

func (p *place) open(t fataler, c *segmentcache.Cache) *segmentcache.Facts {
	t.Helper()
	f, err := c.Open(context.Background(), &segmentcache.Place{Shelf: dataset.Directory(p.dir)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// said is all that a command says of a place.
func said(t fataler, result *score.Result, d *dataset.Dataset) string {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", " ")
	for _, part := range []any{result, d.Problems, d.Overlaps, d.Notes, d.Sources} {
		if err := enc.Encode(part); err != nil {
			t.Fatal(err)
		}
	}
	for _, errs := range [][]*kizuna.Error{result.Findings, result.Remarks, d.Problems, d.Overlaps, d.Notes} {
		for _, e := range errs { // what translations take
			message, mend := e.Args()
			if err := enc.Encode([]any{message, mend}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.String()
}

func factsOf(d *dataset.Dataset) *score.Facts {
	return &score.Facts{
		Facts:  attribution.Facts{Associations: &d.Associations, Usage: d.Ledger, Rates: d.Rates},
		People: &d.People, Coverage: d.Coverage(),
	}
}

// fromBook is the answer of the clear form, all usage read.
func (p *place) fromBook(t fataler, q score.Question) string {
	t.Helper()
	d := p.load(t)
	return said(t, score.Ask(q, factsOf(d)).Result(), d)
}

// load reads everything.
func (p *place) load(t fataler) *dataset.Dataset {
	t.Helper()
	d, err := dataset.LoadShelf(context.Background(), dataset.Directory(p.dir), dataset.Options{Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fromCache is the kernel's; ok is false if the program takes twins for one.
func fromCache(t fataler, f *segmentcache.Facts, q score.Question) (text string, ok bool) {
	t.Helper()
	if _, twins := f.Twins(q.Program); twins {
		return "", false
	}
	k, err := kernel.Compile(attribution.NewPlan(q.Program, q.AsOf), q.Trust)
	if err != nil {
		t.Fatal(err)
	}
	totals, err := k.Run(context.Background(), f.View, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	counted := &score.Counted{Plan: k.Plan, Totals: totals, Survey: f.Survey}
	return said(t, score.AskCounted(q, factsOf(f.Data), counted).Result(), f.Data), true
}

// mustAgree compares the cache's answer with the clear form's. It returns how many
// segments lie over each other.
func (p *place) mustAgree(t fataler, q score.Question) (segments int) {
	t.Helper()
	f := p.open(t, p.cache())
	got, ok := fromCache(t, f, q)
	segments = len(f.View.Segments())
	d := p.load(t)
	if p.opened++; p.opened%3 == 1 { // it takes longer than all the rest
		customersMustAgree(t, f, d)
		if q.Program.Version == "2023-10" {
			adviceMustAgree(t, f, d, q)
		}
	}
	if len(f.Notes) > 0 {
		t.Errorf("%v", f.Notes)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if want := said(t, score.Ask(q, factsOf(d)).Result(), d); ok && got != want {
		t.Errorf("the clear form says\n%s\nthe cache\n%s", want, got)
	}
	return segments
}

var builtin = sync.OnceValues(program.Builtin)

func programs(t fataler) []*program.Program {
	t.Helper()
	all, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func drawQuestion(t *rapid.T) score.Question {
	return score.Question{
		Program: rapid.SampledFrom(programs(t)).Draw(t, "program"),
		AsOf:    rapid.SampledFrom([]kizuna.Date{kizuna.NewDate(2023, 11, 15), kizuna.NewDate(2022, 12, 31)}).Draw(t, "day"),
		Trust:   rapid.SampledFrom([]attribution.Trust{attribution.TrustBoth, attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust"),
	}
}

func datasetOf(f *attribution.Facts) *dataset.Dataset {
	return &dataset.Dataset{Associations: *f.Associations, Ledger: f.Usage, Rates: f.Rates}
}

// Whatever is changed, one after the other and back again: the cache answers as if it
// were built anew.
func TestAnySequenceOfChangesAnswersAsTheClearForm(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			t.Fatal(err)
		}
		p := &place{dir: dir}
		d := datasetOf(worldtest.DrawMixed(t))
		d.People = *worldtest.DrawPeople(t)
		p.write(t, d)
		for range rapid.IntRange(1, 5).Draw(t, "changes") {
			if d.Ledger.Len() > 0 {
				p.mustAgree(t, drawQuestion(t))
			}
			other := datasetOf(worldtest.DrawMixed(t))
			a, b := &d.Associations, &other.Associations
			switch rapid.IntRange(0, 9).Draw(t, "change") {
			case 0: // late rows, a restatement
				d.Ledger = other.Ledger
			case 1:
				d.Associations = *b
			case 2:
				a.Claims, a.Appointments = b.Claims, b.Appointments
			case 3:
				a.Links, a.Resales = b.Links, b.Resales
			case 4:
				a.Assignments, a.Memberships = b.Assignments, b.Memberships
			case 5:
				a.Scopes, a.Ownerships = b.Scopes, b.Ownerships
			case 6:
				a.Customers = b.Customers
			case 7:
				a.Subscriptions = slices.Clone(a.Subscriptions)
				i := rapid.IntRange(0, len(a.Subscriptions)-1).Draw(t, "subscription")
				a.Subscriptions[i].Product = rapid.SampledFrom([]string{"Azure", "Dynamics 365", "Other"}).Draw(t, "product")
			case 8:
				a.Locations = a.Locations[:rapid.IntRange(1, len(a.Locations)).Draw(t, "locations")]
			case 9:
				d.Rates, d.People = nil, *worldtest.DrawPeople(t)
			}
			p.write(t, d)
		}
		if d.Ledger.Len() > 0 {
			p.mustAgree(t, drawQuestion(t))
		}
	})
}

func demoPlace(t testing.TB) *place {
	t.Helper()
	p := &place{dir: filepath.Join(t.TempDir(), "demo")}
	if err := demo.Write(p.dir, false); err != nil {
		t.Fatal(err)
	}
	p.touch(t)
	return p
}

// smallPlace has three customers.
func smallPlace(t testing.TB) *place {
	t.Helper()
	p := &place{dir: t.TempDir()}
	for name, text := range map[string]string{
		"partners.csv":  "location_id,global_id,name\nL1,G1,One\nL2,G2,Two\n",
		"customers.csv": "tenant_id,country,segment\nt1,JP,SMB\nt2,US,Enterprise\nt3,,\n",
		"subscriptions.csv": "subscription_id,tenant_id,product,agreement,from,to\n" +
			"s1,t1,Azure,EA,2019-01-01,\ns2,t2,Azure,EA,2019-01-01,\ns3,t3,Azure,CSP,2019-01-01,\n",
		"csp.csv": "subscription_id,tier,location_id,from,to\ns1,T1,L1,2020-01-01,\ns2,T1,L9,2020-01-01,\ns3,T2,L2,2022-10-10,\n",
		"usage.csv": "month,tenant_id,subscription_id,workload,revenue_usd,asserted_location,asserted_type,currency,revenue,spare\n" +
			"2022-10,t1,s1,Storage,1500,,,,,\n2023-10,t1,s1,Storage,2500,,,,,\n2023-09,t2,s2,Functions,90,L8,PAL,,,\n" +
			"2023-10,t3,s3,Storage,1700.5,g2,DPOR,,,\n2023-10,t3,s3,Storage,,,,EUR,7,\n2023-13,t3,s3,Storage,1,,,,,\n",
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.touch(t)
	return p
}

func demoQuestion(t fataler) score.Question {
	all := programs(t)
	return score.Question{Program: all[len(all)-1], AsOf: demo.AsOf, Trust: attribution.TrustBoth}
}

// Everything that is odd about usage is said from the cache as from the tables.
func TestOddUsageIsToldOfFromTheCache(t *testing.T) {
	p := smallPlace(t)
	for range 2 {
		p.mustAgree(t, demoQuestion(t))
	}
	f := p.open(t, p.cache())
	defer f.Close()
	text, _ := fromCache(t, f, demoQuestion(t))
	for _, code := range []string{"month", "no-exchange-rate", "unknown-location", "asserted-global-id", "column-unused"} {
		if !strings.Contains(text, `"code": "`+code+`"`) {
			t.Errorf("nothing is said of %s", code)
		}
	}
}

func TestTheDemoIsAnsweredUnderEveryProgram(t *testing.T) {
	p := demoPlace(t)
	for _, program := range programs(t) {
		p.mustAgree(t, score.Question{Program: program, AsOf: demo.AsOf, Trust: attribution.TrustBoth})
	}
}

// The worlds stand beside the project, not in it.
func TestTheWorldsAreAnswered(t *testing.T) {
	worlds, err := filepath.Glob("../../shared/domain/worlds/w*")
	if err != nil || len(worlds) == 0 {
		t.Skip("the worlds are not beside this checkout")
	}
	for _, world := range worlds {
		p := &place{dir: filepath.Join(t.TempDir(), filepath.Base(world))}
		if err := os.CopyFS(p.dir, os.DirFS(world)); err != nil {
			t.Fatal(err)
		}
		p.touch(t)
		for range 2 { // built, and kept
			p.mustAgree(t, demoQuestion(t))
		}
	}
}

// built says whether usage was read.
func (p *place) built(t fataler) bool {
	t.Helper()
	packed := false
	c := p.cache()
	c.Packed = func(int) error { packed = true; return nil }
	if err := p.open(t, c).Close(); err != nil {
		t.Fatal(err)
	}
	return packed
}

func (p *place) files(t fataler, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(p.cacheDir(), pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestWhatIsKeptIsUsedUntilTheUsageChanges(t *testing.T) {
	p := smallPlace(t)
	if !p.built(t) || p.built(t) {
		t.Error("the second opening packs again, or the first does not")
	}
	p.append(t, "usage.csv", "2023-10,,,,,,,,,,,,,\n") // refused: it has no tenant
	if !p.built(t) || p.built(t) {
		t.Error("other usage was not read, or is read again")
	}
	p.mustAgree(t, demoQuestion(t))
	if n := len(p.files(t, "*.segment")); n != 2 {
		t.Errorf("%d segments", n)
	}
	info, err := os.Stat(p.cacheDir())
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
	for _, name := range p.files(t, "*") {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Error(name, info.Mode(), err)
		}
	}
}

// A table that was written just now could be written again at what looks like the same
// time.
func TestWhatWasWrittenJustNowIsReadAgain(t *testing.T) {
	p := smallPlace(t)
	now := time.Now()
	if err := os.Chtimes(filepath.Join(p.dir, "usage.csv"), now, now); err != nil {
		t.Fatal(err)
	}
	c := p.cache()
	c.Now = func() time.Time { return now }
	packed := 0
	c.Packed = func(int) error { packed++; return nil }
	for range 2 {
		if err := p.open(t, c).Close(); err != nil {
			t.Fatal(err)
		}
	}
	c.Now = func() time.Time { return now.Add(time.Second) }
	for range 2 {
		if err := p.open(t, c).Close(); err != nil {
			t.Fatal(err)
		}
	}
	if packed != 3 {
		t.Errorf("packed %d times", packed)
	}
}

func TestChangedAssociationsPackTheirCustomersOnly(t *testing.T) {
	p := demoPlace(t)
	base := p.open(t, p.cache())
	defer base.Close()
	customer := base.Data.Associations.Customers[0]
	p.append(t, "cpor_claims.csv", "cx,"+base.Data.Associations.Locations[0].ID+","+customer.Tenant+",Teams,,usage,2020-01-01,,approved\n")
	f := p.open(t, p.cache())
	defer f.Close()
	if segments := f.View.Segments(); len(segments) != 2 || segments[1].Tenants() != 1 {
		t.Fatalf("%d segments, %d customers in the newest", len(segments), segments[len(segments)-1].Tenants())
	}
	if p.mustAgree(t, demoQuestion(t)) != 2 {
		t.Error("the delta is not kept")
	}
	if p.built(t) {
		t.Error("usage was packed again")
	}
}

func mustLoad(t fataler, dir string, change func(*dataset.Dataset)) *dataset.Dataset {
	t.Helper()
	d, err := dataset.Load(context.Background(), dir, dataset.Options{Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	change(d)
	return d
}

func TestManyChangedCustomersAreMerged(t *testing.T) {
	p := demoPlace(t)
	if err := p.open(t, p.cache()).Close(); err != nil {
		t.Fatal(err)
	}
	customers := mustLoad(t, p.dir, func(*dataset.Dataset) {}).Associations.Customers
	change := func(segment string, n int) {
		var out strings.Builder
		out.WriteString("tenant_id,country,segment\n")
		for i, c := range customers {
			if i < n {
				c.Segment = segment
			}
			out.WriteString(c.Tenant + "," + c.Country + "," + c.Segment + "\n")
		}
		if err := os.WriteFile(filepath.Join(p.dir, "customers.csv"), []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change("Enterprise X", len(customers))
	if n := p.mustAgree(t, demoQuestion(t)); n != 1 || len(p.files(t, "*.delta")) != 0 {
		t.Errorf("%d segments, deltas %v", n, p.files(t, "*.delta"))
	}
	change("Enterprise Y", 3)
	if n := p.mustAgree(t, demoQuestion(t)); n != 1 {
		t.Errorf("%d segments after a merge", n) // all but three are again what they were
	}
	change("Enterprise Y", 4)
	if n := p.mustAgree(t, demoQuestion(t)); n != 2 {
		t.Errorf("%d segments", n)
	}
	if p.built(t) {
		t.Error("usage was packed again")
	}
}

func TestDamageIsFoundNamedAndMended(t *testing.T) {
	damages := map[string]func([]byte) []byte{
		"a bit":     func(b []byte) []byte { b[len(b)/3] ^= 8; return b },
		"cut":       func(b []byte) []byte { return b[:len(b)-1] },
		"empty":     func([]byte) []byte { return nil },
		"foreign":   func([]byte) []byte { return []byte("something else altogether") },
		"with more": func(b []byte) []byte { return append(b, 0) },
	}
	for _, ending := range []string{".segment", ".places", ".delta"} {
		for name, damage := range damages {
			t.Run(ending+"/"+name, func(t *testing.T) {
				p := smallPlace(t)
				p.open(t, p.cache()).Close()
				p.append(t, "customers.csv", "t4,JP,SMB\n") // a delta, if an empty one
				if ending == ".delta" {
					p.open(t, p.cache()).Close()
				}
				files := p.files(t, "*"+ending)
				if len(files) != 1 {
					t.Fatal(files)
				}
				data, err := os.ReadFile(files[0])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(files[0], damage(data), 0o600); err != nil {
					t.Fatal(err)
				}
				f := p.open(t, p.cache())
				if got, _ := fromCache(t, f, demoQuestion(t)); got != p.fromBook(t, demoQuestion(t)) {
					t.Error("another answer")
				}
				if len(f.Notes) != 1 || f.Notes[0].Code != "cache-damaged" || f.Notes[0].At.File != files[0] {
					t.Error(f.Notes)
				}
				f.Close()
				p.mustAgree(t, demoQuestion(t))
			})
		}
	}
}

func TestASegmentOfOtherUsageIsNotTaken(t *testing.T) {
	p, other := smallPlace(t), smallPlace(t)
	other.append(t, "usage.csv", "2023-10,,,,,,,,,,,,,\n")
	p.open(t, p.cache()).Close()
	other.open(t, other.cache()).Close()
	foreign, err := os.ReadFile(other.files(t, "*.segment")[0])
	if err != nil {
		t.Fatal(err)
	}
	name := p.files(t, "*.segment")[0]
	if err := os.WriteFile(name+".tmp", foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		t.Fatal(err)
	}
	f := p.open(t, p.cache())
	defer f.Close()
	if len(f.Notes) != 1 || f.Notes[0].Code != "cache-damaged" {
		t.Error(f.Notes)
	}
	if got, _ := fromCache(t, f, demoQuestion(t)); got != p.fromBook(t, demoQuestion(t)) {
		t.Error("another answer")
	}
}

func TestAPlaceThatCannotBeWrittenAnswersFromMemory(t *testing.T) {
	p := smallPlace(t)
	if err := os.WriteFile(p.cacheDir(), []byte("a file in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.mustAgree(t, demoQuestion(t))
	c := p.cache()
	c.Dir = "" // there is nowhere to keep anything
	f := p.open(t, c)
	defer f.Close()
	if got, _ := fromCache(t, f, demoQuestion(t)); got != p.fromBook(t, demoQuestion(t)) {
		t.Error("another answer")
	}
}

func TestManyAtOnceBuildAndReadTheSame(t *testing.T) {
	p := smallPlace(t)
	want := p.fromBook(t, demoQuestion(t))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			f := p.open(t, p.cache())
			defer f.Close()
			if got, _ := fromCache(t, f, demoQuestion(t)); got != want || len(f.Notes) > 0 {
				t.Errorf("another answer, or notes: %v", f.Notes)
			}
		})
	}
	wait.Wait()
	if left := p.files(t, ".new-*"); len(left) > 0 {
		t.Error(left)
	}
}

func TestACancelledPackingLeavesNothing(t *testing.T) {
	p := smallPlace(t)
	enough := errors.New("enough")
	c := p.cache()
	c.Packed = func(int) error { return enough }
	_, err := c.Open(t.Context(), &segmentcache.Place{Shelf: dataset.Directory(p.dir)})
	if !errors.Is(err, enough) || len(p.files(t, "*")) > 0 || len(p.files(t, ".new-*")) > 0 {
		t.Error(err, p.files(t, "*"))
	}
}

func TestOldStatesAreRemoved(t *testing.T) {
	p := smallPlace(t)
	for range 8 {
		p.append(t, "usage.csv", "2023-10,,,,,,,,,,,,,\n")
		p.open(t, p.cache()).Close()
	}
	old := filepath.Join(p.cacheDir(), ".new-123")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	keep := filepath.Join(p.cacheDir(), "notes.txt")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.append(t, "usage.csv", "2023-10,,,,,,,,,,,,,\n")
	p.mustAgree(t, demoQuestion(t))
	if s, pl := p.files(t, "*.segment"), p.files(t, "*.places"); len(s) != 4 || len(pl) != 4 || len(p.files(t, ".new-*")) != 0 {
		t.Error(s, pl, p.files(t, ".new-*"))
	}
	if _, err := os.Stat(keep); err != nil {
		t.Error("a file of somebody else was removed")
	}
}

// Rows that are one under two names of a workload are told of, so that whoever asks
// reads all usage.
func TestTwinsAreTold(t *testing.T) {
	p := &place{dir: t.TempDir()}
	write := func(table, text string) {
		if err := os.WriteFile(filepath.Join(p.dir, table), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("partners.csv", "location_id,global_id\nL1,G1\n")
	write("usage.csv", "month,tenant_id,subscription_id,workload,revenue_usd,source_row_id,asserted_location,asserted_type\n"+
		"2023-10,t1,s1,Power App,100,r1,L1,PAL\n2023-10,t1,s1,Power Apps,100,r1,L1,DPOR\n2023-10,t1,s1,Teams,1,r1,L1,PAL\n")
	p.touch(t)
	for range 2 {
		f := p.open(t, p.cache())
		twins, ok := f.Twins(programs(t)[0])
		if !ok || twins != (segment.Twins{"Power App", "Power Apps"}) {
			t.Error(twins, ok)
		}
		f.Close()
	}
}
