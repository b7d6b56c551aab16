package dataset_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// TestTheSampleBillIsAttributedOnce follows every one of the sample's 1000 lines:
// Microsoft's 51 are credited once each, though two associations cover each; all
// others are set aside.
func TestTheSampleBillIsAttributedOnce(t *testing.T) {
	sample := filepath.Join("..", "..", "shared", "data", "focus-1.0-sample-1000.csv")
	if _, err := os.Stat(sample); err != nil {
		t.Skip("the sample is not on this machine")
	}
	var subscriptions, dpor, csp strings.Builder
	for _, id := range []string{
		"64e355d7-997c-491d-b0c1-8414dccfcf42", "ed570627-0265-4620-bb42-bae06bcfa914",
		"73c0021f-a37d-433f-8baa-7450cb54eea6", "9ec51cfd-5ca7-4d76-8101-dd0a4abc5674",
	} {
		subscriptions.WriteString(id + ",t1,Azure\n")
		dpor.WriteString(id + ",L1,2020-01-01\n")
		csp.WriteString(id + ",T1,L2,2020-01-01\n")
	}
	d := newDesk(t)
	d.file("data/partners.csv", "location_id,global_id\nL1,G1\nL2,G1\nL3,G2\n")
	d.file("data/subscriptions.csv", "subscription_id,tenant_id,product\n"+subscriptions.String())
	d.file("data/dpor.csv", "subscription_id,location_id,from\n"+dpor.String())
	d.file("data/csp.csv", "subscription_id,tier,location_id,from\n"+csp.String())
	if rows := d.imports(dataset.ImportOptions{}, sample).Files[0].Rows; rows.Kept+rows.Merged != 51 || rows.SetAside != 949 || rows.Refused != 0 {
		t.Fatalf("%+v", rows)
	}

	data := d.load()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	day := kizuna.NewDate(2024, 10, 1)
	p, _ := program.InForceOn(programs, "mcpp", day)
	answer := score.Ask(score.Question{Program: p, AsOf: day}, &score.Facts{
		Facts:    attribution.Facts{Associations: &data.Associations, Usage: data.Ledger},
		People:   &data.People,
		Coverage: data.Coverage(),
	})
	lines, aside := make(map[int]int), 0 // lines by the row that they are part of
	ctx := context.Background()
	for line := 2; line <= 1001; line++ {
		f, err := dataset.FateOfLine(ctx, dataset.Directory(d.data), data.Ledger, kizuna.Ref{File: sample, Line: line})
		switch {
		case err != nil:
			t.Fatal(err)
		case f.SetAside != nil && len(f.Rows) == 0:
			aside++
		case len(f.Rows) == 1:
			lines[f.Rows[0]]++
		default:
			t.Errorf("line %d: %+v", line, f)
		}
	}
	if aside != 949 || len(lines) != data.Ledger.Len() {
		t.Errorf("%d set aside; %d rows of %d", aside, len(lines), data.Ledger.Len())
	}

	var credited kizuna.Micro
	for row, n := range lines {
		f := answer.FateOfRow(row)
		if f.Added+1 != n {
			t.Errorf("%s was added up from %d lines, %d were found", f.At, f.Added+1, n)
		}
		if len(f.Accounts) != 1 || f.Accounts[0].Account != "G1" {
			t.Fatalf("%s: %+v", f.At, f.Accounts)
		}
		for _, place := range f.Accounts[0].Places {
			if place.Area == "data-ai" && place.Metric == "usage_growth" {
				if place.Clause != attribution.Counted || place.Credited != place.Amount || len(place.Reaches) != 2 {
					t.Errorf("%s: %s, %s of %s", f.At, place.Clause, place.Credited, place.Amount)
				}
				credited += place.Credited
			}
		}
	}
	// The 51 lines' EffectiveCost is 1.97651418586; each row is rounded once.
	if want, err := kizuna.ParseMicro("1.976514"); err != nil || credited < want-20 || credited > want+20 {
		t.Errorf("%s credited", credited)
	}
}
