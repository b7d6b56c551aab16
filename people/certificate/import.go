package certificate

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
)

// FromExport returns the step that takes the certificate to what the vendor's
// export says of it, false if it says nothing new. An export knows no renewals,
// only ends that have moved: a renewal is dated on the day of the export, or on the
// last day on which it was possible.
func (c *Certificate) FromExport(row people.Certification, by lifecycle.Actor, at kizuna.Instant) (Step, bool) {
	s := Step{Actor: by, At: at, MCID: row.MCID, Certificate: row.Certificate, Ends: row.ExpiresOn}
	if row.EarnedOn == nil {
		return s, false
	}
	i := slices.IndexFunc(c.Terms, func(t Term) bool { return t.Earned == *row.EarnedOn })
	if i < 0 {
		s.Action, s.On = Earn, *row.EarnedOn
		return s, true
	}
	term := &c.Terms[i]
	if i < len(c.Terms)-1 || c.State == Revoked || term.Ends == nil || row.ExpiresOn == nil || *row.ExpiresOn <= *term.Ends {
		return s, false
	}
	s.Action, s.On = Renew, min(at.Date(), term.Ends.AddDays(-1))
	return s, true
}
