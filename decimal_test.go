package kizuna_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func parseDecimal(t interface{ Fatal(...any) }, s string) kizuna.Decimal {
	d, err := kizuna.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecimalsAreReadAsTheyAreWritten(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0.00": "0", "1234.50": "1234.5", "+7": "7", ".5": "0.5", "5.": "5",
		"1.2E-05": "0.000012", "3e4": "30000", "-0.000000000000000000123": "-0.000000000000000000123",
		"99999999999999999999.99": "99999999999999999999.99",
	} {
		if got := parseDecimal(t, in).String(); got != want {
			t.Errorf("%s is read as %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "-", ".", "1,000", "1.2.3", "0x1", "NaN", "Inf", "1e", "1e9999", "--1", "1e+-2", "１"} {
		if d, err := kizuna.ParseDecimal(in); err == nil {
			t.Errorf("%q is read as %s", in, d)
		}
	}
}

func TestDecimalArithmeticIsExact(t *testing.T) {
	number := rapid.StringMatching(`-?[0-9]{1,24}(\.[0-9]{1,20})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		check := func(op string, got kizuna.Decimal, want *big.Rat) {
			if v, ok := new(big.Rat).SetString(got.String()); !ok || v.Cmp(want) != 0 {
				t.Fatalf("%s %s %s = %s, want %s", a, op, b, got, want.FloatString(40))
			}
		}
		da, db := parseDecimal(t, a), parseDecimal(t, b)
		check("+", da.Add(db), new(big.Rat).Add(x, y))
		check("×", da.Mul(db), new(big.Rat).Mul(x, y))
		check("negated", da.Neg(), new(big.Rat).Neg(x))
		if micro, ok := da.Micro(); ok {
			want, _ := new(big.Rat).SetString(x.FloatString(6)) // rounds half away from zero
			if got := micro.Fraction().String(); got != want.RatString() {
				t.Fatalf("%s rounds to %s, want %s", a, got, want.RatString())
			}
		}
	})
}

func TestSharesAreRoundedHalfAwayFromZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := kizuna.Micro(rapid.Int64Range(-1e15, 1e15).Draw(t, "amount"))
		den := rapid.Int64Range(1, 31*24*60*60).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")
		exact := new(big.Rat).Mul(big.NewRat(int64(amount), 1), big.NewRat(num, den))
		if got, want := amount.Share(num, den), exact.FloatString(0); big.NewInt(int64(got)).String() != want && want != "-0" {
			t.Fatalf("%d × %d/%d = %d, want %s", amount, num, den, got, want)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"1.5", "-1e-10", "00012", "1e60", "9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := kizuna.ParseDecimal(s)
		if err != nil {
			return
		}
		again, err := kizuna.ParseDecimal(d.String())
		if len(d.String()) <= 80 && (err != nil || again.String() != d.String()) {
			t.Fatalf("%q is written %q and read as %q: %v", s, d, again, err)
		}
	})
}

// However a number is written or rounded, fast or slow, it is the same.
func TestDecimalsAreOneNumber(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,24}(\.[0-9]{1,30})?`).Draw(rt, "text")
		d, err := kizuna.ParseDecimal(text)
		if err != nil {
			rt.Fatal(err)
		}
		exact, _ := new(big.Rat).SetString(text)
		if again, _ := new(big.Rat).SetString(d.String()); again == nil || again.Cmp(exact) != 0 {
			rt.Fatalf("%s is written %s", text, d)
		}
		if read, err := kizuna.ReadDecimal(d.String()); err != nil || read.String() != d.String() {
			rt.Fatalf("%s is read %s: %v", d, read, err)
		}
		if d.Sign() != exact.Sign() {
			rt.Fatalf("the sign of %s is %d", text, d.Sign())
		}
		micro, whole, fits := d.Millionths()
		rounded, _ := new(big.Rat).SetString(exact.FloatString(6)) // half away from zero
		millionths := new(big.Rat).Mul(rounded, big.NewRat(1_000_000, 1)).Num()
		if fits != millionths.IsInt64() || fits && int64(micro) != millionths.Int64() || fits && whole != (rounded.Cmp(exact) == 0) {
			rt.Fatalf("%s is %d millionths, %v, %v", text, micro, whole, fits)
		}
		if back := micro.Decimal(); fits && whole && back.String() != d.String() {
			rt.Fatalf("%s comes back as %s", d, back)
		}
	})
}
