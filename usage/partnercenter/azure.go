package partnercenter

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
)

// azureRow reads a row of Azure usage: consumed revenue (ACR) of a service (Azure's
// "Service Level 2") in a subscription and a month, as attributed to a location in
// one way. The same revenue stands in a row for each way; the duplicate flags say
// which row keeps it. The oldest vintage has no flags: there rows that say the same
// but for the attribution are one.
func azureRow(in *input) fate {
	if f, ok := in.month(); !ok {
		return f
	}
	amount, f, ok := in.money()
	switch {
	case !ok:
		return f
	case amount == nil:
		return in.missing(revenue)
	case in.text(tenant) == "" && in.text(subscription) == "":
		return in.missing(tenant)
	}
	if f, counts := in.assert("CPOR-OSU", amount); !counts {
		return f
	}
	row := &in.row
	row.Tenant = in.text(tenant)
	row.Subscription = in.text(subscription)
	row.Workload = in.text(service)
	row.Channel = channelOf(in.text(channel))
	row.Revenue = amount
	if in.at[duplicateForAccount] < 0 {
		in.oneUsage(in.digest(subscription, service, meter, usageUnits, enrollment, revenue))
	}
	in.sink.Usage(row)
	in.subscribed(azure, agreementOf(in.text(channel), ""))
	in.customer()
	return kept
}

// digest is a short name for what the fields say together.
func (in *input) digest(of ...field) string {
	h := sha256.New()
	for _, f := range of {
		io.WriteString(h, in.text(f)) //nolint:errcheck // a hash takes everything
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}
