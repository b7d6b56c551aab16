package attribution_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna/attribution"
)

func counts() *rapid.Generator[attribution.Counts] {
	return rapid.Custom(func(t *rapid.T) attribution.Counts {
		var c attribution.Counts
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			if c == nil {
				c = make(attribution.Counts)
			}
			c[rapid.SampledFrom([]string{"Storage", "Key Vault", "Functions"}).Draw(t, "member")] = rapid.Int64Range(1, 5).Draw(t, "count")
		}
		return c
	})
}

func tally() *rapid.Generator[attribution.Tally] {
	return rapid.Custom(func(t *rapid.T) attribution.Tally {
		return attribution.Tally{
			Now:     rapid.Int64Range(-1e12, 1e12).Draw(t, "now"),
			Base:    rapid.Int64Range(-1e12, 1e12).Draw(t, "base"),
			NowSet:  counts().Draw(t, "now set"),
			BaseSet: counts().Draw(t, "base set"),
			Unrated: counts().Draw(t, "unrated"),
		}
	})
}

func bytesOf(t *rapid.T, v attribution.Tally) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTalliesAreACommutativeGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := tally().Draw(t, "a"), tally().Draw(t, "b"), tally().Draw(t, "c")
		same := func(law string, x, y attribution.Tally) {
			if bytesOf(t, x) != bytesOf(t, y) {
				t.Fatalf("%s: %s is not %s", law, bytesOf(t, x), bytesOf(t, y))
			}
		}
		same("commutative", a.Add(b), b.Add(a))
		same("associative", a.Add(b).Add(c), a.Add(b.Add(c)))
		same("neutral", a.Add(attribution.Tally{}), a)
		same("inverse", a.Add(b).Sub(b), a)
		if !a.Sub(a).IsZero() {
			t.Fatalf("a - a leaves %s", bytesOf(t, a.Sub(a)))
		}
	})
}

func TestTalliesAreValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := tally().Draw(t, "a"), tally().Draw(t, "b")
		before := bytesOf(t, a)
		_, _ = a.Add(b), a.Sub(b)
		if after := bytesOf(t, a); after != before {
			t.Fatalf("adding changed %s to %s", before, after)
		}
	})
}

func TestWhatIsAddedAndTakenBackLeavesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := attribution.Contribution{}
		var added []attribution.Contribution
		for range rapid.IntRange(0, 6).Draw(t, "customers") {
			key := attribution.Key{
				Account: rapid.SampledFrom([]string{"G1", "G2"}).Draw(t, "account"),
				Measure: rapid.IntRange(0, 3).Draw(t, "measure"),
			}
			c := attribution.Contribution{key: tally().Draw(t, "tally")}
			total.Add(c)
			added = append(added, c)
		}
		for _, c := range rapid.Permutation(added).Draw(t, "order") {
			total.Sub(c)
		}
		if len(total) != 0 {
			t.Fatalf("%v is left", total)
		}
	})
}
