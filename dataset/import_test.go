package dataset_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
)

// bench is a data directory and a place for files to import.
type desk struct {
	t         *testing.T
	data, out string
}

func newDesk(t *testing.T) *desk {
	dir := t.TempDir()
	return &desk{t, filepath.Join(dir, "data"), dir}
}

// file writes a file to import and returns its name.
func (d *desk) file(name, text string) string {
	d.t.Helper()
	name = filepath.Join(d.out, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		d.t.Fatal(err)
	}
	return name
}

func (d *desk) imports(opts dataset.ImportOptions, files ...string) *dataset.Account {
	d.t.Helper()
	account, err := dataset.Import(context.Background(), d.data, files, opts)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range account.Files {
		if r := f.Rows; r.Read != r.Kept+r.Merged+r.SetAside+r.Refused {
			d.t.Errorf("%s: rows are lost: %+v", f.File, r)
		}
	}
	return account
}

func (d *desk) load() *dataset.Dataset {
	d.t.Helper()
	data, err := dataset.Load(context.Background(), d.data, dataset.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	if len(data.Problems) > 0 {
		d.t.Error(data.Problems)
	}
	return data
}

// state is every file of the data directory with its content.
func (d *desk) state() string {
	var b strings.Builder
	_ = filepath.WalkDir(d.data, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			data, _ := os.ReadFile(name)
			fmt.Fprintf(&b, "%s %x\n", name, data)
		}
		return nil
	})
	return b.String()
}

const billHeader = "ProviderName,ChargeCategory,EffectiveCost,BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,BillingAccountId,SubAccountId,ResourceId,x_CustomerId\n"

// bill makes a FOCUS bill of lines "day,subscription,tenant,amount".
func bill(lines ...string) string {
	b := strings.Builder{}
	b.WriteString(billHeader)
	for _, line := range lines {
		f := strings.Split(line, ",")
		day, _ := kizuna.ParseDate(f[0])
		fmt.Fprintf(&b, "Microsoft,Usage,%s,0,USD,%sT00:00:00Z,%sT00:00:00Z,Storage Accounts,acc,/subscriptions/%s,/subscriptions/%s/resourceGroups/rg,%s\n", f[3], day, day.AddDays(1), f[1], f[1], f[2])
	}
	return b.String()
}

func revenue(d *dataset.Dataset) string {
	sums := make(map[string]kizuna.Decimal)
	var order []string
	for _, row := range d.Usage {
		key := row.Tenant + " " + row.Month.String()
		if _, ok := sums[key]; !ok {
			order = append(order, key)
		}
		sums[key] = sums[key].Add(*row.Revenue)
	}
	var out []string
	for _, key := range order {
		out = append(out, key+" "+sums[key].String())
	}
	return strings.Join(out, ", ")
}

func TestABillOpensDownToItsRows(t *testing.T) {
	d := newDesk(t)
	name := d.file("bill.csv", bill("2024-09-01,s1,t1,1.5", "2024-09-01,s1,t1,2", "2024-10-02,s1,t1,4"))
	account := d.imports(dataset.ImportOptions{}, name)
	f := account.Files[0]
	if f.Status != dataset.FileImported || f.Kind != "focus" || fmt.Sprint(f.Months) != "[2024-09 2024-10]" {
		t.Errorf("%+v", f)
	}
	if want := (dataset.Rows{Read: 3, Kept: 2, Merged: 1}); f.Rows != want {
		t.Errorf("%+v", f.Rows)
	}
	data := d.load()
	if got := revenue(data); got != "t1 2024-09 3.5, t1 2024-10 4" {
		t.Error(got)
	}
	if row := data.Usage[0]; row.At.String() != "bill.csv:2" || row.Lines != 2 {
		t.Errorf("%+v", row)
	}
	if s := data.Associations.Subscriptions; len(s) != 1 || s[0].Tenant != "t1" || s[0].Product != "Azure" {
		t.Errorf("%+v", s)
	}
	if s := data.Sources; len(s) != 1 || s[0].File != "bill.csv" || len(s[0].Months) != 2 || !s[0].Imported() {
		t.Errorf("%+v", s)
	}
}

func TestTheSameContentChangesNothing(t *testing.T) {
	d := newDesk(t)
	text := bill("2024-09-01,s1,t1,1.5")
	d.imports(dataset.ImportOptions{}, d.file("bill.csv", text))
	before := d.state()
	account := d.imports(dataset.ImportOptions{}, d.file("copy of bill.csv", text), d.file("bill.csv", text))
	for _, f := range account.Files {
		if f.Status != dataset.FileUnchanged || f.Rows.Read != 1 {
			t.Errorf("%+v", f)
		}
	}
	if d.state() != before {
		t.Error("the directory changed")
	}
}

func TestANewerFileReplacesTheOlderMonthByMonth(t *testing.T) {
	d := newDesk(t)
	first, second := bill("2024-08-01,s1,t1,1", "2024-09-01,s1,t1,2"), bill("2024-09-01,s1,t1,20", "2024-10-01,s1,t1,40")
	d.imports(dataset.ImportOptions{}, d.file("first.csv", first))
	account := d.imports(dataset.ImportOptions{}, d.file("second.csv", second))
	if f := account.Files[0]; fmt.Sprint(f.Replaces) != "[first.csv]" {
		t.Errorf("%+v", f)
	}
	if got := revenue(d.load()); got != "t1 2024-09 20, t1 2024-10 40, t1 2024-08 1" {
		t.Error(got)
	}
	// The older one again changes nothing and says why.
	before := d.state()
	account = d.imports(dataset.ImportOptions{}, d.file("first.csv", first))
	if f := account.Files[0]; f.Status != dataset.FileUnchanged || f.ReplacedBy != "second.csv" || d.state() != before {
		t.Errorf("%+v", f)
	}
	dirs, _ := filepath.Glob(filepath.Join(d.data, "imported", "*-2024-09-*"))
	if len(dirs) != 1 {
		t.Errorf("the older tables are still there: %v", dirs)
	}
}

func TestPartsOfOneBillStandBesideEachOther(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{}, d.file("part_0.csv", bill("2024-09-01,s1,t1,1")), d.file("part_1.csv", bill("2024-09-02,s1,t1,2")))
	if got := revenue(d.load()); got != "t1 2024-09 3" {
		t.Error(got)
	}
}

func TestTenantsAreFoundInTheDirectoryAndInTheSameImport(t *testing.T) {
	text := bill("2024-09-01,s1,,1", "2024-09-02,S1,,2", "2024-09-02,s2,,4", "2024-09-02,s2,,8")
	subscriptions := "subscription_id,tenant_id,product\nS1,t1,Azure\n"
	t.Run("in the directory", func(t *testing.T) {
		d := newDesk(t)
		d.file("data/subscriptions.csv", subscriptions)
		account := d.imports(dataset.ImportOptions{}, d.file("bill.csv", text))
		f := account.Files[0]
		if want := (dataset.Rows{Read: 4, Kept: 2, Refused: 2}); f.Rows != want {
			t.Errorf("%+v", f.Rows)
		}
		if len(f.Problems) != 1 || f.Problems[0].Code != "tenant-unknown" || f.Problems[0].At.Line != 4 || !strings.Contains(f.Problems[0].Message, `"s2"`) {
			t.Errorf("%v", f.Problems)
		}
		// The mend works: once the subscription is known the same file is read again.
		d.file("data/subscriptions.csv", subscriptions+"s2,t2,Azure\n")
		account = d.imports(dataset.ImportOptions{}, d.file("bill.csv", text))
		if f := account.Files[0]; f.Rows.Refused != 0 || f.Status != dataset.FileImported {
			t.Errorf("%+v", f)
		}
		if got := revenue(d.load()); got != "t1 2024-09 3, t2 2024-09 12" {
			t.Error(got)
		}
	})
	t.Run("in a file named later", func(t *testing.T) {
		d := newDesk(t)
		account := d.imports(dataset.ImportOptions{}, d.file("bill.csv", text), d.file("subscriptions.csv", subscriptions+"s2,t2,Azure\n"))
		if account.Files[0].Kind != "focus" || account.Files[0].Rows.Refused != 0 {
			t.Errorf("%+v", account.Files[0])
		}
		if got := revenue(d.load()); got != "t1 2024-09 3, t2 2024-09 12" {
			t.Error(got)
		}
	})
	t.Run("in another bill", func(t *testing.T) {
		d := newDesk(t)
		d.imports(dataset.ImportOptions{}, d.file("a.csv", bill("2024-09-01,s1,,1")), d.file("b.csv", bill("2024-10-01,s1,t1,1")))
		if got := revenue(d.load()); !strings.Contains(got, "t1 2024-09 1") {
			t.Error(got)
		}
	})
}

func TestStrictKeepsAllOrNothing(t *testing.T) {
	d := newDesk(t)
	good, bad := d.file("good.csv", bill("2024-09-01,s1,t1,1")), d.file("bad.csv", bill("2024-10-01,s1,t1,1", "2024-10-01,s1,t1,much"))
	account := d.imports(dataset.ImportOptions{Strict: true}, good, bad)
	if account.Kept || !account.Failed() || account.Files[0].Status != dataset.FileDropped || account.Files[1].Rows.Refused != 1 {
		t.Errorf("%+v", account)
	}
	if d.state() != "" {
		t.Error("something was kept")
	}
	if account := d.imports(dataset.ImportOptions{}, good, bad); account.Failed() || account.Files[1].Rows.Kept != 1 {
		t.Errorf("%+v", account)
	}
}

func TestFilesAreJudgedByTheirContent(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, bill("2024-09-01,s1,t1,1"))
	w.Close()
	link := `{"createdTime":"2023-02-16T14:44:35Z","objectId":"o1","partnerId":"1","state":"Active","tenantId":"t1","updatedTime":"2023-02-16T14:44:35Z","version":1}`
	tests := []struct {
		name, file, text, as string
		kind, code           string
	}{
		{"a bill that is called Parquet", "x.parquet", bill("2024-09-01,s1,t1,1"), "", "focus", ""},
		{"a packed bill without an ending", "x", packed.String(), "", "focus", ""},
		{"a link that is called a table", "pal_links.csv", link, "", "az/management-partner", ""},
		{"a table by its columns", "export.txt", "mcid\tcertificate\tearned_on\nm\tAZ-104\t2023-01-01\n", "", "table/certifications", ""},
		{"a bill that is called a table", "usage.csv", bill("2024-09-01,s1,t1,1"), "", "focus", ""},
		{"a table by --as", "x.csv", "location_id,global_id\nL,G\n", "partners", "table/partners", ""},
		{"a bill of a version by --as", "x.csv", bill("2024-09-01,s1,t1,1"), "focus/1.2", "focus", ""},
		{"a version that there is not", "x.csv", bill("2024-09-01,s1,t1,1"), "focus/7", "focus", "focus-version"},
		{"no bill, whatever --as says", "x.csv", "location_id,global_id\nL,G\n", "focus/1.2", "", "focus-column"},
		{"not what --as says", "x.csv", "location_id,global_id\nL,G\n", "focus", "", "import-as"},
		{"a workbook", "x.csv", "PK\x03\x04abc", "", "", "file-zip"},
		{"a page", "x.csv", "<html><body>Sign in</body></html>", "", "", "file-kind"},
		{"some JSON", "x.json", `{"a":1}`, "", "", "file-kind"},
		{"nothing", "x.csv", "", "", "", "file-empty"},
		{"damaged Parquet", "x.parquet", "PAR1 and then nothing", "", "focus", "focus-parquet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			f := d.imports(dataset.ImportOptions{As: tt.as}, d.file(tt.file, tt.text)).Files[0]
			if tt.code != "" {
				if f.Status != dataset.FileRefused || f.Error.Code != tt.code || f.Error.Mend == "" {
					t.Errorf("%+v: %v", f, f.Error)
				}
				return
			}
			if f.Kind != tt.kind || f.Rows.Kept != 1 || f.Status != dataset.FileImported {
				t.Errorf("%+v: %v", f, f.Error)
			}
			d.load()
		})
	}
}

func TestFilesThatCannotBeImportedAreNamed(t *testing.T) {
	d := newDesk(t)
	own := d.file("data/people.csv", "person_id,mcid\np,m\n")
	account := d.imports(dataset.ImportOptions{}, own, d.out, filepath.Join(d.out, "none.csv"))
	for i, code := range []string{"import-own", "import-not-a-file", "file-unreadable"} {
		if f := account.Files[i]; f.Status != dataset.FileRefused || f.Error.Code != code {
			t.Errorf("%v, want %s", f.Error, code)
		}
	}
}

func TestAnImportThatIsStoppedLeavesWhatWasThere(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{}, d.file("first.csv", bill("2024-09-01,s1,t1,1")))
	before := d.state()
	ctx, cancel := context.WithCancel(context.Background())
	files := []string{d.file("second.csv", bill("2024-09-01,s1,t1,2")), d.file("third.csv", bill("2024-10-01,s1,t1,3"))}
	_, err := dataset.Import(ctx, d.data, files, dataset.ImportOptions{Progress: func(p dataset.Progress) {
		if p.File == files[1] {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || d.state() != before {
		t.Errorf("%v", err)
	}
}

func TestWhatACrashLeavesIsSweptAndNotRead(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{}, d.file("first.csv", bill("2024-09-01,s1,t1,1")))
	left := d.file("data/imported/focus-acc-2024-09-0123456789ab/usage.csv", "month,tenant_id,revenue_usd\n2024-09,t1,1000\n")
	if got := revenue(d.load()); got != "t1 2024-09 1" {
		t.Error(got)
	}
	d.imports(dataset.ImportOptions{}, d.file("second.csv", bill("2024-10-01,s1,t1,2")))
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it is still there")
	}
}

func TestOwnTablesHaveTheLastWord(t *testing.T) {
	d := newDesk(t)
	d.file("data/customers.csv", "tenant_id,name\nT1,Ours\n")
	d.imports(dataset.ImportOptions{}, d.file("customers.csv", "tenant_id,name,country,segment\nt1,Theirs,JP,SMB\nt2,Two,JP,\n"))
	c := d.load().Associations.Customers
	if len(c) != 2 || c[0].Name != "Ours" || c[0].Segment != "SMB" || c[1].Name != "Two" {
		t.Errorf("%+v", c)
	}
}

func TestMissingStatementsAndDamagedCataloguesAreErrors(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{}, d.file("first.csv", bill("2024-09-01,s1,t1,1")))
	dirs, _ := filepath.Glob(filepath.Join(d.data, "imported", "*-2024-09-*"))
	if err := os.RemoveAll(dirs[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Load(context.Background(), d.data, dataset.Options{}); kizuna.CodeOf(err) != "imported-missing" {
		t.Error(err)
	}
	for code, text := range map[string]string{
		"catalog-broken": "{",
		"catalog-dir":    `{"form":1,"files":[{"number":1,"facts":"../..","kind":"x"}]}`,
	} {
		d.file("data/imported/catalog.json", text)
		if _, err := dataset.Load(context.Background(), d.data, dataset.Options{}); kizuna.CodeOf(err) != code {
			t.Error(err)
		}
	}
}

// TestTheSampleBillIsAccountedFor imports the FinOps Foundation's sample of 1000
// charges of four providers. 51 of them are Microsoft's.
func TestTheSampleBillIsAccountedFor(t *testing.T) {
	sample := filepath.Join("..", "..", "shared", "data", "focus-1.0-sample-1000.csv")
	if _, err := os.Stat(sample); err != nil {
		t.Skip("the sample is not on this machine")
	}
	d := newDesk(t)
	f := d.imports(dataset.ImportOptions{}, sample).Files[0]
	if f.Rows.SetAside != 949 || f.Rows.Refused != 51 {
		t.Errorf("%+v", f.Rows)
	}
	subscriptions := "subscription_id,tenant_id,product\n"
	for _, p := range f.Problems {
		_, rest, _ := strings.Cut(p.Message, `"`)
		id, _, _ := strings.Cut(rest, `"`)
		subscriptions += id + ",t,Azure\n"
	}
	d.file("data/subscriptions.csv", subscriptions)
	f = d.imports(dataset.ImportOptions{}, sample).Files[0]
	if f.Rows.Read != 1000 || f.Rows.Kept+f.Rows.Merged != 51 || f.Rows.SetAside != 949 || f.Rows.Refused != 0 {
		t.Errorf("%+v %v", f.Rows, f.Problems)
	}
	aside := 0
	for _, a := range f.Asides {
		if a.Reason != "aside.other-provider" || a.Amount == nil {
			t.Errorf("%+v", a)
		}
		aside += a.Rows
	}
	if aside != 949 {
		t.Errorf("reasons for %d rows", aside)
	}
	var sum kizuna.Decimal
	lines := 0
	for _, row := range d.load().Usage {
		sum, lines = sum.Add(*row.Revenue), lines+row.Lines
		if row.At.File != "focus-1.0-sample-1000.csv" || row.Tenant != "t" {
			t.Errorf("%+v", row)
		}
	}
	// The column EffectiveCost of the Microsoft rows of category Usage, added up by hand.
	if lines != 51 || sum.String() != "1.97651418586" {
		t.Errorf("%d lines, %s", lines, sum)
	}
}

// TestEveryReportOfPartnerCenterLoadsAsItWasImported: what import writes, load reads.
func TestEveryReportOfPartnerCenterLoadsAsItWasImported(t *testing.T) {
	reports, _ := filepath.Glob(filepath.Join("..", "usage", "partnercenter", "testdata", "*.[ct]sv"))
	if len(reports) == 0 {
		t.Fatal("no reports")
	}
	for _, report := range reports {
		t.Run(filepath.Base(report), func(t *testing.T) {
			d := newDesk(t)
			d.file("data/people.csv", "person_id,mcid\n")
			f := d.imports(dataset.ImportOptions{}, report).Files[0]
			if f.Status != dataset.FileImported || !strings.HasPrefix(f.Kind, "partnercenter/") || f.Rows.Read == 0 {
				t.Fatalf("%+v: %v", f, f.Error)
			}
			if data := d.load(); f.Rows.Kept > 0 && len(data.Sources) != 2 {
				t.Errorf("%+v", data.Sources)
			}
		})
	}
}

// A file of more different rows than are held at once is put down in parts; when
// it is loaded, equal rows are one wherever they stood.
func TestALongFileIsOneFileWhereverItsRowsStand(t *testing.T) {
	const rows, again = 140_000, 3
	for _, tenant := range []string{"t1", ""} { // known from the row, or from subscriptions.csv
		d := newDesk(t)
		var b strings.Builder
		b.WriteString(billHeader)
		line := func(i int) {
			fmt.Fprintf(&b, "Microsoft,Usage,1,0,USD,2024-09-01T00:00:00Z,2024-09-02T00:00:00Z,Storage Accounts,acc,/subscriptions/s1,/subscriptions/s1/resourceGroups/%d,%s\n", i, tenant)
		}
		for i := range rows {
			line(i)
		}
		for i := range again {
			line(i)
		}
		if tenant == "" {
			// It holds only in another month, so that rows wait to the end.
			d.file("data/subscriptions.csv", "subscription_id,tenant_id,product,from,to\ns1,t1,Azure,2024-11-01,\n")
		}
		f := d.imports(dataset.ImportOptions{}, d.file("long.csv", b.String())).Files[0]
		if f.Rows.Kept+f.Rows.Merged != rows+again || f.Rows.Refused > 0 {
			t.Errorf("%+v", f.Rows)
		}
		data := d.load()
		if data.Ledger.Len() != rows || revenue(data) != fmt.Sprintf("t1 2024-09 %d", rows+again) {
			t.Errorf("%d rows, %s", data.Ledger.Len(), revenue(data))
		}
		expect(t, d.fates("long.csv", rows+again+1), fmt.Sprintf("%d: row of line %d", rows+again+1, again+1))
	}
}
