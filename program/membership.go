package program

import (
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// MembershipRules say how a designation is entered into, renewed and lost. Which days
// a qualifying score is looked for in is [Qualification]. Package membership lives by
// them.
type MembershipRules struct {
	// From is the first day of a change; nil: the rules hold from the program's start.
	From *kizuna.Date `json:",omitempty"`

	Zone     Zone // in which the program's days are counted
	TermDays int  // from the payment to the anniversary: 365
	Fee      Fee
	Open     Opening // until when one who has qualified can enroll

	// Renewal is when the fee of the next term is paid, in days around the anniversary.
	Renewal DayRange
	// RenewedFrom says from what the next anniversary is counted.
	RenewedFrom RenewalStart
	// BenefitsContinue: the benefits last through the renewal window.
	BenefitsContinue bool

	RefundDays   int  // how long after a payment it can be taken back; 0: never
	RefundUnused bool // only if no benefit was used

	Legacy *LegacyRules `json:",omitempty"` // nil: nobody enrolls by an earlier membership

	MergedAnniversary MergedAnniversary
	// Sticky: a day on which an area was found to qualify remains one, whatever becomes
	// known later; otherwise what was found last of a day decides.
	Sticky bool

	// Provenance of each figure, by its key in the program file.
	Provenance map[string]Provenance
	Changes    []MembershipRules `json:",omitempty"` // of a later day, in order
}

// Fee is what a term costs, for any number of designations.
type Fee struct {
	Amount      *kizuna.Decimal // nil: no source gives it
	Currency    string          // "USD"
	FurtherArea kizuna.Micro    // what an area costs that joins later
}

// Opening says until when a company that has qualified can enroll.
type Opening string

// The readings.
const (
	// OpenEither: while its window holds a qualifying day, and at least so many days
	// after one as the program gives to enroll.
	OpenEither Opening = "window_or_days"
	OpenDays   Opening = "days" // only so many days after a qualifying one
)

// RenewalStart says from what the anniversary after a renewal is counted.
type RenewalStart string

// The readings.
const (
	FromPayment     RenewalStart = "payment"
	FromAnniversary RenewalStart = "anniversary" // the one that was
)

// LegacyRules are for companies with a membership of the time before: they are
// enrolled as soon as they qualify, without a fee.
type LegacyRules struct {
	LastRenewal *kizuna.Date // the last day on which one could be renewed
	Anniversary LegacyAnniversary
}

// LegacyAnniversary says when the anniversary is of who was enrolled by a membership
// of the time before.
type LegacyAnniversary string

// The readings.
const (
	LegacyEnd       LegacyAnniversary = "membership_end" // the last day of the earlier membership
	AfterEnrollment LegacyAnniversary = "enrollment"     // a term after enrollment, as with a payment
)

// MergedAnniversary says which anniversary a company has after a merge.
type MergedAnniversary string

// The readings.
const (
	LatestAnniversary   MergedAnniversary = "latest"
	SurvivorAnniversary MergedAnniversary = "survivor" // that of the account that goes on
)

// MembershipOn returns the rules of the day, nil if the program has none.
func (p *Program) MembershipOn(d kizuna.Date) *MembershipRules {
	if p.Membership == nil {
		return nil
	}
	found := p.Membership
	for i := range found.Changes {
		if c := &p.Membership.Changes[i]; *c.From <= d {
			found = c
		}
	}
	return found
}

// The grammar.

var feeShape = parsed(parseFee, map[string]any{"anyOf": []any{
	map[string]any{"type": "number"}, map[string]any{"const": "unknown"},
}})

// parseFee reads an amount, or "unknown", which is nil.
func parseFee(s string) (*kizuna.Decimal, error) {
	if s == "unknown" {
		return nil, nil
	}
	d, err := kizuna.ParseDecimal(s)
	if err == nil && d.Sign() < 0 {
		return nil, kizuna.Errorf("program-negative-fee", "a fee of %s would be paid to the partner", d).WithMend("write 0 or more, or unknown")
	}
	return &d, err
}

var zoneShape = parsed(ParseZone, map[string]any{"type": "string"})

var membershipFields = withProvenance(
	field{key: "days", doc: "How the program counts days.", of: &object{name: "zone", fields: withProvenance(
		field{key: "zone", doc: "The time zone of its days (UTC).", of: zoneShape},
	)}},
	field{key: "term", doc: "How long a payment holds.", of: &object{name: "term", fields: withProvenance(
		field{key: "days", doc: "Days from the payment to the anniversary (365).", of: integerShape},
	)}},
	field{key: "fee", doc: "What a term costs, for any number of designations.", of: &object{name: "fee", fields: withProvenance(
		field{key: "amount", doc: "How much, or unknown.", of: feeShape, required: true},
		field{key: "currency", doc: "Of what (USD).", of: textShape},
		field{key: "further_area", doc: "What an area costs that qualifies later (0).", of: amountShape},
	)}},
	field{key: "enrollment", doc: "Until when one who has qualified can enroll.", of: &object{name: "enrollment", fields: withProvenance(
		field{key: "open", doc: "While the window holds a qualifying day or enroll_within_days after one, whichever is later; or these days alone (window_or_days).", of: oneOf{string(OpenEither), string(OpenDays)}},
	)}},
	field{key: "renewal", doc: "When and how a term is renewed.", of: &object{name: "renewal", fields: withProvenance(
		field{key: "from", doc: "First day on which it can be paid, counted from the anniversary ({days: 1}).", of: dayShape},
		field{key: "to", doc: "Last day; after it all is lost that was not renewed ({days: 30}).", of: dayShape},
		field{key: "counted_from", doc: "What the next anniversary is counted from (payment).", of: oneOf{string(FromPayment), string(FromAnniversary)}},
		field{key: "benefits_continue", doc: "Benefits last through the renewal window (true).", of: booleanShape},
	)}},
	field{key: "refund", doc: "When a payment can be taken back.", of: &object{name: "refund", fields: withProvenance(
		field{key: "days", doc: "So many days after it (0: never).", of: integerShape},
		field{key: "unused", doc: "Only if no benefit was used (true).", of: booleanShape},
	)}},
	field{key: "legacy", doc: "Memberships of the time before, whose holders enroll without a fee as soon as they qualify.", of: &object{name: "legacy", fields: withProvenance(
		field{key: "last_renewal", doc: "Last day on which one could be renewed.", of: dateShape},
		field{key: "anniversary", doc: "The anniversary of who enrolled by one: its last day, or a term after enrollment (membership_end).", of: oneOf{string(LegacyEnd), string(AfterEnrollment)}},
	)}},
	field{key: "merge", doc: "What becomes of two companies' memberships when they merge: the areas of both, and", of: &object{name: "merge", fields: withProvenance(
		field{key: "anniversary", doc: "the later anniversary, or that of the account that goes on (latest).", of: oneOf{string(LatestAnniversary), string(SurvivorAnniversary)}},
	)}},
	field{key: "decisions", doc: "What later knowledge does to a day that was found to qualify.", of: &object{name: "decisions", fields: withProvenance(
		field{key: "sticky", doc: "Nothing: it remains one (true). false: what was found last decides.", of: booleanShape},
	)}},
)

var membershipShape = &object{name: "membership", fields: append(slices.Clone(membershipFields),
	field{key: "changes", doc: "What becomes of these rules later, oldest first.", of: listOf{&object{name: "membership_change", fields: append([]field{
		{key: "from", doc: "In force from this day on.", of: dateShape, required: true},
	}, membershipFields...)}}},
)}

// membership reads the rules of membership with their later changes; a program
// without them enrolls nobody.
func (b *builder) membership(n *node) *MembershipRules {
	if n == nil {
		return nil
	}
	changes := n.get("changes")
	n = n.without("changes")
	m := b.membershipRules(n)
	if changes == nil {
		return &m
	}
	before := b.p.InForce.From
	for _, item := range changes.items {
		from := mustDate(item.get("from"))
		if from <= before {
			b.report(item.place("from"), kizuna.Errorf("program-change-order", "this change of %s does not come after %s", from, before).
				WithMend("write changes in the order of their days, all after the program's first"))
		}
		before = from
		n = merge(n, item.without("from")) // changes build on one another
		c := b.membershipRules(n)
		c.From = &from
		m.Changes = append(m.Changes, c)
	}
	return &m
}

func (b *builder) membershipRules(n *node) MembershipRules {
	around := b.provenanceOf(n, b.provenance)
	m := MembershipRules{Provenance: make(map[string]Provenance)}
	for _, e := range n.fields() {
		if e.value.kind == mapping {
			m.Provenance[e.key] = b.provenanceOf(e.value, around)
		}
	}
	m.Zone, _ = ParseZone("UTC")
	if zone := n.get("days").get("zone"); zone != nil {
		m.Zone, _ = ParseZone(zone.text)
	}
	m.TermDays = b.atLeast(n.get("term"), "days", 1, 365)
	m.Fee = b.fee(n.get("fee"))
	m.Open = wordOr(n.get("enrollment").get("open"), OpenEither)

	renewal := n.get("renewal")
	m.Renewal = DayRange{From: DayRule{Days: 1}, To: DayRule{Days: 30}}
	if from := renewal.get("from"); from != nil {
		m.Renewal.From = dayRuleOf(from)
	}
	if to := renewal.get("to"); to != nil {
		m.Renewal.To = dayRuleOf(to)
	}
	b.mustRun(renewal, m.Renewal)
	m.RenewedFrom = wordOr(renewal.get("counted_from"), FromPayment)
	m.BenefitsContinue = trueUnless(renewal.get("benefits_continue"))

	refund := n.get("refund")
	m.RefundDays, m.RefundUnused = b.atLeast(refund, "days", 0, 0), trueUnless(refund.get("unused"))
	if legacy := n.get("legacy"); legacy != nil {
		m.Legacy = &LegacyRules{LastRenewal: dateOrNil(legacy.get("last_renewal")), Anniversary: wordOr(legacy.get("anniversary"), LegacyEnd)}
	}
	m.MergedAnniversary = wordOr(n.get("merge").get("anniversary"), LatestAnniversary)
	m.Sticky = trueUnless(n.get("decisions").get("sticky"))
	return m
}

func (b *builder) fee(n *node) Fee {
	f := Fee{Currency: "USD"}
	if amount := n.get("amount"); amount != nil {
		f.Amount, _ = parseFee(amount.text)
	}
	if currency := n.get("currency"); currency != nil {
		f.Currency = currency.text
	}
	if further := n.get("further_area"); further != nil {
		f.FurtherArea, _ = kizuna.ParseMicro(further.text)
	}
	return f
}

func trueUnless(n *node) bool { return n == nil || n.text == "true" }

func wordOr[T ~string](n *node, otherwise T) T {
	if n == nil {
		return otherwise
	}
	return T(n.text)
}

// String writes "4730 USD" or "unknown".
func (f Fee) String() string {
	if f.Amount == nil {
		return "unknown"
	}
	return f.Amount.String() + " " + f.Currency
}

// Figures lists the rules in the file's order, without their changes.
func (m *MembershipRules) Figures() []Figure {
	var out []Figure
	add := func(section, key string, value any) {
		out = append(out, Figure{Key: key, Value: fmt.Sprint(value), Provenance: m.Provenance[section]})
	}
	add("days", "days / zone", m.Zone)
	add("term", "term / days", m.TermDays)
	add("fee", "fee", m.Fee)
	add("fee", "fee / further_area", m.Fee.FurtherArea)
	add("enrollment", "enrollment / open", m.Open)
	add("renewal", "renewal", m.Renewal)
	add("renewal", "renewal / counted_from", m.RenewedFrom)
	add("renewal", "renewal / benefits_continue", m.BenefitsContinue)
	add("refund", "refund / days", m.RefundDays)
	add("refund", "refund / unused", m.RefundUnused)
	if m.Legacy != nil {
		if m.Legacy.LastRenewal != nil {
			add("legacy", "legacy / last_renewal", *m.Legacy.LastRenewal)
		}
		add("legacy", "legacy / anniversary", m.Legacy.Anniversary)
	}
	add("merge", "merge / anniversary", m.MergedAnniversary)
	add("decisions", "decisions / sticky", m.Sticky)
	return out
}
