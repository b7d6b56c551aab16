package record_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/postgres"
	"github.com/kizuna-org/kizuna/store/postgres/postgrestest"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// onEveryStore runs a test on each store.
func onEveryStore(t *testing.T, test func(*testing.T, *life)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T, store.Options) store.Store{
		"sqlite": func(t *testing.T, opts store.Options) store.Store {
			db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), opts)
			if err != nil {
				t.Fatal(err)
			}
			return db
		},
		"postgres": func(t *testing.T, opts store.Options) store.Store {
			db, err := postgres.Open(t.Context(), postgrestest.New(t), opts)
			if err != nil {
				t.Fatal(err)
			}
			return db
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, begin(t, open)) })
	}
}

// life is a record with a clock that is set by hand.
type life struct {
	*record.Record
	t     *testing.T
	store store.Store
	now   kizuna.Instant
}

func begin(t *testing.T, open func(*testing.T, store.Options) store.Store) *life {
	t.Helper()
	l := &life{t: t}
	clock := func() time.Time { return l.now.Moment().Time() }
	l.store = open(t, store.Options{Clock: clock, Migrate: true})
	t.Cleanup(func() {
		told(t, l.store)
		if err := l.store.Close(); err != nil {
			t.Error(err)
		}
	})
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	l.Record = record.New(l.store, nil, "mcpp", programs, record.WithClock(clock))
	l.on("2023-01-01")
	return l
}

// on sets the clock to a day, or to an instant of it.
func (l *life) on(day string) kizuna.Instant {
	l.t.Helper()
	l.now = instant(l.t, day)
	return l.now
}

// as is an actor's question.
func (l *life) as(actor string) record.Ask {
	l.t.Helper()
	a, err := lifecycle.ParseActor(actor)
	if err != nil {
		l.t.Fatal(err)
	}
	return record.Ask{Actor: a}
}

// view is how an actor looks at the record.
func (l *life) view(actor string) store.View {
	l.t.Helper()
	v, err := l.View(l.t.Context(), l.as(actor).Actor, nil, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

// must says that a command has to succeed.
func must[T any](o T, err error) func(*life) T {
	return func(l *life) T {
		l.t.Helper()
		if err != nil {
			l.t.Fatalf("%s: %v", l.now, err)
		}
		return o
	}
}

// refuses says that a command has to be refused, and why.
func (l *life) refuses(code string, err error) {
	l.t.Helper()
	if kizuna.CodeOf(err) != code {
		l.t.Errorf("%v, want %s", err, code)
	}
}

// companies opens two accounts, G1 with L1 and L2 and G2 with L3.
func (l *life) companies() {
	l.t.Helper()
	ctx := l.t.Context()
	for _, id := range []string{"G1", "G2"} {
		must(l.OpenAccount(ctx, l.as("operator"), id, "Company "+id))(l)
	}
	for _, n := range []record.NewLocation{
		{ID: "L1", Account: "G1", Name: "First", Country: "JP"}, {ID: "L2", Account: "G1", Name: "Second", Country: "US"}, {ID: "L3", Account: "G2", Name: "Third", Country: "JP"},
	} {
		must(l.AddLocation(ctx, l.as("partner:"+n.Account+"/admin"), n))(l)
	}
}

// ring lets the clock act on all that has run out by now.
func (l *life) ring() (events []lifecycle.Event) {
	l.t.Helper()
	err := l.Tick(l.t.Context(), nil, func(r record.Rung) {
		if r.Err != nil {
			l.t.Errorf("%s: %s: %v", l.now, r.Thing, r.Err)
		}
		events = append(events, r.Events...)
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return events
}

// subscription registers S1 of tenant T1.
func (l *life) subscription(agreement, to string) {
	l.t.Helper()
	s := record.Subscription{ID: "S1", Tenant: "T1", Product: "Azure", Agreement: agreement, During: kizuna.Always}
	if to != "" {
		s.During.To = instant(l.t, to)
	}
	must(l.Register(l.t.Context(), l.as("vendor:sales"), s))(l)
}

func instant(t *testing.T, s string) kizuna.Instant {
	t.Helper()
	at, err := kizuna.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func types(events []lifecycle.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Type)
	}
	return strings.Join(out, " ")
}

// listOf lists the ids of items, or the error that ended the list.
func listOf[T any](items record.Items[T]) string {
	var out []string
	for item, err := range items {
		if err != nil {
			return err.Error()
		}
		out = append(out, item.Thing.ID)
	}
	return strings.Join(out, " ")
}

const resource = "/subscriptions/S1"

// The score falls from the day on which the engineer lost the role, and the
// explanation says which fact ended.
func TestAnEngineerLosesTheRoleAndTheScoreFallsFromThatDay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.companies()
		l.subscription("MCA", "")
		role := record.Role{Tenant: "T1", Object: "O1", Role: "Contributor", Scope: resource}
		must(l.Access(ctx, l.as("customer:T1/admin"), access.Grant, role, 0))(l)
		must(l.Link(ctx, l.as("identity:T1/O1"), pal.Create, "L1"))(l)
		l.on("2023-06-11")
		_, err := l.Access(ctx, l.as("customer:T2/admin"), access.Revoke, role, 0)
		l.refuses("access-not-own", err)
		must(l.Access(ctx, l.as("customer:T1/admin"), access.Revoke, role, 0))(l)

		link := must(l.PartnerLink(ctx, l.view("partner:L1/u"), "t1", "o1"))(l)
		reach := must(l.Reach(ctx, l.view("partner:L1/u"), &link.Value))(l)
		if len(reach) != 1 || reach[0].During.To.String() != "2023-06-11" || len(reach[0].Ended) != 1 ||
			reach[0].Ended[0].Kind != association.ByRole || !strings.HasPrefix(reach[0].Ended[0].At.File, "role/t1/") {
			t.Errorf("reached %+v", reach)
		}
		// Before the revocation was known, the link reached on.
		before := l.view("partner:L1/u")
		before.KnownAt = instant(t, "2023-06-10").Moment()
		if reach := must(l.Reach(ctx, before, &link.Value))(l); len(reach) != 1 || reach[0].During.To != kizuna.Forever {
			t.Errorf("was known to reach %+v", reach)
		}
		_, err = l.PartnerLink(ctx, l.view("partner:L3/u"), "T1", "O1")
		l.refuses("not-found", err)

		facts, persons, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil {
			t.Fatal(err)
		}
		// June is credited for its first ten days: the tally of a month after it shows
		// how much, and the points are gone once no month is covered.
		for _, want := range []struct {
			day, points, june string
			credited          kizuna.Micro
		}{
			{"2023-06-01", "10", "", 0},
			{"2023-07-01", "10", "2023-06", 1000_000_000},
			{"2023-08-01", "10", "2023-06", 1000_000_000},
			{"2023-09-01", "0", "", 0},
		} {
			e, err := ask(t, &facts, &persons, want.day).Explain("G1", "infrastructure", "", "net_customer_adds", true)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Score.Points.String(); got != want.points {
				t.Errorf("%s: %s points, want %s", want.day, got, want.points)
			}
			found := ""
			for _, line := range linesOf(e) {
				if line.Month.String() != want.june {
					continue
				}
				found = line.Month.String()
				ev := line.Reaches[0].Evidence
				if line.Credited != want.credited || ev[0].At.File != "pal/t1/o1" || !strings.HasPrefix(ev[1].At.File, "role/t1/") || ev[1].During.To.String() != "2023-06-11" {
					t.Errorf("%s: %d credited by %+v", want.day, line.Credited, ev)
				}
			}
			if found != want.june {
				t.Errorf("%s: no row of %s", want.day, want.june)
			}
		}
	})
}

func linesOf(e *score.Explanation) (lines []attribution.Line) {
	for _, c := range e.Components {
		for _, trace := range c.Customers {
			lines = append(lines, trace.Lines...)
		}
	}
	return lines
}

// ask scores facts with usage that was made by hand.
func ask(t *testing.T, f *association.Facts, p *people.Facts, day string) *score.Answer {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("month,tenant_id,subscription_id,scope,workload,channel,revenue_usd\n")
	for _, month := range []string{"2022-03", "2022-04", "2022-05", "2022-06", "2022-07", "2022-08", "2023-03", "2023-04", "2023-05", "2023-06", "2023-07", "2023-08"} {
		b.WriteString(month + ",T1,S1,,Virtual Machines,MCA,3000\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "usage.csv"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := dataset.Load(context.Background(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	date, err := kizuna.ParseDate(day)
	if err != nil {
		t.Fatal(err)
	}
	rules, carried := program.InForceOn(programs, "mcpp", date)
	return score.Ask(score.Question{Program: rules, Carried: carried, AsOf: date}, &score.Facts{
		Facts:    attribution.Facts{Associations: f, Usage: d.Ledger, Rates: d.Rates},
		People:   p,
		Coverage: d.Coverage(),
	})
}
