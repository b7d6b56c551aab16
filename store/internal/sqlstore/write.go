package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// maxGroup is how many commands may share a transaction.
const maxGroup = 256

// job is a command that waits for its turn.
type job struct {
	ctx     context.Context
	command store.Command
	decide  func(store.Tx) error
	run     func(context.Context, *writer) error // in place of a command: the store's own affairs
	key     kizuna.Hash                          // of the idempotency key

	receipt *store.Receipt
	err     error
	done    chan struct{}
}

// Write implements [store.Store].
func (s *DB) Write(ctx context.Context, c store.Command, decide func(store.Tx) error) (*store.Receipt, error) {
	if len(c.Key) > store.MaxKey {
		return nil, kizuna.Errorf("key-long", "the idempotency key has more than %d bytes", store.MaxKey).
			WithMend("use a shorter one, such as a UUID")
	}
	j := &job{ctx: ctx, command: c, decide: decide}
	if c.Key != "" {
		j.key = kizuna.HashOf([]byte(c.Key))
	}
	if err := s.submit(ctx, j); err != nil {
		return nil, err
	}
	return j.receipt, j.err
}

// alone runs something of the store's own in a transaction of its own.
func (s *DB) alone(ctx context.Context, run func(context.Context, *writer) error) error {
	j := &job{ctx: ctx, run: run, command: store.Command{Alone: true}}
	if err := s.submit(ctx, j); err != nil {
		return err
	}
	return j.err
}

// submit hands a job to the writer and waits until it is done; an error means
// that it was never taken.
func (s *DB) submit(ctx context.Context, j *job) error {
	j.done = make(chan struct{})
	select {
	case <-s.stop:
		return closed()
	default:
	}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.stop:
		return closed()
	}
	// Once taken, the command is waited for: what became of it must not stay unknown.
	select {
	case <-j.done:
	case <-s.stopped:
		select {
		case <-j.done:
		default:
			return closed()
		}
	}
	return nil
}

func closed() error { return kizuna.Errorf("store-closed", "the store is closed") }

// run takes commands until the store is closed and none wait.
func (s *DB) run() {
	defer close(s.stopped)
	w := &writer{db: s}
	defer w.release()
	for {
		select {
		case first := <-s.jobs:
			s.serve(w, first)
		case <-s.stop:
			for {
				select {
				case first := <-s.jobs:
					s.serve(w, first)
				default:
					return
				}
			}
		}
	}
}

// serve gives the commands that wait one transaction; one that must be alone has
// its own.
func (s *DB) serve(w *writer, first *job) {
	group, alone := s.gather(first)
	if len(group) > 0 {
		s.transact(w, group)
	}
	if alone != nil {
		s.transact(w, []*job{alone})
	}
}

func (s *DB) transact(w *writer, jobs []*job) {
	w.transact(jobs)
	if s.dialect.Committed != nil {
		s.dialect.Committed()
	}
}

func (s *DB) gather(first *job) (group []*job, alone *job) {
	if first.command.Alone {
		return nil, first
	}
	group = append(group, first)
	for len(group) < maxGroup {
		select {
		case next := <-s.jobs:
			if next.command.Alone {
				return group, next
			}
			group = append(group, next)
		default:
			return group, nil
		}
	}
	return group, nil
}

// transact runs commands in one transaction and answers them. If the database
// fails, each is tried once more by itself, so that none suffers from another.
func (w *writer) transact(jobs []*job) {
	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	err := w.try(jobs)
	if err == nil {
		return
	}
	w.db.log.Warn("a transaction failed and is tried again", "commands", len(jobs), "err", err)
	for _, j := range jobs {
		if kizuna.CodeOf(err) == "store-unknown" {
			j.receipt, j.err = nil, err
			continue
		}
		if again := w.try([]*job{j}); again != nil {
			j.receipt, j.err = nil, again
		}
	}
}

// try runs commands in one transaction. Its error is the database's; what the
// commands themselves answer is in the jobs.
func (w *writer) try(jobs []*job) (err error) {
	// The transaction outlives its commands' contexts: the others go on.
	ctx := context.Background()
	if err := w.begin(ctx); err != nil {
		return writeFailure(err)
	}
	ended := false
	defer func() {
		if !ended {
			w.rollback(ctx)
		}
	}()
	g, err := w.newGroup(ctx, jobs)
	if err != nil {
		return writeFailure(err)
	}
	own := false
	for _, j := range jobs {
		if j.run != nil {
			own, g.broken = true, j.run(ctx, w)
		} else {
			j.receipt, j.err = g.perform(j)
		}
		if g.broken != nil {
			return writeFailure(g.broken)
		}
	}
	if len(g.entries) == 0 && !own {
		return nil // nothing to record: the rollback ends it
	}
	if err := g.flush(ctx); err != nil {
		return writeFailure(err)
	}
	ended = true
	err = w.exec(ctx, "COMMIT")
	if err == nil {
		err = w.send(ctx)
	}
	if err != nil {
		if w.rollback(ctx) { // then it was still open, and nothing was recorded
			return writeFailure(err)
		}
		return kizuna.Errorf("store-unknown", "the store broke while it committed").
			WithMend("send the command again with the same key to learn what became of it").WithCause(err)
	}
	return nil
}

func writeFailure(err error) error {
	return kizuna.Errorf("store-write", "the store cannot be written").
		WithMend("see the log; check that the database is up and its disk is not full").WithCause(err)
}

// writer owns the one connection that writes.
type writer struct {
	db         *DB
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	pending    []Statement // they go to the database with the next one that is waited for
}

func (w *writer) begin(ctx context.Context) (err error) {
	if w.conn == nil {
		if w.conn, err = w.db.write.Conn(ctx); err != nil {
			return err
		}
		w.statements = make(map[string]*sql.Stmt)
	}
	for _, statement := range w.db.dialect.Begin {
		if err := w.exec(ctx, statement); err != nil {
			w.rollback(ctx)
			w.release()
			return err
		}
	}
	return nil
}

// rollback ends the transaction and reports whether it could; if not, the
// connection is given up.
func (w *writer) rollback(ctx context.Context) bool {
	w.pending = nil
	if w.conn == nil {
		return false
	}
	if _, err := w.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		w.release()
		return false
	}
	return true
}

// release gives the connection up; the next transaction takes a new one.
func (w *writer) release() {
	if w.conn == nil {
		return
	}
	for _, st := range w.statements {
		_ = st.Close()
	}
	// Never back into the pool: its transaction may still be open.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn, w.statements, w.pending = nil, nil, nil
}

func (w *writer) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := w.statements[query]; ok {
		return st, nil
	}
	st, err := w.conn.PrepareContext(ctx, w.db.dialect.bind(query))
	if err == nil {
		w.statements[query] = st
	}
	return st, err
}

// exec runs a statement of which nothing comes back; with a pipeline it, and its
// error, may wait for the next query or send.
func (w *writer) exec(ctx context.Context, query string, args ...any) error {
	if w.db.dialect.Pipeline != nil {
		w.pending = append(w.pending, Statement{w.db.dialect.bind(query), args})
		return nil
	}
	st, err := w.prepared(ctx, query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

// send runs the statements that wait.
func (w *writer) send(ctx context.Context) error {
	if len(w.pending) == 0 {
		return nil
	}
	statements := w.pending
	w.pending = nil
	return w.conn.Raw(func(driverConn any) error { return w.db.dialect.Pipeline(ctx, driverConn, statements) })
}

func (w *writer) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := w.send(ctx); err != nil {
		return nil, err
	}
	st, err := w.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

// group is the commands of one transaction: what they recorded so far, waiting to
// reach the database together.
type group struct {
	w    *writer
	ctx  context.Context
	seq  int64         // of the last entry
	last kizuna.Moment // of the last entry

	latest map[store.Thing]*store.Record // nil: there is none
	before map[store.Thing]*store.Record // as it was when the transaction began
	keys   map[string]*remembered

	records  []*store.Record
	entries  []entryRow
	events   []eventRow
	personal []personalRow
	erased   map[string]int64 // reference to entry
	learned  []*remembered
	broken   error // the database's own error: the transaction is lost
}

// remembered is what a key was answered.
type remembered struct {
	key, digest string
	entry       int64
	recorded    kizuna.Moment
	answer      []byte
}

func (w *writer) newGroup(ctx context.Context, jobs []*job) (*group, error) {
	g := &group{
		w: w, ctx: ctx, latest: make(map[store.Thing]*store.Record), before: make(map[store.Thing]*store.Record),
		keys: make(map[string]*remembered), erased: make(map[string]int64),
	}
	rows, err := w.query(ctx, "SELECT seq, recorded FROM entries ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&g.seq, &g.last); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return g, g.recall(jobs)
}

// recall fetches what the commands' keys were answered before.
func (g *group) recall(jobs []*job) error {
	var keys []any
	for _, j := range jobs {
		if j.command.Key != "" {
			keys = append(keys, j.key.String())
		}
	}
	return g.chunks(keys, func(keys []any) error {
		rows, err := g.w.query(g.ctx, g.w.db.dialect.lookUp(len(keys), commandColumns, "commands", "key", "1 = 1"), keys...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r := new(remembered)
			if err := rows.Scan(&r.key, &r.digest, &r.entry, &r.recorded, &r.answer); err != nil {
				return err
			}
			g.keys[r.key] = r
		}
		return rows.Err()
	})
}

// perform runs one command. What it wrote is kept only if it succeeds.
func (g *group) perform(j *job) (*store.Receipt, error) {
	if err := j.ctx.Err(); err != nil {
		return nil, context.Cause(j.ctx)
	}
	if before := g.keys[j.key.String()]; before != nil && j.command.Key != "" {
		if before.digest != j.command.Digest {
			return nil, kizuna.Errorf("key-reused", "the idempotency key was used for another command").
				WithMend("use a new key for a new command")
		}
		return &store.Receipt{Entry: before.entry, Recorded: before.recorded, Answer: before.answer, Repeated: true}, nil
	}
	t := g.newTx(j)
	if err := t.decide(j.decide); err != nil {
		return nil, err
	}
	return t.keep()
}

// keep makes what a command wrote part of the group.
func (t *tx) keep() (*store.Receipt, error) {
	g := t.group
	c := &t.job.command
	e := audit.Entry{
		Seq: t.seq, At: t.now, Actor: c.Actor.String(), Behalf: c.Behalf, Action: c.Action, Reason: c.Reason, Key: t.job.key,
		Facts: t.facts, Blobs: t.blobs, Erased: t.erased,
	}
	for _, r := range t.records {
		e.Things = append(e.Things, audit.Thing{Kind: string(r.Kind), ID: r.ID, Version: r.Version, SHA256: r.Digest()})
	}
	for _, p := range t.personal {
		e.Personal = append(e.Personal, audit.PersonalRef{Ref: p.ref, SHA256: p.hash})
	}
	stored, err := e.Store()
	if err != nil {
		return nil, err
	}
	g.seq, g.last = t.seq, t.now
	g.entries = append(g.entries, entryRow{t.now, stored, t.blobs})
	g.records = append(g.records, t.records...)
	g.events = append(g.events, t.events...)
	g.personal = append(g.personal, t.personal...)
	for _, s := range t.erased {
		g.erased[s.ID] = t.seq
	}
	for thing, r := range t.own {
		g.latest[thing] = r
	}
	r := &store.Receipt{Entry: t.seq, Recorded: t.now, Answer: t.answer}
	if c.Key != "" {
		m := &remembered{t.job.key.String(), c.Digest, t.seq, t.now, t.answer}
		g.keys[m.key] = m
		g.learned = append(g.learned, m)
	}
	return r, nil
}
