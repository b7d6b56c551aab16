package oracle

import (
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// measured writes the tally of every measure for every account.
func (w *writer) measured() {
	w.say("Tallies: counts, or sums in millionths; and workloads with how many customers hold each up.", `
CREATE OR REPLACE TEMP TABLE tally (account INTEGER, measure INTEGER, now BIGINT, base BIGINT)`)
	w.say("", `
CREATE OR REPLACE TEMP TABLE members (account INTEGER, measure INTEGER, same BIGINT, now BIGINT, base BIGINT, unrated BIGINT)`)
	made := make(map[string]bool)
	for number, m := range w.measures {
		switch m.Quantity {
		case program.Revenue:
			w.revenue(number, m, made)
		case program.Consumption:
			w.consumption(number, m)
		default:
			w.seats(number, m)
		}
	}
}

func feedList(feeds []int) string {
	return list(feeds, func(_ int, f int) string { return fmt.Sprint(f) }, ", ")
}

// revenue writes a measure of credited revenue, from a table of its customers or
// of its pairs of customer and workload that measures share.
func (w *writer) revenue(number int, m *measure, made map[string]bool) {
	by, from := "account, tenant", "tenants_of"
	if m.Subject == program.Pairs || m.Subject == program.Workloads {
		by, from = "account, tenant, feed, same", "pairs_of"
	}
	for _, f := range m.feeds {
		from += fmt.Sprintf("_%d", f)
	}
	if !made[from] {
		made[from] = true
		sums := list(w.months, func(_ int, s months) string { return fmt.Sprintf("sum(%[1]s)::BIGINT AS %[1]s", s.column()) }, ", ")
		w.say("", `
CREATE OR REPLACE TEMP TABLE %s AS
SELECT %s, %s
FROM revenue JOIN feed USING (class, through) WHERE feed.feed IN (%s) GROUP BY %s`, from, by, sums, feedList(m.feeds), by)
	}
	now, base := attribution.Months(m.Window, w.plan.Last)
	comment := fmt.Sprintf("Measure %d: %s of %s, %s.", number, m.Subject, m.Quantity, m.Amount)
	switch m.Subject {
	case program.Amount:
		w.say(comment, `
INSERT INTO tally SELECT account, %d, sum(%s), sum(%s) FROM %s GROUP BY account`, number, m.amount(now), m.amount(base), from)
	case program.Workloads:
		w.say(comment, `
INSERT INTO members SELECT account, %d, same, count(*) FILTER (WHERE %s), count(*) FILTER (WHERE %s), 0
FROM %s JOIN (SELECT DISTINCT same FROM named WHERE name <> '') AS n USING (same) GROUP BY account, same`,
			number, m.earns(now), m.earns(base), from)
	case program.Pairs:
		w.say(comment, `
INSERT INTO tally SELECT account, %d, count(*) FILTER (WHERE %s), count(*) FILTER (WHERE %s)
FROM %s JOIN (SELECT DISTINCT same FROM named WHERE name <> '') AS n USING (same) GROUP BY account`,
			number, m.earns(now), m.earns(base), from)
	default:
		w.say(comment, `
INSERT INTO tally SELECT account, %d, count(*) FILTER (WHERE %s), count(*) FILTER (WHERE %s) FROM %s GROUP BY account`,
			number, m.earns(now), m.earns(base), from)
	}
}

// earns is the condition that some month of a window, or all of a trailing window
// together, is in the measure's range.
func (m *measure) earns(window []kizuna.Month) string {
	if len(window) == 0 {
		return "FALSE"
	}
	if m.Window.Kind == program.Trailing {
		return within(months{window[0], window[len(window)-1]}.column(), m.Amount)
	}
	return list(window, func(_ int, month kizuna.Month) string {
		return "(" + within(months{month, month}.column(), m.Amount) + ")"
	}, " OR ")
}

func (m *measure) amount(window []kizuna.Month) string {
	if len(window) == 0 {
		return "0"
	}
	sum := ""
	if m.Window.Kind == program.Trailing {
		sum = months{window[0], window[len(window)-1]}.column()
	} else {
		sum = list(window, func(_ int, month kizuna.Month) string { return months{month, month}.column() }, " + ")
	}
	if m.Amount == nil {
		return sum
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s ELSE 0 END", within(sum, m.Amount), sum)
}

// series is a measure's pairs of customer and workload, month by month.
func (m *measure) series(columns string) string {
	return fmt.Sprintf(`SELECT account, tenant, feed, same, month, %s
  FROM snapshot JOIN feed USING (class, through) WHERE feed.feed IN (%s) GROUP BY account, tenant, feed, same, month`, columns, feedList(m.feeds))
}

// ends are the months that a snapshot measure compares; base is 0 without one.
func (w *writer) ends(m *measure) (now, base kizuna.Month) {
	n, b := attribution.Months(m.Window, w.plan.Last)
	if len(b) > 0 {
		base = b[len(b)-1]
	}
	return n[len(n)-1], base
}

// consumption writes a measure of units times rate, rounded half away from zero.
func (w *writer) consumption(number int, m *measure) {
	now, base := w.ends(m)
	var rated [][]string
	for name, rate := range w.program.Rates {
		if rate.Value == nil {
			continue
		}
		micro, ok := rate.Value.Micro()
		w.know(ok, "so large a rate")
		rated = append(rated, []string{quote(name), fmt.Sprint(int64(micro))})
	}
	slices.SortFunc(rated, slices.Compare)
	value := fmt.Sprintf(`
WITH pair AS (
  %s),
valued AS (
  SELECT account, tenant, same, month, units <> 0 AND rate IS NULL AS unrated,
    CASE WHEN rate IS NULL THEN 0 ELSE (sign(units) * ((abs(units)::HUGEINT * rate + 500000) // 1000000))::BIGINT END AS value
  FROM pair JOIN (SELECT DISTINCT same, name FROM named) AS n USING (same)
  LEFT JOIN %s USING (name) WHERE month IN (%d, %d))`,
		m.series("sum(units)::BIGINT AS units"), w.values("r", []string{"name", "rate"}, rated), now, base)
	comment := fmt.Sprintf("Measure %d: %s of consumption value, %s.", number, m.Subject, m.Amount)
	switch m.Subject {
	case program.Amount:
		w.say(comment, `
INSERT INTO tally %s
SELECT account, %d, coalesce(sum(value) FILTER (WHERE month = %d), 0), coalesce(sum(value) FILTER (WHERE month = %d), 0)
FROM valued GROUP BY account`, value, number, now, base)
	case program.Pairs:
		w.say(comment, `
INSERT INTO tally %s
SELECT account, %d, count(*) FILTER (WHERE month = %d AND %s), count(*) FILTER (WHERE month = %d AND %s)
FROM valued GROUP BY account`, value, number, now, within("value", m.Amount), base, within("value", m.Amount))
	default:
		w.know(false, "customers by consumption")
	}
	w.say("Workloads whose units no rate turns into dollars stop the metric.", `
INSERT INTO members %s
SELECT account, %d, same, 0, 0, count(*) FROM valued WHERE unrated GROUP BY account, same`, value, number)
}

// seats writes a measure of users and seats. A customer is eligible in a month in
// which some covered workload's seats are in the range.
func (w *writer) seats(number int, m *measure) {
	now, base := w.ends(m)
	eligible := "TRUE"
	if m.Seats != nil {
		eligible = "bool_or(" + within("seats", m.Seats) + ")"
	}
	if m.Subject == program.Amount {
		w.users(number, m, now, base, eligible)
		return
	}
	holds := "eligible"
	if m.Share != nil {
		holds += " AND seats > 0 AND " + above("users", "seats", *m.Share, m.ShareExclusive)
	}
	left := "FALSE" // whether the customer had arrived active
	if m.NewShareAtMost != nil && base != 0 {
		left = fmt.Sprintf("NOT at_base AND first_seats > 0 AND %s", above("first_users", "first_seats", *m.NewShareAtMost, !m.NewShareExclusive))
	}
	w.say(fmt.Sprintf("Measure %d: customers by seats, %s.", number, m.Seats), `
INSERT INTO tally
WITH pair AS (
  %s),
customer AS (
  SELECT account, tenant, month, sum(users)::BIGINT AS users, sum(seats)::BIGINT AS seats, %s AS eligible
  FROM pair WHERE month BETWEEN %[3]d AND %[4]d GROUP BY account, tenant, month),
compared AS (
  SELECT account, tenant, coalesce(bool_or(%[5]s) FILTER (WHERE month = %[4]d), FALSE) AS now, coalesce(bool_or(%[5]s) FILTER (WHERE month = %[3]d), FALSE) AS base,
    bool_or(month = %[3]d) AS at_base,
    coalesce(arg_min(users, month) FILTER (WHERE month > %[3]d), 0) AS first_users, coalesce(arg_min(seats, month) FILTER (WHERE month > %[3]d), 0) AS first_seats
  FROM customer GROUP BY account, tenant)
SELECT account, %[6]d, count(*) FILTER (WHERE now AND NOT (%[7]s)), count(*) FILTER (WHERE base) FROM compared GROUP BY account`,
		m.series("sum(users)::BIGINT AS users, sum(seats)::BIGINT AS seats"), eligible, base, now, holds, number, left)
}

// above is the condition that users are at least a share of seats, or more.
func above(users, seats string, share kizuna.Fraction, exclusive bool) string {
	op := ">="
	if exclusive {
		op = ">"
	}
	num, den := ratio(share)
	return fmt.Sprintf("%s::HUGEINT * %s %s %s::HUGEINT * %s", users, den, op, seats, num)
}

// users writes a measure of active users. Where growth counts since the
// association, a pair that was not covered at the base is compared with its first
// covered month.
func (w *writer) users(number int, m *measure, now, base kizuna.Month, eligible string) {
	since := "0"
	if m.SinceAssociation {
		since = "CASE WHEN at_now THEN first ELSE 0 END"
	}
	w.say(fmt.Sprintf("Measure %d: active users of customers with seats %s.", number, m.Seats), `
INSERT INTO tally
WITH pair AS (
  %s),
customer AS (SELECT account, tenant, month, %s AS eligible FROM pair GROUP BY account, tenant, month),
taken AS (
  SELECT account, tenant, feed, same, month, CASE WHEN eligible THEN users ELSE 0 END AS users
  FROM pair JOIN customer USING (account, tenant, month) WHERE month BETWEEN %[3]d AND %[4]d),
compared AS (
  SELECT account, coalesce(sum(users) FILTER (WHERE month = %[4]d), 0) AS now, coalesce(sum(users) FILTER (WHERE month = %[3]d), 0) AS base,
    bool_or(month = %[4]d) AS at_now, bool_or(month = %[3]d) AS at_base, coalesce(arg_min(users, month) FILTER (WHERE month > %[3]d), 0) AS first
  FROM taken GROUP BY account, tenant, feed, same)
SELECT account, %[5]d, sum(now)::BIGINT, sum(CASE WHEN at_base THEN base ELSE %[6]s END)::BIGINT FROM compared GROUP BY account`,
		m.series("sum(users)::BIGINT AS users, sum(seats)::BIGINT AS seats"), eligible, base, now, number, since)
}
