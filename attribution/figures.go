package attribution

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Figures is what a usage row carries that can be counted, in dollars, rounded once.
type Figures struct {
	HasMoney, Snapshot  bool
	Money               kizuna.Micro
	Users, Seats, Units kizuna.Micro // of a snapshot
	// Asserted: the row carries the vendor's own attribution, of the type As.
	Asserted bool
	As       program.Type
	// Duplicate: another row of the same file keeps this usage; it counts nowhere.
	Duplicate bool
}

// Rates turns currencies into dollars.
type Rates map[rateKey]kizuna.Decimal

type rateKey struct {
	currency string
	month    kizuna.Month
}

const dollar = "USD"

// NewRates returns the rates for looking up.
func NewRates(rates []usage.Rate) Rates {
	out := make(Rates, len(rates))
	for _, rate := range rates {
		out[rateKey{rate.Currency, rate.Month}] = rate.USD
	}
	return out
}

// Figures reads a row, or says why it cannot be counted.
func (r Rates) Figures(u *usage.Row) (f Figures, err *kizuna.Error) {
	if u.Day == nil {
		f.snapshot(u)
	}
	if u.Revenue != nil {
		if f.Money, err = r.dollars(u); err != nil {
			return Figures{}, err
		}
		f.HasMoney = true
	}
	if u.Asserted.Location == "" || u.Asserted.Type == "" {
		return f, nil
	}
	if f.As, f.Asserted = program.TypeOf(u.Asserted.Type); !f.Asserted {
		return Figures{}, kizuna.Errorf("asserted-type", "%q is not an association type", u.Asserted.Type).
			WithMend("write CPOR-OSU, CPOR-OSA, CPOR-RevRec, PAL, DPOR, CSP-T1, CSP-T2 or TPOR")
	}
	// Without a source row id the file's duplicate flag for the account says which
	// row of several keeps the usage.
	flag := u.Asserted.DuplicateForAccount
	f.Duplicate = u.Asserted.SourceRow == "" && flag != nil && *flag
	return f, nil
}

// snapshot fills what a month's row with any of users, seats and units says. Empty
// cells are 0, but active users stand in for units.
func (f *Figures) snapshot(u *usage.Row) {
	if u.ActiveUsers == nil && u.PaidSeats == nil && u.Units == nil {
		return
	}
	f.Snapshot = true
	whole := func(n *int64) kizuna.Micro {
		if n == nil {
			return 0
		}
		return kizuna.Micro(*n) * kizuna.MicroPerUnit
	}
	f.Users, f.Seats = whole(u.ActiveUsers), whole(u.PaidSeats)
	if f.Units = f.Users; u.Units != nil {
		f.Units = *u.Units
	}
}

// dollars converts the row's revenue and rounds it, once.
func (r Rates) dollars(u *usage.Row) (kizuna.Micro, *kizuna.Error) {
	money := *u.Revenue
	if u.Currency != "" && u.Currency != dollar {
		rate, ok := r[rateKey{u.Currency, u.Month}]
		if !ok {
			return 0, kizuna.Errorf("no-exchange-rate", "no rate of %s in %s", u.Currency, u.Month).
				WithMend("add the line %s,%s,<dollars> to exchange_rates.csv", u.Currency, u.Month)
		}
		money = money.Mul(rate)
	}
	micro, ok := money.Micro()
	if !ok {
		return 0, kizuna.Errorf("amount-too-large", "%s dollars are beyond what is counted", money).
			WithMend("correct the amount")
	}
	return micro, nil
}
