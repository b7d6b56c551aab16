package kernel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
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
	"github.com/kizuna-org/kizuna/usage"
)

// fataler is what rapid.T and testing.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func built(t fataler, f *attribution.Facts) *segment.Segment {
	t.Helper()
	var out bytes.Buffer
	if _, err := segment.Build(segment.NewBuilder(&out), f); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

func viewOf(t fataler, segments ...*segment.Segment) *segment.View {
	t.Helper()
	v, err := segment.NewView(segments[0], segments[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func compiled(t fataler, p *program.Program, asOf kizuna.Date, trust attribution.Trust) *kernel.Kernel {
	t.Helper()
	k, err := kernel.Compile(attribution.NewPlan(p, asOf), trust)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func counted(t fataler, k *kernel.Kernel, v *segment.View, o kernel.Options) attribution.Contribution {
	t.Helper()
	totals, err := k.Run(context.Background(), v, o)
	if err != nil {
		t.Fatal(err)
	}
	return totals.Contribution()
}

// difference says where two contributions differ; "" is nowhere.
func difference(want, got attribution.Contribution) string {
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	var out string
	for key := range keys {
		a, errA := json.Marshal(want[key])
		b, errB := json.Marshal(got[key])
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			out += fmt.Sprintf("%v: want %s, got %s\n", key, a, b)
		}
	}
	return out
}

func programs(t testing.TB) []*program.Program {
	t.Helper()
	all, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all[:len(all):len(all)] {
		day := p.InForce.From
		if p.InForce.To != nil {
			day = *p.InForce.To
		}
		all = append(all, p.ForSpecializations(day))
		other := p.Clone()
		other.CSPHistory = program.ByInterval
		all = append(all, other)
	}
	return all
}

var days = []kizuna.Date{
	kizuna.NewDate(2023, 11, 15), kizuna.NewDate(2023, 11, 1), kizuna.NewDate(2023, 10, 20), kizuna.NewDate(2022, 12, 31), kizuna.NewDate(2024, 3, 1),
}

func drawRange(t *rapid.T, label string) *program.Range {
	r := &program.Range{FromExclusive: rapid.Bool().Draw(t, label+" from exclusive"), ToExclusive: rapid.Bool().Draw(t, label+" to exclusive")}
	end := func(name string) *kizuna.Micro {
		if rapid.Bool().Draw(t, label+name) {
			m := kizuna.Micro(rapid.SampledFrom([]int64{-1, 0, 11, 100, 300, 1000, 1500}).Draw(t, label+name)) * kizuna.MicroPerUnit
			return &m
		}
		return nil
	}
	r.From, r.To = end(" from"), end(" to")
	return r
}

func drawShare(t *rapid.T, label string) *kizuna.Fraction {
	f := rapid.SampledFrom([]kizuna.Fraction{kizuna.Ratio(2, 5), kizuna.Ratio(1, 3), kizuna.Int(1), kizuna.Ratio(3, 20), verySmall}).Draw(t, label)
	return &f
}

// verySmall has terms that 64 bits do not hold.
var verySmall = func() kizuna.Fraction {
	f, err := kizuna.ParseFraction("0.4000000000000000000000000000001")
	if err != nil {
		panic(err)
	}
	return f
}()

// drawMeasure changes a measure to another that a program file could write.
func drawMeasure(t *rapid.T, m *program.Measure) {
	m.Quantity = rapid.SampledFrom([]program.Quantity{program.Revenue, program.ActiveUsers, program.PaidSeats, program.Consumption}).Draw(t, "quantity")
	m.Window = program.Window{Kind: program.AnyMonth, Months: 1, Back: rapid.SampledFrom([]int{0, 12, 12, 3}).Draw(t, "back")}
	m.Amount, m.Seats, m.Share, m.NewShareAtMost = nil, nil, nil, nil
	m.ShareOfWorkload, m.SinceAssociation, m.StaysAfterGrowth = false, false, false
	seats := m.Quantity == program.ActiveUsers || m.Quantity == program.PaidSeats
	switch {
	case m.Quantity == program.Revenue:
		m.Subject = rapid.SampledFrom([]program.Subject{program.Amount, program.Tenants, program.Pairs, program.Workloads}).Draw(t, "subject")
		m.Window.Kind = rapid.SampledFrom([]program.WindowKind{program.AnyMonth, program.Trailing}).Draw(t, "kind")
		m.Window.Months = rapid.SampledFrom([]int{1, 2, 12, 14}).Draw(t, "months")
	case m.Quantity == program.Consumption:
		m.Subject = rapid.SampledFrom([]program.Subject{program.Amount, program.Tenants, program.Pairs}).Draw(t, "subject")
	case m.Quantity == program.PaidSeats:
		m.Subject = program.Tenants
	default:
		m.Subject = rapid.SampledFrom([]program.Subject{program.Amount, program.Tenants}).Draw(t, "subject")
	}
	holders := m.Quantity == program.ActiveUsers && m.Subject == program.Tenants
	if (holders || !seats && (m.Quantity == program.Revenue || m.Subject != program.Amount)) && rapid.Bool().Draw(t, "amount") {
		m.Amount = drawRange(t, "amount")
	}
	if seats && rapid.Bool().Draw(t, "seats") {
		m.Seats = drawRange(t, "seats")
		m.StaysAfterGrowth = m.Seats.To != nil && rapid.Bool().Draw(t, "stays after growth")
	}
	if seats && m.Subject == program.Tenants && rapid.Bool().Draw(t, "share") {
		m.Share, m.ShareExclusive = drawShare(t, "share"), rapid.Bool().Draw(t, "above")
		m.ShareOfWorkload = rapid.Bool().Draw(t, "of a workload")
		if rapid.Bool().Draw(t, "new share") {
			m.NewShareAtMost, m.NewShareExclusive = drawShare(t, "new share"), rapid.Bool().Draw(t, "below")
		}
	}
	m.Channels = rapid.SampledFrom([][]string{nil, nil, {"EA"}, {"CSP", "EA"}}).Draw(t, "channels")
	m.SinceAssociation = seats && m.Subject == program.Amount && rapid.Bool().Draw(t, "since association")
}

// drawProgram is a built-in program, or one whose measures were changed.
func drawProgram(t *rapid.T, all []*program.Program) *program.Program {
	p := all[rapid.IntRange(0, len(all)-1).Draw(t, "program")]
	if rapid.Bool().Draw(t, "as it is") {
		return p
	}
	p = p.Clone()
	for i := range p.Areas {
		for j := range p.Areas[i].Metrics {
			for _, track := range p.Areas[i].Track.Tracks {
				rule := p.Areas[i].Metrics[j].Rules[track]
				for c := range rule.Components {
					if m := &rule.Components[c].Measure; rapid.Bool().Draw(t, "change") {
						drawMeasure(t, m)
						if rapid.IntRange(0, 3).Draw(t, "feed twice") == 0 {
							m.Feeds = append(m.Feeds, m.Feeds[0])
						}
					}
				}
			}
		}
		if c := p.Areas[i].Track.Classifier; c != nil && rapid.Bool().Draw(t, "by market") {
			c.Kind, c.Countries = program.ByMarket, rapid.SampledFrom([][]string{nil, {"JP"}, {"JP", "US"}, {"DE"}, {"", "US"}}).Draw(t, "countries")
		}
	}
	return p
}

func TestTheKernelCountsWhatTheBookSays(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		f.Trust = rapid.SampledFrom([]attribution.Trust{"", attribution.TrustOwn, attribution.TrustAsserted}).Draw(t, "trust")
		p, asOf := drawProgram(t, all), rapid.SampledFrom(days).Draw(t, "as of")
		want := attribution.NewBook(attribution.NewPlan(p, asOf), f).Total()
		got := counted(t, compiled(t, p, asOf, f.Trust), viewOf(t, built(t, f)), kernel.Options{Workers: 1})
		if d := difference(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// drawView splits the customers over segments; some stand, otherwise, in older ones too.
func drawView(t *rapid.T, f *attribution.Facts) *segment.View {
	rows := f.Usage.Rows()
	n := rapid.IntRange(1, 3).Draw(t, "segments")
	var segments []*segment.Segment
	newest := make(map[string]int)
	for _, row := range rows {
		id := association.Fold(row.Tenant)
		if _, ok := newest[id]; !ok {
			newest[id] = rapid.IntRange(0, n-1).Draw(t, "newest")
		}
	}
	for i := range n {
		part := *f
		kept := slices.DeleteFunc(slices.Clone(rows), func(u usage.Row) bool {
			at := newest[association.Fold(u.Tenant)]
			// In an older segment half of it may lie, which must not be seen.
			return at < i || at > i && (u.Month%2 == 0 || len(u.Workload)%2 == 0)
		})
		part.Usage = usage.Collect(kept)
		segments = append(segments, built(t, &part))
	}
	return viewOf(t, segments...)
}

func TestCustomersMayLieInAnySegments(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		k := compiled(t, all[rapid.IntRange(0, len(all)-1).Draw(t, "program")], days[0], "")
		v := drawView(t, f)
		want := attribution.NewBook(k.Plan, f).Total()
		if d := difference(want, counted(t, k, v, kernel.Options{Workers: rapid.IntRange(1, 4).Draw(t, "workers")})); d != "" {
			t.Fatal(d)
		}
		of := rapid.IntRange(2, 5).Draw(t, "parts")
		sum := attribution.Contribution{}
		for part := range of {
			sum.Add(counted(t, k, v, kernel.Options{Workers: 1, Part: part, Of: of}))
		}
		if d := difference(want, sum); d != "" {
			t.Fatalf("the parts: %s", d)
		}
		var merged bytes.Buffer
		if err := segment.Merge(segment.NewBuilder(&merged), v); err != nil {
			t.Fatal(err)
		}
		s, err := segment.Read(merged.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(want, counted(t, k, viewOf(t, s), kernel.Options{})); d != "" {
			t.Fatalf("merged: %s", d)
		}
	})
}

// Live totals are those of a batch over the same facts, and of what was taken back
// nothing is left.
func TestLiveTotalsAreThoseOfABatch(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		k := compiled(t, all[rapid.IntRange(0, len(all)-1).Draw(t, "program")], days[0], "")
		before, after := worldtest.DrawMixed(t), worldtest.DrawMixed(t)
		for _, f := range []*attribution.Facts{before, after} {
			f.Associations.Locations = locations(before, after)
		}
		l, err := k.Live(context.Background(), viewOf(t, built(t, before)), kernel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		books := map[string]*attribution.Book{}
		want := attribution.NewBook(k.Plan, before).Total()
		for range rapid.IntRange(1, 8).Draw(t, "events") {
			id := rapid.SampledFrom([]string{"t0", "t1", "t2", "t3"}).Draw(t, "customer")
			to := rapid.SampledFrom([]*attribution.Facts{before, after}).Draw(t, "to")
			if books[id] == nil {
				books[id] = attribution.NewBook(k.Plan, before)
			}
			next := attribution.NewBook(k.Plan, to)
			want.Sub(books[id].Contribution(id))
			want.Add(next.Contribution(id))
			books[id] = next
			if err := l.Replace(id, tenantOf(to, id)); err != nil {
				t.Fatal(err)
			}
		}
		if d := difference(want, l.Contribution()); d != "" {
			t.Fatal(d)
		}
		for _, account := range []string{"G1", "G2", "g2", "G4"} {
			part := attribution.Contribution{}
			for key, tally := range want {
				if key.Account == account {
					part[key] = tally
				}
			}
			if d := difference(part, l.Account(account)); d != "" {
				t.Fatalf("%s alone: %s", account, d)
			}
		}
	})
}

func locations(before, after *attribution.Facts) []association.Location {
	if rapid := before.Associations.Locations; len(rapid) > 0 {
		return rapid
	}
	return after.Associations.Locations
}

// tenantOf compiles a customer of a world.
func tenantOf(f *attribution.Facts, id string) func(segment.Names) *segment.Tenant {
	return func(names segment.Names) *segment.Tenant {
		c := segment.NewCompiler(names, f.Associations, attribution.NewRates(f.Rates))
		rows := slices.DeleteFunc(f.Usage.Rows(), func(u usage.Row) bool { return association.Fold(u.Tenant) != id })
		t, _ := c.Tenant(id, rows)
		return t
	}
}

// Readers see all of a change or none, while others are made.
func TestReadersSeeOneInstant(t *testing.T) {
	k := compiled(t, programs(t)[1], days[0], "")
	var f *attribution.Facts
	for seed := 0; f == nil || len(attribution.NewBook(k.Plan, f).Contribution("t1")) < 3; seed++ {
		f = rapid.Custom(worldtest.DrawMixed).Example(seed)
	}
	l, err := k.Live(context.Background(), viewOf(t, built(t, f)), kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	none := *f
	none.Usage = usage.NewLedger()
	with := l.Contribution()
	if err := l.Replace("t1", tenantOf(&none, "t1")); err != nil {
		t.Fatal(err)
	}
	without := l.Contribution()
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := l.Contribution()
				if difference(with, got) != "" && difference(without, got) != "" {
					t.Error("a reader saw a part of a change")
					return
				}
			}
		})
	}
	for i := range 100 {
		facts := []*attribution.Facts{f, &none}[i%2]
		if err := l.Replace("t1", tenantOf(facts, "t1")); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wait.Wait()
	if l.Changed() != 1 {
		t.Errorf("%d customers changed", l.Changed())
	}
}

// Changing reaches alone leaves a customer's resources where they are.
func TestReachesChangeAndChangeBack(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		k := compiled(t, all[rapid.IntRange(0, len(all)-1).Draw(t, "program")], days[0], "")
		f := worldtest.DrawMixed(t)
		l, err := k.Live(context.Background(), viewOf(t, built(t, f)), kernel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		none := func(segment.Names, []segment.Reach) []segment.Reach { return nil }
		bare := *f
		bare.Associations = &association.Facts{Locations: f.Associations.Locations, Customers: f.Associations.Customers, Subscriptions: f.Associations.Subscriptions}
		ids := []string{"t0", "t1", "T2", "t3", "nobody"}
		last := 0
		if err := l.ReachesOf(context.Background(), ids, func(string) kernel.Customer { return none }, func(done, _ int) { last = done }); err != nil || last != len(ids) {
			t.Fatal(err, last)
		}
		if d := difference(attribution.NewBook(k.Plan, &bare).Total(), l.Contribution()); d != "" {
			t.Fatalf("without reaches: %s", d)
		}
		for _, id := range ids {
			was := tenantOf(f, association.Fold(id))
			if err := l.Reaches(id, func(names segment.Names, _ []segment.Reach) []segment.Reach { return was(names).Reaches }); err != nil {
				t.Fatal(err)
			}
		}
		if d := difference(attribution.NewBook(k.Plan, f).Total(), l.Contribution()); d != "" {
			t.Fatalf("with them again: %s", d)
		}
	})
}

// Whatever was changed of reaches, taking away what there is now leaves nothing.
func TestWhatIsTakenAwayAfterChangesLeavesNothing(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		k := compiled(t, all[rapid.IntRange(0, len(all)-1).Draw(t, "program")], days[0], "")
		f := worldtest.DrawMixed(t)
		l, err := k.Live(context.Background(), viewOf(t, built(t, f)), kernel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{"t0", "t1", "t2", "t3"}
		edit := func(_ segment.Names, reaches []segment.Reach) []segment.Reach {
			if len(reaches) == 0 {
				return nil
			}
			any := func(label string) int { return rapid.IntRange(0, len(reaches)-1).Draw(t, label) }
			at := any("which")
			switch x := &reaches[at]; rapid.SampledFrom([]string{"ends", "begins", "moves", "goes", "comes", "swaps"}).Draw(t, "edit") {
			case "ends":
				x.During.To = firstMonth.Add(rapid.IntRange(0, 24).Draw(t, "month")).Day(5).Instant()
			case "begins":
				x.During.From = firstMonth.Add(rapid.IntRange(0, 24).Draw(t, "month")).Day(5).Instant()
			case "moves":
				x.Location = reaches[any("to")].Location
			case "goes":
				return slices.Delete(reaches, at, at+1)
			case "comes":
				twin := *x
				twin.Location, twin.During = reaches[any("of")].Location, kizuna.Always
				return append(reaches, twin)
			case "swaps":
				other := any("with")
				reaches[at], reaches[other] = reaches[other], reaches[at]
			}
			return reaches
		}
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			if err := l.Reaches(rapid.SampledFrom(ids).Draw(t, "customer"), edit); err != nil {
				t.Fatal(err)
			}
		}
		none := *f
		none.Usage = usage.NewLedger()
		for _, id := range ids {
			if err := l.Replace(id, tenantOf(&none, id)); err != nil {
				t.Fatal(err)
			}
		}
		if d := difference(attribution.Contribution{}, l.Contribution()); d != "" {
			t.Fatal(d)
		}
	})
}

// A change of many customers, made in slices, lets single events through and readers
// read; in the end the totals are those of a batch.
func TestALargeChangeAndSingleEventsEndAsABatch(t *testing.T) {
	data, _ := large(t)
	v, k := viewOf(t, opened(t, data)), latestRules(t)
	l, err := k.Live(context.Background(), v, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range v.Newest().Blocks() {
		b, err := v.Newest().Block(i)
		if err != nil {
			t.Fatal(err)
		}
		for at := range b.Len() {
			ids = append(ids, b.ID(at))
		}
	}
	// Every event puts one end to whatever a customer's reaches are: so their order
	// does not matter, and a batch can be made of them.
	ended := func(_ segment.Names, reaches []segment.Reach) []segment.Reach {
		for i := range reaches {
			reaches[i].During.To = min(reaches[i].During.To, firstMonth.Add(20).Day(9).Instant())
		}
		return reaches
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		steps := 0
		err := l.ReachesOf(context.Background(), ids, func(string) kernel.Customer { return ended }, func(int, int) { steps++ })
		if err != nil || steps < 2 {
			t.Errorf("%v after %d slices", err, steps)
		}
	})
	for worker := range 2 {
		wait.Go(func() {
			for i := worker; i < len(ids); i += 7 {
				if err := l.Reaches(ids[i], ended); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Go(func() {
		for range 50 {
			l.Account("account-1")
		}
	})
	wait.Wait()

	var changed bytes.Buffer
	b := segment.NewBuilder(&changed)
	m := maker{shape: largeShape, b: b, r: largeSeed}
	m.names(t)
	for number := 0; m.total < m.rows; number++ {
		tenant := m.tenant(number)
		tenant.Reaches = ended(nil, tenant.Reaches)
		if err := b.Add(tenant); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(changed.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(counted(t, k, viewOf(t, s), kernel.Options{}), l.Contribution()); d != "" {
		t.Error(d)
	}
}

// A change of several customers is seen when it is published, whole, and what is told
// beside it in the same instant; one that comes to nothing leaves nothing.
func TestAChangeIsSeenWhenItIsPublished(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		k := compiled(t, all[rapid.IntRange(0, len(all)-1).Draw(t, "program")], days[0], "")
		f := worldtest.DrawMixed(t)
		l, err := k.Live(context.Background(), viewOf(t, built(t, f)), kernel.Options{})
		if err != nil {
			t.Fatal(err)
		}
		before := l.Contribution()
		bare := *f
		bare.Associations = &association.Facts{Locations: f.Associations.Locations, Customers: f.Associations.Customers, Subscriptions: f.Associations.Subscriptions}
		c, told := l.Begin(), 0
		none := func(segment.Names, []segment.Reach) []segment.Reach { return nil }
		for _, id := range []string{"t0", "T1", "t2", "t3", "nobody"} {
			if err := c.Reaches(id, none); err != nil {
				t.Fatal(err)
			}
			l.Read(func(*kernel.Totals) {
				if told != 0 {
					t.Fatal("told before it was published")
				}
			})
			if d := difference(before, l.Contribution()); d != "" {
				t.Fatalf("seen before it was published: %s", d)
			}
		}
		c.Publish(func() { told++ })
		if d := difference(attribution.NewBook(k.Plan, &bare).Total(), l.Contribution()); d != "" || told != 1 {
			t.Fatalf("told %d times: %s", told, d)
		}
		for _, id := range []string{"t0", "t1", "t2", "t3"} {
			was := tenantOf(f, id)
			back := func(names segment.Names, _ []segment.Reach) []segment.Reach { return was(names).Reaches }
			for _, change := range []kernel.Customer{back, none, back} {
				if err := c.Reaches(id, change); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Publish(nil)
		if d := difference(before, l.Contribution()); d != "" {
			t.Fatalf("taken back: %s", d)
		}
	})
}
