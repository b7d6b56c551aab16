package attribution

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// eligible reports whether some covered workload's paid seats are in the
// measure's range in the month. A measure that asks for no range takes everybody.
func (v *view) eligible(m kizuna.Month) bool {
	if v.measure.Seats == nil {
		return true
	}
	if v.seatsInRange(m) {
		return true
	}
	// A tenant that outgrew the range still counts if it was in it a year before.
	return v.measure.StaysAfterGrowth && m == v.plan.Last &&
		v.seatsAbove(m) && v.seatsInRange(m.Add(-12))
}

func (v *view) seatsInRange(m kizuna.Month) bool {
	for _, s := range v.series {
		if c := v.at(s, m); c.snapshot && v.measure.Seats.Contains(c.seats) {
			return true
		}
	}
	return false
}

func (v *view) seatsAbove(m kizuna.Month) bool {
	for _, s := range v.series {
		if c := v.at(s, m); c.snapshot && v.measure.Seats.To != nil && c.seats > *v.measure.Seats.To {
			return true
		}
	}
	return false
}

// covered reports whether any snapshot of the customer is covered in the month.
func (v *view) covered(m kizuna.Month) bool {
	for _, s := range v.series {
		if v.at(s, m).snapshot {
			return true
		}
	}
	return false
}

// share returns the active users and the paid seats over all covered workloads.
func (v *view) share(m kizuna.Month) (users, seats kizuna.Micro) {
	for _, s := range v.series {
		c := v.at(s, m)
		users += c.users
		seats += c.seats
	}
	return users, seats
}

// activeEnough reports whether the users are the share of the seats that the
// measure asks for.
func (v *view) activeEnough(users, seats kizuna.Micro) bool {
	return reaches(users, seats, *v.measure.Share, v.measure.ShareExclusive)
}

// reaches reports whether users are at least the share of seats, or more than
// it; with no paid seats the share is 0.
func reaches(users, seats kizuna.Micro, share kizuna.Fraction, exclusive bool) bool {
	c := users.Fraction().Cmp(seats.Fraction().Mul(share))
	return seats > 0 && (c > 0 || c == 0 && !exclusive)
}

// seatHolders makes the tally of measures that count tenants by seats, by the
// share of them that is active or by how many users are, where the measure asks.
func (v *view) seatHolders(now kizuna.Month, base months) Tally {
	var t Tally
	t.Now = count(v.holds(now) && !v.arrivedActive(now, base))
	if !base.empty() {
		t.Base = count(v.holds(base.last))
	}
	return t
}

func (v *view) holds(m kizuna.Month) bool {
	if !v.eligible(m) || !v.covered(m) {
		return false
	}
	if users, _ := v.share(m); v.measure.Amount != nil && !v.measure.Amount.Contains(users) {
		return false
	}
	if v.measure.Share == nil {
		return true
	}
	if v.measure.ShareOfWorkload {
		return slices.ContainsFunc(v.series, func(s *series) bool {
			c := v.at(s, m)
			return v.activeEnough(c.users, c.seats)
		})
	}
	return v.activeEnough(v.share(m))
}

// arrivedActive reports whether the customer is left out because it was already
// active when the association began: not covered at the base, and above the
// share in its first covered month since.
func (v *view) arrivedActive(now kizuna.Month, base months) bool {
	limit := v.measure.NewShareAtMost
	if limit == nil || base.empty() || v.covered(base.last) {
		return false
	}
	for m := base.last + 1; m <= now; m++ {
		if v.covered(m) {
			users, seats := v.share(m)
			return reaches(users, seats, *limit, !v.measure.NewShareExclusive)
		}
	}
	return false
}

// users makes the tally of measures that add up active users (or seats).
func (v *view) users(now kizuna.Month, base months) Tally {
	var t Tally
	for _, s := range v.series {
		t.Now += v.taken(s, now)
		if base.empty() {
			continue
		}
		switch {
		case v.at(s, base.last).snapshot:
			t.Base += v.taken(s, base.last)
		case v.measure.SinceAssociation && v.at(s, now).snapshot:
			t.Base += v.taken(s, v.firstCovered(s, base.last+1, now))
		}
	}
	return t
}

// taken is the amount of a covered pair, if its tenant is eligible in that month.
func (v *view) taken(s *series, m kizuna.Month) int64 {
	c := v.at(s, m)
	if !c.snapshot || !v.eligible(m) {
		return 0
	}
	if v.measure.Quantity == program.PaidSeats {
		return int64(c.seats)
	}
	return int64(c.users)
}

// firstCovered returns the pair's first covered month; last is known to be one.
func (v *view) firstCovered(s *series, first, last kizuna.Month) kizuna.Month {
	for m := first; m < last; m++ {
		if v.at(s, m).snapshot {
			return m
		}
	}
	return last
}
