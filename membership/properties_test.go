package membership_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
	"github.com/kizuna-org/kizuna/membership"
)

var (
	firstDay = kizuna.NewDate(2022, 8, 1)
	lastDay  = kizuna.NewDate(2028, 3, 31)
	areas    = []string{"data-ai", "modern-work", "security"}
)

// ledgers draws what may happen to a company, much of it against the rules. Other is
// the depth of merges.
func ledgers(t *rapid.T, account string, other int) membership.Ledger {
	l := membership.Ledger{Account: account}
	days := rapid.Int32Range(int32(firstDay), int32(lastDay))
	for range rapid.IntRange(0, 24).Draw(t, "findings") {
		l.Findings = append(l.Findings, membership.Finding{
			Area: rapid.SampledFrom(areas).Draw(t, "area"), On: kizuna.Date(days.Draw(t, "on")),
			Total: kizuna.Int(rapid.Int64Range(0, 100).Draw(t, "total")), Qualified: rapid.IntRange(0, 3).Draw(t, "qualified") > 0,
			Known: kizuna.Moment(rapid.Int64Range(0, 3).Draw(t, "known")),
		})
	}
	kinds := []membership.Kind{membership.Purchase, membership.Renewal, membership.Renewal, membership.Refund, membership.Legacy, membership.Merge}
	at := kizuna.Date(days.Draw(t, "begin"))
	for range rapid.IntRange(0, 8).Draw(t, "events") {
		// Most events come about a year after the one before, where the edges are.
		at = at.AddDays(rapid.SampledFrom([]int{0, 1, 29, 30, 31, 90, 364, 365, 366, 380, 395, 396}).Draw(t, "later"))
		e := membership.Event{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), At: at.Instant() + kizuna.Instant(rapid.SampledFrom([]int64{0, 0, 1, 43200, 86399}).Draw(t, "second"))}
		switch e.Kind {
		case membership.Legacy:
			e.At = kizuna.NewDate(2022, 9, rapid.IntRange(1, 30).Draw(t, "day")).Instant()
			until := e.At.Date().AddDays(rapid.IntRange(0, 400).Draw(t, "until"))
			e.Until = &until
		case membership.Merge:
			if other == 0 {
				continue
			}
			with := ledgers(t, fmt.Sprint(account, "-", len(l.Events)), other-1)
			e.With = &with
		case membership.Refund:
			e.Used = rapid.IntRange(0, 5).Draw(t, "used") == 0
		}
		l.Events = append(l.Events, e)
		if e.Kind == membership.Purchase && rapid.Bool().Draw(t, "score") { // most that pay have qualified
			l.Findings = append(l.Findings, membership.Finding{Area: rapid.SampledFrom(areas).Draw(t, "area"), On: e.At.Date(), Qualified: true})
		}
	}
	return l
}

func shuffled(t *rapid.T, l membership.Ledger) membership.Ledger {
	l.Findings = rapid.Permutation(l.Findings).Draw(t, "findings")
	l.Events = rapid.Permutation(l.Events).Draw(t, "events")
	l.Events = slices.Clone(l.Events)
	for i := range l.Events {
		if with := l.Events[i].With; with != nil {
			other := shuffled(t, *with)
			l.Events[i].With = &other
		}
	}
	return l
}

// told is a status without what only tells in which order things came to be known.
func told(t *rapid.T, s *membership.Status) string {
	for i := range s.Idle {
		if s.Idle[i].Event.With != nil {
			s.Idle[i].Event.With = &membership.Ledger{Account: s.Idle[i].Event.With.Account}
		}
	}
	for i := range s.Areas {
		if e := s.Areas[i].Why.Event; e != nil {
			plain := *e
			plain.With = nil
			s.Areas[i].Why.Event = &plain
		}
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTheOrderOfRecordingDoesNotMatter(t *testing.T) {
	r := rules(t)
	rapid.Check(t, func(t *rapid.T) {
		l := ledgers(t, "G1", 1)
		m := shuffled(t, l)
		for range 5 {
			day := kizuna.Date(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "day"))
			if a, b := told(t, r.Status(&l, day)), told(t, r.Status(&m, day)); a != b {
				t.Fatalf("on %s\n%s\n%s", day, a, b)
			}
		}
	})
}

// What history tells is how the company stands on every day, and nothing changes
// before the day that a status names as the next.
func TestHistoryAndStatusAgreeOnEveryDay(t *testing.T) {
	r := rules(t)
	rapid.Check(t, func(t *rapid.T) {
		l := ledgers(t, "G1", 1)
		turns := r.History(&l, lastDay)
		days := map[kizuna.Date]bool{}
		for day := firstDay; day <= lastDay; day += kizuna.Date(rapid.IntRange(1, 40).Draw(t, "step")) {
			days[day] = true
		}
		for i := range turns {
			days[turns[i].On-1], days[turns[i].On] = true, true
		}
		stands := make(map[string]membership.State)
		var before *membership.Status
		next := 0
		for _, day := range slices.Sorted(maps.Keys(days)) {
			for ; next < len(turns) && turns[next].On <= day; next++ {
				stands[turns[next].Area] = turns[next].To
			}
			s := r.Status(&l, day)
			for i := range s.Areas {
				a := &s.Areas[i]
				want := stands[a.ID]
				if want == "" {
					want = membership.InProgress
				}
				if a.State != want {
					t.Fatalf("%s on %s is %s, history says %s: %+v", a.ID, day, a.State, want, turns)
				}
				check(t, s, a)
			}
			if before != nil && (before.Next == nil || day < *before.Next) && !happens(r, &l, before.On+1, day) {
				for i := range s.Areas {
					was, is := before.Areas[i], s.Areas[i]
					if was.State != is.State || !reflect.DeepEqual(was.Since, is.Since) || !reflect.DeepEqual(was.Until, is.Until) {
						t.Fatalf("%s changed on %s, after a status that names %v as the next day: %+v, %+v", is.ID, day, before.Next, was, is)
					}
				}
			}
			before = s
		}
		if len(turns) > 0 && turns[0].On < firstDay || !slices.IsSortedFunc(turns, func(a, b membership.Turn) int { return int(a.On - b.On) }) {
			t.Fatalf("out of order: %+v", turns)
		}
	})
}

// check checks what holds of every area on every day.
func check(t *rapid.T, s *membership.Status, a *membership.Area) {
	switch {
	case a.Since != nil && *a.Since > s.On, a.Until != nil && *a.Until < s.On, a.Held != nil && *a.Held > s.On:
		t.Fatalf("%s on %s: %+v", a.ID, s.On, a)
	case a.Holds() != (a.Held != nil), a.Holds() && s.Anniversary == nil:
		t.Fatalf("%s on %s is held and is not: %+v", a.ID, s.On, a)
	case a.State == membership.Qualified && s.Anniversary != nil && s.On <= *s.Anniversary:
		t.Fatalf("%s on %s has not joined the areas that are enrolled: %+v", a.ID, s.On, a)
	case s.Shown(a) && a.State != membership.Enrolled && s.On > *s.Anniversary:
		t.Fatalf("%s on %s shows a badge after the anniversary: %+v", a.ID, s.On, a)
	}
}

// happens reports whether the ledger, or one that merged into it, says something of these days.
func happens(r *membership.Rules, l *membership.Ledger, first, last kizuna.Date) bool {
	in := membership.Days{First: first, Last: last}
	return slices.ContainsFunc(l.Findings, func(f membership.Finding) bool { return in.Contains(f.On) }) ||
		slices.ContainsFunc(l.Events, func(e membership.Event) bool {
			return in.Contains(r.Day(e.At)) || e.With != nil && happens(r, e.With, first, last)
		})
}

// A day that was found to qualify remains one, and a drop changes nothing.
func TestLaterScoresTakeNothingAway(t *testing.T) {
	r := rules(t)
	rapid.Check(t, func(t *rapid.T) {
		l := ledgers(t, "G1", 0)
		more := l
		more.Findings = slices.Clone(l.Findings)
		for range rapid.IntRange(1, 5).Draw(t, "more") {
			on := kizuna.Date(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "on"))
			if len(l.Findings) > 0 && rapid.Bool().Draw(t, "same day") {
				on = rapid.SampledFrom(l.Findings).Draw(t, "of").On
			}
			more.Findings = append(more.Findings, membership.Finding{Area: rapid.SampledFrom(areas).Draw(t, "area"), On: on, Known: 9})
		}
		if a, b := r.History(&l, lastDay), r.History(&more, lastDay); !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\n%+v", a, b)
		}
	})
}

// Whatever was paid when, every boundary lies where the rules put it.
func TestEveryBoundaryDay(t *testing.T) {
	r := rules(t)
	for paid := kizuna.NewDate(2023, 12, 1); paid < kizuna.NewDate(2025, 3, 3); paid++ {
		l := membership.Ledger{
			Account:  "G1",
			Findings: []membership.Finding{{Area: "security", On: paid, Qualified: true}},
			Events:   []membership.Event{{Kind: membership.Purchase, At: paid.Instant()}},
		}
		anniversary := paid.AddDays(365)
		for on, want := range map[kizuna.Date]membership.State{
			paid - 1: membership.InProgress, paid: membership.Enrolled, anniversary: membership.Enrolled,
			anniversary + 1: membership.RenewalDue, anniversary + 30: membership.RenewalDue, anniversary + 31: membership.Lapsed,
		} {
			s := r.Status(&l, on)
			if i := slices.IndexFunc(s.Areas, func(a membership.Area) bool { return a.ID == "security" }); s.Areas[i].State != want {
				t.Errorf("paid on %s, on %s: %s, want %s", paid, on, s.Areas[i].State, want)
			}
		}
		s := r.Status(&l, paid)
		first, last := anniversary.Month().Add(-5).Day(1), anniversary.Month().Day(anniversary.Month().Days())
		if *s.Keeps != (membership.Days{First: first, Last: last}) {
			t.Errorf("paid on %s: keeps %v, want %s to %s", paid, *s.Keeps, first, last)
		}
		for on, kept := range map[kizuna.Date]bool{first - 1: false, first: true, anniversary: true, last: last <= anniversary+30, last + 1: false} {
			m := l
			m.Findings = append(slices.Clone(l.Findings), membership.Finding{Area: "security", On: on, Qualified: true})
			m.Events = append(slices.Clone(l.Events), membership.Event{Kind: membership.Renewal, At: (anniversary + 30).Instant()})
			s := r.Status(&m, anniversary+30)
			if got := s.State == membership.Enrolled; got != kept {
				t.Errorf("paid on %s, qualified on %s: renewed %v", paid, on, got)
			}
		}
	}
}

// Refused steps change nothing; steps that are taken have an effect, and what is told
// does not depend on how often the clock looks.
func TestStepsAndClocks(t *testing.T) {
	r := rules(t)
	rapid.Check(t, func(t *rapid.T) {
		drawn := ledgers(t, "G1", 1)
		// What is told in the order in which it happened is never without effect, in
		// whatever order things of one second were told.
		slices.SortStableFunc(drawn.Events, func(a, b membership.Event) int { return cmp.Compare(a.At, b.At) })
		actions := map[membership.Kind]lifecycle.Action{
			membership.Legacy: membership.TakeOver, membership.Purchase: membership.Enroll, membership.Renewal: membership.Renew,
			membership.Refund: membership.TakeBack, membership.Merge: membership.Absorb,
		}
		var steps []membership.Step
		for _, f := range drawn.Findings {
			steps = append(steps, membership.Step{Action: membership.Qualify, At: f.On.Instant(), Findings: []membership.Finding{f}})
		}
		for _, e := range drawn.Events {
			steps = append(steps, membership.Step{Action: actions[e.Kind], At: e.At, Event: e, Together: true})
		}
		slices.SortStableFunc(steps, func(a, b membership.Step) int { return cmp.Compare(a.At, b.At) })
		once, often := membership.Enrollment{}, membership.Enrollment{}
		var told [2][]string
		for _, s := range steps {
			s.Now, s.Account, s.Actor = s.At, "G1", lifecycle.Actor{Role: lifecycle.Operator}
			for at, ok := r.Due(&often); ok && at <= s.Now; at, ok = r.Due(&often) {
				var events []lifecycle.Event
				often, events = r.Tick(often, at)
				told[1] = append(told[1], names(events)...)
			}
			before := lifecycletest.Bytes(t, once)
			after, events, err := r.Apply(once, s)
			if err != nil && lifecycletest.Bytes(t, after) != before {
				t.Fatalf("%v, and yet %s", err, lifecycletest.Bytes(t, after))
			}
			if again, more, err2 := r.Apply(often, s); kizuna.CodeOf(err) != kizuna.CodeOf(err2) {
				t.Fatalf("%v, but with a clock %v", err, err2)
			} else {
				often, told[1] = again, append(told[1], names(more)...)
			}
			once, told[0] = after, append(told[0], names(events)...)
			lifecycletest.CheckJSON(t, once)
		}
		for i, e := range []*membership.Enrollment{&once, &often} {
			_, events := r.Tick(*e, (lastDay + 4000).Instant())
			// A clock tells in the morning what a step may take back on the same day.
			told[i] = slices.DeleteFunc(append(told[i], names(events)...), func(name string) bool {
				if !strings.HasPrefix(name, "designation") {
					return false
				}
				on := day(t, name[len(name)-10:])
				return happens(r, &drawn, on, on)
			})
			slices.Sort(told[i])
		}
		if !slices.Equal(told[0], told[1]) {
			t.Fatalf("told without a clock\n%s\nand with one\n%s", told[0], told[1])
		}
		for _, idle := range r.Status(&once.Ledger, lastDay+1000).Idle {
			if slices.ContainsFunc(once.Events, func(e membership.Event) bool { return reflect.DeepEqual(e, idle.Event) }) {
				t.Fatalf("without effect, though nothing was told late: %+v", idle)
			}
		}
	})
}

func names(events []lifecycle.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprint(e.Type, e.Detail["area"], " ", e.Detail["on"], e.Detail["at"]))
	}
	return out
}
