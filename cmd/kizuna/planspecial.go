package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/plan/find"
	"github.com/kizuna-org/kizuna/advice/plan/model"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/textgrid"
)

// specializationFlags name specializations that are asked about besides areas.
type specializationFlags struct {
	Special     []string `name:"specialization" placeholder:"ID" help:"help.plan-specialization"`
	Designation []string `name:"designation" placeholder:"AREA" help:"help.plan-designation"`
}

// wanted are specializations that are asked about, on a day.
type wanted struct {
	ids  []string
	held func(area string) bool // designations that are had on the day, whatever is scored
	of   func(id string) int    // audits or references that are still wanted
}

// special looks up the specializations that are named, in a program with its own areas.
func (f *specializationFlags) special(a *app, q *questionFlags, in *inquiry, account string, p *program.Program, day kizuna.Date) (*wanted, error) {
	out := new(wanted)
	for _, n := range f.Special {
		for id := range strings.SplitSeq(n, ",") {
			if !slices.Contains(out.ids, id) {
				out.ids = append(out.ids, id)
			}
		}
	}
	if len(out.ids) == 0 {
		return out, nil
	}
	if p.Specializations == nil {
		return nil, noSpecializations(p)
	}
	for _, id := range out.ids {
		switch s := p.Specialization(id); {
		case s == nil:
			return nil, noSpecialization(day, id)
		case !s.OfferedOn(day):
			return nil, kizuna.Errorf("specialization-over", "%s cannot be earned on %s", id, day).
				WithMend("name another day or another specialization: see kizuna program show")
		}
	}
	recorded := &onRecord{account: account, held: func(string) bool { return false }, rules: specialization.NewRules(p.ID, nil)}
	var err error
	if q.inStore() {
		if recorded, err = q.onRecord(a, in, account, day); err != nil {
			return nil, err
		}
	}
	if out.held = recorded.held; f.Designation != nil {
		if out.held, err = designationsNamed(p, f.Designation); err != nil {
			return nil, err
		}
	}
	out.of = func(id string) int {
		pursuit, terms := recorded.pursuit(id), p.Specialization(id).TermsOn(day)
		switch s := recorded.rules.Status(pursuit, day); {
		case s.State.Held() && !s.Validate:
			return 0
		case s.State.Held():
			return specialization.Validations(pursuit, p.Specializations, terms, day, *s.Anniversary)
		}
		return specialization.Validations(pursuit, p.Specializations, terms, day, day)
	}
	return out, nil
}

// asked are the specializations as a plan asks for them.
func (w *wanted) asked(p *program.Program, day kizuna.Date) (out []action.Specialization) {
	for _, id := range w.ids {
		out = append(out, action.Specialization{ID: id, Terms: p.Specialization(id).TermsOn(day), Held: w.held, Validations: w.of(id)})
	}
	return out
}

// uncounted says that steps stand in the plan whose cost is not given.
func (p *planned) uncounted() {
	n := 0
	for _, s := range p.Steps {
		if s.CostNotGiven {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintln(p.app.Stdout, p.app.P.T("plan.uncounted", n))
	}
}

// validates says what confirms a specialization.
func (p *planned) validates(s *action.Action) string {
	name := p.app.specializationName(p.program, s.Specialization)
	if s.Kind == action.Audit {
		return p.app.P.T("plan.do.audit", name)
	}
	return p.app.P.T("plan.do.reference", name, s.Number, s.Of)
}

func (a *app) specializationName(p *program.Program, id string) string {
	if s := p.Specialization(id); s != nil {
		return s.Name.In(a.P.Lang)
	}
	return id
}

// specializations tells of each specialization how far it is without the plan and with
// it, and what no plan sees to.
func (p *planned) specializations() error {
	for i := range p.Specializations {
		s := &p.Specializations[i]
		fmt.Fprintln(p.app.Stdout)
		if err := p.specialization(s, p.program.Specialization(s.ID).TermsOn(p.By)); err != nil {
			return err
		}
	}
	return nil
}

func (p *planned) specialization(s *find.Specialization, terms *program.Terms) error {
	a := p.app
	if err := lines(a.Stdout, a.specializationName(p.program, s.ID)+" ("+s.ID+")", "  "+a.termsWords(terms)); err != nil {
		return err
	}
	t := a.P.T
	g := textgrid.New(t("list.requirement"), t("list.full-at"), t("plan.column.nothing"), t("list.met"), t("plan.column.all"), t("list.met")).
		Right(1, 2, 4).Indent("  ")
	for i := range terms.Requirements {
		m := &terms.Requirements[i]
		row := func(name string, before, after *requirementFigure) {
			cells := []string{name, before.asked, before.figure(a), yesNo(a.P, before.met), "", ""}
			if after != nil {
				cells[4], cells[5] = after.figure(a), yesNo(a.P, after.met)
			}
			g.Row(cells...)
		}
		before, after := figuresOf(p.Before, s.ID, m.ID), figuresOf(p.After, s.ID, m.ID)
		for k := range before {
			name := m.Name.In(a.P.Lang)
			if k > 0 {
				name = "  " + report.Component(a.P, before[k].part)
			}
			if k < len(after) {
				row(name, &before[k], &after[k])
			} else {
				row(name, &before[k], nil)
			}
		}
	}
	if g.Len() > 0 {
		if _, err := g.WriteTo(a.Stdout); err != nil {
			return err
		}
	}
	for _, line := range p.says(s) {
		if _, err := fmt.Fprintf(a.Stdout, "  %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// says tells of the designations, of what is not known and of the validation.
func (p *planned) says(s *find.Specialization) (out []string) {
	a := p.app
	t := a.P.T
	aligned := slices.Concat(s.AnyOf, s.AllOf)
	var held, reached []string
	for _, id := range aligned {
		name := a.areaName(id, p.program)
		if slices.Contains(s.Held, id) {
			held = append(held, name)
			continue
		}
		of := p.Before
		if p.After != nil {
			of = p.After
		}
		if area, ok := of.Areas.Get(id); ok && area.Qualified {
			reached = append(reached, name)
		}
	}
	if len(held) > 0 {
		out = append(out, t("plan.designation-held", strings.Join(held, t("gaps.comma"))))
	}
	if len(reached) > 0 {
		out = append(out, t("plan.designation-reached", strings.Join(reached, t("gaps.comma"))))
	}
	found := &s.Before
	if s.After != nil {
		found = s.After
	}
	if !found.Entitled {
		out = append(out, t("specialization.no-designation", strings.Join(aligned, ", ")))
	}
	if len(s.Unknown) > 0 {
		out = append(out, t("plan.not-known", a.aspects(s.Unknown)))
	}
	switch {
	case s.Validation == program.Automatic:
	case s.Validations == 0:
		out = append(out, t("plan.validated", t("validation."+string(s.Validation))))
	default:
		out = append(out, t("plan.validates", t("validation."+string(s.Validation))))
	}
	return out
}

// requirementFigure is a requirement, or a part of one, as an account stands.
type requirementFigure struct {
	part  string
	asked string
	met   bool
	of    *score.Metric // the requirement as a whole
	value *kizuna.Fraction
}

func (f *requirementFigure) figure(a *app) string {
	switch {
	case f.of != nil && f.of.Status == score.NoData:
		return a.P.T("specialization.no-data", strings.Join(f.of.Fill, ", "))
	case f.value != nil:
		return f.value.Show()
	}
	return ""
}

// figuresOf lists a requirement and its parts, as an account stands; nil: it does not.
func figuresOf(of *score.Account, id, requirement string) (out []requirementFigure) {
	if of == nil {
		return nil
	}
	area, _ := of.Areas.Get(id)
	if area == nil {
		return nil
	}
	track, _ := area.Tracks.Get(program.Single)
	m, ok := track.Metrics.Get(requirement)
	if !ok {
		return nil
	}
	whole := requirementFigure{met: m.Points.Cmp(m.Max) >= 0, of: m}
	if parts := partsOf(m); len(parts) > 0 {
		out = append(out, whole)
		for _, part := range parts {
			c := part.Value
			out = append(out, requirementFigure{part: part.Name, asked: c.Threshold.String(), met: c.Points.Cmp(c.Max) >= 0, value: c.Progress})
		}
		return out
	}
	if whole.value = m.Progress; m.Threshold != nil {
		whole.asked = m.Threshold.String()
	}
	return append(out, whole)
}

// moved says which requirements and figures of a specialization a step moves.
func (p *planned) moved(s *find.Specialization, before, after *score.Account) (out []string) {
	a := p.app
	for _, m := range p.program.Specialization(s.ID).TermsOn(p.By).Requirements {
		was, is := figuresOf(before, s.ID, m.ID), figuresOf(after, s.ID, m.ID)
		name := m.Name.In(a.P.Lang)
		if len(is) > 0 && is[0].met && !was[0].met {
			out = append(out, a.P.T("plan.meets", name))
			continue
		}
		for k := range is {
			if is[k].value == nil || was[k].met && is[k].met || was[k].value != nil && was[k].value.Cmp(*is[k].value) == 0 {
				continue
			}
			figure := name
			if k > 0 {
				figure += " › " + report.Component(a.P, is[k].part)
			}
			out = append(out, a.P.T("plan.figure", figure, is[k].value.Show(), is[k].asked))
		}
	}
	return out
}

// goalName says what a goal is about.
func (p *planned) goalName(g *model.Goal) string {
	a := p.app
	var names []string
	for _, id := range g.AnyOf {
		if p.program.Specialization(id) != nil {
			names = append(names, a.specializationName(p.program, id))
		} else {
			names = append(names, a.areaName(id, p.program))
		}
	}
	name := strings.Join(names, a.P.T("plan.or"))
	if g.Metric != "" {
		name += " › " + p.program.Area(g.AnyOf[0]).Metric(g.Metric).Name.In(a.P.Lang)
	}
	return name
}
