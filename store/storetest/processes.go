package storetest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// processes are promises about several writers and readers at once, on two
// stores, as two processes have them.
var processes = []promise{
	{"the trail holds while others write, erase and seal", func(l *lab) {
		public, key, _ := ed25519.GenerateKey(nil)
		other := l.another(store.Options{})
		stop := make(chan struct{})
		var busy sync.WaitGroup
		busy.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_, err := other.Write(l.Context(), command("", ""), func(tx store.Tx) error {
					tx.Cite(kizuna.HashOf([]byte{byte(i)}))
					if _, err := tx.Keep("x", store.Concerns{}, map[string]string{"n": "絆"}); err != nil {
						return err
					}
					if i%3 == 2 {
						if _, err := tx.Erase("x"); err != nil {
							return err
						}
					}
					r := record(fmt.Sprint("p", i), 1)
					return tx.Put(&r)
				})
				if err == nil {
					_, err = other.Seal(l.Context(), audit.Sealer{Signer: key})
				}
				if err != nil {
					l.Error(err)
					return
				}
			}
		})
		for range 10 {
			report := must(audit.Verify(must(l.Trail(l.Context())).Trail, audit.Check{Key: public}))
			if !report.Intact {
				l.Errorf("found %s", text(report.Findings))
			}
		}
		close(stop)
		busy.Wait()
	}},
	{"no update is lost", func(l *lab) {
		const writers, times = 8, 15
		stores := []store.Store{l.Store, l.another(store.Options{})}
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for range times {
					if _, err := stores[i%2].Write(l.Context(), command("", ""), increment("a")); err != nil {
						l.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		l.sees(everything, thing("a"), writers*times)
		var last kizuna.Moment
		for i, c := range must(l.History(l.Context(), everything, thing("a"))) {
			if c.Record.Entry != int64(i+1) || c.Record.Recorded <= last {
				l.Errorf("version %d: entry %d at %s, the one before at %s", i+1, c.Record.Entry, c.Record.Recorded, last)
			}
			last = c.Record.Recorded
		}
	}},
	{"of two who decide on the same version one is refused", func(l *lab) {
		other := l.another(store.Options{})
		l.put(record("a", 1))
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for _, s := range []store.Store{l.Store, other} {
			wg.Go(func() {
				r := record("a", 2)
				switch _, err := s.Write(l.Context(), command("", ""), func(tx store.Tx) error { return tx.Put(&r) }); kizuna.CodeOf(err) {
				case "version-conflict":
					lost.Add(1)
				case "":
					won.Add(1)
				default:
					l.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 1 {
			l.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
	}},
	{"a key happens once, wherever it is sent", func(l *lab) {
		stores := []store.Store{l.Store, l.another(store.Options{})}
		const n = 20
		var wg sync.WaitGroup
		var now atomic.Int32
		for i := range n {
			wg.Go(func() {
				r, err := stores[i%2].Write(l.Context(), command("key", ""), increment("a"))
				switch {
				case err != nil:
					l.Error(err)
				case !r.Repeated:
					now.Add(1)
				}
			})
		}
		wg.Wait()
		l.sees(everything, thing("a"), 1)
		if now.Load() != 1 {
			l.Errorf("%d say that they happened now", now.Load())
		}
	}},
	{"clocks that differ make no difference", func(l *lab) {
		slow, fast := newClock(), newClock()
		fast.Move(1000000000000)
		stores := []store.Store{l.another(store.Options{Clock: slow.Now}), l.another(store.Options{Clock: fast.Now})}
		var last kizuna.Moment
		for i := range 10 {
			r, err := stores[i%2].Write(l.Context(), command("", ""), increment("a"))
			if err != nil {
				l.Fatal(err)
			}
			if r.Recorded <= last {
				l.Errorf("%s after %s", r.Recorded, last)
			}
			last = r.Recorded
			l.sees(store.View{Scope: store.Everything, KnownAt: last}, thing("a"), int64(i+1))
		}
	}},
	{"readers see a past moment as it was, while others write", func(l *lab) {
		stores := []store.Store{l.Store, l.another(store.Options{})}
		ctx, stop := context.WithCancel(l.Context())
		defer stop()
		// Each command moves all four things on together.
		var known sync.Map // moment -> version of all things then
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 25 {
					var version int64
					r, err := stores[i%2].Write(l.Context(), command("", ""), func(tx store.Tx) error {
						for _, id := range []string{"a", "b", "c", "d"} {
							if err := increment(id)(tx); err != nil {
								return err
							}
						}
						latest, err := tx.Get(thing("a"))
						version = latest.Version
						return err
					})
					if err != nil {
						l.Error(err)
						return
					}
					known.Store(r.Recorded, version)
				}
			})
		}
		var readers sync.WaitGroup
		for i := range 2 {
			readers.Go(func() {
				for ctx.Err() == nil {
					known.Range(func(moment, version any) bool {
						found := 0
						for r, err := range stores[i].Find(l.Context(), store.View{Scope: store.Everything, KnownAt: moment.(kizuna.Moment)}, store.Query{Kind: "thing"}) {
							if err != nil || r.Version != version {
								l.Errorf("at %s: %s, %v, want version %d", moment, text(r), err, version)
								return false
							}
							found++
						}
						if found != 4 {
							l.Errorf("at %s: %d things", moment, found)
						}
						return ctx.Err() == nil
					})
					// Now, too, they are at one version.
					var at int64
					for r, err := range stores[i].Find(l.Context(), everything, store.Query{Kind: "thing"}) {
						if err != nil || at != 0 && r.Version != at {
							l.Errorf("now: %s, %v, want version %d", text(r), err, at)
							return
						}
						at = r.Version
					}
				}
			})
		}
		wg.Wait()
		stop()
		readers.Wait()
		l.sees(everything, thing("a"), 100)
	}},
}
