package partnercenter

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// Products of subscriptions.
const (
	azure         = "Azure"
	microsoft365  = "Microsoft 365"
	dynamics365   = "Dynamics 365"
	powerPlatform = "Power Platform"
	otherProduct  = "Other"
)

// customerRow reads a row of the customers report. It says who the customer is;
// its revenue and seats stand again, by workload, in the reports of usage.
func customerRow(in *input) fate {
	switch {
	case in.text(tenant) == "":
		return in.missing(tenant)
	case in.text(customerName) == "":
		return in.missing(customerName)
	}
	in.customer()
	return kept
}

// locationRow reads a row of the partner profile.
func locationRow(in *input) fate {
	global, id := in.text(account), in.text(location)
	switch {
	case global == "":
		return in.missing(account)
	case id == "":
		return in.missing(location)
	case global == id:
		return aside("aside.global-account", id, nil)
	}
	in.sink.Facts(association.Location{
		ID: id, Global: global, Name: in.text(partnerName), Country: in.text(country),
		During: kizuna.Always, At: in.place(),
	})
	return kept
}

// subscriptionRow reads a row of subscription details: that there is the
// subscription, and who was its partner of record or reseller in the month. A
// month is all that the row vouches for: if the partner changes, the next month's
// row says so.
func subscriptionRow(in *input) fate {
	if f, ok := in.month(); !ok {
		return f
	}
	id := in.text(subscription)
	switch {
	case id == "":
		return in.missing(subscription)
	case in.text(tenant) == "":
		return in.missing(tenant)
	}
	if f, counts := in.assert("CPOR-OSU", nil); !counts {
		return f
	}
	p := productOf(in.text(product), in.text(reportingProduct), in.text(division), in.text(solutionArea))
	in.subscribed(p, agreementOf(in.text(channel), in.text(pricing)))
	in.customer()

	during, who := in.row.Month.Interval(), in.row.Asserted.Location
	switch in.row.Asserted.Type {
	case "CSP-T1":
		in.sink.Facts(association.Resale{Subscription: id, Tier: "T1", Location: who, During: during, At: in.place()})
	case "CSP-T2":
		in.sink.Facts(association.Resale{Subscription: id, Tier: "T2", Location: who, During: during, At: in.place()})
	case "DPOR":
		in.sink.Facts(association.Appointment{Subscription: id, Location: who, During: during, At: in.place()})
	}
	return kept
}

// agreementOf returns what a subscription was bought under, by its sales channel
// or else its price list; "" if neither says.
func agreementOf(channel, pricing string) string {
	if a, ok := channels[fold(channel)]; ok {
		return a
	}
	p := strings.ToLower(pricing)
	for _, known := range [...]struct{ word, agreement string }{
		{"csp", "CSP"}, {"cloud solution", "CSP"}, {"customer agreement", "MCA"}, {"enterprise", "EA"}, {"direct", "WebDirect"},
	} {
		if strings.Contains(p, known.word) {
			return known.agreement
		}
	}
	return ""
}

// productWords tell products apart by words in their names, the first that is
// found. Names of Azure's directory and protection are Microsoft 365's.
var productWords = []struct{ word, product string }{
	{"power bi", powerPlatform}, {"power app", powerPlatform}, {"power automate", powerPlatform},
	{"power platform", powerPlatform}, {"power page", powerPlatform}, {"power virtual", powerPlatform},
	{"copilot studio", powerPlatform}, {"ai builder", powerPlatform}, {"portals", powerPlatform},
	{"dynamics", dynamics365}, {"business central", dynamics365}, {"customer engagement", dynamics365},
	{"finance", dynamics365}, {"supply chain", dynamics365}, {"customer insights", dynamics365},
	{"field service", dynamics365}, {"customer service", dynamics365}, {"remote assist", dynamics365},
	{"guides", dynamics365}, {"core hr", dynamics365}, {"talent", dynamics365}, {"retail", dynamics365},
	{"commerce", dynamics365}, {"project operations", dynamics365}, {"f&o", dynamics365}, {"ce bundle", dynamics365},
	{"business applications", dynamics365},
	{"azure active directory", microsoft365}, {"azure information protection", microsoft365},
	{"microsoft 365", microsoft365}, {"m365", microsoft365}, {"office", microsoft365}, {"o365", microsoft365},
	{"exchange", microsoft365}, {"sharepoint", microsoft365}, {"teams", microsoft365}, {"intune", microsoft365},
	{"enterprise mobility", microsoft365}, {"ems e", microsoft365}, {"windows 365", microsoft365}, {"viva", microsoft365},
	{"defender for office", microsoft365}, {"defender for endpoint", microsoft365}, {"modern work", microsoft365},
	{"azure", azure},
}

// productOf returns the product that the first telling name is of.
func productOf(names ...string) string {
	for _, name := range names {
		name = strings.ToLower(name)
		for _, known := range productWords {
			if strings.Contains(name, known.word) {
				return known.product
			}
		}
	}
	return otherProduct
}
