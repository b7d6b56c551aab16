package membership

import (
	"cmp"
	"errors"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// company is a ledger being read, event by event, up to a day.
type company struct {
	rules  *Rules
	ledger *Ledger
	found  []*Finding // the decisions, in order of their days
	areas  []standing // every area that was ever enrolled
	term   *term      // nil: not enrolled
	legacy []legacy
	paid   []Bundle
	closed *Closed
	idle   []Idle
	at     kizuna.Date // up to which time has run
}

// standing is an area that is or was enrolled.
type standing struct {
	id    string
	in    bool
	held  kizuna.Date // while in: since when
	since kizuna.Date // when it came in, was renewed, or lapsed
	why   Why
}

// term is a time that was paid for, or given.
type term struct {
	first, anniversary kizuna.Date
	renewal, keeps     Days   // by the rules of the anniversary
	payment            *Event // nil: it cost nothing
	paidOn             kizuna.Date
	// renewed is the payment for the next term, made on nextPaid before this one ends.
	renewed  *Event
	nextPaid kizuna.Date
	// before is how the company stood when this term took the place of another.
	before *company
}

type legacy struct {
	Days
	event *Event
}

// dated is an event with its day.
type dated struct {
	on    kizuna.Date
	event *Event
}

// compare orders events as they happened. Of one instant, a second, payments come first,
// then what takes them back, what others bring, and the end; but see [company.together].
// Only events that say the same are equal, so that the order in which they are told does
// not matter.
func (e *Event) compare(f *Event) int {
	if c := cmp.Or(cmp.Compare(e.At, f.At), cmp.Compare(e.Kind.rank(), f.Kind.rank())); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(e.Kind, f.Kind), cmp.Compare(e.Fee, f.Fee), cmp.Compare(e.Note, f.Note), cmp.Compare(e.Into, f.Into),
		boolean(e.LegacyBenefits, f.LegacyBenefits), boolean(e.Used, f.Used),
		cmp.Compare(day(e.Until), day(f.Until)), cmp.Compare(e.With.account(), f.With.account()))
}

func (k Kind) rank() int {
	return slices.Index([]Kind{Purchase, Renewal, Refund, Legacy, Merge, Closing}, k)
}

func boolean(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func day(d *kizuna.Date) kizuna.Date {
	if d == nil {
		return 0
	}
	return *d
}

func (l *Ledger) account() string {
	if l == nil {
		return ""
	}
	return l.Account
}

// read goes through a ledger up to the end of a day.
func (r *Rules) read(l *Ledger, through kizuna.Date) *company {
	c := &company{rules: r, ledger: l, at: -never}
	events := c.gather(through)
	slices.SortFunc(events, func(a, b dated) int { return cmp.Or(cmp.Compare(a.on, b.on), a.event.compare(b.event)) })
	c.found = c.decisions(c.found)
	next := 0
	for len(events) > 0 {
		at, on := events[0].event.At, events[0].on
		for next < len(c.found) && c.found[next].On <= on {
			c.qualifies(c.found[next])
			next++
		}
		c.pass(on)
		known := len(c.found)
		n := 1
		for n < len(events) && events[n].event.At == at {
			n++
		}
		c.together(events[:n])
		events = events[n:]
		if len(c.found) > known { // a merge brought decisions, all of them of days before
			next, _ = slices.BinarySearchFunc(c.found, on+1, func(f *Finding, d kizuna.Date) int { return cmp.Compare(f.On, d) })
		}
	}
	for ; next < len(c.found) && c.found[next].On <= through; next++ {
		c.qualifies(c.found[next])
	}
	c.pass(through)
	return c
}

// gather collects what a ledger says up to a day: it returns the events.
func (c *company) gather(through kizuna.Date) []dated {
	c.found = make([]*Finding, 0, len(c.ledger.Findings))
	for i := range c.ledger.Findings {
		if f := &c.ledger.Findings[i]; f.On <= through {
			c.found = append(c.found, f)
		}
	}
	events := make([]dated, 0, len(c.ledger.Events))
	for i := range c.ledger.Events {
		e := &c.ledger.Events[i]
		if on := c.rules.Day(e.At); on <= through {
			events = append(events, dated{on, e})
		}
	}
	return events
}

// decisions are the findings that count, in order of their days. Where decisions are
// sticky all that qualified do; elsewhere the last of an area and day speaks.
func (c *company) decisions(all []*Finding) []*Finding {
	if !slices.IsSortedFunc(all, (*Finding).Compare) {
		slices.SortFunc(all, (*Finding).Compare)
	}
	out := all[:0]
	for i, f := range all {
		last := i+1 == len(all) || all[i+1].On != f.On || all[i+1].Area != f.Area
		if f.Qualified && (last || c.rules.On(f.On).Sticky) {
			out = append(out, f)
		}
	}
	return out
}

// Compare orders findings by their days; of one day and area the one comes last that
// knew most.
func (f *Finding) Compare(g *Finding) int {
	if c := cmp.Compare(f.On, g.On); c != 0 { // most often it is another day
		return c
	}
	return cmp.Or(cmp.Compare(f.Area, g.Area), cmp.Compare(f.Known, g.Known),
		f.Total.Cmp(g.Total), boolean(f.Qualified, g.Qualified), cmp.Compare(f.Program, g.Program), cmp.Compare(f.Digest, g.Digest))
}

// pass lets time run to a day: terms end, and other rules come into force, which may
// let in who could not enter before.
func (c *company) pass(day kizuna.Date) {
	for change := c.rules.changesAfter(c.at); change <= day; change = c.rules.changesAfter(change) {
		c.expire(change)
		c.admit(change, nil)
	}
	c.expire(day)
	c.at = max(c.at, day)
}

// expire ends the terms that are over on a day, and with them what was not renewed.
func (c *company) expire(day kizuna.Date) {
	for c.term != nil {
		t := c.term
		switch {
		case t.renewed != nil && t.anniversary < day:
			c.renew(t.renewed, t.nextPaid, t.anniversary.AddDays(1))
		case t.renewed == nil && max(t.renewal.Last, t.anniversary) < day:
			c.end(max(t.renewal.Last, t.anniversary).AddDays(1), Why{Cause: NotRenewed})
		default:
			return
		}
	}
}

// admit enrolls what may be on a day without a payment: all that qualify beside an
// area that is enrolled, or by a membership of the time before.
func (c *company) admit(on kizuna.Date, event *Event) {
	switch {
	case c.closed != nil:
	case c.term == nil:
		c.byLegacy(on)
	case !c.due(on):
		for _, f := range c.open(c.rules.On(on), on) {
			c.enter(f.Area, on, Why{Joined, f, event})
		}
	}
}

// end takes the company out of all its areas.
func (c *company) end(on kizuna.Date, why Why) {
	c.term = nil
	for i := range c.areas {
		c.areas[i].leave(on, why)
	}
}

func (s *standing) leave(on kizuna.Date, why Why) {
	if s.in {
		s.in, s.since, s.why = false, on, why
	}
}

// standing returns an area's place among those that were ever enrolled.
func (c *company) standing(area string) *standing {
	i := slices.IndexFunc(c.areas, func(s standing) bool { return s.id == area })
	if i < 0 {
		i = len(c.areas)
		c.areas = append(c.areas, standing{id: area})
	}
	return &c.areas[i]
}

// enter enrolls an area.
func (c *company) enter(area string, on kizuna.Date, why Why) {
	if s := c.standing(area); !s.in {
		*s = standing{area, true, on, on, why}
	}
}

func (c *company) in(area string) bool {
	i := slices.IndexFunc(c.areas, func(s standing) bool { return s.id == area })
	return i >= 0 && c.areas[i].in
}

// qualifies takes a decision: who is enrolled elsewhere, or holds a membership of the
// time before, is enrolled at once; others may pay.
func (c *company) qualifies(f *Finding) {
	c.pass(f.On)
	switch {
	case c.closed != nil || c.in(f.Area):
	case c.term != nil && !c.due(f.On):
		c.enter(f.Area, f.On, Why{Cause: Joined, Finding: f})
	case c.term == nil:
		c.byLegacy(f.On)
	}
}

// due reports whether the renewal of the term that ends is still to be paid, after
// its anniversary. Nothing joins it then: what qualifies does so with the payment.
func (c *company) due(day kizuna.Date) bool { return day > c.term.anniversary }

// byLegacy enrolls whoever holds a membership of the time before in all areas that
// qualify on the day.
func (c *company) byLegacy(on kizuna.Date) {
	i := slices.IndexFunc(c.legacy, func(l legacy) bool { return l.Contains(on) })
	t := c.rules.On(on)
	if i < 0 || t.Legacy == nil {
		return
	}
	open := c.open(t, on)
	if len(open) == 0 {
		return
	}
	l := &c.legacy[i]
	anniversary := l.Last
	if t.Legacy.Anniversary == program.AfterEnrollment {
		anniversary = on.AddDays(t.TermDays)
	}
	c.begin(term{first: on, anniversary: anniversary})
	for _, f := range open {
		c.enter(f.Area, on, Why{ByLegacy, f, l.event})
	}
}

// open are the decisions that let the company enroll on a day, the last one of each
// area that is not enrolled.
func (c *company) open(t *Terms, day kizuna.Date) []*Finding {
	var out []*Finding
	way := t.way(day)
	for _, f := range slices.Backward(c.found) {
		if !way.open(f.On) || c.in(f.Area) || slices.ContainsFunc(out, func(g *Finding) bool { return g.Area == f.Area }) {
			continue
		}
		if t.Program.Area(f.Area) != nil {
			out = append(out, f)
		}
	}
	slices.Reverse(out)
	return out
}

// keeping returns the last decision by which an area is kept at the end of a term,
// among those up to a day.
func (c *company) keeping(area string, t *term, until kizuna.Date) *Finding {
	for _, f := range slices.Backward(c.found) {
		if f.Area == area && f.On <= until && t.keeps.Contains(f.On) {
			return f
		}
	}
	return nil
}

// begin starts a term; its end goes by the rules of its anniversary.
func (c *company) begin(t term) {
	rules := c.rules.On(t.anniversary)
	t.renewal, t.keeps = rules.renewal(t.anniversary), rules.keeps(t.anniversary)
	c.term = &t
}

// together lets the events of one instant take their effects. In which order they came
// nobody knows but by what they do: a purchase may rest on what a merge brings, and a
// merge may bring what makes a purchase idle. So the first that has an effect goes first,
// and those that had none have another chance after it. What has none at last is noted.
func (c *company) together(events []dated) {
	for len(events) > 0 {
		i := slices.IndexFunc(events, func(e dated) bool { return c.refusal(e) == nil })
		if i < 0 {
			break
		}
		c.happen(events[i])
		events = slices.Delete(events, i, i+1)
	}
	for _, e := range events {
		why, _ := errors.AsType[*kizuna.Error](c.refusal(e))
		c.idle = append(c.idle, Idle{*e.event, why})
	}
}

// happen lets an event take its effect.
func (c *company) happen(e dated) {
	t := c.rules.On(e.on)
	switch e.event.Kind {
	case Legacy:
		c.legacy = append(c.legacy, legacy{Days{e.on, *e.event.Until}, e.event})
		c.paid = append(c.paid, Bundle{Account: c.ledger.Account, First: e.on, Anniversary: *e.event.Until, Last: c.lasts(*e.event.Until), Legacy: true})
		c.admit(e.on, e.event)
	case Purchase:
		open := c.open(t, e.on)
		c.begin(term{first: e.on, anniversary: e.on.AddDays(t.TermDays), payment: e.event, paidOn: e.on})
		c.buy(e)
		for _, f := range open {
			c.enter(f.Area, e.on, Why{ByPurchase, f, e.event})
		}
	case Renewal:
		if c.term.anniversary >= e.on { // before its end: the term runs out first
			c.term.renewed, c.term.nextPaid = e.event, e.on
			return
		}
		c.renew(e.event, e.on, e.on)
	case Refund:
		c.refund(e)
	case Merge:
		c.merge(e)
	case Closing:
		c.end(e.on, Why{Cause: AccountClosed, Event: e.event})
		c.closed = &Closed{e.on, e.event.Into}
	}
}

// lasts is the last day of benefits that end with an anniversary.
func (c *company) lasts(anniversary kizuna.Date) kizuna.Date {
	t := c.rules.On(anniversary)
	if !t.BenefitsContinue {
		return anniversary
	}
	return max(anniversary, t.renewal(anniversary).Last)
}

// buy adds the bundle of the term that begins. One of the same account that lasted
// through the renewal window ends the day before.
func (c *company) buy(e dated) {
	for i := range c.paid {
		if b := &c.paid[i]; b.Account == c.ledger.Account && b.Anniversary < c.term.first {
			b.Last = min(b.Last, c.term.first.AddDays(-1))
		}
	}
	c.paid = append(c.paid, Bundle{
		Account: c.ledger.Account, First: c.term.first, Anniversary: c.term.anniversary,
		Last: c.lasts(c.term.anniversary), Legacy: e.event.LegacyBenefits,
	})
}

// renew begins the term after the one that was paid on a day. Areas that qualified on
// a day that counts at the anniversary are kept, others are lost; those that may
// enroll come in with the rest.
func (c *company) renew(payment *Event, paid, on kizuna.Date) {
	old := c.term
	t := c.rules.On(paid)
	before := c.copy()
	from := paid
	if c.rules.On(old.anniversary).RenewedFrom == program.FromAnniversary {
		from = old.anniversary
	}
	for i := range c.areas {
		s := &c.areas[i]
		if !s.in {
			continue
		}
		if f := c.keeping(s.id, old, on); f != nil {
			s.since, s.why = paid, Why{ByRenewal, f, payment}
		} else {
			s.leave(on, Why{Cause: NotQualified, Event: payment})
		}
	}
	c.begin(term{first: on, anniversary: from.AddDays(t.TermDays), payment: payment, paidOn: paid, before: before})
	c.buy(dated{on, payment})
	for _, f := range c.open(t, on) {
		c.enter(f.Area, on, Why{Joined, f, payment})
	}
}

// refund takes the last payment back. After a renewal the company stands as if it had
// not paid; after a purchase it is out.
func (c *company) refund(e dated) {
	if c.term.renewed != nil {
		c.term.renewed = nil
		return
	}
	why := Why{Cause: Refunded, Event: e.event}
	before := c.term.before
	if before == nil || max(before.term.renewal.Last, before.term.anniversary) < e.on {
		c.cutBundle(e.on)
		c.end(e.on, why)
		return
	}
	for i := range c.areas { // what joined with the renewal leaves with it
		if s := &c.areas[i]; s.in && !before.in(s.id) {
			s.leave(e.on, why)
		}
	}
	for _, s := range before.areas {
		*c.standing(s.id) = s
	}
	c.term, c.paid = before.term, before.paid
	c.term.renewed = nil
}

// cutBundle ends the bundle of the term.
func (c *company) cutBundle(on kizuna.Date) {
	for i := range c.paid {
		if b := &c.paid[i]; b.First == c.term.first && b.Anniversary == c.term.anniversary {
			b.Last = min(b.Last, on)
		}
	}
}

// copy returns how the company stands, apart from what is read later.
func (c *company) copy() *company {
	out := *c
	out.areas, out.paid = slices.Clone(c.areas), slices.Clone(c.paid)
	t := *c.term
	out.term = &t
	return &out
}

// merge takes in what another account brings: its areas, its benefits to their own
// ends, and the later anniversary if both have one.
func (c *company) merge(e dated) {
	with := c.rules.read(e.event.With, e.on)
	c.found = append(c.found, with.found...) // what it earned, the company that both became has earned
	slices.SortFunc(c.found, (*Finding).Compare)
	c.paid = append(c.paid, with.paid...)
	c.legacy = append(c.legacy, with.legacy...)
	c.idle = append(c.idle, with.idle...)
	if with.term != nil {
		later := c.term == nil || with.term.anniversary > c.term.anniversary
		if c.term == nil || later && c.rules.On(e.on).MergedAnniversary == program.LatestAnniversary {
			c.term = with.term
		}
		for i := range with.areas {
			if s := &with.areas[i]; s.in {
				why := s.why
				why.Cause, why.Event = ByMerge, e.event
				held := s.held
				if own := c.standing(s.id); !own.in {
					*own = standing{s.id, true, held, e.on, why}
				} else {
					own.held = min(own.held, held)
				}
			}
		}
	}
	if c.term != nil {
		c.term.before = nil // what was before the merge does not come back
	}
	c.admit(e.on, e.event) // what either qualified for, the company that both became may enter
}
