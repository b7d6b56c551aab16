package partnercenter

import (
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/table"
)

// description is a report as data.
type description struct {
	kind Kind
	// needs are the fields that a header must have; they tell the report from the
	// others, in the order of the list.
	needs  []field
	covers []intake.Coverage
	// row reads one row and says what becomes of it.
	row func(*input) fate
}

// reports lists what Partner Center has, the more particular headers first.
var reports = []description{
	{AzureUsage, []field{month, tenant, subscription, service, revenue, attribution}, azureCovers, azureRow},
	{ClaimedUsage, []field{month, tenant, workload, users, seats, claim, associated, location}, seatCovers, claimedRow()},
	{MobilityUsage, []field{month, tenant, intuneSeats, intuneUsers, directoryUsers, location}, seatCovers, mobilityRow},
	{OfficeUsage, []field{month, tenant, workload, users, seats, location}, seatCovers, seatRow(seatSource{workload: workload})},
	{DynamicsUsage, []field{month, tenant, category, users, seats, location}, businessSeatCovers,
		seatRow(seatSource{workload: category, product: dynamics365, division: true})},
	{PowerBIUsage, []field{month, tenant, sku, users, seats, location}, businessSeatCovers,
		seatRow(seatSource{fixed: "Power BI", product: powerPlatform})},
	{BusinessRevenue, []field{month, tenant, workload, revenue, attribution, profileAccount},
		[]intake.Coverage{{Quantity: program.Revenue, Family: program.BusinessFamily}}, businessRevenueRow},
	{BusinessUsage, []field{month, tenant, workload, metricType, attribution, profileAccount},
		[]intake.Coverage{
			{Quantity: program.ActiveUsers, Family: program.BusinessFamily},
			{Quantity: program.Consumption, Family: program.BusinessFamily},
		}, businessUsageRow},
	{Subscriptions, []field{month, tenant, subscription, subscriptionStart, autoRenew, product}, nil, subscriptionRow},
	{Customers, []field{tenant, customerName, customerStatus, product}, nil, customerRow},
	{Locations, []field{account, location, hierarchy}, nil, locationRow},
	{Trainings, []field{trainingTitle, completed, mcid, location}, nil, trainingRow},
	{Learn, []field{learnTraining, learnUser, learnCompleted}, nil, learnRow},

	// The usage of Teams has no seats; the Office 365 report counts the same users.
	{Other, []field{month, tenant, subWorkload, participants}, nil, otherRow("aside.counted-elsewhere", "Teams monthly usage")},
	{Other, []field{subWorkload, meetingCount}, nil, otherRow(noFigures, "Teams meetings and calls")},
	{Other, []field{tenant, date, userCount}, nil, otherRow(noFigures, "Teams apps")},
	{Other, []field{resellerStatus, providerLocation}, nil, otherRow(noFigures, "Reseller performance")},
	{Other, []field{subscription, pricingSummary}, nil, otherRow(noFigures, "CSP direct partner eligibility")},
	{Other, []field{competency}, nil, otherRow(noFigures, "Competencies")},
	{Other, []field{propensityAccount, propensityType}, nil, otherRow(noFigures, "Cloud Ascent propensity")},
}

var (
	azureCovers = []intake.Coverage{{Quantity: program.Revenue, Family: program.AzureFamily}}
	seatCovers  = []intake.Coverage{
		{Quantity: program.ActiveUsers, Family: program.M365Family},
		{Quantity: program.PaidSeats, Family: program.M365Family},
	}
	businessSeatCovers = []intake.Coverage{
		{Quantity: program.ActiveUsers, Family: program.BusinessFamily},
		{Quantity: program.PaidSeats, Family: program.BusinessFamily},
		{Quantity: program.Consumption, Family: program.BusinessFamily}, // users stand in for units
	}
)

func (d *description) has(header []string) bool {
	for _, f := range d.needs {
		if table.FindIn(header, columns[f]...) < 0 {
			return false
		}
	}
	return true
}

// noFigures: nothing in the row makes a score.
const noFigures = "aside.no-figures"

// otherRow sets aside the rows of reports from which no figure is taken.
func otherRow(reason, name string) func(*input) fate {
	return func(*input) fate { return aside(reason, name, nil) }
}
