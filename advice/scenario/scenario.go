// Package scenario is what people write down to ask "what if": rows that would stand in
// the plain tables, facts that would end, certificates, people, customers and usage that
// would change. [Parse] reads such a file, [Scenario.Changes] makes of it the changes that
// advice evaluates, and [Format] writes changes as a file.
package scenario

import (
	"reflect"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Scenario is a file of things that would be otherwise. They take effect in the order of
// the fields.
type Scenario struct {
	Name  string // lower-case letters, digits and hyphens
	Title program.Text
	// AsOf and Program are what would be asked, instead of what is asked otherwise.
	AsOf    *kizuna.Date
	Program string

	Add     Facts
	End     []Ending
	Earn    []Earning
	Lose    []Losing
	Leave   []Leaving
	Move    []Moving
	Grow    []Growth
	Project *Projection
}

// Changed reports whether the scenario changes facts, and not only the question.
func (s *Scenario) Changed() bool {
	rest := *s
	rest.Name, rest.Title, rest.AsOf, rest.Program = "", program.Text{}, nil, ""
	return !reflect.DeepEqual(rest, Scenario{})
}

// Facts are rows of the plain tables.
type Facts struct {
	Associations association.Facts
	People       people.Facts
	Usage        []usage.Row
}

// Ending ends all facts of a table that say what is given, on a day or at an instant.
type Ending struct {
	advice.Ending
	At kizuna.Ref
}

// Earning says that somebody earns a certificate.
type Earning struct {
	Person      string // a person id, or an mcid
	Certificate string
	On          kizuna.Date
	Expires     *kizuna.Date
	At          kizuna.Ref
}

// Losing says that a certificate ends: that it expires, or its retirement counts, on a day.
type Losing struct {
	Person      string // "": everybody
	Certificate string
	On          kizuna.Date
	At          kizuna.Ref
}

// Leaving says that a person's profiles are no longer linked to anybody.
type Leaving struct {
	Person string
	On     kizuna.Date
	At     kizuna.Ref
}

// Moving says that a customer, or one subscription, is sold by another partner under CSP.
type Moving struct {
	Tenant, Subscription string
	To                   string // a location; "": by nobody
	Tier                 string // T1 or T2; "": as before
	On                   kizuna.Date
	At                   kizuna.Ref
}

// Growth multiplies usage.
type Growth struct {
	advice.Growth
	At kizuna.Ref
}

// Projection says how usage goes on after a month.
type Projection struct {
	advice.Projection // From 0: the last month complete before the day
	At                kizuna.Ref
}

// Cell is what a row of a plain table says in a column.
type Cell struct{ Column, Text string }

// Row is a row of a plain table.
type Row struct {
	Table string
	Cells []Cell
}

// Tables know the rows of the plain tables.
type Tables interface {
	// Read adds a row to facts, or returns what is wrong with it, and with which of its
	// cells, -1 if with no one of them.
	Read(to *Facts, table string, row []Cell, at kizuna.Ref) (cell int, err error)
	// Rows lists facts as rows.
	Rows(f *Facts) []Row
}
