package live_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/live"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// must is for commands that have to succeed.
func must[T any](o T, err error) func(*world) T {
	return func(w *world) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return o
	}
}

func (w *world) head() int64 {
	w.Helper()
	entry, _, err := w.store.Head(context.Background(), 0)
	if err != nil {
		w.Fatal(err)
	}
	return entry
}

// Whatever happens, the totals are those of a batch over what was known at the entry
// that they stand at.
func TestTotalsAreThoseOfABatchAtTheirEntry(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.furnish()
		totals := w.follow(live.Options{})
		here := w.clerk(totals.Over(w.store))
		w.equal(totals, 0)
		for seed := range uint64(8) {
			w.rand = rand.New(rand.NewPCG(seed, 5))
			for n := range 30 {
				w.pass(time.Duration(w.rand.IntN(20)) * time.Hour / 4)
				entry := here.act(t.Context())
				if entry > 0 && n%10 == 0 {
					w.equal(totals, entry)
				}
			}
			w.equal(totals, w.head())
		}
		for _, name := range []string{"role", "link", "member", "place", "sale", "dpor", "claim", "claim ends", "person", "subscription", "clock"} {
			if here.done[name] == 0 {
				t.Errorf("no command about a %s succeeded: %v", name, here.done)
			}
		}
		if s := totals.Status(); s.Err != nil || s.Rebuild != nil || s.Changed == 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Each change moves somebody's score: else the test above would prove little.
func TestAScoreMovesWithARoleAndBack(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	w.furnish()
	totals := w.follow(live.Options{Poll: time.Hour}) // commands are seen at once
	r := w.record(totals.Over(w.store))
	scoreOf := func(entry int64) string {
		w.equal(totals, entry)
		return string(text(t, must(totals.Score("G3"))(w).Areas))
	}
	admin := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Customer, Company: "t4", ID: "admin"}}
	who := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Identity, Company: "t4", ID: "zoe"}}
	role := record.Role{Tenant: "T4", Object: "ZOE", Role: "Owner", Scope: "/subscriptions/S4A/"}
	before := scoreOf(0)
	if linked := scoreOf(must(r.Link(t.Context(), who, pal.Create, "L4"))(w).Entry); linked != before {
		t.Error("a link without roles counts")
	}
	if granted := scoreOf(must(r.Access(t.Context(), admin, access.Grant, role, 0))(w).Entry); granted == before {
		t.Error("a role does not count")
	}
	w.pass(100 * time.Hour)
	if revoked := scoreOf(must(r.Access(t.Context(), admin, access.Revoke, role, 0))(w).Entry); revoked == before {
		t.Error("the time for which it was held does not count")
	}
	if s := must(totals.Score("L4"))(w); s.Partner != "G3" || s.Entry != w.head() {
		t.Errorf("%+v", s)
	}
	if _, err := totals.Score("L9"); kizuna.CodeOf(err) != "live-partner" {
		t.Error(err)
	}
}

// What cannot be followed is counted anew, while readers keep what was before.
func TestWhatCannotBeFollowedIsCountedAnew(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.furnish()
		slow := &gate{Store: w.store}
		place := w.place()
		place.Shelf.Store = slow
		totals, err := live.Open(t.Context(), place, w.asked(len(w.program)-2), live.Options{Poll: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer totals.Close()
		r := w.record(w.store)
		vendor := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Vendor, ID: "v"}}
		partner := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Partner, Company: "G9", ID: "p"}}
		must(r.OpenAccount(t.Context(), record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Operator, ID: "o"}}, "G9", ""))(w)
		for reason, happen := range map[live.Reason]func() int64{
			live.NewImport: func() int64 {
				w.imports(w.store, map[string][]string{"usage": {
					"month,tenant_id,subscription_id,scope,workload,revenue_usd", "2023-10,t1,s1a,,Storage,123", "2023-10,t9,s9a,,Storage,5000"}})
				return w.head()
			},
			live.NewLocation: func() int64 {
				return must(r.AddLocation(t.Context(), partner, record.NewLocation{ID: "L90", Account: "G9"}))(w).Entry
			},
			live.NewProduct: func() int64 {
				return must(r.Register(t.Context(), vendor, record.Subscription{ID: "S1A", Tenant: "t1", Product: "Dynamics 365", During: kizuna.Always}))(w).Entry
			},
			live.UnknownEvent: func() int64 {
				receipt := must(w.store.Write(t.Context(), store.Command{Actor: vendor.Actor, Action: "new"}, func(tx store.Tx) error {
					thing := store.Thing{Kind: "novelty", ID: "1"}
					tx.Emit(thing, store.Concerns{}, lifecycle.Event{Type: "novelty.seen"})
					return tx.Put(&store.Record{Thing: thing, Version: 1, Body: []byte(`{}`)})
				}))(w)
				return receipt.Entry
			},
			live.NewQuestion: func() int64 {
				totals.Ask(w.asked(0))
				return 0
			},
		} {
			w.equal(totals, w.head())
			_, before := totals.Contribution()
			slow.shut()
			entry := happen()
			for totals.Status().Rebuild == nil {
				time.Sleep(time.Millisecond)
			}
			if s := totals.Status(); s.At != before || s.Rebuild.Reason != reason {
				t.Errorf("%s: %+v", reason, s)
			}
			later := must(r.Access(t.Context(), record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Customer, Company: "t3", ID: "a"}}, access.Grant,
				record.Role{Tenant: "t3", Object: "ann", Role: string(reason), Scope: "/"}, 0))(w).Entry
			w.equal(totals, before.Entry)
			slow.open()
			w.equal(totals, max(entry, later))
			if s := totals.Status(); s.Rebuild != nil && s.Rebuild.Entry <= entry {
				t.Errorf("%s: %+v", reason, s)
			}
		}
		if got := totals.Status().Question.Program.Ref(); got != w.program[0].Ref() {
			t.Errorf("asked under %s", got)
		}
	})
}

// gate is a store of which nothing is counted anew while it is shut: what a rebuild
// reads first waits.
type gate struct {
	store.Store
	mu   sync.Mutex
	wait chan struct{}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wait = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.wait)
	g.wait = nil
}

func (g *gate) Facts(ctx context.Context, v store.View, file string) iter.Seq2[*store.Fact, error] {
	g.mu.Lock()
	wait := g.wait
	g.mu.Unlock()
	if wait != nil {
		<-wait
	}
	return g.Store.Facts(ctx, v, file)
}

// Another process's commands are seen without being told; those of many writers at
// once, while readers read.
func TestManyWritersInTwoProcesses(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	w.furnish()
	totals := w.follow(live.Options{Poll: 5 * time.Millisecond})
	stores := []store.Store{totals.Over(w.store), w.open()}
	ctx, stop := context.WithCancel(t.Context())
	var writers, readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			var last live.At
			for ctx.Err() == nil {
				s, err := totals.Score("G1")
				if err != nil {
					t.Error(err)
					return
				}
				if s.Entry < last.Entry {
					t.Errorf("from %+v back to %+v", last, s.At)
				}
				last = s.At
				totals.Status()
			}
		})
	}
	for n := range 4 {
		r := w.record(stores[n%2])
		writers.Go(func() {
			for i := range 15 {
				tenant := fmt.Sprint("t", i%tenants)
				admin := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Customer, Company: tenant, ID: "a"}}
				o, err := r.Access(ctx, admin, access.Grant, record.Role{Tenant: tenant, Object: "ann", Role: fmt.Sprint("Role ", n, i/tenants), Scope: "/"}, 0)
				if err != nil {
					t.Error(err)
					return
				}
				if err := totals.Wait(ctx, o.Entry); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	stop()
	readers.Wait()
	w.equal(totals, w.head())
}

// busy gives an identity of a provider a role at every customer.
func (w *world) busy(customers int) {
	w.Helper()
	roles := []string{"tenant_id,object_id,principal_tenant_id,role,scope,from"}
	usage := []string{"month,tenant_id,subscription_id,scope,workload,revenue_usd"}
	subscriptions := []string{"subscription_id,tenant_id,product"}
	for n := range customers {
		subscriptions = append(subscriptions, fmt.Sprintf("sb%d,b%d,Azure", n, n))
		roles = append(roles, fmt.Sprintf("b%d,guest,MSP,Owner,/,2022-01-01", n))
		usage = append(usage, fmt.Sprintf("2023-10,b%d,sb%d,,Virtual Machines,%d", n, n, 1000+n))
	}
	w.imports(w.store, map[string][]string{"role_assignments": roles, "subscriptions": subscriptions, "usage": usage})
}

// steps is a store that lets the slices of a large change begin one by one, as long as
// there are any stops left.
type steps struct {
	store.Store
	stops   atomic.Int64
	stopped chan struct{}
	goOn    chan struct{}
}

func (s *steps) Find(ctx context.Context, v store.View, q store.Query) iter.Seq2[*store.Record, error] {
	if q.Kind == record.RoleKind && len(q.Tenants) > 1 && s.stops.Add(-1) >= 0 {
		s.stopped <- struct{}{}
		<-s.goOn
	}
	return s.Store.Find(ctx, v, q)
}

func (w *world) slowly(customers int) (*steps, live.Place) {
	w.Helper()
	w.furnish()
	w.busy(customers)
	slow := &steps{Store: w.store, stopped: make(chan struct{}), goOn: make(chan struct{})}
	place := live.Place{Shelf: w.shelf(w.store), Record: w.record(slow)}
	return slow, place
}

var guest = record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Identity, Company: "msp", ID: "guest"}}

// A link of an identity that works for very many is made in slices, in the background.
// What happens meanwhile is not lost and comes after it, and readers see all of it or
// nothing.
func TestALargeChangeIsSeenAtOnceAndLosesNothing(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		const customers = 400
		slow, place := w.slowly(customers)
		totals, err := live.Open(t.Context(), place, w.asked(len(w.program)-2), live.Options{Poll: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer totals.Close()
		r := w.record(w.store)
		total, before := totals.Account("G3")
		const stops = 4
		slow.stops.Store(stops)
		linked := must(r.Link(t.Context(), guest, pal.Create, "L1"))(w).Entry
		for n := range stops {
			<-slow.stopped // the change stands between two slices
			s := totals.Status()
			if want := (live.Progress{Entry: linked, Done: 64 * n, Of: customers}); s.At != before || s.Change == nil || *s.Change != want {
				t.Errorf("%+v, want %+v", s, want)
			}
			w.equal(totals, before.Entry)
			// Of two customers the first is counted already, the other is not.
			for _, tenant := range []string{"b0", fmt.Sprint("b", customers-1), "t2"} {
				admin := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Customer, Company: tenant, ID: "a"}}
				must(r.Place(t.Context(), admin, access.Move, tenant, fmt.Sprint("/subscriptions/x", n), group("top")))(w)
				must(r.Access(t.Context(), admin, access.Grant, record.Role{Tenant: tenant, Object: "guest", Home: "msp", Role: fmt.Sprint("More ", n), Scope: "/"}, 0))(w)
			}
			must(r.Link(t.Context(), guest, pal.Update, [stops]string{"L2", "L3", "L1", "L4"}[n]))(w)
			slow.goOn <- struct{}{}
		}
		w.equal(totals, linked)
		w.equal(totals, w.head())
		if s := totals.Status(); s.Change != nil || s.Changed < customers || s.Err != nil {
			t.Errorf("%+v", s)
		}
		if after, _ := totals.Account("G3"); difference(total, after) == "" {
			t.Error("the link does not count")
		}
	})
}

// Closed in the middle of a change and begun again, at the end or long before it, the
// totals are the same.
func TestBegunAgainTheTotalsAreTheSame(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	slow, place := w.slowly(200)
	ask := w.asked(len(w.program) - 2)
	totals, err := live.Open(t.Context(), place, ask, live.Options{Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, begin := totals.Contribution()
	r := w.record(w.store)
	slow.stops.Store(2)
	must(r.Link(t.Context(), guest, pal.Create, "L4"))(w)
	<-slow.stopped
	slow.goOn <- struct{}{}
	<-slow.stopped
	closed := make(chan error)
	go func() { closed <- totals.Close() }()
	waited := make(chan error)
	go func() { waited <- totals.Wait(t.Context(), w.head()+1000) }()
	slow.goOn <- struct{}{}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := <-waited; kizuna.CodeOf(err) != "live-closed" {
		t.Error(err)
	}
	clerk := w.clerk(w.store)
	for range 40 {
		clerk.act(t.Context())
	}
	want := w.follow(live.Options{})
	w.equal(want, w.head())
	again := w.follow(live.Options{KnownAt: begin.KnownAt})
	w.equal(again, w.head())
	a, atA := want.Contribution()
	b, atB := again.Contribution()
	if d := difference(a, b); d != "" || atA != atB {
		t.Errorf("at %+v and %+v:\n%s", atA, atB, d)
	}
}

// A store that fails is told of, asked again and followed where the totals stood.
func TestAStoreThatFailsIsAskedAgain(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	w.furnish()
	broken := &failing{Store: w.store}
	place := live.Place{Shelf: w.shelf(broken), Record: w.record(broken)}
	totals, err := live.Open(t.Context(), place, w.asked(len(w.program)-2), live.Options{Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer totals.Close()
	clerk := w.clerk(w.store)
	for _, broke := range []string{"events", "find"} {
		broken.what.Store(broke)
		for range 30 {
			clerk.act(t.Context())
		}
		for totals.Status().Err == nil {
			time.Sleep(time.Millisecond)
		}
		w.equal(totals, 0)
		broken.what.Store("")
		w.equal(totals, w.head())
		for totals.Status().Err != nil {
			time.Sleep(time.Millisecond)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := totals.Wait(ctx, w.head()+1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := live.Open(ctx, place, w.asked(0), live.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("counted all the same: %v", err)
	}
}

type failing struct {
	store.Store
	what atomic.Value
}

var errBroken = errors.New("the disk is gone")

func (f *failing) broke(what string) bool {
	now, _ := f.what.Load().(string)
	return now == what
}

func (f *failing) Events(ctx context.Context, v store.View, after int64, limit int) ([]store.Event, error) {
	if f.broke("events") {
		return nil, errBroken
	}
	return f.Store.Events(ctx, v, after, limit)
}

func (f *failing) Find(ctx context.Context, v store.View, q store.Query) iter.Seq2[*store.Record, error] {
	if f.broke("find") && len(q.Tenants)+len(q.Subjects) > 0 {
		return func(yield func(*store.Record, error) bool) { yield(nil, errBroken) }
	}
	return f.Store.Find(ctx, v, q)
}
