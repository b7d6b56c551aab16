// Package focus reads bills in the FinOps Open Cost and Usage Specification
// (FOCUS), versions 1.0 to 1.4, as delimited text or Parquet: Azure consumed
// revenue by customer, subscription, resource and day.
//
// What counts is the effective cost of Microsoft's charges of category Usage.
// Purchases, taxes, credits, adjustments, unused commitment and the charges of
// other providers are set aside with their amounts.
package focus

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/table"
)

// Options say how a bill is read. The zero value is the usual way.
type Options struct {
	// Cost names the column that holds the revenue; "" is EffectiveCost. BilledCost,
	// ContractedCost and ListCost are others. A column whose name ends in "InUsd"
	// is in dollars whatever the row's currency.
	Cost string
	// Version of the specification, "1.0" to "1.4"; "" is what the columns show.
	Version string
}

// Report says what was in a bill as a whole.
type Report struct {
	Description intake.Description
	Version     string
	Rows        int // that were kept
	// Unmapped lists the services of kept rows that the mapping does not know, the
	// greatest number of rows first. Their rows count for Azure as a whole and,
	// under the provider's own name, as a workload.
	Unmapped []Unmapped
}

// Unmapped is a service that the mapping does not know.
type Unmapped struct {
	Service  string
	Currency string
	Rows     int
	Amount   kizuna.Decimal
}

// Versions lists the versions that are read.
func Versions() []string { return []string{"1.0", "1.1", "1.2", "1.3", "1.4"} }

// Detect reports whether a header is that of a FOCUS bill, and the version that
// its columns show. A bill that leaves out what a version added looks older.
func Detect(header []string) (version string, ok bool) {
	has := func(name string) bool { return table.FindIn(header, name) >= 0 }
	for _, name := range []string{"ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "BillingCurrency"} {
		if !has(name) {
			return "", false
		}
	}
	if !has("BilledCost") && !has("EffectiveCost") {
		return "", false
	}
	for _, v := range marks {
		if slices.ContainsFunc(v.columns, has) && !slices.ContainsFunc(v.without, has) {
			return v.version, true
		}
	}
	return "1.0", true
}

// marks are columns that came with a version, or went, the latest first.
var marks = []struct {
	version string
	columns []string
	without []string
}{
	{"1.4", []string{"ServiceProviderName"}, []string{"ProviderName", "PublisherName"}},
	{"1.3", []string{"ServiceProviderName", "HostProviderName", "AllocatedMethodId", "ContractApplied"}, nil},
	{"1.2", []string{"BillingAccountType", "SubAccountType", "InvoiceId", "PricingCurrency"}, nil},
	{"1.1", []string{"ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "CapacityReservationId", "CommitmentDiscountQuantity"}, nil},
}

// field is what is read of a row.
type field int

const (
	provider field = iota
	serviceProvider
	category
	cost
	currency
	periodStart
	periodEnd
	service
	meter
	billingAccount
	subAccount
	resource
	commitment
	customer
	customerName
	fields
)

// wholeRow stands for no field in particular.
const wholeRow field = -1

// columns are the names of the fields' columns. The column of the cost is named
// by the options.
var columns = [fields]string{
	provider:        "ProviderName",
	serviceProvider: "ServiceProviderName",
	category:        "ChargeCategory",
	currency:        "BillingCurrency",
	periodStart:     "ChargePeriodStart",
	periodEnd:       "ChargePeriodEnd",
	service:         "ServiceName",
	meter:           "x_SkuMeterCategory",
	billingAccount:  "BillingAccountId",
	subAccount:      "SubAccountId",
	resource:        "ResourceId",
	commitment:      "CommitmentDiscountStatus",
	customer:        "x_CustomerId",
	customerName:    "x_CustomerName",
}

var required = []field{category, cost, currency, periodStart, periodEnd, service}

// binding says in which column of a file each field is, -1 if in none.
type binding struct {
	version string
	names   [fields]string
	at      [fields]int
	dollars bool // the cost is in dollars whatever the row's currency
}

func bind(header []string, file string, opts Options) (*binding, error) {
	whole := kizuna.Ref{File: file, Line: 1}
	version, ok := Detect(header)
	if opts.Version != "" {
		version, ok = opts.Version, true
		if !slices.Contains(Versions(), version) {
			return nil, kizuna.Errorf("focus-version", "FOCUS %s is not known", version).
				WithMend("give one of %s", strings.Join(Versions(), ", ")).WithRef(whole)
		}
	}
	b := &binding{version: version, names: columns}
	if b.names[cost] = opts.Cost; opts.Cost == "" {
		b.names[cost] = "EffectiveCost"
	}
	b.dollars = strings.HasSuffix(strings.ToLower(b.names[cost]), "inusd")
	for f := range fields {
		b.at[f] = table.FindIn(header, b.names[f])
	}
	for _, f := range required {
		if b.at[f] < 0 || !ok {
			return nil, kizuna.Errorf("focus-column", "the bill has no column %s", b.names[f]).
				WithMend("export it with all columns of FOCUS 1.0 or later").WithRef(whole)
		}
	}
	if b.at[provider] < 0 && b.at[serviceProvider] < 0 {
		return nil, kizuna.Errorf("focus-provider-column", "the bill names no provider: it has neither ProviderName nor ServiceProviderName").
			WithMend("export it with all columns of FOCUS 1.0 or later").WithRef(whole)
	}
	return b, nil
}

// covers is what a bill could hold.
func covers() []intake.Coverage {
	return []intake.Coverage{{Quantity: program.Revenue, Family: program.AzureFamily}}
}
