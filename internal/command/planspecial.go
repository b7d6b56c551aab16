package command

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
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/textgrid"
)

// specializationFlags name specializations that are asked about besides areas.
type specializationFlags struct {
	Special     []string `name:"specialization" placeholder:"ID" help:"help.plan-specialization"`
	Designation []string `name:"designation" placeholder:"AREA" help:"help.plan-designation"`
}

// ids are the specializations that are named.
func (f *specializationFlags) ids() (out []string) {
	for _, n := range f.Special {
		for id := range strings.SplitSeq(n, ",") {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// wanted are specializations that are asked about, on a day.
type wanted struct {
	ids  []string
	held func(area string) bool // designations that are had on the day, whatever is scored
	of   func(id string) int    // audits or references that are still wanted
}

// special looks up the specializations that are named, in a program with its own areas.
func (f *specializationFlags) special(a *app, q *questionFlags, in *inquiry, account string, p *program.Program, day kizuna.Date) (*wanted, error) {
	out := &wanted{ids: f.ids()}
	if len(out.ids) == 0 {
		if f.Designation != nil {
			return nil, kizuna.Errorf("designation-alone", "--designation says what a specialization may rest on, and none is asked about").
				WithMend("name it with --specialization, or leave --designation out")
		}
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
func (w *wanted) asked(p *program.Program, day kizuna.Date) (out []specialization.Aim) {
	for _, id := range w.ids {
		out = append(out, specialization.Aim{ID: id, Terms: p.Specialization(id).TermsOn(day), Held: w.held, Validations: w.of(id)})
	}
	return out
}

// aims are the specializations that are named, as the question's day stands. Without a
// membership the designations are those that the score earns.
func (f *specializationFlags) aims(a *app, q *questionFlags, in *adviceInquiry) ([]specialization.Aim, error) {
	p, day := in.answer.Question.Program, in.answer.Question.AsOf
	w, err := f.special(a, q, in.inquiry, in.account, p, day)
	if err != nil {
		return nil, err
	}
	if !q.inStore() && f.Designation == nil {
		areas := in.base.Now().Score().Areas
		w.held = func(id string) bool {
			area, ok := areas.Get(id)
			return ok && area.Qualified
		}
	}
	return w.asked(p, day), nil
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
		var after []specialization.Figure
		if p.After != nil {
			after = specialization.Figures(p.After, s.ID, m.ID)
		}
		for k, before := range specialization.Figures(p.Before, s.ID, m.ID) {
			row := []string{m.Name.In(a.P.Lang), "", a.figureText(&before), yesNo(a.P, before.Met), "", ""}
			if k > 0 {
				row[0] = "  " + report.Component(a.P, before.Part)
			}
			if before.Asked != nil {
				row[1] = before.Asked.String()
			}
			if k < len(after) {
				row[4], row[5] = a.figureText(&after[k]), yesNo(a.P, after[k].Met)
			}
			g.Row(row...)
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

// figureText writes what a figure comes to.
func (a *app) figureText(f *specialization.Figure) string {
	switch {
	case f.Fill != nil:
		return a.P.T("specialization.no-data", strings.Join(f.Fill, ", "))
	case f.Now != nil:
		return f.Now.Show()
	}
	return ""
}

// moved says which requirements and figures of a specialization move. The program has it
// as an area.
func (a *app) moved(p *program.Program, of *specialization.Movement) (out []string) {
	for i := range of.Figures {
		f := &of.Figures[i]
		name := p.Area(of.Specialization).Metric(f.Requirement).Name.In(a.P.Lang)
		if f.Part == "" && f.Met {
			out = append(out, a.P.T("plan.meets", name))
			continue
		}
		if f.Part != "" {
			name += " › " + report.Component(a.P, f.Part)
		}
		out = append(out, a.P.T("plan.figure", name, f.Now.Show(), f.Asked))
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
