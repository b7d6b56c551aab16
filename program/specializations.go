package program

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Specializations are what a program certifies beyond a designation: for each the
// designations that it stands on, what must be reached, and who validates it.
type Specializations struct {
	Renewal    RenewalRule
	Audit      AuditRule
	References ReferenceRule
	List       []Specialization // in the program's order
}

// RenewalRule says how a specialization is kept. Days count from its own
// anniversary, which is a year after the one before, whenever it was renewed.
type RenewalRule struct {
	OpensBefore int // so many days before the anniversary; the requirements must be met on some day since
	ClosesAfter int // so many days after; then it lapses
	// ValidateEvery is how many years a validation serves: every second anniversary
	// needs an audit, or references, anew.
	ValidateEvery int
	Reminders     []int // days to the anniversary, those after it negative, in order of time
	Provenance    Provenance
}

// AuditRule says how an audit goes on.
type AuditRule struct {
	RetryAfterDays int // after a failed one another can be requested
	ValidYears     int // of a pass
	Provenance     Provenance
}

// ReferenceRule says which customer references are wanted.
type ReferenceRule struct {
	Count        int
	WithinMonths int  // how old the engagement may be; 0: no source says so
	Separate     bool // each is of an engagement of its own
	ValidYears   int
	Provenance   Provenance
}

// Validation is who confirms a specialization after everything else is met.
type Validation string

// The validations.
const (
	ByAudit      Validation = "audit"      // a third party
	ByReferences Validation = "references" // customers
	Automatic    Validation = "none"       // nobody: what is met is had
)

// Specialization is one of them.
type Specialization struct {
	ID    string // "infra-database-migration"
	Name  Text
	Group string // of the caps on benefits: "azure"
	// From and To are the first and the last day on which it can be earned; nil: those
	// of the program's version.
	From, To *kizuna.Date
	Terms    []Terms // in order of From; the last that is in force on a day holds
}

// TermsOn returns the terms in force on the day.
func (s *Specialization) TermsOn(d kizuna.Date) *Terms {
	found := &s.Terms[0]
	for i := range s.Terms {
		if s.Terms[i].From != nil && *s.Terms[i].From <= d {
			found = &s.Terms[i]
		}
	}
	return found
}

// OfferedOn reports whether it can be earned on the day.
func (s *Specialization) OfferedOn(d kizuna.Date) bool {
	return (s.From == nil || *s.From <= d) && (s.To == nil || d <= *s.To)
}

// Aspect is one kind of requirement, as far as what is known of it goes.
type Aspect string

// The aspects.
const (
	OfPerformance Aspect = "performance"
	OfSkilling    Aspect = "skilling"
	OfOffers      Aspect = "offers"
)

// Terms are what a specialization asks for.
type Terms struct {
	From *kizuna.Date `json:",omitempty"` // in force from this day on; nil: from the start
	// Designations: one of AnyOf, or all of AllOf; the other is empty.
	AnyOf, AllOf []string
	Validation   Validation
	// Offers is how many offers must be published on the vendor's marketplace; an
	// operator says that they are.
	Offers int
	// Requirements are met if all their points are earned: each of n gives 100/n.
	Requirements []Metric
	// Unknown are the aspects of which no source says what is asked for. It is said
	// wherever the specialization is shown, and never taken for met.
	Unknown    []Aspect
	Provenance Provenance
}

// Aligned lists the designations that the terms name.
func (t *Terms) Aligned() []string { return slices.Concat(t.AnyOf, t.AllOf) }

// Entitled reports whether designations are enough.
func (t *Terms) Entitled(has func(area string) bool) bool {
	if len(t.AllOf) > 0 {
		return !slices.ContainsFunc(t.AllOf, func(area string) bool { return !has(area) })
	}
	return slices.ContainsFunc(t.AnyOf, has)
}

// Specialization returns the one of that id, or nil.
func (p *Program) Specialization(id string) *Specialization {
	if p.Specializations == nil {
		return nil
	}
	for i := range p.Specializations.List {
		if s := &p.Specializations.List[i]; s.ID == id {
			return s
		}
	}
	return nil
}

// ForSpecializations returns a program whose areas are the specializations that can
// be earned on a day, as far as their requirements are known: an area passes if every
// requirement is met. So all that counts, explains and plans areas does it with
// specializations as well, by the same rules.
func (p *Program) ForSpecializations(d kizuna.Date) *Program {
	out := *p
	out.Scoring.TotalMax, out.Scoring.PassTotal = kizuna.Int(100), kizuna.Int(100)
	out.Scoring.GateValue, out.Scoring.GateInclusive = kizuna.Fraction{}, false
	out.Scoring.WholePoints = false // 100/3 is not whole
	out.Areas = nil
	if p.Specializations == nil {
		return &out
	}
	for i := range p.Specializations.List {
		if s := &p.Specializations.List[i]; s.OfferedOn(d) && len(s.TermsOn(d).Requirements) > 0 {
			out.Areas = append(out.Areas, s.area(d))
		}
	}
	return &out
}

// WithSpecializations returns a program that has some specializations as areas besides
// its own, as their terms of a day are: those of them whose requirements are known. Each
// passes if every requirement is met, by all of its points.
func (p *Program) WithSpecializations(d kizuna.Date, ids ...string) *Program {
	out := *p
	out.Areas = slices.Clip(out.Areas)
	for _, id := range ids {
		s := p.Specialization(id)
		if s == nil || len(s.TermsOn(d).Requirements) == 0 || out.Area(id) != nil {
			continue
		}
		a := s.area(d)
		scoring := p.Scoring
		scoring.TotalMax, scoring.PassTotal, scoring.WholePoints = a.Max, a.Max, false
		scoring.GateValue, scoring.GateInclusive = a.Max.Div(kizuna.Int(int64(len(a.Metrics)))), true
		a.Scoring = &scoring
		out.Areas = append(out.Areas, a)
	}
	return &out
}

// area is the specialization as an area, as its terms of the day are.
func (s *Specialization) area(d kizuna.Date) Area {
	t := s.TermsOn(d)
	return Area{
		ID: s.ID, Name: s.Name, Max: kizuna.Int(100),
		Track:   TrackRule{Kind: SingleTrack, Tracks: []string{Single}, Provenance: t.Provenance},
		Metrics: t.Requirements,
	}
}

// The grammar.

var designationsShape = &object{name: "designations", fields: []field{
	{key: "any_of", doc: "One of these areas' designations,", of: textsShape},
	{key: "all_of", doc: "or each of these.", of: textsShape},
}}

var termsFields = []field{
	{key: "designations", doc: "Which designations it stands on.", of: designationsShape},
	{key: "validation", doc: "Who confirms it after all else is met.", of: oneOf{string(ByAudit), string(ByReferences), string(Automatic)}},
	{key: "offers", doc: "Offers to be published on the marketplace (0).", of: integerShape},
	{key: "requirements", doc: "What must be reached: rules without max, each met at full_at.", of: mapOf{requirementShape}},
	{key: "unknown", doc: "Aspects of which no source says what is asked for.", of: listOf{oneOf{string(OfPerformance), string(OfSkilling), string(OfOffers)}}},
}

var requirementShape = &object{name: "requirement", fields: slices.Concat(
	[]field{
		{key: "use", doc: "Begin with this one of rules.", of: textShape},
		{key: "name", doc: "Its name, if not the one under metrics.", of: namesShape},
		{key: "category", doc: "Its category, if not the one under metrics.", of: categoriesShape},
	},
	slices.DeleteFunc(slices.Clone(ruleFields), func(f field) bool { return f.key == "max" }),
)}

var specializationShape = &object{name: "specialization", fields: withProvenance(slices.Concat(
	[]field{
		{key: "name", doc: "Its name.", of: namesShape, required: true},
		{key: "group", doc: "Its group, for the caps on benefits.", of: textShape},
		{key: "from", doc: "First day on which it can be earned.", of: dateShape},
		{key: "to", doc: "Last day.", of: dateShape},
	},
	termsFields,
	[]field{{key: "changes", doc: "What is asked for later, oldest first.", of: listOf{&object{
		name: "terms_change", fields: withProvenance(append([]field{
			{key: "from", doc: "In force from this day on.", of: dateShape, required: true},
		}, termsFields...)...),
	}}}},
)...)}

var specializationsShape = &object{name: "specializations", fields: withProvenance(
	field{key: "renewal", doc: "How one is kept.", of: &object{name: "keeping", fields: withProvenance(
		field{key: "opens_days_before", doc: "Days before the anniversary on which renewing opens.", of: integerShape},
		field{key: "closes_days_after", doc: "Days after it on which it closes.", of: integerShape},
		field{key: "validate_every", doc: "Years that an audit, or references, serve (1).", of: integerShape},
		field{key: "reminders", doc: "Days before the anniversary on which a reminder is sent; after it negative.", of: listOf{integerShape}},
	)}},
	field{key: "audit", doc: "How an audit goes on.", of: &object{name: "audit", fields: withProvenance(
		field{key: "retry_after_days", doc: "Days after a failed audit before the next can be requested (0).", of: integerShape},
		field{key: "valid_years", doc: "How long a pass is valid (1).", of: integerShape},
	)}},
	field{key: "references", doc: "Which customer references are wanted.", of: &object{name: "references", fields: withProvenance(
		field{key: "count", doc: "How many (1).", of: integerShape},
		field{key: "within_months", doc: "How old the engagement may be (any age).", of: integerShape},
		field{key: "separate", doc: "Each is of an engagement of its own.", of: booleanShape},
		field{key: "valid_years", doc: "How long they serve (1).", of: integerShape},
	)}},
	field{key: "catalog", doc: "The specializations, in order.", of: mapOf{specializationShape}},
)}

// specializations reads them; a program without the section has none.
func (b *builder) specializations(n *node) *Specializations {
	if n == nil {
		return nil
	}
	around := b.provenanceOf(n, b.provenance)
	s := &Specializations{}
	r := n.get("renewal")
	s.Renewal = RenewalRule{
		OpensBefore: b.atLeast(r, "opens_days_before", 0, 0), ClosesAfter: b.atLeast(r, "closes_days_after", 0, 0),
		ValidateEvery: b.atLeast(r, "validate_every", 1, 1), Provenance: b.provenanceOf(r, around),
	}
	if days := r.get("reminders"); days != nil {
		for _, item := range days.items {
			s.Renewal.Reminders = append(s.Renewal.Reminders, integerOr(item, 0))
		}
		slices.SortFunc(s.Renewal.Reminders, func(x, y int) int { return -cmp.Compare(x, y) })
		s.Renewal.Reminders = slices.Compact(s.Renewal.Reminders)
	}
	a := n.get("audit")
	s.Audit = AuditRule{b.atLeast(a, "retry_after_days", 0, 0), b.atLeast(a, "valid_years", 1, 1), b.provenanceOf(a, around)}
	f := n.get("references")
	s.References = ReferenceRule{
		Count: b.atLeast(f, "count", 1, 1), WithinMonths: b.atLeast(f, "within_months", 0, 0),
		Separate: isTrue(f.get("separate")), ValidYears: b.atLeast(f, "valid_years", 1, 1), Provenance: b.provenanceOf(f, around),
	}
	for _, e := range n.get("catalog").fields() {
		s.List = append(s.List, b.specialization(e, around))
	}
	return s
}

func (b *builder) specialization(e entry, around Provenance) Specialization {
	n := e.value
	s := Specialization{ID: e.key, Name: namesOf(n.get("name")), Group: textOf(n.get("group")), From: dateOrNil(n.get("from")), To: dateOrNil(n.get("to"))}
	if s.From != nil && s.To != nil && *s.To < *s.From {
		b.report(n.place("to"), kizuna.Errorf("program-period", "the last day %s is before the first day %s", *s.To, *s.From).
			WithMend("exchange the two, or leave to: out while it can be earned"))
	}
	if b.p.Area(s.ID) != nil {
		b.report(e.at, kizuna.Errorf("program-specialization-id", "%q is the id of an area", clip(s.ID)).WithMend("give the specialization another id"))
	}
	unchanged := n.without("name", "group", "from", "to", "changes")
	s.Terms = []Terms{b.terms(e.at, unchanged, around)}
	later := n.get("changes")
	if later == nil {
		return s
	}
	for _, item := range later.items {
		unchanged = merge(unchanged, item.without("from"))
		t := b.terms(item.at, unchanged, around)
		t.From = dateOrNil(item.get("from"))
		if before := s.Terms[len(s.Terms)-1].From; before != nil && *t.From <= *before {
			b.report(item.get("from").at, kizuna.Errorf("program-changes-order", "%s is not after %s", *t.From, *before).
				WithMend("order the changes by their days"))
		}
		s.Terms = append(s.Terms, t)
	}
	return s
}

func (b *builder) terms(at kizuna.Ref, n *node, around Provenance) Terms {
	t := Terms{Provenance: b.provenanceOf(n, around), Validation: Validation(textOf(n.get("validation"))), Offers: b.atLeast(n, "offers", 0, 0)}
	if t.Validation == "" {
		b.report(at, missing("validation"))
	}
	d := n.get("designations")
	t.AnyOf, t.AllOf = b.areaIDs(d.get("any_of")), b.areaIDs(d.get("all_of"))
	if (len(t.AnyOf) == 0) == (len(t.AllOf) == 0) {
		b.report(at, kizuna.Errorf("program-designations", "a specialization stands on any_of or all_of some designations").
			WithMend("write designations: {any_of: [...]}, or {all_of: [...]}"))
	}
	for _, a := range b.distinct(n.get("unknown")) {
		t.Unknown = append(t.Unknown, Aspect(a))
	}
	requirements := n.get("requirements").fields()
	if len(requirements) == 0 && len(t.Unknown) == 0 {
		b.report(at, kizuna.Errorf("program-no-requirements", "nothing is asked for").
			WithMend("add requirements:, or unknown: [performance, skilling] if no source says what they are"))
		return t
	}
	// Each gives an equal share of the points: met is what earns all of them.
	share := scalarNode(at, kizuna.Ratio(100, int64(max(1, len(requirements)))).String())
	track := &TrackRule{Kind: SingleTrack, Tracks: []string{Single}}
	for _, e := range requirements {
		e.value = e.value.with("max", share)
		if m, ok := b.metric(e, track, t.Provenance); ok {
			t.Requirements = append(t.Requirements, m)
		}
	}
	return t
}

// areaIDs reads a list of areas.
func (b *builder) areaIDs(n *node) []string {
	if n == nil {
		return nil
	}
	var ids []string
	for i := range b.p.Areas {
		ids = append(ids, b.p.Areas[i].ID)
	}
	for _, item := range n.items {
		if !slices.Contains(ids, item.text) {
			b.report(item.at, unknown("program-unknown-area", "%q is not an area", clip(item.text), ids, "areas"))
		}
	}
	return b.distinct(n)
}

func (d *description) specializations(s *Specializations) {
	d.under("renewal", func() {
		d.text("opens_days_before", s.Renewal.OpensBefore)
		d.text("closes_days_after", s.Renewal.ClosesAfter)
		d.text("validate_every", s.Renewal.ValidateEvery)
		d.text("reminders", strings.Join(strings.Fields(strings.Trim(fmt.Sprint(s.Renewal.Reminders), "[]")), ", "))
	})
	d.under("audit", func() {
		d.text("retry_after_days", s.Audit.RetryAfterDays)
		d.text("valid_years", s.Audit.ValidYears)
	})
	d.under("references", func() {
		d.text("count", s.References.Count)
		d.text("within_months", s.References.WithinMonths)
		d.text("separate", s.References.Separate)
		d.text("valid_years", s.References.ValidYears)
	})
	for i := range s.List {
		one := &s.List[i]
		d.under(one.ID, func() { d.specialization(one) })
	}
}

func (d *description) specialization(s *Specialization) {
	d.add("group", fact{text: s.Group})
	if s.From != nil {
		d.text("from", *s.From)
	}
	if s.To != nil {
		d.text("to", *s.To)
	}
	before := termsAlone(&s.Terms[0])
	for _, path := range before.order {
		d.add(path, before.facts[path])
	}
	for i := range s.Terms[1:] { // of later terms, what is other than before
		t := &s.Terms[i+1]
		now := termsAlone(t)
		d.under("from "+t.From.String(), func() {
			for _, path := range now.order {
				if now.facts[path].differsFrom(before.facts[path]) != nil {
					d.add(path, now.facts[path])
				}
			}
		})
		before = now
	}
}

func termsAlone(t *Terms) *description {
	d := &description{facts: make(map[string]fact)}
	d.terms(t)
	return d
}

func (d *description) terms(t *Terms) {
	d.names("any_of", t.AnyOf)
	d.names("all_of", t.AllOf)
	d.text("validation", string(t.Validation))
	d.text("offers", t.Offers)
	var unknown []string
	for _, a := range t.Unknown {
		unknown = append(unknown, string(a))
	}
	d.names("unknown", unknown)
	for i := range t.Requirements {
		m := &t.Requirements[i]
		d.under(m.ID, func() {
			d.text("category", string(m.Category))
			d.rule(m.Rules[Single])
		})
	}
}
