package attribution

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// Trust says whose word on associations counts.
type Trust string

// The choices.
const (
	TrustBoth     Trust = "both"     // own associations and those that exports assert: the union
	TrustOwn      Trust = "own"      // own associations only
	TrustAsserted Trust = "asserted" // those that exports assert only
)

// covering holds the reaches that may cover a resource's rows, by account.
type covering struct {
	byRole   bool // an owned workload that fell back to roles
	accounts []string
	reaches  map[string][]association.Reach
	unions   map[unionKey]kizuna.Intervals
}

type unionKey struct {
	account string
	types   program.TypeSet
}

// coveringOf asks the index once for all rows of a resource.
func (b *Book) coveringOf(r *resource) *covering {
	c := &covering{
		reaches: make(map[string][]association.Reach),
		unions:  make(map[unionKey]kizuna.Intervals),
	}
	if b.trust == TrustAsserted {
		return c
	}
	var all []association.Reach
	all, c.byRole = b.index.Reaches(r.Resource)
	for _, reach := range all {
		c.add(reach)
	}
	return c
}

func (c *covering) add(reach association.Reach) {
	if c.reaches[reach.Account] == nil {
		c.accounts = append(c.accounts, reach.Account)
	}
	c.reaches[reach.Account] = append(c.reaches[reach.Account], reach)
}

// union returns when any reach of the given types covers the resource.
func (c *covering) union(account string, types program.TypeSet) kizuna.Intervals {
	key := unionKey{account, types}
	if u, ok := c.unions[key]; ok {
		return u
	}
	var during []kizuna.Interval
	for _, reach := range c.reaches[account] {
		if types.Has(reach.Type) {
			during = append(during, reach.During)
		}
	}
	u := kizuna.Union(during)
	c.unions[key] = u
	return u
}

// accountsOf lists the accounts that a row may be credited to.
func (b *Book) accountsOf(c *covering, r *row) []string {
	if r.asserted == nil || b.trust == TrustOwn {
		return c.accounts
	}
	accounts := slices.Clone(c.accounts)
	for _, reach := range r.reaches() {
		if !slices.Contains(accounts, reach.Account) {
			accounts = append(accounts, reach.Account)
		}
	}
	return accounts
}

// assertedTo reports whether the row itself names the account by one of the types.
func (b *Book) assertedTo(r *row, account string, types program.TypeSet) bool {
	return b.trust != TrustOwn && slices.ContainsFunc(r.reaches(), func(reach association.Reach) bool {
		return reach.Account == account && types.Has(reach.Type)
	})
}

// covered returns how many seconds of the row's period an account covers through
// the types, and whether it covers the last of them.
func (b *Book) covered(c *covering, r *row, period kizuna.Interval, account string, types program.TypeSet) (seconds int64, atEnd bool) {
	if r.asserted != nil && b.assertedTo(r, account, types) {
		return period.Seconds(), true
	}
	u := c.union(account, types)
	seconds, atEnd = u.Covered(period), u.Contains(period.To-1)
	return seconds, atEnd
}

// counts reports whether a feed takes rows of the resource.
func (f *feed) counts(r *resource) bool {
	return f.set.Holds(r.Workload, r.product) &&
		(len(f.channels) == 0 || slices.Contains(f.channels, r.channel))
}

// Asserts reports whether any row carries an association that its export asserts.
func (b *Book) Asserts() bool {
	for _, t := range b.tenants {
		for _, r := range t.resources {
			if slices.ContainsFunc(r.rows, func(r row) bool { return r.asserted != nil }) {
				return true
			}
		}
	}
	return false
}
