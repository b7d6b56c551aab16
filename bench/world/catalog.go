package world

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna/program"
)

// Kind is the kind of usage that a workload has.
type Kind uint8

// The kinds.
const (
	Azure    Kind = iota // revenue of days or months
	Seats                // users and seats of months
	Business             // revenue and units of months
)

// Workload is what is used.
type Workload struct {
	Name string
	Kind Kind
}

// The values that a class is made of, by their numbers.
var (
	Products = []string{"Azure", "Microsoft 365", "Dynamics 365", "Power Platform", "Other", ""}
	Offers   = []string{"", "Consumption", "Support", "Internal", "Benefit Program", "Trial"}
	Channels = []string{"", "EA", "CSP", "WebDirect", "MCA"}
	Roles    = []string{"Owner", "Contributor", "User Access Administrator", "Virtual Machine Contributor", "Reader", "Monitoring Reader"}
)

// The products' numbers.
const (
	ofAzure uint8 = iota
	ofM365
	ofDynamics
	ofPlatform
	ofOther
	ofNothing // no subscription is named
)

// Catalog lists what can be used, most used first, and the certificates that
// people can hold, both from a program's lists.
type Catalog struct {
	Workloads    []Workload
	Certificates []string

	byKind [3][]uint16
}

// otherServices is how many Azure services there are beside those that a program names.
const otherServices = 103

// NewCatalog reads a program's lists.
func NewCatalog(p *program.Program) *Catalog {
	lists := map[Kind][]string{Azure: {"Virtual Machines", "Storage", "Virtual Machines Licenses", "SQL Database", ""}}
	seen := make(map[string]bool)
	add := func(kind Kind, names ...string) {
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				lists[kind] = append(lists[kind], name)
			}
		}
	}
	for _, list := range slices.Sorted(maps.Keys(p.Workloads)) {
		set := p.Workloads[list]
		kind := map[program.Family]Kind{program.AzureFamily: Azure, program.M365Family: Seats, program.BusinessFamily: Business}[set.Family]
		add(kind, slices.Sorted(maps.Keys(set.Names))...)
	}
	for i := range otherServices {
		add(Azure, fmt.Sprintf("Azure service %03d", i+1))
	}
	// Other spellings count as the names that they stand for.
	for _, alias := range slices.Sorted(maps.Keys(p.Aliases)) {
		for kind := Azure; kind <= Business; kind++ {
			if slices.Contains(lists[kind], p.Aliases[alias]) {
				add(kind, alias)
			}
		}
	}
	c := &Catalog{Certificates: slices.Sorted(maps.Keys(p.Certificates))}
	c.interleave(lists)
	return c
}

// interleave mixes the kinds so that the most used workloads are of every kind:
// three Azure services to one of each other kind.
func (c *Catalog) interleave(lists map[Kind][]string) {
	for turn := 0; len(lists[Azure])+len(lists[Seats])+len(lists[Business]) > 0; turn++ {
		kind := [...]Kind{Azure, Azure, Seats, Azure, Business}[turn%5]
		if len(lists[kind]) == 0 {
			continue
		}
		c.byKind[kind] = append(c.byKind[kind], uint16(len(c.Workloads)))
		c.Workloads = append(c.Workloads, Workload{lists[kind][0], kind})
		lists[kind] = lists[kind][1:]
	}
}

// Class is everything but time and place that rules ask of a row.
type Class uint16

// ClassOf numbers a workload of a product, sold under an offer through a channel.
func classOf(workload uint16, product, offer, channel uint8) Class {
	return Class(((int(workload)*len(Products)+int(product))*len(Offers)+int(offer))*len(Channels) + int(channel))
}

// Split returns the numbers of a class's workload, product, offer and channel.
func (c Class) Split() (workload, product, offer, channel int) {
	n := int(c)
	n, channel = n/len(Channels), n%len(Channels)
	n, offer = n/len(Offers), n%len(Offers)
	return n / len(Products), n % len(Products), offer, channel
}

// Classes returns how many classes there are.
func (c *Catalog) Classes() int {
	return len(c.Workloads) * len(Products) * len(Offers) * len(Channels)
}
