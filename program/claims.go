package program

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/calendar"
)

// ClaimRules govern claims of a partner of record (CPOR): who has how long for
// what, and what a claim must bring. Package association/claim lives by them.
type ClaimRules struct {
	Region string // whose business days are counted: "US"

	StartReview   Limit // from submission to the beginning of the review; a notice only
	Review        Limit // of the review; a notice only
	Answer        Limit // for the partner; then the claim is rejected
	DisputeReview Limit // of a dispute; a notice only

	Decline      DeclineRule
	Alternatives []DeclineRule // what other pages of the same time say of it

	Dispute  Limit // from a rejection on
	Disputes int   // how often a claim may be disputed
	// FinalRejection: a lost dispute and a disassociation end in rejected-final;
	// otherwise in rejected.
	FinalRejection bool
	EditIn         []string // states besides the draft in which the partner may edit
	NotifyCustomer string   // "submission" or "approval"
	// OnePerRole: a subscription has one partner for each role, not one over all.
	OnePerRole bool
	Evidence   EvidenceRules

	// Provenance of each figure, by its key in the program file.
	Provenance map[string]Provenance
}

// Limit is a time limit, in days of the calendar or in business days. The zero
// Limit is none.
type Limit struct {
	Days         int
	BusinessDays int
}

// DeclineRule says until when the customer may decline an approved claim.
type DeclineRule struct {
	Limit
	Later      bool // also after the window, at any time
	Provenance Provenance
}

// EvidenceRules say what a claim's evidence must be.
type EvidenceRules struct {
	MaxMebibytes       int // of one file
	MediaTypes         []string
	SignedWithinMonths int      // the customer's signature is at most so old at submission
	MustShow           []string // what the evidence must show together
	UsageMustShow      []string // and that of a usage claim besides
}

// MaxBytes is the size that a file may have.
func (e *EvidenceRules) MaxBytes() int64 { return int64(e.MaxMebibytes) << 20 }

// None reports whether there is no limit.
func (l Limit) None() bool { return l == Limit{} }

// String writes "14 business days", "30 days" or "none".
func (l Limit) String() string {
	switch {
	case l.BusinessDays > 0:
		return fmt.Sprint(l.BusinessDays, " business days")
	case l.Days > 0:
		return fmt.Sprint(l.Days, " days")
	}
	return "none"
}

// Last returns the last day on which something that began on a day is in time.
func (l Limit) Last(began kizuna.Date, days *calendar.Calendar) (kizuna.Date, error) {
	if l.BusinessDays > 0 {
		return days.AddBusinessDays(began, l.BusinessDays)
	}
	return began.AddDays(l.Days), nil
}

// The grammar.

var limitFields = []field{
	{key: "days", doc: "So many days of the calendar,", of: integerShape},
	{key: "business_days", doc: "or so many business days of the region.", of: integerShape},
}

var limitShape = &object{name: "limit", fields: withProvenance(limitFields...)}

var declineFields = slices.Concat(limitFields, []field{
	{key: "later", doc: "The customer may also decline at any later time (true where there is no limit).", of: booleanShape},
})

var claimsShape = &object{name: "claims", fields: withProvenance(
	field{key: "region", doc: "Whose holidays are no business days.", of: oneOf(calendar.Regions())},
	field{key: "start_review", doc: "From submission until the review begins.", of: limitShape},
	field{key: "review", doc: "How long the review takes.", of: limitShape},
	field{key: "answer", doc: "How long the partner has to answer; then the claim is rejected.", of: limitShape},
	field{key: "dispute_review", doc: "How long the answer to a dispute takes.", of: limitShape},
	field{key: "decline", doc: "How long the customer has to decline an approved claim.", of: &object{name: "decline", fields: withProvenance(append(slices.Clone(declineFields),
		field{key: "alternatives", doc: "What other pages of the same time say.", of: listOf{&object{name: "decline_alternative", fields: withProvenance(declineFields...)}}},
	)...)}},
	field{key: "dispute", doc: "How long after a rejection, and how often, the partner may dispute it.", of: &object{name: "dispute", fields: withProvenance(append(slices.Clone(limitFields),
		field{key: "times", doc: "How often (1).", of: integerShape},
	)...)}},
	field{key: "rejection", doc: "What a lost dispute and a disassociation end in.", of: &object{name: "rejection", fields: withProvenance(
		field{key: "final", doc: "In a state of their own that nothing leaves (true).", of: booleanShape},
	)}},
	field{key: "editing", doc: "Where the partner may change a claim.", of: &object{name: "editing", fields: withProvenance(
		field{key: "in", doc: "States besides the draft.", of: listOf{oneOf{"submitted", "action-required"}}},
	)}},
	field{key: "notice", doc: "When the customer is told.", of: &object{name: "notice", fields: withProvenance(
		field{key: "at", of: oneOf{"submission", "approval"}, required: true},
	)}},
	field{key: "uniqueness", doc: "How many partners may hold the same thing: a workload of a tenant has one.", of: &object{name: "uniqueness", fields: withProvenance(
		field{key: "subscription", doc: "A subscription has one for each role, or one over all roles (role).", of: oneOf{"role", "all"}},
	)}},
	field{key: "evidence", doc: "What evidence must be.", of: &object{name: "evidence", fields: withProvenance(
		field{key: "max_mebibytes", doc: "Size of a file (10).", of: integerShape},
		field{key: "media_types", doc: "Kinds of files.", of: textsShape},
		field{key: "signed_within_months", doc: "How old the customer's signature may be at submission (12).", of: integerShape},
		field{key: "must_show", doc: "What the files must show together.", of: listOf{elementShape}},
		field{key: "usage_must_show", doc: "What those of a usage claim must show besides.", of: listOf{elementShape}},
	)}},
)}

var elementShape = oneOf{"partner", "customer", "acknowledgement", "description", "workloads", "disclosure"}

// EvidenceElements lists what evidence can show: the data of the partner and of the
// customer, the customer's acknowledgement, the description of the work, the
// workloads, the disclosure that the public sector wants.
func EvidenceElements() []string { return slices.Clone(elementShape) }

// claims reads the rules for claims; a program without them takes no claims.
func (b *builder) claims(n *node) *ClaimRules {
	if n == nil {
		return nil
	}
	around := b.provenanceOf(n, b.provenance)
	c := &ClaimRules{Region: textOf(n.get("region")), Provenance: make(map[string]Provenance)}
	for _, e := range n.fields() {
		if e.value.kind == mapping {
			c.Provenance[e.key] = b.provenanceOf(e.value, around)
		}
	}
	limit := func(at *node) Limit { return b.limit(n, at) }
	c.StartReview, c.Review = limit(n.get("start_review")), limit(n.get("review"))
	c.Answer, c.DisputeReview = limit(n.get("answer")), limit(n.get("dispute_review"))

	decline := n.get("decline")
	c.Decline = DeclineRule{limit(decline), isTrue(decline.get("later")), b.provenanceOf(decline, around)}
	if c.Decline.None() {
		c.Decline.Later = true // no rule takes the customer's word away
	}
	if alternatives := decline.get("alternatives"); alternatives != nil {
		for _, item := range alternatives.items {
			c.Alternatives = append(c.Alternatives, DeclineRule{limit(item), isTrue(item.get("later")), b.provenanceOf(item, around)})
		}
	}
	dispute := n.get("dispute")
	c.Dispute, c.Disputes = limit(dispute), b.atLeast(dispute, "times", 0, 1)
	final := n.get("rejection").get("final")
	c.FinalRejection = final == nil || isTrue(final)
	c.EditIn = b.distinct(n.get("editing").get("in"))
	c.NotifyCustomer = textOf(n.get("notice").get("at"))
	c.OnePerRole = textOf(n.get("uniqueness").get("subscription")) != "all"
	c.Evidence = b.evidence(n.get("evidence"))
	return c
}

// limit reads a time limit, {days: 30} or {business_days: 5}.
func (b *builder) limit(claims, n *node) Limit {
	days, business := n.get("days"), n.get("business_days")
	if days != nil && business != nil {
		second := n.place("business_days")
		if second.File != n.at.File { // the file at hand added the other one
			second = n.place("days")
		}
		b.report(second, kizuna.Errorf("program-two-limits", "a limit is counted in days or in business days, not in both").
			WithMend("keep one of the two; null takes away what a file builds on: {business_days: null, days: 7}"))
	}
	if business != nil && !claims.has("region") {
		b.report(business.at, kizuna.Errorf("program-no-region", "business days need a region").
			WithMend("add region: under claims, one of %s", strings.Join(calendar.Regions(), ", ")))
	}
	return Limit{Days: b.atLeast(n, "days", 1, 0), BusinessDays: b.atLeast(n, "business_days", 1, 0)}
}

// atLeast reads a whole number that must not be less than this.
func (b *builder) atLeast(n *node, key string, least, otherwise int) int {
	at := n.get(key)
	i := integerOr(at, otherwise)
	if at != nil && i < least {
		b.report(at.at, kizuna.Errorf("program-too-small", "%s must be %d or more", key, least).
			WithMend("write a larger number, or leave it out"))
	}
	return i
}

func (b *builder) evidence(n *node) EvidenceRules {
	e := EvidenceRules{
		MaxMebibytes:       b.atLeast(n, "max_mebibytes", 1, 10),
		MediaTypes:         b.distinct(n.get("media_types")),
		SignedWithinMonths: b.atLeast(n, "signed_within_months", 1, 12),
		MustShow:           b.distinct(n.get("must_show")),
		UsageMustShow:      b.distinct(n.get("usage_must_show")),
	}
	for i, t := range e.MediaTypes {
		if kind, sub, ok := strings.Cut(t, "/"); !ok || kind == "" || sub == "" || t != strings.ToLower(t) {
			b.report(n.get("media_types").items[i].at, kizuna.Errorf("program-media-type", "%q is no media type", clip(t)).
				WithMend("write it in small letters: application/pdf"))
		}
	}
	return e
}

// Figure is one of the rules for claims or badges, in words of the program file.
type Figure struct {
	Key        string     `json:"key"` // "review"
	Value      string     `json:"value"`
	Names      []string   `json:"names,omitempty"` // instead of Value, where it is a list
	Provenance Provenance `json:"provenance"`
}

// Figures lists the rules in the file's order.
func (c *ClaimRules) Figures() []Figure {
	var out []Figure
	add := func(section, key, value string, names ...string) {
		out = append(out, Figure{Key: key, Value: value, Names: names, Provenance: c.Provenance[section]})
	}
	add("region", "region", c.Region)
	add("start_review", "start_review", c.StartReview.String())
	add("review", "review", c.Review.String())
	add("answer", "answer", c.Answer.String())
	add("dispute_review", "dispute_review", c.DisputeReview.String())
	add("decline", "decline", c.Decline.String())
	for _, a := range c.Alternatives {
		out = append(out, Figure{Key: "decline / alternatives", Value: a.String(), Provenance: a.Provenance})
	}
	add("dispute", "dispute", c.Dispute.String())
	add("dispute", "dispute / times", fmt.Sprint(c.Disputes))
	add("rejection", "rejection / final", fmt.Sprint(c.FinalRejection))
	add("editing", "editing / in", "", c.EditIn...)
	add("notice", "notice / at", c.NotifyCustomer)
	add("uniqueness", "uniqueness / subscription", map[bool]string{true: "role", false: "all"}[c.OnePerRole])
	add("evidence", "evidence / max_mebibytes", fmt.Sprint(c.Evidence.MaxMebibytes))
	add("evidence", "evidence / media_types", "", c.Evidence.MediaTypes...)
	add("evidence", "evidence / signed_within_months", fmt.Sprint(c.Evidence.SignedWithinMonths))
	add("evidence", "evidence / must_show", "", c.Evidence.MustShow...)
	add("evidence", "evidence / usage_must_show", "", c.Evidence.UsageMustShow...)
	return out
}

// String writes "7 days", "5 business days, later too" or "at any time".
func (d DeclineRule) String() string {
	switch {
	case d.None() && d.Later:
		return "at any time"
	case d.Later:
		return d.Limit.String() + ", later too"
	}
	return d.Limit.String()
}
