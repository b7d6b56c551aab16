package command

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/plan"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/plan/check"
	"github.com/kizuna-org/kizuna/advice/plan/find"
	"github.com/kizuna-org/kizuna/advice/plan/model"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/textgrid"
)

// planCmd finds the cheapest way to designations.
type planCmd struct {
	Find   planFindCmd   `cmd:"" default:"withargs" help:"help.plan-find"`
	Costs  planCostsCmd  `cmd:"" help:"help.plan-costs"`
	Verify planVerifyCmd `cmd:"" help:"help.plan-verify"`
}

type planFindCmd struct {
	adviceFlags
	By   string   `name:"by" placeholder:"DATE" help:"help.plan-by"`
	Area []string `name:"area" placeholder:"AREA" help:"help.plan-area"`
	specializationFlags
	Costs    string        `name:"costs" type:"path" placeholder:"FILE" help:"help.plan-costs-file"`
	Margin   bool          `name:"margin" help:"help.plan-margin"`
	Within   time.Duration `name:"within" default:"10s" placeholder:"TIME" help:"help.plan-within"`
	Scenario string        `name:"scenario" type:"path" placeholder:"FILE" help:"help.plan-scenario"`
	Proof    string        `name:"proof" type:"path" placeholder:"FILE" help:"help.plan-proof"`
}

// planned is an answer, and what is needed to tell it.
type planned struct {
	*find.Answer
	app     *app
	in      *adviceInquiry
	program *program.Program
	carried bool
	aims    []specialization.Aim
	apart   []apart
}

// apart is what a goal alone would take, where all of them together cannot be reached.
type apart struct {
	Area        string   `json:"area,omitempty"`
	AnyOf       []string `json:"any_of,omitempty"`
	Requirement string   `json:"requirement,omitempty"` // of the specialization that the area is
	*find.Answer
	goal model.Goal
}

func apartFrom(g model.Goal, answer *find.Answer) apart {
	out := apart{Requirement: g.Metric, Answer: answer, goal: g}
	if out.Area = g.AnyOf[0]; len(g.AnyOf) > 1 {
		out.Area, out.AnyOf = "", g.AnyOf
	}
	return out
}

// monthsAhead is how far ahead a plan looks if no day is named.
const monthsAhead = 6

// Run finds and tells the plan.
func (c *planFindCmd) Run(a *app) error {
	costs, err := costsOf(c.Costs)
	if err != nil {
		return err
	}
	in, err := c.given(a)
	if err != nil {
		return err
	}
	q, err := c.target(in)
	if err != nil {
		return err
	}
	special, err := c.special(a, &c.questionFlags, in.inquiry, in.account, q.Program, q.AsOf)
	if err != nil {
		return err
	}
	ask := &action.Ask{Today: in.answer.Question.AsOf, Costs: costs, Margin: c.Margin, Specializations: special.asked(q.Program, q.AsOf)}
	if len(c.Area) > 0 || len(special.ids) == 0 {
		if ask.Areas, err = areasOf(q.Program, c.Area); err != nil {
			return err
		}
	}
	q.Program = q.Program.WithSpecializations(q.AsOf, special.ids...)
	p := &planned{app: a, in: in, program: q.Program, carried: q.Carried, aims: ask.Specializations}
	if ask.Base, err = advice.New(q, in.account, in.until(q.AsOf)); err != nil {
		return err
	}
	if p.Answer, err = c.find(a, ask, c.Within); err != nil {
		return err
	}
	if p.Answer == nil {
		return kizuna.Errorf("plan-stopped", "the search was stopped before it had looked at everybody").
			WithMend("give it longer: --within 1m")
	}
	if parts := ask.Parts(); p.Infeasible && len(parts) > 1 {
		for i := range parts {
			one := *ask
			one.Part = &parts[i]
			answer, err := c.find(a, &one, c.Within/time.Duration(len(parts)))
			if err != nil {
				return err
			}
			p.apart = append(p.apart, apartFrom(parts[i], answer))
		}
	}
	if c.Scenario != "" && p.Found {
		if err := p.writeScenario(c.Scenario, c.Program); err != nil {
			return err
		}
	}
	if c.Proof != "" {
		if err := p.write(c.Proof); err != nil {
			return err
		}
	}
	return p.tell()
}

// find searches as long as it may, and until the user has enough of it.
func (c *planFindCmd) find(a *app, ask *action.Ask, within time.Duration) (*find.Answer, error) {
	end := time.Now().Add(within)
	stop := func() bool { return a.Context.Err() != nil || time.Now().After(end) }
	count := a.counter()
	defer count.clear()
	ask.Stop = func() bool { return a.Context.Err() != nil }
	ask.Progress = func(done, of int) { count.show(a.P.T("plan.looked", done, of)) }
	return find.Find(ask, find.Options{Stop: stop, Found: func(cost int64) {
		count.show(a.P.T("plan.best-so-far", hundredths(cost), ask.Costs.Unit.In(a.P.Lang)))
	}})
}

// target is the question on the day by which the areas are wanted.
func (c *planFindCmd) target(in *adviceInquiry) (q score.Question, err error) {
	q = in.answer.Question
	by := q.AsOf.AddMonths(monthsAhead)
	if c.By != "" {
		if by, err = kizuna.ParseDate(c.By); err != nil {
			return q, err
		}
		if by <= q.AsOf {
			return q, kizuna.Errorf("plan-by", "%s is not after %s, the day of the facts", by, q.AsOf).
				WithMend("name a later day: --by %s", q.AsOf.AddMonths(monthsAhead))
		}
	}
	p, carried, err := programFor(c.Program, by)
	if err != nil {
		return q, err
	}
	q.AsOf, q.Program, q.Carried = by, c.adjust(p), carried
	return q, nil
}

// until are the facts with usage going on as it is until a day.
func (in *adviceInquiry) until(by kizuna.Date) *advice.Facts {
	out := *in.given
	last := attribution.NewPlan(in.answer.Question.Program, in.answer.Question.AsOf).Last
	if to := by.Month() - 1; to > last {
		out.Always = append(slices.Clip(out.Always), &advice.Changes{Projection: &advice.Projection{From: last, Until: to}})
	}
	return &out
}

// areasOf are the wanted areas, all of the program's if none is named.
func areasOf(p *program.Program, named []string) (out []string, err error) {
	var all []string
	for i := range p.Areas {
		all = append(all, p.Areas[i].ID)
	}
	if len(named) == 0 {
		return all, nil
	}
	for _, n := range named {
		for area := range strings.SplitSeq(n, ",") {
			if !slices.Contains(all, area) {
				return nil, kizuna.Errorf("no-such-area", "%s has no area %q", p.Ref(), area).WithMend("its areas: %s", strings.Join(all, ", "))
			}
			if !slices.Contains(out, area) {
				out = append(out, area)
			}
		}
	}
	return out, nil
}

func costsOf(file string) (*action.Costs, error) {
	if file == "" {
		return action.Default(), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	return action.ParseCosts(file, data)
}

// hundredths writes a cost: "35.2".
func hundredths(n int64) string {
	return kizuna.Ratio(n, action.Hundredths).Show()
}

// tell prints the answer.
func (p *planned) tell() error {
	a := p.app
	if a.JSON {
		return a.writeJSON(a.Stdout, struct {
			Account string `json:"account"`
			Program string `json:"program"`
			Carried bool   `json:"carried,omitempty"`
			*find.Answer
			Apart []apart `json:"apart,omitempty"`
		}{p.in.account, p.program.Ref(), p.carried, p.Answer, p.apart})
	}
	a.warn(p.in.inquiry)
	head := "plan.head"
	if len(p.Specializations) > 0 {
		head = "plan.head-wanted"
	}
	fmt.Fprintln(a.Stdout, a.P.T(head, p.in.account, p.By, p.program.Ref(), p.Today))
	p.verdict()
	if len(p.Steps) > 0 {
		fmt.Fprintln(a.Stdout)
		if err := p.steps(); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.Stdout)
	if err := p.areas(); err != nil {
		return err
	}
	if err := p.specializations(); err != nil {
		return err
	}
	if err := p.each(); err != nil {
		return err
	}
	c := &p.Considered
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("plan.considered", c.Actions, c.Units, c.Bundles, c.Without))
	if len(c.TooLate) > 0 {
		fmt.Fprintln(a.Stdout, a.P.T("plan.too-late", len(c.TooLate), p.By))
	}
	if len(c.Entangled) > 0 {
		fmt.Fprintln(a.Stdout, a.P.T("plan.entangled", len(c.Entangled)))
	}
	return nil
}

// verdict says what is proven.
func (p *planned) verdict() {
	a := p.app
	say := func(key string, args ...any) { fmt.Fprintln(a.Stdout, a.P.T(key, args...)) }
	switch {
	case p.Infeasible && p.Margin:
		say("plan.infeasible-margin", p.Boxes)
	case p.Infeasible && len(p.Specializations) > 0:
		say("plan.infeasible-wanted", p.Boxes)
	case p.Infeasible:
		say("plan.infeasible", p.Boxes)
	case !p.Found:
		say("plan.none-found", hundredths(p.Bound), p.Unit.In(a.P.Lang))
	case p.Optimal:
		say("plan.optimal", hundredths(p.Cost), p.Unit.In(a.P.Lang), p.Boxes)
	default:
		gap := kizuna.Ratio(100*(p.Cost-p.Bound), max(p.Cost, 1))
		say("plan.gap", hundredths(p.Cost), p.Unit.In(a.P.Lang), hundredths(p.Bound), gap.Decimal(1))
	}
	if p.Found && p.Margin {
		say("plan.with-margin")
	}
	p.uncounted()
}

// steps lists the steps, with what the wanted areas come to after each.
func (p *planned) steps() error {
	a := p.app
	t := a.P.T
	g := textgrid.New("#", t("plan.column.cost"), t("plan.column.from"), t("plan.column.who"), t("plan.column.what"), t("plan.column.then")).Right(0, 1)
	before := make(map[string]string)
	for _, area := range p.Before.Areas {
		before[area.Name] = area.Value.Total.Decimal(1)
	}
	was := p.Before
	for i, s := range p.Steps {
		var then []string
		for _, m := range specialization.Movements(p.aims, was, s.After) {
			then = append(then, a.moved(p.program, &m)...)
		}
		was = s.After
		for _, area := range s.Areas {
			shown := area.Total.Decimal(1)
			if shown != before[area.Area] {
				then = append(then, a.areaName(area.Area, p.program)+" "+shown)
			}
			before[area.Area] = shown
		}
		var who []string
		for _, actor := range s.Actors {
			who = append(who, t("actor."+string(actor)))
		}
		cost, from := hundredths(s.Cost), s.From.String()
		if s.CostNotGiven {
			cost = t("plan.not-given")
		}
		if s.From == 0 {
			from = t("plan.not-given")
		}
		g.Row(fmt.Sprint(i+1), cost, from, strings.Join(who, t("plan.and")), p.what(s.Action), strings.Join(then, ", "))
	}
	_, err := g.WriteTo(a.Stdout)
	return err
}

// what says what is to be done.
func (p *planned) what(s *action.Action) string {
	t := p.app.P.T
	customer := func(tenant string) string {
		if name := p.in.answer.Customer(tenant); name != "" {
			return name
		}
		return tenant
	}
	person := strings.TrimSpace(s.Person + " " + s.Name)
	switch s.Kind {
	case action.Certificate, action.Renewal:
		return t("plan.do."+string(s.Kind), person, s.Certificate)
	case action.Profile:
		return t("plan.do.profile", person, s.Location)
	case action.Growth:
		return t("plan.do.growth", customer(s.Tenant), cmp.Or(s.Product, t("plan.usage")), s.Percent)
	case action.Audit, action.Reference:
		return p.validates(s)
	}
	r := s.Remedy
	switch r.Kind {
	case "claim":
		on := r.Workload
		if on == "" {
			on = r.Subscription
		}
		return t("plan.do.claim", customer(r.Tenant), on, r.Location)
	case "appointment":
		return t("plan.do.appointment", customer(r.Tenant), r.Subscription, r.Location)
	case "link":
		return t("plan.do.link", customer(r.Tenant), r.Object, r.Role, r.Location)
	case "role":
		return t("plan.do.role", customer(r.Tenant), r.Object, r.Role, r.Scope)
	case "owner":
		return t("plan.do.owner", customer(r.Tenant), r.Object, r.Role, r.Scope)
	}
	return t("plan.do.access", customer(r.Tenant), r.Role, r.Scope, r.Location)
}

// areas sets the day without the plan beside the day with it.
func (p *planned) areas() error {
	a := p.app
	t := a.P.T
	g := textgrid.New(t("column.area"), t("plan.column.nothing"), t("plan.column.passes"), t("plan.column.all"), t("plan.column.passes")).Right(1, 3)
	yes := map[bool]string{true: t("yes"), false: t("no")}
	for _, area := range p.Before.Areas {
		if p.program.Specialization(area.Name) != nil {
			continue // has no points
		}
		row := []string{a.areaName(area.Name, p.program), area.Value.Total.Decimal(1), yes[area.Value.Qualified], "", ""}
		if p.After != nil {
			after, _ := p.After.Areas.Get(area.Name)
			row[3], row[4] = after.Total.Decimal(1), yes[after.Qualified]
		}
		if !slices.ContainsFunc(p.Goals, func(g model.Goal) bool { return slices.Contains(g.AnyOf, area.Name) }) {
			row[0] += " " + t("plan.not-wanted")
		}
		g.Row(row...)
	}
	_, err := g.WriteTo(a.Stdout)
	return err
}

// each tells what every goal alone would take.
func (p *planned) each() error {
	if len(p.apart) == 0 {
		return nil
	}
	a := p.app
	t := a.P.T
	title, column := "plan.apart", "column.area"
	if len(p.Specializations) > 0 {
		title, column = "plan.apart-wanted", "plan.column.goal"
	}
	g := textgrid.New(t(column), t("plan.column.alone")).Indent("  ")
	for _, one := range p.apart {
		says := t("plan.alone.unknown")
		switch {
		case one.Answer == nil:
		case one.Infeasible:
			says = t("plan.alone.infeasible")
		case one.Found && one.Optimal:
			says = t("plan.alone.cost", hundredths(one.Cost), one.Unit.In(a.P.Lang))
		case one.Found:
			says = t("plan.alone.at-most", hundredths(one.Cost), one.Unit.In(a.P.Lang))
		}
		g.Row(p.goalName(&one.goal), says)
	}
	return a.section(g, t(title))
}

// writeScenario writes the plan as a scenario, to be simulated: what its steps change, on
// the day, with usage going on as the plan takes it to.
func (p *planned) writeScenario(file, rules string) error {
	s := scenario.Made(p.Changes(0))
	s.Name, s.AsOf, s.Program = "plan", &p.By, p.program.Ref()
	if isProgramFile(rules) {
		s.Program = rules
	}
	if assumed := p.in.until(p.By).Always; len(assumed) > 0 {
		s.Project = &scenario.Projection{Projection: *assumed[len(assumed)-1].Projection}
	}
	text, err := scenario.Format(s, dataset.ScenarioTables{})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o666); err != nil {
		return unwritable(file, err)
	}
	return nil
}

// planProof is an instance with the proof of its answer.
type planProof struct {
	Instance    *plan.Instance    `json:"instance"`
	Certificate *plan.Certificate `json:"certificate"`
}

func (p *planned) write(file string) error {
	if p.Certificate == nil {
		return kizuna.Errorf("plan-no-proof", "nothing was proven, so there is no proof to write").WithMend("give it longer: --within 1m")
	}
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(planProof{p.Instance, p.Certificate}); err != nil {
		return err
	}
	if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
		return unwritable(file, err)
	}
	return nil
}

// planCostsCmd prints the costs to begin with.
type planCostsCmd struct{}

// Run prints them, as a file to be edited.
func (c *planCostsCmd) Run(a *app) error {
	if a.JSON {
		return a.writeJSON(a.Stdout, action.Default())
	}
	_, err := a.Stdout.Write(action.DefaultFile())
	return err
}

// planVerifyCmd checks a proof.
type planVerifyCmd struct {
	File string `arg:"" type:"path" placeholder:"FILE" help:"help.plan-proof-file"`
}

// mostProof bounds a proof that is read.
const mostProof = 256 << 20

// Run checks that no plan of the instance costs less.
func (c *planVerifyCmd) Run(a *app) error {
	info, err := os.Stat(c.File)
	if err != nil {
		return unreadable(c.File, err)
	}
	if info.Size() > mostProof {
		return kizuna.Errorf("plan-proof-size", "%s is larger than 256 MB", c.File).WithMend("name a proof that kizuna plan --proof wrote")
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return unreadable(c.File, err)
	}
	var proof planProof
	if err := json.Unmarshal(data, &proof); err != nil || proof.Instance == nil || proof.Certificate == nil {
		return kizuna.Errorf("plan-proof", "%s is no proof of a plan", c.File).
			WithMend("name a proof that kizuna plan --proof wrote").WithCause(err).WithRef(kizuna.Ref{File: c.File})
	}
	if err := proof.Instance.Check(); err != nil {
		return err
	}
	if err := check.Certificate(proof.Instance, proof.Certificate); err != nil {
		return err
	}
	held := proof.Certificate
	if a.JSON {
		return a.writeJSON(a.Stdout, struct {
			Holds      bool  `json:"holds"`
			Cost       int64 `json:"cost_hundredths"`
			Bound      int64 `json:"bound_hundredths"`
			Infeasible bool  `json:"infeasible,omitempty"`
			Boxes      int   `json:"boxes"`
		}{true, held.Cost, held.Bound, held.Infeasible, len(held.Nodes)})
	}
	if held.Infeasible {
		fmt.Fprintln(a.Stdout, a.P.T("plan.holds-infeasible", len(held.Nodes)))
		return nil
	}
	fmt.Fprintln(a.Stdout, a.P.T("plan.holds", hundredths(held.Cost), hundredths(held.Bound), len(held.Nodes)))
	return nil
}
