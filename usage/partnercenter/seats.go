package partnercenter

import (
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// seatSource says where a report of seats and active users has its workload, and
// whose subscriptions it is about.
type seatSource struct {
	workload field
	fixed    string // the workload, if it is always the same
	division bool   // RevSumDivisionName stands in for an empty workload
	product  string // of the subscriptions
}

// seatRow reads a row of paid seats and active users.
func seatRow(s seatSource) func(*input) fate {
	return func(in *input) fate {
		name := s.fixed
		if name == "" {
			name = in.text(s.workload)
		}
		if name == "" && s.division {
			name = in.text(division)
		}
		if strings.EqualFold(in.text(freeOrPaid), "Free") {
			return aside("aside.free-seats", name, nil)
		}
		if f, ok := in.seatFacts(); !ok {
			return f
		}
		in.row.Workload = workloadOf(name)
		filled, f, ok := in.counts(seats, users)
		switch {
		case !ok:
			return f
		case !filled:
			return aside(noFigures, name, nil)
		}
		in.oneUsage(in.seatsOf())
		in.sink.Usage(&in.row)
		if s.product != "" {
			in.subscribed(s.product, agreementOf(in.text(channel), ""))
		}
		in.customer()
		return kept
	}
}

// seatFacts reads what all rows of seats have: month, customer, attribution.
func (in *input) seatFacts() (f fate, ok bool) {
	if f, ok := in.month(); !ok {
		return f, false
	}
	if in.text(tenant) == "" {
		return in.missing(tenant), false
	}
	in.row.Tenant = in.text(tenant)
	in.row.Subscription = in.text(subscription)
	in.row.Channel = channelOf(in.text(channel))
	return in.assert("CPOR-OSU", nil)
}

// seatsOf names the seats of a row: the product's, in reports by subscription, or
// those of the whole customer. Reports of the whole customer agree with each other,
// so that one month's users are not counted twice if both are imported.
func (in *input) seatsOf() string {
	if in.row.Subscription != "" {
		return "seats of " + in.text(sku)
	}
	return "seats"
}

// counts reads seats and users into the row; filled is false if both are empty.
func (in *input) counts(seats, users field) (filled bool, f fate, ok bool) {
	in.row.PaidSeats, in.row.ActiveUsers = nil, nil
	hasSeats, f, ok := in.whole(seats, &in.numbers.seats)
	if !ok {
		return false, f, false
	}
	hasUsers, f, ok := in.whole(users, &in.numbers.users)
	if !ok {
		return false, f, false
	}
	if hasSeats {
		in.row.PaidSeats = &in.numbers.seats
	}
	if hasUsers {
		in.row.ActiveUsers = &in.numbers.users
	}
	return hasSeats || hasUsers, kept, true
}

// mobilityRow reads a row of Enterprise Mobility: one subscription, several
// workloads side by side. The totals beside them would count everything twice.
func mobilityRow(in *input) fate {
	if strings.EqualFold(in.text(freeOrPaid), "Free") {
		return aside("aside.free-seats", in.text(sku), nil)
	}
	if f, ok := in.seatFacts(); !ok {
		return f
	}
	type part struct {
		workload     string
		seats, users field
	}
	parts := [...]part{
		{"Intune", intuneSeats, intuneUsers},
		{"Azure Active Directory Premium", directorySeats, directoryUsers},
		{"Microsoft Information Protection", protectionSeats, protectionUsers},
	}
	// All are understood before any is handed over: a row is kept whole or not.
	for _, p := range parts {
		if _, f, ok := in.counts(p.seats, p.users); !ok {
			return f
		}
	}
	filled := false
	for _, p := range parts {
		in.row.Workload = p.workload
		if some, _, _ := in.counts(p.seats, p.users); some {
			in.oneUsage(in.seatsOf())
			in.sink.Usage(&in.row)
			filled = true
		}
	}
	if !filled {
		return aside(noFigures, in.text(sku), nil)
	}
	in.subscribed(microsoft365, agreementOf(in.text(channel), ""))
	in.customer()
	return kept
}

// claimedRow reads a row of usage under a claim (CPOR), which says at once that
// there is the claim. An end is not in the report: a claim that ended stops
// appearing, and then has to be ended in cpor_claims.csv.
func claimedRow() func(*input) fate {
	usage := seatRow(seatSource{workload: workload})
	return func(in *input) fate {
		f := usage(in)
		if f == kept {
			in.claimed()
		}
		return f
	}
}

func (in *input) claimed() {
	id, approved := in.text(claim), in.text(associated)
	day, ok := parseDay(approved)
	if id == "" || !ok || !in.firstTime("claim", id, in.row.Tenant+"/"+in.row.Workload) {
		return
	}
	in.sink.Facts(association.Claim{
		ID: id, Location: in.text(location), Tenant: in.row.Tenant, Workload: in.row.Workload,
		Role: association.UsageRole, During: kizuna.Interval{From: day.Instant(), To: kizuna.Forever}, At: in.place(),
	})
}

// workloads are spellings of workloads, folded, and what programs call them.
var workloads = map[string]string{
	"exo":                                 "Exchange",
	"exchange":                            "Exchange",
	"exchangeonline":                      "Exchange",
	"spo":                                 "SharePoint",
	"sharepoint":                          "SharePoint",
	"sharepointonline":                    "SharePoint",
	"proplus":                             "ProPlus",
	"officeproplus":                       "ProPlus",
	"office365proplus":                    "ProPlus",
	"m365apps":                            "ProPlus",
	"microsoft365apps":                    "ProPlus",
	"teams":                               "Teams",
	"microsoftteams":                      "Teams",
	"teamsmeetings":                       "Teams Meetings",
	"teamsphone":                          "Teams Phone",
	"teamsphonecalling":                   "Teams Phone calling",
	"teamsphonecalling1p3p":               "Teams Phone calling",
	"teamsplatform":                       "Teams Platform",
	"yammer":                              "Yammer",
	"intune":                              "Intune",
	"microsoftintune":                     "Intune",
	"aadp":                                "Azure Active Directory Premium",
	"azureactivedirectorypremium":         "Azure Active Directory Premium",
	"azureadpremium":                      "Azure Active Directory Premium",
	"azip":                                "Microsoft Information Protection",
	"aip":                                 "Microsoft Information Protection",
	"azureinformationprotection":          "Microsoft Information Protection",
	"microsoftinformationprotection":      "Microsoft Information Protection",
	"mdo":                                 "Microsoft Defender for Office 365",
	"oatp":                                "Microsoft Defender for Office 365",
	"microsoftdefenderforoffice365":       "Microsoft Defender for Office 365",
	"mde":                                 "Microsoft Defender for Endpoints",
	"microsoftdefenderforendpoint":        "Microsoft Defender for Endpoints",
	"microsoftdefenderforendpoints":       "Microsoft Defender for Endpoints",
	"mdi":                                 "Microsoft Defender for Identity",
	"aatp":                                "Microsoft Defender for Identity",
	"microsoftdefenderforidentity":        "Microsoft Defender for Identity",
	"vivainsights":                        "VivaInsights",
	"vivatopics":                          "VivaTopics",
	"vivalearning":                        "VivaLearning",
	"vivaconnections":                     "VivaConnections",
	"powerbi":                             "Power BI",
	"powerapps":                           "Power App",
	"powerapp":                            "Power App",
	"powerautomate":                       "Power Automate",
	"dynamics365businesscentral":          "Business Central",
	"businesscentral":                     "Business Central",
	"dynamics365financeandoperations":     "Finance & Operations",
	"dynamics365finance&operations":       "Finance & Operations",
	"financeandoperations":                "Finance & Operations",
	"finance&operations":                  "Finance & Operations",
	"dynamics365customerengagement":       "Common data service (Customer Engagement)",
	"customerengagement":                  "Common data service (Customer Engagement)",
	"commondataservicecustomerengagement": "Common data service (Customer Engagement)",
	"dynamics365remoteassist":             "Remote Assist",
	"dynamics365guides":                   "Guides",
	"dynamics365customerinsights":         "Customer Insights",
}

// workloadOf returns what programs call a workload, or its name as it stands.
func workloadOf(name string) string {
	if w, ok := workloads[fold(name)]; ok {
		return w
	}
	return name
}
