package live

import (
	"context"
	"errors"
	"time"

	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
)

// follower brings the totals up to date: one goroutine, so that events take effect in
// their order.
type follower struct {
	*Totals
	// change is what was counted anew and is not published yet. It outlives an attempt
	// that failed: these customers are counted already.
	change *kernel.Change
	// built takes what comes of counting everything anew; nil: that is not being done.
	built chan built
	wait  time.Duration // after an error
}

// built is what came of counting everything anew.
type built struct {
	base   *base
	reason Reason
	err    error
}

// page is how many events are looked at together.
const page = 1024

// follow takes in what is recorded until ctx is done.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		more, err := f.step(ctx)
		if ctx.Err() != nil {
			break
		}
		f.changeStatus(func(s *Status) { s.Err = err })
		if err == nil && more {
			f.wait = 0
			continue
		}
		f.rest(ctx, err)
	}
	if f.built != nil {
		<-f.built // it is cancelled, too
	}
}

// rest waits until there may be something to do.
func (f *follower) rest(ctx context.Context, err error) {
	wake := f.wake
	if err == nil {
		f.wait = 0
	} else {
		f.wait = min(max(2*f.wait, f.opts.Poll), longestWait)
		wake = nil // what failed is not tried again for every command
		f.log.Error("the totals cannot follow the record and try again", "err", err, "in", f.wait)
	}
	timer := time.NewTimer(max(f.wait, f.opts.Poll))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// step takes in a page of what was recorded since; more says that there may be more.
func (f *follower) step(ctx context.Context) (more bool, err error) {
	if f.built != nil {
		return f.swap()
	}
	if reason := f.wanted(); reason != "" {
		f.rebuild(ctx, reason, 0)
		return false, nil
	}
	b, _ := f.current()
	events, to, err := f.next(ctx, b.stands)
	if err != nil || to == b.stands {
		return false, err
	}
	l := &look{place: &f.place, base: b, view: at(to.KnownAt)}
	reason, err := l.touched(ctx, events)
	if err == nil && reason == "" {
		err = f.take(ctx, b, l, to)
	}
	if broken, ok := errors.AsType[*brokenError](err); ok {
		f.log.Error("a customer cannot be counted anew, so that everything is", "err", broken.cause)
		reason, err = Damaged, nil
	}
	if reason != "" {
		f.rebuild(ctx, reason, to.Entry)
	}
	// Who recorded something since has said so, or is another process.
	return reason == "" && len(events) >= page, err
}

// next returns what happened behind an instant, a page of it, and up to which one.
func (f *follower) next(ctx context.Context, from At) (events []store.Event, to At, err error) {
	s := f.place.store()
	for to = from; ; {
		events, err = s.Events(ctx, store.View{Scope: store.Everything}, from.Entry, page)
		if err != nil {
			return nil, from, err
		}
		if n := len(events); n > 0 {
			return events, At{events[n-1].Entry, events[n-1].Recorded}, nil
		}
		if to != from {
			return nil, to, nil // commands that told nothing
		}
		if to.Entry, to.KnownAt, err = s.Head(ctx, 0); err != nil || to.Entry <= from.Entry {
			return nil, from, err
		}
		// Recorded between the two questions, it may have told something.
	}
}

// take counts anew what events touch, and lets readers see all of it at once.
func (f *follower) take(ctx context.Context, b *base, l *look, to At) error {
	if f.change == nil {
		f.change = b.live.Begin()
	}
	defer f.changeStatus(func(s *Status) { s.Change = nil })
	progress := func(done int) {
		if of := len(l.work); of > sliceLength {
			f.changeStatus(func(s *Status) { s.Change = &Progress{to.Entry, done, of} })
		}
	}
	progress(0)
	r := &recount{place: l.place, base: b, view: l.view, work: l.work}
	if err := r.all(ctx, f.change, progress); err != nil {
		return err
	}
	var scorer *score.Scorer
	if l.people {
		own, err := f.place.Record.People(ctx, l.view)
		if err != nil {
			return err
		}
		scorer = new(b.scoring(own))
	}
	f.change.Publish(func() {
		b.stands = to
		if scorer != nil {
			b.scorer = *scorer
		}
	})
	f.advance()
	return nil
}

// wanted says why everything is to be counted anew, whatever happens.
func (f *follower) wanted() Reason {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.anew
}

// rebuild begins to count everything anew, in the background.
func (f *follower) rebuild(ctx context.Context, reason Reason, entry int64) {
	f.mu.Lock()
	question := f.question
	f.anew = ""
	f.status.Rebuild = &Rebuild{Reason: reason, Entry: entry}
	f.mu.Unlock()
	f.log.Info("everything is counted anew", "reason", reason, "entry", entry)
	f.built = make(chan built, 1)
	counted := func(customers int) {
		f.changeStatus(func(s *Status) { s.Rebuild = &Rebuild{reason, entry, customers} })
	}
	go func(to chan<- built) {
		b, err := f.place.build(ctx, 0, question, &f.opts, counted)
		to <- built{b, reason, err}
		f.Wake()
	}(f.built)
}

// swap gives readers what was counted anew, if that is done.
func (f *follower) swap() (more bool, err error) {
	var got built
	select {
	case got = <-f.built:
	default:
		return false, nil
	}
	f.built = nil
	f.mu.Lock()
	f.status.Rebuild = nil
	if got.err == nil {
		f.base = got.base
	} else if f.anew == "" {
		f.anew = got.reason // it is tried again
	}
	f.mu.Unlock()
	if got.err != nil {
		return false, got.err
	}
	f.change = nil
	f.advance()
	return true, nil
}
