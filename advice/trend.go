package advice

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// TrendMonths is how many months a trend looks back on, and leastTrend how many it needs.
const (
	TrendMonths = 12
	leastTrend  = 3
)

// Trend returns the rates at which a customer's usage grows by its own months: the last of
// months is the one that they are rates of, and each has what the customer consumed in it.
//
// Of each figure it is the slope of the straight line through the months by least squares,
// from the first on in which there is any, divided by the last month's figure and rounded
// to a millionth, half away from zero: n months with the figures y1 … yn give
//
//	6 x sum of (2i - n - 1) x yi / (n x (n x n - 1) x yn)
//
// There is none (0) of fewer than three months, or where the last has nothing.
func Trend(months []segment.Row) Rates {
	figure := func(of func(*segment.Row) kizuna.Micro) kizuna.Fraction {
		first := 0
		for first < len(months) && of(&months[first]) == 0 {
			first++
		}
		n := int64(len(months) - first)
		if n < leastTrend || of(&months[len(months)-1]) == 0 {
			return kizuna.Fraction{}
		}
		sum := kizuna.Fraction{}
		for i := int64(1); i <= n; i++ {
			y := of(&months[int64(first)+i-1])
			sum = sum.Add(kizuna.Int(int64(y)).Mul(kizuna.Int(2*i - n - 1)))
		}
		last := kizuna.Int(int64(of(&months[len(months)-1])))
		return sum.Mul(kizuna.Ratio(6, n*(n*n-1))).Div(last).Round(6)
	}
	return Rates{
		Money: figure(func(r *segment.Row) kizuna.Micro { return r.Money }),
		Users: figure(func(r *segment.Row) kizuna.Micro { return r.Users }),
		Seats: figure(func(r *segment.Row) kizuna.Micro { return r.Seats }),
		Units: figure(func(r *segment.Row) kizuna.Micro { return r.Units }),
	}
}
