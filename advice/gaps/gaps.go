// Package gaps lists usage that a partner earns nothing for although an association could
// be there: what is at stake, which association would fix it and who must act.
//
// What is at stake is what the account would have, had the association held all the time.
// An association that begins now covers only what is used from now on; so much of what is
// at stake comes in as months pass. Points do not add up over gaps.
package gaps

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
)

// Gap is usage of a customer that no association makes count, and what would.
type Gap struct {
	Tenant       string `json:"tenant"`
	Subscription string `json:"subscription,omitempty"`
	Workload     string `json:"workload,omitempty"` // where not a whole subscription is meant
	// Ties are what already binds the partner to the customer; none: nothing does.
	Ties []Tie `json:"ties"`

	// Remedies would all make it count, the one that brings most first.
	Remedies []Option `json:"remedies"`

	// Revenue is what was consumed of it in the last twelve months, Users and Seats what the
	// last month's snapshots say.
	Revenue kizuna.Micro `json:"revenue_usd"`
	Users   kizuna.Micro `json:"active_users"`
	Seats   kizuna.Micro `json:"paid_seats"`
}

// Option is a remedy and what it is worth.
type Option struct {
	remedy.Remedy
	ID string `json:"id"`
	// AtStake is what every area would have, had the association held all the time.
	AtStake []score.Effect `json:"at_stake"`
	// Moves is what it does to the specializations that are asked about.
	Moves []specialization.Movement `json:"moves,omitempty"`
	// Points is the sum of what areas would gain; no sum of points that anybody earns, but
	// what gaps are ordered by.
	Points kizuna.Fraction `json:"points"`
}

// order compares by what the options bring, the lesser first.
func (o *Option) order(other *Option) int {
	count := func(o *Option) (meets, moves int) {
		for i := range o.Moves {
			meets, moves = meets+o.Moves[i].Meets(), moves+len(o.Moves[i].Figures)
		}
		return meets, moves
	}
	meets, moves := count(o)
	otherMeets, otherMoves := count(other)
	return cmp.Or(cmp.Compare(meets, otherMeets), cmp.Compare(moves, otherMoves), o.Points.Cmp(other.Points))
}

// Tie is something that binds the partner to a customer, whether it counts or not.
type Tie struct {
	Table advice.Table `json:"table"`
	What  string       `json:"what"`
	Holds bool         `json:"holds"` // on the day
	At    kizuna.Ref   `json:"at,omitzero"`
}

// Points is what the best remedy is worth.
func (g *Gap) Points() kizuna.Fraction { return g.Remedies[0].Points }

// Options bound the search.
type Options struct {
	Customer string // only this one; "": all
	// Specializations are asked about besides areas. What is known of them are areas of the
	// base's program, too ([program.Program.WithSpecializations]).
	Specializations []specialization.Aim
	// All also lists gaps of customers that nothing binds to the partner.
	All bool
	// Stop is asked now and then; Progress is told how many customers have been looked at.
	Stop     func() bool
	Progress func(done, of int)
}

// Find lists the account's gaps, those first that meet most requirements of the
// specializations, or move most of their figures, then those that bring most points, most
// revenue, most users.
func Find(b *advice.Base, opts Options) (out []Gap, err error) {
	f := &finder{base: b, before: b.Now().Score(), aims: opts.Specializations}
	for m := range b.Plan.Measures() {
		f.measures = append(f.measures, m)
	}
	ids := b.Customers()
	for i, tenant := range ids {
		if opts.Stop != nil && opts.Stop() {
			return nil, nil
		}
		if opts.Progress != nil {
			opts.Progress(i, len(ids))
		}
		if opts.Customer != "" && tenant != association.Fold(opts.Customer) {
			continue
		}
		found, err := f.customer(tenant, opts.All || opts.Customer != "")
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b Gap) int {
		return cmp.Or(b.Remedies[0].order(&a.Remedies[0]), cmp.Compare(b.Revenue, a.Revenue), cmp.Compare(b.Users, a.Users),
			strings.Compare(a.Remedies[0].ID, b.Remedies[0].ID))
	})
	return out, nil
}

type finder struct {
	base     *advice.Base
	before   *score.Account
	aims     []specialization.Aim
	measures []int
}

// customer lists the gaps of a customer.
func (f *finder) customer(tenant string, all bool) ([]Gap, error) {
	ties := f.ties(tenant)
	if len(ties) == 0 && !all {
		return nil, nil
	}
	var out []Gap
	at := make(map[[2]string]int)
	for _, r := range remedy.For(f.base, tenant, f.measures) {
		o, ok, err := f.worth(tenant, &r)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		key := [2]string{association.Fold(r.Subscription), r.Workload}
		if r.Subscription != "" && r.Kind != remedy.Claim {
			key[1] = ""
		}
		n, known := at[key]
		if !known {
			n = len(out)
			at[key] = n
			g := Gap{Tenant: tenant, Subscription: r.Subscription, Workload: key[1], Ties: ties}
			f.usage(&g)
			out = append(out, g)
		}
		out[n].Remedies = append(out[n].Remedies, o)
	}
	for i := range out {
		slices.SortStableFunc(out[i].Remedies, func(a, b Option) int { return b.order(&a) })
	}
	return out, nil
}

// worth evaluates a remedy as if it had held all the time; ok is false if it brings nothing
// towards any measure.
func (f *finder) worth(tenant string, r *remedy.Remedy) (o Option, ok bool, err error) {
	out, err := f.base.Evaluate(r.Changes(kizuna.Always.From))
	if err != nil {
		return o, false, err
	}
	d := make(attribution.Contribution)
	d.Add(out.Customers[tenant])
	d.Sub(f.base.Contribution(tenant))
	if len(d) == 0 {
		return o, false, nil
	}
	o = Option{Remedy: *r, ID: r.ID(), AtStake: []score.Effect{}}
	after := out.Score()
	o.Moves = specialization.Movements(f.aims, f.before, after)
	for _, area := range f.before.Areas {
		if f.base.Question.Program.Specialization(area.Name) != nil {
			continue // has no points
		}
		then, _ := after.Areas.Get(area.Name)
		if gain := then.Total.Sub(area.Value.Total); gain.Sign() != 0 {
			o.AtStake = append(o.AtStake, score.Effect{Area: area.Name, Before: area.Value.Total, After: then.Total})
			o.Points = o.Points.Add(gain)
		}
	}
	return o, true, nil
}

// usage says how much usage the gap is about.
func (f *finder) usage(g *Gap) {
	last := f.base.Plan.Last
	c := f.base.Customer(g.Tenant)
	for i := range c.Resources {
		about := &c.About[i]
		if g.Subscription != "" && !strings.EqualFold(g.Subscription, about.Subscription) ||
			g.Workload != "" && g.Workload != f.base.Question.Program.WorkloadName(about.Workload) {
			continue
		}
		for _, r := range c.Resources[i].Rows {
			if r.HasMoney && r.Month > last-12 && r.Month <= last {
				g.Revenue += r.Money
			}
			if r.Snapshot && r.Month == last {
				g.Users, g.Seats = g.Users+r.Users, g.Seats+r.Seats
			}
		}
	}
}

// ties are the facts that bind the account to a customer.
func (f *finder) ties(tenant string) (out []Tie) {
	b := f.base
	facts := b.Associations(tenant)
	day := b.Question.AsOf.Instant()
	ours := func(location string) bool {
		account, ok := b.Index().AccountAt(location)
		return ok && account == b.Account
	}
	add := func(table advice.Table, what string, during kizuna.Interval, at kizuna.Ref) {
		out = append(out, Tie{table, what, during.Contains(day), at})
	}
	linked := make(map[string]bool)
	for _, c := range facts.Claims {
		if ours(c.Location) {
			add(advice.Claims, c.ID, c.During, c.At)
		}
	}
	for _, l := range facts.Links {
		if ours(l.Location) && association.Fold(l.Tenant) == tenant {
			linked[association.Fold(l.Object)] = true
			add(advice.Links, l.Object, l.During, l.At)
		}
	}
	for _, a := range facts.Assignments {
		if linked[association.Fold(a.Object)] {
			add(advice.Roles, a.Role+" "+a.Scope, a.During, a.At)
		}
	}
	for _, a := range facts.Appointments {
		if ours(a.Location) {
			add(advice.Appointments, a.Subscription, a.During, a.At)
		}
	}
	for _, s := range facts.Resales {
		if ours(s.Location) {
			add(advice.Resales, s.Subscription, s.During, s.At)
		}
	}
	return out
}
