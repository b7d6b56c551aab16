package dataset

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/partnercenter"
)

// AzureSource says whose figures count where Partner Center's Azure usage and a
// bill both hold revenue of a subscription in a month.
type AzureSource string

// The sources. AzureFromReport is the default: the report is what the vendor
// itself counts, and nothing counts twice.
const (
	AzureFromReport AzureSource = "partnercenter"
	AzureFromBill   AzureSource = "focus"
	AzureFromBoth   AzureSource = "both" // for bills of other resources of the subscription
)

const (
	reportKind = "partnercenter/" + string(partnercenter.AzureUsage)
	billKind   = "focus"
)

// twice finds usage that two imported files measure. It is nil where none can.
type twice struct {
	choice AzureSource
	second string // the kind of file whose rows give way, or count again
	first  map[measured]*File
	found  map[rival]*again
}

type measured struct {
	subscription string // folded
	month        kizuna.Month
}

// rival is a file whose rows another one measures, and their currency.
type rival struct {
	file     *File
	currency string
}

// again adds up a rival's rows.
type again struct {
	rows   int
	amount kizuna.Decimal
	files  map[string]bool // that go first
	months map[kizuna.Month]bool
}

// mayOverlap are kinds of reports that count the same users under names of
// workloads that differ, so that only a person can tell.
var mayOverlap = [...][2]partnercenter.Kind{
	{partnercenter.BusinessUsage, partnercenter.DynamicsUsage},
	{partnercenter.BusinessUsage, partnercenter.PowerBIUsage},
}

// perhapsTwice tells of files in force of such kinds that share months.
func (c *Catalog) perhapsTwice() []*kizuna.Error {
	var notes []*kizuna.Error
	for _, kinds := range mayOverlap {
		for _, a := range c.Files {
			for _, b := range c.Files {
				if a.Kind != "partnercenter/"+string(kinds[0]) || b.Kind != "partnercenter/"+string(kinds[1]) {
					continue
				}
				months := slices.DeleteFunc(a.current(), func(m kizuna.Month) bool { return !slices.Contains(b.current(), m) })
				if len(months) > 0 {
					notes = append(notes, kizuna.Errorf("users-measured-twice", "%s and %s may count the same users in %s: both count", a.Name, b.Name, monthList(months)).
						WithMend("import one of the two kinds of report for a month"))
				}
			}
		}
	}
	return notes
}

func monthList(months []kizuna.Month) string {
	names := make([]string, len(months))
	for i, m := range months {
		names[i] = m.String()
	}
	return strings.Join(names, ", ")
}

// measuredTwiceIn returns the months for which files of both kinds are in force.
func (c *Catalog) measuredTwiceIn() map[kizuna.Month]bool {
	reports, bills := make(map[kizuna.Month]bool), make(map[kizuna.Month]bool)
	for f, st := range c.usage() {
		switch f.Kind {
		case reportKind:
			reports[st.Month] = true
		case billKind:
			bills[st.Month] = true
		}
	}
	maps.DeleteFunc(reports, func(m kizuna.Month, _ bool) bool { return !bills[m] })
	return reports
}

// findTwice learns which subscriptions the files that go first hold, month by
// month, if files of both kinds are in force for any month.
func (l *loader) findTwice(c *Catalog) (*twice, error) {
	shared := c.measuredTwiceIn()
	if len(shared) == 0 {
		return nil, nil
	}
	t := &twice{
		choice: cmp.Or(c.AzureFrom, AzureFromReport), second: billKind,
		first: make(map[measured]*File), found: make(map[rival]*again),
	}
	kind := reportKind
	if t.choice == AzureFromBill {
		kind, t.second = billKind, reportKind
	}
	scan := newLoader(l.ctx, l.shelf, l.opts)
	scan.only = "usage"
	scan.usage = func(f *File, row *usage.Row) {
		if row.Subscription != "" && row.Revenue != nil && shared[row.Month] {
			t.first[measured{association.Fold(row.Subscription), row.Month}] = f
		}
	}
	for _, f := range c.Files {
		if f.Kind == kind {
			if err := scan.imported(f); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// again reports whether a row gives way to one of another file, and counts it.
func (t *twice) again(f *File, row *usage.Row) bool {
	if t == nil || f == nil || f.Kind != t.second || row.Revenue == nil {
		return false
	}
	first := t.first[measured{association.Fold(row.Subscription), row.Month}]
	if first == nil {
		return false
	}
	key := rival{f, row.Currency}
	a := t.found[key]
	if a == nil {
		a = &again{files: make(map[string]bool), months: make(map[kizuna.Month]bool)}
		t.found[key] = a
	}
	a.rows += max(1, row.Lines)
	a.amount = a.amount.Add(*row.Revenue)
	a.files[first.Name], a.months[row.Month] = true, true
	return t.choice != AzureFromBoth
}

// leftOut says why a row does not count.
func (t *twice) leftOut(row *usage.Row) *kizuna.Error {
	first := t.first[measured{association.Fold(row.Subscription), row.Month}]
	return kizuna.Errorf("row-measured-twice", "the row does not count: %s measures subscription %s in %s, too", first.Name, row.Subscription, row.Month).
		WithMend("choose whose figures count with: kizuna import --azure-from %s", t.other()).WithRef(row.At)
}

func (t *twice) other() AzureSource {
	if t.choice == AzureFromReport {
		return AzureFromBill
	}
	return AzureFromReport
}

// notes tells of every file whose rows another one measures.
func (t *twice) notes() []*kizuna.Error {
	if t == nil {
		return nil
	}
	var notes []*kizuna.Error
	keys := slices.SortedFunc(maps.Keys(t.found), func(a, b rival) int {
		return cmp.Or(cmp.Compare(a.file.Number, b.file.Number), strings.Compare(a.currency, b.currency))
	})
	for _, key := range keys {
		a := t.found[key]
		amount := a.amount.String() + " " + cmp.Or(key.currency, "USD")
		files := strings.Join(slices.Sorted(maps.Keys(a.files)), ", ")
		months := monthList(slices.Sorted(maps.Keys(a.months)))
		note := kizuna.Errorf("azure-measured-twice", "%d rows of %s do not count (%s): %s measures the same subscriptions in %s",
			a.rows, key.file.Name, amount, files, months)
		if t.choice == AzureFromBoth {
			note = kizuna.Errorf("azure-counted-twice", "%d rows of %s count (%s) beside %s, which measures the same subscriptions in %s",
				a.rows, key.file.Name, amount, files, months)
		}
		notes = append(notes, note.WithMend("choose whose figures count with: kizuna import --azure-from %s", t.other()))
	}
	return notes
}
