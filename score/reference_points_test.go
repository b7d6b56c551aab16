package score_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// What the reference makes of values: points, and the track of an area.

func rat(f kizuna.Fraction) *big.Rat {
	r, ok := new(big.Rat).SetString(f.String())
	if !ok {
		panic(f.String())
	}
	return r
}

func money(m kizuna.Micro) *big.Rat { return big.NewRat(int64(m), 1e6) }

func floor(v *big.Rat) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Div(v.Num(), v.Denom())) // the denominator is positive
}

func clamp(v, top *big.Rat) *big.Rat {
	switch {
	case v.Sign() < 0:
		return new(big.Rat)
	case v.Cmp(top) > 0:
		return top
	}
	return v
}

// progress is what a component measured; nil if it is not defined. Worth says
// whether it can earn anything.
func (r *reference) progress(m *program.Measure, account string) (progress *big.Rat, worth bool) {
	now, base := r.measured(m, account)
	change := new(big.Rat).Sub(now, base)
	switch m.Change {
	case program.Gross:
		return now, true
	case program.Percent:
		if base.Sign() <= 0 {
			return nil, false
		}
		low := m.FloorNow != nil && now.Cmp(money(*m.FloorNow)) < 0 || m.FloorBase != nil && base.Cmp(money(*m.FloorBase)) < 0
		change.Mul(change, big.NewRat(100, 1))
		return change.Quo(change, base), !low
	}
	return change, true
}

func (r *reference) metric(rule *program.Rule, account string) *big.Rat {
	points := new(big.Rat)
	switch {
	case len(rule.People) > 0:
		points = r.skilling(rule, account)
	default:
		for i := range rule.Components {
			earned := r.component(&rule.Components[i], rule, account)
			if rule.Combine == program.Best {
				if earned.Cmp(points) > 0 {
					points = earned
				}
				continue
			}
			points = new(big.Rat).Add(points, earned)
		}
		points = clamp(points, rat(rule.Max))
	}
	if r.program.Scoring.WholePoints {
		points = floor(points)
	}
	return points
}

func (r *reference) component(c *program.Component, rule *program.Rule, account string) *big.Rat {
	progress, worth := r.progress(&c.Measure, account)
	if progress == nil {
		return new(big.Rat)
	}
	whole := progress
	if c.Step.Sign() > 0 {
		step := rat(c.Step)
		whole = new(big.Rat).Mul(floor(new(big.Rat).Quo(progress, step)), step)
	}
	value := func(p *big.Rat) *big.Rat {
		v := new(big.Rat).Mul(rat(c.Max), p)
		return v.Quo(v, rat(c.Threshold))
	}
	switch {
	case rule.LossesOffset && progress.Sign() < 0:
		return value(progress) // a loss, whole steps or not
	case !worth:
		return new(big.Rat)
	}
	return clamp(value(whole), rat(c.Max))
}

// skilling counts people, each once.
func (r *reference) skilling(rule *program.Rule, account string) *big.Rat {
	in := rule.PeopleOn(r.asOf)
	points, all := new(big.Rat), true
	for _, step := range in.Steps {
		met := r.holders(account, step.AnyOf) >= step.People
		if met && (all || !in.StepsInOrder) {
			points.Add(points, rat(step.Points))
		}
		all = all && met
	}
	if all {
		counted := big.NewRat(r.holders(account, in.Counted), 1)
		points.Add(points, counted.Mul(counted, rat(in.PerPerson)))
	}
	return clamp(points, rat(rule.Max))
}

// holders counts the account's people who hold any of the certificates.
func (r *reference) holders(account string, certificates []string) int64 {
	var ids []string
	for _, person := range r.people.People {
		linked := slices.ContainsFunc(r.people.Links, func(l people.ProfileLink) bool {
			return l.MCID == person.MCID && l.During.Contains(r.asOf.Instant()) && r.accountOf(l.Location) == account
		})
		holds := slices.ContainsFunc(r.people.Certifications, func(c people.Certification) bool {
			last := r.program.Certificates[c.Certificate].LastDay
			return c.MCID == person.MCID && slices.Contains(certificates, c.Certificate) &&
				*c.EarnedOn <= r.asOf && (c.ExpiresOn == nil || *c.ExpiresOn > r.asOf) && (last == nil || *last >= r.asOf)
		})
		if linked && holds && !slices.Contains(ids, person.ID) {
			ids = append(ids, person.ID)
		}
	}
	return int64(len(ids))
}

// track is the one that the facts put an account on.
func (r *reference) track(c *program.Classifier, account string) string {
	month := program.Window{Kind: program.AnyMonth, Months: 1}
	m := &program.Measure{Change: program.Gross, Subject: program.Tenants, Quantity: program.Revenue, Window: month, Feeds: c.Feeds, Channels: c.Channels}
	last := r.asOf.Month().Add(-1)
	then := false
	switch c.Kind {
	case program.BySellingWorkloads:
		m.Amount = &program.Range{From: &c.Above, FromExclusive: true}
		if m.Subject = c.Count; m.Subject == "" {
			m.Subject = program.Workloads
		}
		enough := func(month kizuna.Month) bool { return r.value(m, account, month).Cmp(big.NewRat(c.AtLeast, 1)) >= 0 }
		switch now, before := enough(last), enough(last.Add(-12)); c.Decides {
		case program.BothMonths:
			then = now && before
		case program.LastMonth:
			then = now
		case program.EitherMonth:
			then = now || before
		}
	case program.BySegment:
		all, its := 0, 0
		revenue := new(big.Rat)
		for _, tenant := range r.tenants() {
			of := r.segmentOf(tenant) == c.Segment
			if r.earns(m, account, tenant, "", true, last) {
				all++
				if of {
					its++
				}
			}
			for i := range 12 {
				revenue.Add(revenue, r.revenue(m, account, tenant, "", true, last.Add(-i)))
			}
		}
		if all > 0 {
			share := big.NewRat(int64(its), int64(all)).Cmp(rat(c.Share))
			then = share > 0 || share == 0 && !c.ShareExclusive
		}
		if c.RevenueBelow != nil && revenue.Cmp(money(*c.RevenueBelow)) >= 0 {
			then = false
		}
	}
	if then {
		return c.Then
	}
	return c.Otherwise
}

func (r *reference) segmentOf(tenant string) string {
	i := slices.IndexFunc(r.facts.Customers, func(c association.Customer) bool { return strings.EqualFold(c.Tenant, tenant) })
	if i < 0 {
		return ""
	}
	return r.facts.Customers[i].Segment
}

func TestEveryPointIsWhatTheReferenceSays(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, all)
		f := drawFacts(t)
		ref := newReference(q, f)
		result := score.Ask(q, f).Result()
		for _, account := range []string{"G1", "G2"} {
			scored, _ := result.Accounts.Get(account)
			for i := range q.Program.Areas {
				area := &q.Program.Areas[i]
				got, _ := scored.Areas.Get(area.ID)
				for _, name := range area.Track.Tracks {
					track, _ := got.Tracks.Get(name)
					total, passes := new(big.Rat), true
					for j := range area.Metrics {
						want := ref.metric(area.Metrics[j].Rules[name], account)
						if points := track.Metrics[j].Value.Points; points.String() != want.RatString() {
							t.Fatalf("%s %s %s/%s/%s: %s points, the reference says %s",
								q.Program.Ref(), account, area.ID, name, area.Metrics[j].ID, points, want.RatString())
						}
						total.Add(total, want)
						gate := want.Cmp(rat(q.Program.Scoring.GateValue))
						passes = passes && (gate > 0 || gate == 0 && q.Program.Scoring.GateInclusive)
					}
					passes = passes && total.Cmp(rat(q.Program.Scoring.PassTotal)) >= 0
					if track.Total.String() != total.RatString() || track.Passes != passes {
						t.Fatalf("%s %s %s/%s: total %s, passes %t; the reference says %s, %t",
							q.Program.Ref(), account, area.ID, name, track.Total, track.Passes, total.RatString(), passes)
					}
				}
				if c := area.Track.Classifier; c != nil && got.TakenTrack != ref.track(c, account) {
					t.Fatalf("%s %s %s: track %s, the reference says %s", q.Program.Ref(), account, area.ID, got.TakenTrack, ref.track(c, account))
				}
			}
		}
	})
}

// drawQuestion draws a built-in program as it is, or one that asks all that a
// program file can ask and that no built-in version does.
func drawQuestion(t *rapid.T, all []score.Question) score.Question {
	q := all[rapid.IntRange(0, len(all)-1).Draw(t, "question")]
	if rapid.Bool().Draw(t, "as built in") {
		return q
	}
	q.Program = drawVariant(t, q.Program)
	return q
}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

// variant is what a drawn program asks differently, wherever it fits.
type variant struct {
	firstStep                  bool // one more, before the others
	step, stepPoints           kizuna.Fraction
	lossesOffset, stepsInOrder bool
	shareExclusive, newAsMuch  bool
	shareOfWorkload            bool
	share                      kizuna.Fraction
	count                      program.Subject
	decides                    program.Deciding
	atLeast                    int64
	customerShare              kizuna.Fraction
	customerShareExclusive     bool
	revenueBelow               kizuna.Micro
}

func drawVariant(t *rapid.T, p *program.Program) *program.Program {
	yes := func(label string) bool { return rapid.Bool().Draw(t, label) }
	v := variant{
		step:            pick(t, "step", kizuna.Fraction{}, kizuna.Ratio(1, 2), kizuna.Int(2), kizuna.Int(30)),
		stepPoints:      pick(t, "step points", kizuna.Fraction{}, kizuna.Ratio(10, 3)),
		lossesOffset:    yes("losses_offset"),
		firstStep:       yes("a step before"),
		stepsInOrder:    yes("steps_in_order"),
		shareExclusive:  yes("active_share_above"),
		newAsMuch:       yes("new_share_below"),
		shareOfWorkload: yes("share_of workload"),
		share:           pick(t, "share", kizuna.Ratio(2, 5), kizuna.Ratio(1, 10)),
		count:           pick(t, "count", program.Workloads, program.Pairs),
		decides:         pick(t, "decides", program.BothMonths, program.LastMonth, program.EitherMonth),
		atLeast:         pick[int64](t, "at least", 1, 2),
		customerShare:   pick(t, "customers", kizuna.Ratio(1, 2), kizuna.Int(1)), customerShareExclusive: yes("above"),
		revenueBelow: pick(t, "revenue below", 1000*kizuna.MicroPerUnit, 100_000*kizuna.MicroPerUnit),
	}
	out := *p
	out.Scoring.WholePoints = yes("whole_points")
	out.Areas = slices.Clone(p.Areas)
	for i := range out.Areas {
		area := &out.Areas[i]
		if c := area.Track.Classifier; c != nil {
			area.Track.Classifier = v.classifier(*c)
		}
		area.Metrics = slices.Clone(area.Metrics)
		for j := range area.Metrics {
			rules := make(map[string]*program.Rule)
			for name, rule := range area.Metrics[j].Rules {
				rules[name] = v.rule(*rule)
			}
			area.Metrics[j].Rules = rules
		}
	}
	return &out
}

func (v *variant) classifier(c program.Classifier) *program.Classifier {
	switch c.Kind {
	case program.BySellingWorkloads:
		c.Count, c.Decides, c.AtLeast = v.count, v.decides, v.atLeast
	case program.BySegment:
		c.Share, c.ShareExclusive, c.RevenueBelow = v.customerShare, v.customerShareExclusive, &v.revenueBelow
	}
	return &c
}

func (v *variant) rule(r program.Rule) *program.Rule {
	r.People = slices.Clone(r.People)
	for i := range r.People {
		r.People[i].StepsInOrder = v.stepsInOrder
		r.People[i].Steps = slices.Clone(r.People[i].Steps)
		if v.firstStep {
			r.People[i].Steps = slices.Insert(r.People[i].Steps, 0, program.Step{AnyOf: []string{"AZ-400"}, People: 1})
		}
		for j := range r.People[i].Steps {
			r.People[i].Steps[j].Points = v.stepPoints
		}
	}
	r.LossesOffset = v.lossesOffset && r.Combine == program.Sum && len(r.Components) > 1
	r.Components = slices.Clone(r.Components)
	for i := range r.Components {
		c := &r.Components[i]
		c.Step = v.step
		if m := &c.Measure; m.Share != nil {
			m.Share, m.ShareExclusive, m.ShareOfWorkload = &v.share, v.shareExclusive, v.shareOfWorkload
			if m.NewShareAtMost != nil {
				m.NewShareAtMost, m.NewShareExclusive = &v.share, v.newAsMuch
			}
		}
	}
	return &r
}
