package specialization

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Status is how a company stands with a specialization on a day.
type Status struct {
	Account        string      `json:"account"`
	Specialization string      `json:"specialization"`
	On             kizuna.Date `json:"on"`
	State          State       `json:"state"`
	Since          kizuna.Date `json:"since,omitzero"`
	// Earned is the day on which it was earned, Anniversary the next one, Until the last
	// day if nothing else happens; nil: not held.
	Earned      *kizuna.Date `json:"earned,omitempty"`
	Anniversary *kizuna.Date `json:"anniversary,omitempty"`
	Until       *kizuna.Date `json:"until,omitempty"`
	// Renewal are the days on which the next year can be earned; Validate: it needs an
	// audit, or references, that are valid after the anniversary.
	Renewal  *Days `json:"renewal,omitempty"`
	Validate bool  `json:"validate,omitempty"`
	// Validation is who validates by the terms of the day; Validated: it is done.
	Validation program.Validation `json:"validation,omitempty"`
	Validated  bool               `json:"validated"`
	// Found is what was found last, up to the day.
	Found *Finding `json:"found,omitempty"`
	// Ready: all but the validation is met, so that this can begin.
	Ready   bool   `json:"ready"`
	Offered bool   `json:"offered"` // it can be earned on the day
	Years   []Year `json:"years,omitempty"`
	Reminds []Day  `json:"reminders,omitempty"` // still to come, for the anniversary
}

// Days are days from the first to the last.
type Days struct {
	First kizuna.Date `json:"first"`
	Last  kizuna.Date `json:"last"`
}

// Day is the day of a reminder.
type Day struct {
	On   kizuna.Date `json:"on"`
	Days int         `json:"days_before"` // the anniversary; after it negative
}

// Year is a year that was earned: on a day, by a finding, up to an anniversary.
type Year struct {
	On          kizuna.Date `json:"on"`
	Anniversary kizuna.Date `json:"anniversary"`
	Found       kizuna.Date `json:"found"` // the day of the finding
	Validated   bool        `json:"validated,omitempty"`
	First       bool        `json:"first,omitempty"` // earned, not renewed
}

// term is a specialization from the day on which it was earned.
type term struct {
	years []Year
	rules *program.Specializations // of the last anniversary
}

func (t *term) earned() kizuna.Date      { return t.years[0].On }
func (t *term) anniversary() kizuna.Date { return t.years[len(t.years)-1].Anniversary }

// window are the days on which the next year can be earned.
func (t *term) window() Days {
	a := t.anniversary()
	return Days{a.AddDays(-t.rules.Renewal.OpensBefore), a.AddDays(t.rules.Renewal.ClosesAfter)}
}

// due reports whether the coming anniversary needs a validation.
func (t *term) due() bool { return len(t.years)%t.rules.Renewal.ValidateEvery == 0 }

// fold earns and renews, day by day, what a pursuit allows up to a day. It returns the
// term that began last, nil if none did, and the terms before it.
func (r *Rules) fold(p *Pursuit, through kizuna.Date) (last *term, all []*term) {
	var lapsed kizuna.Date // the first day without it
	for _, d := range p.days(through) {
		if last != nil && d > last.window().Last {
			lapsed, last = last.window().Last.AddDays(1), nil
		}
		rules, s, t := r.On(p.Specialization, d)
		if s == nil || !s.OfferedOn(d) {
			continue
		}
		if last == nil {
			f := p.latest(lapsed, d)
			if f == nil || !f.AllMet() || Validations(p, rules, t, d, d) > 0 {
				continue
			}
			last = &term{rules: rules, years: []Year{{
				On: d, Anniversary: d.AddMonths(12), Found: f.On, Validated: t.Validation != program.Automatic, First: true,
			}}}
			all = append(all, last)
			continue
		}
		w := last.window()
		if d < w.First {
			continue
		}
		f := p.met(w.First, d)
		// What is valid on the anniversary's morrow serves the year that begins then.
		if f == nil || last.due() && Validations(p, rules, t, d, last.anniversary()) > 0 {
			continue
		}
		year := Year{On: d, Found: f.On, Validated: last.due() && t.Validation != program.Automatic}
		last.rules = rules
		year.Anniversary = last.earned().AddMonths(12 * (len(last.years) + 1))
		last.years = append(last.years, year)
	}
	return last, all
}

// days are those on which something happened that may earn or renew, in order.
func (p *Pursuit) days(through kizuna.Date) []kizuna.Date {
	var out []kizuna.Date
	add := func(d kizuna.Date) {
		if d <= through {
			out = append(out, d)
		}
	}
	for i := range p.Findings {
		add(p.Findings[i].On)
	}
	for i := range p.Audits {
		if a := &p.Audits[i]; a.State == Passed && a.Ended != nil {
			add(*a.Ended)
		}
	}
	for i := range p.References {
		if f := &p.References[i]; f.State == Passed && f.Ended != nil {
			add(*f.Ended)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Status tells how a company stands on a day, past or future, by what its pursuit
// holds: of a future day, if nothing else happens.
func (r *Rules) Status(p *Pursuit, day kizuna.Date) *Status {
	out := &Status{Account: p.Account, Specialization: p.Specialization, On: day, State: NotStarted, Found: p.latest(0, day)}
	rules, s, t := r.On(p.Specialization, day)
	if s != nil {
		out.Offered, out.Validation = s.OfferedOn(day), t.Validation
		out.Validated = t.Validation != program.Automatic && Validations(p, rules, t, day, day) == 0
	}
	out.Ready = out.Found != nil && out.Found.AllMet()
	last, all := r.fold(p, day)
	if len(all) > 0 {
		latest := all[len(all)-1]
		out.Years = latest.years
		if last != nil && day <= last.window().Last {
			r.held(out, last)
			return out
		}
		out.State, out.Since = Lapsed, latest.window().Last.AddDays(1)
		return out
	}
	if since, ok := p.begun(day); ok {
		out.State, out.Since = InProgress, since
	}
	return out
}

// held fills in what holds of a specialization that is had.
func (r *Rules) held(out *Status, t *term) {
	earned, anniversary, window := t.earned(), t.anniversary(), t.window()
	out.Earned, out.Anniversary, out.Until = &earned, &anniversary, &window.Last
	out.Renewal, out.Validate = &window, t.due()
	out.State, out.Since = Active, t.years[len(t.years)-1].On
	if out.On >= window.First {
		out.State, out.Since = RenewalDue, window.First
	}
	for _, n := range t.rules.Renewal.Reminders {
		if on := anniversary.AddDays(-n); on > out.On {
			out.Reminds = append(out.Reminds, Day{on, n})
		}
	}
}

// begun returns the first day on which something was met or begun.
func (p *Pursuit) begun(through kizuna.Date) (first kizuna.Date, ok bool) {
	note := func(d kizuna.Date) {
		if d <= through && (!ok || d < first) {
			first, ok = d, true
		}
	}
	for i := range p.Findings {
		if f := &p.Findings[i]; len(f.Met)+len(f.Attested) > 0 || f.AllMet() {
			note(f.On)
		}
	}
	for i := range p.Audits {
		note(p.Audits[i].Requested)
	}
	for i := range p.References {
		note(p.References[i].Requested)
	}
	return first, ok
}

// Held lists when a specialization was had, up to a day.
func (r *Rules) Held(p *Pursuit, through kizuna.Date) []Days {
	_, all := r.fold(p, through)
	var out []Days
	for _, t := range all {
		out = append(out, Days{t.earned(), min(through, t.window().Last)})
	}
	return out
}
