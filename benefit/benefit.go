// Package benefit tells what a company is given with its designations and
// specializations, how much of it is left, and what its locations may use.
//
// A [Bundle] is what was paid for with a term of membership: packages that stay what
// they were when they came in, until the bundle ends. The global account has them; it
// may hand parts to its locations. What is redeemed lowers a balance that never goes
// below 0. After a merge the company has several bundles, each with its own end.
//
// Quantities that no source gives are not given here either: nothing can be redeemed of
// them until somebody who knows them writes them into a program file.
//
// Source: "Introduction to the Solutions Partner program" (Partner Center).
package benefit

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Span is a time in which a company had a designation or a specialization, both days
// included.
type Span struct {
	ID    string      `json:"id"` // the area, or the specialization
	First kizuna.Date `json:"first"`
	Last  kizuna.Date `json:"last"`
}

// Term is a bundle's time, as the membership has it.
type Term struct {
	Account     string      `json:"account"` // which paid; another one before a merge
	First       kizuna.Date `json:"first"`
	Anniversary kizuna.Date `json:"anniversary"`
	Last        kizuna.Date `json:"last"`
}

// ID names the bundle: "900/2023-10-20".
func (t *Term) ID() string { return t.Account + "/" + t.First.String() }

// Package is a package of a bundle.
type Package struct {
	ID string `json:"package"` // of the program: "azure-specialization"
	// For is the specialization that brought it; "": designations did.
	For     string            `json:"for,omitempty"`
	Since   kizuna.Date       `json:"since"`
	Program string            `json:"program"` // whose quantities it has, by the day on which it came in
	Items   []program.Benefit `json:"-"`
}

// Name names the package within its bundle: "azure-specialization/sap".
func (p *Package) Name() string {
	if p.For == "" {
		return p.ID
	}
	return p.ID + "/" + p.For
}

// Left is a package that a cap kept out.
type Left struct {
	Package        string `json:"package"`
	Specialization string `json:"specialization"`
	AtMost         int    `json:"at_most"`
}

// Entitled lists the packages of a bundle up to a day, in order of their days: what
// came in stays, whatever is lost meanwhile. Of a group with a cap those come first
// that were first had. rules finds the program of a day.
func Entitled(t Term, day kizuna.Date, designations, specializations []Span, rules func(kizuna.Date) *program.Program) (in []Package, out []Left) {
	through := min(day, t.Last)
	type coming struct {
		on   kizuna.Date
		id   string
		spec bool
	}
	var all []coming
	note := func(spans []Span, spec bool) {
		first := make(map[string]kizuna.Date)
		for _, s := range spans {
			on := max(s.First, t.First)
			if s.Last < t.First || on > through || on > s.Last {
				continue
			}
			if was, again := first[s.ID]; !again || on < was {
				first[s.ID] = on
			}
		}
		for id, on := range first {
			all = append(all, coming{on, id, spec})
		}
	}
	note(designations, false)
	note(specializations, true)
	slices.SortFunc(all, func(a, b coming) int { return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.id, b.id)) })
	byGroup := make(map[string]int)
	for _, c := range all {
		p := rules(c.on)
		if p == nil || p.Benefits == nil {
			continue
		}
		group := ""
		if c.spec {
			if s := p.Specialization(c.id); s != nil {
				group = s.Group
			}
			if group == "" {
				continue
			}
		}
		for i := range p.Benefits.Packages {
			of := &p.Benefits.Packages[i]
			pkg := Package{ID: of.ID, Since: c.on, Program: p.Ref(), Items: of.Items}
			switch {
			case c.spec && of.Group == group:
				if of.AtMost > 0 && byGroup[of.ID] >= of.AtMost {
					out = append(out, Left{of.ID, c.id, of.AtMost})
					continue
				}
				byGroup[of.ID]++
				pkg.For = c.id
			case c.spec || !slices.Contains(of.Designations, c.id) || has(in, of.ID):
				continue
			}
			in = append(in, pkg)
		}
	}
	return in, out
}

func has(in []Package, id string) bool {
	return slices.ContainsFunc(in, func(p Package) bool { return p.ID == id })
}
