package report

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// words finds the names of things in the reader's language. Without rules, or for
// ids that these do not know, it gives the ids.
type words struct {
	p     *locale.Printer
	rules *program.Program
}

func (w words) areaRules(id string) *program.Area {
	if w.rules == nil {
		return nil
	}
	return w.rules.Area(id)
}

func (w words) area(id string) string {
	if a := w.areaRules(id); a != nil {
		return named(a.Name.In(w.p.Lang), id)
	}
	return id
}

func (w words) metricRules(area, id string) *program.Metric {
	if a := w.areaRules(area); a != nil {
		return a.Metric(id)
	}
	return nil
}

func (w words) metric(area, id string) string {
	if m := w.metricRules(area, id); m != nil {
		return named(m.Name.In(w.p.Lang), id)
	}
	return id
}

// category is where a metric stands; "" without rules.
func (w words) category(area, metric string) program.Category {
	if m := w.metricRules(area, metric); m != nil {
		return m.Category
	}
	return ""
}

// track is "" for the only track of an area.
func (w words) track(area, id string) string {
	if id == program.Single {
		return ""
	}
	if a := w.areaRules(area); a != nil {
		return named(a.Track.Names[id].In(w.p.Lang), id)
	}
	return id
}

func named(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

func (w words) component(id string) string { return Component(w.p, id) }

// Component names an option or a part: association types as they are, parts by
// the catalogue.
func Component(p *locale.Printer, id string) string {
	if text, ok := p.Lookup("report.component." + id); ok {
		return text
	}
	return id
}

// program is what the vendor called it then, with the reference.
func (w words) program(r *score.Result) string {
	ref := r.ProgramID + "@" + r.Program
	if w.rules == nil {
		return ref
	}
	if name := w.rules.Name.In(w.p.Lang); name != "" {
		return name + " (" + ref + ")"
	}
	return ref
}

// place is a component of a metric in an area's track.
type place = score.Place

// componentRules finds the rule behind a component; nil if it is not known.
func (w words) componentRules(at place) *program.Component {
	rule := w.rule(at)
	if rule == nil {
		return nil
	}
	for i := range rule.Components {
		if rule.Components[i].ID == at.Component {
			return &rule.Components[i]
		}
	}
	return nil
}

func (w words) rule(at place) *program.Rule {
	if m := w.metricRules(at.Area, at.Metric); m != nil {
		return m.Rules[at.Track]
	}
	return nil
}

// unit narrows a unit that a metric's parts share to the part's own.
func (w words) unit(at place, unit string) string {
	if unit != "usd_or_users" {
		return unit
	}
	if c := w.componentRules(at); c != nil {
		if c.Measure.Quantity == program.Revenue {
			return "usd"
		}
		return "user"
	}
	return unit
}

// progress is "2 of 3 net customers", or "2 net customers" without a threshold.
func (w words) progress(progress, threshold *kizuna.Fraction, unit string) string {
	if progress == nil {
		return ""
	}
	n := amount(*progress)
	if threshold == nil {
		return w.quantity(n, n, unit)
	}
	most := amount(*threshold)
	return w.quantity(w.p.T("report.progress", n, most), most, unit)
}

// quantity puts the unit to a number: "3 net customers". What is counted is
// singular if count is "1".
func (w words) quantity(number, count, unit string) string {
	text := "report.unit." + unit
	if _, ok := w.p.Lookup(text); !ok {
		return number + " " + unit
	}
	if count == "1" {
		text += ".one"
	}
	return w.p.T(text, number)
}

// missing says what keeps an area from passing.
func (w words) missing(area string, a *score.Area) string {
	if a.Missing == nil {
		return ""
	}
	var parts []string
	if a.Missing.Points.Sign() > 0 {
		parts = append(parts, w.p.T("report.missing.points", amount(a.Missing.Points)))
	}
	byStatus := make(map[score.Status][]string)
	for _, id := range a.Missing.Metrics {
		status := score.Scored
		if m := metricOf(a, id); m != nil {
			status = m.Status
		}
		byStatus[status] = append(byStatus[status], w.metric(area, id))
	}
	for _, status := range []score.Status{score.Scored, score.Unrated, score.NoData} {
		if names := byStatus[status]; len(names) > 0 {
			parts = append(parts, w.p.T("report.missing."+key(status), strings.Join(names, w.p.T("report.comma"))))
		}
	}
	return strings.Join(parts, w.p.T("report.semicolon"))
}

func metricOf(a *score.Area, id string) *score.Metric {
	track, ok := a.Tracks.Get(a.TakenTrack)
	if !ok {
		return nil
	}
	m, _ := track.Metrics.Get(id)
	return m
}

func (w words) status(s score.Status) string {
	return w.p.T("report.status." + key(s))
}

func key(s score.Status) string { return strings.ReplaceAll(string(s), " ", "-") }

// passes is yes or no; "yes (SMB)" where a track passes that is not the one taken.
func (w words) passes(area string, a *score.Area) string {
	switch {
	case !a.Qualified:
		return w.p.T("report.no")
	case slices.Contains(a.QualifiedTracks, a.TakenTrack):
		return w.p.T("report.yes")
	}
	return w.p.T("report.yes-by", w.trackNames(area, a.QualifiedTracks))
}

func (w words) trackNames(area string, ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = w.track(area, id)
	}
	return strings.Join(names, w.p.T("report.comma"))
}

// classification says what put an account on its track; "" if nothing had to.
func (w words) classification(area string, a *score.Area) string {
	rules := w.areaRules(area)
	if a.ClassificationUnknown {
		return w.p.T("report.track.unknown")
	}
	if len(a.ClassificationCounts) != 2 || rules == nil || rules.Track.Classifier == nil {
		return ""
	}
	key := "report.track.workloads"
	if rules.Track.Classifier.Kind == program.BySegment {
		key = "report.track.segment"
	}
	return w.p.T(key, a.ClassificationCounts[0], a.ClassificationCounts[1])
}

// inputs are the two values behind a percentage or a difference.
func (w words) inputs(in *score.Inputs) string {
	if in == nil {
		return ""
	}
	return w.p.T("report.inputs", amount(in.Now), amount(in.Base))
}

// decimals are how many a metric's points are shown with.
func (w words) decimals() int {
	if w.rules == nil {
		return 1
	}
	return w.rules.Scoring.MetricDecimals
}

// points are shown as the program rounds them, whole ones without decimals.
func (w words) points(f kizuna.Fraction) string {
	if strings.Contains(f.String(), "/") {
		return f.Decimal(w.decimals())
	}
	return f.String()
}

// exact is the points' exact value where it is not the one shown.
func exact(f kizuna.Fraction, shown string) string {
	if f.String() == shown {
		return ""
	}
	return Exact(f)
}

// Exact writes a figure that decides: "69.46", or "20/3" where decimals do not
// end. What is too long to be read is cut, never rounded, so that it does not
// seem to pass.
func Exact(f kizuna.Fraction) string {
	const readable, decimals = 6, 4
	unit := kizuna.Ratio(1, 10_000)
	cut := unit.Mul(kizuna.Int(f.Div(unit).Floor()))
	s := f.String()
	switch {
	case !strings.Contains(s, "/"):
		return s
	case cut.Cmp(f) == 0:
		return strings.TrimRight(f.Decimal(decimals), "0")
	case len(s) <= readable:
		return s
	}
	return "~" + cut.Decimal(decimals)
}

// amount is a number for people, its thousands set apart: "12,345.67". What two
// decimals would round to nothing is written exactly.
func amount(f kizuna.Fraction) string {
	s := f.Show()
	if f.Sign() != 0 && strings.Trim(s, "-0.") == "" {
		s = f.String()
	}
	return thousands(s)
}

func thousands(s string) string {
	sign, digits := "", s
	if strings.HasPrefix(s, "-") {
		sign, digits = "-", s[1:]
	}
	whole, rest := digits, ""
	if i := strings.IndexAny(digits, "./"); i >= 0 {
		whole, rest = digits[:i], digits[i:]
	}
	var b strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String() + rest
}

// ruleText says how sure a rule is and where it was read.
func (w words) ruleText(rule *program.Rule) string {
	if rule == nil || w.rules == nil {
		return ""
	}
	var sources []string
	for _, key := range rule.Provenance.Sources {
		if s, ok := w.rules.Sources[key]; ok {
			sources = append(sources, strings.TrimSpace(s.Title+" "+s.Date))
		}
	}
	return w.p.T("report.rule", w.p.T("report.basis."+string(rule.Provenance.Basis)), strings.Join(sources, w.p.T("report.semicolon")))
}

// Unit writes an amount of a metric's unit in the reader's language: "3 net customers".
func Unit(p *locale.Printer, unit string, f kizuna.Fraction) string {
	n := amount(f)
	return words{p: p}.quantity(n, n, unit)
}
