package kernel_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
)

func TestRowsAreTheBooks(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		f.Trust = rapid.SampledFrom([]attribution.Trust{"", attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust")
		k := compiled(t, drawProgram(t, all), rapid.SampledFrom(days).Draw(t, "as of"), f.Trust)
		book := attribution.NewBook(k.Plan, f)
		e := explainer(t, k, drawView(t, f), 0)
		for _, account := range append(book.Index().Accounts(), "nobody") {
			for _, tenant := range append(book.Tenants(), "nobody") {
				for measure := range k.Plan.Measures() {
					var want, got []string
					for _, l := range book.Trace(tenant, account, measure, false).Lines {
						if l.Clause == attribution.Counted {
							want = append(want, lineText(&l))
						}
					}
					rows, n, err := e.Rows(account, tenant, measure, 0)
					if err != nil {
						t.Fatal(err)
					}
					for i := range rows {
						got = append(got, rowText(&rows[i]))
					}
					slices.Sort(want)
					slices.Sort(got)
					if n != len(rows) || !slices.Equal(want, got) {
						t.Fatalf("%s, %s, measure %d: want\n%q, got %d\n%q", account, tenant, measure, want, n, got)
					}
					if tally, adds := sum(k.Plan.Measure(measure).Measure, k.Plan.Last, rows); adds && len(k.Plan.Measure(measure).Feeds) == 1 {
						if want := book.Trace(tenant, account, measure, false).Tally; tally != [2]int64{want.Now, want.Base} {
							t.Fatalf("%s, %s, measure %d: the rows add up to %v, want %v", account, tenant, measure, tally, want)
						}
					}
					limit := rapid.IntRange(1, 4).Draw(t, "limit")
					first, m, err := e.Rows(account, tenant, measure, limit)
					if err != nil || m != n || text(t, first) != text(t, rows[:min(limit, n)]) {
						t.Fatalf("the first %d of %d: %v, %v", limit, n, first, err)
					}
				}
			}
		}
	})
}

// Several ask at once, of lists that several workers prepared: what one alone is told.
func TestManyMayAskAtOnce(t *testing.T) {
	data, _ := large(t)
	v, k := viewOf(t, opened(t, data)), latestRules(t)
	alone, prepared := explainer(t, k, v, 0), explainer(t, k, v, 5)
	ask := func(e *kernel.Explainer) (said []string) {
		for account := range 40 {
			id, measure := fmt.Sprintf("account-%d", account), account%k.Plan.Measures()
			for _, limit := range []int{3, 50} {
				list, err := e.Customers(id, measure, limit)
				if err != nil {
					t.Error(err)
				}
				said = append(said, fmt.Sprint(list))
				for _, c := range list.Customers[:min(2, len(list.Customers))] {
					rows, n, err := e.Rows(id, c.ID, measure, 4)
					if err != nil {
						t.Error(err)
					}
					said = append(said, fmt.Sprint(rows, n))
				}
			}
		}
		return said
	}
	want := ask(alone)
	if len(want) < 120 {
		t.Fatalf("only %d answers", len(want))
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if got := ask(prepared); !slices.Equal(want, got) {
				t.Error("another answer")
			}
		})
	}
	wait.Wait()
}

func TestExplainingStopsAndNamesDamage(t *testing.T) {
	data, _ := large(t)
	v, k := viewOf(t, opened(t, data)), latestRules(t)
	ctx, cancel := context.WithCancel(context.Background())
	index, err := segment.IndexPartners(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := segment.IndexPartners(ctx, v); !errors.Is(err, context.Canceled) {
		t.Errorf("the index: %v", err)
	}
	if err := k.Explainer(v, index).Prepare(ctx, kernel.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("preparing: %v", err)
	}
	data[len(data)/3] ^= 4
	if _, err := segment.IndexPartners(context.Background(), viewOf(t, opened(t, data))); kizuna.CodeOf(err) != "segment-damaged-block" {
		t.Error(err)
	}
}

// sum adds up the credits of rows now and before, if that is what the measure does.
func sum(m program.Measure, last kizuna.Month, rows []kernel.Row) (sum [2]int64, adds bool) {
	now, base := attribution.Months(m.Window, last)
	for i := range rows {
		for at, months := range [][]kizuna.Month{now, base} {
			if slices.Contains(months, rows[i].Month) {
				sum[at] += int64(rows[i].Credited)
			}
		}
	}
	return sum, m.Quantity == program.Revenue && m.Subject == program.Amount && m.Amount == nil
}

// lineText is what a line of the Book and a row of the kernel both say. Associations that
// do not hold in the row's period the kernel does not list.
func lineText(l *attribution.Line) string {
	day, period := 0, l.Month.Interval()
	if l.Day != nil {
		day = int(*l.Day-l.Month.Day(1)) + 1
		period = kizuna.Interval{From: l.Day.Instant(), To: l.Day.AddDays(1).Instant()}
	}
	var reaches []string
	for _, r := range l.Reaches {
		during := kizuna.Interval{From: r.From, To: r.To}
		if seconds := during.Intersect(period).Seconds(); seconds > 0 {
			reaches = append(reaches, fmt.Sprint(r.Type, " ", association.Fold(r.Location), during, seconds, r.Feeds, r.Evidence[0].Kind == association.ByAssertion))
		}
	}
	slices.Sort(reaches)
	return fmt.Sprint(l.Resource.Workload, "|", l.Resource.Offer, "|", l.Resource.Channel, "|", l.Month, day, l.Amount, l.Credited, l.Covered, l.Period, reaches)
}

func rowText(r *kernel.Row) string {
	var reaches []string
	for _, x := range r.Reaches {
		reaches = append(reaches, fmt.Sprint(x.Type, " ", x.Location, x.During, x.Seconds, x.Feeds, x.Asserted))
	}
	slices.Sort(reaches)
	return fmt.Sprint(r.Workload, "|", r.Offer, "|", r.Channel, "|", r.Month, r.Day, r.Amount, r.Credited, r.Covered, r.Period, reaches)
}

// explainer indexes a view and, unless keep is 0, prepares rankings of so many customers.
func explainer(t fataler, k *kernel.Kernel, v *segment.View, keep int) *kernel.Explainer {
	t.Helper()
	index, err := segment.IndexPartners(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	e := k.Explainer(v, index)
	if keep > 0 {
		if err := e.PrepareAll(context.Background(), keep); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// listed is what the Book lists: its way to find contributions is to look at everybody.
func listed(b *attribution.Book, account string, measure int) (all []kernel.Contributor) {
	for _, id := range b.Tenants() {
		if trace := b.Trace(id, account, measure, false); !trace.Tally.IsZero() || trace.Credited {
			all = append(all, kernel.Contributor{ID: association.Fold(id), Tally: trace.Tally})
		}
	}
	slices.SortStableFunc(all, func(a, b kernel.Contributor) int { return -cmp.Compare(a.Tally.Weight(), b.Tally.Weight()) })
	return all
}

func text(t fataler, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestListsAreTheBooks(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		f.Trust = rapid.SampledFrom([]attribution.Trust{"", attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust")
		k := compiled(t, drawProgram(t, all), rapid.SampledFrom(days).Draw(t, "as of"), f.Trust)
		book := attribution.NewBook(k.Plan, f)
		e := explainer(t, k, drawView(t, f), rapid.IntRange(0, 3).Draw(t, "prepare"))
		total := book.Total()
		for _, account := range append(book.Index().Accounts(), "nobody") {
			got, err := e.Total(account)
			if err != nil {
				t.Fatal(err)
			}
			want := attribution.Contribution{}
			for key, tally := range total {
				if key.Account == account {
					want[key] = tally
				}
			}
			if d := difference(want, got); d != "" {
				t.Fatalf("the total of %s: %s", account, d)
			}
			for measure := range k.Plan.Measures() {
				want := listed(book, account, measure)
				for _, limit := range []int{0, 1, 2, 50} {
					first := want
					if limit > 0 {
						first = want[:min(limit, len(want))]
					}
					list, err := e.Customers(account, measure, limit)
					if err != nil {
						t.Fatal(err)
					}
					if got := list.Customers; list.All != len(want) || len(got) != len(first) || len(got) > 0 && text(t, got) != text(t, first) {
						t.Fatalf("%s, measure %d, the first %d: %d, want %d; %s, want %s", account, measure, limit, list.All, len(want), text(t, got), text(t, first))
					}
				}
			}
		}
	})
}
