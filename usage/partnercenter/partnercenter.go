// Package partnercenter reads the reports that partners download from Partner
// Center: Azure usage, seats and active users, Business Applications, claims,
// customers, subscriptions and certificates, in the vintages of 2021 to 2023.
//
// A report is known by its header. What its columns are called and what its rows
// become is data ([reports]); the few readings that differ stand in files of their
// own. Sources: Partner Center docs, "Insights data definitions", "Azure usage
// report" and "Downloads hub overview".
package partnercenter

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
)

// Kind is a report.
type Kind string

// The reports. The license usage reports of Office 365 and of Enterprise Mobility
// had one header in 2021-08; both are read as OfficeUsage, which reads them alike.
const (
	AzureUsage      Kind = "azure-usage"
	OfficeUsage     Kind = "office-usage"
	MobilityUsage   Kind = "mobility-usage"
	DynamicsUsage   Kind = "dynamics-usage"
	PowerBIUsage    Kind = "power-bi-usage"
	ClaimedUsage    Kind = "claimed-usage"    // CPOR Microsoft 365 usage
	BusinessRevenue Kind = "business-revenue" // Business Applications
	BusinessUsage   Kind = "business-usage"
	Customers       Kind = "customers"
	Subscriptions   Kind = "subscriptions"
	Locations       Kind = "locations" // partner profile
	Trainings       Kind = "trainings" // trainings, exams and certifications
	Learn           Kind = "learn"     // Microsoft Learn
	// Other is a report from which no figure is taken; its rows are set aside.
	Other Kind = "other"
)

// Vintage is the time since when a report has had its columns: "2021-08",
// "2021-10", "2023-08".
type Vintage string

// Report says what a file was as a whole.
type Report struct {
	Description intake.Description
	Rows        int // that were kept
}

// Detect tells which report has the header; false if none has.
func Detect(header []string) (Kind, Vintage, bool) {
	for i := range reports {
		if reports[i].has(header) {
			return reports[i].kind, vintage(header), true
		}
	}
	return "", "", false
}

// vintage goes by columns that came with one. A report whose columns have not
// changed since is of the vintage that they came with.
func vintage(header []string) Vintage {
	switch {
	case table.FindIn(header, columns[hierarchy]...) >= 0: // it names the account differently
		return "2021-08"
	case table.FindIn(header, "EOU", "IndustryName", "PartnerID", "PGAPartnerID", "FiscalMonthName", "SummaryPricingLevel", "FY24Offers") >= 0:
		return "2023-08"
	case table.FindIn(header, "PGAMpnId", "ClaimId") >= 0:
		return "2021-10"
	}
	return "2021-08"
}

// Read reads a report. Every row of it goes to the sink once. The error is one
// that ends the file: columns that are missing, a file that cannot be read to its
// end, a context that is done; the report is of the rows before it.
func Read(ctx context.Context, kind Kind, r *table.Reader, sink intake.Sink) (Report, error) {
	d, err := describe(kind, r)
	if err != nil {
		return Report{}, err
	}
	in := newInput(d, r, sink)
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return in.report(), context.Cause(ctx)
		}
		record, err := r.Next()
		if err == io.EOF {
			return in.report(), nil
		}
		if err != nil {
			broken, ok := errors.AsType[*kizuna.Error](err)
			if !ok || r.Err() != nil {
				return in.report(), err
			}
			sink.Refuse(broken)
			continue
		}
		in.take(record)
	}
}

// describe finds the description of the kind that fits the header best: Other has
// several.
func describe(kind Kind, r *table.Reader) (*description, error) {
	var first *description
	for i := range reports {
		d := &reports[i]
		if d.kind != kind {
			continue
		}
		if d.has(r.Header()) {
			return d, nil
		}
		if first == nil {
			first = d
		}
	}
	whole := kizuna.Ref{File: r.Ref(-1).File, Line: 1}
	if first == nil {
		return nil, kizuna.Errorf("partnercenter-kind", "there is no report %q", kind).
			WithMend("name one of %s", strings.Join(kinds(), ", ")).WithRef(whole)
	}
	for _, f := range first.needs {
		if r.Find(columns[f]...) < 0 {
			return nil, kizuna.Errorf("partnercenter-column", "the report %s has no column %s", kind, columns[f][0]).
				WithMend("download it with all of its columns").WithRef(whole)
		}
	}
	return first, nil
}

// kinds lists the reports that are read.
func kinds() []string {
	var names []string
	for i := range reports {
		if name := string(reports[i].kind); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
