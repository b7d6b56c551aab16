package record_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// counting is a store that counts what is read of the badges at once.
type counting struct {
	store.Store
	mu   sync.Mutex
	most int
}

func (c *counting) Find(ctx context.Context, v store.View, q store.Query) iter.Seq2[*store.Record, error] {
	return func(yield func(*store.Record, error) bool) {
		n := 0
		defer func() { c.count(q, n) }()
		for r, err := range c.Store.Find(ctx, v, q) {
			n++
			if !yield(r, err) {
				return
			}
		}
	}
}

func (c *counting) Write(ctx context.Context, command store.Command, decide func(store.Tx) error) (*store.Receipt, error) {
	return c.Store.Write(ctx, command, func(tx store.Tx) error { return decide(countingTx{tx, c}) })
}

type countingTx struct {
	store.Tx
	c *counting
}

func (t countingTx) Find(q store.Query) ([]*store.Record, error) {
	found, err := t.Tx.Find(q)
	t.c.count(q, len(found))
	return found, err
}

func (c *counting) count(q store.Query, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.Kind == record.BadgeKind {
		c.most = max(c.most, n)
	}
}

// However many badges there are, a few are held at a time; two who review them at once
// take each back once.
func TestBadgesAreReviewedAndReadSomeAtATime(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		const n = 200
		ctx, w := t.Context(), badgetest.New(t)
		l.on("2024-01-10")
		old := w.Ring.Keys[0].Public
		_, err := l.store.Write(ctx, store.Command{Actor: record.Clock, Action: "badge.review", Alone: true}, func(tx store.Tx) error {
			for i := range n {
				b := badge.Badge{Award: w.Award(), State: badge.Issued, Key: old}
				b.ID, b.Entry, b.Subject.Company = fmt.Sprintf("b%05d", i), i, fmt.Sprintf("G%d", i)
				kept, err := tx.Keep("somebody", store.Concerns{Location: b.Subject.Company}, map[string]string{"jwt": b.ID})
				if err != nil {
					return err
				}
				b.Kept = kept
				body, err := json.Marshal(b)
				if err != nil {
					return err
				}
				of := store.Concerns{Location: b.Subject.Company}
				if err := tx.Put(&store.Record{Thing: store.Thing{Kind: record.BadgeKind, ID: b.ID}, Version: 1, Concerns: of, Body: body}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		programs := must(program.Builtin())(l)
		counted := &counting{Store: l.store}
		r := record.New(counted, nil, "mcpp", programs)

		read := 0
		for some, err := range r.SignedBadges(ctx, store.View{Scope: store.Everything}, store.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range some {
				if want := fmt.Sprintf("b%05d", read); some[i].ID != want || some[i].Signed.JWT != want {
					t.Fatalf("%s with %q, want %s", some[i].ID, some[i].Signed.JWT, want)
				}
				read++
			}
		}
		w.Rotate(2, l.now)
		ring := must(w.Ring.Revoke(old, l.now))(l)
		var mu sync.Mutex
		looked, revoked, held := 0, make(map[string]int), 0
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				err := r.ReviewBadges(ctx, record.Ask{Actor: record.Clock, Key: "same"}, ring, store.Query{}, func(v *record.Reviewed) {
					mu.Lock()
					defer mu.Unlock()
					looked += v.Looked
					held = max(held, v.Looked)
					for _, id := range v.Revoked {
						revoked[id]++
					}
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if read != n || len(revoked) != n || looked < n || held > 64 || counted.most > 64 {
			t.Errorf("%d read, %d looked at, %d taken back, %d held, %d read at once", read, looked, len(revoked), held, counted.most)
		}
		for id, times := range revoked {
			if times != 1 {
				t.Errorf("%s was taken back %d times", id, times)
			}
		}
		before := must(l.store.Latest(ctx))(l)
		if again := l.review(ring); again.Looked != 0 || must(l.store.Latest(ctx))(l) != before {
			t.Errorf("a review of nothing: %+v", again)
		}
		err = r.ReviewBadges(ctx, l.as("partner:G1/u"), ring, store.Query{}, func(*record.Reviewed) {})
		l.refuses("badge-review", err)
	})
}
