package storetest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
)

// writes are promises about one command at a time.
var writes = []promise{
	{"versions count from one, without gaps", func(l *lab) {
		for _, try := range []struct {
			version int64
			code    string
		}{
			{0, "version-conflict"}, {2, "version-conflict"}, {1, ""}, {1, "version-conflict"},
			{3, "version-conflict"}, {2, ""}, {2, "version-conflict"}, {-1, "version-conflict"},
		} {
			r := record("a", try.version)
			_, err := l.Write(l.Context(), command("", ""), func(tx store.Tx) error { return tx.Put(&r) })
			l.refused(err, try.code)
		}
		l.sees(everything, thing("a"), 2)
	}},
	{"a conflict may be answered by deciding again", func(l *lab) {
		l.put(record("a", 1))
		l.write(func(tx store.Tx) error {
			r := record("a", 1)
			l.refused(tx.Put(&r), "version-conflict")
			r.Version = 2
			return tx.Put(&r)
		})
		l.sees(everything, thing("a"), 2)
	}},
	{"a record comes back as it was put", func(l *lab) {
		due := kizuna.NewDate(2026, 5, 1).Instant()
		r := store.Record{
			Thing: thing("a/b c\u3042"), Version: 1, Due: &due,
			Concerns: store.Concerns{Tenant: "t", Location: "l", Second: "s", Subject: "u"},
			Valid:    kizuna.Intervals{{From: kizuna.Never, To: 10}, {From: 20, To: 30}, {From: 40, To: kizuna.Forever}},
			Body:     []byte(`{"text":"絆 ? $1 ''","n":12345678901234567890}`),
		}
		receipt := l.write(func(tx store.Tx) error { return tx.Put(&r) })
		if r.Entry != receipt.Entry || r.Recorded != receipt.Recorded || r.Entry == 0 || r.Recorded == 0 {
			l.Errorf("Put filled in entry %d at %d; the receipt says %d at %d", r.Entry, r.Recorded, receipt.Entry, receipt.Recorded)
		}
		got, err := l.Get(l.Context(), everything, r.Thing)
		if err != nil {
			l.Fatal(err)
		}
		l.same("the record", got, &r)
		if got.Digest() != r.Digest() {
			l.Error("the digest changed")
		}
	}},
	{"what cannot be kept is refused by itself", func(l *lab) {
		for name, r := range map[string]store.Record{
			"no kind":           {Thing: store.Thing{ID: "a"}, Version: 1, Body: []byte(`{}`)},
			"no id":             {Thing: store.Thing{Kind: "thing"}, Version: 1, Body: []byte(`{}`)},
			"no body":           {Thing: thing("a"), Version: 1},
			"a body, not JSON":  {Thing: thing("a"), Version: 1, Body: []byte(`{`)},
			"a body, not UTF-8": {Thing: thing("a"), Version: 1, Body: []byte("\"\xff\"")},
			"an id, not UTF-8":  {Thing: thing("\xff"), Version: 1, Body: []byte(`{}`)},
			"a zero byte":       {Thing: thing("a\x00"), Version: 1, Body: []byte(`{}`)},
			"a zero byte, whose": {
				Thing: thing("a"), Version: 1, Body: []byte(`{}`), Concerns: store.Concerns{Tenant: "\x00"},
			},
		} {
			_, err := l.Write(l.Context(), command("", ""), func(tx store.Tx) error { return tx.Put(&r) })
			if kizuna.CodeOf(err) != "record" {
				l.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"neither side can change what the other holds", func(l *lab) {
		due := kizuna.Instant(5)
		r := record("a", 1)
		r.Due, r.Valid = &due, kizuna.Intervals{{From: 1, To: 2}}
		want := clone(&r)
		l.write(func(tx store.Tx) error {
			if err := tx.Put(&r); err != nil {
				return err
			}
			want.Entry, want.Recorded = r.Entry, r.Recorded
			r.Body[1], due, r.Valid[0].To = '!', 6, 3
			got, err := tx.Get(r.Thing)
			if err != nil {
				return err
			}
			l.same("the record", got, want)
			got.Body[1], *got.Due, got.Valid[0].To = '!', 6, 3
			return nil
		})
		got, err := l.Get(l.Context(), everything, r.Thing)
		l.refused(err, "")
		l.same("the record", got, want)
	}},
	{"a command sees its own writes, and may write a thing again", func(l *lab) {
		l.put(record("a", 1))
		l.write(func(tx store.Tx) error {
			for version := int64(2); version < 5; version++ {
				r := record("a", version)
				if err := tx.Put(&r); err != nil {
					return err
				}
				got, err := tx.Get(r.Thing)
				if err != nil {
					return err
				}
				l.same("own write", got, &r)
			}
			return nil
		})
		l.sees(everything, thing("a"), 4)
		chapters, err := l.History(l.Context(), everything, thing("a"))
		if err != nil || len(chapters) != 4 || len(chapters[3].Entry.Things) != 3 {
			l.Errorf("history %s, %v", text(chapters), err)
		}
	}},
	{"a command that fails leaves nothing", func(l *lab) {
		before := l.put(record("a", 1))
		for name, fail := range map[string]func() error{
			"an error": func() error { return refusal("no") },
			"a panic":  func() error { panic("no") },
			"an exit":  func() error { runtime.Goexit(); return nil },
		} {
			c := command(name, "")
			_, err := l.Write(l.Context(), c, func(tx store.Tx) error {
				r, other := record("a", 2), record("b", 1)
				tx.Emit(r.Thing, store.Concerns{}, event("happened"))
				_, err := tx.Keep("somebody", store.Concerns{}, map[string]string{"name": "N"})
				return errors.Join(err, tx.Put(&r), tx.Put(&other), fail())
			})
			want := map[string]string{"an error": "no", "a panic": "store-panic", "an exit": "store-panic"}[name]
			l.refused(err, want)
			l.sees(everything, thing("a"), 1)
			l.sees(everything, thing("b"), 0)
			l.same("events", must(l.Events(l.Context(), everything, 0, 10)), []store.Event(nil))
			l.same("people", must(l.PersonalAbout(l.Context(), everything, "somebody")), []store.Personal(nil))
			// Its key is free again.
			after := l.send(c, func(store.Tx) error { return nil })
			if after.Repeated || after.Entry != before.Entry+1 {
				l.Errorf("%s: the next receipt is %s after entry %d", name, text(after), before.Entry)
			}
			before = after
		}
	}},
	{"a key happens once", func(l *lab) {
		c := command("key", "digest")
		first := l.send(c, func(tx store.Tx) error {
			tx.Answer(map[string]string{"id": "a"})
			r := record("a", 1)
			return tx.Put(&r)
		})
		again := l.send(c, func(store.Tx) error {
			l.Error("the command ran twice")
			return nil
		})
		want := *first
		want.Repeated = true
		l.same("the receipt", again, &want)
		_, err := l.Write(l.Context(), command("key", "other"), func(store.Tx) error { return nil })
		l.refused(err, "key-reused")
		l.sees(everything, thing("a"), 1)
	}},
	{"a command without a key happens each time", func(l *lab) {
		first, second := l.write(nothing), l.write(nothing)
		if second.Repeated || second.Entry != first.Entry+1 {
			l.Errorf("%s, then %s", text(first), text(second))
		}
	}},
	{"a key may be long, not too long", func(l *lab) {
		l.send(command(strings.Repeat("k", store.MaxKey), ""), nothing)
		_, err := l.Write(l.Context(), command(strings.Repeat("k", store.MaxKey+1), ""), nothing)
		l.refused(err, "key-long")
	}},
	{"moments increase, whatever the clock does", func(l *lab) {
		clock := newClock()
		s := l.another(store.Options{Clock: clock.Now})
		var last kizuna.Moment
		for _, move := range []time.Duration{0, 0, time.Hour, -2 * time.Hour, 0, time.Minute, 3 * time.Hour} {
			clock.Move(move)
			var now kizuna.Moment
			r, err := s.Write(l.Context(), command("", ""), func(tx store.Tx) error {
				now = tx.Now()
				return nil
			})
			if err != nil {
				l.Fatal(err)
			}
			if r.Recorded <= last || r.Recorded != now || r.Recorded < kizuna.MomentOf(clock.Now()) {
				l.Errorf("recorded %s, tx.Now %s, the one before %s, the clock %s", r.Recorded, now, last, clock.Now())
			}
			last = r.Recorded
		}
	}},
	{"ids that nothing has", func(l *lab) {
		l.write(func(tx store.Tx) error {
			if x, y := tx.NewID(), tx.NewID(); x == y || len(x) < 20 {
				l.Errorf("%q, %q", x, y)
			}
			return nil
		})
	}},
	{"the command's context is in the transaction", func(l *lab) {
		type key struct{}
		ctx := context.WithValue(l.Context(), key{}, "value")
		_, err := l.Write(ctx, command("", ""), func(tx store.Tx) error {
			if tx.Context().Value(key{}) != "value" {
				l.Error("another context")
			}
			return nil
		})
		l.refused(err, "")
	}},
	{"a cancelled command does not run", func(l *lab) {
		ctx, cancel := context.WithCancel(l.Context())
		cancel()
		_, err := l.Write(ctx, command("key", ""), func(store.Tx) error {
			l.Error("it ran")
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			l.Errorf("got %v", err)
		}
		if _, err := l.Get(ctx, everything, thing("a")); !errors.Is(err, context.Canceled) {
			l.Errorf("Get: %v", err)
		}
		l.send(command("key", ""), nothing)
	}},
	{"a thing is loaded once, with many others", func(l *lab) {
		const n = 200
		var all []store.Thing
		l.write(func(tx store.Tx) error {
			for i := range n {
				r := record(id(i), 1)
				all = append(all, r.Thing)
				if err := tx.Put(&r); err != nil {
					return err
				}
			}
			return nil
		})
		l.write(func(tx store.Tx) error {
			own := record(id(3), 2)
			if err := tx.Put(&own); err != nil {
				return err
			}
			if err := tx.Load(append(all, all[0], thing("none"), store.Thing{Kind: "other", ID: id(0)})...); err != nil {
				return err
			}
			for i, t := range all {
				want := int64(1)
				if i == 3 {
					want = 2
				}
				if r, err := tx.Get(t); err != nil || r.Version != want {
					l.Errorf("%s: %s, %v", t, text(r), err)
				}
			}
			_, err := tx.Get(thing("none"))
			l.refused(err, "not-found")
			return nil
		})
	}},
	{"closing ends writing", func(l *lab) {
		s := l.another(store.Options{})
		l.refused(s.Close(), "")
		_, err := s.Write(l.Context(), command("", ""), nothing)
		l.refused(err, "store-closed")
		l.refused(s.Close(), "")
	}},
}

// together are promises about commands that share a transaction, which they are
// likely to when they come while another is under way.
var together = []promise{
	{"one that fails, panics or exits harms no other", func(l *lab) {
		const n = 40
		errs := l.crowd(l.Store, n, func(i int) (store.Command, func(store.Tx) error) {
			return command("", ""), func(tx store.Tx) error {
				r := record(id(i), 1)
				if err := tx.Put(&r); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return refusal("no")
				case 2:
					panic("no")
				case 3:
					runtime.Goexit()
				}
				return nil
			}
		})
		for i, err := range errs {
			l.refused(err, [...]string{"", "no", "store-panic", "store-panic"}[i%4])
			l.sees(everything, thing(id(i)), [...]int64{1, 0, 0, 0}[i%4])
		}
	}},
	{"each sees what those before it wrote", func(l *lab) {
		const n = 50
		for _, err := range l.crowd(l.Store, n, func(int) (store.Command, func(store.Tx) error) { return command("", ""), increment("a") }) {
			l.refused(err, "")
		}
		l.sees(everything, thing("a"), n)
		found, err := l.History(l.Context(), everything, thing("a"))
		l.refused(err, "")
		for i, c := range found {
			if i > 0 && (c.Record.Recorded <= found[i-1].Record.Recorded || c.Record.Entry != found[i-1].Record.Entry+1) {
				l.Errorf("version %d: entry %d at %d after entry %d at %d", i+1, c.Record.Entry, c.Record.Recorded, found[i-1].Record.Entry, found[i-1].Record.Recorded)
			}
		}
	}},
	{"of one key only the first happens", func(l *lab) {
		const n = 30
		receipts := make([]*store.Receipt, n)
		var mu sync.Mutex
		ran := 0
		errs := l.crowd(l.Store, n, func(i int) (store.Command, func(store.Tx) error) {
			digest := "the same"
			if i%3 == 2 {
				digest = "another"
			}
			return command("key", digest), func(tx store.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				ran++
				tx.Answer(digest)
				return increment("a")(tx)
			}
		}, receipts...)
		if ran != 1 {
			l.Errorf("%d ran", ran)
		}
		l.sees(everything, thing("a"), 1)
		repeated := 0
		for i, err := range errs {
			switch kizuna.CodeOf(err) {
			case "key-reused":
			case "":
				if receipts[i].Entry != 2 { // behind the one that all waited for
					l.Errorf("receipt %s", text(receipts[i]))
				}
				if !receipts[i].Repeated {
					repeated++
				}
			default:
				l.Error(err)
			}
		}
		if repeated != 1 {
			l.Errorf("%d say that they happened now", repeated)
		}
	}},
	{"a key that failed is free for the next", func(l *lab) {
		const n = 20
		var mu sync.Mutex
		tries := 0
		receipts := make([]*store.Receipt, n)
		errs := l.crowd(l.Store, n, func(int) (store.Command, func(store.Tx) error) {
			return command("key", ""), func(tx store.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				if tries++; tries < 5 {
					return refusal("no")
				}
				return increment("a")(tx)
			}
		}, receipts...)
		failed := 0
		for _, err := range errs {
			if err != nil {
				l.refused(err, "no")
				failed++
			}
		}
		if tries != 5 || failed != 4 {
			l.Errorf("%d tries, %d failed", tries, failed)
		}
		l.sees(everything, thing("a"), 1)
	}},
	{"one that is cancelled while it waits does not run", func(l *lab) {
		ctx, cancel := context.WithCancelCause(l.Context())
		why := errors.New("why")
		release, busy := l.occupy(l.Store)
		errs := make(chan error)
		go func() {
			_, err := l.Write(ctx, command("", ""), increment("a"))
			errs <- err
		}()
		pause()
		cancel(why)
		release()
		if err := <-errs; !errors.Is(err, why) {
			l.Errorf("got %v", err)
		}
		l.refused(<-busy, "")
		l.sees(everything, thing("a"), 0)
	}},
	{"closing waits for what was taken", func(l *lab) {
		s := l.another(store.Options{})
		release, busy := l.occupy(s)
		const n = 20
		errs := make(chan error, n)
		for i := range n {
			go func() {
				_, err := s.Write(l.Context(), command("", ""), increment(id(i)))
				if err == nil {
					_, err = l.Get(l.Context(), everything, thing(id(i)))
				}
				errs <- err
			}()
		}
		pause()
		closed := make(chan error)
		go func() { closed <- s.Close() }()
		pause()
		release()
		l.refused(<-busy, "")
		l.refused(<-closed, "")
		for range n {
			if err := <-errs; err != nil {
				l.refused(err, "store-closed") // it came too late, and was not recorded
			}
		}
	}},
}

func nothing(store.Tx) error { return nil }

// increment records a thing's next version.
func increment(id string) func(store.Tx) error {
	return func(tx store.Tx) error {
		var latest int64
		switch r, err := tx.Get(thing(id)); {
		case err == nil:
			latest = r.Version
		case !store.IsNotFound(err):
			return err
		}
		next := record(id, latest+1)
		return tx.Put(&next)
	}
}

// occupy keeps the store busy with a command until it is released.
func (l *lab) occupy(s store.Store) (release func(), done <-chan error) {
	started, hold, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		_, err := s.Write(l.Context(), command("", ""), func(store.Tx) error {
			once.Do(func() { close(started) })
			<-hold
			return nil
		})
		ended <- err
	}()
	<-started
	return func() { close(hold) }, ended
}

// crowd sends n commands while the store is busy, so that they come together.
func (l *lab) crowd(s store.Store, n int, each func(i int) (store.Command, func(store.Tx) error), receipts ...*store.Receipt) []error {
	release, busy := l.occupy(s)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			c, decide := each(i)
			r, err := s.Write(l.Context(), c, decide)
			if receipts != nil {
				receipts[i] = r
			}
			errs[i] = err
		})
	}
	pause()
	release()
	wg.Wait()
	l.refused(<-busy, "")
	return errs
}

// pause lets others come as far as they can. Nothing depends on it but how often
// a test meets the case that it is about.
func pause() { time.Sleep(20 * time.Millisecond) }

func id(i int) string { return string(rune('a'+i%26)) + strings.Repeat("x", i/26) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
