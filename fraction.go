package kizuna

import (
	"math/big"
	"strings"
)

// Fraction is an exact rational number: points, percentages, thresholds. The
// zero value is 0. Fractions are values: no method changes its receiver.
type Fraction struct{ r *big.Rat }

// Int returns n as a fraction.
func Int(n int64) Fraction { return Fraction{new(big.Rat).SetInt64(n)} }

// Ratio returns a/b. It panics if b is 0.
func Ratio(a, b int64) Fraction { return Fraction{big.NewRat(a, b)} }

// ParseFraction reads "20/3", "4.18" or "12", in decimal digits.
func ParseFraction(s string) (Fraction, error) {
	above, below, isRatio := strings.Cut(s, "/")
	num, err1 := ParseDecimal(above)
	den, err2 := Decimal{small: 1}, error(nil)
	if isRatio {
		den, err2 = ParseDecimal(below)
	}
	if err1 != nil || err2 != nil || den.Sign() == 0 {
		return Fraction{}, Errorf("fraction", "%q is not a number", clip(s, 40)).WithMend(`write 12, 4.18 or "20/3"`)
	}
	return num.Fraction().Div(den.Fraction()), nil
}

func (f Fraction) rat() *big.Rat {
	if f.r == nil {
		return new(big.Rat)
	}
	return f.r
}

// Add returns f + g.
func (f Fraction) Add(g Fraction) Fraction { return Fraction{new(big.Rat).Add(f.rat(), g.rat())} }

// Sub returns f - g.
func (f Fraction) Sub(g Fraction) Fraction { return Fraction{new(big.Rat).Sub(f.rat(), g.rat())} }

// Mul returns f times g.
func (f Fraction) Mul(g Fraction) Fraction { return Fraction{new(big.Rat).Mul(f.rat(), g.rat())} }

// Div returns f / g. It panics if g is 0.
func (f Fraction) Div(g Fraction) Fraction { return Fraction{new(big.Rat).Quo(f.rat(), g.rat())} }

// Cmp returns -1, 0 or 1 as f is less than, equal to or greater than g.
func (f Fraction) Cmp(g Fraction) int { return f.rat().Cmp(g.rat()) }

// Terms returns numerator and denominator in lowest terms; ok is false if they do
// not fit.
func (f Fraction) Terms() (num, den int64, ok bool) {
	r := f.rat()
	return r.Num().Int64(), r.Denom().Int64(), r.Num().IsInt64() && r.Denom().IsInt64()
}

// Sign returns -1, 0 or 1 as f is negative, zero or positive.
func (f Fraction) Sign() int { return f.rat().Sign() }

// Min returns the smaller of the two.
func (f Fraction) Min(g Fraction) Fraction {
	if f.Cmp(g) <= 0 {
		return f
	}
	return g
}

// Max returns the greater of the two.
func (f Fraction) Max(g Fraction) Fraction {
	if f.Cmp(g) >= 0 {
		return f
	}
	return g
}

// Clamp returns f, but at least lo and at most hi.
func (f Fraction) Clamp(lo, hi Fraction) Fraction { return f.Max(lo).Min(hi) }

// Ceil returns the least integer not below f.
func (f Fraction) Ceil() int64 {
	r := f.rat()
	q, m := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if m.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64()
}

// Floor rounds down to a whole number.
func (f Fraction) Floor() int64 { return -Fraction{new(big.Rat).Neg(f.rat())}.Ceil() }

// String writes the exact value: "12" or "20/3".
func (f Fraction) String() string { return f.rat().RatString() }

// Decimal writes the value rounded half away from zero to the given number of
// decimals, for people to read: "6.7".
func (f Fraction) Decimal(decimals int) string { return f.rat().FloatString(decimals) }

// Show writes the value for people, with at most two decimals: "12", "6.67".
func (f Fraction) Show() string {
	s := f.Decimal(2)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalJSON writes an integer as a number and anything else as "20/3".
func (f Fraction) MarshalJSON() ([]byte, error) {
	if r := f.rat(); !r.IsInt() {
		return []byte(`"` + r.RatString() + `"`), nil
	}
	return []byte(f.String()), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and decimal numbers.
func (f *Fraction) UnmarshalJSON(b []byte) (err error) {
	*f, err = ParseFraction(strings.Trim(string(b), `"`))
	return err
}
