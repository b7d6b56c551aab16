package kizuna_test

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func TestFractionsAreReadInDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"12": "12", "4.18": "209/50", "20/3": "20/3", "40/6": "20/3", "010/3": "10/3", "-1/2": "-1/2", "1.5/0.5": "3",
	} {
		f, err := kizuna.ParseFraction(in)
		if err != nil || f.String() != want {
			t.Errorf("%s is read as %s (%v), want %s", in, f, err, want)
		}
	}
	for _, in := range []string{"", "/", "1/0", "1/", "0x10", "1_000", "½", "1/2/3"} {
		if f, err := kizuna.ParseFraction(in); err == nil {
			t.Errorf("%q is read as %s", in, f)
		}
	}
}

func TestFractionsAreShownHalfUp(t *testing.T) {
	for _, c := range []struct {
		f        kizuna.Fraction
		decimals int
		want     string
	}{
		{kizuna.Ratio(155, 2), 0, "78"}, {kizuna.Ratio(139, 2), 0, "70"}, {kizuna.Ratio(20, 3), 1, "6.7"}, {kizuna.Ratio(1, 20), 1, "0.1"},
	} {
		if got := c.f.Decimal(c.decimals); got != c.want {
			t.Errorf("%s with %d decimals is %s, want %s", c.f, c.decimals, got, c.want)
		}
	}
}

func TestFractionsSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := kizuna.Ratio(rapid.Int64().Draw(t, "a"), rapid.Int64Range(1, 1e12).Draw(t, "b"))
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var back kizuna.Fraction
		if err := json.Unmarshal(data, &back); err != nil || back.Cmp(f) != 0 {
			t.Fatalf("%s is read back as %s: %v", f, back, err)
		}
	})
}

// number draws a numerator or a denominator: any, and often one at the edges of what
// fits or with much in common with others.
func number(t *rapid.T, label string) int64 {
	return rapid.OneOf(
		rapid.Int64(), rapid.Int64Range(-100, 100),
		rapid.Map(rapid.Int64Range(-1e6, 1e6), func(n int64) int64 { return n * 1e6 }),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1, -1 << 62, 1 << 62, 1 << 32, 3 << 31, -1 << 31}),
	).Draw(t, label)
}

// fraction draws a fraction beside the same number as a big.Rat. It may have outgrown
// two int64.
func fraction(t *rapid.T, label string) (kizuna.Fraction, *big.Rat) {
	a, b := number(t, label), number(t, "under "+label)
	if b == 0 {
		b = 1
	}
	f, r := kizuna.Ratio(a, b), big.NewRat(a, b)
	if rapid.IntRange(0, 4).Draw(t, label+" outgrows") == 0 {
		f, r = f.Mul(f), new(big.Rat).Mul(r, r)
	}
	return f, r
}

func TestFractionsReckonAsBigOnesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, x := fraction(t, "f")
		g, y := fraction(t, "g")
		same := func(what string, got kizuna.Fraction, want *big.Rat) {
			t.Helper()
			if got.String() != want.RatString() {
				t.Fatalf("%s of %s and %s is %s, want %s", what, x.RatString(), y.RatString(), got, want.RatString())
			}
			num, den, ok := got.Terms()
			if fits := want.Num().IsInt64() && want.Denom().IsInt64(); ok != fits || ok && (num != want.Num().Int64() || den != want.Denom().Int64()) {
				t.Fatalf("%s has the terms %d and %d, %v", want.RatString(), num, den, ok)
			}
			// One number has one form, however it was come by.
			if back, err := kizuna.ParseFraction(want.RatString()); err == nil && !reflect.DeepEqual(back, got) {
				t.Fatalf("%s of %s and %s is %#v, read it is %#v", what, x.RatString(), y.RatString(), got, back)
			}
		}
		same("f", f, x)
		same("sum", f.Add(g), new(big.Rat).Add(x, y))
		same("difference", f.Sub(g), new(big.Rat).Sub(x, y))
		same("product", f.Mul(g), new(big.Rat).Mul(x, y))
		if y.Sign() != 0 {
			same("quotient", f.Div(g), new(big.Rat).Quo(x, y))
			same("what is taken back", f.Div(g).Mul(g), x)
		}
		same("there and back", f.Add(g).Sub(g), x)
		if f.Cmp(g) != x.Cmp(y) || f.Sign() != x.Sign() || f.Cmp(f) != 0 {
			t.Fatalf("%s is %d beside %s, sign %d", f, f.Cmp(g), g, f.Sign())
		}
		if f.Min(g).Cmp(f.Max(g)) > 0 {
			t.Fatalf("%s and %s", f.Min(g), f.Max(g))
		}
		floor := new(big.Int).Div(x.Num(), x.Denom())
		ceil := new(big.Int).Set(floor)
		if !x.IsInt() {
			ceil.Add(ceil, big.NewInt(1))
		}
		if floor.IsInt64() && f.Floor() != floor.Int64() || ceil.IsInt64() && f.Ceil() != ceil.Int64() {
			t.Fatalf("%s lies between %d and %d", f, f.Floor(), f.Ceil())
		}
		decimals := rapid.IntRange(0, 20).Draw(t, "decimals")
		rounded, ok := new(big.Rat).SetString(x.FloatString(decimals))
		if !ok || f.Round(decimals).String() != rounded.RatString() {
			t.Fatalf("%s with %d decimals is %s, want %s", f, decimals, f.Round(decimals), rounded.RatString())
		}
	})
}

func TestNothingIsDividedByZero(t *testing.T) {
	for what, divide := range map[string]func(){
		"a ratio":    func() { kizuna.Ratio(1, 0) },
		"a quotient": func() { kizuna.Int(1).Div(kizuna.Fraction{}) },
		"zero":       func() { kizuna.Fraction{}.Div(kizuna.Int(0)) },
	} {
		t.Run(what, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it has a value")
				}
			}()
			divide()
		})
	}
}

func TestOrdinaryFractionsCostNoMemory(t *testing.T) {
	total, part := kizuna.Ratio(1234567, 1000000), kizuna.Ratio(20, 3)
	var out kizuna.Fraction
	if n := testing.AllocsPerRun(100, func() {
		out = total.Mul(part).Div(kizuna.Int(15)).Sub(kizuna.Ratio(1, 7)).Clamp(kizuna.Fraction{}, kizuna.Int(20)).Add(part).Round(2)
	}); n != 0 {
		t.Errorf("%v allocations for %s", n, out)
	}
}

func BenchmarkFraction(b *testing.B) {
	progress, most, threshold := kizuna.Ratio(7_654_321, 1_000_000), kizuna.Int(20), kizuna.Int(15)
	b.ReportAllocs()
	var out kizuna.Fraction
	for b.Loop() {
		out = out.Add(most.Mul(progress).Div(threshold).Clamp(kizuna.Fraction{}, most)).Sub(out)
	}
}
