package kizuna_test

import (
	"encoding/json"
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
