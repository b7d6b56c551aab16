package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// bind writes the facts that make an association. Of a subscription bought under
// EA, workloads names what a claim is for.
func (w *world) bind(c *customer, t tie, subscription, workloads string, since kizuna.Month) {
	begin := t.since
	if begin == 0 {
		begin = since.Day(1)
	}
	during := from(begin)
	facts := &w.Associations
	switch t.how {
	case byDPOR:
		facts.Appointments = append(facts.Appointments, association.Appointment{Subscription: subscription, Location: t.of, During: during})
	case byCSP, byIndirect:
		tier := "T1"
		if t.how == byIndirect {
			tier = "T2"
		}
		facts.Resales = append(facts.Resales, association.Resale{Subscription: subscription, Tier: tier, Location: t.of, During: during})
	case byClaim, byRevenue, bySelling:
		role := map[how]association.ClaimRole{
			byClaim: association.UsageRole, byRevenue: association.RevenueRole, bySelling: association.PresalesRole,
		}[t.how]
		if workloads == "" {
			w.claim(c, association.Claim{Location: t.of, Subscription: subscription, Role: role, During: during})
			return
		}
		for workload := range strings.SplitSeq(workloads, ";") {
			w.claim(c, association.Claim{Location: t.of, Workload: workload, Role: role, During: during})
		}
	default:
		w.link(c, t, subscription, during)
	}
}

func (w *world) claim(c *customer, claim association.Claim) {
	claim.Tenant = tenantOf(c)
	if claim.ID == "" {
		claim.ID = fmt.Sprintf("CL-%04d", len(w.Associations.Claims)+1)
	}
	w.Associations.Claims = append(w.Associations.Claims, claim)
}

// link writes a partner admin link and how its identity comes by a role.
func (w *world) link(c *customer, t tie, subscription string, during kizuna.Interval) {
	tenant, object := tenantOf(c), guid("user", c.key, t.of)
	role := association.Assignment{
		Tenant: tenant, Object: object, Role: "Contributor", Scope: subscriptionScope(subscription), During: during,
	}
	link := association.Link{Tenant: tenant, Object: object, Location: t.of, During: during}
	switch t.how {
	case byGroup:
		role.Object = guid("group", c.key, t.of)
		w.Associations.Memberships = append(w.Associations.Memberships,
			association.Membership{Tenant: tenant, Group: role.Object, Object: object, During: during})
	case byManagement:
		role.Scope, role.Role = managementScope(c), "Owner"
		w.Associations.Scopes = append(w.Associations.Scopes, association.ScopeParent{
			Tenant: tenant, Scope: subscriptionScope(subscription), Parent: managementScope(c), During: during,
		})
	case byResources:
		role.Scope = groupScope(subscription, c.azure.mix.group)
	case byLighthouse:
		// One service principal of the partner's own tenant serves all its customers.
		role.PrincipalTenant, role.Object = guid("tenant of", t.of), guid("service principal", t.of)
		link.Tenant, link.Object = role.PrincipalTenant, role.Object
		link.During = from(day(2019, time.July, 1))
	case byOwning:
		w.own(c, object, during)
		w.addLink(link)
		return
	}
	w.addLink(link)
	w.Associations.Assignments = append(w.Associations.Assignments, role)
}

func (w *world) addLink(link association.Link) {
	if !slices.Contains(w.Associations.Links, link) {
		w.Associations.Links = append(w.Associations.Links, link)
	}
}

// own writes who owns the apps and who created the flows. A second partner is a
// co-owner of the apps and was active longer ago.
func (w *world) own(c *customer, object string, during kizuna.Interval) {
	for _, a := range c.business.apps {
		owned := association.Ownership{
			Tenant: tenantOf(c), Scope: resourceScope(c, a.used), Object: object, During: during,
		}
		taken := slices.ContainsFunc(w.Associations.Ownerships, func(o association.Ownership) bool { return o.Scope == owned.Scope })
		active := day(2023, time.October, 27).Instant()
		switch {
		case a.used == "Power App" && taken:
			owned.Relation, active = "co-owner", day(2023, time.March, 9).Instant()
		case a.used == "Power App":
			owned.Relation = "owner"
		case a.used == "Power Automate" && !taken:
			owned.Relation = "creator"
		default:
			continue
		}
		owned.LastActivity = &active
		w.Associations.Ownerships = append(w.Associations.Ownerships, owned)
	}
}
