package forecast_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/forecast"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

type fataler interface {
	Helper()
	Fatal(...any)
}

// factsOf packs facts.
func factsOf(t fataler, f *score.Facts) *forecast.Facts {
	t.Helper()
	var out bytes.Buffer
	if _, err := segment.Build(segment.NewBuilder(&out), &f.Facts); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	view, err := segment.NewView(s)
	if err != nil {
		t.Fatal(err)
	}
	return &forecast.Facts{
		View: view, Associations: f.Associations, People: f.People, Coverage: f.Coverage,
		Usage: func(tenants []string) advice.Usage {
			some := usage.NewLedger()
			for _, u := range f.Usage.All() {
				if slices.Contains(tenants, association.Fold(u.Tenant)) {
					some.Add(u)
				}
			}
			return advice.UsageOf(some, f.Rates)
		},
	}
}

// drawQuestion draws a question of which versions follow each other as they come into
// force, or one program holds.
func drawQuestion(t *rapid.T, programs []*program.Program, account string) *forecast.Question {
	q := &forecast.Question{Account: account, Months: rapid.IntRange(1, 3).Draw(t, "months"), Delays: forecast.DefaultDelays, Most: rapid.IntRange(0, 2).Draw(t, "most")}
	q.AsOf = rapid.SampledFrom([]kizuna.Date{
		kizuna.NewDate(2023, 11, 15), kizuna.NewDate(2023, 10, 1), kizuna.NewDate(2023, 9, 30), kizuna.NewDate(2022, 12, 15), kizuna.NewDate(2023, 1, 31),
	}).Draw(t, "as of")
	q.Trust = rapid.SampledFrom([]attribution.Trust{"", attribution.TrustOwn}).Draw(t, "trust")
	adjusted := make(map[*program.Program]*program.Program)
	byInterval := rapid.Bool().Draw(t, "by interval")
	adjust := func(p *program.Program) *program.Program {
		if adjusted[p] == nil {
			adjusted[p] = p.Clone()
			if byInterval {
				adjusted[p].CSPHistory = program.ByInterval
			}
		}
		return adjusted[p]
	}
	if rapid.Bool().Draw(t, "in force") {
		p, carried := program.InForceOn(programs, "mcpp", q.AsOf)
		q.Program, q.Carried = adjust(p), carried
		for d := q.AsOf + 1; d <= q.AsOf.Month().Add(q.Months).Day(1); d++ {
			if next, carried := program.InForceOn(programs, "mcpp", d); next != p || carried != q.Carried && len(q.Versions) == 0 {
				p = next
				q.Versions = append(q.Versions, forecast.Version{From: d, Program: adjust(p), Carried: carried})
			}
		}
	} else {
		q.Program = adjust(rapid.SampledFrom(programs).Draw(t, "program"))
	}
	q.Assume.Kind = rapid.SampledFrom([]forecast.Kind{forecast.Flat, forecast.Trend, forecast.Given}).Draw(t, "assume")
	if q.Assume.Kind == forecast.Given {
		q.Assume.Rate = kizuna.Ratio(rapid.Int64Range(-30, 30).Draw(t, "rate"), 100)
		q.Assume.Rates = map[string]advice.Rates{"t2": {Money: kizuna.Ratio(1, 7), Seats: kizuna.Ratio(-1, 3)}}
	}
	return q
}

func programOn(q *forecast.Question, d kizuna.Date) *program.Program {
	p := q.Program
	for _, v := range q.Versions {
		if v.From <= d {
			p = v.Program
		}
	}
	return p
}

// Every month is the score of the facts with what is assumed, as of its day, and the
// first is the score. Whatever differs from one day to the next is a change, and nothing
// else is: each was scored on the day and on the day before.
func TestAForecastIsTheScoreOfTheDaysToCome(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	changes, causes := 0, make(map[forecast.CauseKind]int)
	rapid.Check(t, func(t *rapid.T) {
		f := &score.Facts{Facts: *worldtest.DrawMixed(t), People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{}}
		f.Usage = usage.Collect(inDollars(f.Usage.Rows()))
		f.Associations.Subscriptions = slices.Clone(f.Associations.Subscriptions)
		for i := range f.Associations.Subscriptions {
			if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
				f.Associations.Subscriptions[i].During = kizuna.Interval{From: 0, To: rapid.SampledFrom([]kizuna.Date{
					kizuna.NewDate(2023, 2, 1), kizuna.NewDate(2023, 10, 20), kizuna.NewDate(2023, 12, 1), kizuna.NewDate(2024, 1, 15)}).Draw(t, "end").Instant()}
			}
		}
		q := drawQuestion(t, programs, rapid.SampledFrom([]string{"G1", "G1", "G2"}).Draw(t, "account"))
		more(t, f, q)
		out, err := forecast.New(context.Background(), q, factsOf(t, f))
		if err != nil {
			t.Fatal(err)
		}
		checkTrend(t, q, out, f)
		whole, err := (&advice.Changes{Projection: out.Assumed}).Apply(f)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(on kizuna.Date, f *score.Facts) *score.Account {
			a := score.Ask(score.Question{Program: programOn(q, on), AsOf: on, Trust: q.Trust}, f)
			s := score.Scorer{Plan: a.Book.Plan, Roster: a.Roster, Coverage: f.Coverage}
			return s.Account(q.Account, a.Book.Total())
		}
		checkCauses(t, q, out, f, ask)
		for k, month := range out.Months {
			if want := q.AsOf.Month().Add(k).Day(1); k > 0 && month.AsOf != want || k == 0 && month.AsOf != q.AsOf {
				t.Fatalf("month %d is of %s", k, month.AsOf)
			}
		}
		k := rapid.IntRange(1, q.Months).Draw(t, "month")
		sameMonth(t, &out.Months[k], ask(out.Months[k].AsOf, whole))
		sameMonth(t, &out.Months[0], ask(q.AsOf, f))
		// Of the days that are listed, those that are likely not to be told from others, and
		// any others.
		last := out.Months[q.Months].AsOf
		look := []kizuna.Date{kizuna.NewDate(2023, 11, 16), rapid.SampledFrom([]kizuna.Date{q.AsOf + 1, q.AsOf + 5, last - 3}).Draw(t, "day")}
		look = append(look, rapid.SampledFrom(out.Months).Draw(t, "begins").AsOf)
		if len(out.Changes) > 0 {
			look = append(look, rapid.SampledFrom(out.Changes).Draw(t, "changes").On)
		}
		slices.Sort(look)
		for _, d := range slices.Compact(look) {
			if d <= q.AsOf || d > last {
				continue
			}
			var listed []forecast.AreaChange
			if i := slices.IndexFunc(out.Changes, func(c forecast.Change) bool { return c.On == d }); i >= 0 {
				listed = out.Changes[i].Areas
			}
			sameChange(t, d, listed, ask(d-1, whole), ask(d, whole))
		}
		for _, c := range out.Changes {
			for _, cause := range c.Causes {
				causes[cause.Kind]++
			}
			changes++
		}
	})
	t.Logf("%d changes: %v", changes, causes)
}

// more adds what makes figures: usage in the months before the day, associations that
// reach it until they end, people whose certificates do.
func more(t *rapid.T, f *score.Facts, q *forecast.Question) {
	day := func(label string) kizuna.Date {
		return q.AsOf.AddDays(rapid.SampledFrom([]int{-40, 1, 2, 20, 31, 60, 4000}).Draw(t, label))
	}
	a := *f.Associations
	for _, s := range a.Subscriptions {
		for _, role := range []association.ClaimRole{association.UsageRole, association.RevenueRole} {
			a.Claims = append(slices.Clip(a.Claims), association.Claim{ID: "more", Location: "L1", Tenant: s.Tenant, Subscription: s.ID, Role: role,
				At:     kizuna.Ref{File: "claims", Line: 1 + len(a.Claims)},
				During: kizuna.Interval{From: 0, To: day("claimed until").Instant()}})
		}
		if rapid.Bool().Draw(t, "sold") {
			a.Resales = append(slices.Clip(a.Resales), association.Resale{Subscription: s.ID, Tier: "T1", Location: "L1",
				During: kizuna.Interval{From: 0, To: day("sold until").Instant()}})
		}
	}
	f.Associations = &a
	rows := f.Usage.Rows()
	for range rapid.IntRange(0, 6).Draw(t, "more usage") {
		s := rapid.SampledFrom(a.Subscriptions).Draw(t, "subscription")
		amount, err := kizuna.ParseDecimal(rapid.SampledFrom([]string{"1000", "900", "20000"}).Draw(t, "amount"))
		if err != nil {
			t.Fatal(err)
		}
		u := usage.Row{Tenant: s.Tenant, Subscription: s.ID, Channel: "EA", Revenue: &amount,
			Workload: rapid.SampledFrom([]string{"Storage", "Teams", "Field Service", "Sentinel"}).Draw(t, "workload")}
		if s.Product != "Azure" {
			u.ActiveUsers, u.PaidSeats = new(int64(60)), new(int64(100))
		}
		months := rapid.SampledFrom([][]int{{-1}, {-1, -12}, {-2, -1}, {-13, -12, -11}, {-1, 0}}).Draw(t, "months")
		for _, k := range months {
			u.Month = q.AsOf.Month().Add(k)
			rows = append(rows, u)
		}
	}
	f.Usage = usage.Collect(rows)
	for _, id := range []string{"AZ-104", "AZ-305", "AZ-204", "DP-300", "AZ-140", "MS-700", "SC-300", "AZ-500"} {
		for _, mcid := range []string{"m1", "m3", "m4"} {
			if rapid.IntRange(0, 2).Draw(t, "holds") == 0 {
				f.People.Certifications = append(f.People.Certifications, people.Certification{
					MCID: mcid, Certificate: id, EarnedOn: new(kizuna.NewDate(2020, 1, 1)), ExpiresOn: new(day("expires"))})
			}
		}
	}
	for _, mcid := range []string{"m1", "m3", "m4"} {
		f.People.Links = append(f.People.Links, people.ProfileLink{MCID: mcid, Location: "L1", During: kizuna.Interval{From: 0, To: day("linked until").Instant()}})
	}
}

// checkCauses scores the facts with each cause undone, as a whole.
func checkCauses(t *rapid.T, q *forecast.Question, out *forecast.Forecast, f *score.Facts, ask func(kizuna.Date, *score.Facts) *score.Account) {
	assumed := func(f *score.Facts) *score.Facts {
		whole, err := (&advice.Changes{Projection: out.Assumed}).Apply(f)
		if err != nil {
			t.Fatal(err)
		}
		return whole
	}
	total := func(a *score.Account, area string) kizuna.Fraction {
		of, _ := a.Areas.Get(area)
		return of.Total
	}
	for i := range out.Changes {
		change := &out.Changes[i]
		for k := range change.Causes[:min(2, len(change.Causes))] {
			cause := &change.Causes[k]
			other := *f
			switch {
			case cause.Kind == forecast.Expired:
				p := *f.People
				p.Certifications = slices.Clone(p.Certifications)
				n := slices.IndexFunc(p.Certifications, func(c people.Certification) bool {
					return c.MCID == cause.MCID && c.Certificate == cause.Certificate && c.ExpiresOn != nil && *c.ExpiresOn == change.On
				})
				if p.Certifications[n].ExpiresOn = nil; len(cause.Alone) == 0 {
					t.Fatalf("%s: %s of %s makes nothing", change.On, cause.Certificate, cause.MCID)
				}
				other.People = &p
				without := ask(change.On, assumed(&other))
				for _, a := range cause.Alone {
					if total(without, a.Area).Cmp(a.Was) != 0 {
						t.Fatalf("%s without %s: %s, not %s", change.On, cause.Certificate, total(without, a.Area), a.Was)
					}
				}
			case cause.Kind == forecast.AssociationEnded && cause.Fact.File == "claims":
				a := *f.Associations
				a.Claims = slices.Clone(a.Claims)
				claim := &a.Claims[cause.Fact.Line-1]
				if slices.ContainsFunc(f.Usage.Rows(), func(u usage.Row) bool {
					return association.Fold(u.Subscription) == association.Fold(claim.Subscription) && association.Fold(u.Tenant) != association.Fold(claim.Tenant)
				}) {
					continue // it is looked at for the subscription's customer
				}
				claim.During.To = kizuna.Forever
				other.Associations = &a
				goesOn, stands := assumed(&other), assumed(f)
				for _, a := range cause.Alone {
					stood := total(ask(change.On-1, goesOn), a.Area).Sub(total(ask(change.On-1, stands), a.Area))
					want := total(ask(change.On, goesOn), a.Area).Sub(stood).Max(a.Is)
					if a.Was.Cmp(want) != 0 {
						t.Fatalf("%s, %s goes on: %s, not %s", change.On, cause.Fact, want, a.Was)
					}
				}
			}
		}
	}
}

// checkTrend compares a trend with one taken from the rows.
func checkTrend(t *rapid.T, q *forecast.Question, out *forecast.Forecast, f *score.Facts) {
	if q.Assume.Kind != forecast.Trend {
		return
	}
	rates := attribution.NewRates(f.Rates)
	months := make(map[string][]segment.Row)
	for _, u := range f.Usage.All() {
		id := association.Fold(u.Tenant)
		if months[id] == nil {
			months[id] = make([]segment.Row, advice.TrendMonths)
		}
		figures, err := rates.Figures(u)
		k := int(u.Month-out.Assumed.From) + advice.TrendMonths - 1
		if err != nil || figures.Duplicate || k < 0 || k >= advice.TrendMonths || u.Asserted.SourceRow != "" {
			continue
		}
		row := &months[id][k]
		row.Money, row.Users, row.Seats, row.Units = row.Money+figures.Money, row.Users+figures.Users, row.Seats+figures.Seats, row.Units+figures.Units
	}
	for id, of := range months {
		if slices.ContainsFunc(f.Usage.Rows(), func(u usage.Row) bool { return u.Asserted.SourceRow != "" && association.Fold(u.Tenant) == id }) {
			continue // rows that are one row
		}
		if want := advice.Trend(of); out.Assumed.Rates[id] != want {
			t.Fatalf("%s grows by %v, want %v", id, out.Assumed.Rates[id], want)
		}
	}
}

func sameMonth(t *rapid.T, m *forecast.Month, want *score.Account) {
	t.Helper()
	for i, area := range want.Areas {
		got := &m.Areas[i]
		w := area.Value
		if got.ID != area.Name || got.Track != w.TakenTrack || got.Total.Cmp(w.Total) != 0 || got.Displayed != w.Displayed || got.Qualified != w.Qualified {
			t.Fatalf("%s, %s: %+v, want %s: %s points, %v", m.AsOf, area.Name, got, w.TakenTrack, w.Total, w.Qualified)
		}
		track, ok := w.Tracks.Get(w.TakenTrack)
		for j := range got.Metrics {
			if !ok {
				t.Fatalf("%s: no track %s", area.Name, w.TakenTrack)
			}
			of := track.Metrics[j]
			if got.Metrics[j].ID != of.Name || got.Metrics[j].Points.Cmp(of.Value.Points) != 0 || got.Metrics[j].Status != of.Value.Status {
				t.Fatalf("%s, %s %s: %+v, want %s", m.AsOf, area.Name, of.Name, got.Metrics[j], of.Value.Points)
			}
		}
	}
}

// sameChange compares what is listed of a day with two scores.
func sameChange(t *rapid.T, on kizuna.Date, listed []forecast.AreaChange, was, is *score.Account) {
	t.Helper()
	type figure struct{ area, track, metric string }
	points := func(a *score.Account) map[figure]kizuna.Fraction {
		out := make(map[figure]kizuna.Fraction)
		for _, area := range a.Areas {
			for _, track := range area.Value.Tracks {
				for _, m := range track.Value.Metrics {
					out[figure{area.Name, track.Name, m.Name}] = m.Value.Points
				}
			}
		}
		return out
	}
	before, after := points(was), points(is)
	for at, p := range after {
		changed := false
		for _, area := range listed {
			for _, m := range area.Metrics {
				if (figure{area.Area, m.Track, m.Metric}) == at {
					changed = true
					if m.Was.Cmp(before[at]) != 0 || m.Is.Cmp(p) != 0 {
						t.Fatalf("%s %v: from %s to %s is listed, scored %s and %s", on, at, m.Was, m.Is, before[at], p)
					}
				}
			}
		}
		if changed != (p.Cmp(before[at]) != 0) {
			t.Fatalf("%s %v: listed %v, scored %s and %s", on, at, changed, before[at], p)
		}
	}
	for _, area := range is.Areas {
		other, _ := was.Areas.Get(area.Name)
		if other == nil {
			other = new(score.Area)
		}
		i := slices.IndexFunc(listed, func(a forecast.AreaChange) bool { return a.Area == area.Name })
		if i < 0 {
			if area.Value.Total.Cmp(other.Total) != 0 || area.Value.Qualified != other.Qualified {
				t.Fatalf("%s %s: %s to %s is not listed", on, area.Name, other.Total, area.Value.Total)
			}
			continue
		}
		a := listed[i]
		if a.Was.Cmp(other.Total) != 0 || a.Is.Cmp(area.Value.Total) != 0 || a.Held != other.Qualified || a.Holds != area.Value.Qualified {
			t.Fatalf("%s %s: %+v, scored %s and %s", on, area.Name, a, other.Total, area.Value.Total)
		}
	}
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
