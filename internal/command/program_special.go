package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/textgrid"
)

// showSpecializations lists what is certified beyond designations, what is asked for
// and what no source says.
func (a *app) showSpecializations(p *program.Program) error {
	s := p.Specializations
	if s == nil {
		return nil
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("program.specializations"))
	fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("program.renewal", s.Renewal.OpensBefore, s.Renewal.ClosesAfter, s.Renewal.ValidateEvery))
	fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("program.audit", s.Audit.RetryAfterDays, s.Audit.ValidYears))
	fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("program.references", s.References.Count, s.References.ValidYears))
	for i := range s.List {
		if err := a.showSpecialization(&s.List[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showSpecialization(s *program.Specialization) error {
	fmt.Fprintf(a.Stdout, "\n%s (%s)\n", s.Name.In(a.P.Lang), s.ID)
	for i := range s.Terms {
		t := &s.Terms[i]
		if t.From != nil {
			fmt.Fprintf(a.Stdout, "  %s\n", a.P.T("program.from-day", *t.From))
		}
		fmt.Fprintf(a.Stdout, "  %s\n", a.termsWords(t))
		grid := textgrid.New(a.P.T("program.requirement"), a.P.T("program.part"), a.P.T("program.full-at"), a.P.T("program.measured"),
			a.P.T("program.through"), a.P.T("program.basis")).Right(2).Indent("  ")
		var notes footnotes
		for j := range t.Requirements {
			m := &t.Requirements[j]
			rule := m.Rules[program.Single]
			name, basis := m.Name.In(a.P.Lang), a.P.T("program.basis."+string(rule.Provenance.Basis))
			for k := range rule.People {
				people := &rule.People[k]
				grid.Row(name, fromWords(a, people), rule.Max.Div(people.PerPerson).String(), peopleWords(a, people, &notes), "", basis)
			}
			for k := range rule.Components {
				c := &rule.Components[k]
				grid.Row(name, report.Component(a.P, c.ID), c.Threshold.String(), measureWords(a, &c.Measure), throughWords(&c.Measure), basis)
			}
		}
		if grid.Len() > 0 {
			if _, err := grid.WriteTo(a.Stdout); err != nil {
				return err
			}
		}
		for i, note := range notes {
			fmt.Fprintf(a.Stdout, "  [%d] %s\n", i+1, note)
		}
	}
	return nil
}

// termsWords says which designations terms stand on, who validates, and what is not known.
func (a *app) termsWords(t *program.Terms) string {
	key := "program.any-of"
	if len(t.AllOf) > 0 {
		key = "program.all-of"
	}
	words := []string{a.P.T(key, strings.Join(t.Aligned(), ", ")), a.P.T("validation." + string(t.Validation))}
	if t.Offers > 0 {
		words = append(words, a.P.T("program.offers", t.Offers))
	}
	if unknown := a.aspects(t.Unknown); unknown != "" {
		words = append(words, a.P.T("specialization.not-given", unknown))
	}
	return strings.Join(words, "; ")
}

// aspects names kinds of requirements.
func (a *app) aspects(of []program.Aspect) string {
	var names []string
	for _, aspect := range of {
		names = append(names, a.P.T("aspect."+string(aspect)))
	}
	return strings.Join(names, ", ")
}

// showBenefits lists the packages and what is in them.
func (a *app) showBenefits(p *program.Program) error {
	if p.Benefits == nil {
		return nil
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", a.P.T("program.benefits"))
	grid := textgrid.New(a.P.T("program.package"), a.P.T("program.with"), a.P.T("program.benefit"), a.P.T("program.quantity"), a.P.T("program.basis")).
		Right(3).Indent("  ")
	for i := range p.Benefits.Packages {
		of := &p.Benefits.Packages[i]
		with := strings.Join(of.Designations, ", ")
		if len(of.Designations) == len(p.Areas) {
			with = a.P.T("program.any-designation")
		}
		if of.Group != "" {
			with = a.P.T("program.each-specialization", of.Group)
			if of.AtMost > 0 {
				with += " " + a.P.T("program.at-most", strconv.Itoa(of.AtMost))
			}
		}
		for j := range of.Items {
			item := &of.Items[j]
			grid.Row(of.ID, with, item.Name.In(a.P.Lang), a.quantity(item.Quantity, item.Unit, item.Monthly), a.P.T("program.basis."+string(item.Provenance.Basis)))
		}
	}
	_, err := grid.WriteTo(a.Stdout)
	return err
}

// quantity is how much of a benefit there is, or that no source says it.
func (a *app) quantity(q program.Allowance, unit string, monthly bool) string {
	switch {
	case !q.Known:
		return a.P.T("benefit.not-given")
	case q.Unlimited:
		return a.P.T("benefit.unlimited")
	}
	text := strings.TrimSpace(strconv.FormatInt(q.Amount, 10) + " " + a.unit(unit))
	if monthly {
		text = a.P.T("benefit.monthly", text)
	}
	return text
}

// unit is what a benefit is counted in.
func (a *app) unit(unit string) string {
	if unit == "" {
		return ""
	}
	return a.word("benefit.unit.", unit)
}
