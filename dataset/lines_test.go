package dataset_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
)

// fates writes what became of each line in a word: the places of its rows in the
// ledger, or why it has none.
func (d *desk) fates(file string, lines ...int) string {
	d.t.Helper()
	data := d.load()
	var out []string
	for _, line := range lines {
		f, err := dataset.FateOfLine(context.Background(), dataset.Directory(d.data), data.Ledger, kizuna.Ref{File: file, Line: line})
		var words []string
		switch {
		case err != nil:
			words = append(words, kizuna.CodeOf(err))
		case f.SetAside != nil:
			words = append(words, f.SetAside.Reason, f.SetAside.Detail)
		case f.Refused != nil:
			words = append(words, f.Refused.Code)
		case f.LeftOut != nil:
			words = append(words, f.LeftOut.Code)
		case f.ReplacedBy != "":
			words = append(words, "replaced by", f.ReplacedBy)
		default:
			for _, i := range f.Rows {
				words = append(words, fmt.Sprintf("row of line %d", data.Usage[i].At.Line))
			}
		}
		out = append(out, fmt.Sprintf("%d: %s", line, strings.Join(words, " ")))
	}
	return strings.Join(out, "; ")
}

// lines names all lines of every row, in the order of the ledger.
func (d *desk) lines() string {
	d.t.Helper()
	data, err := dataset.Load(context.Background(), d.data, dataset.Options{Relative: true})
	if err != nil {
		d.t.Fatal(err)
	}
	wanted := make(map[kizuna.Ref]bool)
	for _, row := range data.Usage {
		wanted[row.At] = true
	}
	found, err := dataset.LinesOf(context.Background(), dataset.Directory(d.data), data.Ledger, wanted)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, row := range data.Usage {
		for _, l := range found[row.At] {
			out = append(out, l.File+":"+l.Lines)
		}
	}
	return strings.Join(out, "; ")
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestALineOfTheOwnTableIsFoundWhereverItWasAdded(t *testing.T) {
	d := newDesk(t)
	d.file("data/usage.csv", `month,tenant_id,workload,revenue_usd
2023-10,t1,Storage,1
2023-10,t1,Compute,1
2023-10,T1,Storage,2
2023-10,t1,Storage,4
2023-10,t1,Compute,4
2023-10,t1,Storage,8
`)
	expect(t, d.fates("usage.csv", 2, 3, 4, 6, 7, 8),
		"2: row of line 2; 3: row of line 3; 4: row of line 2; 6: row of line 3; 7: row of line 2; 8: no-such-row")
	expect(t, d.lines(), "usage.csv:2 4-5 7; usage.csv:3 6")
}

func TestABrokenLineOfTheOwnTableSaysWhy(t *testing.T) {
	d := newDesk(t)
	d.file("data/usage.csv", "month,tenant_id,revenue_usd\n2023-10,t1,1\nOctober,t1,1\n")
	ctx := context.Background()
	data, err := dataset.Load(ctx, d.data, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := dataset.FateOfLine(ctx, dataset.Directory(d.data), data.Ledger, kizuna.Ref{File: "usage.csv", Line: 3})
	if err != nil || f.Refused == nil || f.Refused.At.Line != 3 {
		t.Errorf("%+v %v", f, err)
	}
}

func TestEveryLineOfABillIsAnsweredFor(t *testing.T) {
	d := newDesk(t)
	name := d.file("bill.csv", bill(
		"2024-09-01,s1,t1,1", // 2
		"2024-09-01,s2,,1",   // 3: no tenant yet
		"2024-09-01,s1,t1,2", // 4: added to 2
		"2024-09-01,s2,,2",   // 5: added to 3
		"2024-09-01,s3,,1",   // 6: nobody's
		"2024-09-01,s3,,2",   // 7: and what is added to it
		"2024-09-01,s1,,4",   // 8: no tenant, but the file itself says whose s1 is: added to 2
		"2024-09-01,s1,,8",   // 9: and what is added to it
	)+strings.Replace(bill("2024-09-02,s1,t1,1"), billHeader, "", 1)+ // 10
		strings.Replace(strings.Replace(bill("2024-09-01,s1,t1,9"), billHeader, "", 1), "Usage", "Tax", 1)+ // 11
		strings.Replace(bill("2024-09-01,s1,t1,much"), billHeader, "", 1)) // 12
	d.file("data/subscriptions.csv", "subscription_id,tenant_id,product\ns2,t2,Azure\n")
	account := d.imports(dataset.ImportOptions{}, name)
	if want := (dataset.Rows{Read: 11, Kept: 3, Merged: 4, SetAside: 1, Refused: 3}); account.Files[0].Rows != want {
		t.Errorf("%+v", account.Files[0].Rows)
	}
	expect(t, d.fates("bill.csv", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
		"1: no-such-row; 2: row of line 2; 3: row of line 3; 4: row of line 2; 5: row of line 3; "+
			"6: tenant-unknown; 7: tenant-unknown; 8: row of line 2; 9: row of line 2; 10: row of line 10; "+
			"11: aside.not-usage Tax; 12: focus-cost; 13: no-such-row")
	expect(t, d.lines(), "bill.csv:2 4 8-9; bill.csv:10; bill.csv:3 5")
	expect(t, d.fates("/elsewhere/bill.csv", 4), "4: row of line 2")
	expect(t, d.fates("other.csv", 4), "4: no-such-row")
}

func TestARefusalIsKeptInEveryLanguage(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{}, d.file("bill.csv", bill("2024-09-01,s1,t1,1", "2024-09-01,s9,,1", "2024-09-01,s9,,1")))
	data := d.load()
	f, err := dataset.FateOfLine(context.Background(), dataset.Directory(d.data), data.Ledger, kizuna.Ref{File: "bill.csv", Line: 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Refused.Translated("%q, %d", "").Message; got != `"s9", 2` {
		t.Error(got)
	}
}

func TestTheLinesOfAReplacedFileSayWhatReplacedIt(t *testing.T) {
	d := newDesk(t)
	d.imports(dataset.ImportOptions{}, d.file("old.csv", bill("2024-09-01,s1,t1,1", "2024-10-01,s1,t1,1", "2024-10-01,s1,t1,1")))
	d.imports(dataset.ImportOptions{}, d.file("new.csv", bill("2024-10-01,s1,t1,2")))
	expect(t, d.fates("old.csv", 2, 3, 4), "2: row of line 2; 3: replaced by new.csv; 4: replaced by new.csv")
	expect(t, d.fates("new.csv", 2), "2: row of line 2")
}

func TestAFileOfWhichNothingWasKeptIsAnsweredFor(t *testing.T) {
	d := newDesk(t)
	tax := strings.ReplaceAll(bill("2024-09-01,s1,t1,1", "2024-09-02,s1,t1,1"), "Usage", "Tax")
	d.file("data/usage.csv", "month,tenant_id\n")
	d.imports(dataset.ImportOptions{}, d.file("tax.csv", tax))
	expect(t, d.fates("tax.csv", 3), "3: aside.not-usage Tax")
}

func TestRowsThatTwoFilesShareNameTheLinesOfBoth(t *testing.T) {
	d := newDesk(t)
	one := d.file("one.csv", bill("2024-09-01,s1,t1,1", "2024-09-01,s1,t1,2"))
	two := d.file("two.csv", bill("2024-09-05,s1,t1,1", "2024-09-01,s1,t1,4"))
	d.imports(dataset.ImportOptions{}, one, two)
	expect(t, d.lines(), "one.csv:2-3; two.csv:3; two.csv:2")
	expect(t, d.fates("one.csv", 3), "3: row of line 3") // as two.csv names it
}

const azureReport = "PGAMpnID,MPNID,CustomerTenantId,SubscriptionId,Month,ServiceLevel2,PartnerAttributionType,AdminType,IsACRDuplicateAtPGALevel,ACR_USD\n"

func TestRevenueThatAReportAndABillMeasureCountsOnce(t *testing.T) {
	d := newDesk(t)
	account := d.imports(dataset.ImportOptions{},
		d.file("bill.csv", bill("2024-09-01,S1,t1,1", "2024-09-02,s1,t1,2", "2024-09-02,s2,t1,4", "2024-10-02,s1,t1,8")),
		d.file("report.csv", azureReport+"1,2,t1,s1,2024-09-01,Storage,PAL,Owner,0,3.5\n"))
	const note = "2 rows of bill.csv do not count (3 USD): report.csv measures the same subscriptions in 2024-09 " +
		"(choose whose figures count with: kizuna import --azure-from focus)"
	if len(account.Overlaps) != 1 || account.Overlaps[0].Error() != note {
		t.Errorf("%v", account.Overlaps)
	}
	data := d.load()
	expect(t, revenue(data), "t1 2024-09 7.5, t1 2024-10 8")
	expect(t, fmt.Sprint(data.Overlaps), "["+note+"]")
	expect(t, d.fates("bill.csv", 2, 4), "2: row-measured-twice; 4: row of line 4")

	// The choice stays with the directory.
	account = d.imports(dataset.ImportOptions{AzureFrom: dataset.AzureFromBill})
	if len(account.Overlaps) != 1 || !strings.Contains(account.Overlaps[0].Message, "1 rows of report.csv do not count (3.5 USD): bill.csv") {
		t.Errorf("%v", account.Overlaps)
	}
	expect(t, revenue(d.load()), "t1 2024-09 7, t1 2024-10 8")
	expect(t, d.fates("report.csv", 2), "2: row-measured-twice")

	account = d.imports(dataset.ImportOptions{AzureFrom: dataset.AzureFromBoth})
	if len(account.Overlaps) != 1 || account.Overlaps[0].Code != "azure-counted-twice" {
		t.Errorf("%v", account.Overlaps)
	}
	expect(t, revenue(d.load()), "t1 2024-09 10.5, t1 2024-10 8")
}

func TestReportsThatMayCountTheSameUsersAreNamed(t *testing.T) {
	d := newDesk(t)
	account := d.imports(dataset.ImportOptions{},
		d.file("business.csv", "FiscalMonthName,GlobalPartnerID,PartnerAssociationType,CustomerTenantID,MetricType,Workload,MAU\nFY24-Oct,G1,PAL,t1,MAU,Sales,5\n"),
		d.file("dynamics.csv", "Month,MPNId,PartnerAttachType,CustomerTenantId,RevSumCategoryName,AvailableSeats,ActiveSeats\n2023-10,L1,PAL,t1,Sales,9,5\n"))
	if len(account.Overlaps) != 1 || account.Overlaps[0].Code != "users-measured-twice" || fmt.Sprint(d.load().Overlaps) != fmt.Sprint(account.Overlaps) {
		t.Errorf("%v", account.Overlaps)
	}
}
