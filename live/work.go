package live

import (
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// work is what has to be compiled anew: of which customers, and which of their
// associations. The others' reaches stay as they are.
type work map[string]*task

// task is which associations of a customer have to be compiled anew.
type task struct {
	claims bool
	access bool            // links, with roles, groups, scopes and owners
	sold   map[string]bool // appointments and resales: of these subscriptions, folded
}

func (w work) of(customer string) *task {
	t := w[customer]
	if t == nil {
		t = new(task)
		w[customer] = t
	}
	return t
}

func (t *task) sale(subscription string) {
	if t.sold == nil {
		t.sold = make(map[string]bool)
	}
	t.sold[subscription] = true
}

// covers reports whether the task is about a reach that begins at a resource.
func (t *task) covers(by program.Type, first *association.Resource) bool {
	switch by {
	case program.PAL:
		return t.access
	case program.DPOR, program.CSPTier1, program.CSPTier2:
		return t.sold[first.Subscription] // their range is all the subscription's
	}
	return t.claims
}
