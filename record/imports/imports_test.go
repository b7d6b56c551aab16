package imports_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/blob/dir"
	"github.com/kizuna-org/kizuna/blob/memory"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

var operator = lifecycle.Actor{Role: lifecycle.Operator, ID: "o"}

// desk is a store and a directory, into which the same files are imported.
type desk struct {
	*testing.T
	shelf     *imports.Shelf
	directory dataset.Shelf
	files     string // where they lie
}

// onEveryStore runs a test on each kind of store.
func onEveryStore(t *testing.T, test func(*desk)) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			s := open(t, filepath.Join(base, "record.db"))
			t.Cleanup(func() { _ = s.Close() })
			blobs, err := dir.Open(filepath.Join(base, "blobs"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = blobs.Close() })
			test(&desk{
				T:         t,
				shelf:     &imports.Shelf{Store: s, Blobs: blobs, Name: "record.db", View: store.View{Scope: store.Everything}, Actor: operator},
				directory: dataset.Directory(filepath.Join(base, "data")),
				files:     base,
			})
		})
	}
}

var stores = map[string]func(t testing.TB, file string) store.Store{
	"sqlite": func(t testing.TB, file string) store.Store {
		s, err := sqlite.Open(context.Background(), file, store.Options{Migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}

// file writes a file to import and returns its name.
func (d *desk) file(name string, lines ...string) string {
	d.Helper()
	name = filepath.Join(d.files, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		d.Fatal(err)
	}
	return name
}

// imports takes files into the store.
func (d *desk) imports(opts dataset.ImportOptions, files ...string) *dataset.Account {
	d.Helper()
	account, err := dataset.ImportTo(context.Background(), d.shelf, files, opts)
	if err != nil {
		d.Fatal(err)
	}
	return account
}

// both takes files into the store and into the directory; the accounts are equal.
func (d *desk) both(opts dataset.ImportOptions, files ...string) *dataset.Account {
	d.Helper()
	account := d.imports(opts, files...)
	other, err := dataset.ImportTo(context.Background(), d.directory, files, opts)
	if err != nil {
		d.Fatal(err)
	}
	if a, b := marshal(d, account), marshal(d, other); !bytes.Equal(a, b) {
		d.Errorf("the accounts differ:\nstore     %s\ndirectory %s", a, b)
	}
	return account
}

func (d *desk) load(shelf dataset.Shelf, opts dataset.Options) *dataset.Dataset {
	d.Helper()
	data, err := dataset.LoadShelf(context.Background(), shelf, opts)
	if err != nil {
		d.Fatal(err)
	}
	if len(data.Problems) > 0 {
		d.Error(data.Problems)
	}
	return data
}

// at is the store's shelf as it was known at a moment.
func (d *desk) at(m kizuna.Moment) *imports.Shelf {
	past := *d.shelf
	past.View.KnownAt = m
	return &past
}

// now is the latest moment at which a version of any file became known.
func (d *desk) now() (now kizuna.Moment) {
	d.Helper()
	for _, kind := range []store.Kind{imports.File, imports.Settings} {
		for r, err := range d.shelf.Store.Find(context.Background(), d.shelf.View, store.Query{Kind: kind}) {
			if err != nil {
				d.Fatal(err)
			}
			now = max(now, r.Recorded)
		}
	}
	return now
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// answer is all that a score tells, and what the facts had to say, as JSON.
func answer(t testing.TB, data *dataset.Dataset) []byte {
	t.Helper()
	day, ok := data.Coverage().AsOf()
	if !ok {
		t.Fatal("there is no usage")
	}
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, carried := program.InForceOn(programs, "mcpp", day)
	a := score.Ask(score.Question{Program: p, Carried: carried, AsOf: day}, &score.Facts{
		Facts:  attribution.Facts{Associations: &data.Associations, Usage: data.Ledger, Rates: data.Rates},
		People: &data.People, Coverage: data.Coverage(),
	})
	return marshal(t, []any{a.Result(), data.Sources, data.Overlaps, data.Notes})
}

// sameBytes checks that the store answers as the directory does.
func (d *desk) sameBytes() []byte {
	d.Helper()
	recorded := answer(d, d.load(d.shelf, dataset.Options{Packed: true}))
	if files := answer(d, d.load(d.directory, dataset.Options{Packed: true})); !bytes.Equal(recorded, files) {
		d.Errorf("the answers differ:\nstore     %.2000s\ndirectory %.2000s", recorded, files)
	}
	return recorded
}

func TestTheDemoScoresTheSameFromAStore(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		if err := demo.Write(filepath.Join(d.files, "demo"), false); err != nil {
			d.Fatal(err)
		}
		d.fileByFile(filepath.Join(d.files, "demo"))
	})
}

// Files of several kinds, months and sources, at random: said again, broken, in
// parts, measured twice, all or nothing.
func TestAnyImportsGiveTheSameBytes(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		const rounds = 40
		random := rand.New(rand.NewPCG(1, 2))
		pick := func(choices ...string) string { return choices[random.IntN(len(choices))] }
		month := func() string { return pick("2023-08", "2023-09", "2023-10") }
		id := func(prefix string) string { return prefix + pick("1", "2", "3") }
		lines := func(header string, line func() string) []string {
			all := []string{header}
			for range 1 + random.IntN(4) {
				all = append(all, line())
			}
			return all
		}
		d.both(dataset.ImportOptions{}, d.file("usage.csv", usageHeader, "2023-07,t1,s1,Storage,1"))
		for round := range rounds {
			var files []string
			for n := range 1 + random.IntN(3) {
				name := fmt.Sprintf("%d-%d", round, n)
				files = append(files, map[string]func() string{
					"usage": func() string {
						return d.file(name+"/"+pick("usage", "more")+".csv", lines(usageHeader, func() string {
							return month() + "," + id("t") + "," + id("s") + ",Storage," + pick("1", "2.5", "much")
						})...)
					},
					"bill": func() string {
						return d.file(name+"/bill.csv", lines(
							"ProviderName,ChargeCategory,EffectiveCost,BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,BillingAccountId,SubAccountId,x_CustomerId",
							func() string {
								m := month()
								return "Microsoft," + pick("Usage", "Usage", "Tax") + "," + pick("1", "2") + ",0,USD," + m + "-01," + m + "-02,Storage Accounts,acc,/subscriptions/" + id("s") + "," + pick("t1", "")
							})...)
					},
					"report": func() string {
						return d.file(name+"/report.csv", lines(
							"PGAMpnID,MPNID,CustomerTenantId,CustomerName,SubscriptionId,Month,ServiceLevel2,PartnerAttributionType,AdminType,IsACRDuplicateAtPGALevel,ACR_USD",
							func() string {
								return "1," + id("L") + "," + id("t") + ",Foods," + id("s") + "," + month() + "-01,Storage,PAL,Owner,0," + pick("10", "20")
							})...)
					},
					"subscriptions": func() string {
						return d.file(name+"/"+pick("subscriptions", "others")+".csv", lines("subscription_id,tenant_id,product", func() string {
							return id("s") + "," + pick("t1", "t2", "") + "," + pick("Azure", "Bananas", "Other")
						})...)
					},
					"people": func() string {
						return d.file(name+"/people.csv", lines("person_id,name,mcid", func() string { return pick("p1", "a@b.example") + "," + pick("Aiko", "") + "," + id("M") })...)
					},
				}[pick("usage", "bill", "report", "subscriptions", "people")]())
			}
			opts := dataset.ImportOptions{Strict: random.IntN(4) == 0, AzureFrom: dataset.AzureSource(pick("", "", "focus", "both"))}
			d.both(opts, files...)
			d.sameBytes()
		}
	})
}

// The worlds stand beside the project, not in it.
const worlds = "../../../shared/domain/worlds"

func TestWorldsScoreTheSameFromAStore(t *testing.T) {
	if _, err := os.Stat(worlds); err != nil {
		t.Skip("the worlds are not beside this checkout: " + worlds)
	}
	for _, world := range []string{"w1", "w2", "w3"} {
		t.Run(world, func(t *testing.T) {
			onEveryStore(t, func(d *desk) { d.fileByFile(filepath.Join(worlds, world)) })
		})
	}
}

// fileByFile imports every table of a directory by itself and compares.
func (d *desk) fileByFile(dir string) {
	tables, err := fs.Glob(os.DirFS(dir), "*.csv")
	if err != nil || len(tables) == 0 {
		d.Fatal("no tables", err)
	}
	for _, name := range tables {
		d.both(dataset.ImportOptions{}, filepath.Join(dir, name))
	}
	d.sameBytes()
}

const usageHeader = "month,tenant_id,subscription_id,workload,revenue_usd"

func TestWhatWasReplacedIsStillKnownAtEarlierMoments(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		first := d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1", "2023-11,t1,s1,Storage,2")
		d.both(dataset.ImportOptions{}, first)
		before := d.now()
		// The same file, said again for one month.
		account := d.both(dataset.ImportOptions{}, d.file("usage.csv", usageHeader, "2023-11,t1,s1,Storage,5"))
		if got := account.Files[0].Replaces; !slices.Equal(got, []string{"usage.csv"}) {
			d.Errorf("replaces %v", got)
		}
		d.sameBytes()
		if got := revenue(d.load(d.shelf, dataset.Options{})); got != "2023-10 1, 2023-11 5" {
			d.Errorf("now: %s", got)
		}
		if got := revenue(d.load(d.at(before), dataset.Options{})); got != "2023-10 1, 2023-11 2" {
			d.Errorf("before: %s", got)
		}
		if _, err := dataset.LoadShelf(context.Background(), d.at(before-1), dataset.Options{}); kizuna.CodeOf(err) != "store-empty" {
			d.Errorf("before anything was imported: %v", err)
		}
		if _, err := dataset.ImportTo(context.Background(), d.at(before), []string{first}, dataset.ImportOptions{}); kizuna.CodeOf(err) != "import-view" {
			d.Errorf("an import into the past: %v", err)
		}
		history, err := d.shelf.Store.History(context.Background(), d.shelf.View, d.firstFile())
		if err != nil || len(history) != 2 {
			d.Errorf("the first file has %d versions, %v", len(history), err)
		}
	})
}

func (d *desk) firstFile() store.Thing {
	d.Helper()
	for r, err := range d.shelf.Store.Find(context.Background(), d.shelf.View, store.Query{Kind: imports.File, Limit: 1}) {
		if err != nil {
			d.Fatal(err)
		}
		return r.Thing
	}
	d.Fatal("there is no file")
	return store.Thing{}
}

func revenue(data *dataset.Dataset) string {
	sums := make(map[string]kizuna.Decimal)
	for _, row := range data.Usage {
		sums[row.Month.String()] = sums[row.Month.String()].Add(*row.Revenue)
	}
	var out []string
	for month, sum := range sums {
		out = append(out, month+" "+sum.String())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestTheSameFileAgainRecordsNothing(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		file := d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1")
		facts := d.file("dpor.csv", "subscription_id,location_id,from", "s1,L1,2020-01-01")
		d.both(dataset.ImportOptions{}, file, facts)
		before := d.entries()
		account := d.both(dataset.ImportOptions{}, file, facts)
		for _, f := range account.Files {
			if f.Status != dataset.FileUnchanged {
				d.Errorf("%s: %s", f.File, f.Status)
			}
		}
		if d.entries() != before {
			d.Error("an entry was recorded")
		}
	})
}

func TestEachFileIsATransaction(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		files := []string{
			d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1"),
			d.file("dpor.csv", "subscription_id,location_id,from", "s1,L1,2020-01-01"),
			d.file("partners.csv", "location_id,global_id", "L1,G1"),
		}
		d.both(dataset.ImportOptions{}, files...)
		if n := d.entries(); n != 3 {
			d.Errorf("%d entries for 3 files", n)
		}
		d.sameBytes()
	})
}

func (d *desk) trail() *store.Trail {
	trail, err := d.shelf.Store.Trail(context.Background())
	if err != nil {
		d.Fatal(err)
	}
	return trail
}

func (d *desk) entries() (n int) {
	for _, err := range d.trail().Entries {
		if err != nil {
			d.Fatal(err)
		}
		n++
	}
	return n
}

func TestStrictKeepsAllOrNothingInAStore(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		good := d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1")
		broken := d.file("dpor.csv", "subscription_id,location_id,from", "s1,L1,yesterday")
		if account := d.both(dataset.ImportOptions{Strict: true}, good, broken); account.Kept {
			d.Error("it was kept")
		}
		if n := d.entries(); n != 0 {
			d.Errorf("%d entries", n)
		}
		d.both(dataset.ImportOptions{Strict: true}, good, d.file("dpor.csv", "subscription_id,location_id,from", "s1,L1,2020-01-01"))
		if n := d.entries(); n != 1 {
			d.Errorf("%d transactions for what belongs together", n)
		}
		d.sameBytes()
	})
}

func TestWhoCountsAndEveryLineAreToldAlike(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		bill := d.file("bill.csv",
			"ProviderName,ChargeCategory,EffectiveCost,BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,BillingAccountId,SubAccountId,x_CustomerId",
			"Microsoft,Usage,1,0,USD,2023-10-01T00:00:00Z,2023-10-02T00:00:00Z,Storage Accounts,acc,/subscriptions/s1,t1",
			"Microsoft,Usage,2,0,USD,2023-10-01T00:00:00Z,2023-10-02T00:00:00Z,Storage Accounts,acc,/subscriptions/s1,t1",
			"Microsoft,Tax,4,0,USD,2023-10-01T00:00:00Z,2023-10-02T00:00:00Z,Storage Accounts,acc,/subscriptions/s1,t1")
		report := d.file("report.csv",
			"PGAMpnID,MPNID,CustomerTenantId,CustomerName,SubscriptionId,Month,ServiceLevel2,PartnerAttributionType,AdminType,IsACRDuplicateAtPGALevel,ACR_USD",
			"1,L1,t1,First Foods,s1,2023-10-01,Storage,PAL,Owner,0,2000")
		d.both(dataset.ImportOptions{}, bill, report)
		d.sameBytes()
		d.sameFates("bill.csv", 2, 3, 4, 5)
		d.sameFates("report.csv", 2)
		// Whose figures count is a choice of the store, with its own two clocks.
		before := d.now()
		d.both(dataset.ImportOptions{AzureFrom: dataset.AzureFromBill})
		d.sameBytes()
		d.sameFates("bill.csv", 2, 3, 4, 5)
		if got := revenue(d.load(d.shelf, dataset.Options{})); got != "2023-10 3" {
			d.Errorf("now: %s", got)
		}
		if got := revenue(d.load(d.at(before), dataset.Options{})); got != "2023-10 2000" {
			d.Errorf("before: %s", got)
		}
	})
}

// sameFates follows lines of a file on both shelves, to all lines of their rows.
func (d *desk) sameFates(file string, lines ...int) {
	d.Helper()
	tell := func(shelf dataset.Shelf, line int) string {
		data := d.load(shelf, dataset.Options{Packed: true})
		fate, err := dataset.FateOfLine(context.Background(), shelf, data.Ledger, kizuna.Ref{File: file, Line: line})
		if err != nil {
			return err.Error()
		}
		rows := make(map[kizuna.Ref]bool)
		for i, row := range data.Ledger.All() {
			if slices.Contains(fate.Rows, i) {
				rows[row.At] = true
			}
		}
		all, err := dataset.LinesOf(context.Background(), shelf, data.Ledger, rows)
		if err != nil {
			d.Fatal(err)
		}
		return fmt.Sprintf("%s %v", marshal(d, fate), all)
	}
	for _, line := range lines {
		if a, b := tell(d.shelf, line), tell(d.directory, line); a != b {
			d.Errorf("%s:%d\nstore     %s\ndirectory %s", file, line, a, b)
		}
	}
}

// Nobody's import takes another's place unsaid, and none is lost: who comes second
// waits. Two stores on one file stand for two processes.
func TestTwoProcessesImportAtOnce(t *testing.T) {
	base := t.TempDir()
	ctx := context.Background()
	first := stores["sqlite"](t, filepath.Join(base, "record.db"))
	defer first.Close()
	second := stores["sqlite"](t, filepath.Join(base, "record.db"))
	defer second.Close()
	blobs := &memory.Store{}
	// A file that both bring is kept once.
	common := filepath.Join(base, "dpor.csv")
	if err := os.WriteFile(common, []byte("subscription_id,location_id,from\ns1,L1,2020-01-01\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const each = 8
	failed := make(chan error, 2)
	for i, s := range []store.Store{first, second} {
		shelf := &imports.Shelf{Store: s, Blobs: blobs, Name: "record.db", View: store.View{Scope: store.Everything}, Actor: operator}
		var files []string
		for n := range each {
			name := filepath.Join(base, fmt.Sprintf("usage-%d-%d.csv", i, n))
			text := fmt.Sprintf("%s\n2023-%02d,t1,s%d,Storage,1\n", usageHeader, n+1, i)
			if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
		files = append(files, common)
		go func() {
			_, err := dataset.ImportTo(ctx, shelf, files, dataset.ImportOptions{})
			failed <- err
		}()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	shelf := &imports.Shelf{Store: first, Blobs: blobs, View: store.View{Scope: store.Everything}}
	c, err := shelf.Catalog(ctx)
	if err != nil {
		t.Fatal(err)
	}
	batches := make(map[int]string)
	for i, f := range c.Files {
		if f.Number != i+1 {
			t.Errorf("file %d has number %d", i+1, f.Number)
		}
		who := f.Name[:len("usage-0")]
		if f.Name == "dpor.csv" {
			continue
		}
		if was, ok := batches[f.Batch]; ok && was != who {
			t.Errorf("batch %d is of two processes", f.Batch)
		}
		batches[f.Batch] = who
	}
	data, err := dataset.LoadShelf(ctx, shelf, dataset.Options{})
	if err != nil || len(c.Files) != 2*each+1 || len(data.Usage) != 2*each {
		t.Errorf("%d files, %d rows, %v", len(c.Files), len(data.Usage), err)
	}
}

func TestAPersonWhoIsForgottenChangesNoScore(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		ctx := context.Background()
		if err := demo.Write(filepath.Join(d.files, "demo"), false); err != nil {
			d.Fatal(err)
		}
		d.fileByFile(filepath.Join(d.files, "demo"))
		before := answer(d, d.load(d.shelf, dataset.Options{Packed: true}))
		person := d.load(d.shelf, dataset.Options{Packed: true}).People.People[0]
		if person.Name == "" {
			d.Fatal("the person has no name")
		}
		about := association.Fold(person.MCID)
		held, err := d.shelf.Store.PersonalAbout(ctx, d.shelf.View, about)
		if err != nil || len(held) != 1 || held[0].Value["name"] != person.Name {
			d.Fatalf("held: %v, %v", held, err)
		}
		_, err = d.shelf.Store.Write(ctx, store.Command{Actor: operator, Action: "erase"}, func(tx store.Tx) error {
			_, err := tx.Erase(about)
			return err
		})
		if err != nil {
			d.Fatal(err)
		}
		data := d.load(d.shelf, dataset.Options{Packed: true})
		if got := data.People.People[0]; got.Name != "" || got.MCID != person.MCID || got.At != person.At {
			d.Errorf("%+v", got)
		}
		if !bytes.Equal(answer(d, data), before) {
			d.Error("the score changed")
		}
		d.verify()
	})
}

// Partner Center's report of certificates tells people apart by their addresses.
func TestNoAddressStandsWhereItCannotBeErased(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		ctx := context.Background()
		header := "person_id,name,mcid"
		d.both(dataset.ImportOptions{}, d.file("people.csv", header, "aiko@example.jp,Aiko,M1", "aiko@example.jp,Aiko,M2", "jun@example.jp,Jun,"))
		d.both(dataset.ImportOptions{}, d.file("staff.csv", header, "aiko@example.jp,Aiko,M3"), d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1"))
		d.sameBytes()
		_, err := d.shelf.Store.Write(ctx, store.Command{Actor: operator, Action: "erase"}, func(tx store.Tx) error {
			for _, profile := range []string{"M1", "M2", "m3", "m2"} {
				abouts, err := imports.Known{}.Abouts(tx, profile)
				if err != nil {
					return err
				}
				for _, about := range abouts {
					if _, err := tx.Erase(about); err != nil {
						return err
					}
				}
			}
			_, err := tx.Erase("jun@example.jp")
			return err
		})
		if err != nil {
			d.Fatal(err)
		}
		persons := make(map[string]string) // profiles by person
		for _, p := range d.load(d.shelf, dataset.Options{}).People.People {
			persons[p.ID] += p.Name + p.MCID + " "
			if p.ID == "" || strings.Contains(p.ID, "@") {
				d.Errorf("%+v", p)
			}
		}
		// All three profiles, from two files, are one person's still.
		if all := slices.Sorted(maps.Values(persons)); len(all) != 2 || all[0] != " " || len(all[1]) != len("M1 M2 M3 ") {
			d.Errorf("%q", all)
		}
		for r, err := range d.shelf.Store.Find(ctx, d.shelf.View, store.Query{Kind: imports.File}) {
			if err != nil {
				d.Fatal(err)
			}
			for f, err := range d.shelf.Store.Facts(ctx, d.shelf.View, r.ID) {
				if err != nil || strings.Contains(string(marshal(d, f)), "example.jp") || strings.Contains(string(f.Body), "Aiko") {
					d.Errorf("%s, %v", marshal(d, f), err)
				}
			}
		}
		d.verify()
	})
}

// verify seals the trail and finds nothing wrong with it.
func (d *desk) verify() {
	d.Helper()
	ctx := context.Background()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		d.Fatal(err)
	}
	if _, err := d.shelf.Store.Seal(ctx, audit.Sealer{Signer: private}); err != nil {
		d.Fatal(err)
	}
	report, err := audit.Verify(d.trail().Trail, audit.Check{Key: public, Now: kizuna.MomentOf(time.Now())})
	if err != nil || len(report.Findings) > 0 {
		d.Errorf("%+v, %v", report, err)
	}
	for c, err := range d.trail().Cited {
		if err != nil {
			d.Fatal(err)
		}
		if has, err := d.shelf.Blobs.Has(ctx, c.SHA256); !has || err != nil {
			d.Errorf("entry %d relies on a file that is not kept: %v", c.Entry, err)
		}
	}
}

func TestAScopeShowsItsOwnFactsOnly(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		d.imports(dataset.ImportOptions{},
			d.file("usage.csv", usageHeader, "2023-10,T1,s1,Storage,1", "2023-10,t2,s2,Storage,2"),
			d.file("customers.csv", "tenant_id,name", "T1,One", "t2,Two"),
			d.file("people.csv", "person_id,name,mcid", "p1,Aiko,M1", "p2,Jun,", "p3,Ken,m3"),
			d.file("exchange_rates.csv", "currency,month,usd", "JPY,2023-10,0.007"))
		seen := func(scope store.Scope) string {
			shelf := *d.shelf
			shelf.View.Scope = scope
			data := d.load(&shelf, dataset.Options{})
			var out []string
			for _, c := range data.Associations.Customers {
				out = append(out, c.Name)
			}
			for _, p := range data.People.People {
				out = append(out, p.Name)
			}
			for _, u := range data.Usage {
				out = append(out, u.Tenant)
			}
			for _, r := range data.Rates {
				out = append(out, r.Currency)
			}
			return strings.Join(out, " ")
		}
		for want, scope := range map[string]store.Scope{
			"One Two Aiko Jun Ken T1 t2 JPY": store.Everything,
			"One T1 JPY":                     {Tenants: []string{"t1"}},
			"Aiko JPY":                       {Subjects: []string{"m1"}},
			"JPY":                            {},
		} {
			if got := seen(scope); got != want {
				d.Errorf("%+v sees %q, not %q", scope, got, want)
			}
		}
		shelf := *d.shelf
		shelf.View.Scope = store.Scope{Tenants: []string{"t1"}}
		if _, err := shelf.Stage(context.Background()); kizuna.CodeOf(err) != "import-view" {
			d.Errorf("an import by one who may not see everything: %v", err)
		}
	})
}

func TestCommandsFindRowsThatAreInForce(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		header := "subscription_id,tenant_id,product"
		d.imports(dataset.ImportOptions{}, d.file("subscriptions.csv", header, "S1,t1,Azure", "s2,t1,Azure"))
		d.imports(dataset.ImportOptions{}, d.file("other.csv", header, "s1,,Microsoft 365"))
		d.imports(dataset.ImportOptions{}, d.file("subscriptions.csv", header, "s1,t3,Other"), d.file("people.csv", "person_id,name,mcid", "p1,Aiko,M1"))
		_, err := d.shelf.Store.Write(context.Background(), store.Command{Actor: operator, Action: "look"}, func(tx store.Tx) error {
			found, err := imports.InForce(tx, "subscriptions", "s1")
			if err != nil {
				return err
			}
			want := "[{s1 t3 Other"
			if got := fmt.Sprint(found.Associations.Subscriptions); !strings.HasPrefix(got, want) || len(found.Associations.Subscriptions) != 1 {
				d.Errorf("%s, not %s", got, want)
			}
			if found, err = imports.InForce(tx, "people", "m1"); err == nil && (len(found.People.People) != 1 || found.People.People[0].Name != "Aiko") {
				d.Errorf("%+v", found.People.People)
			}
			return err
		})
		if err != nil {
			d.Fatal(err)
		}
	})
}

// broken is a store that breaks before anything is recorded.
type broken struct{ store.Store }

func (broken) Write(context.Context, store.Command, func(store.Tx) error) (*store.Receipt, error) {
	return nil, kizuna.Errorf("store-write", "the store cannot be written")
}

func TestACrashBeforeTheCommitLeavesNothingThatCounts(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		usage := d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1")
		crashing := *d.shelf
		crashing.Store = broken{d.shelf.Store}
		if _, err := dataset.ImportTo(context.Background(), &crashing, []string{usage}, dataset.ImportOptions{}); kizuna.CodeOf(err) != "store-write" {
			d.Errorf("%v", err)
		}
		if _, err := dataset.LoadShelf(context.Background(), d.shelf, dataset.Options{}); kizuna.CodeOf(err) != "store-empty" {
			d.Errorf("%v", err)
		}
		if account := d.both(dataset.ImportOptions{}, usage); account.Files[0].Status != dataset.FileImported {
			d.Errorf("%s", account.Files[0].Status)
		}
		d.sameBytes()
	})
}

// overtaken is a store in which something is recorded just before the first write.
type overtaken struct {
	store.Store
	by func()
}

func (o *overtaken) Write(ctx context.Context, c store.Command, decide func(store.Tx) error) (*store.Receipt, error) {
	if o.by != nil {
		o.by()
		o.by = nil
	}
	return o.Store.Write(ctx, c, decide)
}

func TestWhatIsImportedMeanwhileIsTakenIntoAccount(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		usage := d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1")
		newer := d.file("newer/usage.csv", usageHeader, "2023-10,t1,s1,Storage,2")
		slow := *d.shelf
		slow.Store = &overtaken{d.shelf.Store, func() { d.imports(dataset.ImportOptions{}, usage) }}
		account, err := dataset.ImportTo(context.Background(), &slow, []string{usage, newer}, dataset.ImportOptions{})
		if err != nil {
			d.Fatal(err)
		}
		if f := account.Files[0]; f.Status != dataset.FileUnchanged || len(f.Months) != 1 {
			d.Errorf("the same file: %+v", f)
		}
		if f := account.Files[1]; f.Status != dataset.FileImported || len(f.Replaces) != 1 {
			d.Errorf("a newer file: %+v", f)
		}
		if n := d.entries(); n != 2 {
			d.Errorf("%d entries", n)
		}
		if got := revenue(d.load(d.shelf, dataset.Options{})); got != "2023-10 2" {
			d.Errorf("%s", got)
		}
	})
}

func TestWhatTheRecordKeepsItselfHasTheLastWord(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		d.imports(dataset.ImportOptions{},
			d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1"),
			d.file("customers.csv", "tenant_id,name,country", "t1,Old,JP"))
		own := &dataset.Dataset{
			Associations: association.Facts{Customers: []association.Customer{{Tenant: "T1", Name: "New"}}},
			People:       people.Facts{Certifications: []people.Certification{{MCID: "m1", Certificate: "AZ-104"}}},
		}
		data := d.load(d.shelf, dataset.Options{Own: own})
		if c := data.Associations.Customers; len(c) != 1 || c[0].Name != "New" || c[0].Country != "JP" {
			d.Errorf("%+v", c)
		}
		if !data.Coverage().Certifications() {
			d.Error("its certificates are not counted")
		}
		if own.Associations.Customers[0].Country != "" {
			d.Error("the record's own facts were changed")
		}
	})
}

func TestAStoreWithoutAPlaceForFilesSaysSo(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		usage := d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1")
		without := *d.shelf
		without.Blobs = nil
		if _, err := dataset.ImportTo(context.Background(), &without, []string{usage}, dataset.ImportOptions{}); kizuna.CodeOf(err) != "blobs-none" {
			d.Errorf("importing: %v", err)
		}
		d.imports(dataset.ImportOptions{}, usage)
		if _, err := dataset.LoadShelf(context.Background(), &without, dataset.Options{}); kizuna.CodeOf(err) != "blobs-none" {
			d.Errorf("loading: %v", err)
		}
		elsewhere := *d.shelf
		elsewhere.Blobs = &memory.Store{}
		if _, err := dataset.LoadShelf(context.Background(), &elsewhere, dataset.Options{}); kizuna.CodeOf(err) != "imported-blob" {
			d.Errorf("loading elsewhere: %v", err)
		}
	})
}

func TestACancelledImportRecordsNothing(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		ctx, cancel := context.WithCancel(context.Background())
		opts := dataset.ImportOptions{Progress: func(dataset.Progress) { cancel() }}
		_, err := dataset.ImportTo(ctx, d.shelf, []string{d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1")}, opts)
		if err == nil || d.entries() != 0 {
			d.Errorf("%v, %d entries", err, d.entries())
		}
	})
}

// A part is read as all of it is, as far as it was in force at the moment.
func TestAPartIsWhatItIsInTheWhole(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		ctx := context.Background()
		header := "tenant_id,object_id,location_id,from"
		d.imports(dataset.ImportOptions{}, d.file("pal_links.csv", header, "T1,o1,L1,2022-01-01", "t2,o2,L2,2022-01-01", "t3,o1,L3,2022-01-01"))
		d.imports(dataset.ImportOptions{}, d.file("dpor.csv", "subscription_id,location_id,from", "s1,L1,2022-01-01"))
		before := d.now()
		d.imports(dataset.ImportOptions{}, d.file("pal_links.csv", header, "t1,o9,L9,2023-01-01"))
		for moment, want := range map[kizuna.Moment]string{before: "o1 o2", 0: "o9"} {
			shelf := d.at(moment)
			part, err := shelf.Part(ctx)
			if err != nil {
				d.Fatal(err)
			}
			about, err := part.About(ctx, []string{"pal_links", "dpor", "csp"}, []string{"t1", "t2", "t9"})
			if err != nil {
				d.Fatal(err)
			}
			var objects []string
			for _, l := range about.Associations.Links {
				objects = append(objects, l.Object)
			}
			slices.Sort(objects)
			if got := strings.Join(objects, " "); got != want || len(about.Associations.Appointments) > 0 {
				d.Errorf("at %d: %q, want %q", moment, got, want)
			}
			if of, err := part.Of(ctx, "dpor", "s1"); err != nil || len(of.Associations.Appointments) != 1 {
				d.Errorf("%+v, %v", of, err)
			}
			if of, err := part.Of(ctx, "pal_links", "o1"); err != nil || len(of.Associations.Links) != map[string]int{"o1 o2": 2}[want] {
				d.Errorf("%+v, %v", of, err)
			}
			if !part.Holds("dpor") || part.Holds("csp") {
				d.Error("the wrong tables are held")
			}
		}
	})
}

// Facts that are taken in later make the dataset that they make when they are loaded
// together.
func TestFactsTakenInLaterAreTheSame(t *testing.T) {
	onEveryStore(t, func(d *desk) {
		d.imports(dataset.ImportOptions{},
			d.file("subscriptions.csv", "subscription_id,tenant_id,product,agreement", "s1,t1,Azure,EA", "s2,t1,Azure,"),
			d.file("pal_links.csv", "tenant_id,object_id,location_id,from", "t1,o1,L1,2022-01-01", "t1,o2,L1,2022-01-01"),
			d.file("certifications.csv", "mcid,certificate,earned_on", "M1,AZ-104,2023-01-01"),
			d.file("usage.csv", usageHeader, "2023-10,t1,s1,Storage,1"))
		from, err := kizuna.ParseInstant("2022-01-01")
		if err != nil {
			d.Fatal(err)
		}
		own := new(dataset.Dataset)
		own.Associations.Subscriptions = []association.Subscription{{ID: "S1", Product: "Other"}, {ID: "s3", Tenant: "t3"}}
		own.Associations.Links = []association.Link{{Tenant: "t1", Object: "o1", Location: "L1", During: kizuna.Interval{From: from, To: kizuna.Forever}}}
		own.People.People = []people.Person{{ID: "p", MCID: "M1"}}
		want := d.load(d.shelf, dataset.Options{Own: own})
		got := d.load(d.shelf, dataset.Options{}).With(own)
		for what, pair := range map[string][2]any{
			"associations": {got.Associations, want.Associations}, "people": {got.People, want.People}, "sources": {got.Sources, want.Sources}, "usage": {got.Usage, want.Usage},
		} {
			if a, b := marshal(d, pair[0]), marshal(d, pair[1]); !bytes.Equal(a, b) {
				d.Errorf("%s:\n%s\nnot\n%s", what, a, b)
			}
		}
		if len(want.Associations.Links) != 2 || len(want.Associations.Subscriptions) != 3 {
			d.Errorf("%+v", want.Associations)
		}
	})
}
