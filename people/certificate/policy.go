package certificate

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// Policy holds the times that bind a certificate. Source of the renewal: "Renew
// your Microsoft Certification" (from six months before the end, free, extends by a
// year from that end; who misses it earns the certificate again).
type Policy struct {
	RenewalMonths   int   // a renewal is possible from so many months before the end
	ExtensionMonths int   // and moves the end by so many months
	WarnDays        []int // before the end, the greatest first
	// Rule is the program's: when the certificate retires and until when it counts.
	Rule program.Certificate
}

// PolicyFor returns the policy of a certificate of the program.
func PolicyFor(rule program.Certificate) Policy {
	return Policy{RenewalMonths: 6, ExtensionMonths: 12, WarnDays: []int{180, 90, 60, 30}, Rule: rule}
}

// renewable returns the first day on which a term that ends can be renewed.
func (p *Policy) renewable(ends kizuna.Date) kizuna.Date { return ends.AddMonths(-p.RenewalMonths) }

// retiredOn reports whether the vendor has retired the certificate by that day.
func (p *Policy) retiredOn(day kizuna.Date) bool {
	return p.Rule.Retired != nil && *p.Rule.Retired <= day
}

// extended returns the end after a renewal: as the export says, else from the old
// end, so that nobody loses days by renewing early.
func extended(ends kizuna.Date, s *Step, policy Policy) kizuna.Date {
	if s.Ends != nil {
		return *s.Ends
	}
	return ends.AddMonths(policy.ExtensionMonths)
}

// ends returns the first day on which the certificate no longer counts: its own
// end, or the day after the program's last day for it.
func (c *Certificate) ends(policy Policy) (kizuna.Date, bool) {
	term, last := c.last(), policy.Rule.LastDay
	switch {
	case term == nil:
		return 0, false
	case term.Ends == nil && last == nil:
		return 0, false
	case term.Ends == nil:
		return last.AddDays(1), true
	case last == nil:
		return *term.Ends, true
	}
	return min(*term.Ends, last.AddDays(1)), true
}

// over returns the day on which the certificate's state ends: its own end and,
// once it is retired, the end of its counting.
func (c *Certificate) over(policy Policy) (kizuna.Date, bool) {
	switch c.State {
	case Retired:
		return c.ends(policy)
	case Held:
		policy.Rule.LastDay = nil
		return c.ends(policy)
	}
	return 0, false
}

// warning returns the warning that is to be given now: the last whose day has
// come, if it has not been given yet; 0 if none. After a standstill one warning
// stands for those that were missed.
func (c *Certificate) warning(now kizuna.Instant, policy Policy) int {
	ends, ok := c.ends(policy)
	if !ok || c.State != Held && c.State != Retired {
		return 0
	}
	found := 0
	for _, days := range policy.WarnDays {
		if (c.Warned == 0 || days < c.Warned) && ends.AddDays(-days).Instant() <= now {
			found = days
		}
	}
	return found
}

// Due returns when the clock next has something to do with the certificate, and what.
func (c *Certificate) Due(policy Policy) (at kizuna.Instant, action lifecycle.Action, ok bool) {
	at = kizuna.Forever
	sooner := func(day kizuna.Date, what lifecycle.Action) {
		if day.Instant() < at {
			at, action = day.Instant(), what
		}
	}
	if day, ends := c.over(policy); ends {
		sooner(day, Expire)
	}
	if c.State == Held && policy.Rule.Retired != nil {
		sooner(*policy.Rule.Retired, Retire)
	}
	if ends, ok := c.ends(policy); ok && (c.State == Held || c.State == Retired) {
		for _, days := range policy.WarnDays {
			if c.Warned == 0 || days < c.Warned {
				sooner(ends.AddDays(-days), Warn)
			}
		}
	}
	return at, action, action != ""
}
