// Package dataset is where facts come from: the plain tables that people keep, the
// statements that were imported beside them, and the catalogue of these, in a data
// directory or on another [Shelf]. It loads all of it into the facts that scores are
// computed from, writes tables, and takes files of other kinds in.
//
// The tables are described in docs/data.md and, in the same words, by [Tables];
// reading, writing and templates follow from that one description.
package dataset

import (
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Dataset is everything that a data directory or another shelf holds.
type Dataset struct {
	Associations association.Facts
	People       people.Facts
	Rates        []usage.Rate
	// Usage holds the rows, those that are one row to the rules of counting added
	// up. It is empty if [Options.Packed] was set.
	Usage []usage.Row
	// Ledger holds the same rows in a third of the memory.
	Ledger *usage.Ledger

	// Sources are the files that were read, in the order in which they were.
	Sources []Source
	// Problems are the rows that could not be understood, at most
	// [MaxProblems] of a file; Source.Refused counts all.
	Problems []*kizuna.Error
	// Overlaps tell of usage that two imported files measure, and which counts.
	Overlaps []*kizuna.Error
	// Notes say what was seen and not used: columns and files that nothing reads.
	Notes []*kizuna.Error

	// Reading is what came of reading usage, to load the rest again without it; nil
	// if usage was not read.
	Reading *Reading
}

// MaxProblems is how many refused rows of one file are kept to be shown.
const MaxProblems = 1000

// Source is a file that facts came from.
type Source struct {
	File    string `json:"file"`
	Kind    string `json:"kind"`              // "table/usage", "focus"
	Vintage string `json:"vintage,omitempty"` // of the file's format
	Source  string `json:"source,omitempty"`  // who it speaks for
	SHA256  string `json:"sha256,omitempty"`  // of an imported file's content
	// Covers is what it could hold data for; a table without rows covers nothing.
	Covers []intake.Coverage `json:"covers,omitempty"`
	// Certifications says that an imported file held certificates.
	Certifications bool `json:"certifications,omitempty"`
	// Months are those that its usage rows are about, in order.
	Months  []kizuna.Month `json:"months,omitempty"`
	Rows    int            `json:"rows"`    // rows kept
	Refused int            `json:"refused"` // rows that could not be understood
}

// Imported reports whether the source came in by import, and is not one of the
// directory's own tables.
func (s *Source) Imported() bool { return s.SHA256 != "" }

// Tables describes the plain tables in the order of the documentation. The list is
// shared: it must not be changed.
func Tables() []Table { return tables() }

// tables is made once, as kinds is.
var tables = sync.OnceValue(func() []Table {
	var tables []Table
	for _, k := range kinds() {
		tables = append(tables, k.table())
	}
	return tables
})

// kinds lists the plain tables and where their records go. The list is made once,
// because whoever reads a few rows would make it more often than he reads.
var kinds = sync.OnceValue(func() []kind {
	return []kind{
		facts[association.Location]{partnersTable(), func(d *Dataset) *[]association.Location { return &d.Associations.Locations }},
		facts[association.Customer]{customersTable(), func(d *Dataset) *[]association.Customer { return &d.Associations.Customers }},
		facts[association.Subscription]{subscriptionsTable(), func(d *Dataset) *[]association.Subscription { return &d.Associations.Subscriptions }},
		facts[association.ScopeParent]{scopesTable(), func(d *Dataset) *[]association.ScopeParent { return &d.Associations.Scopes }},
		facts[association.Claim]{claimsTable(), func(d *Dataset) *[]association.Claim { return &d.Associations.Claims }},
		facts[association.Link]{linksTable(), func(d *Dataset) *[]association.Link { return &d.Associations.Links }},
		facts[association.Assignment]{assignmentsTable(), func(d *Dataset) *[]association.Assignment { return &d.Associations.Assignments }},
		facts[association.Membership]{membershipsTable(), func(d *Dataset) *[]association.Membership { return &d.Associations.Memberships }},
		facts[association.Ownership]{ownershipsTable(), func(d *Dataset) *[]association.Ownership { return &d.Associations.Ownerships }},
		facts[association.Appointment]{appointmentsTable(), func(d *Dataset) *[]association.Appointment { return &d.Associations.Appointments }},
		facts[association.Resale]{resalesTable(), func(d *Dataset) *[]association.Resale { return &d.Associations.Resales }},
		usageRows{usageTable()},
		facts[people.Person]{peopleTable(), func(d *Dataset) *[]people.Person { return &d.People.People }},
		facts[people.ProfileLink]{profileLinksTable(), func(d *Dataset) *[]people.ProfileLink { return &d.People.Links }},
		facts[people.Certification]{certificationsTable(), func(d *Dataset) *[]people.Certification { return &d.People.Certifications }},
		facts[usage.Rate]{ratesTable(), func(d *Dataset) *[]usage.Rate { return &d.Rates }},
	}
})

// families are all that a plain usage table may report on.
var families = [...]program.Family{program.AzureFamily, program.M365Family, program.BusinessFamily}

// quantityColumns says which column of usage.csv holds which quantity.
var quantityColumns = [...]struct {
	column   string
	quantity program.Quantity
}{
	{"revenue_usd", program.Revenue},
	{"revenue", program.Revenue},
	{"active_users", program.ActiveUsers},
	{"paid_seats", program.PaidSeats},
	{"units", program.Consumption},
	{"active_users", program.Consumption}, // stands in where units is empty
}

// usageCoverage says what a usage table with these columns could hold.
func usageCoverage(has func(column string) bool) []intake.Coverage {
	var covers []intake.Coverage
	for _, q := range quantityColumns {
		for _, family := range families {
			if c := (intake.Coverage{Quantity: q.quantity, Family: family}); has(q.column) && !slices.Contains(covers, c) {
				covers = append(covers, c)
			}
		}
	}
	return covers
}
