package live_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/live"
	"github.com/kizuna-org/kizuna/segmentcache"
)

// counted are blobs, of which it is counted how many were opened.
type counted struct {
	blob.Store
	opened atomic.Int64
}

func (c *counted) Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error) {
	c.opened.Add(1)
	return c.Store.Open(ctx, sum)
}

// heard is a log.
type heard struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (h *heard) Write(line []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.Write(line)
}

func (h *heard) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.all.Reset()
	return h.all.String()
}

// What is kept of usage is taken where it is the same, and only what came is read where
// it is not: the totals are those of a batch all the same, and go on to be.
func TestTotalsBeginWithPackedUsage(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	w.furnish()
	blobs, log, dir := &counted{Store: w.blobs}, new(heard), t.TempDir()
	open := func() *live.Totals {
		t.Helper()
		place := w.place()
		place.Shelf.Blobs = blobs
		place.Cache = segmentcache.Cache{Dir: dir, Now: time.Now, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		totals, err := live.Open(t.Context(), place, w.asked(len(w.program)-2), live.Options{Poll: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = totals.Close() })
		return totals
	}
	act := func(totals *live.Totals) {
		t.Helper()
		clerk := w.clerk(totals.Over(w.store))
		for range 20 {
			clerk.act(t.Context())
		}
		w.equal(totals, w.head())
	}
	usageRead := func() bool { t.Helper(); return blobs.opened.Swap(0) > 0 }

	first := open()
	if !usageRead() {
		t.Fatal("no usage was read: nothing is tested")
	}
	act(first)
	act(open())               // other facts than were packed
	w.equal(open(), w.head()) // facts as they were packed
	if usageRead() {
		t.Error("usage was read again")
	}

	log.take()
	w.imports(w.store, map[string][]string{"usage": {
		"month,tenant_id,subscription_id,scope,workload,revenue_usd", "2023-11,t1,s1a,,Storage,123", "2023-11,t9,s9a,,Storage,5000"}})
	w.equal(first, w.head()) // counted anew, beside readers
	if said := log.take(); !strings.Contains(said, "statements have changed") {
		t.Errorf("all usage was read:\n%s", said)
	}
	act(open())

	places, err := filepath.Glob(filepath.Join(dir, "*.places"))
	if err != nil || len(places) == 0 {
		t.Fatal(places, err)
	}
	for _, name := range places {
		if err := os.Truncate(name, 100); err != nil {
			t.Fatal(err)
		}
	}
	w.equal(open(), w.head())
}
