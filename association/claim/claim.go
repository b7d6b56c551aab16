// Package claim is the life cycle of a claiming partner of record (CPOR): a
// partner claims a workload of a customer's, or a subscription, a reviewer checks
// the evidence, the customer may decline, another partner may claim the same.
//
// One claim covers one thing: a (tenant, workload), or a subscription. A partner
// that works on four workloads of a tenant makes four claims; so each is approved,
// declined, disputed and contested by itself, and one thing has one holder. They
// may share their evidence: files are named by the hash of their content.
package claim

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Area is a solution area in which partners of record are claimed.
type Area string

// The areas.
const (
	ModernWork Area = "modern-work-and-security" // claims a workload of a tenant
	Business   Area = "business-applications"    // claims a subscription
)

// Claim is one claim as it stands. It holds no names of people: what is a Ref is
// an id in the table of personal data, which can be erased.
type Claim struct {
	ID    string          `json:"id"`
	State lifecycle.State `json:"state,omitempty"`
	Details
	Evidence []Evidence `json:"evidence,omitempty"`

	// Deadline is the clock that runs in this state, if one does.
	Deadline Deadline `json:"deadline,omitzero"`
	// Asked is what the reviewer wants mended, Rejected why the claim was refused.
	Asked    []Reason `json:"asked,omitempty"`
	Rejected []Reason `json:"rejected,omitempty"`
	// Disputes is how often the claim was disputed; InDispute while one is open.
	Disputes  int  `json:"disputes,omitempty"`
	InDispute bool `json:"in_dispute,omitempty"`
	// Against are the claims that it is weighed against in arbitration.
	Against []string `json:"against,omitempty"`
	Spells  []Spell  `json:"spells,omitempty"`

	Submitted        kizuna.Instant `json:"submitted,omitzero"` // for the first time
	Notified         kizuna.Instant `json:"notified,omitzero"`  // the customer, for the last time
	SubscriptionEnds kizuna.Instant `json:"subscription_ends,omitzero"`
	Changed          kizuna.Instant `json:"changed,omitzero"`
}

// Details are what the partner fills in.
type Details struct {
	Location     string                `json:"location"`
	Tenant       string                `json:"tenant"`
	Workload     string                `json:"workload,omitempty"`     // or product
	Subscription string                `json:"subscription,omitempty"` // of business applications
	Role         association.ClaimRole `json:"role"`
	Area         Area                  `json:"area"`
	Name         string                `json:"name,omitempty"` // a Ref: partners write people's names there
	Contacts     []Contact             `json:"contacts,omitempty"`
}

// Contact is a person to ask about the claim.
type Contact struct {
	Of  string `json:"of"` // "customer", "partner", "technical"
	Ref string `json:"ref"`
}

// Deadline is the last day on which what a state waits for is in time.
type Deadline struct {
	Clock  lifecycle.Action `json:"clock"` // what the clock does afterwards
	Last   kizuna.Date      `json:"last"`
	Passed bool             `json:"passed,omitempty"` // it has done it
}

// Over is the first instant that is too late.
func (d Deadline) Over() kizuna.Instant { return d.Last.AddDays(1).Instant() }

// Spell is a time for which the claim was approved, for the location that it is
// of. Ended tells a customer's decline from a disassociation, a lost arbitration
// and the subscription's end.
type Spell struct {
	lifecycle.Spell
	Workload string `json:"workload,omitempty"`
}

// Reason is why a reviewer asks or refuses.
type Reason string

// Reasons to ask the partner.
const (
	EvidenceMissing        Reason = "evidence-missing" // or the wrong file
	AcknowledgementMissing Reason = "acknowledgement-missing"
	DatesMissing           Reason = "dates-missing-or-old"
	DescriptionMissing     Reason = "description-missing"
	ProductMissing         Reason = "product-missing"
)

// Reasons to reject.
const (
	CustomerDeclined     Reason = "customer-declined"
	InsufficientEvidence Reason = "insufficient-evidence"
	PartnerRequest       Reason = "partner-request"
	ConsentMissing       Reason = "consent-missing"
	NoAnswer             Reason = "no-answer"
	ProductsMissing      Reason = "products-missing"
	EvidenceUnavailable  Reason = "evidence-unavailable"
)

// AskReasons lists the reasons for which a reviewer may ask.
func AskReasons() []Reason {
	return []Reason{EvidenceMissing, AcknowledgementMissing, DatesMissing, DescriptionMissing, ProductMissing}
}

// RejectReasons lists the reasons for which a claim may be rejected.
func RejectReasons() []Reason {
	return []Reason{
		CustomerDeclined, InsufficientEvidence, PartnerRequest, ConsentMissing,
		NoAnswer, ProductsMissing, EvidenceUnavailable,
	}
}

// Facts are what the claim tells scoring: each spell that has a length. Their Refs
// are left to the caller.
func (c *Claim) Facts() []association.Claim {
	var out []association.Claim
	for _, s := range c.Spells {
		if s.During.Empty() {
			continue
		}
		out = append(out, association.Claim{
			ID: c.ID, Location: s.Of, Tenant: c.Tenant, Workload: s.Workload,
			Subscription: c.Subscription, Role: c.Role, During: s.During,
		})
	}
	return out
}

// Due returns when the clock next has something to do, and what. A subscription's
// end goes before a deadline of the same instant.
func (c *Claim) Due() (at kizuna.Instant, action lifecycle.Action, ok bool) {
	at = kizuna.Forever
	if c.SubscriptionEnds != 0 && c.live() {
		at, action = c.SubscriptionEnds, ExpireSubscription
	}
	if c.Deadline.Clock != "" && !c.Deadline.Passed && c.Deadline.Over() < at {
		at, action = c.Deadline.Over(), c.Deadline.Clock
	}
	return at, action, action != ""
}

// live reports whether something can still become of the claim.
func (c *Claim) live() bool { return c.State != lifecycle.None && c.State != Final && c.State != Ended }

// Key names what is claimed: claims with one key compete. A subscription has a
// partner for each role, or one over all roles; a workload has one.
func (d *Details) Key(onePerRole bool) string {
	if d.Subscription == "" {
		return "workload/" + association.Fold(d.Tenant) + "/" + d.Workload
	}
	key := "subscription/" + association.Fold(d.Subscription)
	if onePerRole {
		key += "/" + string(d.Role)
	}
	return key
}

// check says what the details lack.
func (d *Details) check() error {
	var lacks []string
	for _, f := range []struct {
		name   string
		lacked bool
	}{
		{"location", d.Location == ""},
		{"tenant", d.Tenant == ""},
		{"area", d.Area != ModernWork && d.Area != Business},
		{"workload", d.Area == ModernWork && d.Workload == ""},
		{"subscription", d.Area == Business && d.Subscription == ""},
		{"role", d.Role == ""},
	} {
		if f.lacked {
			lacks = append(lacks, f.name)
		}
	}
	switch {
	case len(lacks) > 0:
		return kizuna.Errorf("claim-details", "the claim does not say %s", strings.Join(lacks, ", ")).
			WithMend("name the location, the tenant and the role; of Modern Work and Security the workload, of Business Applications the subscription")
	case d.Area == ModernWork && (d.Role != association.UsageRole || d.Subscription != ""),
		d.Role != association.UsageRole && d.Role != association.PresalesRole && d.Role != association.RevenueRole:
		return kizuna.Errorf("claim-kind", "there is no claim of %s with the role %s", d.Area, d.Role).
			WithMend("Modern Work and Security has usage claims on a workload; Business Applications has usage, presales and revenue claims on a subscription")
	}
	return nil
}
