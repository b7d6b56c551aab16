// Package live keeps the totals of all customers up to date while the record changes:
// an event finds the customers that it touches, compiles their associations anew from
// the record as it was known then, evaluates them before and after, and adds the
// difference. What customers contribute is stored nowhere.
//
// Readers see one instant. [At] says which entry of the record it is: the totals are
// those of a batch over everything that was known then, to the last integer, and never
// anything between two entries. docs/engine.md tells how.
package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
)

// Question says what is asked, for what the facts cover: it is put anew whenever
// everything is counted.
type Question func(dataset.Coverage) (score.Question, error)

// Options say how totals are kept. The zero value is the usual way.
type Options struct {
	// KnownAt is where to begin: with what was known at that moment; 0: now. From
	// there the totals follow what was recorded since.
	KnownAt kizuna.Moment
	// Poll is how often to look for what other processes recorded; 0: every 250 ms.
	// Commands through [Totals.Over] are seen at once.
	Poll    time.Duration
	Workers int          // that count everything; 0: one a processor
	Log     *slog.Logger // for the operator; discarded if nil
}

const (
	defaultPoll = 250 * time.Millisecond
	// longestWait is the longest time between two attempts after errors.
	longestWait = 30 * time.Second
)

// At is an instant of the record: everything up to an entry, as known at its moment.
type At struct {
	Entry   int64         `json:"entry"`
	KnownAt kizuna.Moment `json:"known_at"`
}

// Status is how the totals stand, and what is being done about what they lack.
type Status struct {
	At
	Question score.Question `json:"-"`
	// Changed is how many customers are not as they were when everything was counted.
	Changed int `json:"changed"`
	// Change is one that is being made, if it touches many customers.
	Change *Progress `json:"change,omitempty"`
	// Rebuild is set while everything is counted anew: At stays what it was until then.
	Rebuild *Rebuild `json:"rebuild,omitempty"`
	// Err is why the totals do not go on; they try again.
	Err error `json:"-"`
}

// Progress is how far a change is that touches many customers.
type Progress struct {
	Entry int64 `json:"entry"` // after which the totals will stand
	Done  int   `json:"done"`
	Of    int   `json:"of"`
}

// Rebuild is everything being counted anew.
type Rebuild struct {
	Reason Reason `json:"reason"`
	Entry  int64  `json:"entry,omitempty"` // that asked for it
	Done   int    `json:"done"`            // customers that have been packed
}

// Totals are the totals of all customers, following the record. They are safe for
// concurrent use.
type Totals struct {
	place Place
	opts  Options
	log   *slog.Logger
	wake  chan struct{}
	stop  context.CancelFunc
	ended chan struct{}

	mu       sync.Mutex // of what follows
	base     *base
	question Question
	anew     Reason // everything is to be counted anew, whatever happens
	status   Status
	advanced chan struct{} // closed when the totals stand elsewhere
}

// Open counts all customers and begins to follow the record. The errors are those of
// reading the place, counting and the question. Close the totals before the store.
func Open(ctx context.Context, place Place, question Question, opts Options) (*Totals, error) {
	if opts.Poll == 0 {
		opts.Poll = defaultPoll
	}
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b, err := place.build(ctx, opts.KnownAt, question, &opts, func(int) {})
	if err != nil {
		return nil, err
	}
	t := &Totals{
		place: place, opts: opts, log: log, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		base: b, question: question, advanced: make(chan struct{}),
	}
	// Following ends with Close, not with the context that the counting was asked in.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	t.stop = stop
	go func() {
		defer close(t.ended)
		(&follower{Totals: t}).follow(following)
	}()
	return t, nil
}

// Close stops following. What is read afterwards stays as it is.
func (t *Totals) Close() error {
	t.stop()
	<-t.ended
	return nil
}

// Over returns the store so that the totals see at once what is written through it.
func (t *Totals) Over(s store.Store) store.Store { return &telling{s, t.Wake} }

// telling is a store that tells of every command.
type telling struct {
	store.Store
	tell func()
}

func (s *telling) Write(ctx context.Context, c store.Command, decide func(store.Tx) error) (*store.Receipt, error) {
	r, err := s.Store.Write(ctx, c, decide)
	s.tell() // also after an error: what became of the command may be unknown
	return r, err
}

// Wake says that something was recorded, so that the totals look at once.
func (t *Totals) Wake() {
	select {
	case t.wake <- struct{}{}:
	default: // they are about to look
	}
}

// Ask puts another question: another program, another day. Everything is counted anew
// in the background; until then readers get answers to the old one.
func (t *Totals) Ask(question Question) {
	t.mu.Lock()
	t.question, t.anew = question, NewQuestion
	t.mu.Unlock()
	t.Wake()
}

// current returns what readers read.
func (t *Totals) current() (b *base, advanced <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.base, t.advanced
}

// Account returns what all customers contribute to a global account, and as of when.
func (t *Totals) Account(account string) (attribution.Contribution, At) {
	b, _ := t.current()
	c, stands, _ := b.account(account)
	return c, stands
}

// account reads an account with how it is scored, in one instant.
func (b *base) account(account string) (c attribution.Contribution, stands At, scorer score.Scorer) {
	b.live.Read(func(totals *kernel.Totals) {
		c, stands, scorer = totals.Account(account), b.stands, b.scorer
	})
	return c, stands, scorer
}

// Contribution returns what all customers contribute to all accounts. It keeps changes
// waiting: it is for comparisons and exports.
func (t *Totals) Contribution() (c attribution.Contribution, stands At) {
	b, _ := t.current()
	b.live.Read(func(totals *kernel.Totals) { c, stands = totals.Contribution(), b.stands })
	return c, stands
}

// Score is a partner's score as of an instant of the record.
type Score struct {
	At
	Question score.Question
	Partner  string // the global account
	*score.Account
}

// Score scores the partner of an id, a location's or a global account's. The error is
// "live-partner".
func (t *Totals) Score(partner string) (*Score, error) {
	b, _ := t.current()
	account, _, ok := b.index.AccountOf(partner)
	if !ok {
		return nil, kizuna.Errorf("live-partner", "no location and no global account on %s is %q", b.question.AsOf, partner).
			WithMend("check the id; locations that came since then count soon")
	}
	total, stands, scorer := b.account(account)
	return &Score{stands, b.question, account, scorer.Account(account, total)}, nil
}

// Status tells how the totals stand.
func (t *Totals) Status() Status {
	t.mu.Lock()
	s, b := t.status, t.base
	t.mu.Unlock()
	b.live.Read(func(*kernel.Totals) { s.At = b.stands })
	s.Question, s.Changed = b.question, b.live.Changed()
	return s
}

// Wait waits until the totals include an entry: that of a command's receipt. The
// errors are ctx's, and "live-closed".
func (t *Totals) Wait(ctx context.Context, entry int64) error {
	for {
		b, advanced := t.current()
		var stands At
		b.live.Read(func(*kernel.Totals) { stands = b.stands })
		if stands.Entry >= entry {
			return nil
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.ended:
			return kizuna.Errorf("live-closed", "the totals stand at entry %d and do not follow any more", stands.Entry)
		}
	}
}

// changeStatus changes the status, and tells of it.
func (t *Totals) changeStatus(change func(*Status)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.status)
}

// advance tells those who wait that the totals stand elsewhere.
func (t *Totals) advance() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.advanced)
	t.advanced = make(chan struct{})
}
