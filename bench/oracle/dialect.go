package oracle

import (
	"fmt"
	"slices"
	"strings"
)

// Dialect is what engines write differently. What they only spell differently (the
// making of a table, the names of types and functions) their peers put right.
type Dialect struct {
	// Recursive: management groups are climbed to any depth; else to three levels,
	// which is more than benchmarks have.
	Recursive bool
	// Unions: lists of values are unions of selects.
	Unions bool
}

// Dialects by name: DuckDB's, and one for engines that know less.
var Dialects = map[string]Dialect{
	"duckdb":   {Recursive: true},
	"portable": {Unions: true},
}

// values writes a table of constants: FROM values AS name(columns).
func (d Dialect) values(name string, columns []string, rows [][]string) string {
	if !d.Unions {
		return fmt.Sprintf("(VALUES %s) AS %s(%s)",
			list(rows, func(_ int, r []string) string { return "(" + strings.Join(r, ", ") + ")" }, ", "), name, strings.Join(columns, ", "))
	}
	return "(" + list(rows, func(_ int, r []string) string {
		named := slices.Clone(r)
		for i := range named {
			named[i] += " AS " + columns[i]
		}
		return "SELECT " + strings.Join(named, ", ")
	}, " UNION ALL ") + ") AS " + name
}

// climb writes the subscriptions under each management group, and when.
func (d Dialect) climb() string {
	if d.Recursive {
		return `
WITH RECURSIVE above AS (
  SELECT tenant, node, node_end, parent, f, t, [parent] AS passed FROM placements WHERE NOT is_group AND f < t
  UNION ALL
  SELECT a.tenant, a.node, a.node_end, p.parent, greatest(a.f, p.f), least(a.t, p.t), list_append(a.passed, p.parent)
  FROM above a JOIN placements p ON p.tenant = a.tenant AND p.node = a.parent AND p.is_group
  WHERE greatest(a.f, p.f) < least(a.t, p.t) AND NOT list_contains(a.passed, p.parent))
SELECT tenant, parent, node, node_end, f, t FROM above`
	}
	step := func(from string) string {
		return fmt.Sprintf(`
  SELECT a.tenant AS tenant, p.parent AS parent, a.node AS node, a.node_end AS node_end, greatest(a.f, p.f) AS f, least(a.t, p.t) AS t
  FROM %s a JOIN placements p ON p.tenant = a.tenant AND p.node = a.parent WHERE p.is_group AND greatest(a.f, p.f) < least(a.t, p.t)`, from)
	}
	return fmt.Sprintf(`
WITH one AS (SELECT tenant, parent, node, node_end, f, t FROM placements WHERE NOT is_group AND f < t),
two AS (%s),
three AS (%s)
SELECT * FROM one UNION ALL SELECT * FROM two UNION ALL SELECT * FROM three`, step("one"), step("two"))
}
