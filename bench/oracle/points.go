package oracle

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// ratio returns a fraction's numerator and denominator.
func ratio(f kizuna.Fraction) (num, den string) {
	num, den, _ = strings.Cut(f.String(), "/")
	return num, cmp.Or(den, "1")
}

// people writes who holds which certificates for which account, and how many hold
// one of each list that a rule names.
func (w *writer) people() {
	var known []string
	for id, c := range w.program.Certificates {
		if c.LastDay == nil || *c.LastDay >= w.asOf {
			known = append(known, id)
		}
	}
	slices.Sort(known)
	for i := range w.program.Areas {
		area := &w.program.Areas[i]
		for _, m := range area.Metrics {
			for _, track := range area.Track.Tracks {
				if rule := m.Rules[track]; len(rule.People) > 0 {
					r := rule.PeopleOn(w.asOf)
					w.held(r.Counted)
					for _, s := range r.Steps {
						w.held(s.AnyOf)
					}
				}
			}
		}
	}
	w.say("People by the certificates that count on the day. A person counts once for a list, however many of it.", `
CREATE OR REPLACE TEMP TABLE holders AS
WITH valid AS (
  SELECT profile, name FROM certifications JOIN certificates ON number = certificate
  WHERE earned <= %[1]d AND expires > %[1]d AND name IN %[2]s),
person AS (
  SELECT account, person, %[3]s
  FROM valid JOIN people USING (profile) JOIN profile_links l USING (profile) JOIN here USING (location)
  WHERE l.f <= %[4]d AND %[4]d < l.t GROUP BY account, person)
SELECT account, %[5]s FROM person GROUP BY account`,
		w.asOf, quoteAll(known),
		list(w.holding, func(i int, of string) string { return fmt.Sprintf("bool_or(name IN %s) AS p%d", of, i) }, ", "),
		w.asOf.Instant(),
		list(w.holding, func(i int, _ string) string { return fmt.Sprintf("count(*) FILTER (WHERE p%[1]d) AS p%[1]d", i) }, ", "))
}

// held returns the column of people who hold one of the certificates.
func (w *writer) held(certificates []string) string {
	of := quoteAll(certificates)
	i := slices.Index(w.holding, of)
	if i < 0 {
		i = len(w.holding)
		w.holding = append(w.holding, of)
	}
	return fmt.Sprintf("p%d", i)
}

// amount is an exact fraction in SQL: num / den, and while den is a constant its value.
type amount struct {
	num, den string
	constant *big.Int
}

// points writes the points of every metric on every track, the totals of the
// tracks, and the areas'. Points are numerators over denominators, both exact.
func (w *writer) points() {
	w.wide()
	w.say("Points of metrics: num / den.", `
CREATE OR REPLACE TEMP TABLE points (account INTEGER, area VARCHAR, track VARCHAR, metric VARCHAR, num HUGEINT, den HUGEINT)`)
	w.say("Totals of tracks.", `
CREATE OR REPLACE TEMP TABLE totals (account INTEGER, area VARCHAR, track VARCHAR, num HUGEINT, den HUGEINT, passes BOOLEAN)`)
	w.say("Areas: the track that is shown, and whether the area qualifies.", `
CREATE OR REPLACE TEMP TABLE areas (account INTEGER, area VARCHAR, track VARCHAR, num HUGEINT, den HUGEINT, qualified BOOLEAN)`)
	for i := range w.program.Areas {
		w.area(&w.program.Areas[i])
	}
}

// wide writes one row for every account with all that points are made of.
func (w *writer) wide() {
	var columns, counts []string
	for number, m := range w.measures {
		columns = append(columns, fmt.Sprintf("coalesce(max(now) FILTER (WHERE measure = %[1]d), 0) AS n%[1]d, coalesce(max(base) FILTER (WHERE measure = %[1]d), 0) AS b%[1]d", number))
		if m.Subject == program.Workloads || m.Quantity == program.Consumption {
			counts = append(counts, fmt.Sprintf("count(*) FILTER (WHERE measure = %[1]d AND now > 0) AS sn%[1]d, count(*) FILTER (WHERE measure = %[1]d AND base > 0) AS sb%[1]d, count(*) FILTER (WHERE measure = %[1]d AND unrated > 0) AS u%[1]d", number))
		}
	}
	w.say("All that an account's points are made of.", `
CREATE OR REPLACE TEMP TABLE wide AS
WITH sums AS (SELECT account, %s FROM tally GROUP BY account),
sets AS (SELECT account, %s FROM members GROUP BY account)
SELECT *
FROM (SELECT DISTINCT account FROM locations) AS every LEFT JOIN sums USING (account) LEFT JOIN sets USING (account) LEFT JOIN holders USING (account)`,
		strings.Join(columns, ",\n  "), strings.Join(counts, ",\n  "))
}

func (w *writer) area(area *program.Area) {
	for _, track := range area.Track.Tracks {
		var columns, each []string
		var metrics []amount // in terms of the columns
		for i, m := range area.Metrics {
			a := w.metric(m.Rules[track])
			columns = append(columns, fmt.Sprintf("CAST(%s AS HUGEINT) AS num%d, CAST(%s AS HUGEINT) AS den%d", a.num, i, a.den, i))
			each = append(each, fmt.Sprintf("SELECT account, %s, %s, %s, num%d, den%d FROM track", quote(area.ID), quote(track), quote(m.ID), i, i))
			metrics = append(metrics, amount{fmt.Sprintf("num%d", i), fmt.Sprintf("den%d", i), a.constant})
		}
		w.say(fmt.Sprintf("%s, %s.", area.ID, track), `
CREATE OR REPLACE TEMP TABLE track AS
SELECT account,
  %s
FROM wide`, strings.Join(columns, ",\n  "))
		w.say("", `
INSERT INTO points
%s`, strings.Join(each, "\nUNION ALL "))
		w.total(area, track, metrics)
	}
	w.taken(area)
}

// total writes a track's total and whether it passes: the total, and every metric.
func (w *writer) total(area *program.Area, track string, metrics []amount) {
	total, scoring := w.sum(metrics), &w.program.Scoring
	passNum, passDen := ratio(scoring.PassTotal)
	gateNum, gateDen := ratio(scoring.GateValue)
	gate := ">"
	if scoring.GateInclusive {
		gate = ">="
	}
	w.say("", `
INSERT INTO totals
WITH summed AS (SELECT *, CAST(%s AS HUGEINT) AS num, CAST(%s AS HUGEINT) AS den FROM track)
SELECT account, %s, %s, num, den, num * %s >= den * %s AND %s FROM summed`,
		total.num, total.den, quote(area.ID), quote(track), passDen, passNum,
		list(metrics, func(_ int, a amount) string {
			return fmt.Sprintf("%s * %s %s %s * %s", a.num, gateDen, gate, a.den, gateNum)
		}, " AND "))
}

// taken writes an area's figure: of the classified track, or of the best, which on
// equal totals is one that passes, then the program's order.
func (w *writer) taken(area *program.Area) {
	if c := area.Track.Classifier; c != nil {
		number := w.plan.ClassificationOf(area.ID).Main
		now, base := fmt.Sprintf("coalesce(sn%d, 0) >= %d", number, c.AtLeast), fmt.Sprintf("coalesce(sb%d, 0) >= %d", number, c.AtLeast)
		then := map[program.Deciding]string{
			program.BothMonths: now + " AND " + base, program.LastMonth: now, program.EitherMonth: now + " OR " + base,
		}[c.Decides]
		w.say("", `
INSERT INTO areas SELECT account, area, track, num, den, passes FROM totals JOIN wide USING (account)
WHERE area = %s AND track = CASE WHEN %s THEN %s ELSE %s END`, quote(area.ID), then, quote(c.Then), quote(c.Otherwise))
		return
	}
	w.know(area.Track.Kind != program.BestMetrics, "the best of each metric")
	if len(area.Track.Tracks) == 1 {
		w.say("", `
INSERT INTO areas SELECT account, area, track, num, den, passes FROM totals WHERE area = %s`, quote(area.ID))
		return
	}
	var order [][]string
	for i, track := range area.Track.Tracks {
		order = append(order, []string{quote(track), fmt.Sprint(i)})
	}
	w.say("", `
INSERT INTO areas
SELECT account, %s, arg_max(track, rank), arg_max(num, rank), arg_max(den, rank), bool_or(passes)
FROM (SELECT *, row_number() OVER (PARTITION BY account ORDER BY num * (widest // den), passes, -place) AS rank
  FROM (SELECT *, lcm(max(den) OVER (PARTITION BY account), min(den) OVER (PARTITION BY account)) AS widest FROM totals WHERE area = %[1]s)
  JOIN %s USING (track))
GROUP BY account`, quote(area.ID), w.values("o", []string{"track", "place"}, order))
}

// metric writes a metric's points on one track.
func (w *writer) metric(rule *program.Rule) amount {
	if len(rule.People) > 0 {
		return w.skill(rule)
	}
	if len(rule.Components) == 1 {
		return w.component(&rule.Components[0])
	}
	parts := make([]amount, len(rule.Components))
	for i := range rule.Components {
		parts[i] = w.component(&rule.Components[i])
		w.know(parts[i].constant != nil, "percentages among parts")
	}
	if w.err != nil {
		return amount{"0", "1", big.NewInt(1)}
	}
	common, over := same(parts)
	if rule.Combine == program.Best {
		return amount{"greatest(" + strings.Join(over, ", ") + ")", common.String(), common}
	}
	num, den := ratio(rule.Max)
	whole := multiple(common, integer(den))
	factor := new(big.Int).Div(whole, common)
	return amount{
		fmt.Sprintf("least((%s) * %s, %s * %s)", strings.Join(over, " + "), factor, new(big.Int).Div(whole, integer(den)), num),
		whole.String(), whole,
	}
}

// component writes clamp(max x progress / threshold, 0, max).
func (w *writer) component(c *program.Component) amount {
	number := w.plan.MeasureOf(c)
	m := w.measures[number]
	unit := big.NewInt(1)
	now, base := fmt.Sprintf("coalesce(n%d, 0)::HUGEINT", number), fmt.Sprintf("coalesce(b%d, 0)::HUGEINT", number)
	switch m.Subject {
	case program.Amount:
		unit = big.NewInt(int64(kizuna.MicroPerUnit))
	case program.Workloads:
		now, base = fmt.Sprintf("coalesce(sn%d, 0)::HUGEINT", number), fmt.Sprintf("coalesce(sb%d, 0)::HUGEINT", number)
	}
	maxNum, maxDen := ratio(c.Max)
	fullNum, fullDen := ratio(c.Threshold)
	each := new(big.Int).Mul(integer(maxNum), integer(fullDen)) // points of one: each / den
	den := new(big.Int).Mul(integer(maxDen), integer(fullNum))
	most := new(big.Int).Mul(integer(maxNum), integer(fullNum)) // the maximum: most / den
	stops := ""
	if m.Quantity == program.Consumption {
		stops = fmt.Sprintf("coalesce(u%d, 0) > 0", number)
	}
	if m.Change == program.Percent {
		stops += or(stops) + base + " <= 0"
		if m.FloorBase != nil {
			stops += fmt.Sprintf(" OR %s < %d", base, *m.FloorBase)
		}
		if m.FloorNow != nil {
			stops += fmt.Sprintf(" OR %s < %d", now, *m.FloorNow)
		}
		return amount{
			num: fmt.Sprintf("CASE WHEN %s THEN 0 ELSE least(greatest((%s - %s) * 100 * %s, 0), %s * %s) END", stops, now, base, each, base, most),
			den: fmt.Sprintf("CASE WHEN %s THEN 1 ELSE %s * %s END", stops, base, den),
		}
	}
	progress := now + " - " + base
	if m.Change == program.Gross {
		progress = now
	}
	den.Mul(den, unit)
	most.Mul(most, unit)
	points := fmt.Sprintf("least(greatest((%s) * %s, 0), %s)", progress, each, most)
	if stops != "" {
		points = fmt.Sprintf("CASE WHEN %s THEN 0 ELSE %s END", stops, points)
	}
	return amount{points, den.String(), den}
}

func or(before string) string {
	if before == "" {
		return ""
	}
	return " OR "
}

// skill writes the points of people: each counted one earns once every step is met.
func (w *writer) skill(rule *program.Rule) amount {
	r := rule.PeopleOn(w.asOf)
	w.know(!r.StepsInOrder, "steps in order")
	each, den := ratio(r.PerPerson)
	open := list(r.Steps, func(_ int, s program.Step) string {
		w.know(s.Points.Sign() == 0, "steps that earn")
		return fmt.Sprintf("coalesce(%s, 0) >= %d", w.held(s.AnyOf), s.People)
	}, " AND ")
	maxNum, maxDen := ratio(rule.Max)
	whole := multiple(integer(den), integer(maxDen))
	points := fmt.Sprintf("least(coalesce(%s, 0)::HUGEINT * %s, %s)", w.held(r.Counted),
		new(big.Int).Mul(integer(each), new(big.Int).Div(whole, integer(den))),
		new(big.Int).Mul(integer(maxNum), new(big.Int).Div(whole, integer(maxDen))))
	if open != "" {
		points = fmt.Sprintf("CASE WHEN %s THEN %s ELSE 0 END", open, points)
	}
	return amount{points, whole.String(), whole}
}

// sum adds fractions up, of which one may have a denominator that is no constant.
func (w *writer) sum(of []amount) amount {
	var constant []amount
	var other *amount
	for i := range of {
		if of[i].constant != nil {
			constant = append(constant, of[i])
			continue
		}
		w.know(other == nil, "several percentages in an area")
		other = &of[i]
	}
	common, over := same(constant)
	sum := amount{"(" + strings.Join(over, " + ") + ")", common.String(), common}
	if other == nil {
		return sum
	}
	sum.den += "::HUGEINT"
	return amount{num: fmt.Sprintf("%s * %s + %s * %s", sum.num, other.den, other.num, sum.den), den: fmt.Sprintf("%s * %s", sum.den, other.den)}
}

// same brings fractions to one denominator and returns it with the numerators.
func same(of []amount) (*big.Int, []string) {
	common := big.NewInt(1)
	for _, a := range of {
		common = multiple(common, a.constant)
	}
	over := make([]string, len(of))
	for i, a := range of {
		over[i] = fmt.Sprintf("%s * %s", a.num, new(big.Int).Div(common, a.constant))
	}
	return common, over
}

func integer(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 10)
	return n
}

// multiple is the least common multiple.
func multiple(a, b *big.Int) *big.Int {
	gcd := new(big.Int).GCD(nil, nil, a, b)
	return new(big.Int).Div(new(big.Int).Mul(a, b), gcd)
}
