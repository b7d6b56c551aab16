package specialization

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// The actions.
const (
	Find              lifecycle.Action = "check"              // record what the facts of a day say
	RequestAudit      lifecycle.Action = "request-audit"      // ask for an audit
	ScheduleAudit     lifecycle.Action = "schedule-audit"     // fix its day
	PassAudit         lifecycle.Action = "pass-audit"         // the auditor's word
	FailAudit         lifecycle.Action = "fail-audit"         // the auditor's word
	WithdrawAudit     lifecycle.Action = "withdraw-audit"     // give it up
	RequestReference  lifecycle.Action = "request-reference"  // name a customer and an engagement
	ConfirmReference  lifecycle.Action = "confirm-reference"  // the customer's word, or that of who asked it
	DeclineReference  lifecycle.Action = "decline-reference"  // the customer's word, or that of who asked it
	WithdrawReference lifecycle.Action = "withdraw-reference" // give it up
)

// Step is what somebody does.
type Step struct {
	Action  lifecycle.Action `json:"action"`
	Actor   lifecycle.Actor  `json:"actor"`
	On      kizuna.Date      `json:"on"`
	ID      string           `json:"id,omitempty"` // of the audit or the reference
	Finding Finding          `json:"finding,omitzero"`
	For     kizuna.Date      `json:"for,omitzero"` // ScheduleAudit: the day of the audit
	// RequestReference:
	Tenant     string      `json:"tenant,omitempty"`
	Engagement string      `json:"engagement,omitempty"`
	Finished   kizuna.Date `json:"finished,omitzero"`
}

// Case is what the machines' guards look at.
type Case struct {
	Rules   *Rules
	Pursuit Pursuit
	Step    Step
}

type guard = lifecycle.Guard[Case]

var (
	partner  = []lifecycle.Role{lifecycle.Partner, lifecycle.Operator}
	auditors = []lifecycle.Role{lifecycle.Reviewer, lifecycle.Operator, lifecycle.Vendor}
	asked    = []lifecycle.Role{lifecycle.Customer, lifecycle.Reviewer, lifecycle.Operator, lifecycle.Vendor}

	known   = guard{Name: "the program has the specialization", Check: isKnown}
	ready   = guard{Name: "all but the validation is met", Check: isReady}
	audited = guard{Name: "its validation is an audit", Check: validationIs(program.ByAudit)}
	vouched = guard{Name: "its validation is by references", Check: validationIs(program.ByReferences)}
	alone   = guard{Name: "no other audit is open", Check: noneOpen}
	rested  = guard{Name: "the days after a failed audit are over", Check: isRested}
	inOrder = guard{Name: "not before it was requested", Check: notBefore}
	come    = guard{Name: "the day that was looked at has come", Check: hasCome}
	recent  = guard{Name: "the engagement is recent enough", Check: isRecent}
	another = guard{Name: "the engagement is not named already", Check: isAnother}
	ofOwn   = guard{Name: "a customer speaks for itself", Check: speaksForItself}
)

// Machine returns the table of who may do what to a pursuit.
func Machine() *lifecycle.Machine[Case] {
	operator := []lifecycle.Role{lifecycle.Operator, lifecycle.Vendor, lifecycle.System}
	return &lifecycle.Machine[Case]{
		Name:   "specialization",
		States: []lifecycle.State{lifecycle.None, Pursued},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: Find, By: operator, To: Pursued, Guards: []guard{come, known}},
			{From: Pursued, Action: Find, By: operator, To: Pursued, Guards: []guard{come, known}},
		},
	}
}

// AuditMachine returns the life of an audit.
func AuditMachine() *lifecycle.Machine[Case] {
	return &lifecycle.Machine[Case]{
		Name:   "audit",
		States: []lifecycle.State{lifecycle.None, Requested, Scheduled, Passed, Failed, Withdrawn},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: RequestAudit, By: partner, To: Requested, Guards: []guard{known, audited, alone, rested, ready}},
			{From: Requested, Action: ScheduleAudit, By: auditors, To: Scheduled, Guards: []guard{inOrder}},
			{From: Scheduled, Action: ScheduleAudit, By: auditors, To: Scheduled, Guards: []guard{inOrder}},
			{From: Scheduled, Action: PassAudit, By: auditors, To: Passed, Guards: []guard{known, inOrder}},
			{From: Scheduled, Action: FailAudit, By: auditors, To: Failed, Guards: []guard{inOrder}},
			{From: Requested, Action: WithdrawAudit, By: partner, To: Withdrawn, Guards: []guard{inOrder}},
			{From: Scheduled, Action: WithdrawAudit, By: partner, To: Withdrawn, Guards: []guard{inOrder}},
		},
	}
}

// ReferenceMachine returns the life of a customer reference.
func ReferenceMachine() *lifecycle.Machine[Case] {
	return &lifecycle.Machine[Case]{
		Name:   "reference",
		States: []lifecycle.State{lifecycle.None, Requested, Passed, Failed, Withdrawn},
		Table: []lifecycle.Transition[Case]{
			{From: lifecycle.None, Action: RequestReference, By: partner, To: Requested, Guards: []guard{known, vouched, recent, another, ready}},
			{From: Requested, Action: ConfirmReference, By: asked, To: Passed, Guards: []guard{known, inOrder, ofOwn}},
			{From: Requested, Action: DeclineReference, By: asked, To: Failed, Guards: []guard{inOrder, ofOwn}},
			{From: Requested, Action: WithdrawReference, By: partner, To: Withdrawn, Guards: []guard{inOrder}},
		},
	}
}

// day is the one that a step is about.
func (s *Step) day() kizuna.Date {
	if s.Action == Find && s.Finding.On != 0 {
		return s.Finding.On
	}
	return s.On
}

func isKnown(c Case) error {
	day := c.Step.day()
	if _, s, _ := c.Rules.On(c.Pursuit.Specialization, day); s != nil {
		return nil
	}
	return kizuna.Errorf("specialization-unknown", "the program of %s has no specialization %q", day, c.Pursuit.Specialization).
		WithMend("see kizuna program show")
}

func hasCome(c Case) error {
	if c.Step.day() <= c.Step.On {
		return nil
	}
	return kizuna.Errorf("specialization-future", "%s has not come yet: nothing can be found of it", c.Step.day()).
		WithMend("ask about a day that has passed: --as-of")
}

func isReady(c Case) error {
	f := c.Pursuit.latest(0, c.Step.On)
	if f != nil && f.AllMet() {
		return nil
	}
	if f == nil {
		return kizuna.Errorf("specialization-not-found", "nothing was found of the requirements by %s", c.Step.On).
			WithMend("check them first: kizuna specialization check")
	}
	lacking := slices.Clone(f.Lacking)
	if !f.Entitled {
		lacking = append(lacking, "designation")
	}
	for _, a := range f.Open() {
		lacking = append(lacking, string(a))
	}
	return kizuna.Errorf("specialization-not-ready", "not all else is met: on %s there lacked %s", f.On, strings.Join(lacking, ", ")).
		WithMend("a validation is the last step: meet the rest, and check again")
}

func validationIs(want program.Validation) func(Case) error {
	return func(c Case) error {
		_, _, t := c.Rules.On(c.Pursuit.Specialization, c.Step.On)
		if t == nil || t.Validation == want {
			return nil // what there is not is said elsewhere
		}
		return kizuna.Errorf("specialization-validation", "on %s the specialization is validated by %q, not by %q", c.Step.On, t.Validation, want).
			WithMend("see kizuna program show")
	}
}

func noneOpen(c Case) error {
	for i := range c.Pursuit.Audits {
		if a := &c.Pursuit.Audits[i]; a.State == Requested || a.State == Scheduled {
			return kizuna.Errorf("audit-open", "audit %s is not over yet", a.ID).WithMend("wait for it, or withdraw it")
		}
	}
	return nil
}

func isRested(c Case) error {
	rules, _, _ := c.Rules.On(c.Pursuit.Specialization, c.Step.On)
	if rules == nil {
		return nil
	}
	for i := range c.Pursuit.Audits {
		a := &c.Pursuit.Audits[i]
		if a.State != Failed {
			continue
		}
		if first := a.Ended.AddDays(rules.Audit.RetryAfterDays); c.Step.On < first {
			return kizuna.Errorf("audit-retry", "audit %s failed on %s; another can be requested from %s", a.ID, *a.Ended, first).
				WithMend("wait until then")
		}
	}
	return nil
}

func notBefore(c Case) error {
	last := kizuna.Date(0)
	if a := c.Pursuit.audit(c.Step.ID); a != nil {
		last = a.Requested
	}
	if f := c.Pursuit.reference(c.Step.ID); f != nil {
		last = f.Requested
	}
	if c.Step.Action == ScheduleAudit && c.Step.For < last {
		return kizuna.Errorf("audit-day", "the audit cannot be on %s: it was requested on %s", c.Step.For, last).WithMend("name that day, or a later one")
	}
	return lifecycle.InOrder(c.Step.Action, c.Step.On.Instant(), last.Instant())
}

func isRecent(c Case) error {
	rules, _, _ := c.Rules.On(c.Pursuit.Specialization, c.Step.On)
	switch {
	case rules == nil:
		return nil
	case c.Step.Finished > c.Step.On:
		return kizuna.Errorf("reference-future", "the engagement ends on %s, after %s", c.Step.Finished, c.Step.On).WithMend("wait until it has ended")
	case rules.References.WithinMonths > 0 && c.Step.Finished < c.Step.On.AddMonths(-rules.References.WithinMonths):
		return kizuna.Errorf("reference-old", "the engagement ended on %s, more than %d months before %s", c.Step.Finished, rules.References.WithinMonths, c.Step.On).
			WithMend("name a later one")
	}
	return nil
}

func isAnother(c Case) error {
	rules, _, _ := c.Rules.On(c.Pursuit.Specialization, c.Step.On)
	for i := range c.Pursuit.References {
		f := &c.Pursuit.References[i]
		same := association.Fold(f.Tenant) == association.Fold(c.Step.Tenant) && f.Engagement == c.Step.Engagement
		counts := f.State == Requested || f.State == Passed && (f.Until == nil || c.Step.On < *f.Until)
		if rules != nil && rules.References.Separate && same && counts {
			return kizuna.Errorf("reference-same", "reference %s is of the same engagement", f.ID).WithMend("name another engagement: each reference is of its own")
		}
	}
	return nil
}

func speaksForItself(c Case) error {
	f := c.Pursuit.reference(c.Step.ID)
	if c.Step.Actor.Role != lifecycle.Customer || f == nil || association.Fold(f.Tenant) == association.Fold(c.Step.Actor.Company) {
		return nil
	}
	return kizuna.Errorf("reference-other", "reference %s is of another customer than %s", f.ID, c.Step.Actor.Company).
		WithMend("only the customer itself gives its word")
}

func (p *Pursuit) audit(id string) *Audit {
	if i := slices.IndexFunc(p.Audits, func(a Audit) bool { return a.ID == id }); i >= 0 {
		return &p.Audits[i]
	}
	return nil
}

func (p *Pursuit) reference(id string) *Reference {
	if i := slices.IndexFunc(p.References, func(f Reference) bool { return f.ID == id }); i >= 0 {
		return &p.References[i]
	}
	return nil
}

// Apply does a step: the pursuit afterwards and what happened, all that time has
// changed since it was last told included. A step that is refused changes nothing.
func (r *Rules) Apply(p Pursuit, s Step) (Pursuit, []lifecycle.Event, error) {
	c := Case{r, p, s}
	after := p
	after.Findings, after.Audits, after.References = slices.Clone(p.Findings), slices.Clone(p.Audits), slices.Clone(p.References)
	var detail map[string]string
	switch {
	case s.Action == Find:
		if _, err := Machine().Next(p.State, s.Action, s.Actor.Role, c); err != nil {
			return p, nil, err
		}
		f := s.Finding
		f.On = s.day()
		after.Findings = append(after.Findings, f)
		detail = map[string]string{"lacking": strings.Join(f.Lacking, ", ")}
	case isReference(s.Action):
		f := after.reference(s.ID)
		state := lifecycle.None
		if f != nil {
			state = f.State
		}
		to, err := ReferenceMachine().Next(state, s.Action, s.Actor.Role, c)
		if err != nil {
			return p, nil, err
		}
		if f == nil {
			after.References = append(after.References, Reference{ID: s.ID, Tenant: s.Tenant, Engagement: s.Engagement, Finished: s.Finished, Requested: s.On})
			f = &after.References[len(after.References)-1]
		}
		f.State = to
		r.end(&p, s, to, &f.Ended, &f.Until, func(rules *program.Specializations) int { return rules.References.ValidYears })
		detail = map[string]string{"reference": s.ID, "tenant": f.Tenant}
	default:
		a := after.audit(s.ID)
		state := lifecycle.None
		if a != nil {
			state = a.State
		}
		to, err := AuditMachine().Next(state, s.Action, s.Actor.Role, c)
		if err != nil {
			return p, nil, err
		}
		if a == nil {
			after.Audits = append(after.Audits, Audit{ID: s.ID, Requested: s.On})
			a = &after.Audits[len(after.Audits)-1]
		}
		a.State = to
		if to == Scheduled {
			a.Scheduled = &s.For
		}
		r.end(&p, s, to, &a.Ended, &a.Until, func(rules *program.Specializations) int { return rules.Audit.ValidYears })
		detail = map[string]string{"audit": s.ID}
	}
	after.State = Pursued
	own := after.event(happened[s.Action], s.day(), detail)
	told, later := r.tell(after, p, s.On)
	return told, append([]lifecycle.Event{own}, later...), nil
}

// happened are the events of steps.
var happened = map[lifecycle.Action]string{
	Find: "specialization.checked", RequestAudit: "specialization.audit-requested", ScheduleAudit: "specialization.audit-scheduled",
	PassAudit: "specialization.audit-passed", FailAudit: "specialization.audit-failed", WithdrawAudit: "specialization.audit-withdrawn",
	RequestReference: "specialization.reference-requested", ConfirmReference: "specialization.reference-confirmed",
	DeclineReference: "specialization.reference-declined", WithdrawReference: "specialization.reference-withdrawn",
}

func isReference(a lifecycle.Action) bool {
	return a == RequestReference || a == ConfirmReference || a == DeclineReference || a == WithdrawReference
}

// end dates what is over.
func (r *Rules) end(p *Pursuit, s Step, to lifecycle.State, ended, until **kizuna.Date, years func(*program.Specializations) int) {
	if to == Requested || to == Scheduled {
		return
	}
	on := s.On
	*ended = &on
	if rules, _, _ := r.On(p.Specialization, on); to == Passed && rules != nil {
		last := on.AddMonths(12 * years(rules))
		*until = &last
	}
}

func (p *Pursuit) event(kind string, on kizuna.Date, detail map[string]string) lifecycle.Event {
	all := map[string]string{"account": p.Account, "specialization": p.Specialization, "on": on.String()}
	for key, text := range detail {
		if text != "" {
			all[key] = text
		}
	}
	return lifecycle.Event{Type: kind, Detail: all}
}

// tell lists what time and the step have changed up to a day, beside what was told.
func (r *Rules) tell(after, before Pursuit, to kizuna.Date) (Pursuit, []lifecycle.Event) {
	from := before.Told
	if from == 0 {
		from = to.AddDays(-1)
	}
	var out []lifecycle.Event
	was := r.Status(&before, from).State
	for _, d := range r.turns(&after, from, to) {
		for _, n := range r.remindersOn(&after, d) {
			out = append(out, after.event("specialization.reminder", d, map[string]string{"days": n}))
		}
		if now := r.Status(&after, d); now.State != was {
			detail := map[string]string{}
			if now.Until != nil {
				detail["until"] = now.Until.String()
			}
			out = append(out, after.event("specialization."+string(now.State), d, detail))
			was = now.State
		}
	}
	after.Told = max(after.Told, to)
	return after, out
}

// turns are the days after one, up to another, on which something may change, and the
// last one.
func (r *Rules) turns(p *Pursuit, from, to kizuna.Date) []kizuna.Date {
	out := []kizuna.Date{to}
	for d := from; ; {
		next, ok := r.next(p, d)
		if !ok || next >= to {
			break
		}
		out, d = append(out, next), next
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}

// next returns the first day after one on which time changes something, or a reminder
// is sent.
func (r *Rules) next(p *Pursuit, after kizuna.Date) (kizuna.Date, bool) {
	// Days on which something happened change the course of time.
	s := r.Status(p, after)
	var next kizuna.Date
	note := func(d kizuna.Date) {
		if d > after && (next == 0 || d < next) {
			next = d
		}
	}
	for _, d := range p.days(1 << 30) {
		note(d)
	}
	if s.Renewal != nil {
		note(s.Renewal.First)
		note(s.Renewal.Last.AddDays(1))
		for _, d := range s.Reminds {
			note(d.On)
		}
	}
	return next, next != 0
}

func (r *Rules) remindersOn(p *Pursuit, day kizuna.Date) (days []string) {
	for _, d := range r.Status(p, day.AddDays(-1)).Reminds {
		if d.On == day && r.Status(p, day).State.Held() {
			days = append(days, strconv.Itoa(d.Days))
		}
	}
	return days
}

// Due returns the day on which time next changes something that was not told.
func (r *Rules) Due(p *Pursuit) (kizuna.Date, bool) {
	if p.State == lifecycle.None {
		return 0, false
	}
	return r.next(p, p.Told)
}

// Tick tells what time has changed by a day.
func (r *Rules) Tick(p Pursuit, day kizuna.Date) (Pursuit, []lifecycle.Event) {
	return r.tell(p, p, day)
}
