package report

import (
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/score"
)

// Page is what [HTML] shows: a score and, if Explain is set, what stands behind it.
type Page struct {
	Result *score.Result
	P      *locale.Printer
	// Explain opens a component of a metric of an account's taken track; a metric
	// of only one component, or about people, has the component "".
	// It is asked once for each place, in the order of the page.
	Explain func(account string, at score.Place) Explanation
	Limits  Limits // the zero Limits are DefaultLimits
}

// Limits bound a page, so that any browser opens it. Whatever is left out is
// counted on the page, with the command that shows it.
type Limits struct {
	Accounts      int
	Contributions int // behind one figure
	Rows          int // of one contribution
	AllRows       int // of the page
}

// DefaultLimits make a page of a few megabytes at most.
var DefaultLimits = Limits{Accounts: 50, Contributions: 25, Rows: 12, AllRows: 6000}

// Explanation is what stands behind a figure: contributions of customers or
// people, the greatest first.
type Explanation struct {
	Contributions []Contribution
	More          int // contributions that are not in the list
}

// Contribution is what a customer or a person adds to a figure. Numbers are
// written for people.
type Contribution struct {
	Subject string // tenant or person id
	Label   string // its name, if it has one
	Now     string
	Base    string // a year before; "" where nothing is compared
	Note    string // of a person: what it counts as, with which certificates
	Tests   []Test
	Rows    []Row
	More    int // rows that are not in the list
}

// Test is a condition that the rule puts to a customer.
type Test struct {
	When, What, Value, Wanted string
	Holds                     bool
}

// Row is a row of usage and what of it is credited.
type Row struct {
	Source   string // file:line
	Month    string // or day
	What     string // workload, offer
	Amount   string
	Credited string
	Covered  string // associations that cover it
	Clause   string // why it counts, or why not
}
