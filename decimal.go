package kizuna

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Micro counts millionths: of a dollar, of a user, of a seat.
type Micro int64

// MicroPerUnit is one whole dollar, user or seat.
const MicroPerUnit Micro = 1_000_000

// Fraction returns the amount in whole units.
func (m Micro) Fraction() Fraction { return Ratio(int64(m), int64(MicroPerUnit)) }

// String writes the amount in whole units without trailing zeros: "12.5".
func (m Micro) String() string { return Decimal{small: int64(m), scale: 6}.String() }

// ParseMicro reads a decimal number of at most six decimals.
func ParseMicro(s string) (Micro, error) {
	d, err := ParseDecimal(s)
	if err != nil {
		return 0, err
	}
	m, exact, ok := d.round(6)
	if !ok || !exact {
		return 0, Errorf("number-decimals", "%q does not fit a number of six decimals", s)
	}
	return m, nil
}

// Share returns the part of m that num is of den, rounded half away from zero.
// It needs 0 <= num <= den and den > 0.
func (m Micro) Share(num, den int64) Micro {
	if num == den {
		return m
	}
	neg := m < 0
	abs := uint64(m)
	if neg {
		abs = -abs
	}
	hi, lo := bits.Mul64(abs, uint64(num))
	q, r := bits.Div64(hi, lo, uint64(den))
	if r >= uint64(den)-r {
		q++
	}
	if neg {
		return -Micro(q)
	}
	return Micro(q)
}

// Decimal returns the amount in whole units.
func (m Micro) Decimal() Decimal { return Decimal{small: int64(m), scale: 6}.trim() }

// Decimal is an exact decimal number, such as bills carry: any number of
// decimals, nothing lost in a sum. The zero value is 0.
type Decimal struct {
	small int64    // the unscaled value, unless big is set
	big   *big.Int // the unscaled value once it outgrows small; never changed in place
	scale int32    // how many of its digits are decimals
}

// Numbers in files are short; these bounds keep a hostile one from costing time.
const (
	maxDecimalLength   = 80
	maxDecimalExponent = 60
)

// ParseDecimal reads an optional sign, digits, an optional point with digits and
// an optional exponent, as spreadsheets and exports write them. It does not keep s:
// ParseDecimal(string(bytes)) of a short number needs no memory.
func ParseDecimal(s string) (Decimal, error) { return parseDecimal(s, maxDecimalLength) }

// ReadDecimal reads what [Decimal.String] wrote, however many digits it has. The
// caller bounds the length.
func ReadDecimal(s string) (Decimal, error) { return parseDecimal(s, len(s)) }

func parseDecimal(s string, longest int) (Decimal, error) {
	if len(s) == 0 || len(s) > longest {
		return badDecimal(s)
	}
	mantissa, neg := s, false
	if mantissa[0] == '-' || mantissa[0] == '+' {
		neg, mantissa = mantissa[0] == '-', mantissa[1:]
	}
	var (
		value    int64
		scale    int32
		exponent int32
		seen     bool
		point    bool
		overflow bool
	)
	for i := range len(mantissa) {
		c := mantissa[i]
		if c-'0' <= 9 {
			seen = true
			if point {
				scale++
			}
			if value > (math.MaxInt64-9)/10 {
				overflow = true
				continue
			}
			value = value*10 + int64(c-'0')
			continue
		}
		if c == '.' && !point {
			point = true
			continue
		}
		n, ok := decimalExponent(mantissa[i:])
		if !ok {
			return badDecimal(s)
		}
		exponent, mantissa = n, mantissa[:i]
		break
	}
	if !seen {
		return badDecimal(s)
	}
	d := Decimal{small: value, scale: scale}
	if overflow {
		d.big, _ = new(big.Int).SetString(strings.Replace(strings.Clone(mantissa), ".", "", 1), 10)
	}
	if neg {
		d = d.Neg()
	}
	d.scale -= exponent
	if d.scale < 0 {
		d = d.rescale(0)
	}
	return d.trim(), nil
}

func badDecimal(s string) (Decimal, error) {
	return Decimal{}, Errorf("number", "%q is not a number", strings.Clone(clip(s, 40))).
		WithMend("write 1234.5, without thousands separators")
}

// decimalExponent reads e+12.
func decimalExponent(s string) (n int32, ok bool) {
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	exp := s[1:]
	neg := strings.HasPrefix(exp, "-")
	if neg || strings.HasPrefix(exp, "+") {
		exp = exp[1:]
	}
	value, ok := digits(exp)
	if !ok || exp == "" || len(exp) > 3 || value > maxDecimalExponent {
		return 0, false
	}
	if neg {
		value = -value
	}
	return int32(value), true
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// trim drops trailing zero decimals, so that sums stay small for longer.
func (d Decimal) trim() Decimal {
	if d.big == nil {
		for d.scale > 0 && d.small%10 == 0 {
			d.small /= 10
			d.scale--
		}
	}
	return d
}

var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

func bigPow10(n int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func (d Decimal) bigValue() *big.Int {
	if d.big != nil {
		return d.big
	}
	return big.NewInt(d.small)
}

// normal keeps the value in small whenever it fits.
func normal(v *big.Int, scale int32) Decimal {
	if v.IsInt64() {
		return Decimal{small: v.Int64(), scale: scale}
	}
	return Decimal{big: v, scale: scale}
}

// rescale writes the same number with more decimals.
func (d Decimal) rescale(scale int32) Decimal {
	up := scale - d.scale
	if up == 0 {
		return d
	}
	if d.big == nil && up < int32(len(pow10)) {
		if hi, lo := bits.Mul64(absInt(d.small), uint64(pow10[up])); hi == 0 && lo <= math.MaxInt64 {
			v := int64(lo)
			if d.small < 0 {
				v = -v
			}
			return Decimal{small: v, scale: scale}
		}
	}
	return normal(new(big.Int).Mul(d.bigValue(), bigPow10(up)), scale)
}

func absInt(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// Add returns d + e.
func (d Decimal) Add(e Decimal) Decimal {
	scale := max(d.scale, e.scale)
	d, e = d.rescale(scale), e.rescale(scale)
	if d.big == nil && e.big == nil {
		if sum := d.small + e.small; (sum > d.small) == (e.small > 0) {
			return Decimal{small: sum, scale: scale}
		}
	}
	return normal(new(big.Int).Add(d.bigValue(), e.bigValue()), scale)
}

// Mul returns d times e.
func (d Decimal) Mul(e Decimal) Decimal {
	return normal(new(big.Int).Mul(d.bigValue(), e.bigValue()), d.scale+e.scale).trim()
}

// Neg returns -d.
func (d Decimal) Neg() Decimal {
	if d.big == nil && d.small != math.MinInt64 {
		d.small = -d.small
		return d
	}
	return normal(new(big.Int).Neg(d.bigValue()), d.scale)
}

// Fraction returns the same number.
func (d Decimal) Fraction() Fraction {
	return fractionOf(new(big.Rat).SetFrac(d.bigValue(), bigPow10(d.scale)))
}

// Sign returns -1, 0 or 1.
func (d Decimal) Sign() int {
	if d.big == nil {
		return cmp.Compare(d.small, 0)
	}
	return d.big.Sign()
}

// Micro rounds half away from zero to a millionth. ok is false if the value does
// not fit (beyond about nine million millions).
func (d Decimal) Micro() (m Micro, ok bool) {
	m, _, ok = d.round(6)
	return m, ok
}

// Millionths is [Decimal.Micro] that also tells whether nothing was rounded away.
func (d Decimal) Millionths() (m Micro, exact, ok bool) { return d.round(6) }

func (d Decimal) round(scale int32) (m Micro, exact, ok bool) {
	if d.scale <= scale {
		d = d.rescale(scale)
		return Micro(d.small), true, d.big == nil
	}
	if more := d.scale - scale; d.big == nil && more < int32(len(pow10)) {
		down := pow10[more]
		q, r := d.small/down, d.small%down
		if absInt(r) >= uint64(down)-absInt(r) {
			q += int64(d.Sign())
		}
		return Micro(q), r == 0, true
	}
	down := bigPow10(d.scale - scale)
	q, r := new(big.Int).QuoRem(d.bigValue(), down, new(big.Int))
	if r.Sign() == 0 {
		return Micro(q.Int64()), true, q.IsInt64()
	}
	if twice := new(big.Int).Lsh(new(big.Int).Abs(r), 1); twice.Cmp(down) >= 0 {
		q.Add(q, big.NewInt(int64(d.Sign())))
	}
	return Micro(q.Int64()), false, q.IsInt64()
}

// String writes the number plainly, without exponent or trailing zeros.
func (d Decimal) String() string { return string(d.Append(nil)) }

// Append appends what [Decimal.String] returns.
func (d Decimal) Append(dst []byte) []byte {
	d = d.trim()
	var buffer [24]byte
	digits := buffer[:0]
	if d.big == nil {
		digits = strconv.AppendInt(digits, d.small, 10)
	} else {
		digits = d.big.Append(digits, 10)
	}
	if d.scale == 0 {
		return append(dst, digits...)
	}
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	point := len(digits) - int(d.scale)
	if point <= 0 {
		dst = append(dst, '0')
	} else {
		dst = append(dst, digits[:point]...)
	}
	dst = append(dst, '.')
	for ; point < 0; point++ {
		dst = append(dst, '0')
	}
	dst = append(dst, digits[point:]...)
	// A large number may still end in zeros.
	return bytes.TrimSuffix(bytes.TrimRight(dst, "0"), []byte("."))
}

// MarshalText writes the number as [Decimal.String] does.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// MarshalText writes the amount in whole units: "12.5".
func (m Micro) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (m *Micro) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMicro(string(b))
	return err
}
