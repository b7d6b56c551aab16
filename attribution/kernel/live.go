package kernel

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Live is totals that follow events. A change evaluates the customers that it touches
// before and after and adds the difference; nothing is kept of what customers
// contribute. Readers see one instant: all of a change's difference, or none.
//
// It is safe for concurrent use. Changed customers are kept packed in memory until
// somebody writes them to a newer segment.
type Live struct {
	c *counting

	writing sync.Mutex // of what follows
	patch   *segment.Patch
	binding *binding // of the patch
	w       *worker
	changed map[string]*changed   // by folded id
	unheard changed               // the customer at hand, if nothing has changed it yet
	reached []segment.Reach       // of the customer at hand
	numbers []*segment.Translator // from the view's segments to the patch
	change  Change                // one that is made at once

	reading sync.RWMutex // of the totals
	totals  *Totals
}

// changed is a customer that is not as the view has it.
type changed struct {
	record    segment.Record
	resources *binding
	reaches   *binding
	segment   int // whose numbers the reaches have; inPatch: the patch's
}

const inPatch = -1

// Live counts what a view shows, as [Kernel.Run] does, and follows events from there.
func (k *Kernel) Live(ctx context.Context, v *segment.View, o Options) (*Live, error) {
	o.Of = 0
	w := newWalk(v, k)
	if err := w.run(ctx, o); err != nil {
		return nil, err
	}
	c := w.counts[0]
	l := &Live{
		c: c, patch: segment.NewPatch(), binding: k.newBinding(), w: k.newWorker(),
		changed: make(map[string]*changed), totals: c.sums.under(0),
	}
	l.change.live = l
	return l, nil
}

// Account returns what all customers contribute to an account.
func (l *Live) Account(account string) attribution.Contribution {
	l.reading.RLock()
	defer l.reading.RUnlock()
	return l.totals.Account(account)
}

// Contribution returns what all customers contribute to all accounts.
func (l *Live) Contribution() attribution.Contribution {
	l.reading.RLock()
	defer l.reading.RUnlock()
	return l.totals.Contribution()
}

// Changed returns how many customers are not as the view has them.
func (l *Live) Changed() int {
	l.writing.Lock()
	defer l.writing.Unlock()
	return len(l.changed)
}

// Customer changes one customer: it sees the reaches that there are, which it may
// change and must not keep, and returns those that there are to be. Numbers are those of the names at hand.
type Customer func(names segment.Names, reaches []segment.Reach) []segment.Reach

// Reaches changes who reaches a customer. A customer without usage has no reaches:
// nothing is changed.
func (l *Live) Reaches(id string, change Customer) error {
	return l.slice([]string{id}, func(string) Customer { return change })
}

// Replace changes a customer's usage and who reaches it. The function makes the
// customer with the numbers of the names at hand.
func (l *Live) Replace(id string, make func(segment.Names) *segment.Tenant) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	id = association.Fold(id)
	now, err := l.find(id)
	if err != nil {
		return err
	}
	next := &changed{segment: inPatch, resources: l.binding, reaches: l.binding}
	t := make(l.patch.Numbers())
	t.ID = id
	if err := l.patch.Pack(t, &next.record); err != nil {
		return err
	}
	if err := l.change.swap(id, now, next); err != nil {
		return err
	}
	l.change.publish(nil)
	return nil
}

// ReachesOf makes the same change to many customers, in the background of others: in
// slices, each of which readers see whole. It says how far it is, and stops between
// two slices if ctx is done.
func (l *Live) ReachesOf(ctx context.Context, ids []string, change func(id string) Customer, progress func(done, of int)) error {
	for done := 0; done < len(ids); {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		end := min(done+sliceLength, len(ids))
		if err := l.slice(ids[done:end], change); err != nil {
			return err
		}
		if done = end; progress != nil {
			progress(done, len(ids))
		}
	}
	return nil
}

// sliceLength is how many customers of a large change keep others waiting.
const sliceLength = 64

func (l *Live) slice(ids []string, change func(id string) Customer) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	defer l.change.publish(nil) // also what was changed before an error
	for _, id := range ids {
		if err := l.change.reaches(association.Fold(id), change(id)); err != nil {
			return err
		}
	}
	return nil
}

// Read runs a function while nothing that changes becomes visible: what it reads of
// the totals is of one instant. It must not change anything.
func (l *Live) Read(read func(*Totals)) {
	l.reading.RLock()
	defer l.reading.RUnlock()
	read(l.totals)
}

// Change is a change of customers that readers see when all of it is made, however
// long that takes. It holds the difference, a few words for a customer and an account.
type Change struct {
	live   *Live
	before []uint64 // records
	after  []uint64
}

// Begin begins a change. Of changes that touch the same customers one is published
// before another begins, or readers see part of both.
func (l *Live) Begin() *Change { return &Change{live: l} }

// Reaches changes who reaches a customer, as [Live.Reaches] does. After an error the
// customer is as it was.
func (c *Change) Reaches(id string, change Customer) error {
	c.live.writing.Lock()
	defer c.live.writing.Unlock()
	return c.reaches(association.Fold(id), change)
}

// Publish lets readers see the change. then, if it is not nil, is run in the same
// instant of theirs. The change is empty afterwards, and can be used again.
func (c *Change) Publish(then func()) {
	c.live.writing.Lock()
	defer c.live.writing.Unlock()
	c.publish(then)
}

// find returns a customer as it is now; nil if it has no usage.
func (l *Live) find(id string) (*changed, error) {
	if c := l.changed[id]; c != nil {
		return c, nil
	}
	s, b, i, ok, err := l.c.view.Find(id)
	if err != nil || !ok {
		return nil, err
	}
	c := &l.unheard
	c.segment, c.resources, c.reaches = s, l.c.bindings[s], l.c.bindings[s]
	b.Record(i, &c.record)
	return c, nil
}

func (c *Change) reaches(id string, change Customer) error {
	l := c.live
	now, err := l.find(id)
	if err != nil || now == nil {
		return err
	}
	l.reached = now.record.AppendReaches(l.reached[:0])
	if now.segment != inPatch {
		l.translate(now.segment)
	}
	next := &changed{record: now.record, resources: now.resources, reaches: l.binding, segment: inPatch}
	if err := l.patch.PackReaches(id, change(l.patch.Numbers(), l.reached), &next.record); err != nil {
		return err
	}
	return c.swap(id, now, next)
}

// translate gives the reaches at hand, which have the numbers of a segment, those of the
// patch. The accounts of partners that are new to it are known by their old numbers.
func (l *Live) translate(segment int) {
	translator, from := l.translator(segment), l.c.bindings[segment]
	for i := range l.reached {
		old := l.reached[i].Location
		translator.Translate(l.reached[i : i+1])
		if int(l.reached[i].Location) == len(l.binding.accounts) {
			l.binding.accounts = append(l.binding.accounts, from.accounts[old])
			l.binding.itself = append(l.binding.itself, from.itself[old])
		}
	}
}

// translator translates from the numbers of a segment to the patch's.
func (l *Live) translator(number int) *segment.Translator {
	if l.numbers == nil {
		l.numbers = make([]*segment.Translator, len(l.c.view.Segments()))
	}
	if l.numbers[number] == nil {
		l.numbers[number] = segment.NewTranslator(l.c.view.Segments()[number], l.patch.Numbers())
	}
	return l.numbers[number]
}

// swap evaluates a customer before and after, and keeps what it is now.
func (c *Change) swap(id string, now, next *changed) (err error) {
	before, after := len(c.before), len(c.after)
	defer func() {
		if err != nil || slices.Equal(c.before[before:], c.after[after:]) { // nothing is different
			c.before, c.after = c.before[:before], c.after[:after]
		}
	}()
	c.live.bind()
	if err := c.live.evaluate(id, now, &c.before); err != nil {
		return err
	}
	if err := c.live.evaluate(id, next, &c.after); err != nil {
		return err
	}
	c.live.changed[id] = next
	return nil
}

// bind makes the tables know what the patch's dictionary knows.
func (l *Live) bind() {
	k := l.c.k
	k.extend(l.binding, l.patch)
	newest := l.c.view.Newest()
	last := len(l.c.view.Segments()) - 1
	for p := len(l.binding.accounts); p < l.patch.Partners(); p++ {
		of, itself := segment.NoAccount, segment.NoAccount
		if n, ok := newest.FindPartner(l.patch.Partner(segment.Partner(p))); ok {
			of, itself = l.c.bindings[last].accounts[n], l.c.bindings[last].itself[n]
		}
		l.binding.accounts = append(l.binding.accounts, of)
		l.binding.itself = append(l.binding.itself, itself)
	}
	if k.seriesCount() != len(l.w.series) {
		l.w.learn()
	}
}

// evaluate appends the records of what a customer contributes.
func (l *Live) evaluate(id string, c *changed, records *[]uint64) (err error) {
	if c == nil {
		return nil
	}
	before := len(*records)
	defer func() {
		if cause := recover(); cause != nil {
			*records = (*records)[:before]
			err = kizuna.Errorf("live-customer", "customer %q cannot be evaluated", id).WithCause(fmt.Errorf("%v", cause))
		}
	}()
	w := l.w
	w.record, w.b, w.by, w.shares = c.record, c.resources, c.reaches, l.c.shares
	w.evaluate()
	for s := range w.slots {
		if w.contribute(&w.slots[s]); len(w.out) > 0 {
			*records = append(*records, header(w.slots[s].account, len(w.out)))
			*records = append(*records, w.out...)
		}
	}
	return nil
}

// publish adds the difference to the totals, all at once.
func (c *Change) publish(then func()) {
	l := c.live
	l.reading.Lock()
	defer l.reading.Unlock()
	l.c.sums.addAll(c.before, -1)
	l.c.sums.addAll(c.after, 1)
	c.before, c.after = c.before[:0], c.after[:0]
	if then != nil {
		then()
	}
}
