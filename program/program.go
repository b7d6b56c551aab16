// Package program holds a partner program's rules as data: areas, tracks,
// metrics, workload lists, certificates, windows. A program is dated and
// versioned, read from YAML, checked, and from then on immutable; nothing in
// Kizuna knows a rule that is not written there.
package program

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Program is one version of a program's rules, with every default filled in and
// every reference resolved. It is safe for concurrent use.
type Program struct {
	ID      string // "mcpp"
	Version string // "2023-10"
	Name    Text   // what the vendor called it then
	InForce Period

	Sources map[string]Source
	Scoring Scoring
	Windows Qualification

	// ExcludedOffers are offer types whose revenue never counts.
	ExcludedOffers []string
	// CSPHistory says what a change of a CSP subscription's owner does to its past.
	CSPHistory CSPHistory
	Roles      Roles
	// OwnedWorkloads are reached through the relation that a linked identity has
	// to the resource itself (an app, a flow), not through roles.
	OwnedWorkloads map[string]OwnerRule

	Aliases      map[string]string // a workload's other names to its name in the lists
	Rates        map[string]Rate   // monthly consumption value of a unit, by workload
	Workloads    map[string]WorkloadList
	Certificates map[string]Certificate
	People       PeopleRules
	Claims       *ClaimRules      `json:",omitempty"` // nil: the program takes no claims
	Membership   *MembershipRules `json:",omitempty"` // nil: nobody enrolls in the program
	Badges       *BadgeRules      `json:",omitempty"` // nil: the program has no badges
	Categories   map[Category]Text
	Areas        []Area // in the program's order

	Specializations *Specializations `json:",omitempty"` // nil: there are none
	Benefits        *Benefits        `json:",omitempty"` // nil: the program gives none
}

// Ref returns "mcpp@2023-10".
func (p *Program) Ref() string { return p.ID + "@" + p.Version }

// Area returns the area of that id, or nil.
func (p *Program) Area(id string) *Area {
	for i := range p.Areas {
		if p.Areas[i].ID == id {
			return &p.Areas[i]
		}
	}
	return nil
}

// Text is a text in the languages that people read it in.
type Text struct {
	EN string `json:"en" yaml:"en"`
	JA string `json:"ja" yaml:"ja"`
}

// In returns the text in the language ("en", "ja"), English if there is none.
func (t Text) In(lang string) string {
	if lang == "ja" && t.JA != "" {
		return t.JA
	}
	return t.EN
}

// Period is a stretch of days, both ends included. The zero To is open.
type Period struct {
	From kizuna.Date
	To   *kizuna.Date
}

// Contains reports whether the period holds the day.
func (p Period) Contains(d kizuna.Date) bool {
	return p.From <= d && (p.To == nil || d <= *p.To)
}

// Source says where a rule was read. Cite pages by title.
type Source struct {
	Title string
	Date  string // as precise as it is known: "2023-06-13", "2022-09"
	Note  string
	URL   string
}

// Basis says how sure a figure is.
type Basis string

// From sure to not known at all.
const (
	Established Basis = "established" // stated by a source of the version's own time
	Likely      Basis = "likely"      // stated in part, the rest unchanged in a neighboring version
	Inferred    Basis = "inferred"    // carried over from another version only
	Unknown     Basis = "unknown"     // a placeholder: no source states it
)

// Provenance is where a figure comes from and how sure it is.
type Provenance struct {
	Basis   Basis
	Sources []string // keys of Program.Sources
	Note    string
}

// Scoring holds what all areas have in common.
type Scoring struct {
	TotalMax  kizuna.Fraction // what an area's metrics add up to
	PassTotal kizuna.Fraction // the exact total that passes
	// GateInclusive: every metric needs at least GateValue points; otherwise more than it.
	GateValue     kizuna.Fraction
	GateInclusive bool
	// WholePoints rounds the points of every metric down.
	WholePoints bool `json:",omitzero"`
	// Decimals shown, rounded half up; the exact value decides.
	MetricDecimals, TotalDecimals int
	Provenance                    Provenance
}

// Passes reports whether a metric's points open the gate.
func (s *Scoring) Passes(points kizuna.Fraction) bool {
	c := points.Cmp(s.GateValue)
	return c > 0 || c == 0 && s.GateInclusive
}

// Counted returns what a metric's exact points count: all of them, or the whole ones.
func (s *Scoring) Counted(points kizuna.Fraction) kizuna.Fraction {
	if s.WholePoints {
		return kizuna.Int(points.Floor())
	}
	return points
}

// CSPHistory is a reading of what a change of CSP owner does to the past.
type CSPHistory string

// The two readings.
const (
	OwnerOnDate CSPHistory = "owner_on_D"  // the owner on the question's date has the whole history
	ByInterval  CSPHistory = "by_interval" // each owner has its own time
)

// Roles says which role assignments earn through a partner admin link.
type Roles struct {
	// Eligible, if not empty, lists the only roles that earn.
	Eligible []string
	// ExcludeContaining: otherwise every role earns but those whose name holds
	// one of these words, in any case.
	ExcludeContaining []string
	Provenance        Provenance
}

// OwnerRule says whose link counts for a resource that is reached by owning it.
type OwnerRule struct {
	Relations  []string // "owner", "co-owner", "creator", "publisher", "user"
	LatestOnly bool     // of several accounts only the one that was active last is credited
	Provenance Provenance
}

// Rate is the monthly consumption value of one unit. A nil Value is a rate that
// no source gives (rate: unknown): what needs it stops with an error, it is not 0.
type Rate struct {
	Value      *kizuna.Decimal
	Unit       string // "MAU", "profiles"
	Includes   []string
	Provenance Provenance
}

// Certificate is one that the program knows, under its exam code.
type Certificate struct {
	ID   string
	Name string
	// LastDay is the last day on which it counts at all, whoever holds it; nil if
	// it still counts.
	LastDay *kizuna.Date
	Retired *kizuna.Date
	Note    string
}

// PeopleRules hold for the people of a company.
type PeopleRules struct {
	RetiredCountsMonths int // how long a retired certificate counts on, if it names no day
	LinksPerYear        int // how often a person may link a profile in 365 days; 0: no limit
	CoolingOffDays      int // days between two links
	// LeaversCountThrough is the day of the month through which certificates of
	// somebody still count whose leaving was reported in the month before; 0: they
	// count until the report.
	LeaversCountThrough int
}

// Category is one of the three of the score.
type Category string

// The categories.
const (
	Performance     Category = "performance"
	Skilling        Category = "skilling"
	CustomerSuccess Category = "customer_success"
)

// Area is a solution area: what a designation is earned in.
type Area struct {
	ID      string // "data-ai"
	Name    Text
	Max     kizuna.Fraction
	Track   TrackRule
	Metrics []Metric // in the program's order
	// Scoring is how the area is judged, if not as the program's other areas are.
	Scoring *Scoring `json:",omitempty"`
}

// ScoringOf returns how an area is judged.
func (p *Program) ScoringOf(a *Area) *Scoring {
	if a.Scoring != nil {
		return a.Scoring
	}
	return &p.Scoring
}

// Metric returns the metric of that id, or nil.
func (a *Area) Metric(id string) *Metric {
	for i := range a.Metrics {
		if a.Metrics[i].ID == id {
			return &a.Metrics[i]
		}
	}
	return nil
}

// TrackKind says how an area's track is found.
type TrackKind string

// The kinds.
const (
	SingleTrack TrackKind = "single"   // there is only one
	BestTrack   TrackKind = "best"     // all are computed whole, the best is shown, any may pass
	Classified  TrackKind = "classify" // facts say which one the partner is on
	// BestMetrics takes every metric from the track that gives it most. No source
	// says so plainly and no file can: it is asked only to explain a figure.
	BestMetrics TrackKind = "best_metrics"
)

// Single is the name of the only track of an area that has no tracks.
const Single = "single"

// TrackRule says which tracks an area has and how one is taken.
type TrackRule struct {
	Kind       TrackKind
	Tracks     []string // in the program's order; {Single} where there is only one
	Names      map[string]Text
	Classifier *Classifier // for Classified
	Provenance Provenance
}

// ClassifierKind says what a classification looks at.
type ClassifierKind string

// The kinds.
const (
	// BySellingWorkloads counts workloads for which some tenant has revenue above
	// Above, in M-1 and in M-13: AtLeast or more, in the months that Decides names,
	// give Then, else Otherwise.
	BySellingWorkloads ClassifierKind = "selling_workloads"
	// BySegment gives Then if at least Share of the customers with counted
	// revenue in M-1 are in Segment, else Otherwise.
	BySegment ClassifierKind = "customer_segment"
	// ByMarket gives Then if some customer is in one of Countries, else Otherwise.
	// Without a list the answer is Otherwise, shown as unknown.
	ByMarket ClassifierKind = "market"
)

// Classifier puts a partner on one track of an area.
type Classifier struct {
	Kind            ClassifierKind
	Then, Otherwise string

	Above   kizuna.Micro // BySellingWorkloads: monthly revenue of a tenant in a workload, dollars
	AtLeast int64        // BySellingWorkloads: how many workloads
	// Count is what BySellingWorkloads counts: Workloads, or Pairs, in which a
	// workload counts once for every tenant.
	Count Subject `json:",omitzero"`
	// Decides says for which months BySellingWorkloads must hold.
	Decides Deciding `json:",omitzero"`

	Segment string          // BySegment
	Share   kizuna.Fraction // BySegment: 4/5
	// ShareExclusive: more than Share, not at least. RevenueBelow, if set, must
	// hold as well (trailing twelve months).
	ShareExclusive bool
	RevenueBelow   *kizuna.Micro

	Countries []string // ByMarket; empty: the list is not known

	Feeds    []Feed   // whose revenue is looked at
	Channels []string // and through which channels, all if empty
}

// Deciding says which of two months decide a classification.
type Deciding string

// The ways.
const (
	BothMonths  Deciding = ""       // it must hold in M-1 and in M-13
	LastMonth   Deciding = "last"   // M-1 alone is asked
	EitherMonth Deciding = "either" // one of the two suffices
)

// Metric is one line of an area's score.
type Metric struct {
	ID       string // "net_customer_adds"
	Name     Text
	Category Category
	Rules    map[string]*Rule // by track; every track of the area has one
}

// Combine says how a rule's components make its points.
type Combine string

// The ways.
const (
	Sum  Combine = "sum"  // parts: each capped at its own maximum, added, capped at the rule's
	Best Combine = "best" // options: the greatest is taken, never added
)

// Rule is what a metric measures on one track. Exactly one of People and
// Components is set.
type Rule struct {
	Max        kizuna.Fraction
	Unit       string       // of progress: "net_customer", "percent", "person"
	People     []PeopleRule // in order of From; the last that is in force on D holds
	Combine    Combine
	Components []Component
	// LossesOffset lets a part that lost take points away from the others; else a
	// part gives no less than 0 before parts are added.
	LossesOffset bool `json:",omitzero"`
	Provenance   Provenance
}

// PeopleOn returns the people rule in force on the day.
func (r *Rule) PeopleOn(d kizuna.Date) *PeopleRule {
	var found *PeopleRule
	for i := range r.People {
		if r.People[i].From == nil || *r.People[i].From <= d {
			found = &r.People[i]
		}
	}
	return found
}

// PeopleRule counts people who hold certificates.
type PeopleRule struct {
	From *kizuna.Date // in force from this day on; nil: from the start
	// Steps must all be met before Counted earns anything; a step may earn points itself.
	Steps []Step
	// StepsInOrder: a step earns its own points only if those before it are met.
	StepsInOrder bool            `json:",omitzero"`
	Counted      []string        // certificates; a person counts once however many
	PerPerson    kizuna.Fraction // exact points of each counted person
}

// Step is a prerequisite: that many people holding any one of the certificates.
type Step struct {
	AnyOf  []string
	People int64
	Points kizuna.Fraction // earned once, when the step is met by itself
}

// String writes the step: "2 x SC-200 | MS-500", and what it earns by itself: "1 x AZ-104 = 4".
func (s Step) String() string {
	text := strconv.FormatInt(s.People, 10) + " x " + strings.Join(s.AnyOf, " | ")
	if s.Points.Sign() > 0 {
		text += " = " + s.Points.String()
	}
	return text
}

// Component is a part or an option of a rule: a measure, its threshold and the
// points it can give. Points are clamp(Max x progress / Threshold, 0, Max).
type Component struct {
	ID        string // "azure", "CPOR"; "" for the only one
	Max       kizuna.Fraction
	Threshold kizuna.Fraction
	// Step, if above 0, is the progress that counts at a time: only whole steps earn.
	Step    kizuna.Fraction `json:",omitzero"`
	Measure Measure
}

// Points returns the exact points of a progress.
func (c *Component) Points(progress kizuna.Fraction) kizuna.Fraction {
	switch { // most have none, or all, and a comparison is cheaper than a quotient
	case progress.Sign() <= 0:
		return kizuna.Fraction{}
	case c.Step.Sign() <= 0 && progress.Cmp(c.Threshold) >= 0:
		return c.Max
	}
	if c.Step.Sign() > 0 {
		progress = kizuna.Int(progress.Div(c.Step).Floor()).Mul(c.Step)
	}
	return c.Max.Mul(progress).Div(c.Threshold).Clamp(kizuna.Fraction{}, c.Max)
}

// Change says what is made of the value now and the value a year before.
type Change string

// The changes.
const (
	Net     Change = "net"     // now less base
	Percent Change = "percent" // 100 x (now - base) / base
	Gross   Change = "gross"   // now alone, no comparison
)

// Subject says what is counted.
type Subject string

// The subjects. Amount means that the quantity itself is added up.
const (
	Amount    Subject = "amount"
	Tenants   Subject = "tenants"   // customer tenants
	Pairs     Subject = "pairs"     // (customer tenant, workload) pairs
	Workloads Subject = "workloads" // distinct workloads over all tenants
)

// Quantity is what is looked at in usage rows.
type Quantity string

// The quantities. Revenue is a sum over the window; the others are snapshots of a month.
const (
	Revenue     Quantity = "revenue"     // consumed revenue, millionths of a dollar
	ActiveUsers Quantity = "users"       // monthly active users, millionths
	PaidSeats   Quantity = "seats"       // paid available seats, millionths
	Consumption Quantity = "consumption" // monthly consumption value: units x rate, millionths
)

// WindowKind is the shape of a window.
type WindowKind string

// The kinds. A window of months asks its question of each month and is satisfied
// by any of them; a trailing window adds its months up.
const (
	AnyMonth WindowKind = "months"
	Trailing WindowKind = "trailing"
)

// Window is the stretch of months that a measure looks at: Months of them ending
// with M-1, compared with as many ending with M-1-Back where Back is not 0.
type Window struct {
	Kind   WindowKind
	Months int
	Back   int // 12: a year before; 0: no baseline
}

// Measure says what is measured.
type Measure struct {
	Change   Change
	Subject  Subject
	Quantity Quantity
	Window   Window
	Feeds    []Feed
	Channels []string // sales channels that count, all if empty

	// Amount bounds the quantity: of a tenant, or of a pair where Subject is
	// Pairs, each time by itself. Nil asks for more than 0; of active users, for
	// nothing: a tenant with a covered snapshot counts.
	Amount *Range
	// Seats: some covered workload's paid seats in this range make the tenant eligible.
	Seats *Range
	// StaysAfterGrowth: a tenant whose seats outgrew the range still counts at
	// M-1 if it was in it at M-13.
	StaysAfterGrowth bool
	// Share is the least share of paid seats that must be active; ShareExclusive:
	// more than it. ShareOfWorkload asks it of some covered workload, not of all
	// of them together.
	Share           *kizuna.Fraction
	ShareExclusive  bool `json:",omitzero"`
	ShareOfWorkload bool `json:",omitzero"`
	// NewShareAtMost, with Share: leave out at M-1 a tenant that was not covered
	// at M-13 and whose share was already above this in its first covered month since.
	// NewShareExclusive: or equal to this.
	NewShareAtMost    *kizuna.Fraction
	NewShareExclusive bool `json:",omitzero"`
	// SinceAssociation: growth counts from the first covered month after M-13 if
	// a pair was not covered at M-13.
	SinceAssociation bool

	// FloorNow and FloorBase are the least sums, in whole units, at which Percent gives points.
	FloorNow, FloorBase *kizuna.Micro
}

// Range bounds an amount. A nil end is open.
type Range struct {
	From, To                   *kizuna.Micro
	FromExclusive, ToExclusive bool
}

// Contains reports whether the amount is in the range.
func (r *Range) Contains(m kizuna.Micro) bool {
	if r == nil {
		return m > 0
	}
	if r.From != nil && (m < *r.From || r.FromExclusive && m == *r.From) {
		return false
	}
	return r.To == nil || m < *r.To || !r.ToExclusive && m == *r.To
}

// Feed names workloads and the association types through which they count.
type Feed struct {
	Workloads WorkloadSet
	Types     TypeSet
}

// Family groups workloads by the kind of file that reports their usage.
type Family string

// The families.
const (
	AzureFamily    Family = "azure"
	M365Family     Family = "microsoft-365"
	BusinessFamily Family = "business-applications"
)

// WorkloadSet is a resolved workload list.
type WorkloadSet struct {
	List    string // its name in the program
	Family  Family
	Product string // every row of subscriptions of this product, whatever its workload; "" if Names bind
	Names   map[string]bool
	Except  map[string]bool
}

// WorkloadList is a workload list of the program and where it was read.
type WorkloadList struct {
	WorkloadSet
	Name       Text
	Provenance Provenance
}

// Holds reports whether a row counts: its workload's name after aliases, and
// the product of its subscription.
func (w *WorkloadSet) Holds(workload, product string) bool {
	if w.Product != "" {
		return product == w.Product && !w.Except[workload]
	}
	return w.Names[workload]
}

// String writes the bounds: "> 300", ">= 11, <= 300".
func (r *Range) String() string {
	if r == nil {
		return "> 0"
	}
	var parts []string
	if r.From != nil {
		op := ">= "
		if r.FromExclusive {
			op = "> "
		}
		parts = append(parts, op+r.From.String())
	}
	if r.To != nil {
		op := "<= "
		if r.ToExclusive {
			op = "< "
		}
		parts = append(parts, op+r.To.String())
	}
	return strings.Join(parts, ", ")
}
