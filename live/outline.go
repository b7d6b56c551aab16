package live

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna/association"
)

// outline is what the resources of customers are about, in their order: what a segment
// leaves out, because counting needs the numbers of resources alone, and what compiling
// an association anew needs. It is packed: for most resources a few bytes more than
// what their scope does not share with the scope before.
type outline struct {
	ids   []string // of customers, in order
	ends  []uint64 // of each customer's resources in data
	data  []byte
	seed  maphash.Seed
	users []user // of subscriptions, by hash once the outline is finished

	workloads []string
	numbers   map[string]uint64 // of workloads
}

// user says that a customer has usage of a subscription with that hash.
type user struct {
	subscription uint64
	customer     uint32
}

func newOutline() *outline {
	return &outline{seed: maphash.MakeSeed(), numbers: make(map[string]uint64)}
}

// How a resource's subscription is kept.
const (
	sameSubscription   uint64 = iota // as the resource before
	scopedSubscription               // as the scope says
	namedSubscription
)

// add adds a customer. Customers come in the order of their ids.
func (o *outline) add(id string, about []association.Resource) {
	var scope, subscription string
	customer := uint32(len(o.ids))
	for i := range about {
		r := &about[i]
		shared := 0
		for shared < min(len(scope), len(r.Scope)) && scope[shared] == r.Scope[shared] {
			shared++
		}
		o.data = binary.AppendUvarint(o.data, uint64(shared))
		o.text(r.Scope[shared:])
		if r.Subscription != subscription && r.Subscription != "" {
			o.users = append(o.users, user{o.hash(r.Subscription), customer})
		}
		switch r.Subscription {
		case subscription:
			o.data = binary.AppendUvarint(o.data, sameSubscription)
		case scoped(r.Scope):
			o.data = binary.AppendUvarint(o.data, scopedSubscription)
		default:
			o.data = binary.AppendUvarint(o.data, namedSubscription)
			o.text(r.Subscription)
		}
		n, known := o.numbers[r.Workload]
		if !known {
			n = uint64(len(o.workloads))
			o.numbers[r.Workload] = n
			o.workloads = append(o.workloads, r.Workload)
		}
		o.data = binary.AppendUvarint(o.data, n)
		scope, subscription = r.Scope, r.Subscription
	}
	o.ids = append(o.ids, id)
	o.ends = append(o.ends, uint64(len(o.data)))
}

func (o *outline) text(s string) {
	o.data = binary.AppendUvarint(o.data, uint64(len(s)))
	o.data = append(o.data, s...)
}

// scoped returns the subscription that a folded scope lies in, "" if in none.
func scoped(scope string) string {
	rest, ok := strings.CutPrefix(scope, "/subscriptions/")
	if !ok {
		return ""
	}
	subscription, _, _ := strings.Cut(rest, "/")
	return subscription
}

func (o *outline) hash(subscription string) uint64 { return maphash.String(o.seed, subscription) }

// finish makes the outline ready to be asked.
func (o *outline) finish() {
	slices.SortFunc(o.users, func(a, b user) int {
		return cmp.Or(cmp.Compare(a.subscription, b.subscription), cmp.Compare(a.customer, b.customer))
	})
	o.users = slices.Clip(slices.Compact(o.users))
	o.data, o.ids, o.ends, o.numbers = slices.Clip(o.data), slices.Clip(o.ids), slices.Clip(o.ends), nil
}

// has reports whether a customer has usage.
func (o *outline) has(id string) bool {
	_, ok := slices.BinarySearch(o.ids, id)
	return ok
}

// about returns what a customer's resources are about; nil if it has no usage.
func (o *outline) about(id string) []association.Resource {
	n, ok := slices.BinarySearch(o.ids, id)
	if !ok {
		return nil
	}
	data := o.data[:o.ends[n]]
	if n > 0 {
		data = data[o.ends[n-1]:]
	}
	number := func() uint64 {
		v, size := binary.Uvarint(data)
		data = data[size:]
		return v
	}
	text := func() string {
		length := number()
		s := string(data[:length])
		data = data[length:]
		return s
	}
	var out []association.Resource
	var scope, subscription string
	for len(data) > 0 {
		shared := number()
		scope = scope[:shared] + text()
		switch number() {
		case scopedSubscription:
			subscription = scoped(scope)
		case namedSubscription:
			subscription = text()
		}
		out = append(out, association.Resource{
			Tenant: id, Subscription: subscription, Scope: scope, Workload: o.workloads[number()],
		})
	}
	return out
}

// usersOf lists the customers with usage of a subscription, folded; seldom one more,
// because subscriptions are known by their hashes.
func (o *outline) usersOf(subscription string) (ids []string) {
	h := o.hash(subscription)
	from, _ := slices.BinarySearchFunc(o.users, h, func(u user, h uint64) int { return cmp.Compare(u.subscription, h) })
	for _, u := range o.users[from:] {
		if u.subscription != h {
			break
		}
		ids = append(ids, o.ids[u.customer])
	}
	return ids
}
