package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/proof"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// specializationCmd is about what is certified beyond designations.
type specializationCmd struct {
	Status    specializationStatusCmd    `cmd:"" help:"help.specialization-status"`
	Check     specializationCheckCmd     `cmd:"" help:"help.specialization-check"`
	Audit     specializationAuditCmd     `cmd:"" help:"help.specialization-audit"`
	Reference specializationReferenceCmd `cmd:"" help:"help.specialization-reference"`
	List      specializationListCmd      `cmd:"" help:"help.specialization-list"`
}

// checked is how far an account has come with a specialization, by the facts of a day.
type checked struct {
	Specialization string                 `json:"specialization"`
	Name           program.Text           `json:"name"`
	AnyOf          []string               `json:"designation_any_of,omitempty"`
	AllOf          []string               `json:"designation_all_of,omitempty"`
	Validation     program.Validation     `json:"validation"`
	Offers         int                    `json:"offers,omitempty"`
	Now            specialization.Finding `json:"now"`
	Requirements   []requirementChecked   `json:"requirements,omitempty"`
	Standing       *specialization.Status `json:"standing,omitempty"` // of what is recorded; a data directory records nothing
	terms          *program.Terms
	figures        *score.Area
}

// requirementChecked is a requirement and what the facts say of it.
type requirementChecked struct {
	ID     string        `json:"requirement"`
	Name   program.Text  `json:"name"`
	Met    bool          `json:"met"`
	Figure *score.Metric `json:"figure,omitempty"`
}

// checking is a question about specializations under way.
type checking struct {
	in       *inquiry
	program  *program.Program // with its own areas
	account  string
	location string
	byScore  bool // which designations are had is taken from the score
	standing func(id string) *specialization.Status
	all      []checked
}

// check says how far an account has come with every specialization that can be earned
// on the day, or with one.
func (f *scenarioFlags) check(a *app, partner, only string, designations []string) (*checking, error) {
	special := *f
	if f.Scenario != "" {
		s, _, err := readScenario(f.Scenario)
		if err != nil {
			return nil, err
		}
		special.questionFlags = *f.under(s)
	}
	special.Specializations = true
	in, err := special.count(a)
	if err != nil {
		return nil, err
	}
	q := in.answer.Question
	rules, _, err := programFor(special.Program, q.AsOf)
	if err != nil {
		return nil, err
	}
	if rules.Specializations == nil {
		return nil, noSpecializations(rules)
	}
	out := &checking{in: in, program: rules}
	if out.account, out.location, err = in.answer.Resolve(partner); err != nil {
		return nil, err
	}
	has, err := out.designations(a, &special, designations)
	if err != nil {
		return nil, err
	}
	result := in.answer.Result(out.account)
	areas := result.Accounts[0].Value.Areas
	for i := range rules.Specializations.List {
		s := &rules.Specializations.List[i]
		if only != "" && s.ID != only || only == "" && !s.OfferedOn(q.AsOf) {
			continue
		}
		figures, _ := areas.Get(s.ID)
		out.all = append(out.all, checkedOf(s, q.AsOf, has, figures))
	}
	if len(out.all) == 0 {
		return nil, noSpecialization(q.AsOf, only)
	}
	return out, nil
}

func noSpecializations(p *program.Program) error {
	return kizuna.Errorf("program-no-specializations", "%s has no specializations", p.Ref()).
		WithMend("add specializations: to the program file, or name another program")
}

func noSpecialization(day kizuna.Date, id string) error {
	return kizuna.Errorf("specialization-unknown", "the program of %s has no specialization %q", day, id).
		WithMend("see kizuna program show")
}

func checkedOf(s *program.Specialization, day kizuna.Date, has func(string) bool, figures *score.Area) checked {
	t := s.TermsOn(day)
	out := checked{
		Specialization: s.ID, Name: s.Name, AnyOf: t.AnyOf, AllOf: t.AllOf,
		Validation: t.Validation, Offers: t.Offers, terms: t, figures: figures,
		Now: specialization.Assess(t, day, has, figures, nil),
	}
	for i := range t.Requirements {
		m := &t.Requirements[i]
		r := requirementChecked{ID: m.ID, Name: m.Name, Met: slices.Contains(out.Now.Met, m.ID)}
		if figures != nil {
			if track, ok := figures.Tracks.Get(program.Single); ok {
				r.Figure, _ = track.Metrics.Get(m.ID)
			}
		}
		out.Requirements = append(out.Requirements, r)
	}
	return out
}

// designations answers which designations are had on the question's day: those that
// were named; of a store, those of the membership; else those that the score would earn.
func (c *checking) designations(a *app, f *scenarioFlags, named []string) (func(string) bool, error) {
	if named != nil {
		return designationsNamed(c.program, named)
	}
	if f.inStore() {
		day := c.in.answer.Question.AsOf
		r, err := f.onRecord(a, c.in, c.account, day)
		if err != nil {
			return nil, err
		}
		c.standing = func(id string) *specialization.Status { return r.rules.Status(r.pursuit(id), day) }
		return r.held, nil
	}
	c.byScore = true
	areas := *f
	areas.Specializations = false
	in, err := areas.count(a)
	if err != nil {
		return nil, err
	}
	scored := in.answer.Result(c.account).Accounts[0].Value.Areas
	return func(area string) bool {
		found, ok := scored.Get(area)
		return ok && found.Qualified
	}, nil
}

// designationsNamed answers which designations were named as had.
func designationsNamed(p *program.Program, named []string) (func(string) bool, error) {
	for _, id := range named {
		if p.Area(id) == nil {
			return nil, kizuna.Errorf("designation-area", "%s has no area %q to be designated in", p.Ref(), id).
				WithMend("name areas of the program, such as data-ai")
		}
	}
	return func(area string) bool { return slices.Contains(named, area) }, nil
}

// onRecord is what a store says of an account.
type onRecord struct {
	account  string
	held     func(area string) bool // designations, on the day
	pursuits []specialization.Pursuit
	rules    *specialization.Rules
}

// onRecord looks up what a store says of an account, as of the day.
func (f *questionFlags) onRecord(a *app, in *inquiry, account string, day kizuna.Date) (*onRecord, error) {
	o, err := f.placeFlags.open(a)
	if err != nil {
		return nil, err
	}
	a.atEnd(o.close)
	rules, err := o.MembershipRules()
	if err != nil {
		return nil, err
	}
	view := store.View{Scope: store.Everything, KnownAt: *knownAtOf(in.shelf)}
	ledger, err := o.Ledger(a.Context, view, account)
	if err != nil {
		return nil, err
	}
	pursuits, err := o.PursuitsOf(a.Context, view, account)
	return &onRecord{account, record.Designations(rules, ledger, day), pursuits, o.SpecializationRules()}, err
}

// pursuit is what is recorded of a specialization; an empty one if nothing is.
func (r *onRecord) pursuit(id string) *specialization.Pursuit {
	for i := range r.pursuits {
		if r.pursuits[i].Specialization == id {
			return &r.pursuits[i]
		}
	}
	return &specialization.Pursuit{Account: r.account, Specialization: id}
}

type specializationStatusCmd struct {
	scenarioFlags
	Partner        string   `name:"partner" required:"" placeholder:"ID" help:"help.partner"`
	Specialization string   `arg:"" optional:"" name:"specialization" help:"help.specialization"`
	Designation    []string `name:"designation" placeholder:"AREA" help:"help.specialization-designation"`
}

// Run tells how a partner stands with specializations on a day.
func (c *specializationStatusCmd) Run(a *app) error {
	found, err := c.check(a, c.Partner, c.Specialization, c.Designation)
	if err != nil {
		return err
	}
	if found.standing != nil {
		for i := range found.all {
			found.all[i].Standing = found.standing(found.all[i].Specialization)
		}
	}
	if a.JSON {
		q := found.in.answer.Question
		return a.writeJSON(a.Stdout, map[string]any{
			"account": found.account, "as_of": q.AsOf, "program": found.program.Ref(), "carried": q.Carried,
			"designations_by_score": found.byScore, "specializations": found.all,
		})
	}
	a.warn(found.in)
	return a.showChecked(found, c.Specialization != "")
}

type specializationCheckCmd struct {
	questionFlags
	As             string   `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	Behalf         string   `name:"on-behalf-of" placeholder:"WHO" help:"help.behalf"`
	Reason         string   `name:"reason" placeholder:"WORD" help:"help.reason"`
	Comment        string   `name:"comment" placeholder:"TEXT" help:"help.comment"`
	Once           string   `name:"idempotency-key" placeholder:"KEY" help:"help.idempotency-key"`
	Partner        string   `name:"partner" required:"" placeholder:"ID" help:"help.partner"`
	Specialization string   `arg:"" name:"specialization" help:"help.specialization"`
	Attest         []string `name:"attest" enum:"performance,skilling,offers" placeholder:"ASPECT" help:"help.specialization-attest"`
}

// Run checks the requirements on a day and records what was found: a decision.
func (c *specializationCheckCmd) Run(a *app) error {
	if !c.inStore() {
		return kizuna.Errorf("specialization-store", "a data directory keeps no decisions").WithMend("name a store: --store DSN")
	}
	ask := record.Ask{Behalf: c.Behalf, Reason: c.Reason, Comment: c.Comment, Key: c.Once}
	var err error
	if ask.Actor, err = lifecycle.ParseActor(c.As); err != nil {
		return err
	}
	facts := scenarioFlags{questionFlags: c.questionFlags}
	found, err := facts.check(a, c.Partner, c.Specialization, nil)
	if err != nil {
		return err
	}
	one := &found.all[0]
	f := one.Now
	if f.Digest, err = proof.AreaDigest(found.in.answer, found.account, one.Specialization, one.figures); err != nil {
		return err
	}
	f.Program, f.Known = found.program.Ref(), *knownAtOf(found.in.shelf)
	for _, aspect := range c.Attest {
		if as := program.Aspect(aspect); slices.Contains(f.Unknown, as) {
			f.Attested = append(f.Attested, as)
		} else {
			return kizuna.Errorf("specialization-attest", "what is asked of %s is known, and is checked", aspect).WithMend("attest only what is not given")
		}
	}
	o, err := c.placeFlags.open(a)
	if err != nil {
		return err
	}
	outcome, err := o.Pursue(a.Context, ask, found.account, c.Specialization, specialization.Step{Action: specialization.Find, Finding: f})
	if err = errors.Join(err, o.done(context.WithoutCancel(a.Context))); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, outcome)
	}
	if err := a.showOutcome(outcome.Thing, outcome.Version, outcome.Events, outcome.Repeated); err != nil {
		return err
	}
	last := outcome.Value.Findings[len(outcome.Value.Findings)-1]
	return lines(a.Stdout, a.foundWords(&last, one.terms)...)
}

// foundWords says what a finding found.
func (a *app) foundWords(f *specialization.Finding, t *program.Terms) []string {
	var out []string
	if !f.Entitled {
		out = append(out, a.P.T("specialization.no-designation", strings.Join(t.Aligned(), ", ")))
	}
	if len(f.Lacking) > 0 {
		out = append(out, a.P.T("specialization.lacking", strings.Join(f.Lacking, ", ")))
	}
	if open := f.Open(); len(open) > 0 {
		out = append(out, a.P.T("specialization.open", a.aspects(open)))
	}
	if len(f.Attested) > 0 {
		out = append(out, a.P.T("specialization.attested", a.aspects(f.Attested)))
	}
	if f.AllMet() {
		out = append(out, a.P.T("specialization.all-met"))
	}
	return out
}

// specializationAuditCmd is the life of an audit.
type specializationAuditCmd struct {
	Request  pursuitStepCmd `cmd:"" help:"help.audit-request"`
	Schedule auditDayCmd    `cmd:"" help:"help.audit-schedule"`
	Pass     pursuitStepCmd `cmd:"" help:"help.audit-pass"`
	Fail     pursuitStepCmd `cmd:"" help:"help.audit-fail"`
	Withdraw pursuitStepCmd `cmd:"" help:"help.audit-withdraw"`
}

// AfterApply fills in which step each command is.
func (c *specializationAuditCmd) AfterApply() error {
	c.Request.action, c.Pass.action = specialization.RequestAudit, specialization.PassAudit
	c.Fail.action, c.Withdraw.action = specialization.FailAudit, specialization.WithdrawAudit
	return nil
}

// pursuitFlags say whose specialization it is, and which audit or reference.
type pursuitFlags struct {
	askFlags
	Account        string `arg:"" name:"account" help:"help.membership-account"`
	Specialization string `arg:"" name:"specialization" help:"help.specialization"`
	ID             string `arg:"" name:"id" help:"help.specialization-id"`
}

func (f *pursuitFlags) do(a *app, step specialization.Step) error {
	step.ID = f.ID
	return tell(a, &f.askFlags, func(o *opened, ask record.Ask) (*record.PursuitOutcome, error) {
		return o.Pursue(a.Context, ask, f.Account, f.Specialization, step)
	})
}

type pursuitStepCmd struct {
	pursuitFlags
	action lifecycle.Action
}

// Run does the step.
func (c *pursuitStepCmd) Run(a *app) error { return c.do(a, specialization.Step{Action: c.action}) }

type auditDayCmd struct {
	pursuitFlags
	Day string `arg:"" name:"day" placeholder:"DATE" help:"help.audit-day"`
}

// Run fixes the day of an audit.
func (c *auditDayCmd) Run(a *app) error {
	day, err := kizuna.ParseDate(c.Day)
	if err != nil {
		return err
	}
	return c.do(a, specialization.Step{Action: specialization.ScheduleAudit, For: day})
}

// specializationReferenceCmd is the life of a customer reference.
type specializationReferenceCmd struct {
	Request  referenceRequestCmd `cmd:"" help:"help.reference-request"`
	Confirm  pursuitStepCmd      `cmd:"" help:"help.reference-confirm"`
	Decline  pursuitStepCmd      `cmd:"" help:"help.reference-decline"`
	Withdraw pursuitStepCmd      `cmd:"" help:"help.reference-withdraw"`
}

// AfterApply fills in which step each command is.
func (c *specializationReferenceCmd) AfterApply() error {
	c.Confirm.action, c.Decline.action, c.Withdraw.action = specialization.ConfirmReference, specialization.DeclineReference, specialization.WithdrawReference
	return nil
}

type referenceRequestCmd struct {
	pursuitFlags
	Tenant     string `name:"tenant" required:"" placeholder:"ID" help:"help.reference-tenant"`
	Engagement string `name:"engagement" required:"" placeholder:"TEXT" help:"help.reference-engagement"`
	Finished   string `name:"finished" required:"" placeholder:"DATE" help:"help.reference-finished"`
}

// Run asks a customer for its word.
func (c *referenceRequestCmd) Run(a *app) error {
	finished, err := kizuna.ParseDate(c.Finished)
	if err != nil {
		return err
	}
	return c.do(a, specialization.Step{Action: specialization.RequestReference, Tenant: c.Tenant, Engagement: c.Engagement, Finished: finished})
}

type specializationListCmd struct {
	lookFlags
	Account string `arg:"" optional:"" name:"account" help:"help.membership-account"`
}

// Run lists how companies stand by what is recorded, on a day.
func (c *specializationListCmd) Run(a *app) error {
	at := c.AsOf
	flags := c.lookFlags
	flags.AsOf = ""
	return look(a, &flags, func(l *looking) ([]*specialization.Status, error) {
		rules, err := l.MembershipRules()
		if err != nil {
			return nil, err
		}
		day, err := dayOf(at, rules)
		if err != nil {
			return nil, err
		}
		q := store.Query{}
		if c.Account != "" {
			ledger, err := l.Ledger(l.ctx, l.view, c.Account)
			if err != nil {
				return nil, err
			}
			q.Location = association.Fold(ledger.Account)
		}
		out := []*specialization.Status{}
		for item, err := range l.Pursuits(l.ctx, l.view, q) {
			if err != nil {
				return nil, err
			}
			out = append(out, l.SpecializationRules().Status(&item.Value, day))
		}
		return out, nil
	}, func(_ *looking, all []*specialization.Status) error {
		g := a.grid("account", "specialization", "state", "since", "anniversary", "until", "validation")
		for _, s := range all {
			g.Row(s.Account, s.Specialization, a.word("state.", string(s.State)), sinceOf(s), optionalDay(s.Anniversary), optionalDay(s.Until), a.validationWords(s))
		}
		return a.show(g)
	})
}

func sinceOf(s *specialization.Status) string {
	if s.State == specialization.NotStarted {
		return ""
	}
	return s.Since.String()
}

// validationWords says whether an audit, or references, are there or needed.
func (a *app) validationWords(s *specialization.Status) string {
	switch {
	case s.Validation == "" || s.Validation == program.Automatic:
		return ""
	case s.Validate:
		return a.P.T("specialization.validate-anew", a.P.T("validation."+string(s.Validation)))
	case s.Validated:
		return a.P.T("specialization.validated", a.P.T("validation."+string(s.Validation)))
	}
	return a.P.T("validation." + string(s.Validation))
}

// showChecked tells how a partner stands with all specializations, or with one.
func (a *app) showChecked(c *checking, detail bool) error {
	q := c.in.answer.Question
	if _, err := fmt.Fprintln(a.Stdout, a.P.T("specialization.head", c.account, q.AsOf, c.program.Ref())); err != nil {
		return err
	}
	if c.byScore {
		if _, err := fmt.Fprintln(a.Stdout, a.P.T("specialization.by-score")); err != nil {
			return err
		}
	}
	if detail {
		return a.showOne(&c.all[0])
	}
	columns := []string{"specialization", "designation", "requirements", "not-given", "validation"}
	if c.standing != nil {
		columns = append(columns, "state", "until")
	}
	g := a.grid(columns...).Indent("  ")
	for i := range c.all {
		one := &c.all[i]
		met := ""
		if n := len(one.Requirements); n > 0 {
			met = a.P.T("specialization.of", len(one.Now.Met), n)
		}
		row := []string{one.Name.In(a.P.Lang), yesNo(a.P, one.Now.Entitled), met, a.aspects(one.Now.Open()), a.P.T("validation." + string(one.Validation))}
		if s := one.Standing; s != nil {
			row = append(row, a.word("state.", string(s.State)), optionalDay(s.Until))
		}
		g.Row(row...)
	}
	return a.show(g)
}

// showOne tells how a partner stands with a specialization: requirement by requirement,
// and what is recorded.
func (a *app) showOne(c *checked) error {
	if err := lines(a.Stdout, "", c.Name.In(a.P.Lang)+" ("+c.Specialization+")", "  "+a.termsWords(c.terms)); err != nil {
		return err
	}
	g := a.grid("requirement", "met", "figure", "full-at").Right(2, 3).Indent("  ")
	for i := range c.Requirements {
		r := &c.Requirements[i]
		g.Row(append([]string{r.Name.In(a.P.Lang), yesNo(a.P, r.Met)}, figureWords(a, r.Figure)...)...)
		for _, part := range partsOf(r.Figure) {
			progress := ""
			if part.Value.Progress != nil {
				progress = part.Value.Progress.Show()
			}
			g.Row("  "+report.Component(a.P, part.Name), yesNo(a.P, part.Value.Points.Cmp(part.Value.Max) >= 0), progress, part.Value.Threshold.String())
		}
	}
	if g.Len() > 0 {
		if _, err := g.WriteTo(a.Stdout); err != nil {
			return err
		}
	}
	for _, line := range a.foundWords(&c.Now, c.terms) {
		if _, err := fmt.Fprintf(a.Stdout, "  %s\n", line); err != nil {
			return err
		}
	}
	return a.showRecorded(c.Standing)
}

// showRecorded tells how a company stands by what is recorded.
func (a *app) showRecorded(s *specialization.Status) error {
	if s == nil {
		return nil
	}
	out := []string{a.P.T("specialization.state", a.word("state.", string(s.State)), sinceOf(s))}
	if s.Anniversary != nil {
		out = append(out, a.P.T("specialization.anniversary", *s.Anniversary, s.Renewal.First, s.Renewal.Last))
	}
	if s.Validate {
		out = append(out, a.validationWords(s))
	}
	for _, d := range s.Reminds {
		out = append(out, a.P.T("specialization.reminder", d.On, d.Days))
	}
	for _, line := range out {
		if _, err := fmt.Fprintf(a.Stdout, "  %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

func figureWords(a *app, m *score.Metric) []string {
	switch {
	case m == nil:
		return []string{"", ""}
	case m.Status == score.NoData:
		return []string{a.P.T("specialization.no-data", strings.Join(m.Fill, ", ")), ""}
	case m.Progress == nil || m.Threshold == nil:
		return []string{"", ""}
	}
	return []string{m.Progress.Show(), m.Threshold.String()}
}

func partsOf(m *score.Metric) score.Keyed[*score.Component] {
	if m == nil {
		return nil
	}
	return slices.Concat(m.Parts, m.Options)
}
