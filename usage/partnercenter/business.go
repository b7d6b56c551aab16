package partnercenter

import (
	"strings"

	"github.com/kizuna-org/kizuna"
)

// The reports of Business Applications name the partner's global account and no
// location. They are the figures of the program itself: what is in them was sold
// through a channel that counts.

// businessRevenueRow reads a row of adjusted revenue, in dollars at constant rates.
func businessRevenueRow(in *input) fate {
	if f, ok := in.month(); !ok {
		return f
	}
	amount, f, ok := in.money()
	switch {
	case !ok:
		return f
	case amount == nil:
		return aside(noFigures, in.text(workload), nil)
	case in.text(tenant) == "":
		return in.missing(tenant)
	}
	// Of the roles of a claim the ones that are paid by sales feed revenue.
	if f, counts := in.assert("CPOR-RevRec", amount); !counts {
		return f
	}
	in.row.Revenue = amount
	in.oneUsage("revenue of " + amount.String())
	in.businessRow()
	return kept
}

// businessUsageRow reads a row of active users or consumed units. MetricType says
// which of its figures the rules look at.
func businessUsageRow(in *input) fate {
	if f, ok := in.month(); !ok {
		return f
	}
	if in.text(tenant) == "" {
		return in.missing(tenant)
	}
	if f, counts := in.assert("CPOR-OSU", nil); !counts {
		return f
	}
	set, f, ok := in.whole(monthlyUsers, &in.numbers.users)
	if !ok {
		return f
	}
	if set {
		in.row.ActiveUsers = &in.numbers.users
	}
	for _, from := range in.unitFields() {
		text := in.text(from)
		if text == "" {
			continue
		}
		units, err := kizuna.ParseMicro(text)
		if err != nil {
			return in.badNumber(from, text)
		}
		in.numbers.units, in.row.Units = units, &in.numbers.units
		break
	}
	if in.row.ActiveUsers == nil && in.row.Units == nil {
		return aside(noFigures, in.text(workload), nil)
	}
	in.oneUsage(strings.TrimSpace(in.text(metricType) + " " + in.text(skuGroup)))
	in.businessRow()
	return kept
}

// unitFields are the columns that may hold the units, the best first.
func (in *input) unitFields() []field {
	switch t := fold(in.text(metricType)); {
	case t == "mac" || strings.Contains(t, "capacity"):
		return []field{capacity, partnerUsers, monthlyUsers}
	case t == "mau":
		return []field{monthlyUsers, partnerUsers, capacity}
	}
	return []field{partnerUsers, monthlyUsers, capacity}
}

func (in *input) businessRow() {
	row := &in.row
	row.Tenant = in.text(tenant)
	row.Subscription = in.text(subscription)
	row.Workload = in.text(workload)
	// The report has no channel. CSP says it by the association; the other types
	// are for volume licensing and web direct, which count alike.
	if row.Channel = "EA"; strings.HasPrefix(row.Asserted.Type, "CSP") {
		row.Channel = "CSP"
	}
	in.sink.Usage(row)
	p := productOf(row.Workload)
	if p == otherProduct {
		p = dynamics365
	}
	in.subscribed(p, "")
	in.customer()
}
