// Package world makes the data that engines are compared on: customers with their
// usage and associations, partners with their people. Every customer is a pure
// function of a seed and its number, so that a billion rows need no memory and any
// range of customers can be made alone.
//
// Sizes are as skewed as life: rows per customer are Pareto distributed, partners
// are chosen by Zipf's law, and half of a customer's associations go to one
// favorite, so that one row is often reached in several ways.
package world

import (
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// Config says what a world is like.
type Config struct {
	Seed uint64 `json:"seed"`
	Rows int    `json:"rows"` // in all; the last customer is cut short
	// Partners is the number of global accounts.
	Partners int `json:"partners"`
	// Scale and Shape are those of the Pareto distribution of rows per customer,
	// which Least and Most bound.
	Scale float64 `json:"scale"`
	Shape float64 `json:"shape"`
	Least int     `json:"least"`
	Most  int     `json:"most"`
	// Islands keeps customers and partners apart in so many worlds of their own.
	Islands int `json:"islands,omitempty"`
	// Edges draws amounts and times from where rules turn: thresholds, the ends of
	// months. Worlds with it are for finding differences, not for timing.
	Edges bool `json:"edges,omitempty"`
}

// AsOf is the day of the question that worlds are made for, the day after the
// last month of usage.
var AsOf = kizuna.NewDate(2023, 10, 1)

// Program is the reference of the program that worlds are made for.
const Program = "mcpp@2023-10"

// Months is how many months have usage: all that the program looks at.
const Months = 24

// First is the first month of usage.
var First = AsOf.Month().Add(-Months)

// sets are the worlds of the benchmarks.
var sets = map[string]Config{
	"P1":   {Seed: 42, Rows: 1_000_000, Partners: 4_000, Scale: 1.75, Shape: 1.2, Least: 1, Most: 100_000},
	"P10":  {Seed: 42, Rows: 10_000_000, Partners: 40_000, Scale: 1.75, Shape: 1.2, Least: 1, Most: 100_000},
	"P100": {Seed: 42, Rows: 100_000_000, Partners: 400_000, Scale: 1.75, Shape: 1.2, Least: 1, Most: 100_000},
	"D10":  {Seed: 42, Rows: 10_000_000, Partners: 4_000, Scale: 17.5, Shape: 1.2, Least: 1, Most: 100_000},
	"D100": {Seed: 42, Rows: 100_000_000, Partners: 40_000, Scale: 17.5, Shape: 1.2, Least: 1, Most: 100_000},
	"D1B":  {Seed: 42, Rows: 1_000_000_000, Partners: 400_000, Scale: 17.5, Shape: 1.2, Least: 1, Most: 100_000},
	"S10":  {Seed: 7, Rows: 10_000_000, Partners: 300, Scale: 3300, Shape: 1.5, Least: 100, Most: 200_000},
}

// Set returns the world of that name.
func Set(name string) (Config, error) {
	if c, ok := sets[name]; ok {
		return c, nil
	}
	return Config{}, fmt.Errorf("there is no set %q; name one of %v", name, Sets())
}

// Sets lists the names of the worlds: P is a whole program, many small customers;
// D is dense, some 90 rows a customer; S is one partner's own customers.
func Sets() []string {
	names := make([]string, 0, len(sets))
	for name := range sets {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := sets[a].Rows - sets[b].Rows; d != 0 {
			return d
		}
		return int(a[0]) - int(b[0])
	})
	return names
}

// Tiny is many small worlds in one, each a few customers that few partners fight
// over, with amounts at the edges of the rules.
func Tiny(seed uint64, islands int) Config {
	return Config{
		Seed: seed, Rows: islands * 150, Partners: islands * 3, Scale: 12, Shape: 1.1, Least: 1, Most: 300,
		Islands: islands, Edges: true,
	}
}
