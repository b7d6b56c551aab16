package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna/program"
)

// names writes what is small: names under which workloads count, what feeds what,
// and who answers for which location.
func (w *writer) names() {
	var alias, sets [][]string
	for _, a := range slices.Sorted(maps.Keys(w.program.Aliases)) {
		alias = append(alias, []string{quote(a), quote(w.program.Aliases[a])})
	}
	for i, s := range w.through {
		sets = append(sets, []string{fmt.Sprint(i), fmt.Sprint(uint16(s))})
	}
	w.say("Workloads under the name that the program counts them by; same numbers that name.", `
CREATE OR REPLACE TEMP TABLE named AS
SELECT number AS workload, coalesce(counts_as, name) AS name, dense_rank() OVER (ORDER BY coalesce(counts_as, name)) AS same
FROM workloads LEFT JOIN %s ON alias = name`, w.values("a", []string{"alias", "counts_as"}, alias))

	w.say("Which classes feed what, and through which association types.", `
CREATE OR REPLACE TEMP TABLE feed AS
%s`, list(w.feeds, func(i int, f feed) string {
		return fmt.Sprintf("SELECT class, same, %d AS feed, %d AS through FROM classes JOIN named USING (workload) WHERE %s", i, f.through, f.condition())
	}, "\nUNION ALL "))

	w.say("The sets of types, a bit each, and whether the revenue of a class counts.", `
CREATE OR REPLACE TEMP TABLE taken AS
SELECT DISTINCT feed.class AS class, same, feed.through AS through, types, offer NOT IN %s AS pays
FROM feed JOIN classes ON classes.class = feed.class JOIN %s ON s.through = feed.through`,
		quoteAll(w.program.ExcludedOffers), w.values("s", []string{"through", "types"}, sets))

	w.say("Locations count for the account that they belong to on the day of the question.", `
CREATE OR REPLACE TEMP TABLE here AS
SELECT location, account FROM locations WHERE f <= %[1]d AND %[1]d < t`, w.asOf.Instant())
}

func (f *feed) condition() string {
	var parts []string
	if f.Product != "" {
		parts = append(parts, "product = "+quote(f.Product))
		if len(f.Except) > 0 {
			parts = append(parts, "name NOT IN "+quoteAll(slices.Sorted(maps.Keys(f.Except))))
		}
	} else {
		parts = append(parts, "name IN "+quoteAll(slices.Sorted(maps.Keys(f.Names))))
	}
	if len(f.channels) > 0 {
		parts = append(parts, "channel IN "+quoteAll(f.channels))
	}
	return strings.Join(parts, " AND ")
}

func bit(t program.Type) int { return 1 << t }

// reaches writes what every association compiles to: an account, a range of nodes
// of a tenant, perhaps a workload, a type, an interval within the months looked at.
func (w *writer) reaches() {
	begin, end := w.first.Day(1).Instant(), w.plan.Last.Add(1).Day(1).Instant()
	w.say("A sold subscription's whole time, as one stretch or several.", `
CREATE OR REPLACE TEMP TABLE sold AS
WITH sale AS (SELECT tenant, node, f, t FROM csp WHERE f < t AND f <= %d),
island AS (SELECT *, CASE WHEN f <= max(t) OVER (PARTITION BY node ORDER BY f, t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS new FROM sale),
numbered AS (SELECT *, sum(new) OVER (PARTITION BY node ORDER BY f, t, new DESC ROWS UNBOUNDED PRECEDING) AS island FROM island)
SELECT node, min(f) AS f, max(t) AS t FROM numbered GROUP BY node, island`, w.asOf.Instant())

	w.say("Who has it on the day of the question, or had it last, has all of that time.", `
CREATE OR REPLACE TEMP TABLE seller AS
WITH begun AS (
  SELECT *, bool_or(t > %[1]d) OVER (PARTITION BY node) AS running, max(t) OVER (PARTITION BY node) AS last
  FROM csp WHERE f < t AND f <= %[1]d)
SELECT location, tenant, node, node_end, tier FROM begun WHERE CASE WHEN running THEN t > %[1]d ELSE t = last END`, w.asOf.Instant())

	w.say("The subscriptions under each management group, and when; data may loop.", `
CREATE OR REPLACE TEMP TABLE under AS
%s`, strings.TrimSpace(w.climb()))

	w.say("Roles that earn, held by linked credentials, at one range or at those under a group.", `
CREATE OR REPLACE TEMP TABLE access AS
WITH held AS (
  SELECT account, a.tenant, a.node, a.node_end, at_group, greatest(a.f, l.f) AS f, least(a.t, l.t) AS t
  FROM assignments a JOIN links l USING (credential) JOIN here USING (location) JOIN roles r ON r.number = a.role
  WHERE %s AND greatest(a.f, l.f) < least(a.t, l.t))
SELECT account, tenant, node, node_end, f, t FROM held WHERE NOT at_group
UNION ALL
SELECT account, h.tenant, u.node, u.node_end, greatest(h.f, u.f), least(h.t, u.t)
FROM held h JOIN under u ON u.tenant = h.tenant AND u.parent = h.node
WHERE at_group AND greatest(h.f, u.f) < least(h.t, u.t)`, w.earning())

	w.say("Every association as a reach, cut to the months that are looked at.", `
CREATE OR REPLACE TEMP TABLE reach AS
WITH every AS (
  SELECT account, tenant, node, node_end, same, CASE role WHEN 0 THEN %d WHEN 1 THEN %d ELSE %d END AS type, f, t
  FROM claims JOIN here USING (location) LEFT JOIN named USING (workload)
  UNION ALL SELECT account, tenant, node, node_end, NULL, %d, f, t FROM dpor JOIN here USING (location)
  UNION ALL SELECT account, tenant, s.node, node_end, NULL, CASE tier WHEN 2 THEN %d ELSE %d END, sold.f, sold.t
    FROM seller s JOIN here USING (location) JOIN sold USING (node)
  UNION ALL SELECT account, tenant, node, node_end, NULL, %d, f, t FROM access)
SELECT account, tenant, node, node_end, same, type, greatest(f, %[8]d)::INTEGER AS f, least(t, %[9]d)::INTEGER AS t
FROM every WHERE greatest(f, %[8]d) < least(t, %[9]d)`,
		bit(program.CPORUsage), bit(program.CPORPresales), bit(program.CPORRevenue), bit(program.DPOR),
		bit(program.CSPTier2), bit(program.CSPTier1), bit(program.PAL), begin, end)
}

// earning is the condition on the name of a role.
func (w *writer) earning() string {
	roles := &w.program.Roles
	if len(roles.Eligible) > 0 {
		return "r.name IN " + quoteAll(roles.Eligible)
	}
	return list(roles.ExcludeContaining, func(_ int, word string) string {
		return "lower(r.name) NOT LIKE " + quote("%"+strings.ToLower(word)+"%")
	}, " AND ")
}

// cover writes the union of the intervals of each account, leaf and set of types,
// before anything is joined with usage: rows are then credited once.
func (w *writer) cover() {
	w.say("What reaches what: the tenant first, then the range of nodes.", `
CREATE OR REPLACE TEMP TABLE hit AS
SELECT r.account, l.leaf, k.through, r.f, r.t
FROM reach r
JOIN leaves l ON l.tenant = r.tenant AND l.node BETWEEN r.node AND r.node_end
JOIN taken k ON k.class = l.class AND k.types & r.type <> 0
WHERE r.same IS NULL OR r.same = k.same`)

	w.say("Covered time. Most is one interval; the rest is joined where intervals touch.", `
CREATE OR REPLACE TEMP TABLE cover AS
WITH one AS (
  SELECT leaf, account, through, count(*) AS n, min(f) AS f, max(t) AS t
  FROM hit GROUP BY leaf, account, through),
several AS (SELECT h.* FROM hit h JOIN one o ON o.leaf = h.leaf AND o.account = h.account AND o.through = h.through WHERE n > 1),
island AS (
  SELECT *, CASE WHEN f <= max(t) OVER (PARTITION BY leaf, account, through ORDER BY f, t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    THEN 0 ELSE 1 END AS new FROM several),
numbered AS (SELECT *, sum(new) OVER (PARTITION BY leaf, account, through ORDER BY f, t, new DESC ROWS UNBOUNDED PRECEDING) AS island FROM island),
joined AS (
  SELECT leaf, account, through, min(f) AS f, max(t) AS t
  FROM numbered GROUP BY leaf, account, through, island)
SELECT leaf, account, through, f, t, FALSE AS broken FROM one WHERE n = 1
UNION ALL
SELECT leaf, account, through, f, t, count(*) OVER (PARTITION BY leaf, account, through) > 1 FROM joined`)
}

// share writes the part of an amount that covered seconds are of a period, rounded
// half away from zero.
func share(amount, covered, period string) string {
	return fmt.Sprintf("CASE WHEN %[2]s = %[3]s THEN %[1]s ELSE (sign(%[1]s) * ((abs(%[1]s)::HUGEINT * (%[2]s) + (%[3]s) // 2) // (%[3]s)))::BIGINT END",
		amount, covered, period)
}

// revenueOf writes the revenue that accounts are credited with, over each stretch
// of months.
func (w *writer) revenueOf() {
	sums := list(w.months, func(_ int, s months) string {
		when := fmt.Sprintf("month BETWEEN %d AND %d", s.first, s.last)
		if s.first == s.last {
			when = fmt.Sprintf("month = %d", s.first)
		}
		return fmt.Sprintf("coalesce(sum(credited) FILTER (WHERE %s), 0)::BIGINT AS %s", when, s.column())
	}, ",\n  ")
	w.say("Credited revenue. Where cover has gaps, a row's seconds are added up before it is shared and rounded.", `
CREATE OR REPLACE TEMP TABLE revenue AS
WITH paid AS (
  SELECT leaf, tenant, class, month, money, day * 86400 AS p, (day + days) * 86400 AS q FROM facts
  WHERE money <> 0 AND month BETWEEN %d AND %d AND class IN (SELECT class FROM taken WHERE pays)),
whole AS (
  SELECT account, tenant, through, class, month, %s AS credited
  FROM paid JOIN cover ON cover.leaf = paid.leaf AND f < q AND t > p
  WHERE NOT broken),
pieces AS (
  SELECT account, tenant, through, class, month, min(money) AS money, sum(least(t, q) - greatest(f, p))::BIGINT AS seconds, min(q - p) AS period
  FROM paid JOIN cover ON cover.leaf = paid.leaf AND f < q AND t > p
  WHERE broken GROUP BY paid.leaf, account, tenant, through, class, month, p),
gaps AS (SELECT account, tenant, through, class, month, %s AS credited FROM pieces),
credits AS (SELECT * FROM whole UNION ALL SELECT * FROM gaps)
SELECT account, tenant, through, class,
  %s
FROM credits GROUP BY account, tenant, through, class`,
		w.first, w.plan.Last, share("money", "least(t, q) - greatest(f, p)", "q - p"), share("money", "seconds", "period"), sums)
}

// snapshots writes the snapshots that accounts are credited with, by month.
func (w *writer) snapshots() {
	if !slices.ContainsFunc(w.measures, func(m *measure) bool { return m.Quantity != program.Revenue }) {
		return
	}

	w.say("Credited snapshots: of months whose last second is covered.", `
CREATE OR REPLACE TEMP TABLE snapshot AS
SELECT account, tenant, through, class, month, sum(users)::BIGINT * 1000000 AS users, sum(seats)::BIGINT * 1000000 AS seats,
  sum(CASE WHEN units < 0 THEN users::BIGINT * 1000000 ELSE units END)::BIGINT AS units
FROM facts JOIN cover ON cover.leaf = facts.leaf AND f < (day + days) * 86400 AND t >= (day + days) * 86400
WHERE snapshot AND days > 1 AND month BETWEEN %d AND %d
GROUP BY account, tenant, through, class, month`, w.first, w.plan.Last)
}
