package dataset_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/table"
)

// files makes a data directory of file names and contents, in turns.
func files(namesAndContents ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(namesAndContents); i += 2 {
		fsys[namesAndContents[i]] = &fstest.MapFile{Data: []byte(namesAndContents[i+1])}
	}
	return fsys
}

func load(t *testing.T, namesAndContents ...string) *dataset.Dataset {
	t.Helper()
	d, err := dataset.LoadFS(context.Background(), files(namesAndContents...), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestIntervalsHoldWhatTheirCellsSay(t *testing.T) {
	day := func(s string) kizuna.Instant {
		i, err := kizuna.ParseInstant(s)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	d := load(t, "pal_links.csv", "tenant_id,object_id,location_id,from,to\n"+
		"t,o,l,2023-01-01,2023-02-01T08:00:00Z\n"+
		"t,o,l,2023-01-01,\n"+
		"t,o,l,,\n"+
		"t,o,l,,2023-02-01\n"+
		"t,o,l,2023-02-01,2023-01-01\n")
	want := []struct {
		name  string
		empty bool
		want  kizuna.Interval
	}{
		{"both ends", false, kizuna.Interval{From: day("2023-01-01"), To: day("2023-02-01T08:00:00Z")}},
		{"an open end", false, kizuna.Interval{From: day("2023-01-01"), To: kizuna.Forever}},
		{"no start never holds", true, kizuna.Interval{From: kizuna.Never, To: kizuna.Never}},
		{"no start never holds, whatever its end", true, kizuna.Interval{From: kizuna.Never, To: kizuna.Never}},
		{"an end before the start", true, kizuna.Interval{From: day("2023-02-01"), To: day("2023-01-01")}},
	}
	for i, w := range want {
		if got := d.Associations.Links[i].During; got != w.want || got.Empty() != w.empty {
			t.Errorf("%s: got %v, empty %v", w.name, got, got.Empty())
		}
	}
}

func TestLocationsWithoutIntervalColumnsHoldForever(t *testing.T) {
	d := load(t, "partners.csv", "location_id,global_id\nL1,G1\n")
	if got := d.Associations.Locations[0].During; got != kizuna.Always {
		t.Errorf("got %v", got)
	}
}

func TestEqualUsageRowsAreAddedUp(t *testing.T) {
	d := load(t, "usage.csv", "month,day,tenant_id,subscription_id,scope,workload,channel,revenue_usd,active_users\n"+
		"2023-09,,T1,s1,/subscriptions/S1/resourceGroups/RG,Storage,Web Direct,0.1,3\n"+
		"2023-09,,t1,S1,/SUBSCRIPTIONS/s1/resourcegroups/rg,Storage,WebDirect,0.2,\n"+
		"2023-09,2023-09-03,t1,S1,/subscriptions/s1/resourcegroups/rg,Storage,WebDirect,1,\n"+
		"2023-09,,t1,S1,/subscriptions/s1/resourcegroups/rg,storage,WebDirect,1,\n"+
		"2023-09,,T1,s1,/subscriptions/S1/resourceGroups/RG,Storage,WebDirect,0.03,4\n")
	if len(d.Usage) != 3 {
		t.Fatalf("%d rows", len(d.Usage))
	}
	first := d.Usage[0]
	if first.Revenue.String() != "0.33" || *first.ActiveUsers != 7 || first.Lines != 3 || first.At.String() != "usage.csv:2" {
		t.Errorf("got %v of %v users, %d lines from %v", first.Revenue, *first.ActiveUsers, first.Lines, first.At)
	}
	if first.Scope != "/subscriptions/S1/resourceGroups/RG" || first.Channel != "WebDirect" {
		t.Errorf("the first spelling is kept: %q, %q", first.Scope, first.Channel)
	}
	if d.Usage[1].Day == nil || d.Usage[2].PaidSeats != nil {
		t.Errorf("got %+v", d.Usage[1:])
	}
}

func TestRevenueIsInDollarsOrInACurrency(t *testing.T) {
	d := load(t, "usage.csv", "month,tenant_id,revenue_usd,revenue,currency\n"+
		"2023-09,t1,1.5,,\n"+
		"2023-09,t2,,1000,jpy\n"+
		"2023-09,t3,,2,USD\n"+
		"2023-09,t4,,,EUR\n"+
		"2023-09,t5,,2,\n")
	var got []string
	for _, row := range d.Usage {
		got = append(got, fmt.Sprint(row.Tenant, row.Revenue, row.Currency))
	}
	if s := strings.Join(got, " "); s != "t11.5 t21000JPY t32 t4<nil>" {
		t.Errorf("got %s", s)
	}
	if len(d.Problems) != 1 || d.Problems[0].Code != "currency-missing" || d.Problems[0].At.Line != 6 {
		t.Errorf("problems %v", d.Problems)
	}
}

func TestBrokenRowsAreReportedAndTheRestKept(t *testing.T) {
	tests := []struct {
		name, file, header, row string
		code, at                string
	}{
		{"day outside the month", "usage.csv", "month,day,tenant_id", "2023-09,2023-10-01,t", "day-outside-month", "usage.csv:2:9"},
		{"month", "usage.csv", "month,day,tenant_id", "2023-13,,t", "month", "usage.csv:2:1"},
		{"tenant", "usage.csv", "month,day,tenant_id", "2023-10,,", "cell-empty", "usage.csv:2:10"},
		{"amount", "usage.csv", "month,tenant_id,revenue_usd", `2023-10,t,"1,000"`, "number", "usage.csv:2:11"},
		{"users", "usage.csv", "month,tenant_id,active_users", "2023-10,t,1.5", "number-whole", "usage.csv:2:11"},
		{"flag", "usage.csv", "month,tenant_id,dup_pga", "2023-10,t,maybe", "flag", "usage.csv:2:11"},
		{"role", "cpor_claims.csv", "claim_id,location_id,tenant_id,workload,role,approved_on", "c,l,t,w,boss,2023-01-01", "cell-choice", "cpor_claims.csv:2:9"},
		{"target", "cpor_claims.csv", "claim_id,location_id,tenant_id,workload,role,approved_on", "c,l,t,,usage,2023-01-01", "claim-target", "cpor_claims.csv:2:1"},
		{"date", "certifications.csv", "mcid,certificate,earned_on", "m,AZ-104,2023-02-30", "date", "certifications.csv:2:10"},
		{"product", "subscriptions.csv", "subscription_id,tenant_id,product", "s,t,Azur", "cell-choice", "subscriptions.csv:2:5"},
		{"tier", "csp.csv", "subscription_id,tier,location_id,from", "s,T3,l,2023-01-01", "cell-choice", "csp.csv:2:3"},
		{"instant", "dpor.csv", "subscription_id,location_id,from", "s,l,yesterday", "instant", "dpor.csv:2:5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := load(t, tt.file, tt.header+"\n"+tt.row+"\n")
			if len(d.Problems) != 1 || d.Sources[0].Refused != 1 || d.Sources[0].Rows != 0 {
				t.Fatalf("problems %v of %+v", d.Problems, d.Sources)
			}
			if p := d.Problems[0]; p.Code != tt.code || p.At.String() != tt.at || p.Mend == "" {
				t.Errorf("got %s at %s: %v", p.Code, p.At, p)
			}
		})
	}
}

func TestAMissingColumnIsAnErrorThatNamesTheFile(t *testing.T) {
	_, err := dataset.LoadFS(context.Background(), files("csp.csv", "subscription_id,location_id,from\n"), dataset.Options{})
	if kizuna.CodeOf(err) != "table-column-missing" || !strings.Contains(err.Error(), "csp.csv") || !strings.Contains(err.Error(), `"tier"`) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownColumnsAndTablesAreNamed(t *testing.T) {
	d := load(t, "people.csv", "person_id,mcid,shoe size\np,m,42\n", "notes.csv", "a\n", "notes.txt", "")
	var got []string
	for _, n := range d.Notes {
		got = append(got, n.Code)
	}
	if fmt.Sprint(got) != "[column-unused table-unknown]" || len(d.People.People) != 1 {
		t.Errorf("got %v", d.Notes)
	}
}

func TestADirectoryWithoutTablesSaysHowToMakeThem(t *testing.T) {
	for code, dir := range map[string]string{"data-empty": t.TempDir(), "data-missing": filepath.Join(t.TempDir(), "none")} {
		_, err := dataset.Load(context.Background(), dir, dataset.Options{})
		if kizuna.CodeOf(err) != code || !strings.Contains(err.Error(), "kizuna template") {
			t.Errorf("got %v", err)
		}
	}
}

func TestTheSameTableTwiceIsRefused(t *testing.T) {
	_, err := dataset.LoadFS(context.Background(), files("people.csv", "person_id,mcid\n", "people.csv.gz", ""), dataset.Options{})
	if kizuna.CodeOf(err) != "table-twice" {
		t.Errorf("got %v", err)
	}
}

func TestATableCoversWhatItsColumnsCouldHoldUnlessItHasNoRows(t *testing.T) {
	d := load(t, "usage.csv", "month,tenant_id,revenue_usd\n2023-09,t,1\n2023-07,t,1\n")
	s := d.Sources[0]
	if len(s.Covers) != 3 || s.Covers[0].Quantity != "revenue" || fmt.Sprint(s.Months) != "[2023-07 2023-09]" {
		t.Errorf("got %+v", s)
	}
	if s := load(t, "usage.csv", "month,tenant_id,revenue_usd\n").Sources[0]; s.Covers != nil {
		t.Errorf("an empty table covers %v", s.Covers)
	}
}

func TestTemplatesLoadAndLeaveWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(kept, []byte("person_id,mcid\np,m\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	written, err := dataset.WriteTemplates(dir)
	if err != nil || len(written) != len(dataset.Tables())-1 {
		t.Fatalf("wrote %d, %v", len(written), err)
	}
	d, err := dataset.Load(context.Background(), dir, dataset.Options{})
	if err != nil || len(d.Problems)+len(d.Notes) != 0 || len(d.People.People) != 1 {
		t.Errorf("got %v, %v, %v", d, d.Problems, err)
	}
}

// TestWhatIsWrittenReadsTheSame takes every field of every table there and back.
func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	first := load(t,
		"partners.csv", "location_id,global_id,name\nL1,G1,\"A, \"\"B\"\"\"\n",
		"customers.csv", "tenant_id,name,country,segment\nt,顧客,JP,SMB\n",
		"subscriptions.csv", "subscription_id,tenant_id,product,agreement,from,to\ns,t,Azure,EA,2023-01-01,\n",
		"scopes.csv", "tenant_id,scope,parent,from,to\nt,/subscriptions/s,/mg,2023-01-01,\n",
		"cpor_claims.csv", "claim_id,location_id,tenant_id,workload,subscription_id,role,approved_on,ended_on\nc,L1,t,Teams,,usage,,\n",
		"pal_links.csv", "tenant_id,object_id,location_id,from,to\nt,o,L1,2023-01-01T01:02:03Z,\n",
		"role_assignments.csv", "tenant_id,object_id,principal_tenant_id,role,scope,from,to\nt,o,p,Owner,/,2023-01-01,\n",
		"group_members.csv", "tenant_id,group_id,object_id,from,to\nt,g,o,2023-01-01,\n",
		"resource_owners.csv", "tenant_id,scope,object_id,relation,last_activity,from,to\nt,app,o,co-owner,2023-01-02,2023-01-01,\n",
		"dpor.csv", "subscription_id,location_id,from,to\ns,L1,2023-01-01,\n",
		"csp.csv", "subscription_id,tier,location_id,from,to\ns,T1,L1,2023-01-01,\n",
		"usage.csv", "month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd,revenue,currency,active_users,paid_seats,units,source_row_id,asserted_location,asserted_type,dup_pga,dup_type,dup_location\n"+
			"2023-09,2023-09-30,t,s,sc,w,o,c,1.25,,,,,,id,L1,PAL,true,False,\n2023-09,,t,s,sc,w,o,c,,7,EUR,1,2,3.5,,,,,,0\n",
		"people.csv", "person_id,name,mcid\np,n,m\n",
		"profile_links.csv", "mcid,location_id,from,to\nm,L1,2023-01-01,\n",
		"certifications.csv", "mcid,certificate,earned_on,expires_on\nm,AZ-104,2023-01-01,\nm,AZ-305,,2024-01-01\n",
		"exchange_rates.csv", "currency,month,usd\nEUR,2023-09,1.07\n")
	if len(first.Problems) > 0 {
		t.Fatal(first.Problems)
	}
	dir := t.TempDir()
	if err := dataset.Write(dir, first); err != nil {
		t.Fatal(err)
	}
	second, err := dataset.LoadFS(context.Background(), os.DirFS(dir), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range dataset.Tables() {
		var a, b strings.Builder
		if err := dataset.WriteTable(&a, table.Name, first); err != nil {
			t.Fatal(err)
		}
		if err := dataset.WriteTable(&b, table.Name, second); err != nil {
			t.Fatal(err)
		}
		if a.String() != b.String() || strings.Count(a.String(), "\n") < 2 {
			t.Errorf("%s:\n%s\nreads as\n%s", table.Name, a.String(), b.String())
		}
	}
}

func TestWorldsLoadWithoutProblems(t *testing.T) {
	for _, world := range []string{"w1", "w2", "w3"} {
		dir := filepath.Join("..", "..", "shared", "domain", "worlds", world)
		if _, err := os.Stat(dir); err != nil {
			t.Skip("the worlds are not on this machine")
		}
		d, err := dataset.Load(context.Background(), dir, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Problems) != 0 || len(d.Notes) != 0 || len(d.Usage) == 0 || len(d.Associations.Locations) == 0 || len(d.People.Certifications) == 0 {
			t.Errorf("%s: %d rows, %v %v", world, len(d.Usage), d.Problems, d.Notes)
		}
	}
}

// Whatever stands in a table: no panic, errors have codes, and what was understood
// reads the same once it is written.
func FuzzLoad(f *testing.F) {
	for i, described := range dataset.Tables() {
		var names, cells []string
		for _, c := range described.Columns {
			names = append(names, c.Name)
			cells = append(cells, map[dataset.Form]string{
				dataset.DateForm: "2023-10-20", dataset.InstantForm: "2023-10-20T08:00:00Z", dataset.MonthForm: "2023-10",
				dataset.DecimalForm: "-1.50", dataset.WholeForm: "12.0", dataset.FlagForm: "True",
			}[c.Form])
			if last := &cells[len(cells)-1]; *last == "" && len(c.Values) > 0 {
				*last = c.Values[0]
			} else if *last == "" {
				*last = "x"
			}
		}
		f.Add(uint8(i), strings.Join(names, ",")+"\n"+strings.Join(cells, ",")+"\n"+strings.Join(cells, ";")+"\n")
	}
	f.Fuzz(func(t *testing.T, number uint8, text string) {
		name := dataset.Tables()[int(number)%len(dataset.Tables())].Name
		limits := table.Limits{MaxLine: 4000, MaxBytes: 1 << 18, MaxColumns: 100}
		load := func(text string) *dataset.Dataset {
			d, err := dataset.LoadFS(context.Background(), files(name+".csv", text), dataset.Options{Limits: limits})
			if err != nil && kizuna.CodeOf(err) == "" {
				t.Fatalf("%#v", err)
			}
			return d
		}
		first := load(text)
		if first == nil {
			return
		}
		for _, p := range first.Problems {
			if p.At.File != name+".csv" || p.At.Line == 0 {
				t.Fatalf("no place: %v", p)
			}
		}
		var written, again strings.Builder
		if err := dataset.WriteTable(&written, name, first); err != nil {
			t.Fatal(err)
		}
		limits = table.Limits{}
		second := load(written.String())
		if second == nil || len(second.Problems) > 0 {
			t.Fatalf("%q was written as %q", text, written.String())
		}
		if err := dataset.WriteTable(&again, name, second); err != nil {
			t.Fatal(err)
		}
		if written.String() != again.String() {
			t.Fatalf("%q, then %q", written.String(), again.String())
		}
	})
}
