package demo

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/usage"
)

// mix is what an Azure subscription is made of: services and their shares.
type mix struct {
	group    string // the resource group
	services []part
}

type part struct {
	service string
	share   int64 // thousandths
}

var (
	web = mix{"rg-web-prod", []part{
		{"Azure App Service", 320}, {"SQL Database", 270}, {"Virtual Machines", 190}, {"Storage", 140}, {"Bandwidth", 80}}}
	data = mix{"rg-data-prod", []part{
		{"Azure Synapse Analytics", 340}, {"Azure Data Factory", 160}, {"SQL Database", 220}, {"Storage", 180}, {"Virtual Machines", 100}}}
	lift = mix{"rg-core-prod", []part{
		{"Virtual Machines", 580}, {"Storage", 200}, {"Backup", 110}, {"Bandwidth", 60}, {"Virtual Network", 50}}}
	cloudNative = mix{"rg-apps-prod", []part{
		{"Azure Kubernetes Service", 360}, {"Azure Cosmos DB", 250}, {"Functions", 130}, {"Log Analytics", 160}, {"Storage", 100}}}
	guard = mix{"rg-security", []part{
		{"Sentinel", 480}, {"Azure Firewall", 340}, {"Key Vault", 180}}}
)

// seasons are thousandths that a month adds: the fiscal year ends in March, and
// little happens in August.
var seasons = [...]int64{
	time.January: -15, time.February: 10, time.March: 45, time.April: -20, time.August: -25, time.December: 15,
}

func season(m kizuna.Month) int64 {
	if month := m.Day(1).Time().Month(); int(month) < len(seasons) {
		return seasons[month]
	}
	return 0
}

// noise is a factor in thousandths around 1000.
func noise(r *rand.Rand, width int64) int64 { return 1000 - width + r.Int64N(2*width+1) }

// spend writes the usage of a mix, month by month and service by service.
func (w *world) spend(c *customer, subscription string, a *azure, mix mix, usd, growth int64, since kizuna.Month) {
	last := lastMonth
	if a.until != 0 {
		last = a.until.Add(-1)
	}
	r := random("usage", c.key, mix.group)
	row := usage.Row{
		Tenant: tenantOf(c), Subscription: subscription, Scope: groupScope(subscription, mix.group),
		OfferType: "Consumption", Channel: a.agreement,
	}
	level := dollars(usd)
	for row.Month = max(since, firstMonth); row.Month <= last; row.Month++ {
		for _, p := range mix.services {
			row.Workload = p.service
			w.addRevenue(row, level/1000*kizuna.Micro(p.share)/1000*kizuna.Micro(noise(r, 60)+season(row.Month)), a.yen)
		}
		level += level / 1000 * kizuna.Micro(growth)
	}
}

// support writes a support plan: it is paid for, and never counts.
func (w *world) support(c *customer, subscription string, a *azure) {
	row := usage.Row{
		Tenant: tenantOf(c), Subscription: subscription, Workload: "Azure Support",
		OfferType: "Support", Channel: a.agreement,
	}
	for row.Month = max(a.since, firstMonth); row.Month <= lastMonth; row.Month++ {
		w.addRevenue(row, dollars(1000), false)
	}
}

// addRevenue keeps a row with a revenue, rounded down to cents or to whole yen.
func (w *world) addRevenue(row usage.Row, amount kizuna.Micro, yen bool) {
	const cent = kizuna.MicroPerUnit / 100
	amount -= amount % cent
	if yen {
		row.Currency = "JPY"
		amount = amount / kizuna.Micro(yenRate(row.Month)) * rateScale
		amount -= amount % kizuna.MicroPerUnit
	}
	exact := decimal(amount)
	row.Revenue = &exact
	w.Usage = append(w.Usage, row)
}

func dollars(n int64) kizuna.Micro { return kizuna.Micro(n) * kizuna.MicroPerUnit }

func decimal(m kizuna.Micro) kizuna.Decimal {
	d, err := kizuna.ParseDecimal(m.String())
	if err != nil {
		panic(err) // what a Micro writes is a decimal
	}
	return d
}

// rateScale is what rates of exchange are written in: hundred-thousandths of a dollar.
const rateScale = 100_000

// yenRate is what a yen was worth, in hundred-thousandths of a dollar: a plain
// slope from 108 to 149 yen a dollar.
func yenRate(m kizuna.Month) int64 {
	return 925 - 255*int64(m-firstMonth)/(months-1)
}

func (w *world) addRates() {
	for m := firstMonth; m <= lastMonth; m++ {
		w.Rates = append(w.Rates, usage.Rate{
			Currency: "JPY", Month: m, USD: decimal(kizuna.Micro(yenRate(m)) * kizuna.MicroPerUnit / rateScale),
		})
	}
}

// slope returns the whole number that lies between two ends as far as the
// month lies between the first and the last.
func slope(ends [2]int64, m, since kizuna.Month) int64 {
	if m >= lastMonth || since >= lastMonth {
		return ends[1]
	}
	return ends[0] + (ends[1]-ends[0])*int64(m-since)/int64(lastMonth-since)
}

// occupy writes the seats of Microsoft 365 workloads and how many are used. Who
// uses a product depends on the people, not on how many seats are bought.
func (w *world) occupy(c *customer, subscription, channel string, s *seats, paid func(kizuna.Month) int64) {
	for workload := range strings.SplitSeq(s.workloads, ";") {
		r := random("seats", c.key, workload)
		row := usage.Row{Tenant: tenantOf(c), Subscription: subscription, Workload: workload, Channel: channel}
		for m := max(s.since, firstMonth); m <= lastMonth; m++ {
			bought := paid(m)
			active := min(bought, s.paid*slope(s.active, m, s.since)*noise(r, 25)/100_000)
			row.Month, row.ActiveUsers, row.PaidSeats = m, &active, &bought
			w.Usage = append(w.Usage, row)
		}
	}
}

// work writes what business applications brought in and who used them. What
// revenue and usage reports call by one name stands in one row. Resources of the
// Power Platform have a scope of their own.
func (w *world) work(c *customer, subscription string, b *business) {
	for _, a := range b.apps {
		r := random("business", c.key, a.sold)
		since := max(b.since, firstMonth)
		sold := usage.Row{Tenant: tenantOf(c), Subscription: subscription, Channel: b.channel, Workload: a.sold}
		used := sold
		used.Workload, used.Scope = a.used, resourceScope(c, a.used)
		for m := since; m <= lastMonth; m++ {
			users := slope(a.users, m, since)
			sold.Month, used.Month, used.ActiveUsers = m, m, &users
			amount := dollars(a.usd) / 1000 * kizuna.Micro(noise(r, 30))
			if a.used == a.sold {
				w.addRevenue(used, amount, false)
				continue
			}
			w.addRevenue(sold, amount, false)
			if a.used != "" {
				w.Usage = append(w.Usage, used)
			}
		}
	}
}

func tenantOf(c *customer) string { return guid("tenant", c.key) }

func subscriptionOf(c *customer, of string) string { return guid("subscription", c.key, of) }

func subscriptionScope(subscription string) string { return "/subscriptions/" + subscription }

func groupScope(subscription, group string) string {
	return subscriptionScope(subscription) + "/resourceGroups/" + group
}

func managementScope(c *customer) string {
	return "/providers/Microsoft.Management/managementGroups/mg-" + c.key
}

// resourceScope is the app or the flow of a customer, "" for workloads that are
// not reached by owning a resource.
func resourceScope(c *customer, workload string) string {
	environment := "/environments/" + guid("environment", c.key)
	switch workload {
	case "Power App":
		return environment + "/apps/" + guid("app", c.key)
	case "Power Automate":
		return environment + "/flows/" + guid("flow", c.key)
	}
	return ""
}

// addCustomer writes a customer with all it bought.
func (w *world) addCustomer(c *customer) {
	w.Associations.Customers = append(w.Associations.Customers,
		association.Customer{Tenant: tenantOf(c), Name: c.name, Country: "JP", Segment: c.size})
	if a := c.azure; a != nil {
		subscription := w.subscribe(c, "azure", "Azure", a.agreement, a.since)
		w.spend(c, subscription, a, a.mix, a.usd, a.growth, a.since)
		if c.size == enterprise {
			w.support(c, subscription, a)
		}
		if a.security > 0 {
			w.spend(c, subscription, a, guard, a.security, 7, cmp.Or(a.guarded, max(a.since, in(2021, 4))))
		}
		for _, t := range a.ties {
			w.bind(c, t, subscription, "", a.since)
		}
	}
	for i := range c.office {
		s := &c.office[i]
		channel := "EA"
		if s.reseller != "" {
			channel = "CSP"
		}
		subscription := subscriptionOf(c, "office")
		if i == 0 {
			w.subscribe(c, "office", "Microsoft 365", channel, s.since)
			if s.reseller != "" {
				w.bind(c, csp(s.reseller), subscription, "", s.since)
			}
		}
		w.occupy(c, subscription, channel, s, func(kizuna.Month) int64 { return s.paid })
		for _, t := range s.ties {
			w.bind(c, t, subscription, s.workloads, s.since)
		}
	}
	if b := c.business; b != nil {
		subscription := w.subscribe(c, "business", "Dynamics 365", b.channel, b.since)
		w.work(c, subscription, b)
		for _, t := range b.ties {
			w.bind(c, t, subscription, "", b.since)
		}
	}
}

// subscribe writes a subscription and returns its id.
func (w *world) subscribe(c *customer, of, product, agreement string, since kizuna.Month) string {
	id := subscriptionOf(c, of)
	w.Associations.Subscriptions = append(w.Associations.Subscriptions, association.Subscription{
		ID: id, Tenant: tenantOf(c), Product: product, Agreement: agreement, During: from(since.Day(1)),
	})
	return id
}
