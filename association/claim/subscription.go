package claim

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// claimable are the products whose subscriptions partners of record claim.
var claimable = []string{"Dynamics 365", "Power Platform"}

// CheckSubscription says why a subscription cannot be claimed as the details would
// have it; nil is one that is not known. Claims on a workload name none.
func CheckSubscription(d *Details, s *association.Subscription, at kizuna.Instant) error {
	switch {
	case d.Subscription == "":
		return nil
	case s == nil || association.Fold(s.ID) != association.Fold(d.Subscription):
		return kizuna.Errorf("claim-subscription-unknown", "%q is not a subscription that is known", d.Subscription).
			WithMend("check the id; what was provisioned lately may take a week to show")
	case association.Fold(s.Tenant) != association.Fold(d.Tenant):
		return kizuna.Errorf("claim-subscription-tenant", "the subscription %s is not the tenant's, %s", s.ID, d.Tenant).
			WithMend("correct the tenant or the subscription")
	case !slices.Contains(claimable, s.Product):
		return kizuna.Errorf("claim-subscription-product", "the subscription %s is one of %s", s.ID, s.Product).
			WithMend("claim one of: %s", strings.Join(claimable, ", "))
	case s.Agreement == "CSP":
		return kizuna.Errorf("claim-subscription-csp", "the subscription %s is sold by a CSP partner", s.ID).
			WithMend("claim what was bought by volume license or on the web")
	case !s.During.Contains(at):
		return kizuna.Errorf("claim-subscription-time", "the subscription %s is not active at %s", s.ID, at).
			WithMend("claim the subscription that followed it: a renewal has an id of its own")
	}
	return nil
}
