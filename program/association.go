package program

import (
	"math/bits"
	"strings"
)

// Type is an association type: the way in which a customer is bound to a partner.
type Type uint8

// The association types. A claim's role makes three types of CPOR, because they
// feed different metrics.
const (
	CPORUsage    Type = iota // claiming partner of record: usage role (OSU)
	CPORPresales             // pre-sales role (OSA)
	CPORRevenue              // revenue role (RevRec, RevRec Performance)
	PAL                      // partner admin link
	DPOR                     // digital partner of record
	CSPTier1                 // cloud solution provider: direct bill partner or indirect provider
	CSPTier2                 // indirect reseller
	TPOR                     // transacting partner of record: seen in exports, earns no points
	numTypes
)

var typeNames = [numTypes]string{
	"CPOR-OSU", "CPOR-OSA", "CPOR-RevRec", "PAL", "DPOR", "CSP-T1", "CSP-T2", "TPOR",
}

// String returns the type's short name, as program files write it.
func (t Type) String() string { return typeNames[t] }

// TypeSet is a set of association types.
type TypeSet uint16

// SetOf returns the set of the given types.
func SetOf(types ...Type) TypeSet {
	var s TypeSet
	for _, t := range types {
		s |= 1 << t
	}
	return s
}

// typesByName are the names that program files may use; some name several types.
func typesByName(name string) (TypeSet, bool) {
	switch name {
	case "CPOR":
		return SetOf(CPORUsage), true
	case "CPOR-RevRecPerformance":
		return SetOf(CPORRevenue), true
	case "CSP":
		return SetOf(CSPTier1, CSPTier2), true
	}
	for t, n := range typeNames {
		if n == name {
			return SetOf(Type(t)), true
		}
	}
	return 0, false
}

// Has reports whether the set holds the type.
func (s TypeSet) Has(t Type) bool { return s&(1<<t) != 0 }

// Types returns the set's members in the order of the constants.
func (s TypeSet) Types() []Type {
	types := make([]Type, 0, bits.OnesCount16(uint16(s)))
	for t := range numTypes {
		if s.Has(t) {
			types = append(types, t)
		}
	}
	return types
}

// String joins the members' names with commas.
func (s TypeSet) String() string {
	names := make([]string, 0, numTypes)
	for _, t := range s.Types() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

// MarshalText writes the members' names with commas.
func (s TypeSet) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// WorkloadName returns the name under which the program lists a workload.
func (p *Program) WorkloadName(workload string) string {
	if name, ok := p.Aliases[workload]; ok {
		return name
	}
	return workload
}

// TypeOf returns the single type of that name; false if there is none or it names several.
func TypeOf(name string) (Type, bool) {
	set, ok := typesByName(name)
	if !ok || bits.OnesCount16(uint16(set)) != 1 {
		return 0, false
	}
	return set.Types()[0], true
}
