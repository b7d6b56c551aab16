package focus_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/focus"
)

// log is a sink that writes down what it is told, a line each.
type log struct {
	lines                []string
	kept, aside, refused int
	facts                []any
	asideAmount          kizuna.Decimal
	revenue              kizuna.Decimal
}

func (l *log) Usage(row *usage.Row) {
	period := row.Month.String()
	if row.Day != nil {
		period = row.Day.String()
	}
	l.revenue = l.revenue.Add(*row.Revenue)
	l.lines = append(l.lines, fmt.Sprintf("%v usage %s t=%s s=%s %s | %s | %v %s", row.At, period, row.Tenant, row.Subscription, row.Scope, row.Workload, *row.Revenue, row.Currency))
}

func (l *log) Facts(records ...any) { l.facts = append(l.facts, records...) }
func (l *log) Kept(kizuna.Ref)      { l.kept++ }

func (l *log) SetAside(a intake.Aside) {
	l.aside++
	amount := "none"
	if a.Amount != nil {
		amount = a.Amount.String() + " " + a.Unit
		l.asideAmount = l.asideAmount.Add(*a.Amount)
	}
	l.lines = append(l.lines, fmt.Sprintf("%s:%d %s %s, %s", a.At.File, a.At.Line, a.Reason, a.Detail, amount))
}

func (l *log) Refuse(err *kizuna.Error) {
	l.refused++
	l.lines = append(l.lines, fmt.Sprintf("%v %s", err.At, err.Code))
}

func mapping(t testing.TB) *focus.Mapping {
	t.Helper()
	m, err := focus.DefaultMapping()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t testing.TB, text string, opts focus.Options) (focus.Report, *log) {
	t.Helper()
	r, err := table.Open(strings.NewReader(text), "bill.csv", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	l := new(log)
	report, err := focus.Read(context.Background(), r, mapping(t), opts, l)
	if err != nil {
		t.Fatal(err)
	}
	return report, l
}

// bill writes rows under a header; each row says only what differs from a plain
// charge of one dollar for storage.
func bill(header string, rows ...map[string]string) string {
	usual := map[string]string{
		"ProviderName": "Microsoft", "ServiceProviderName": "Microsoft", "ChargeCategory": "Usage",
		"EffectiveCost": "1", "BilledCost": "2", "BillingCurrency": "USD",
		"ChargePeriodStart": "2024-09-04 00:00:00", "ChargePeriodEnd": "2024-09-05 00:00:00",
		"ServiceName": "Storage Accounts", "SubAccountId": "/subscriptions/s1",
		"CommitmentDiscountStatus": "NULL", "BillingAccountId": "8611537",
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	names := strings.Split(header, ",")
	w.Write(names)
	for _, row := range rows {
		cells := make([]string, len(names))
		for i, name := range names {
			cell, ok := row[name]
			if !ok {
				cell = usual[name]
			}
			cells[i] = cell
		}
		w.Write(cells)
	}
	w.Flush()
	return b.String()
}

type row = map[string]string

const (
	header10 = "BilledCost,BillingAccountId,BillingCurrency,ChargeCategory,ChargePeriodEnd,ChargePeriodStart,CommitmentDiscountStatus,EffectiveCost,ProviderName,PublisherName,ResourceId,ServiceName,SubAccountId,x_CustomerId,x_CustomerName,x_SkuMeterCategory,x_EffectiveCostInUsd"
	header14 = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodEnd,ChargePeriodStart,CommitmentDiscountStatus,EffectiveCost,ServiceProviderName,HostProviderName,ResourceId,ServiceName,SubAccountId"
)

func TestEachKindOfChargeBecomesWhatItShould(t *testing.T) {
	const vm = "/subscriptions/s1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
	for name, c := range map[string]struct {
		row  row
		want string
	}{
		"usage of a day":         {row{}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"usage of an hour":       {row{"ChargePeriodStart": "2024-09-04 22:00:00", "ChargePeriodEnd": "2024-09-04 23:00:00"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"the last hour":          {row{"ChargePeriodStart": "2024-09-30T23:00:00Z", "ChargePeriodEnd": "2024-10-01T00:00:00Z"}, "bill.csv:2 usage 2024-09-30 t= s=s1  | Storage | 1 "},
		"usage of a month":       {row{"ChargePeriodStart": "2024-09-01", "ChargePeriodEnd": "2024-10-01"}, "bill.csv:2 usage 2024-09 t= s=s1  | Storage | 1 "},
		"a part of a month":      {row{"ChargePeriodStart": "2024-09-03", "ChargePeriodEnd": "2024-09-10"}, "bill.csv:2 usage 2024-09 t= s=s1  | Storage | 1 "},
		"time without seconds":   {row{"ChargePeriodStart": "2024-09-04T00:00Z", "ChargePeriodEnd": "2024-09-05T00:00Z"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"time with an offset":    {row{"ChargePeriodStart": "2024-09-04T09:00:00.000+09:00", "ChargePeriodEnd": "2024-09-05T09:00:00+09:00"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"over two months":        {row{"ChargePeriodStart": "2024-09-04", "ChargePeriodEnd": "2024-10-05"}, "bill.csv:2:21 focus-period"},
		"an empty period":        {row{"ChargePeriodEnd": "2024-09-04"}, "bill.csv:2:21 focus-period-empty"},
		"no time":                {row{"ChargePeriodStart": "soon"}, "bill.csv:2:41 focus-time"},
		"an hour of 24":          {row{"ChargePeriodStart": "2024-09-04 24:00:00"}, "bill.csv:2:41 focus-time"},
		"a tenant and a scope":   {row{"x_CustomerId": "T1", "ResourceId": vm, "ServiceName": "Virtual Machine Scale Sets"}, "bill.csv:2 usage 2024-09-04 t=T1 s=s1 " + vm + " | Virtual Machines | 1 "},
		"a resource by name":     {row{"ResourceId": "vm-1"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"an account not Azure's": {row{"SubAccountId": "123", "x_CustomerId": "T1"}, "bill.csv:2 usage 2024-09-04 t=T1 s=  | Storage | 1 "},
		"a bare subscription":    {row{"SubAccountId": "64e355d7-997c-491d-b0c1-8414dccfcf42"}, "bill.csv:2 usage 2024-09-04 t= s=64e355d7-997c-491d-b0c1-8414dccfcf42  | Storage | 1 "},
		"nobody's":               {row{"SubAccountId": "NULL"}, "bill.csv:2:97 focus-customer"},
		"a finer meter":          {row{"x_SkuMeterCategory": "Microsoft Defender for Cloud"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Azure Defender | 1 "},
		"a meter not known":      {row{"x_SkuMeterCategory": "Something new"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"a service not known":    {row{"ServiceName": "Quantum Abacus"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Quantum Abacus | 1 "},
		"another currency":       {row{"BillingCurrency": "jpy", "EffectiveCost": "-150.00"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | -150 JPY"},
		"no currency":            {row{"BillingCurrency": "NULL"}, "bill.csv:2:11 focus-currency"},
		"no cost":                {row{"EffectiveCost": "NULL"}, "bill.csv:2:66 focus-cost-empty"},
		"no number":              {row{"EffectiveCost": "1,000"}, "bill.csv:2:66 focus-cost"},
		"a tax":                  {row{"ChargeCategory": "Tax"}, "bill.csv:2 aside.not-usage Tax, 1 USD"},
		"a purchase, lower case": {row{"ChargeCategory": "purchase"}, "bill.csv:2 aside.not-usage Purchase, 1 USD"},
		"a credit of nothing":    {row{"ChargeCategory": "Credit", "EffectiveCost": "NULL"}, "bill.csv:2 aside.not-usage Credit, none"},
		"an adjustment":          {row{"ChargeCategory": "Adjustment", "EffectiveCost": "-3.5"}, "bill.csv:2 aside.not-usage Adjustment, -3.5 USD"},
		"no category":            {row{"ChargeCategory": ""}, "bill.csv:2:15 focus-category"},
		"another category":       {row{"ChargeCategory": "Gift"}, "bill.csv:2:15 focus-category"},
		"commitment not used":    {row{"CommitmentDiscountStatus": "Unused"}, "bill.csv:2 aside.unused-commitment Storage Accounts, 1 USD"},
		"commitment used":        {row{"CommitmentDiscountStatus": "Used"}, "bill.csv:2 usage 2024-09-04 t= s=s1  | Storage | 1 "},
		"another provider":       {row{"ProviderName": "AWS", "ServiceName": "Amazon EC2"}, "bill.csv:2 aside.other-provider AWS: Amazon EC2, 1 USD"},
		"no provider":            {row{"ProviderName": "NULL"}, "bill.csv:2 aside.other-provider : Storage Accounts, 1 USD"},
	} {
		t.Run(name, func(t *testing.T) {
			_, l := read(t, bill(header10, c.row), focus.Options{})
			if len(l.lines) != 1 || l.lines[0] != c.want {
				t.Errorf("got  %q\nwant %q", l.lines, c.want)
			}
			if l.kept+l.aside+l.refused != 1 {
				t.Errorf("the row was closed %d times", l.kept+l.aside+l.refused)
			}
		})
	}
}

func TestTheCostColumnIsAnOption(t *testing.T) {
	text := bill(header10, row{"BillingCurrency": "EUR", "x_EffectiveCostInUsd": "7"})
	for cost, want := range map[string]string{
		"":                     "1 EUR",
		"BilledCost":           "2 EUR",
		"x_EffectiveCostInUsd": "7 ",
	} {
		_, l := read(t, text, focus.Options{Cost: cost})
		if !strings.HasSuffix(l.lines[0], want) {
			t.Errorf("%q: %s, want %s", cost, l.lines[0], want)
		}
	}
	r, err := table.Open(strings.NewReader(text), "bill.csv", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := focus.Read(context.Background(), r, mapping(t), focus.Options{Cost: "ListCost"}, new(log)); kizuna.CodeOf(err) != "focus-column" {
		t.Error(err)
	}
}

func TestTheVersionIsKnownByItsColumns(t *testing.T) {
	for header, want := range map[string]string{
		header10:                       "1.0",
		header10 + ",SkuMeter":         "1.1",
		header10 + ",PricingCurrency":  "1.2",
		header10 + ",HostProviderName": "1.3",
		header14 + ",ProviderName":     "1.3",
		header14:                       "1.4",
		strings.ReplaceAll(strings.ToLower(header10), "billedcost", "billed cost"):                             "1.0",
		"month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd":                    "",
		"InvoiceNumber,CustomerId,CustomerName,ChargeType,UnitPrice,Quantity,Subtotal,TaxTotal,Total,Currency": "",
	} {
		if got, ok := focus.Detect(strings.Split(header, ",")); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", header, got, ok, want)
		}
	}
	report, l := read(t, bill(header14, row{}, row{"ServiceProviderName": "AWS"}), focus.Options{})
	if report.Version != "1.4" || l.kept != 1 || l.aside != 1 {
		t.Errorf("%+v %q", report, l.lines)
	}
	if report, _ := read(t, bill(header10, row{}), focus.Options{Version: "1.2"}); report.Version != "1.2" {
		t.Errorf("declared 1.2, got %s", report.Version)
	}
}

func TestAFileWithoutTheColumnsIsRefusedByName(t *testing.T) {
	for header, code := range map[string]string{
		strings.Replace(header10, "ServiceName", "Service", 1):   "focus-column",
		strings.Replace(header10, "ProviderName", "Provider", 1): "focus-provider-column",
		strings.Replace(header10, "EffectiveCost", "Cost", 1):    "focus-column",
		"month,tenant_id,revenue_usd":                            "focus-column",
	} {
		r, err := table.Open(strings.NewReader(header+"\n"), "bill.csv", table.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := focus.Read(context.Background(), r, mapping(t), focus.Options{}, new(log)); kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v", header, err)
		}
	}
	r, err := table.Open(strings.NewReader(header10+"\n"), "bill.csv", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := focus.Read(context.Background(), r, mapping(t), focus.Options{Version: "9"}, new(log)); kizuna.CodeOf(err) != "focus-version" {
		t.Error(err)
	}
}

func TestSubscriptionsAndCustomersAreToldOnce(t *testing.T) {
	_, l := read(t, bill(header10,
		row{},
		row{},
		row{"x_CustomerId": "T1", "x_CustomerName": "安曇野製作所"},
		row{"x_CustomerId": "T1", "x_CustomerName": "安曇野製作所"},
		row{"SubAccountId": "/subscriptions/s2", "x_CustomerId": "T1"},
		row{"SubAccountId": "/subscriptions/s3", "ChargeCategory": "Tax"},
	), focus.Options{})
	var got []string
	for _, fact := range l.facts {
		switch f := fact.(type) {
		case association.Subscription:
			got = append(got, fmt.Sprintf("%s of %q: %s, always %v", f.ID, f.Tenant, f.Product, f.During == kizuna.Always))
		case association.Customer:
			got = append(got, fmt.Sprintf("%s %s", f.Tenant, f.Name))
		}
	}
	want := []string{`s1 of "": Azure, always true`, `s1 of "T1": Azure, always true`, "T1 安曇野製作所", `s2 of "T1": Azure, always true`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestServicesThatTheMappingDoesNotKnowAreReportedWithTheirAmounts(t *testing.T) {
	report, l := read(t, bill(header10,
		row{"ServiceName": "Quantum Abacus", "EffectiveCost": "0.1"},
		row{"ServiceName": "Quantum Abacus", "EffectiveCost": "0.2"},
		row{"ServiceName": "Quantum Abacus", "EffectiveCost": "5", "BillingCurrency": "JPY"},
		row{"ServiceName": "Quantum Abacus", "ChargeCategory": "Tax"},
		row{},
	), focus.Options{})
	got := fmt.Sprint(report.Unmapped)
	if want := "[{Quantum Abacus  2 0.3} {Quantum Abacus JPY 1 5}]"; got != want || l.kept != 4 || report.Rows != 4 {
		t.Errorf("%d kept, %s", l.kept, got)
	}
}

func TestABrokenLineDoesNotEndTheBill(t *testing.T) {
	_, l := read(t, bill(header10, row{})+"1,2\n"+strings.Split(bill(header10, row{}), "\n")[1]+"\n", focus.Options{})
	if l.kept != 2 || l.refused != 1 {
		t.Errorf("%q", l.lines)
	}
}

func TestATornFileIsAnErrorOfTheWholeBill(t *testing.T) {
	r, err := table.Open(strings.NewReader(bill(header10, row{})+strings.Repeat("x", 3000)), "bill.csv", table.Limits{MaxLine: 1000})
	if err != nil {
		t.Fatal(err)
	}
	l := new(log)
	report, err := focus.Read(context.Background(), r, mapping(t), focus.Options{}, l)
	if kizuna.CodeOf(err) != "record-long" || report.Rows != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

func TestReadingStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := table.Open(strings.NewReader(bill(header10, row{})), "bill.csv", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := focus.Read(ctx, r, mapping(t), focus.Options{}, new(log)); err != context.Canceled {
		t.Error(err)
	}
}

func TestAMappingOfOnesOwnReplacesTheDefault(t *testing.T) {
	m, err := focus.ParseMapping([]byte("providers: [Contoso Cloud]\nservices:\n  box: Boxes\n"), "own.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if w, known := m.Workload("", "B-O x"); w != "Boxes" || !known {
		t.Errorf("%s %v", w, known)
	}
	if m.Counts("Microsoft") || !m.Counts("contoso cloud") {
		t.Error("providers are those of the file")
	}
	for text, code := range map[string]string{
		"services: {a: b}":                     "focus-mapping-providers",
		"providers: [Microsoft]\nservcies: {}": "focus-mapping",
		"providers: [Microsoft":                "focus-mapping",
		"":                                     "focus-mapping",
	} {
		if _, err := focus.ParseMapping([]byte(text), "own.yaml"); kizuna.CodeOf(err) != code {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The security workloads of Azure are what a bill can most easily hide.
func TestTheDefaultMappingReachesTheSecurityWorkloads(t *testing.T) {
	m := mapping(t)
	for service, want := range map[string]string{
		"Microsoft Sentinel": "Sentinel", "Key Vault": "Key Vault", "Azure Bastion": "Azure Bastion",
		"Azure Firewall": "Azure Firewall", "Azure Firewall Manager": "Azure Firewall Manager",
		"Application Gateway": "Application Gateway", "Azure Front Door": "Azure Front Door Service",
		"Azure DDoS Protection": "Azure DDOS Protection", "Network Watcher": "Network Watcher",
		"Security Center": "Security Center", "Microsoft Defender for Cloud": "Azure Defender",
		"Microsoft Entra Domain Services": "Azure Active Directory Domain Services",
		"Azure Active Directory B2C":      "Azure Active Directory B2C",
		"Advanced Threat Protection":      "Advanced Threat Protection",
		"Advanced Data Security":          "Advanced Data Security",
		"Microsoft Defender for IoT":      "Azure IoT Security",
		"Microsoft Entra External ID":     "Azure Active Directory for External Identities",
	} {
		for _, as := range []string{"meter", "service"} {
			got, known := m.Workload(service, "")
			if as == "service" {
				got, known = m.Workload("", service)
			}
			if got != want || !known {
				t.Errorf("%s as %s: %q, want %q", service, as, got, want)
			}
		}
	}
}

const shared = "../../../shared/data/focus-1.0-sample-1000.csv"

func TestEveryRowOfThePublishedSampleIsAccountedFor(t *testing.T) {
	text, err := os.ReadFile(shared)
	if err != nil {
		t.Skip("the published FOCUS 1.0 sample is not here:", err)
	}
	report, l := read(t, string(text), focus.Options{})
	if report.Version != "1.0" || l.kept != 51 || l.aside != 949 || l.refused != 0 {
		t.Errorf("version %s, %d kept, %d set aside, %d refused", report.Version, l.kept, l.aside, l.refused)
	}
	if len(report.Unmapped) > 0 {
		t.Errorf("not mapped: %v", report.Unmapped)
	}
	// All money of the file is either counted or set aside.
	var whole kizuna.Decimal
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(records[0], "EffectiveCost")
	for _, record := range records[1:] {
		if d, err := kizuna.ParseDecimal(record[at]); err == nil {
			whole = whole.Add(d)
		}
	}
	if got := l.revenue.Add(l.asideAmount); got.String() != whole.String() {
		t.Errorf("%v of %v", got, whole)
	}
}

// charge is the same bill in Parquet, its columns of the types that exports use.
type charge struct {
	ProviderName      *string   `parquet:"ProviderName,optional,dict"`
	ChargeCategory    string    `parquet:"ChargeCategory,dict"`
	EffectiveCost     int64     `parquet:"EffectiveCost,decimal(6:18)"`
	BilledCost        float64   `parquet:"BilledCost"`
	BillingCurrency   string    `parquet:"BillingCurrency"`
	ChargePeriodStart time.Time `parquet:"ChargePeriodStart,timestamp(microsecond)"`
	ChargePeriodEnd   time.Time `parquet:"ChargePeriodEnd,timestamp(millisecond)"`
	ServiceName       string    `parquet:"ServiceName"`
	SubAccountID      *string   `parquet:"SubAccountId,optional"`
	Tags              []string  `parquet:"Tags,list"`
}

func parquetFile(t testing.TB, rows []charge) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[charge](&b, parquet.MaxRowsPerRowGroup(400), parquet.PageBufferSize(1000))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParquetAndTextSayTheSame(t *testing.T) {
	day := time.Date(2024, 9, 4, 0, 0, 0, 0, time.UTC)
	microsoft, aws, sub, null := "Microsoft", "AWS", "/subscriptions/s1", "NULL"
	var rows []charge
	var asText []row
	for i := range 1000 {
		c := charge{
			ProviderName: &microsoft, ChargeCategory: "Usage", EffectiveCost: int64(i) - 500, BilledCost: float64(i) / 8,
			BillingCurrency: "USD", ChargePeriodStart: day, ChargePeriodEnd: day.AddDate(0, 0, 1),
			ServiceName: fmt.Sprint("Service ", i%37), SubAccountID: &sub, Tags: []string{"a", "b"},
		}
		text := row{
			"EffectiveCost": fmt.Sprintf("%de-6", c.EffectiveCost), "BilledCost": fmt.Sprint(c.BilledCost),
			"ServiceName": c.ServiceName, "BillingAccountId": "",
		}
		switch i % 10 {
		case 3:
			c.ProviderName, text["ProviderName"] = &aws, aws
		case 4:
			c.ProviderName, text["ProviderName"] = nil, ""
		case 5:
			c.SubAccountID, text["SubAccountId"] = nil, ""
		case 6:
			c.SubAccountID, text["SubAccountId"] = &null, ""
		case 7:
			c.ChargePeriodEnd, text["ChargePeriodEnd"] = day.AddDate(1, 0, 0), "2025-09-04"
		}
		rows, asText = append(rows, c), append(asText, text)
	}
	data := parquetFile(t, rows)
	for _, opts := range []focus.Options{{}, {Cost: "BilledCost"}} {
		got := new(log)
		gotReport, err := focus.ReadParquet(context.Background(), bytes.NewReader(data), int64(len(data)), "bill.csv", mapping(t), opts, got)
		if err != nil {
			t.Fatal(err)
		}
		header := "ProviderName,ChargeCategory,EffectiveCost,BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,SubAccountId"
		wantReport, want := read(t, bill(header, asText...), opts)
		if fmt.Sprint(gotReport) != fmt.Sprint(wantReport) {
			t.Errorf("%+v\n%+v", gotReport, wantReport)
		}
		if got.kept != want.kept || got.aside != want.aside || got.refused != want.refused || got.revenue.String() != want.revenue.String() || got.asideAmount.String() != want.asideAmount.String() {
			t.Errorf("%d %d %d %v, want %d %d %d %v", got.kept, got.aside, got.refused, got.revenue, want.kept, want.aside, want.refused, want.revenue)
		}
		for i := range got.lines {
			// The places differ: a row is not a line.
			_, g, _ := strings.Cut(got.lines[i], " ")
			_, w, _ := strings.Cut(want.lines[i], " ")
			if g != w {
				t.Fatalf("row %d: %s\n%s", i+1, got.lines[i], want.lines[i])
			}
		}
	}
}

func TestADamagedParquetFileIsAnErrorAndNoPanic(t *testing.T) {
	microsoft := "Microsoft"
	data := parquetFile(t, slices.Repeat([]charge{{ProviderName: &microsoft, ChargeCategory: "Usage", BillingCurrency: "USD"}}, 50))
	for _, broken := range [][]byte{nil, []byte("PAR1"), data[:len(data)/2], append(bytes.Repeat([]byte{0}, 100), data[100:]...)} {
		_, err := focus.ReadParquet(context.Background(), bytes.NewReader(broken), int64(len(broken)), "bill.parquet", mapping(t), focus.Options{}, new(log))
		if kizuna.CodeOf(err) != "focus-parquet" {
			t.Errorf("%d bytes: %v", len(broken), err)
		}
	}
}

// Whatever the text: every line becomes exactly one of kept, set aside, refused.
func FuzzRead(f *testing.F) {
	f.Add(bill(header10, row{}, row{"ChargeCategory": "Tax"}, row{"ChargePeriodEnd": "x"}))
	f.Add(bill(header14, row{"EffectiveCost": "1e-9"}, row{"ServiceProviderName": "AWS"}))
	f.Add(bill(header10, row{"ChargePeriodStart": "2024-02-30T25:00+99:00", "EffectiveCost": "1e999"}))
	m := mapping(f)
	f.Fuzz(func(t *testing.T, text string) {
		limits := table.Limits{MaxLine: 4000, MaxBytes: 1 << 18}
		r, err := table.Open(strings.NewReader(text), "f", limits)
		if err != nil {
			return
		}
		l := new(log)
		if _, err := focus.Read(context.Background(), r, m, focus.Options{}, l); err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		count, err := table.Open(strings.NewReader(text), "f", limits)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for {
			if _, err := count.Next(); err == io.EOF {
				break
			}
			rows++
		}
		if l.kept+l.aside+l.refused != rows {
			t.Fatalf("%d rows, %d kept, %d set aside, %d refused", rows, l.kept, l.aside, l.refused)
		}
	})
}

func FuzzReadParquet(f *testing.F) {
	microsoft := "Microsoft"
	data := parquetFile(f, slices.Repeat([]charge{{ProviderName: &microsoft, ChargeCategory: "Usage", BillingCurrency: "USD"}}, 3))
	f.Add(data)
	f.Add([]byte("PAR1"))
	m := mapping(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := focus.ReadParquet(context.Background(), bytes.NewReader(data), int64(len(data)), "f", m, focus.Options{}, new(log))
		if err != nil && kizuna.CodeOf(err) == "" {
			t.Fatalf("%#v", err)
		}
	})
}

// Whatever a mapping says, it is refused with a code, or says something of every name.
func FuzzParseMapping(f *testing.F) {
	f.Add("providers: [Microsoft]\nservices: {Storage Accounts: Storage}\nmeters: {Functions: Functions}\n", "Storage-Accounts")
	f.Add("providers:\n  - &a Microsoft\n  - *a\n", "x")
	f.Add("services: {a: {b: c}}", "")
	f.Fuzz(func(t *testing.T, text, name string) {
		m, err := focus.ParseMapping([]byte(text), "f.yaml")
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		if w, known := m.Workload("", name); !known && w != name {
			t.Fatalf("%q became %q", name, w)
		}
		m.Counts(name)
	})
}
