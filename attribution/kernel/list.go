package kernel

import (
	"fmt"
	"slices"

	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Explainer says what is behind the totals of a view: which customers contribute how
// much to an account, and by which rows. It evaluates the customers of that account
// alone, as the totals do, so that what it lists adds up to them exactly.
//
// It is safe for concurrent use.
type Explainer struct {
	r        *counting // without sums
	index    *segment.PartnerIndex
	partners [][]segment.Partner // by account: its ids on the day
	busy     *busy               // see Prepare; nil before
}

// Explainer binds the kernel to a view whose customers are indexed.
func (k *Kernel) Explainer(v *segment.View, index *segment.PartnerIndex) *Explainer {
	e := &Explainer{r: k.counting(v), index: index}
	e.partners = make([][]segment.Partner, v.Newest().Accounts())
	newest := e.r.bindings[len(e.r.bindings)-1]
	for p, account := range newest.accounts {
		// A row may assert the account by its own id, where it is no location's.
		for _, account := range []uint32{account, newest.itself[p]} {
			if account != segment.NoAccount {
				e.partners[account] = append(e.partners[account], segment.Partner(p))
			}
		}
	}
	return e
}

// Contributor is a customer that contributes to a measure of an account.
type Contributor struct {
	ID    string            `json:"tenant"` // without case
	Tally attribution.Tally `json:"tally"`
}

// List is customers, the largest contribution first: see [attribution.Tally.Weight].
// Equal ones are in the order of their ids.
type List struct {
	Customers []Contributor `json:"customers"`
	// All is how many there are. Besides those whose tally is not empty, a customer
	// counts if anything of it was credited in a month that the measure looks at.
	All int `json:"all"`
}

// Customers lists who contributes to a measure of an account: the first ones, or all if
// limit is 0. An account that is not known has none. The error is that of
// [segment.Segment.Block].
func (e *Explainer) Customers(account string, measure, limit int) (List, error) {
	number, ok := e.r.view.Newest().FindAccount(account)
	if !ok {
		return List{}, nil
	}
	m := e.measure(measure)
	r, ready := e.busy.ranking(number, m.number, limit)
	if !ready {
		r = &ranking{limit: limit}
		err := e.each(number, func(w *worker, customer uint32) {
			for s := range w.slots {
				w.look(&w.slots[s])
				e.rank(r, w, m, customer)
				w.forget()
			}
		})
		if err != nil {
			return List{}, err
		}
		r.sort(e)
	}
	return e.list(r)
}

// Total adds up what all customers contribute to an account, as [Totals.Account] does,
// without looking at anybody else's.
func (e *Explainer) Total(account string) (attribution.Contribution, error) {
	number, ok := e.r.view.Newest().FindAccount(account)
	if !ok {
		return attribution.Contribution{}, nil
	}
	t := newSums(e.r.k, []string{account})
	var words []uint64
	err := e.each(number, func(w *worker, _ uint32) {
		for s := range w.slots {
			if w.contribute(&w.slots[s]); len(w.out) > 0 {
				words = append(append(words[:0], header(0, len(w.out))), w.out...)
				t.addAll(words, 1)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return t.under(0).Account(account), nil
}

// measure finds the kernel's measure that is the plan's.
func (e *Explainer) measure(number int) *measure { return &e.r.k.measures[e.r.k.of[0][number]] }

// customers lists the customers that any id of an account touches, by number.
func (e *Explainer) customers(account uint32) []uint32 {
	ids := e.partners[account]
	if len(ids) == 1 {
		all, _ := e.index.Of(ids[0])
		return all
	}
	var all []uint32
	for _, p := range ids {
		of, _ := e.index.Of(p)
		all = append(all, of...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// each evaluates an account's customers for it alone.
func (e *Explainer) each(account uint32, f func(w *worker, customer uint32)) error {
	w := e.r.k.worker()
	defer e.r.k.rest(w)
	for _, customer := range e.customers(account) {
		segment, b, i, err := e.index.At(customer)
		if err == nil {
			err = e.record(w, segment, b, i, func() {
				w.creditOnly(account)
				f(w, customer)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// record loads a customer's record and does something with it.
func (e *Explainer) record(w *worker, segment int, b segment.Block, i int, do func()) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = b.Unreadable().WithCause(fmt.Errorf("%v", cause))
		}
	}()
	w.b, w.by, w.shares = e.r.bindings[segment], e.r.bindings[segment], e.r.shares
	b.Record(i, &w.record)
	w.reset()
	w.load()
	do()
	return nil
}

// creditOnly credits the customer's usage to one account: its slot is then the only
// one, if nobody else's is asked for; there is none if it reaches nothing.
func (w *worker) creditOnly(account uint32) {
	w.slots = slices.DeleteFunc(w.slots, func(s slot) bool { return s.account != account })
	w.credit()
}

// rank puts a customer in its place, if it contributes to the measure at all. The
// worker has looked at the account's slot.
func (e *Explainer) rank(r *ranking, w *worker, m *measure, customer uint32) {
	list := w.lists[m.view]
	if len(list) == 0 {
		return
	}
	w.out = w.out[:0]
	if !m.selective || w.b.selected(&w.k.rules[m.number], m.number, &w.record) {
		w.measure(m, list)
	}
	if len(w.out) == 0 && !w.credited(m, list) {
		return
	}
	c := ranked{customer: customer}
	members := w.out[:0] // what is left once the numbers are read
	for i := 0; i < len(w.out); i++ {
		switch e := entry(w.out[i]); e & entryKind {
		case small:
			c.now, c.base = e.small()
		case large:
			c.now, c.base = int64(w.out[i+1]), int64(w.out[i+2])
			i += 2
		default:
			workload, now, base := e.member()
			// A workload stands in several series where a measure names a feed twice.
			if e&entryKind == inSets && !named(members, workload) {
				c.members += uint32(count(now != 0) + count(base != 0))
			}
			members = append(members, w.out[i])
		}
	}
	r.offer(c, members, e)
}

// forget empties the lists that the worker looked at.
func (w *worker) forget() {
	for _, v := range w.touched {
		w.lists[v] = w.lists[v][:0]
	}
	w.touched, w.totalsOf = w.touched[:0], nil
}

// named reports whether an entry of the sets names a workload.
func named(entries []uint64, workload uint32) bool {
	return slices.ContainsFunc(entries, func(word uint64) bool {
		of, _, _ := entry(word).member()
		return entry(word)&entryKind == inSets && of == workload
	})
}

// credited reports whether any figure of the measure is not 0 in a month that it looks
// at.
func (w *worker) credited(m *measure, list []ref) bool {
	for i := range list {
		r := &list[i]
		at := int([...]int32{r.money, r.users, r.seats, r.units}[m.figure()])
		for _, span := range m.looked() {
			for month := span[0]; month <= span[1]; month++ {
				if w.cells[at+month] != 0 {
					return true
				}
			}
		}
	}
	return false
}

// figure is which figure a measure adds up: money, users, seats, units.
func (m *measure) figure() int {
	switch {
	case m.class == consumptionTenants || m.class == consumptionPairs || m.class == consumptionAmount:
		return 3
	case m.class == users && !m.paidSeats || m.class == holders && (m.share.set || m.bounded) && !m.paidSeats:
		return 1
	case m.class == users || m.class == holders:
		return 2
	}
	return 0
}

// looked are the months that a measure looks at, from the first to the last: now, and before; where
// growth counts since the association, or customers are left out that arrived active,
// in between.
func (m *measure) looked() [2][2]int {
	now, base := [2]int{m.nowFirst, m.now}, [2]int{0, -1}
	if m.hasBase {
		base = [2]int{m.baseFirst, m.base}
		if m.sinceAssociated || m.newShare.set {
			now[0] = min(now[0], m.base+1)
		}
	}
	return [2][2]int{now, base}
}

// list gives a ranking's customers their names and tallies.
func (e *Explainer) list(r *ranking) (List, error) {
	out := List{Customers: make([]Contributor, len(r.first)), All: r.all}
	var workloads []workload
	for n := range r.first {
		c, one := &r.first[n], &out.Customers[n]
		_, b, i, err := e.index.At(c.customer)
		if err != nil {
			return List{}, err
		}
		one.ID, one.Tally = b.ID(i), attribution.Tally{Now: c.now, Base: c.base}
		if c.entries < 0 {
			continue
		}
		if workloads == nil {
			workloads = e.r.k.workloads()
		}
		for _, word := range r.members[c.entries] {
			workload, now, base := entry(word).member()
			addToSets(&one.Tally, entry(word), workloads[workload].called[0].name, now, base)
		}
	}
	return out, nil
}
