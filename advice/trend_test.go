package advice_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

func TestATrendIsTheSlopeOfTheCustomersOwnMonths(t *testing.T) {
	for _, c := range []struct {
		name   string
		months []int64
		want   kizuna.Fraction
	}{
		{"nothing", nil, kizuna.Fraction{}},
		{"steady", []int64{5, 5, 5, 5}, kizuna.Fraction{}},
		{"by one a month", []int64{7, 8, 9, 10}, kizuna.Ratio(1, 10)},
		{"downwards", []int64{10, 9, 8}, kizuna.Ratio(-1, 8)},
		{"since it began", []int64{0, 0, 2, 3, 4}, kizuna.Ratio(1, 4)},
		{"two months are none", []int64{0, 0, 1, 9}, kizuna.Fraction{}},
		{"ended", []int64{3, 2, 1, 0}, kizuna.Fraction{}},
		{"rounded", []int64{1, 1, 3}, kizuna.Ratio(333333, 1000000)},
		// By least squares: 6 x (-3 x 10 - 1 x 20 + 1 x 10 + 3 x 30) / (4 x 15 x 30).
		{"up and down", []int64{10, 20, 10, 30}, kizuna.Ratio(166667, 1000000)},
	} {
		months := make([]segment.Row, len(c.months))
		for i, m := range c.months {
			months[i].Money = kizuna.Micro(m) * kizuna.MicroPerUnit
		}
		if got := advice.Trend(months); got != (advice.Rates{Money: c.want}) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
