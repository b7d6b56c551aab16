// Package specialization tells how a company stands with the specializations of a
// program over time: not started, in progress, active, due to renew or lapsed, since
// when, until when, and what is still missing.
//
// What is stored is a [Pursuit]: what was found of the requirements on which day, each
// a dated decision, and the company's audits and customer references, each with a small
// life of its own. How the company stands follows from these by the rules of each day
// ([Rules.Status]), so that the same pursuit gives the same answer for any past or
// future day. Nothing here knows a clock: days come in as arguments.
//
// Sources: "Specializations", "Apply for specializations" (Partner Center).
package specialization

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// State is how a company stands with a specialization on a day.
type State string

// The states.
const (
	NotStarted State = "not-started" // nothing of it was met or begun
	InProgress State = "in-progress" // something was, but not all
	Active     State = "active"
	// RenewalDue is held, with the renewal window open and the next year not earned yet.
	RenewalDue State = "renewal-due"
	Lapsed     State = "lapsed" // was held and was not renewed
)

// States lists the states.
func States() []State { return []State{NotStarted, InProgress, Active, RenewalDue, Lapsed} }

// Held reports whether the specialization is had in the state.
func (s State) Held() bool { return s == Active || s == RenewalDue }

// Finding is what the facts said of the requirements on a day, and by which rules and
// with what knowledge: a decision. What became known later does not undo it.
type Finding struct {
	On kizuna.Date `json:"on"`
	// Entitled: the designations that the specialization stands on were held.
	Entitled bool `json:"entitled"`
	// Met are the requirements that were met, Lacking those that were not.
	Met     []string `json:"met,omitempty"`
	Lacking []string `json:"lacking,omitempty"`
	// Unknown are the aspects of which the program does not say what is asked for, or
	// that no file can show; Attested those that somebody says are met, as the vendor's
	// page shows them.
	Unknown  []program.Aspect `json:"unknown,omitempty"`
	Attested []program.Aspect `json:"attested,omitempty"`
	Program  string           `json:"program,omitempty"` // "mcpp@2023-10"
	Known    kizuna.Moment    `json:"known,omitzero"`
	Digest   string           `json:"digest,omitempty"` // over the figures
}

// AllMet reports whether all was met but the validation.
func (f *Finding) AllMet() bool {
	return f.Entitled && len(f.Lacking) == 0 && len(f.Open()) == 0
}

// Open lists the aspects that are not known and that nobody attested.
func (f *Finding) Open() []program.Aspect {
	return slices.DeleteFunc(slices.Clone(f.Unknown), func(a program.Aspect) bool { return slices.Contains(f.Attested, a) })
}

// Pursuit is all that was recorded of a company's way with one specialization.
type Pursuit struct {
	Account        string          `json:"account"` // the global account
	Specialization string          `json:"specialization"`
	State          lifecycle.State `json:"state,omitempty"` // Pursued, once anything was recorded
	Findings       []Finding       `json:"findings,omitempty"`
	Audits         []Audit         `json:"audits,omitempty"`
	References     []Reference     `json:"references,omitempty"`
	// Told is the last day whose changes were told as events.
	Told kizuna.Date `json:"told,omitzero"`
}

// Pursued is the state of a pursuit of which something was recorded. How the company
// stands is told by [Rules.Status].
const Pursued lifecycle.State = "pursued"

// Audit is an audit by a third party.
type Audit struct {
	ID        string          `json:"id"`
	State     lifecycle.State `json:"state"`
	Requested kizuna.Date     `json:"requested"`
	Scheduled *kizuna.Date    `json:"scheduled,omitempty"` // for this day
	Ended     *kizuna.Date    `json:"over_on,omitempty"`   // passed, failed or withdrawn on
	Until     *kizuna.Date    `json:"valid_until,omitempty"`
}

// Reference is the word of a customer about an engagement.
type Reference struct {
	ID         string          `json:"id"`
	State      lifecycle.State `json:"state"`
	Tenant     string          `json:"tenant"`
	Engagement string          `json:"engagement"` // what the company calls it
	Finished   kizuna.Date     `json:"finished"`   // the engagement's last day
	Requested  kizuna.Date     `json:"requested"`
	Ended      *kizuna.Date    `json:"over_on,omitempty"`
	Until      *kizuna.Date    `json:"valid_until,omitempty"`
}

// The states of audits and references.
const (
	Requested lifecycle.State = "requested"
	Scheduled lifecycle.State = "scheduled"
	Passed    lifecycle.State = "passed"
	Failed    lifecycle.State = "failed"
	Withdrawn lifecycle.State = "withdrawn"
)

// Designation is a time in which a company has a designation, both days included.
type Designation struct {
	Area  string      `json:"area"`
	First kizuna.Date `json:"first"`
	Last  kizuna.Date `json:"last"`
}

// HeldOn answers which designations are held on a day.
func HeldOn(all []Designation, day kizuna.Date) func(area string) bool {
	return func(area string) bool {
		return slices.ContainsFunc(all, func(d Designation) bool { return d.Area == area && d.First <= day && day <= d.Last })
	}
}

// Rules are those of a program in its versions. They are safe for concurrent use.
type Rules struct {
	id       string
	programs []*program.Program
}

// NewRules returns the rules of a program in its versions.
func NewRules(id string, programs []*program.Program) *Rules { return &Rules{id, programs} }

// On returns the program's part in force on the day, the specialization and its terms;
// nil where the program of the day does not have it.
func (r *Rules) On(id string, d kizuna.Date) (*program.Specializations, *program.Specialization, *program.Terms) {
	p, _ := program.InForceOn(r.programs, r.id, d)
	if p == nil || p.Specializations == nil {
		return nil, nil, nil
	}
	s := p.Specialization(id)
	if s == nil {
		return p.Specializations, nil, nil
	}
	return p.Specializations, s, s.TermsOn(d)
}

// Validations returns how many audits, or references, the terms want besides those of the
// pursuit that are valid: given by the day, and on another one not over yet.
func Validations(p *Pursuit, rules *program.Specializations, t *program.Terms, by, on kizuna.Date) int {
	switch t.Validation {
	case program.ByAudit:
		if slices.ContainsFunc(p.Audits, func(a Audit) bool { return valid(a.State, a.Ended, a.Until, by, on) }) {
			return 0
		}
		return 1
	case program.ByReferences:
		n := rules.References.Count
		for i := range p.References {
			if f := &p.References[i]; valid(f.State, f.Ended, f.Until, by, on) {
				n--
			}
		}
		return max(0, n)
	}
	return 0
}

func valid(s lifecycle.State, passed, until *kizuna.Date, by, on kizuna.Date) bool {
	return s == Passed && passed != nil && *passed <= by && (until == nil || on < *until)
}

// latest returns the last finding of the days from one to another, of equal days the
// last recorded; nil if there is none.
func (p *Pursuit) latest(from, to kizuna.Date) *Finding {
	var found *Finding
	for i := range p.Findings {
		f := &p.Findings[i]
		if f.On >= from && f.On <= to && (found == nil || f.On >= found.On) {
			found = f
		}
	}
	return found
}

// met returns the first finding of the days on which all was met; nil if none.
func (p *Pursuit) met(from, to kizuna.Date) *Finding {
	var found *Finding
	for i := range p.Findings {
		f := &p.Findings[i]
		if f.On >= from && f.On <= to && f.AllMet() && (found == nil || f.On < found.On) {
			found = f
		}
	}
	return found
}
