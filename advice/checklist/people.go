package checklist

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/people"
)

// people checks who is linked and what of theirs counts, or will not for long.
func (c *checker) people() error {
	var lines []Line
	facts := c.base.Facts().People
	q := &c.base.Question
	linked, other := make(map[string]bool), make(map[string]bool)
	for i := range facts.Links {
		l := &facts.Links[i]
		account, known := c.base.Index().AccountAt(l.Location)
		switch {
		case known && account == c.base.Account && l.During.Contains(q.AsOf.Instant()):
			linked[l.MCID] = true
		case !known || account != c.base.Account:
			other[l.MCID] = true
		}
	}
	certificates := make(map[string][]*people.Certification)
	for i := range facts.Certifications {
		of := &facts.Certifications[i]
		certificates[of.MCID] = append(certificates[of.MCID], of)
	}
	wanted := c.wanted()
	for i := range facts.People {
		p := &facts.People[i]
		of := certificates[p.MCID]
		if !linked[p.MCID] {
			if !other[p.MCID] && slices.ContainsFunc(of, func(x *people.Certification) bool { return wanted[x.Certificate] }) {
				lines = append(lines, Line{State: NotDone, Code: NotLinked, Person: p.ID, Name: p.Name, At: []kizuna.Ref{p.At}})
			}
			continue
		}
		counts := false
		for _, x := range of {
			if !wanted[x.Certificate] {
				continue
			}
			l, counting, err := c.certificate(p, x)
			if err != nil {
				return err
			}
			counts = counts || counting
			if l != nil {
				lines = append(lines, *l)
			}
		}
		if !counts && len(wanted) > 0 {
			lines = append(lines, Line{State: NotDone, Code: NothingCounts, Person: p.ID, Name: p.Name, At: []kizuna.Ref{p.At}})
		}
	}
	counted := kizuna.Int(int64(len(c.base.Now().Roster.Holders(c.base.Account))))
	lines = append(lines, Line{State: Done, Code: PeopleLinked, Points: &counted})
	c.out.People = sorted(lines)
	return nil
}

// certificate says what is to be said of a certificate; nil is nothing.
func (c *checker) certificate(p *people.Person, x *people.Certification) (l *Line, counts bool, err error) {
	day := c.base.Question.AsOf
	l = &Line{State: NotDone, Person: p.ID, Name: p.Name, Certificate: x.Certificate, On: x.ExpiresOn, At: []kizuna.Ref{x.At}}
	rule := c.base.Question.Program.Certificates[x.Certificate]
	switch {
	case x.Unverified:
		l.Code = NotVerified
	case x.EarnedOn == nil || *x.EarnedOn > day:
		return nil, false, nil // it will count
	case x.ExpiresOn != nil && *x.ExpiresOn <= day:
		l.Code = Expired
	case rule.LastDay != nil && *rule.LastDay < day:
		l.Code, l.On = Retired, rule.LastDay
	default:
		end, code := x.ExpiresOn, Expiring
		if rule.LastDay != nil && (end == nil || rule.LastDay.AddDays(1) < *end) {
			end, code = new(rule.LastDay.AddDays(1)), Retiring
		}
		last := Horizons[len(Horizons)-1]
		if end == nil || *end > day.AddDays(last) {
			return nil, true, nil
		}
		l.State, l.Code, l.On, l.Days = AtRisk, code, end, last
		for _, h := range Horizons {
			if *end <= day.AddDays(h) {
				l.Days = h
				break
			}
		}
		_, err = c.loses(l, &advice.Changes{End: []advice.Ending{{
			Selection: advice.Selection{Table: advice.Certifications, MCID: x.MCID, Certificate: x.Certificate}, At: day.Instant(),
		}}})
		return l, true, err
	}
	return l, false, nil
}

// wanted are the certificates that the areas look at.
func (c *checker) wanted() map[string]bool {
	out := make(map[string]bool)
	for _, id := range c.areas {
		area := c.base.Question.Program.Area(id)
		for _, m := range area.Metrics {
			for _, track := range area.Track.Tracks {
				r := m.Rules[track].PeopleOn(c.base.Question.AsOf)
				if r == nil {
					continue
				}
				for _, step := range r.Steps {
					for _, of := range step.AnyOf {
						out[of] = true
					}
				}
				for _, of := range r.Counted {
					out[of] = true
				}
			}
		}
	}
	return out
}
