package demo

import (
	"slices"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// The dates of what went wrong.
var (
	roleLost    = day(2023, time.August, 1)
	shiftBegins = day(2023, time.October, 17).Instant() // 09:00 in Tokyo
	shiftEnds   = shiftBegins + 8*60*60                 // 17:00
	ownerChange = day(2023, time.October, 1)
	outgrown    = in(2023, time.August)
)

const disputedClaim = "CL-0900"

func customerOf(key string) *customer {
	i := slices.IndexFunc(customers, func(c customer) bool { return c.key == key })
	return &customers[i]
}

// addStories writes what went wrong on purpose. See [Events].
func (w *world) addStories() {
	w.loseRole(customerOf("kirisato"))
	w.changeOwner(customerOf("yunagi"))
	w.serveOneShift(customerOf("enrai"))
	w.dispute(customerOf("akanegumo"))
	w.outgrow(customerOf("uminari"))
}

// loseRole: the project was handed over and the engineer's role taken away. The
// link is still there, which is why nobody noticed.
func (w *world) loseRole(c *customer) {
	subscription := subscriptionOf(c, "azure")
	w.bind(c, pal(osaka).from(day(2023, time.January, 16)), subscription, "", c.azure.since)
	last := &w.Associations.Assignments[len(w.Associations.Assignments)-1]
	last.During.To = roleLost.Instant()
}

// changeOwner: the customer moved its CSP subscription to a competitor.
func (w *world) changeOwner(c *customer) {
	subscription, since := subscriptionOf(c, "azure"), c.azure.since.Day(1)
	w.Associations.Resales = append(w.Associations.Resales,
		association.Resale{Subscription: subscription, Tier: "T1", Location: osaka, During: between(since, ownerChange)},
		association.Resale{Subscription: subscription, Tier: "T1", Location: nagiharaOsaka, During: from(ownerChange)})
}

// serveOneShift: after an incident much was spent on security in a subscription
// of its own, and the engineer got the role there for one working day only.
func (w *world) serveOneShift(c *customer) {
	subscription := w.subscribe(c, "security", "Azure", "EA", lastMonth)
	w.bind(c, pal(tokyo), subscription, "", lastMonth)
	last := &w.Associations.Assignments[len(w.Associations.Assignments)-1]
	last.During = kizuna.Interval{From: shiftBegins, To: shiftEnds}
	for _, p := range [...]struct {
		service string
		usd     int64
	}{{"Sentinel", 9672}, {"Azure Defender", 2976}} {
		w.addRevenue(usage.Row{
			Month: lastMonth, Tenant: tenantOf(c), Subscription: subscription,
			Scope: groupScope(subscription, guard.group), Workload: p.service,
			OfferType: "Consumption", Channel: "EA",
		}, dollars(p.usd), false)
	}
}

// dispute: a competitor claims the same workload, and until that is decided the
// claim is not approved.
func (w *world) dispute(c *customer) {
	s := &seats{since: in(2022, time.December), paid: 140, active: [2]int64{24, 60}, workloads: teams}
	subscription := w.subscribe(c, "office", "Microsoft 365", "EA", s.since)
	w.occupy(c, subscription, "EA", s, func(kizuna.Month) int64 { return s.paid })
	w.claim(c, association.Claim{ID: disputedClaim, Location: tokyo, Workload: teams, Role: association.UsageRole, During: never})
	w.claim(c, association.Claim{Location: kasumoriTokyo, Workload: teams, Role: association.UsageRole, During: from(day(2023, time.January, 10))})
}

// outgrow: thirty more people, and the customer is no longer a small one.
func (w *world) outgrow(c *customer) {
	s := &seats{since: in(2020, time.July), paid: 290, active: [2]int64{50, 74}, workloads: mail}
	subscription := w.subscribe(c, "office", "Microsoft 365", "EA", s.since)
	w.occupy(c, subscription, "EA", s, func(m kizuna.Month) int64 {
		if m >= outgrown {
			return 320
		}
		return 290
	})
	w.bind(c, claim(fukuoka), subscription, mail, s.since)
}
