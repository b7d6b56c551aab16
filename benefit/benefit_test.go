package benefit_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/benefit"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/program"
)

func day(s string) kizuna.Date {
	d, err := kizuna.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func programOn(t testing.TB) func(kizuna.Date) *program.Program {
	t.Helper()
	all, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return func(d kizuna.Date) *program.Program {
		p, _ := program.InForceOn(all, "mcpp", d)
		return p
	}
}

func spans(words ...string) (out []benefit.Span) {
	for _, w := range words {
		id, from, _ := strings.Cut(w, "@")
		s := benefit.Span{ID: id, First: day("2020-01-01"), Last: day("2030-12-31")}
		if from != "" {
			s.First = day(from)
		}
		out = append(out, s)
	}
	return out
}

func names(in []benefit.Package) string {
	var out []string
	for i := range in {
		out = append(out, in[i].Name()+" "+in[i].Since.String())
	}
	return strings.Join(out, "\n")
}

func TestPackagesComeWithDesignationsAndSpecializationsUpToTheCap(t *testing.T) {
	term := benefit.Term{Account: "900", First: day("2023-10-20"), Anniversary: day("2024-10-19"), Last: day("2024-11-18")}
	in, out := benefit.Entitled(term, day("2024-03-01"),
		spans("data-ai", "security@2024-01-15", "modern-work@2024-06-01"),
		spans("sap", "kubernetes@2024-02-01", "analytics", "networking@2024-01-01", "azure-virtual-desktop", "infra-database-migration@2024-02-20", "smb-management"),
		programOn(t))
	want := `azure-specialization/analytics 2023-10-20
azure-specialization/azure-virtual-desktop 2023-10-20
core 2023-10-20
azure 2023-10-20
azure-specialization/sap 2023-10-20
business-applications-specialization/smb-management 2023-10-20
azure-specialization/networking 2024-01-01
security 2024-01-15
azure-specialization/kubernetes 2024-02-01`
	if got := names(in); got != want {
		t.Errorf("got\n%s", got)
	}
	if len(out) != 1 || out[0].Specialization != "infra-database-migration" || out[0].AtMost != 5 {
		t.Errorf("left out: %+v", out)
	}
}

func TestWhatCameInStaysAndNothingComesAfterTheEnd(t *testing.T) {
	term := benefit.Term{Account: "900", First: day("2023-10-20"), Anniversary: day("2024-10-19"), Last: day("2024-11-18")}
	lost := []benefit.Span{{ID: "data-ai", First: day("2022-10-20"), Last: day("2023-12-31")}, {ID: "security", First: day("2024-12-01"), Last: day("2025-01-01")}}
	in, _ := benefit.Entitled(term, day("2025-01-01"), lost, nil, programOn(t))
	if got := names(in); got != "core 2023-10-20\nazure 2023-10-20" {
		t.Errorf("got\n%s", got)
	}
}

func terms() benefit.Terms {
	item := func(id, quantity string, monthly bool) program.Benefit {
		q, err := program.ParseAllowance(quantity)
		if err != nil {
			panic(err)
		}
		return program.Benefit{ID: id, Quantity: q, Monthly: monthly}
	}
	return benefit.Terms{
		Term: benefit.Term{Account: "900", First: day("2024-01-10"), Anniversary: day("2025-01-09"), Last: day("2025-02-08")},
		Packages: []benefit.Package{
			{ID: "core", Since: day("2024-01-10"), Program: "mcpp@2023-12", Items: []program.Benefit{
				item("hours", "50", false), item("credits", "100", true), item("presales", "unlimited", false), item("seats", "unknown", false),
			}},
			{ID: "azure-specialization", For: "sap", Since: day("2024-03-01"), Program: "mcpp@2023-12", Items: []program.Benefit{item("credit", "12000", false)}},
		},
		Owner: "900", Locations: []string{"1001", "1002"},
	}
}

func TestBenefitsAreUsedWithinTheirBalances(t *testing.T) {
	u := benefit.Used{}
	for line := range strings.Lines(strings.TrimSpace(`
2024-01-09 partner:900 redeem core/hours 1 - !benefit-over
2024-01-10 partner:900 redeem core/hours 0 - !benefit-quantity
2024-01-10 partner:900 redeem core/ours 1 - !benefit-none
2024-01-10 partner:900 redeem core/seats 1 - !benefit-not-given
2024-01-10 customer:T1 redeem core/hours 1 - !lifecycle-actor
2024-01-10 partner:900 redeem core/hours 20 -
2024-01-10 partner:900 redeem core/hours 31 - !benefit-not-enough
2024-01-10 partner:1001 redeem core/hours 1 - !benefit-not-yours
2024-01-10 partner:1001 assign core/hours 1 1001 !benefit-not-account
2024-01-10 partner:900 assign core/hours 1 777 !benefit-location
2024-01-10 partner:900 assign core/hours 1 - !benefit-nobody
2024-01-10 partner:900 assign core/hours 31 1001 !benefit-not-enough
2024-01-10 partner:900 assign core/hours 25 1001
2024-01-11 partner:1001 redeem core/hours 10 1001
2024-01-11 partner:1002 redeem core/hours 1 1001 !benefit-not-yours
2024-01-11 partner:900 redeem core/hours 15 1001
2024-01-11 partner:1001 redeem core/hours 1 1001 !benefit-not-enough
2024-01-11 partner:900 recall core/hours 1 1001 !benefit-not-enough
2024-01-11 partner:900 redeem core/hours 5 -
2024-01-11 partner:900 redeem core/hours 1 - !benefit-not-enough
2024-01-10 operator restore 3 - - !step-before-last
2024-01-12 partner:900 restore 3 - - !lifecycle-actor
2024-01-12 operator restore 2 - - !benefit-redemption
2024-01-12 operator restore 3 - -
2024-01-12 operator restore 3 - - !benefit-redemption
2024-01-12 partner:900 recall core/hours 10 1001
2024-01-12 partner:900 redeem core/hours 10 -
2024-01-31 partner:900 redeem core/credits 100 -
2024-01-31 partner:900 redeem core/credits 1 - !benefit-not-enough
2024-02-01 partner:900 redeem core/credits 60 -
2024-02-01 partner:900 assign core/credits 40 1002
2024-02-29 partner:1002 redeem core/credits 40 1002
2024-03-01 partner:1002 redeem core/credits 40 1002
2024-03-01 partner:900 redeem core/credits 61 - !benefit-not-enough
2024-03-01 partner:900 redeem core/presales 1000000 -
2024-03-01 operator redeem azure-specialization/sap/credit 12000 -
2025-02-08 operator redeem core/credits 1 -
2025-02-09 operator redeem core/credits 1 - !benefit-over
`)) {
		w := strings.Fields(line)
		actor, err := lifecycle.ParseActor(w[1])
		if err != nil {
			t.Fatal(err)
		}
		s := benefit.Step{Action: lifecycle.Action(w[2]), Actor: actor, On: day(w[0])}
		if s.Action == benefit.Restore {
			fmt.Sscan(w[3], &s.Of)
		} else {
			s.Item = w[3]
			fmt.Sscan(w[4], &s.Quantity)
			s.Location = strings.Trim(w[5], "-")
		}
		want := ""
		if last := w[len(w)-1]; strings.HasPrefix(last, "!") {
			want = last[1:]
		}
		after, _, err := benefit.Apply(u, s, terms())
		if kizuna.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", strings.TrimSpace(line), err, want)
		}
		u = after
	}
	tt := terms()
	for _, h := range benefit.Holdings(&u, &tt, day("2024-03-01")) {
		if h.Benefit == "seats" && (h.Quantity.Known || len(h.Balances) != 0) {
			t.Errorf("what is not given has %+v", h)
		}
		if h.Benefit == "credits" && fmt.Sprint(h.Balances) != "[{ 60 0 60 false} {1002 40 40 0 false}]" {
			t.Errorf("credits in March: %v", h.Balances)
		}
	}
	if held := benefit.Holdings(&u, &tt, day("2025-02-09")); !held[0].Lost {
		t.Errorf("after its end: %+v", held[0])
	}
}

// What a package held when it was first used it holds until the bundle ends, whatever
// a program file says later.
func TestQuantitiesAreFixedUntilTheBundleEnds(t *testing.T) {
	tt := terms()
	u, _, err := benefit.Apply(benefit.Used{}, benefit.Step{Action: benefit.Redeem, Actor: lifecycle.Actor{Role: lifecycle.Operator}, On: day("2024-02-01"), Item: "core/hours", Quantity: 50}, tt)
	if err != nil {
		t.Fatal(err)
	}
	tt.Packages[0].Items[0].Quantity.Amount = 500
	if _, _, err := benefit.Apply(u, benefit.Step{Action: benefit.Redeem, Actor: lifecycle.Actor{Role: lifecycle.Operator}, On: day("2024-02-01"), Item: "core/hours", Quantity: 1}, tt); kizuna.CodeOf(err) != "benefit-not-enough" {
		t.Errorf("got %v", err)
	}
}

// Whatever is tried, in whatever order: no balance is ever below 0, and nothing is made
// or lost by handing it around.
func TestNoBalanceGoesBelowZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, tt := benefit.Used{}, terms()
		at := day("2024-03-01")
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			at = at.AddDays(rapid.SampledFrom([]int{0, 0, 1, 20}).Draw(t, "later"))
			s := benefit.Step{
				Action: rapid.SampledFrom([]lifecycle.Action{benefit.Redeem, benefit.Assign, benefit.Recall, benefit.Restore}).Draw(t, "action"),
				Actor:  rapid.SampledFrom([]lifecycle.Actor{{Role: lifecycle.Operator}, {Role: lifecycle.Partner, Company: "900"}, {Role: lifecycle.Partner, Company: "1001"}}).Draw(t, "actor"),
				On:     at, Item: rapid.SampledFrom([]string{"core/hours", "core/credits"}).Draw(t, "item"),
				Location: rapid.SampledFrom([]string{"", "1001", "1002"}).Draw(t, "location"),
				Quantity: rapid.Int64Range(0, 60).Draw(t, "quantity"), Of: rapid.IntRange(0, len(u.Entries)+1).Draw(t, "of"),
			}
			after, _, err := benefit.Apply(u, s, tt)
			if err != nil {
				continue
			}
			u = after
			for _, d := range []kizuna.Date{day("2024-03-01"), at.AddDays(-20), at, at.AddDays(40)} {
				for _, h := range benefit.Holdings(&u, &tt, d) {
					var given int64
					for _, b := range h.Balances {
						given += b.Given
						if b.Left < 0 || b.Used < 0 || b.Given < 0 {
							t.Fatalf("%s on %s: %+v", h.Item, d, h.Balances)
						}
					}
					if h.Quantity.Known && !h.Quantity.Unlimited && given != h.Quantity.Amount {
						t.Fatalf("%s on %s: %+v of %d", h.Item, d, h.Balances, h.Quantity.Amount)
					}
				}
			}
		}
	})
}

func TestMachineIsSoundAndDocumented(t *testing.T) {
	m := benefit.Machine()
	lifecycletest.Sound(t, m)
	lifecycletest.Documented(t, m.Name, m.Markdown(), m.Mermaid(), "../docs/benefits.md", "../docs/benefits.ja.md")
}
