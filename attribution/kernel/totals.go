package kernel

import (
	"iter"
	"maps"
	"sync"

	"github.com/kizuna-org/kizuna/attribution"
)

// Totals are the tallies of every account under a plan.
type Totals struct {
	*sums
	of   []int   // by the plan's measure: which of the kernel's
	back [][]int // by the kernel's measure: which of the plan's
}

// sums are the tallies of every account under all plans of a kernel. Accounts are
// dealt to parts, so that a part's tallies stay in a core's cache while a chunk of
// records is added to them.
type sums struct {
	k        *Kernel
	accounts []string // by number
	numbers  map[string]uint32
	naming   sync.Once
	parts    [parts]part
}

const (
	parts = 256
	// chunkWords is how many words a worker collects for a part before it adds them.
	chunkWords = 2048
)

// part holds the tallies of every 256th account.
type part struct {
	mu      sync.Mutex
	tallies []int64 // now and base, by account and measure
	members members
}

func newSums(k *Kernel, accounts []string) *sums {
	t := &sums{k: k, accounts: accounts}
	for i := range t.parts {
		n := (len(accounts) - i + parts - 1) / parts
		t.parts[i].tallies = make([]int64, 2*max(n, 0)*len(k.measures))
	}
	return t
}

// under returns what the sums say of one of the kernel's plans.
func (t *sums) under(plan int) *Totals {
	out := &Totals{sums: t, of: t.k.of[plan], back: make([][]int, len(t.k.measures))}
	for number, n := range out.of {
		out.back[n] = append(out.back[n], number)
	}
	return out
}

// add adds records to a part, or takes them away where sign is -1.
func (t *sums) add(number int, words []uint64, sign int64) {
	p := &t.parts[number]
	stride := 2 * len(t.k.measures)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := 0; i < len(words); {
		account, n := uint32(words[i]>>32)/parts, int(uint32(words[i]))
		i++
		tallies := p.tallies[int(account)*stride : (int(account)+1)*stride]
		for end := i + n; i < end; i++ {
			e := entry(words[i])
			at := 2 * e.measure()
			switch e & entryKind {
			case small:
				now, base := e.small()
				tallies[at] += sign * now
				tallies[at+1] += sign * base
			case large:
				tallies[at] += sign * int64(words[i+1])
				tallies[at+1] += sign * int64(words[i+2])
				i += 2
			default:
				workload, now, base := e.member()
				p.members.add(memberKey(account, e, workload), int32(sign)*now, int32(sign)*base)
			}
		}
	}
}

// addAll adds records of any parts.
func (t *sums) addAll(words []uint64, sign int64) {
	for i := 0; i < len(words); {
		end := i + 1 + int(uint32(words[i]))
		t.add(int(uint32(words[i]>>32)%parts), words[i:end], sign)
		i = end
	}
}

// Accounts lists the accounts that the totals know, by number.
func (t *sums) Accounts() []string { return t.accounts }

// Account returns what all customers contribute to one account.
func (t *Totals) Account(account string) attribution.Contribution {
	out := make(attribution.Contribution)
	n, ok := t.number(account)
	if !ok {
		return out
	}
	workloads := t.k.workloads()
	p := &t.parts[n%parts]
	p.mu.Lock()
	defer p.mu.Unlock()
	t.tallies(out, n)
	for number := range t.k.measures {
		kind := t.k.measures[number].memberKind()
		if kind == 0 || t.back[number] == nil {
			continue
		}
		for w := range workloads {
			if !workloads[w].fed {
				continue
			}
			key := memberKey(n/parts, kind|entry(number)<<measureShift, uint32(w))
			if m := p.members.find(key); m != nil {
				t.addMember(out, account, workloads, m)
			}
		}
	}
	return out
}

// Contribution returns what all customers contribute to all accounts.
func (t *Totals) Contribution() attribution.Contribution {
	all := make(attribution.Contribution)
	for _, one := range t.All() {
		maps.Copy(all, one)
	}
	return all
}

// All yields every account that anything is contributed to, and what. The order is
// always the same. While it runs nothing may be added.
func (t *Totals) All() iter.Seq2[string, attribution.Contribution] {
	return func(yield func(string, attribution.Contribution) bool) {
		workloads := t.k.workloads()
		for i := range t.parts {
			members := t.parts[i].members.sorted()
			for n := i; n < len(t.accounts); n += parts {
				out := make(attribution.Contribution)
				t.tallies(out, uint32(n))
				for ; len(members) > 0 && accountOfMember(members[0].key) == n/parts; members = members[1:] {
					t.addMember(out, t.accounts[n], workloads, &members[0])
				}
				if len(out) > 0 && !yield(t.accounts[n], out) {
					return
				}
			}
		}
	}
}

func (t *sums) number(account string) (uint32, bool) {
	t.naming.Do(func() {
		t.numbers = make(map[string]uint32, len(t.accounts))
		for i, a := range t.accounts {
			t.numbers[a] = uint32(i)
		}
	})
	n, ok := t.numbers[account]
	return n, ok
}

// row returns an account's sums: now and base, by the kernel's measure.
func (t *sums) row(account uint32) []int64 {
	stride := 2 * len(t.k.measures)
	return t.parts[account%parts].tallies[int(account/parts)*stride:][:stride]
}

// tallies adds an account's sums to a contribution. The part's lock is held.
func (t *Totals) tallies(out attribution.Contribution, account uint32) {
	row := t.row(account)
	for number, m := range t.of {
		if tally := (attribution.Tally{Now: row[2*m], Base: row[2*m+1]}); !tally.IsZero() {
			out[attribution.Key{Account: t.accounts[account], Measure: number}] = tally
		}
	}
}

// addMember adds a member of a measure's sets to a contribution.
func (t *Totals) addMember(out attribution.Contribution, account string, workloads []workload, m *member) {
	if m.now == 0 && m.base == 0 {
		return
	}
	e, workload := ofMember(m.key)
	name := workloads[workload].called[t.k.measures[e.measure()].dialect].name
	for _, number := range t.back[e.measure()] {
		at := attribution.Key{Account: account, Measure: number}
		tally := out[at]
		addToSets(&tally, e, name, m.now, m.base)
		out[at] = tally
	}
}

// addToSets adds a member to the sets of a tally, or to those without a rate.
func addToSets(t *attribution.Tally, e entry, name string, now, base int32) {
	if e&entryKind == inUnrated {
		t.Unrated = with(t.Unrated, name, now)
		return
	}
	t.NowSet, t.BaseSet = with(t.NowSet, name, now), with(t.BaseSet, name, base)
}

func with(c attribution.Counts, member string, n int32) attribution.Counts {
	if n == 0 {
		return c
	}
	if c == nil {
		c = make(attribution.Counts)
	}
	c[member] += int64(n)
	return c
}

// memberKind says which members a measure's tallies have; 0 is none.
func (m *measure) memberKind() entry {
	switch m.class {
	case revenueWorkloads:
		return inSets
	case consumptionTenants, consumptionPairs, consumptionAmount:
		return inUnrated
	}
	return 0
}
