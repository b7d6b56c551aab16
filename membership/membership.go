// Package membership tells how a company stands in a program over time: in which
// areas it is in progress, qualified, enrolled, due to renew or lapsed, since when,
// until when and why.
//
// Nothing of this is stored. A [Ledger] holds what happened: payments, refunds,
// merges, memberships of the time before, and what scores said on which day. How the
// company stands follows from these by the rules of each day, so the same ledger
// gives the same answer for any past or future day, on every machine, in whatever
// order its lines came to be known.
//
// # What others can rely on
//
// [Rules.Status] answers for one day. An [Area] whose state is [Enrolled] or
// [RenewalDue] holds its designation ([Area.Holds]); Since is the first day without a
// gap and Until the last day if nothing else happens. Whoever shows a badge asks
// [Status.Shown]: after the anniversary there is none
// until the next term is paid. Status.Bundles are the packages of
// benefits with their own ends; after a merge there are several at a time. A day is a
// day in the program's time zone: [Rules.Day].
package membership

import (
	"github.com/kizuna-org/kizuna"
)

// State is how a company stands in an area on a day.
type State string

// The states.
const (
	InProgress State = "in-progress" // no day counts on which the score qualified
	Qualified  State = "qualified"   // it may enroll
	Enrolled   State = "enrolled"
	// RenewalDue is enrolled within the renewal window: the fee of the next term is due.
	RenewalDue State = "renewal-due"
	// Lapsed was enrolled, is no more, and does not qualify.
	Lapsed State = "lapsed"
)

// States lists the states, worst first.
func States() []State { return []State{InProgress, Lapsed, Qualified, RenewalDue, Enrolled} }

// Ledger is all that was recorded of a company's membership, in any order. The zero
// Ledger is that of a company of which nothing is known.
type Ledger struct {
	Account  string    `json:"account"` // the global account
	Findings []Finding `json:"findings,omitempty"`
	Events   []Event   `json:"events,omitempty"`
}

// Finding is what the score of a day said in an area, and by which rules and with
// what knowledge. One that qualifies is a decision.
type Finding struct {
	Area string      `json:"area"`
	On   kizuna.Date `json:"on"`
	// Total is the area's exact total on the track that qualified, or that was taken.
	Total     kizuna.Fraction `json:"total"`
	Qualified bool            `json:"qualified"`
	Lacking   []string        `json:"lacking,omitempty"` // metrics without enough points of their own
	Program   string          `json:"program,omitempty"` // "mcpp@2023-10"
	Known     kizuna.Moment   `json:"known,omitzero"`    // what was known then
	Digest    string          `json:"digest,omitempty"`  // over the figures: see package proof
}

// Kind is a kind of event.
type Kind string

// The kinds.
const (
	Purchase Kind = "purchase" // of a first term, or of one after all had lapsed
	Renewal  Kind = "renewal"  // the fee of the next term, in the renewal window
	Refund   Kind = "refund"   // of the last payment
	Legacy   Kind = "legacy"   // a membership of the time before, that runs until Until
	Merge    Kind = "merge"    // of another account into this one
	Closing  Kind = "closing"  // the account is closed, or merged into another
)

// Event is something that happened.
type Event struct {
	Kind Kind           `json:"kind"`
	At   kizuna.Instant `json:"at"`
	Fee  string         `json:"fee,omitempty"`  // of a payment: "4730 USD"
	Note string         `json:"note,omitempty"` // of a payment: its number in the books
	// LegacyBenefits, of a payment: it is for the benefits of the time before.
	LegacyBenefits bool         `json:"legacy_benefits,omitempty"`
	Used           bool         `json:"used,omitempty"`  // Refund: a benefit had been used
	Until          *kizuna.Date `json:"until,omitempty"` // Legacy: its last day
	With           *Ledger      `json:"with,omitempty"`  // Merge: what the other account brought
	Into           string       `json:"into,omitempty"`  // Closing: the account that goes on
}

// Status is how a company stands on a day.
type Status struct {
	Account string      `json:"account"`
	On      kizuna.Date `json:"on"`
	Program string      `json:"program"` // whose rules hold on the day
	State   State       `json:"state"`   // the best that an area has
	// Anniversary is the last day of the term, for all areas the same; nil: not enrolled.
	Anniversary *kizuna.Date `json:"anniversary,omitempty"`
	// Renewal is when the fee of the next term can be paid.
	Renewal *Days `json:"renewal,omitempty"`
	// Renewed is when it was paid, if the term that was paid for has not begun.
	Renewed *kizuna.Date `json:"renewed,omitempty"`
	// Keeps are the days of which one has to qualify to keep an area at the
	// anniversary; Counts those of which one has to qualify to enter into one.
	Keeps  *Days    `json:"keeps,omitempty"`
	Counts Days     `json:"counts"`
	Areas  []Area   `json:"areas"` // in the program's order
	Paid   []Bundle `json:"bundles,omitempty"`
	Legacy *Days    `json:"legacy,omitempty"` // the membership of the time before that runs on the day
	Closed *Closed  `json:"closed,omitempty"`
	Idle   []Idle   `json:"without_effect,omitempty"` // events that changed nothing, and why
	// Next is the first later day on which something changes by itself.
	Next *kizuna.Date `json:"next,omitempty"`
}

// Area is how a company stands in an area.
type Area struct {
	ID    string `json:"area"`
	State State  `json:"state"`
	// Since is the first day of the state, Until its last if nothing happens; nil:
	// since ever, for ever.
	Since *kizuna.Date `json:"since,omitempty"`
	Until *kizuna.Date `json:"until,omitempty"`
	// Held is since when the designation is held without a gap.
	Held *kizuna.Date `json:"held_since,omitempty"`
	Why  Why          `json:"why"`
	// Keeps, of an area that is enrolled, is the last day found to qualify among those
	// that count at the anniversary; nil: none, it will be lost.
	Keeps *Finding `json:"keeps,omitempty"`
	// Last is what was found last, qualified or not.
	Last *Finding `json:"last,omitempty"`
}

// Holds reports whether the designation is held.
func (a *Area) Holds() bool { return a.State == Enrolled || a.State == RenewalDue }

// Shown reports whether a badge shows the designation of an area: not after the
// anniversary, until the next term is paid.
func (s *Status) Shown(a *Area) bool {
	return a.Holds() && s.On <= *s.Anniversary
}

// Cause says what brought a state about.
type Cause string

// The causes.
const (
	NothingFound  Cause = "nothing-found"  // no score qualified
	WindowOver    Cause = "window-over"    // the last qualifying day counts no more
	ScoreOfDay    Cause = "score"          // the score of a day qualified
	ByPurchase    Cause = "purchase"       // enrolled by a payment
	ByLegacy      Cause = "legacy"         // enrolled free, by a membership of the time before
	Joined        Cause = "joined"         // enrolled free, beside an area that was enrolled
	ByRenewal     Cause = "renewal"        // kept at a renewal
	ByMerge       Cause = "merge"          // brought by another account
	WindowOpen    Cause = "renewal-window" // the fee of the next term can be paid
	NotQualified  Cause = "not-qualified"  // lost at a renewal: no day of the window qualified
	NotRenewed    Cause = "not-renewed"    // lost with the renewal window
	Refunded      Cause = "refund"         // the payment was taken back
	AccountClosed Cause = "closed"
)

// Why is the reason for a state: the cause, and the decision and the event behind it.
type Why struct {
	Cause   Cause    `json:"cause"`
	Finding *Finding `json:"finding,omitempty"`
	Event   *Event   `json:"event,omitempty"`
}

// Days are days from the first to the last.
type Days struct {
	First kizuna.Date `json:"first"`
	Last  kizuna.Date `json:"last"`
}

// Contains reports whether the day is one of them.
func (d Days) Contains(day kizuna.Date) bool { return d.First <= day && day <= d.Last }

// Bundle is a package of benefits that was paid for, or that a membership of the time
// before still gives. It is what it was on its first day until Anniversary; benefits
// last to Last, or to the day before the bundle that follows it.
type Bundle struct {
	Account     string      `json:"account"` // which paid; another one before a merge
	First       kizuna.Date `json:"first"`
	Anniversary kizuna.Date `json:"anniversary"`
	Last        kizuna.Date `json:"last"`
	Legacy      bool        `json:"legacy,omitempty"` // benefits of the time before
}

// Closed says since when an account is no more, and which one goes on.
type Closed struct {
	On   kizuna.Date `json:"on"`
	Into string      `json:"into,omitempty"`
}

// Idle is an event that changed nothing.
type Idle struct {
	Event Event         `json:"event"`
	Why   *kizuna.Error `json:"why"` // with which it would be refused
}
