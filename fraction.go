package kizuna

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Fraction is an exact rational number: points, percentages, thresholds. The
// zero value is 0. Fractions are values: no method changes its receiver.
//
// Whatever fits two int64 is kept in them and costs no memory; what outgrows them
// is a big.Rat until it fits again. So a number has one form only.
type Fraction struct {
	num  int64    // in lowest terms, with
	less int64    // the denominator less one, so that the zero value is 0/1
	big  *big.Rat // set where one of the two does not fit; never changed in place
}

// Int returns n as a fraction.
func Int(n int64) Fraction { return Fraction{num: n} }

// Ratio returns a/b. It panics if b is 0.
func Ratio(a, b int64) Fraction {
	if b == 0 {
		panic("kizuna: division by zero")
	}
	return lowest(a < 0 != (b < 0), magnitude(a), magnitude(b))
}

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

// fractionOf returns r, which nobody changes any more.
func fractionOf(r *big.Rat) Fraction {
	if r.Num().IsInt64() && r.Denom().IsInt64() {
		return Fraction{num: r.Num().Int64(), less: r.Denom().Int64() - 1}
	}
	return Fraction{big: r}
}

func (f Fraction) rat() *big.Rat {
	if f.big != nil {
		return f.big
	}
	return big.NewRat(f.num, f.less+1)
}

// magnitude is the absolute value, of the least int64 too.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// signed is the number of that sign and magnitude; ok is false if it does not fit.
func signed(negative bool, m uint64) (n int64, ok bool) {
	if negative {
		return int64(-m), m <= 1<<63
	}
	return int64(m), m <= math.MaxInt64
}

// lowest returns num/den of that sign.
func lowest(negative bool, num, den uint64) Fraction {
	if g := gcd(num, den); g > 1 {
		num, den = num/g, den/g
	}
	if n, ok := signed(negative, num); ok && den <= math.MaxInt64 {
		return Fraction{num: n, less: int64(den) - 1}
	}
	r := new(big.Rat).SetFrac(new(big.Int).SetUint64(num), new(big.Int).SetUint64(den))
	if negative {
		r.Neg(r)
	}
	return Fraction{big: r}
}

// gcd returns the greatest common divisor; of 0 and n, n.
func gcd(a, b uint64) uint64 {
	if a == 1 || b == 1 {
		return 1
	}
	if a == 0 || b == 0 {
		return a | b
	}
	twos := bits.TrailingZeros64(a | b)
	a >>= bits.TrailingZeros64(a)
	for b != 0 {
		b >>= bits.TrailingZeros64(b)
		a, b = min(a, b), max(a, b)-min(a, b)
	}
	return a << twos
}

// product is a times b; ok is false if it does not fit.
func product(a, b int64) (n int64, ok bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	n, ok = signed(a < 0 != (b < 0), lo)
	return n, ok && hi == 0
}

// sum is a plus b; ok is false if it does not fit.
func sum(a, b int64) (n int64, ok bool) {
	n = a + b
	return n, (n > a) == (b > 0)
}

// Add returns f + g.
func (f Fraction) Add(g Fraction) Fraction {
	if h, ok := f.add(g.num, g.less); ok && f.big == nil && g.big == nil {
		return h
	}
	return fractionOf(new(big.Rat).Add(f.rat(), g.rat()))
}

// Sub returns f - g.
func (f Fraction) Sub(g Fraction) Fraction {
	if h, ok := f.add(-g.num, g.less); ok && g.num != math.MinInt64 && f.big == nil && g.big == nil {
		return h
	}
	return fractionOf(new(big.Rat).Sub(f.rat(), g.rat()))
}

// add returns f + num/(less+1) for numbers that fit; ok is false if the sum, or what
// leads to it, does not.
func (f Fraction) add(num, less int64) (h Fraction, ok bool) {
	if f.less|less == 0 {
		h.num, ok = sum(f.num, num)
		return h, ok
	}
	// Knuth: whatever the numerator and the denominator of the sum have in common is in
	// what the denominators have in common.
	b, d := uint64(f.less)+1, uint64(less)+1
	g := gcd(b, d)
	x, okX := product(f.num, int64(d/g))
	y, okY := product(num, int64(b/g))
	n, okN := sum(x, y)
	if !okX || !okY || !okN {
		return h, false
	}
	t := gcd(magnitude(n), g)
	den, ok := product(int64(b/g), int64(d/t))
	return Fraction{num: n / int64(t), less: den - 1}, ok
}

// Mul returns f times g.
func (f Fraction) Mul(g Fraction) Fraction {
	if f.big == nil && g.big == nil {
		if h, ok := crosswise(f.num < 0 != (g.num < 0), magnitude(f.num), uint64(f.less)+1, magnitude(g.num), uint64(g.less)+1); ok {
			return h
		}
	}
	return fractionOf(new(big.Rat).Mul(f.rat(), g.rat()))
}

// Div returns f / g. It panics if g is 0.
func (f Fraction) Div(g Fraction) Fraction {
	if f.big == nil && g.big == nil && g.num != 0 {
		if h, ok := crosswise(f.num < 0 != (g.num < 0), magnitude(f.num), uint64(f.less)+1, uint64(g.less)+1, magnitude(g.num)); ok {
			return h
		}
	}
	return fractionOf(new(big.Rat).Quo(f.rat(), g.rat()))
}

// crosswise multiplies a/b by c/d, both in lowest terms; ok is false if the product
// does not fit.
func crosswise(negative bool, a, b, c, d uint64) (f Fraction, ok bool) {
	if a == 0 || c == 0 {
		return f, true
	}
	if g := gcd(a, d); g > 1 {
		a, d = a/g, d/g
	}
	if g := gcd(c, b); g > 1 {
		c, b = c/g, b/g
	}
	hiNum, num := bits.Mul64(a, c)
	hiDen, den := bits.Mul64(b, d)
	n, ok := signed(negative, num)
	return Fraction{num: n, less: int64(den - 1)}, ok && hiNum|hiDen == 0 && den <= math.MaxInt64
}

// Cmp returns -1, 0 or 1 as f is less than, equal to or greater than g.
func (f Fraction) Cmp(g Fraction) int {
	if f.big != nil || g.big != nil {
		return f.rat().Cmp(g.rat())
	}
	if f.less == g.less {
		return order(f.num, g.num)
	}
	if s := f.Sign(); s != g.Sign() || s == 0 {
		return order(int64(s), int64(g.Sign()))
	}
	hiF, loF := bits.Mul64(magnitude(f.num), uint64(g.less)+1)
	hiG, loG := bits.Mul64(magnitude(g.num), uint64(f.less)+1)
	further := 1 // from 0
	if hiF < hiG || hiF == hiG && loF < loG {
		further = -1
	}
	return further * f.Sign() // two numbers in lowest terms are not equal here
}

func order(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Terms returns numerator and denominator in lowest terms; ok is false if they do
// not fit.
func (f Fraction) Terms() (num, den int64, ok bool) {
	if f.big != nil {
		return 0, 0, false
	}
	return f.num, f.less + 1, true
}

// Sign returns -1, 0 or 1 as f is negative, zero or positive.
func (f Fraction) Sign() int {
	if f.big != nil {
		return f.big.Sign()
	}
	return order(f.num, 0)
}

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
	if f.big == nil {
		n, den := f.num, f.less+1
		if n > 0 && n%den != 0 {
			return n/den + 1
		}
		return n / den
	}
	q, m := new(big.Int).DivMod(f.big.Num(), f.big.Denom(), new(big.Int))
	if m.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64()
}

// Floor rounds down to a whole number.
func (f Fraction) Floor() int64 {
	if f.big == nil {
		n, den := f.num, f.less+1
		if n < 0 && n%den != 0 {
			return n/den - 1
		}
		return n / den
	}
	return new(big.Int).Div(f.big.Num(), f.big.Denom()).Int64() // Euclid's: rounds down
}

// tens are the powers of ten that fit.
var tens = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// Round returns f rounded half away from zero to the given number of decimals.
func (f Fraction) Round(decimals int) Fraction {
	if f.big == nil && f.less == 0 && decimals >= 0 {
		return f
	}
	if f.big == nil && 0 <= decimals && decimals < len(tens) {
		hi, lo := bits.Mul64(magnitude(f.num), tens[decimals])
		if den := uint64(f.less) + 1; hi < den {
			if q, rest := bits.Div64(hi, lo, den); q < math.MaxUint64 {
				if rest >= den-rest {
					q++
				}
				return lowest(f.num < 0, q, tens[decimals])
			}
		}
	}
	r, ok := new(big.Rat).SetString(f.rat().FloatString(decimals))
	if !ok {
		return f // FloatString writes numbers
	}
	return fractionOf(r)
}

// String writes the exact value: "12" or "20/3".
func (f Fraction) String() string {
	switch {
	case f.big != nil:
		return f.big.RatString()
	case f.less == 0:
		return strconv.FormatInt(f.num, 10)
	}
	return strconv.FormatInt(f.num, 10) + "/" + strconv.FormatInt(f.less+1, 10)
}

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
	s := f.String()
	if strings.Contains(s, "/") {
		s = `"` + s + `"`
	}
	return []byte(s), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and decimal numbers.
func (f *Fraction) UnmarshalJSON(b []byte) (err error) {
	*f, err = ParseFraction(strings.Trim(string(b), `"`))
	return err
}
