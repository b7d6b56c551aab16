package advice_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/internal/scoretest"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func questions(t testing.TB) []score.Question {
	t.Helper()
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var out []score.Question
	for _, p := range programs {
		for _, day := range []string{"2023-11-15", "2024-04-01"} {
			asOf, err := kizuna.ParseDate(day)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, score.Question{Program: p, AsOf: asOf})
		}
	}
	return out
}

func factsOf(f *score.Facts) *advice.Facts {
	return &advice.Facts{
		Associations: f.Associations, People: f.People, Coverage: f.Coverage, Usage: advice.UsageOf(f.Usage, f.Rates),
	}
}

// drawChanges draws changes of every kind. Others than the facts' own dollars are avoided
// where usage changes, because what is changed counts in dollars.
func drawChanges(t *rapid.T, f *score.Facts) *advice.Changes {
	var c advice.Changes
	more := worldtest.Draw(t).Associations
	few := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	if few("add claims") {
		c.Associations.Claims = more.Claims
	}
	if few("add dpor") {
		c.Associations.Appointments = more.Appointments
	}
	if few("add csp") {
		c.Associations.Resales = more.Resales
	}
	if few("add links") {
		c.Associations.Links, c.Associations.Assignments = more.Links, more.Assignments
	}
	if few("add groups") {
		c.Associations.Memberships, c.Associations.Scopes = more.Memberships, more.Scopes
	}
	if few("add owners") {
		c.Associations.Ownerships = more.Ownerships
	}
	if few("add customers") {
		c.Associations.Customers = []association.Customer{{Tenant: "T1", Segment: "Enterprise"}}
		c.Associations.Subscriptions = []association.Subscription{{ID: "s9", Tenant: "t1", Product: "Azure", During: kizuna.Always}}
	}
	if few("add a location") {
		c.Associations.Locations = []association.Location{{ID: "L9", Global: "G2", During: kizuna.Always}}
	}
	if few("add people") {
		c.People = *worldtest.DrawPeople(t)
		c.People.People = nil
	}
	for range rapid.IntRange(0, 2).Draw(t, "endings") {
		c.End = append(c.End, drawEnding(t))
	}
	month := func(s string) kizuna.Month {
		m, err := kizuna.ParseMonth(s)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for range rapid.IntRange(0, 2).Draw(t, "growth") {
		c.Growth = append(c.Growth, advice.Growth{
			Tenant: rapid.SampledFrom([]string{"", "T1", "t2", "t9"}).Draw(t, "of"), Workload: rapid.SampledFrom([]string{"", "Storage", "Teams"}).Draw(t, "workload"),
			Subscription: rapid.SampledFrom([]string{"", "", "S1"}).Draw(t, "subscription"),
			From:         rapid.SampledFrom([]kizuna.Month{month("2022-10"), month("2023-12")}).Draw(t, "from"), To: rapid.SampledFrom([]kizuna.Month{0, month("2024-02")}).Draw(t, "to"), Factor: kizuna.Ratio(rapid.Int64Range(0, 9).Draw(t, "num"), 7),
		})
	}
	if few("usage") {
		for _, u := range worldtest.Draw(t).Usage.Rows() {
			if u.Revenue != nil {
				micro, _ := u.Revenue.Micro()
				u.Revenue = new(micro.Decimal())
			}
			c.Usage = append(c.Usage, u)
		}
	}
	if few("projection") {
		c.Projection = &advice.Projection{
			From: month("2023-10"), Until: month("2024-03"), Rate: kizuna.Ratio(rapid.Int64Range(-3, 3).Draw(t, "rate"), 11),
			Rates: map[string]advice.Rates{"t2": {Money: kizuna.Ratio(1, 3), Users: kizuna.Ratio(-1, 7)}},
			Last:  map[advice.Bought]kizuna.Month{{Tenant: "t1", Subscription: "s1"}: month("2023-12")},
		}
	}
	return &c
}

func drawEnding(t *rapid.T) advice.Ending {
	at, err := kizuna.ParseInstant(rapid.SampledFrom([]string{"2020-01-01", "2022-10-20", "2023-10-20", "2023-11-10"}).Draw(t, "ends"))
	if err != nil {
		t.Fatal(err)
	}
	e := advice.Ending{At: at}
	e.Table = rapid.SampledFrom(advice.Tables()).Draw(t, "table")
	some := func(of ...string) string { return rapid.SampledFrom(append(of, "", "")).Draw(t, "selected") }
	switch e.Table {
	case advice.Claims:
		e.Tenant, e.Workload = some("T1", "t2"), some("Teams")
	case advice.Links, advice.Memberships:
		e.Tenant, e.Object = some("t1", "T2"), some("O1", "o2")
	case advice.Roles, advice.Placements, advice.Owners:
		e.Tenant, e.Scope = some("t1", "t2"), some("/subscriptions/S1")
	case advice.Appointments, advice.Resales:
		e.Subscription, e.Location = some("S1", "s2"), some("l1")
	case advice.ProfileLinks:
		e.MCID = some("m1", "m3")
	case advice.Certifications:
		e.Certificate, e.MCID = some("AZ-104", "SC-200"), some("m1")
	}
	return e
}

// equal compares what changes come to with a score of the changed facts as a whole.
func equal(t *rapid.T, q score.Question, b *advice.Base, c *advice.Changes, f *score.Facts) {
	out, err := b.Evaluate(c)
	whole, errWhole := c.Apply(f)
	if kizuna.CodeOf(err) != kizuna.CodeOf(errWhole) {
		t.Fatalf("evaluating says %v, applying %v", err, errWhole)
	}
	if err != nil {
		return
	}
	same(t, q, b.Account, out, whole)
}

func same(t *rapid.T, q score.Question, account string, out *advice.Outcome, whole *score.Facts) {
	want, _ := score.Ask(q, whole).Result(account).Accounts.Get(account)
	want.Name = ""
	got := out.Score()
	w, errW := json.Marshal(want)
	g, errG := json.Marshal(got)
	if errW != nil || errG != nil {
		t.Fatal(errW, errG)
	}
	if string(w) != string(g) {
		t.Fatalf("the changed facts as a whole give\n%s\nevaluated alone\n%s", w, g)
	}
	if d := scoretest.Differences(out.Figures(), got); len(d) > 0 {
		t.Fatal(d)
	}
}

// Whatever changes, evaluating the customers that are touched says what scoring
// everything anew says.
func TestEvaluatingIsScoringTheChangedFacts(t *testing.T) {
	all := questions(t)
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.SampledFrom(all).Draw(t, "question")
		f := &score.Facts{Facts: *worldtest.DrawMixed(t), People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{}}
		f.Usage = usage.Collect(inDollars(f.Usage.Rows()))
		account := rapid.SampledFrom([]string{"G1", "G2"}).Draw(t, "account")
		b, err := advice.New(q, account, factsOf(f))
		if err != nil {
			t.Fatal(err)
		}
		same(t, q, account, b.Now(), f)
		first, second := drawChanges(t, f), drawChanges(t, f)
		equal(t, q, b, first, f)
		equal(t, q, b, second, f) // the base is as it was

		assumed := factsOf(f)
		assumed.Always = []*advice.Changes{first}
		whole, err := first.Apply(f)
		if err != nil {
			return
		}
		if b, err = advice.New(q, account, assumed); err != nil {
			t.Fatal(err)
		}
		same(t, q, account, b.Now(), whole)
		equal(t, q, b, second, whole)
	})
}

// inDollars leaves out what says something else than dollars: what is changed counts in
// dollars, and so may be one row with what is in dollars already.
func inDollars(rows []usage.Row) (out []usage.Row) {
	for _, u := range rows {
		if u.Currency == "" {
			out = append(out, u)
		}
	}
	return out
}
