// Package plantest makes instances for tests and benchmarks, the same for the
// same seed on every machine, and finds the cheapest plan of small ones by
// trying all.
package plantest

import (
	"fmt"
	"math/rand/v2"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan"
)

// dollar is a quantity of money: a millionth of a dollar is 1.
const dollar = 1_000_000

// partner is an instance in the making.
type partner struct {
	*rand.Rand
	in      *plan.Instance
	counter map[string]int
	set     map[string]int
	actions int
}

// Partner returns a partner of moderate size that wants all six areas and could
// do about that many things: link customers, claim them, help them grow or use
// more, have people certified. Tracks, options, percentages and steps are those
// of the real areas.
func Partner(seed uint64, actions int) *plan.Instance {
	p := &partner{Rand: rand.New(rand.NewPCG(seed, 42)), in: &plan.Instance{}, counter: map[string]int{}, set: map[string]int{}}
	p.quantities()
	p.areas()
	for p.actions < actions {
		switch n := p.IntN(20); {
		case n < 5:
			p.azureCustomer()
		case n < 9:
			p.officeCustomer()
		case n < 12:
			p.businessCustomer()
		default:
			p.person()
		}
	}
	return p.in
}

// Margin returns the instance with a failure for each of its first n units that
// have something to lose.
func Margin(in *plan.Instance, n int) *plan.Instance {
	for u := range in.Units {
		if len(in.Failures) == n {
			break
		}
		in.Failures = append(in.Failures, plan.Failure{Name: in.Units[u].Name, Units: []int{u}})
	}
	return in
}

func (p *partner) between(lo, hi int) int64 { return int64(lo + p.IntN(hi-lo+1)) }

func (p *partner) chance(percent int) bool { return p.IntN(100) < percent }

func (p *partner) addCounter(name string, base int64) int {
	p.counter[name] = len(p.in.Counters)
	p.in.Counters = append(p.in.Counters, plan.Counter{Name: name, Base: base})
	return p.counter[name]
}

// certificates and what they count for; a certificate that needs another comes after it.
var certificates = []struct {
	name, needs string
	days        int
	counts      []string
}{
	{"AZ-104", "", 8, []string{"az104"}},
	{"AZ-305", "AZ-104", 10, []string{"az305"}},
	{"DP-300", "", 8, []string{"dai"}},
	{"AI-102", "", 7, []string{"dai"}},
	{"PL-300", "", 5, []string{"dai", "biz"}},
	{"AZ-700", "", 8, []string{"infra"}},
	{"AZ-140", "AZ-104", 7, []string{"infra-adv"}},
	{"AZ-120", "AZ-104", 9, []string{"infra-adv"}},
	{"AZ-204", "", 8, []string{"dig"}},
	{"AZ-400", "AZ-204", 10, []string{"dig-adv"}},
	{"PL-400", "", 8, []string{"dig", "biz"}},
	{"PL-600", "PL-400", 10, []string{"dig-adv", "biz-adv"}},
	{"MB-800", "", 6, []string{"biz"}},
	{"MB-700", "MB-800", 9, []string{"biz-adv"}},
	{"MS-700", "", 5, []string{"mw"}},
	{"MS-102", "MS-700", 8, []string{"mw-adv"}},
	{"SC-300", "", 6, []string{"mw", "sec"}},
	{"SC-200", "", 7, []string{"sc200"}},
	{"AZ-500", "", 8, []string{"az500"}},
	{"SC-100", "SC-200", 9, []string{"sec"}},
}

func (p *partner) quantities() {
	for _, c := range certificates {
		for _, name := range c.counts {
			if _, ok := p.counter[name]; !ok {
				p.addCounter(name, p.between(0, 2))
			}
		}
	}
	base := p.between(40_000, 400_000) * dollar
	p.addCounter("azure-net", p.between(-2, 2))
	p.addCounter("azure-base", base)
	p.addCounter("azure-now", base/100*p.between(92, 112))
	for _, track := range []string{"ent", "smb"} {
		for _, name := range []string{"net", "cpor-users", "other-users", "cpor-deployed", "other-deployed"} {
			p.addCounter("mw-"+track+"-"+name, p.between(-1, 2))
		}
		mcv := p.between(20_000, 90_000)
		p.addCounter("biz-"+track+"-net", p.between(-1, 2))
		p.addCounter("biz-"+track+"-deployed", p.between(0, 2))
		p.addCounter("biz-"+track+"-base", mcv)
		p.addCounter("biz-"+track+"-now", mcv/100*p.between(90, 115))
	}
	p.addCounter("sec-net", p.between(0, 3))
	p.addCounter("sec-acr", p.between(-2000, 4000)*dollar)
	p.addCounter("sec-users", p.between(-50, 300))
	p.addCounter("sec-deployed", p.between(0, 2))
	p.addCounter("biz-selling", p.between(1, 5))
	p.set["services"] = len(p.in.Sets)
	set := plan.Set{Name: "services"}
	for i := range 12 {
		held := int64(0)
		if i < 2 || p.chance(10) {
			held = p.between(1, 3)
		}
		set.Members = append(set.Members, p.addCounter(fmt.Sprintf("service-%d", i), held))
	}
	p.in.Sets = append(p.in.Sets, set)
}

func (p *partner) terms(list ...any) []plan.Term {
	var out []plan.Term
	for i := 0; i < len(list); i += 2 {
		name, times := list[i].(string), int64(list[i+1].(int))
		q, ok := p.counter[name]
		if !ok {
			q = len(p.in.Counters) + p.set[name]
		}
		out = append(out, plan.Term{Quantity: q, Times: times})
	}
	return out
}

func (p *partner) atLeast(name string, n int64) plan.Condition {
	return plan.Condition{Terms: p.terms(name, 1), AtLeast: n}
}

func (p *partner) linear(name, counter string, most, threshold int64) plan.Metric {
	return plan.Metric{Name: name, Max: kizuna.Int(most), Options: []plan.Option{{Parts: []plan.Part{p.part(counter, most, threshold)}}}}
}

func (p *partner) part(counter string, most, threshold int64) plan.Part {
	return plan.Part{Gain: p.terms(counter, 1), Rate: kizuna.Ratio(most, threshold), Max: kizuna.Int(most)}
}

func (p *partner) best(name string, most int64, parts ...plan.Part) plan.Metric {
	m := plan.Metric{Name: name, Max: kizuna.Int(most)}
	for _, part := range parts {
		m.Options = append(m.Options, plan.Option{Parts: []plan.Part{part}})
	}
	return m
}

func (p *partner) growth(prefix string, most, percent, floor int64) plan.Metric {
	return plan.Metric{Name: "usage_growth", Max: kizuna.Int(most), Options: []plan.Option{{Parts: []plan.Part{{
		When: []plan.Condition{p.atLeast(prefix+"-base", floor)},
		Gain: p.terms(prefix+"-now", 1, prefix+"-base", -1),
		Over: p.terms(prefix+"-base", 1),
		Rate: kizuna.Ratio(100*most, percent), Max: kizuna.Int(most),
	}}}}}
}

// people returns a metric of counted people behind steps of (counter, number).
func (p *partner) people(name, counter string, most, full int64, steps ...plan.Condition) plan.Metric {
	m := p.linear(name, counter, most, full)
	m.Options[0].Parts[0].When = steps
	return m
}

func (p *partner) area(name string, ways ...plan.Way) {
	p.in.Areas = append(p.in.Areas, plan.Area{Name: name, Pass: kizuna.Int(70), Ways: ways})
}

func (p *partner) areas() {
	azure := func(skilling ...plan.Metric) plan.Way {
		return plan.Way{Name: "single", Metrics: append([]plan.Metric{
			p.linear("net_customer_adds", "azure-net", 30, 3),
			p.growth("azure", 20, 20, 1000*dollar),
			p.linear("deployments", "services", 10, 5),
		}, skilling...)}
	}
	az104, az305 := p.atLeast("az104", 2), p.atLeast("az305", 2)
	p.area("data-ai", azure(p.people("intermediate", "dai", 40, 10, az104, az305)))
	p.area("infrastructure", azure(p.people("intermediate", "infra", 20, 5, az104), p.people("advanced", "infra-adv", 20, 5, az305)))
	p.area("digital-app", azure(p.people("intermediate", "dig", 20, 5, az104), p.people("advanced", "dig-adv", 20, 5, az305)))

	business := func(track string, people, advanced, floor int64, when ...plan.Condition) plan.Way {
		return plan.Way{Name: track, When: when, Metrics: []plan.Metric{
			p.linear("net_customer_adds", "biz-"+track+"-net", 15, 5),
			p.linear("intermediate", "biz", 20, people),
			p.linear("advanced", "biz-adv", 15, advanced),
			p.growth("biz-"+track, 30, 30, floor),
			p.linear("deployments", "biz-"+track+"-deployed", 20, 5),
		}}
	}
	p.area("business-applications",
		business("ent", 20, 7, 50_000, p.atLeast("biz-selling", 5)),
		business("smb", 5, 2, 25_000, plan.Condition{Terms: p.terms("biz-selling", -1), AtLeast: -4}))

	modern := func(track string, adds, intermediate, advanced, cporUsers, otherUsers, other int64) plan.Way {
		return plan.Way{Name: track, Metrics: []plan.Metric{
			p.linear("net_customer_adds", "mw-"+track+"-net", 20, adds),
			p.linear("intermediate", "mw", 10, intermediate),
			p.linear("advanced", "mw-adv", 15, advanced),
			p.best("usage_growth", 30, p.part("mw-"+track+"-cpor-users", 30, cporUsers), p.part("mw-"+track+"-other-users", 30, otherUsers)),
			p.best("deployments", 25, p.part("mw-"+track+"-cpor-deployed", 25, 5), p.part("mw-"+track+"-other-deployed", 25, other)),
		}}
	}
	p.area("modern-work", modern("ent", 5, 4, 2, 1000, 4000, 10), modern("smb", 10, 2, 1, 500, 2000, 10))

	p.area("security", plan.Way{Name: "single", Metrics: []plan.Metric{
		p.linear("net_customer_adds", "sec-net", 20, 10),
		{Name: "intermediate", Max: kizuna.Int(40), Options: []plan.Option{{Parts: []plan.Part{
			{When: []plan.Condition{p.atLeast("az500", 1)}, Max: kizuna.Int(4)},
			{When: []plan.Condition{p.atLeast("sc200", 1)}, Max: kizuna.Int(4)},
			{When: []plan.Condition{p.atLeast("az500", 1), p.atLeast("sc200", 1)}, Gain: p.terms("sec", 1), Rate: kizuna.Int(8), Max: kizuna.Int(40)},
		}}}},
		{Name: "usage_growth", Max: kizuna.Int(20), Options: []plan.Option{{Parts: []plan.Part{
			p.part("sec-acr", 20, 25_000*dollar), p.part("sec-users", 20, 2500),
		}}}},
		p.linear("deployments", "sec-deployed", 20, 6),
	}})
}

// action is one thing to do with a unit.
type action struct {
	name string
	days int64
}

// unit adds a unit whose bundles are all subsets of the actions; effect says what
// a subset does together.
func (p *partner) unit(name string, actions []action, effect func(done func(string) bool, add func(string, int64))) {
	u := plan.Unit{Name: fmt.Sprintf("%s-%d", name, len(p.in.Units))}
	for subset := 1; subset < 1<<len(actions); subset++ {
		b := plan.Bundle{}
		chosen := map[string]bool{}
		for i, a := range actions {
			if subset>>i&1 == 1 {
				b.Actions = append(b.Actions, a.name)
				b.Cost += a.days
				chosen[a.name] = true
			}
		}
		b.Name = fmt.Sprint(b.Actions)
		at := map[int]int{}
		effect(func(a string) bool { return chosen[a] }, func(counter string, by int64) {
			c := p.counter[counter]
			if i, ok := at[c]; ok {
				b.Adds[i].By += by
			} else if by != 0 {
				at[c] = len(b.Adds)
				b.Adds = append(b.Adds, plan.Add{Counter: c, By: by})
			}
		})
		if len(b.Adds) > 0 {
			u.Bundles = append(u.Bundles, b)
		}
	}
	if len(u.Bundles) > 0 {
		p.in.Units = append(p.in.Units, u)
		p.actions += len(actions)
	}
}

// days are tenths of a day, a little different each time.
func (p *partner) days(about int64) int64 { return about*10 + p.between(-3, 8)*about }

func (p *partner) azureCustomer() {
	linked := p.chance(40)
	now := p.between(100, 20_000) * dollar
	base := now / 100 * p.between(0, 130)
	if p.chance(30) {
		base = 0
	}
	more := p.between(500, 15_000) * dollar
	security := p.chance(25)
	service, other := p.IntN(12), p.IntN(12)
	actions := []action{{"grow", p.days(6 + more/dollar/1000)}, {"service", p.days(p.between(4, 15))}}
	if !linked {
		actions = append([]action{{"link", p.days(p.between(1, 3))}}, actions...)
	}
	p.unit("azure", actions, func(done func(string) bool, add func(string, int64)) {
		if !linked && !done("link") {
			return
		}
		var grown int64
		if done("grow") {
			grown += more
		}
		if done("service") {
			grown += 300 * dollar
			add(fmt.Sprintf("service-%d", other), 1)
		}
		add("azure-now", grown)
		if security {
			add("sec-acr", grown/3)
		}
		if linked {
			if now < 1000*dollar && now+grown >= 1000*dollar {
				add("azure-net", 1)
			}
			return
		}
		add("azure-now", now)
		add("azure-base", base)
		add(fmt.Sprintf("service-%d", service), 1)
		if now+grown >= 1000*dollar {
			add("azure-net", 1)
		}
		if base >= 1000*dollar {
			add("azure-net", -1)
		}
		if security {
			add("sec-net", 1)
			add("sec-acr", (now-base)/4)
		}
	})
}

func (p *partner) officeCustomer() {
	seats := p.between(20, 900)
	track := "smb"
	if seats > 300 {
		track = "ent"
	}
	claimed, sold := p.chance(35), p.chance(40)
	active := p.between(5, 70)
	growth := seats * p.between(5, 40) / 100
	actions := []action{{"adopt", p.days(p.between(4, 18))}, {"security", p.days(p.between(3, 9))}}
	if !claimed {
		actions = append([]action{{"claim", p.days(p.between(1, 4))}}, actions...)
	}
	p.unit("office", actions, func(done func(string) bool, add func(string, int64)) {
		adopted := int64(0)
		if done("adopt") {
			adopted = growth
		}
		deployed := active+adopted*100/seats >= 40
		if sold {
			add("mw-"+track+"-other-users", adopted)
			if deployed && active < 40 {
				add("mw-"+track+"-other-deployed", 1)
			}
		}
		if claimed || done("claim") {
			add("mw-"+track+"-cpor-users", adopted)
			if !claimed && !sold {
				add("mw-"+track+"-net", 1)
			}
			if deployed && (active < 40 || !claimed) {
				add("mw-"+track+"-cpor-deployed", 1)
			}
		}
		if done("security") && (claimed || done("claim")) {
			add("sec-net", 1)
			add("sec-users", seats/3)
			if deployed {
				add("sec-deployed", 1)
			}
		}
	})
}

func (p *partner) businessCustomer() {
	track := "smb"
	if p.chance(40) {
		track = "ent"
	}
	claimed := p.chance(30)
	now := p.between(500, 15_000)
	base := now * p.between(0, 110) / 100
	more := p.between(1000, 12_000)
	threshold := int64(5000)
	if track == "ent" {
		threshold = 10_000
	}
	actions := []action{{"expand", p.days(5 + more/1000)}}
	if !claimed {
		actions = append([]action{{"claim", p.days(p.between(1, 4))}}, actions...)
	}
	sells := p.chance(15)
	p.unit("business", actions, func(done func(string) bool, add func(string, int64)) {
		if !claimed && !done("claim") {
			return
		}
		then := now
		if done("expand") {
			then += more
			if sells {
				add("biz-selling", 1)
			}
		}
		if claimed {
			add("biz-"+track+"-now", then-now)
			if now < threshold && then >= threshold {
				add("biz-"+track+"-deployed", 1)
			}
			return
		}
		add("biz-"+track+"-now", then)
		add("biz-"+track+"-base", base)
		add("biz-"+track+"-net", 1)
		if then >= threshold && base < threshold {
			add("biz-"+track+"-deployed", 1)
		}
	})
}

func (p *partner) person() {
	// A person could take one to three certificates; what one of them needs comes with it.
	n := 1 + p.IntN(3)
	pace := p.between(70, 140)
	holds := map[string]bool{}
	for _, c := range certificates {
		holds[c.name] = p.chance(12)
	}
	var actions []action
	for _, i := range p.Perm(len(certificates))[:n] {
		c := certificates[i]
		if holds[c.name] {
			continue
		}
		days := int64(c.days)
		if c.needs != "" && !holds[c.needs] {
			for _, d := range certificates {
				if d.name == c.needs {
					days += int64(d.days)
				}
			}
		}
		actions = append(actions, action{c.name, days * pace / 10})
	}
	p.unit("person", actions, func(done func(string) bool, add func(string, int64)) {
		has := map[string]bool{}
		for _, c := range certificates {
			if done(c.name) {
				has[c.name] = true
				if c.needs != "" && !holds[c.needs] {
					has[c.needs] = true
				}
			}
		}
		counted, before := map[string]bool{}, map[string]bool{}
		for _, c := range certificates {
			for _, name := range c.counts {
				before[name] = before[name] || holds[c.name]
			}
		}
		for _, c := range certificates {
			if !has[c.name] {
				continue
			}
			for _, name := range c.counts {
				if !counted[name] && !before[name] {
					counted[name] = true
					add(name, 1)
				}
			}
		}
	})
}
