package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// tx is the record as one command sees it: the database, what the commands before
// it in the same transaction recorded, and what it recorded itself.
type tx struct {
	*group
	job *job
	seq int64
	now kizuna.Moment

	own      map[store.Thing]*store.Record
	records  []*store.Record
	events   []eventRow
	personal []personalRow
	erased   []audit.Subject
	facts    []audit.FactSet
	blobs    []kizuna.Hash
	answer   json.RawMessage
	failed   error
}

func (g *group) newTx(j *job) *tx {
	return &tx{
		group: g, job: j, seq: g.seq + 1, now: max(g.w.db.clock(), g.last+1),
		own: make(map[store.Thing]*store.Record),
	}
}

// decide runs the command in a goroutine of its own, for it may end that: a panic,
// or an exit such as that of a test which fails, is its own failure and nobody else's.
func (t *tx) decide(decide func(store.Tx) error) error {
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		returned := false
		defer func() {
			if p := recover(); !returned {
				err = kizuna.Errorf("store-panic", "the command failed inside").WithCause(fmt.Errorf("panic: %v", p))
				t.w.db.log.Error("a command panicked or exited", "action", t.job.command.Action, "panic", p)
			}
		}()
		err = decide(t)
		returned = true
	}()
	<-done
	return cmp.Or(err, t.failed)
}

func (t *tx) Context() context.Context { return t.job.ctx }
func (t *tx) Now() kizuna.Moment       { return t.now }

// Cite keeps each file once: an entry relies on a file or does not.
func (t *tx) Cite(blobs ...kizuna.Hash) {
	for _, b := range blobs {
		if !slices.Contains(t.blobs, b) {
			t.blobs = append(t.blobs, b)
		}
	}
}

// NewID returns 26 letters and digits: 130 bits by chance.
func (t *tx) NewID() string { return rand.Text() }

// lost notes that the database failed, which ends the transaction.
func (t *tx) lost(err error) error {
	if err != nil && t.broken == nil {
		t.broken = err
	}
	return err
}

// fails notes an error that ends the command, even if the command goes on.
func (t *tx) fails(err error) error {
	t.failed = cmp.Or(t.failed, err)
	return err
}

func (t *tx) Get(thing store.Thing) (*store.Record, error) {
	r, ok := t.known(thing)
	if !ok {
		if err := t.Load(thing); err != nil {
			return nil, err
		}
		r, _ = t.known(thing)
	}
	if r == nil {
		return nil, store.NotFound(thing)
	}
	return clone(r), nil
}

// known returns what was read or written of a thing before.
func (t *tx) known(thing store.Thing) (*store.Record, bool) {
	if r, ok := t.own[thing]; ok {
		return r, true
	}
	r, ok := t.latest[thing]
	return r, ok
}

func (t *tx) Load(things ...store.Thing) error {
	wanted := make(map[store.Kind][]any)
	for _, thing := range things {
		if _, ok := t.latest[thing]; !ok {
			t.latest[thing] = nil
			if !storable(string(thing.Kind), thing.ID) {
				continue
			}
			wanted[thing.Kind] = append(wanted[thing.Kind], thing.ID)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(wanted)) {
		err := t.chunks(wanted[kind], func(ids []any) error {
			query := t.w.db.dialect.lookUp(len(ids), recordColumns, "records r", "id", "kind = ? AND "+isLatest)
			rows, err := t.w.query(t.ctx, query, append(ids, string(kind))...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				r, err := scanRecord(rows)
				if err != nil {
					return err
				}
				t.latest[r.Thing], t.before[r.Thing] = r, r
			}
			return rows.Err()
		})
		if err != nil {
			return t.lost(err)
		}
	}
	return nil
}

func (t *tx) Versions(thing store.Thing) ([]*store.Record, error) {
	w := newWhere("kind = ? AND id = ?", string(thing.Kind), thing.ID)
	rows, err := t.w.query(t.ctx, "SELECT "+recordColumns+" FROM records WHERE "+w.String()+" ORDER BY version", w.args...)
	if err != nil {
		return nil, t.lost(err)
	}
	defer rows.Close()
	var out []*store.Record
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, t.lost(err)
		}
		out = append(out, r)
	}
	for _, written := range [][]*store.Record{t.group.records, t.records} { // what has not reached the database
		for _, r := range written {
			if r.Thing == thing {
				out = append(out, clone(r))
			}
		}
	}
	return out, t.lost(rows.Err())
}

func (t *tx) Find(q store.Query) ([]*store.Record, error) {
	table, where := t.w.db.dialect.asked(q)
	where.and(isLatest)
	rows, err := t.w.query(t.ctx, "SELECT "+recordColumns+" FROM "+table+" WHERE "+where.String()+" ORDER BY id, kind", where.args...)
	if err != nil {
		return nil, t.lost(err)
	}
	defer rows.Close()
	found := make(map[store.Thing]*store.Record)
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, t.lost(err)
		}
		if _, ok := t.latest[r.Thing]; !ok {
			t.latest[r.Thing], t.before[r.Thing] = r, r
		}
		found[r.Thing] = r
	}
	if err := rows.Err(); err != nil {
		return nil, t.lost(err)
	}
	// What this transaction wrote stands in the place of what the database holds.
	for _, written := range []map[store.Thing]*store.Record{t.latest, t.own} {
		for thing, r := range written {
			if thing.Kind != q.Kind && !slices.Contains(q.Also, thing.Kind) || r == nil || r == t.before[thing] {
				continue
			}
			delete(found, thing)
			if q.Matches(r) {
				found[thing] = r
			}
		}
	}
	out := slices.SortedFunc(maps.Values(found), func(a, b *store.Record) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	for i, r := range out {
		out[i] = clone(r)
	}
	return out, nil
}

func (t *tx) Put(r *store.Record) error {
	if c := r.Concerns; r.Kind == "" || r.ID == "" || !storableBody(r.Body) ||
		!storable(string(r.Kind), r.ID, c.Tenant, c.Location, c.Second, c.Subject) {
		return unstorable(r.Thing.String())
	}
	before, ok := t.known(r.Thing)
	if !ok {
		if err := t.Load(r.Thing); err != nil {
			return err
		}
		before, _ = t.known(r.Thing)
	}
	var latest int64
	if before != nil {
		latest = before.Version
	}
	if r.Version != latest+1 {
		return store.Conflict(r.Thing, r.Version-1, latest)
	}
	r.Entry, r.Recorded = t.seq, t.now
	kept := clone(r)
	t.own[r.Thing] = kept
	t.records = append(t.records, kept)
	return nil
}

func storableBody(body []byte) bool { return json.Valid(body) && utf8.Valid(body) }

func unstorable(what string) error {
	return kizuna.Errorf("record", "%q cannot be recorded", what).
		WithMend("kind, id and a body in JSON must be there, in UTF-8 without zero bytes")
}

// clone copies a record so that neither side can change what the other holds.
func clone(r *store.Record) *store.Record {
	c := *r
	c.Valid, c.Body = slices.Clone(r.Valid), slices.Clone(r.Body)
	if r.Due != nil {
		due := *r.Due
		c.Due = &due
	}
	return &c
}

func (t *tx) Emit(thing store.Thing, c store.Concerns, events ...lifecycle.Event) {
	if !storable(string(thing.Kind), thing.ID, c.Tenant, c.Location, c.Second, c.Subject) {
		t.fails(unstorable(thing.String()))
	}
	for _, e := range events {
		t.events = append(t.events, eventRow{store.Event{
			Entry: t.seq, N: len(t.events), Recorded: t.now, Thing: thing, Concerns: c, Event: e,
		}})
	}
}

func (t *tx) AddFacts(file string, rows iter.Seq2[*store.Fact, error]) error {
	return t.fails(t.addFacts(file, rows))
}

func (t *tx) addFacts(file string, rows iter.Seq2[*store.Fact, error]) error {
	if !t.job.command.Alone {
		return kizuna.Errorf("facts-alone", "facts are recorded by a command of their own")
	}
	if !storable(file) {
		return unstorable(file)
	}
	if there, err := t.haveFacts(file); err != nil {
		return err
	} else if there {
		return kizuna.Errorf("facts-twice", "the rows of file %s are recorded already", file)
	}
	const batch = 512
	digester := store.NewFactDigester()
	var n int64
	var pending [][]any
	write := func() error {
		defer func() { pending = pending[:0] }()
		if err := t.insert("facts", factColumns, pending); err != nil {
			return t.lost(err)
		}
		return t.lost(t.w.send(t.ctx))
	}
	for f, err := range rows {
		if err != nil {
			return err
		}
		if n%batch == 0 && t.job.ctx.Err() != nil {
			return context.Cause(t.job.ctx)
		}
		if c := f.Concerns; !storableBody(f.Body) || !storable(f.Table, f.Key, c.Tenant, c.Location, c.Second, c.Subject) {
			return unstorable(fmt.Sprintf("%s, row %d", file, n))
		}
		digester.Add(f)
		pending = append(pending, []any{
			file, n, t.seq, f.Table, f.Key, f.Concerns.Tenant, f.Concerns.Location, f.Concerns.Second, f.Concerns.Subject, string(f.Body),
		})
		n++
		if len(pending) == batch {
			if err := write(); err != nil {
				return err
			}
		}
	}
	if err := write(); err != nil {
		return err
	}
	t.facts = append(t.facts, audit.FactSet{File: file, Rows: n, SHA256: digester.Sum()})
	return nil
}

func (t *tx) haveFacts(file string) (there bool, err error) {
	rows, err := t.w.query(t.ctx, "SELECT 1 FROM facts WHERE file = ? LIMIT 1", file)
	if err != nil {
		return false, t.lost(err)
	}
	defer rows.Close()
	there = rows.Next()
	return there, t.lost(rows.Err())
}

func (t *tx) FactsOf(table, id string) ([]*store.Fact, error) {
	rows, err := t.w.query(t.ctx, "SELECT "+factColumns+" FROM facts WHERE tbl = ? AND "+isAbout+" ORDER BY entry DESC, n", table, id, id, id)
	if err != nil {
		return nil, t.lost(err)
	}
	defer rows.Close()
	var out []*store.Fact
	for rows.Next() {
		f, err := scanFact(rows)
		if err != nil {
			return nil, t.lost(err)
		}
		out = append(out, f)
	}
	return out, t.lost(rows.Err())
}

func (t *tx) Keep(about string, c store.Concerns, value map[string]string) (string, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	if !storable(about, c.Tenant, c.Location, c.Second, c.Subject) {
		return "", unstorable("personal data")
	}
	salt := rand.Text()
	p := personalRow{entry: t.seq, concerns: c, ref: rand.Text(), about: about, salt: salt, value: body}
	if p.hash, err = p.saltedHash(); err != nil {
		return "", err
	}
	t.personal = append(t.personal, p)
	return p.ref, nil
}

func (t *tx) Personal(ref string) (p store.Personal, ok bool, err error) {
	for _, rows := range [][]personalRow{t.personal, t.group.personal} {
		for _, r := range rows {
			if r.ref == ref {
				p, err := r.personal()
				return p, !t.gone(ref) && err == nil, err
			}
		}
	}
	if t.gone(ref) {
		return p, false, nil
	}
	where := newWhere("ref = ?", ref)
	rows, err := t.w.query(t.ctx, "SELECT ref, about, value FROM personal WHERE erased = 0 AND "+where.String(), where.args...)
	if err != nil {
		return p, false, t.lost(err)
	}
	defer rows.Close()
	for rows.Next() {
		if p, err = scanPersonal(rows); err != nil {
			return p, false, t.lost(err)
		}
		ok = true
	}
	return p, ok, t.lost(rows.Err())
}

func (t *tx) gone(ref string) bool {
	return t.group.erased[ref] != 0 || slices.Contains(t.erased, erasedSubject(ref))
}

func erasedSubject(ref string) audit.Subject {
	return audit.Subject{Class: audit.ClassPersonal, ID: ref}
}

func (t *tx) Erase(about string) ([]string, error) {
	var refs []string
	for _, rows := range [][]personalRow{t.group.personal, t.personal} {
		for _, r := range rows {
			if r.about == about && !t.gone(r.ref) {
				refs = append(refs, r.ref)
			}
		}
	}
	where := newWhere("about = ? AND about <> ''", about)
	rows, err := t.w.query(t.ctx, "SELECT ref FROM personal WHERE erased = 0 AND "+where.String()+" ORDER BY ref", where.args...)
	if err != nil {
		return nil, t.lost(err)
	}
	defer rows.Close()
	for rows.Next() {
		var ref string
		if err := rows.Scan(&ref); err != nil {
			return nil, t.lost(err)
		}
		if !t.gone(ref) {
			refs = append(refs, ref)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, t.lost(err)
	}
	for _, ref := range refs {
		t.erased = append(t.erased, erasedSubject(ref))
	}
	return refs, nil
}

func (t *tx) Answer(v any) {
	answer, err := json.Marshal(v)
	if err != nil {
		panic(err) // an answer is a value of our own
	}
	t.answer = answer
}
