package verify

import (
	"crypto/ed25519"
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/statuslist"
)

// List is a status list credential as it was fetched, JSON or a JWT. It is read, and
// its signature checked, once for all the badges that it speaks of. It is safe for
// concurrent use.
type List struct {
	read func() (*listRead, error)

	mu      sync.Mutex
	checked map[string]error // by the key that must have signed it
}

type listRead struct {
	credential *Credential
	bits       statuslist.List
}

// NewList returns the list of the data, which is looked at when it is needed.
func NewList(data []byte) *List {
	return &List{
		read: sync.OnceValues(func() (*listRead, error) {
			c, err := readAny(data)
			if err != nil {
				return nil, err
			}
			bits, err := statuslist.Of(c.Document)
			return &listRead{c, bits}, err
		}),
		checked: make(map[string]error),
	}
}

// bits returns what the list says, if it is the one that is asked for: at its address,
// by the issuer, signed, and of today. One that was kept back would hide what has been
// taken back since.
func (v *Verifier) bits(l *List, address, issuer string, d *did.Document, now kizuna.Instant) (statuslist.List, error) {
	r, err := l.read()
	if err != nil {
		return nil, err
	}
	c := r.credential
	if c.Issuer != issuer || c.ID != address || !slices.Contains(texts(c.Document["type"]), "BitstringStatusListCredential") {
		return nil, kizuna.Errorf("verify-other-list", "the status list at hand is not the one that the badge names").
			WithMend("fetch %.200q anew", address)
	}
	if err := v.listSignature(l, c, d, now); err != nil {
		return nil, err
	}
	if dates(c, now) != nil {
		return nil, kizuna.Errorf("verify-stale-list", "the status list is of another time: it is good from %s to %s", c.From, c.Until).
			WithMend("fetch %.200q anew", address)
	}
	return r.bits, nil
}

func (v *Verifier) listSignature(l *List, c *Credential, d *did.Document, now kizuna.Instant) error {
	key, err := d.Key(c.Method, now.Moment().Time())
	if err != nil {
		return err
	}
	ours, ok := key.(ed25519.PublicKey)
	if !ok {
		return v.signature(c, d, now)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	err, known := l.checked[string(ours)]
	if !known {
		err = v.signature(c, d, now)
		l.checked[string(ours)] = err
	}
	return err
}
