package score

import (
	"reflect"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/program"
)

// reading is another way in which the sources can be understood, under the number
// that docs/readings.md gives the ambiguity: changes of the program, each of which
// makes a variant of it. A change that finds nothing to change is no variant.
type reading struct {
	id      string
	changes []change
}

type change func(*program.Program)

// readings lists what else the sources may mean, in the order of docs/readings.md.
// Ambiguities that no figure of a day depends on are explained there.
var readings = []reading{
	{"A1", []change{ // a person's points, as the pages print them
		peopleRules(func(r *program.PeopleRule) { r.PerPerson = r.PerPerson.Round(2) }),
		peopleRules(func(r *program.PeopleRule) { r.PerPerson = r.PerPerson.Round(1) }),
		peopleRules(func(r *program.PeopleRule) { r.PerPerson = cutTo(r.PerPerson, 10) }),
	}},
	{"A2", []change{otherGate}}, // every metric above 0, or at least 1
	{"A3", []change{ // the total that is shown passes
		func(p *program.Program) {
			p.Scoring.PassTotal = p.Scoring.PassTotal.Sub(halfOfLast(p.Scoring.TotalDecimals))
		},
	}},
	{"A4", []change{func(p *program.Program) { p.Scoring.WholePoints = true }}}, // only whole points
	{"A5", []change{components(inSteps)}},                                       // a point for every whole 1 % or 125 users
	{"A6", []change{bestMetrics, onlyTrack(0), onlyTrack(1)}},                   // what the best track is
	{"A7", []change{rules(halved), rules(pooled), rules(func(r *program.Rule) {
		r.LossesOffset = r.Combine == program.Sum && len(r.Components) > 1
	})}},
	{"A9", []change{otherMarket, betweenLaunchAndSpring}}, // Business Applications at launch
	{"A10", []change{twoSkillingMetrics}},                 // 20 + 20 in place of 40
	{"A11", []change{components(floorOfBase), components(floorOfBoth)}},
	{"A12", []change{components(func(c *program.Component) { // the last month alone
		if w := &c.Measure.Window; w.Kind == program.AnyMonth {
			w.Months = 1
		}
	})}},
	{"A13", []change{components(sold(otherEnd)), components(sold(at500)), components(sold(at500, otherEnd))}},
	{"A14", []change{
		classifier(func(c *program.Classifier) { c.Decides = program.LastMonth }),
		classifier(func(c *program.Classifier) { c.Decides = program.EitherMonth }),
		classifier(func(c *program.Classifier) { c.Count = program.Pairs }),
	}},
	{"A15", []change{components(func(c *program.Component) { // customers, not pairs
		if c.Measure.Subject == program.Pairs {
			c.Measure.Subject = program.Tenants
		}
	})}},
	{"A16", []change{components(soldInPlaceOfClaimed)}}, // CSP and DPOR, not CPOR and DPOR
	{"A17", []change{certificateEnds("MB-230", kizuna.NewDate(2023, 6, 30)), certificateEnds("MB-230", kizuna.NewDate(2024, 6, 30))}},
	{"A18", []change{rules(laterPeopleRule), peopleRules(stepsNotCounted)}}, // Security's page mixes two versions
	{"A19", []change{peopleRules(personAsMuchAsStep)}},                      // eight points for two people
	{"A20", []change{unknownRatesAreZero}},
	{"A21", []change{
		components(func(c *program.Component) { c.Measure.ShareExclusive = c.Measure.Share != nil }),
		components(func(c *program.Component) { c.Measure.NewShareExclusive = c.Measure.NewShareAtMost != nil }),
		components(func(c *program.Component) { c.Measure.ShareOfWorkload = c.Measure.Share != nil }),
	}},
	{"A22", []change{components(at12000)}}, // reaching 12,000 dollars, or exceeding them
	{"A23", []change{peopleRules(func(r *program.PeopleRule) { r.StepsInOrder = len(r.Steps) > 1 && r.Steps[1].Points.Sign() > 0 })}},
	{"A28", []change{securitySkilling(20), securitySkilling(25)}},
	{"A30", []change{components(linksFeedSales)}},
	{"csp-history", []change{func(p *program.Program) { // what a change of CSP owner does
		if p.CSPHistory == program.ByInterval {
			p.CSPHistory = program.OwnerOnDate
		} else {
			p.CSPHistory = program.ByInterval
		}
	}}},
	{"reader-roles", []change{func(p *program.Program) { // whether reader roles earn
		if len(p.Roles.ExcludeContaining) > 0 {
			p.Roles.ExcludeContaining = nil
		} else {
			p.Roles.ExcludeContaining = []string{"reader"}
		}
	}}},
	{"owned-workloads", []change{func(p *program.Program) { p.OwnedWorkloads = nil }}},
}

// Reading is another reading of the sources and the question as it asks it. Of
// one reading there can be several.
type Reading struct {
	ID       string
	Question Question
	before   *program.Program
}

// ReadingIDs lists every reading that is tried under some program.
func ReadingIDs() []string {
	ids := make([]string, 0, len(readings))
	for _, r := range readings {
		ids = append(ids, r.id)
	}
	return append(ids, "attribution-both", "attribution-own", "attribution-asserted", "month-earlier")
}

// Readings lists the readings besides the question's own under which something
// of it is different. See docs/readings.md for each. Whose word on associations
// counts is no question where no export asserts any.
func Readings(q Question, asserted bool) []Reading {
	var out []Reading
	for _, r := range readings {
		for _, change := range r.changes {
			changed := q
			changed.Program = q.Program.Clone()
			if change(changed.Program); !reflect.DeepEqual(changed.Program, q.Program) {
				out = append(out, Reading{r.id, changed, q.Program})
			}
		}
	}
	trusted := q.Trust
	if trusted == "" {
		trusted = attribution.TrustBoth
	}
	for _, trust := range []attribution.Trust{attribution.TrustBoth, attribution.TrustOwn, attribution.TrustAsserted} {
		if changed := q; asserted && trust != trusted {
			changed.Trust = trust
			out = append(out, Reading{"attribution-" + string(trust), changed, q.Program})
		}
	}
	earlier := q
	earlier.AsOf = q.AsOf.AddMonths(-1)
	return append(out, Reading{"month-earlier", earlier, q.Program})
}

// touches reports whether the reading can change a figure of the area: whether it
// changes that area, or nothing of any area but what all of them rest on.
func (r *Reading) touches(area string) bool {
	if !reflect.DeepEqual(r.before.Area(area), r.Question.Program.Area(area)) {
		return true
	}
	return reflect.DeepEqual(r.before.Areas, r.Question.Program.Areas)
}

// rules, components, peopleRules and classifier make a change of the program of a
// change of each of its parts.

func rules(change func(*program.Rule)) change {
	return func(p *program.Program) {
		for i := range p.Areas {
			for j := range p.Areas[i].Metrics {
				for _, r := range p.Areas[i].Metrics[j].Rules {
					change(r)
				}
			}
		}
	}
}

func components(change func(*program.Component)) change {
	return rules(func(r *program.Rule) {
		for i := range r.Components {
			change(&r.Components[i])
		}
	})
}

func peopleRules(change func(*program.PeopleRule)) change {
	return rules(func(r *program.Rule) {
		for i := range r.People {
			change(&r.People[i])
		}
	})
}

func classifier(change func(*program.Classifier)) change {
	return func(p *program.Program) {
		for i := range p.Areas {
			if c := p.Areas[i].Track.Classifier; c != nil && c.Kind == program.BySellingWorkloads {
				change(c)
			}
		}
	}
}

func otherGate(p *program.Program) {
	if p.Scoring.GateInclusive {
		p.Scoring.GateValue, p.Scoring.GateInclusive = kizuna.Fraction{}, false
	} else {
		p.Scoring.GateValue, p.Scoring.GateInclusive = kizuna.Int(1), true
	}
}

// halfOfLast is half a unit of the last decimal shown: from there on a figure
// rounds up.
func halfOfLast(decimals int) kizuna.Fraction {
	half := kizuna.Ratio(1, 2)
	for range decimals {
		half = half.Div(kizuna.Int(10))
	}
	return half
}

func cutTo(f kizuna.Fraction, parts int64) kizuna.Fraction {
	return kizuna.Ratio(f.Mul(kizuna.Int(parts)).Floor(), parts)
}

// inSteps gives points for growth one by one: every 1 %, every 125 users.
func inSteps(c *program.Component) {
	if c.Measure.Subject == program.Amount {
		c.Step = c.Threshold.Div(c.Max)
	}
}

// bestMetrics takes the best track metric by metric.
func bestMetrics(p *program.Program) {
	for i := range p.Areas {
		if t := &p.Areas[i].Track; t.Kind == program.BestTrack {
			t.Kind = program.BestMetrics
		}
	}
}

// onlyTrack looks at one of the tracks alone: the other neither counts nor passes.
func onlyTrack(n int) change {
	return func(p *program.Program) {
		for i := range p.Areas {
			if t := &p.Areas[i].Track; t.Kind == program.BestTrack {
				t.Kind, t.Tracks = program.SingleTrack, t.Tracks[n:n+1]
			}
		}
	}
}

// halved makes halves of pooled parts: each part gives its share of the points and
// no more. What is counted is halved with them; sums of growth ask for as much.
func halved(r *program.Rule) {
	if r.Combine != program.Sum || len(r.Components) < 2 {
		return
	}
	n := kizuna.Int(int64(len(r.Components)))
	for i := range r.Components {
		c := &r.Components[i]
		if c.Max.Cmp(r.Max) != 0 {
			continue
		}
		if c.Max = c.Max.Div(n); c.Measure.Subject != program.Amount {
			c.Threshold = c.Threshold.Div(n)
		}
	}
}

// pooled is the reverse of halved.
func pooled(r *program.Rule) {
	if r.Combine != program.Sum || len(r.Components) < 2 {
		return
	}
	for i := range r.Components {
		c := &r.Components[i]
		times := r.Max.Div(c.Max)
		if c.Max = r.Max; c.Measure.Subject != program.Amount {
			c.Threshold = c.Threshold.Mul(times)
		}
	}
}

// otherMarket takes the other track where the list of markets is not known.
func otherMarket(p *program.Program) {
	for i := range p.Areas {
		if c := p.Areas[i].Track.Classifier; c != nil && c.Kind == program.ByMarket && len(c.Countries) == 0 {
			c.Then, c.Otherwise = c.Otherwise, c.Then
		}
	}
}

// betweenLaunchAndSpring is what a look back says was eased in March 2023: 20 adds
// (10 in larger markets), 45 % growth, 10 deployments.
func betweenLaunchAndSpring(p *program.Program) {
	for i := range p.Areas {
		a := &p.Areas[i]
		if a.Track.Classifier == nil || a.Track.Classifier.Kind != program.ByMarket {
			continue
		}
		for j := range a.Metrics {
			for track, r := range a.Metrics[j].Rules {
				larger := track == a.Track.Classifier.Then
				for k := range r.Components {
					switch c := &r.Components[k]; {
					case c.Measure.Change == program.Percent && !larger:
						c.Threshold = kizuna.Int(45)
					case c.Measure.Quantity == program.Consumption && c.Measure.Subject == program.Pairs && !larger:
						c.Threshold = kizuna.Int(10)
					case c.Measure.Quantity == program.Revenue && larger:
						c.Threshold = kizuna.Int(10)
					case c.Measure.Quantity == program.Revenue:
						c.Threshold = kizuna.Int(20)
					}
				}
			}
		}
	}
}

// twoSkillingMetrics splits the 40 points of Data & AI as the preview's screens
// did, and as the other Azure areas do: half behind their first prerequisite, half
// behind their second. Which certificates belonged to which half is not known; all
// count in both.
func twoSkillingMetrics(p *program.Program) {
	area, like := p.Area("data-ai"), p.Area("infrastructure")
	if area == nil || like == nil {
		return
	}
	var halves []program.Metric
	for i := range like.Metrics {
		m := &like.Metrics[i]
		if m.Category != program.Skilling {
			continue
		}
		half := *m
		half.Rules = make(map[string]*program.Rule)
		for track, r := range m.Rules {
			of := area.Metric("intermediate")
			if of == nil || of.Rules[track] == nil {
				return
			}
			rule := *of.Rules[track]
			rule.Max, rule.People = r.Max, slices.Clone(rule.People)
			for j := range rule.People {
				rule.People[j].Steps = r.People[0].Steps
			}
			half.Rules[track] = &rule
		}
		halves = append(halves, half)
	}
	area.Metrics = slices.DeleteFunc(area.Metrics, func(m program.Metric) bool { return m.Category == program.Skilling })
	area.Metrics = append(area.Metrics, halves...)
}

// floorOfBase asks the total of a year before to reach the floor.
func floorOfBase(c *program.Component) {
	if m := &c.Measure; m.FloorNow != nil && m.FloorBase == nil {
		m.FloorNow, m.FloorBase = nil, m.FloorNow
	}
}

func floorOfBoth(c *program.Component) {
	if m := &c.Measure; m.FloorNow != nil {
		m.FloorBase = m.FloorNow
	}
}

// sold changes the monthly revenue that makes a pair of customer and workload
// count as sold.
func sold(changes ...func(*program.Range)) func(*program.Component) {
	return func(c *program.Component) {
		m := &c.Measure
		if m.Subject != program.Pairs || m.Quantity != program.Revenue || m.Amount == nil || m.Amount.From == nil {
			return
		}
		amount := *m.Amount
		for _, change := range changes {
			change(&amount)
		}
		m.Amount = &amount
	}
}

func otherEnd(r *program.Range) { r.FromExclusive = !r.FromExclusive }

// at500 goes back to the 500 dollars of before March 2023 for small customers.
func at500(r *program.Range) {
	if old := 500 * kizuna.MicroPerUnit; *r.From < old {
		r.From = &old
	}
}

// soldInPlaceOfClaimed lets CSP stand where Enterprise customers of Modern Work
// count through CPOR, beside DPOR.
func soldInPlaceOfClaimed(c *program.Component) {
	m := &c.Measure
	if m.Seats == nil || !m.Seats.FromExclusive {
		return // Enterprise: more than 300 seats
	}
	dpor, claimed, sold := program.SetOf(program.DPOR), program.SetOf(program.CPORUsage), program.SetOf(program.CSPTier1, program.CSPTier2)
	for i := range m.Feeds {
		if f := &m.Feeds[i]; f.Types&dpor != 0 {
			f.Types = f.Types&^claimed | sold
		}
	}
}

func certificateEnds(id string, last kizuna.Date) change {
	return func(p *program.Program) {
		if c, ok := p.Certificates[id]; ok {
			c.LastDay = &last
			p.Certificates[id] = c
		}
	}
}

// laterPeopleRule applies the last change of a people rule from the start.
func laterPeopleRule(r *program.Rule) {
	if len(r.People) > 1 {
		last := r.People[len(r.People)-1]
		last.From = nil
		r.People = []program.PeopleRule{last}
	}
}

// stepsNotCounted leaves out of the counted certificates those that a step asks for.
func stepsNotCounted(r *program.PeopleRule) {
	asked := func(id string) bool {
		return slices.ContainsFunc(r.Steps, func(s program.Step) bool { return slices.Contains(s.AnyOf, id) })
	}
	if slices.ContainsFunc(r.Counted, asked) {
		r.Counted = slices.DeleteFunc(slices.Clone(r.Counted), asked)
	}
}

// personAsMuchAsStep gives a counted person what a step gives, where it gives more.
func personAsMuchAsStep(r *program.PeopleRule) {
	for _, s := range r.Steps {
		if s.Points.Sign() > 0 {
			r.PerPerson = r.PerPerson.Min(s.Points)
		}
	}
}

func unknownRatesAreZero(p *program.Program) {
	for name, r := range p.Rates {
		if r.Value == nil {
			r.Value = new(kizuna.Decimal)
			p.Rates[name] = r
		}
	}
}

// at12000 turns the ends of ranges at 12,000 dollars.
func at12000(c *program.Component) {
	if c.Measure.Amount == nil {
		return
	}
	amount, limit := *c.Measure.Amount, 12_000*kizuna.MicroPerUnit
	if amount.From != nil && *amount.From == limit {
		amount.FromExclusive = !amount.FromExclusive
	}
	if amount.To != nil && *amount.To == limit {
		amount.ToExclusive = !amount.ToExclusive
	}
	c.Measure.Amount = &amount
}

// securitySkilling gives skilling in Security another maximum, in the same proportions.
func securitySkilling(most int64) change {
	return func(p *program.Program) {
		area := p.Area("security")
		if area == nil {
			return
		}
		for i := range area.Metrics {
			for _, r := range area.Metrics[i].Rules {
				if len(r.People) == 0 {
					continue
				}
				share := kizuna.Int(most).Div(r.Max)
				r.Max = kizuna.Int(most)
				for j := range r.People {
					r.People[j].PerPerson = r.People[j].PerPerson.Mul(share)
					for k := range r.People[j].Steps {
						s := &r.People[j].Steps[k]
						s.Points = s.Points.Mul(share)
					}
				}
			}
		}
	}
}

// linksFeedSales lets partner admin links feed net adds in Business Applications.
func linksFeedSales(c *program.Component) {
	m := &c.Measure
	if m.Subject != program.Pairs || m.Quantity != program.Revenue {
		return
	}
	for i := range m.Feeds {
		m.Feeds[i].Types |= program.SetOf(program.PAL)
	}
}
