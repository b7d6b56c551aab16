package kernel

import "github.com/kizuna-org/kizuna/attribution"

// values are totals in numbers, to be read account by account without a map.
type values struct {
	*Totals
	// sets are the plan's measures whose tallies have members, and members how many
	// there are, by account and such a measure.
	sets    []int
	members []distinct
}

// distinct counts the members of a tally's sets.
type distinct struct{ now, base, unrated uint32 }

// Number returns the number of an account in [Totals.Accounts].
func (t *Totals) Number(account string) (n int, ok bool) {
	number, ok := t.number(account)
	return int(number), ok
}

// Values returns what reads an account's tallies in numbers, by measure, as
// [attribution.Plan.Value] says them: all that points are made of. The account goes by
// its number in [Totals.Accounts]. It may be called from several goroutines, and holds
// as long as nothing is added to the totals.
func (t *Totals) Values() func(account int, into []attribution.Value) {
	v := &values{Totals: t}
	places := make([][]int, len(t.k.measures)) // by the kernel's measure: among sets
	for number, n := range t.of {
		if t.k.measures[n].memberKind() != 0 {
			places[n] = append(places[n], len(v.sets))
			v.sets = append(v.sets, number)
		}
	}
	v.members = make([]distinct, len(t.accounts)*len(v.sets))
	for i := range t.parts {
		for _, m := range t.parts[i].members.slots {
			if m.key == 0 {
				continue
			}
			e, _ := ofMember(m.key)
			account := accountOfMember(m.key)*parts + i
			for _, place := range places[e.measure()] {
				v.members[account*len(v.sets)+place].add(e, &m)
			}
		}
	}
	return v.account
}

// add counts a member if anybody holds it up.
func (d *distinct) add(e entry, m *member) {
	one := func(n int32) uint32 {
		if n != 0 {
			return 1
		}
		return 0
	}
	if e&entryKind == inUnrated {
		d.unrated += one(m.now)
		return
	}
	d.now += one(m.now)
	d.base += one(m.base)
}

func (v *values) account(number int, into []attribution.Value) {
	stride := 2 * len(v.k.measures)
	tallies := v.parts[number%parts].tallies[number/parts*stride:][:stride]
	for m, n := range v.of {
		into[m] = attribution.Value{Now: tallies[2*n], Base: tallies[2*n+1]}
	}
	for i, d := range v.members[number*len(v.sets):][:len(v.sets)] {
		if d != (distinct{}) {
			value := &into[v.sets[i]]
			value.Now += int64(d.now) // a set of workloads has no sum beside it
			value.Base += int64(d.base)
			value.Unrated = d.unrated != 0
		}
	}
}
