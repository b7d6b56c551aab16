// Package record is the record at work: the commands by which associations,
// people and companies live, and what scoring reads of them.
//
// Each command is one [store.Command]: it loads the things that it is about, lets
// their state machine decide, and records the new versions with the audit entry and
// the events, or nothing. What a machine needs to look up, the location behind an
// id or the subscription behind a claim, is looked up in the same transaction.
package record

import (
	"context"
	"encoding/json"
	"regexp"
	"sync"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/store"
)

// Record is a store under a program's rules.
type Record struct {
	store    store.Store
	blobs    blob.Store
	id       string // of the program: "mcpp"
	programs []*program.Program
	clock    func() kizuna.Moment // of readers; what is recorded the store dates
	imports  Imports

	membership      func() (*membership.Rules, error)
	specializations *specialization.Rules
}

// Option is a choice that a record is made with.
type Option func(*Record)

// WithImports lets life cycles look up what imported files say.
func WithImports(i Imports) Option { return func(r *Record) { r.imports = i } }

// WithClock gives readers another clock; what is recorded the store dates.
func WithClock(clock func() time.Time) Option {
	return func(r *Record) { r.clock = func() kizuna.Moment { return kizuna.MomentOf(clock()) } }
}

// New returns the record that a store keeps. Files go to blobs. The rules are
// those of the program's version in force on the day of a step.
func New(s store.Store, blobs blob.Store, id string, programs []*program.Program, opts ...Option) *Record {
	r := &Record{store: s, blobs: blobs, id: id, programs: programs, imports: noImports{}}
	r.membership = sync.OnceValues(func() (*membership.Rules, error) { return membership.NewRules(id, programs) })
	r.specializations = specialization.NewRules(id, programs)
	for _, o := range append([]Option{WithClock(time.Now)}, opts...) {
		o(r)
	}
	return r
}

// Ask says who asks for a command, and how.
type Ask struct {
	Actor  lifecycle.Actor `json:"actor"`
	Behalf string          `json:"behalf,omitempty"` // for whom, if not for oneself
	// Reason is a word for programs and for the audit: "partner-request".
	Reason string `json:"reason,omitempty"`
	// Comment is in somebody's own words. It is kept where it can be erased.
	Comment string `json:"comment,omitempty"`
	// Key makes the command happen once, however often it is sent.
	Key string `json:"-"`
	// Expected is the version that was decided on; 0: whatever it is.
	Expected int64 `json:"expected,omitempty"`
	// At is when it happened; nil: now. Nothing happens in the future.
	At *kizuna.Instant `json:"at,omitempty"`
}

// Outcome is what became of a command about one thing.
type Outcome[T any] struct {
	Thing   store.Thing       `json:"thing"`
	Version int64             `json:"version"`
	Value   T                 `json:"value"`
	Events  []lifecycle.Event `json:"events,omitempty"`
	Receipt
}

// Receipt says how a command was recorded.
type Receipt struct {
	Entry    int64         `json:"entry,omitempty"` // of the audit trail
	Recorded kizuna.Moment `json:"recorded,omitzero"`
	Repeated bool          `json:"repeated,omitempty"` // the key had been seen before
}

var reasonWord = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// do runs a command and returns what fn answered, now or when the key first came.
// The input, all of it, tells commands of one key apart.
func do[A any](ctx context.Context, r *Record, ask Ask, action string, input any, fn func(*session) (A, error)) (answer A, receipt *store.Receipt, err error) {
	if ask.Reason != "" && !reasonWord.MatchString(ask.Reason) {
		return answer, nil, kizuna.Errorf("reason-word", "%q is no word for a reason", ask.Reason).
			WithMend("use small letters, digits and hyphens, and say the rest in a comment")
	}
	digest, err := json.Marshal([]any{action, ask, input})
	if err != nil {
		return answer, nil, err
	}
	c := store.Command{
		// Keyed by the idempotency key, which is not kept: the digest outlives what
		// people write in comments, and must not let anybody try words out.
		Key: ask.Key, Digest: audit.SaltedHash([]byte(ask.Key), digest).String(),
		Actor: ask.Actor, Behalf: ask.Behalf, Action: action, Reason: ask.Reason,
	}
	receipt, err = r.store.Write(ctx, c, func(tx store.Tx) error {
		s, err := r.begin(tx, ask)
		if err != nil {
			return err
		}
		a, err := fn(s)
		if err != nil {
			return err
		}
		tx.Answer(a)
		return nil
	})
	if err != nil {
		return answer, nil, err
	}
	return answer, receipt, json.Unmarshal(receipt.Answer, &answer)
}

// one runs a command that answers what became of one thing.
func one[T any](ctx context.Context, r *Record, ask Ask, action string, input any, fn func(*session) (*Outcome[T], error)) (*Outcome[T], error) {
	o, receipt, err := do(ctx, r, ask, action, input, fn)
	if err != nil {
		return nil, err
	}
	o.told(receipt)
	return o, nil
}

// change runs a command about one thing: apply decides what becomes of it.
func change[T any](ctx context.Context, r *Record, ask Ask, l *life[T], id string, action lifecycle.Action, input any, apply func(*session, T) (T, []lifecycle.Event, error)) (*Outcome[T], error) {
	name := string(l.kind) + "." + string(action)
	return one(ctx, r, ask, name, []any{id, input}, func(s *session) (*Outcome[T], error) {
		return step(s, l, id, apply)
	})
}

func (r *Receipt) told(by *store.Receipt) {
	r.Entry, r.Recorded, r.Repeated = by.Entry, by.Recorded, by.Repeated
}
