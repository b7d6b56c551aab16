package program

import (
	"strconv"

	"github.com/kizuna-org/kizuna"
)

// Benefits are what a program gives: packages of entitlements, with a designation
// or with a specialization.
type Benefits struct {
	Packages   []Package // in the program's order
	Provenance Provenance
}

// Package returns the package of that id, or nil.
func (b *Benefits) Package(id string) *Package {
	for i := range b.Packages {
		if b.Packages[i].ID == id {
			return &b.Packages[i]
		}
	}
	return nil
}

// Package is given once with any of some designations, or with each specialization
// of a group.
type Package struct {
	ID   string // "azure-core"
	Name Text
	// Designations: whoever has any of them has the package, once. Group: whoever has a
	// specialization of it has one package for each, AtMost so many (0: no cap).
	Designations []string
	Group        string
	AtMost       int
	Items        []Benefit
	Provenance   Provenance
}

// Item returns the benefit of that id, or nil.
func (p *Package) Item(id string) *Benefit {
	for i := range p.Items {
		if p.Items[i].ID == id {
			return &p.Items[i]
		}
	}
	return nil
}

// BenefitKind is what sort of thing a benefit is.
type BenefitKind string

// The kinds.
const (
	License  BenefitKind = "license"   // product licenses and seats
	Credit   BenefitKind = "credit"    // money or units to consume
	Support  BenefitKind = "support"   // incidents
	Advice   BenefitKind = "advice"    // hours
	GoMarket BenefitKind = "marketing" // help with going to market
)

// Benefit is one entitlement of a package.
type Benefit struct {
	ID       string // "advisory-hours"
	Name     Text
	Kind     BenefitKind
	Unit     string // "hour", "seat", "usd"
	Quantity Allowance
	// Monthly: the quantity is given anew each month of the calendar and what is left
	// of it is lost; otherwise it is for as long as the package lasts.
	Monthly    bool `json:",omitzero"`
	Provenance Provenance
}

// Allowance is a quantity, as far as it is known. The zero Allowance is not given
// by any source.
type Allowance struct {
	Amount    int64 `json:"amount,omitempty"`
	Known     bool  `json:"known,omitempty"`
	Unlimited bool  `json:"unlimited,omitempty"`
}

// ParseAllowance reads a whole number, "unlimited" or "unknown".
func ParseAllowance(s string) (Allowance, error) {
	switch s {
	case "unknown":
		return Allowance{}, nil
	case "unlimited":
		return Allowance{Known: true, Unlimited: true}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxAllowance {
		return Allowance{}, kizuna.Errorf("program-allowance", "%q is no quantity", clip(s)).
			WithMend("write a whole number up to %d, unlimited, or unknown", int64(maxAllowance))
	}
	return Allowance{Amount: n, Known: true}, nil
}

const maxAllowance = 1_000_000_000_000

// String writes the allowance as [ParseAllowance] reads it.
func (a Allowance) String() string {
	switch {
	case !a.Known:
		return "unknown"
	case a.Unlimited:
		return "unlimited"
	}
	return strconv.FormatInt(a.Amount, 10)
}

// The grammar.

var allowanceShape = parsed(ParseAllowance, map[string]any{"anyOf": []any{
	map[string]any{"type": "integer", "minimum": 0}, map[string]any{"enum": []string{"unlimited", "unknown"}},
}})

var benefitsShape = &object{name: "benefits", fields: withProvenance(
	field{key: "packages", doc: "The packages, in order.", of: mapOf{&object{name: "package", fields: withProvenance(
		field{key: "name", doc: "Its name.", of: namesShape, required: true},
		field{key: "with", doc: "Who is given it.", required: true, of: &object{name: "with", fields: []field{
			{key: "designations", doc: "Whoever has any of these areas' designations, once.", of: textsShape},
			{key: "specializations", doc: "Or, for each of them, who has specializations of this group.", of: textShape},
			{key: "at_most", doc: "So many packages of the group (no cap).", of: integerShape},
		}}},
		field{key: "items", doc: "What is in it.", of: mapOf{&object{name: "item", fields: withProvenance(
			field{key: "name", doc: "Its name.", of: namesShape, required: true},
			field{key: "kind", doc: "What sort of thing it is.", required: true, of: oneOf{string(License), string(Credit), string(Support), string(Advice), string(GoMarket)}},
			field{key: "unit", doc: "What it is counted in.", of: textShape},
			field{key: "quantity", doc: "How much: a whole number, unlimited, or unknown.", of: allowanceShape, required: true},
			field{key: "per", doc: "For as long as the package lasts, or anew each month (package).", of: oneOf{"package", "month"}},
		)}}},
	)}}},
)}

// benefits reads them; a program without the section gives none.
func (b *builder) benefits(n *node) *Benefits {
	if n == nil {
		return nil
	}
	around := b.provenanceOf(n, b.provenance)
	out := &Benefits{Provenance: around}
	for _, e := range n.get("packages").fields() {
		out.Packages = append(out.Packages, b.benefitPackage(e, around))
	}
	return out
}

func (b *builder) benefitPackage(e entry, around Provenance) Package {
	n := e.value
	p := Package{ID: e.key, Name: namesOf(n.get("name")), Provenance: b.provenanceOf(n, around)}
	with := n.get("with")
	p.Designations = b.areaIDs(with.get("designations"))
	p.Group, p.AtMost = textOf(with.get("specializations")), b.atLeast(with, "at_most", 1, 0)
	if (len(p.Designations) == 0) == (p.Group == "") {
		b.report(with.at, kizuna.Errorf("program-package-with", "a package is given with designations or with specializations").
			WithMend("write with: {designations: [...]} or with: {specializations: GROUP}"))
	}
	if p.Group != "" && !b.groupExists(p.Group) {
		b.report(with.place("specializations"), kizuna.Errorf("program-unknown-group", "no specialization is of the group %q", clip(p.Group)).
			WithMend("name a group: of some specialization under catalog"))
	}
	if p.AtMost > 0 && p.Group == "" {
		b.report(with.place("at_most"), kizuna.Errorf("program-needs", "%q needs %q", "at_most", "specializations").WithMend("add it, or take %q away", "at_most"))
	}
	for _, item := range n.get("items").fields() {
		of := Benefit{
			ID: item.key, Name: namesOf(item.value.get("name")), Kind: BenefitKind(textOf(item.value.get("kind"))),
			Unit: textOf(item.value.get("unit")), Monthly: textOf(item.value.get("per")) == "month",
			Provenance: b.provenanceOf(item.value, p.Provenance),
		}
		of.Quantity, _ = ParseAllowance(textOf(item.value.get("quantity")))
		p.Items = append(p.Items, of)
	}
	return p
}

func (b *builder) groupExists(group string) bool {
	if b.p.Specializations == nil {
		return false
	}
	for i := range b.p.Specializations.List {
		if b.p.Specializations.List[i].Group == group {
			return true
		}
	}
	return false
}

func (d *description) benefits(b *Benefits) {
	for i := range b.Packages {
		p := &b.Packages[i]
		d.under(p.ID, func() {
			d.names("designations", p.Designations)
			d.add("specializations", fact{text: p.Group})
			if p.AtMost > 0 {
				d.text("at_most", p.AtMost)
			}
			for _, item := range p.Items {
				quantity := item.Quantity.String()
				if item.Unit != "" {
					quantity += " " + item.Unit
				}
				if item.Monthly {
					quantity += " / month"
				}
				d.text(item.ID, quantity)
			}
		})
	}
}
