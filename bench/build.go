package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/focus"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// buildCmd times the way from a bill to a segment, on one core, and DuckDB's from the
// same bill to Parquet.
type buildCmd struct {
	Rows   int    `help:"Rows of the bill." default:"1000000"`
	Days   int    `help:"Days that each resource is charged for: 1 makes every row another resource's." default:"30"`
	Sample bool   `help:"Rows as long as those of the FinOps Foundation's sample."`
	Reps   int    `help:"How often each." default:"3"`
	Data   string `help:"Directory for the bill, the statements and the Parquet files." default:"data/build" type:"path"`
	Python string `help:"The interpreter that has DuckDB; none: without it." default:".venv/bin/python" type:"path"`
	Peers  string `help:"Directory of the peers." default:"peers" type:"path"`
	JSON   bool   `help:"Print JSON."`
}

// stage is a step of the way and what it took: the least processor time of all
// repetitions.
type stage struct {
	Name    string  `json:"name"`
	Rows    int     `json:"rows"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
}

func (s *stage) rate() float64 { return float64(s.Rows) / s.CPU }

// Run times every stage.
func (cmd *buildCmd) Run(ctx context.Context) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := os.MkdirAll(cmd.Data, 0o777); err != nil {
		return err
	}
	bill, format := filepath.Join(cmd.Data, fmt.Sprintf("bill-%d-%d.csv", cmd.Rows, cmd.Days)), billRow
	if cmd.Sample {
		bill, format = strings.TrimSuffix(bill, ".csv")+"-sample.csv", shorter.Replace(billRow)
	}
	if err := writeBill(bill, format, cmd.Rows, cmd.Days); err != nil {
		return err
	}
	place := filepath.Join(cmd.Data, "statements")
	var stages []*stage
	for _, s := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"scan", func(ctx context.Context) error { return scan(ctx, bill) }},
		{"sorted statements", func(ctx context.Context) error { return sortBill(ctx, bill, filepath.Join(cmd.Data, "sorted")) }},
		{"import", func(ctx context.Context) error { return importBill(ctx, bill, place) }},
		{"segment", func(ctx context.Context) error { return buildSegment(ctx, place) }},
	} {
		one := &stage{Name: s.name, Rows: cmd.Rows}
		if err := one.measure(ctx, cmd.Reps, s.run); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		stages = append(stages, one)
	}
	if _, err := os.Stat(cmd.Python); err == nil {
		peers, err := cmd.duckdb(ctx, bill)
		if err != nil {
			return err
		}
		stages = append(stages, peers...)
	}
	if cmd.JSON {
		return json.NewEncoder(os.Stdout).Encode(stages)
	}
	for _, s := range stages {
		fmt.Printf("%-24s %9d rows  %6.2f s  %6.2f s of the processor  %8.3f M rows/s\n", s.Name, s.Rows, s.Seconds, s.CPU, s.rate()/1e6)
	}
	return nil
}

func (s *stage) measure(ctx context.Context, reps int, run func(context.Context) error) error {
	for range reps {
		runtime.GC()
		start, cpu := time.Now(), cpuSeconds()
		if err := run(ctx); err != nil {
			return err
		}
		if used := cpuSeconds() - cpu; s.CPU == 0 || used < s.CPU {
			s.CPU, s.Seconds = used, time.Since(start).Seconds()
		}
	}
	return nil
}

// duckdb has DuckDB write the same columns, unsorted, which costs it less, and sorted.
func (cmd *buildCmd) duckdb(ctx context.Context, bill string) (stages []*stage, err error) {
	run := exec.CommandContext(ctx, cmd.Python, filepath.Join(cmd.Peers, "duckdb_build.py"), "--bill", bill, "--out", cmd.Data, "--reps", fmt.Sprint(cmd.Reps))
	run.Stderr = os.Stderr
	text, err := run.Output()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &stages); err != nil {
		return nil, err
	}
	for _, s := range stages {
		if s.Rows != cmd.Rows {
			return nil, fmt.Errorf("%s: %d rows of %d", s.Name, s.Rows, cmd.Rows)
		}
	}
	return stages, nil
}

// scan reads the cells of every row.
func scan(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := table.Open(f, name, table.Limits{})
	if err != nil {
		return err
	}
	for {
		if _, err := r.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// sortBill is the part of an import that DuckDB's COPY does: read, judge, add up, sort,
// write. A full ledger goes to the disk, as in an import.
func sortBill(ctx context.Context, bill, place string) (err error) {
	if err := os.RemoveAll(place); err != nil {
		return err
	}
	if err := os.MkdirAll(place, 0o777); err != nil {
		return err
	}
	f, err := os.Open(bill)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := table.Open(f, bill, table.Limits{})
	if err != nil {
		return err
	}
	m, err := focus.DefaultMapping()
	if err != nil {
		return err
	}
	sorter := statement.NewSorter(place)
	defer func() { err = errors.Join(err, sorter.Close()) }()
	rows := &usageSink{ledger: usage.NewLedger(), sorter: sorter}
	if _, err := focus.Read(ctx, r, m, focus.Options{}, rows); err != nil {
		return err
	}
	if rows.err == nil {
		rows.err = sorter.Hold(rows.ledger)
	}
	if rows.err != nil {
		return rows.err
	}
	for _, month := range sorter.Months() {
		if err := writeStatement(ctx, sorter, month, filepath.Join(place, month.String()+".parquet")); err != nil {
			return err
		}
	}
	return nil
}

func writeStatement(ctx context.Context, s *statement.Sorter, month kizuna.Month, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<18)
	_, err = s.Write(ctx, month, w)
	return errors.Join(err, w.Flush(), f.Close())
}

// usageSink takes the usage of a bill without anything that is wrong with it.
type usageSink struct {
	ledger *usage.Ledger
	sorter *statement.Sorter
	err    error
}

func (u *usageSink) Usage(row *usage.Row) {
	u.ledger.Add(row)
	var err error
	if u.ledger, err = u.sorter.Next(u.ledger); err != nil {
		u.err = err
	}
}
func (u *usageSink) Facts(...any)                {}
func (u *usageSink) Kept(kizuna.Ref)             {}
func (u *usageSink) SetAside(a intake.Aside)     { u.err = fmt.Errorf("%v was set aside", a.At) }
func (u *usageSink) Refuse(broken *kizuna.Error) { u.err = broken }

// importBill is the whole import: hash, read, judge, add up, journal, sort, write.
func importBill(ctx context.Context, bill, place string) error {
	if err := os.RemoveAll(place); err != nil {
		return err
	}
	account, err := dataset.Import(ctx, place, []string{bill}, dataset.ImportOptions{})
	if err == nil && account.Files[0].Rows.Kept == 0 {
		err = fmt.Errorf("nothing was kept: %+v", account.Files[0])
	}
	return err
}

// statements opens what was imported.
func statements(ctx context.Context, place string) (files []*statement.File, err error) {
	shelf := dataset.Directory(place)
	c, err := shelf.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range c.Files {
		for i := range f.Statements {
			u, err := shelf.Usage(ctx, f, &f.Statements[i])
			if err != nil {
				return files, err
			}
			files = append(files, u.File)
		}
	}
	return files, nil
}

// buildSegment makes a segment of the statements' usage, without associations: they
// cost the same wherever usage comes from.
func buildSegment(ctx context.Context, place string) error {
	files, err := statements(ctx, place)
	for _, f := range files {
		defer f.Close()
	}
	if err != nil {
		return err
	}
	b := segment.NewBuilder(io.Discard)
	refused, err := segment.NewCompiler(b, &association.Facts{}, attribution.NewRates(nil)).AddStatements(b, files)
	if err == nil && len(refused) > 0 {
		err = refused[0].Err
	}
	if err != nil {
		return err
	}
	return b.Finish()
}

// writeBill writes a FOCUS bill of one month, unless it is there: its days one after the
// other, as exports have them.
func writeBill(name, format string, rows, days int) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, billHeader)
	services := []string{"Virtual Machines", "Storage Accounts", "Azure SQL Database", "Azure Kubernetes Service", "Virtual Network"}
	resources := (rows + days - 1) / days
	order := make([]int, resources) // not that of tenants
	for i := range order {
		order[i] = i * 7919 % resources
	}
	n := 0
	for day := range days {
		for _, r := range order {
			if n == rows {
				break
			}
			n++
			tenant := r / 25
			subscription := fmt.Sprintf("%08x-1111-4222-8333-%012d", tenant*2654435761&0xffffffff, tenant)
			cost := float64(r%9973*(day+7)%100_000) / 10_000
			fmt.Fprintf(w, format, cost, day+1, subscription, r%50, r, services[r%len(services)], r%len(services), tenant)
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

const billHeader = "AvailabilityZone,BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription," +
	"ChargeFrequency,ChargePeriodEnd,ChargePeriodStart,CommitmentDiscountCategory,CommitmentDiscountId,CommitmentDiscountName,CommitmentDiscountStatus,CommitmentDiscountType," +
	"ConsumedQuantity,ConsumedUnit,ContractedCost,ContractedUnitPrice,EffectiveCost,InvoiceIssuerName,ListCost,ListUnitPrice,PricingCategory,PricingQuantity,PricingUnit," +
	"ProviderName,PublisherName,RegionId,RegionName,ResourceId,ResourceName,ResourceType,ServiceCategory,ServiceName,SkuId,SkuPriceId,SubAccountId,SubAccountName,Tags," +
	"x_CustomerId,x_SkuRegion,x_BillingProfileId,x_InvoiceSectionId,x_PublisherCategory,x_ResourceGroupName,x_PricingSubcategory"

// shorter makes rows of about 755 bytes out of those of about 920.
var shorter = strings.NewReplacer(
	`Compute and storage as it was used, group %[4]d`, `Compute`,
	`{""application"":""BrightLensMatrix"",""environment"":""dev""}`, `{""a"":""b""}`,
	`/providers/Microsoft.Billing/billingAccounts/1234567`, `1234567`,
	`24.000000000000000`, `24`, `"Example Reseller"`, `""`,
)

const billRow = `"",%[1].4f,"/providers/Microsoft.Billing/billingAccounts/1234567","Example Reseller","USD","2024-10-01T00:00:00Z","2024-09-01T00:00:00Z","Usage","","Compute and storage as it was used, group %[4]d",` +
	`"Usage-Based","2024-09-%02[2]dT23:00:00Z","2024-09-%02[2]dT00:00:00Z","","","","","",` +
	`24.000000000000000,"Hours",0.00000000000,0.00000000000,%.4[1]f,"Microsoft",0.00000080000,"0.0000004","Standard",2.00000000000,"1 Hour",` +
	`"Microsoft","Microsoft","westeurope","West Europe","/subscriptions/%[3]s/resourceGroups/rg-%[4]d/providers/Microsoft.Compute/virtualMachines/vm-%[5]d","vm-%[5]d","Virtual machine","Compute","%[6]s","DZH318Z0BQPS-%[7]d","DZH318Z0BQPS-00%[7]d","/subscriptions/%[3]s","Production","{""application"":""BrightLensMatrix"",""environment"":""dev""}",` +
	`"00000000-0000-4000-8000-%012[8]d","westeurope","PROFILE","SECTION","Cloud Provider","rg-%[4]d","On-Demand"` + "\n"
