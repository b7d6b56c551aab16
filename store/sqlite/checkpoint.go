package sqlite

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// What the log may grow to, in pages of 4 KiB (docs/decisions/0042-checkpoints.md).
const (
	// fullLog is when the log is to begin anew: it takes 32 MB then.
	fullLog = 8192
	// tooLong is when a commit moves the log itself, as SQLite does by default from 1,000
	// pages on: whoever writes faster than that can be moved aside has to wait.
	tooLong = 16 * fullLog
	// keptLog is what the file may keep of a log that was longer, in bytes: more than one
	// that begins anew has, for a file that shrinks and grows is slow to flush.
	keptLog = 2 * fullLog * 4096
)

// rest is between two looks at the log.
const rest = 250 * time.Millisecond

// checkpointer moves what was committed from the write-ahead log into the database's
// file, beside the commits. SQLite would do it inside one commit of each hundred, and
// all who wait for that one would wait for thousands of pages to reach the disk.
//
// A log begins anew only if all of it has been moved, and nobody reads from it, when a
// transaction begins: beside a busy writer that never happens. So a long one is moved in
// two steps: most of it aside, the little that came meanwhile while the writer pauses.
type checkpointer struct {
	db  *sql.DB
	log *slog.Logger

	commits atomic.Int64
	wake    chan struct{}
	full    atomic.Bool // the writer is to move the rest

	limit  int        // pages that a log may take
	mu     sync.Mutex // of one who moves the log
	next   int        // pages from which on the log is to begin anew
	failed bool       // the last time

	stop  context.CancelFunc
	ended chan struct{}
}

// newCheckpointer begins to move the log. The connection must not wait for locks longer
// than writers may be kept waiting.
func newCheckpointer(db *sql.DB, limit int, log *slog.Logger) *checkpointer {
	c := &checkpointer{db: db, log: log, wake: make(chan struct{}, 1), limit: limit, next: limit, ended: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	go func() {
		defer close(c.ended)
		c.run(ctx)
	}()
	return c
}

// Close stops moving the log. The last connection to the file that is closed moves what
// is left.
func (c *checkpointer) Close() error {
	c.stop()
	<-c.ended
	return c.db.Close()
}

// committed is told by the writer after each transaction, before the next begins.
func (c *checkpointer) committed() {
	c.commits.Add(1)
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
	if !c.full.Load() || !c.mu.TryLock() {
		return // not now, if somebody is at it
	}
	defer c.mu.Unlock()
	c.move(context.Background(), "RESTART")
	c.full.Store(false)
}

// run moves the log while there are commits, empties its file when there are none any
// more, and waits for the next. Who only reads moves nothing.
func (c *checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		for seen, left := int64(-1), -1; left != 0; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(rest):
			}
			now := c.commits.Load()
			mode := "PASSIVE"
			if now == seen {
				mode = "TRUNCATE" // nobody is kept waiting; what was erased leaves the log, too
			}
			c.mu.Lock()
			left = c.move(ctx, mode)
			if c.full.Load() {
				// What came while most was moved, so that the writer pauses for little.
				left = c.move(ctx, mode)
			}
			c.mu.Unlock()
			if now != seen {
				seen, left = now, -1
			}
		}
	}
}

// move moves what it can and returns how many pages are in the log, -1 if that is not
// known.
func (c *checkpointer) move(ctx context.Context, mode string) (pages int) {
	var busy, moved int
	if err := c.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &moved); err != nil {
		if ctx.Err() == nil && !c.failed {
			c.failed = true // said once: it is tried again
			c.log.Error("the write-ahead log cannot be moved into the store's file", "err", err)
		}
		return -1
	}
	c.failed = false
	switch {
	case pages >= 0 && pages < c.limit:
		c.next = c.limit
	case pages >= c.next:
		// Who reads an old state for long keeps the log from beginning anew: it is tried
		// again when it has grown.
		c.next = pages + c.limit/4
		c.full.Store(true)
	}
	return pages
}
