package kernel

import (
	"fmt"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// Desk evaluates customers that lie in no segment, one at a time: what they contribute,
// and what they would if facts were others. It is for one goroutine.
type Desk struct {
	k       *Kernel
	index   *association.Index // of locations
	patch   *segment.Patch
	binding *binding
	w       *worker
	shares  *sharing

	accounts []string // by number
	numbers  map[string]uint32
	back     [][]int // by the kernel's measure: which of the plan's
}

// Packed is a customer packed for a [Desk]: its usage, and who reaches it. It never
// changes.
type Packed struct {
	id     string
	record segment.Record
}

// Desk returns a desk for the kernel's first plan. The locations say which account each
// belonged to, and when.
func (k *Kernel) Desk(locations []association.Location) *Desk {
	return k.DeskOver(segment.NewPatch(), locations)
}

// DeskOver returns a desk that numbers texts as a patch does, which it takes over.
func (k *Kernel) DeskOver(patch *segment.Patch, locations []association.Location) *Desk {
	d := &Desk{
		k: k, patch: patch, binding: k.newBinding(), w: k.newWorker(), shares: k.unshared(), numbers: make(map[string]uint32),
		index: association.NewIndex(&association.Facts{Locations: locations}, association.Question{Program: k.Plan.Program, AsOf: k.Plan.AsOf}),
		back:  make([][]int, len(k.measures)),
	}
	for number, n := range k.of[0] {
		d.back[n] = append(d.back[n], number)
	}
	return d
}

// Names returns the desk's way to number texts, for customers to be packed.
func (d *Desk) Names() segment.Names { return d.patch.Numbers() }

// Dictionary returns what the numbers mean.
func (d *Desk) Dictionary() segment.Dictionary { return d.patch }

// Pack packs a customer whose numbers are the desk's.
func (d *Desk) Pack(t *segment.Tenant) (*Packed, error) {
	p := &Packed{id: t.ID}
	err := d.patch.Pack(t, &p.record)
	return p, err
}

// Take takes a customer that was packed with the desk's numbers.
func (d *Desk) Take(id string, r segment.Record) *Packed { return &Packed{id, r} }

// Reached returns the customer with other reaches, whose numbers are the desk's.
func (d *Desk) Reached(p *Packed, reaches []segment.Reach) (*Packed, error) {
	out := &Packed{id: p.id, record: p.record}
	err := d.patch.PackReaches(p.id, reaches, &out.record)
	return out, err
}

// Unpack returns the customer's usage and who reaches it.
func (d *Desk) Unpack(p *Packed) *segment.Tenant {
	t := p.record.Tenant()
	t.ID = p.id
	return t
}

// Contribution returns what a customer contributes to an account, or to all accounts if
// it is "". The error "customer-malformed" says that it cannot be evaluated.
func (d *Desk) Contribution(p *Packed, account string) (out attribution.Contribution, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			out, err = nil, kizuna.Errorf("customer-malformed", "customer %q cannot be evaluated", p.id).
				WithCause(fmt.Errorf("%v", cause))
		}
	}()
	d.bind()
	w := d.w
	w.record, w.b, w.by, w.shares = p.record, d.binding, d.binding, d.shares
	w.evaluate()
	out = make(attribution.Contribution)
	for s := range w.slots {
		of := d.accounts[w.slots[s].account]
		if account != "" && of != account {
			continue
		}
		w.contribute(&w.slots[s])
		d.k.contribute(out, of, w.out, d.back, w.workloads)
	}
	return out, nil
}

// bind makes the tables know what the dictionary knows.
func (d *Desk) bind() {
	d.k.extend(d.binding, d.patch)
	b := d.binding
	for p := len(b.accounts); p < d.patch.Partners(); p++ {
		of, itself := segment.NoAccount, segment.NoAccount
		if account, isLocation, ok := d.index.AccountOf(d.patch.Partner(segment.Partner(p))); ok {
			switch {
			case isLocation:
				of = d.number(account)
			case len(d.index.LocationsOf(account)) > 0: // else it was taken over by another account
				itself = d.number(account)
			}
		}
		b.accounts, b.itself = append(b.accounts, of), append(b.itself, itself)
	}
	if d.k.seriesCount() != len(d.w.series) {
		d.w.learn()
	}
}

func (d *Desk) number(account string) uint32 {
	n, ok := d.numbers[account]
	if !ok {
		n = uint32(len(d.accounts))
		d.numbers[account] = n
		d.accounts = append(d.accounts, account)
	}
	return n
}

// contribute adds a record's entries to a contribution. back says, by the kernel's
// measure, which of a plan's they are.
func (k *Kernel) contribute(out attribution.Contribution, account string, words []uint64, back [][]int, workloads []workload) {
	for i := 0; i < len(words); i++ {
		e := entry(words[i])
		of := back[e.measure()]
		var now, base int64
		switch e & entryKind {
		case small:
			now, base = e.small()
		case large:
			now, base = int64(words[i+1]), int64(words[i+2])
			i += 2
		default:
			workload, now, base := e.member()
			for _, number := range of {
				at := attribution.Key{Account: account, Measure: number}
				tally := out[at]
				addToSets(&tally, e, workloads[workload].called[k.measures[e.measure()].dialect].name, now, base)
				out[at] = tally
			}
			continue
		}
		for _, number := range of {
			at := attribution.Key{Account: account, Measure: number}
			tally := out[at]
			tally.Now, tally.Base = tally.Now+now, tally.Base+base
			out[at] = tally
		}
	}
}
