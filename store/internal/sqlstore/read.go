package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
)

// Which version is the last of a thing, and which was at a moment. "There is none
// behind it" would say the same, but PostgreSQL may look for the answer in the whole
// table.
const (
	isLatest      = "version = (SELECT MAX(n.version) FROM records n WHERE n.kind = r.kind AND n.id = r.id)"
	isLatestKnown = "version = (SELECT MAX(n.version) FROM records n WHERE n.kind = r.kind AND n.id = r.id AND n.recorded <= ?)"
)

// isAbout holds for facts that an id is the key or a location of.
const isAbout = "((key = ? AND key <> '') OR (location = ? AND location <> '') OR (second = ? AND second <> ''))"

// where is a condition that grows, with its parameters.
type where struct {
	parts []string
	args  []any
}

func newWhere(part string, args ...any) *where {
	w := new(where)
	w.and(part, args...)
	return w
}

func (w *where) and(part string, args ...any) {
	for _, arg := range args {
		// What cannot be stored is not there, and PostgreSQL would not take it.
		if text, ok := arg.(string); ok && !storable(text) {
			part, args = "1 = 0", nil
			break
		}
	}
	w.parts = append(w.parts, part)
	w.args = append(w.args, args...)
}

// storable reports whether every database can keep the texts: UTF-8 without zero
// bytes.
func storable(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 })
}

func (w *where) String() string { return strings.Join(w.parts, " AND ") }

// asked is what a query asks, and of which table. Of things with given ids SQLite, which
// keeps no statistics, may read all that are of the kinds: so the index of the ids is
// named, or, where it takes two, kinds are made no use of ("+") to find anything.
func (d Dialect) asked(q store.Query) (table string, w *where) {
	table, w = "records r", new(where)
	kind := "kind"
	if d.Indexed {
		switch {
		case q.Subject != "" || len(q.Subjects) > 0:
			table += " INDEXED BY records_subject"
		case q.Tenant != "" || len(q.Tenants) > 0:
			table += " INDEXED BY records_tenant"
		case q.Location != "":
			kind = "+kind"
		}
	}
	if len(q.Also) == 0 {
		w.and(kind+" = ?", string(q.Kind))
	} else {
		kinds := []string{string(q.Kind)}
		for _, k := range q.Also {
			kinds = append(kinds, string(k))
		}
		w.any(kind, kinds)
	}
	w.matches(q)
	return table, w
}

// matches adds what a query asks besides the kind. That ids are not empty is said
// because the indexes hold only such, and also of an id that no database holds.
func (w *where) matches(q store.Query) {
	if q.Tenant != "" {
		w.and("tenant <> ''")
		w.and("tenant = ?", q.Tenant)
	}
	if q.Location != "" {
		w.and("((location = ? AND location <> '') OR (second = ? AND second <> ''))", q.Location, q.Location)
	}
	if q.Subject != "" {
		w.and("subject <> ''")
		w.and("subject = ?", q.Subject)
	}
	if q.Tenants != nil {
		w.any("tenant", q.Tenants)
	}
	if q.Subjects != nil {
		w.any("subject", q.Subjects)
	}
	if q.After != "" {
		w.and("id > ?", q.After)
	}
}

// any adds that a column holds any of the ids; an empty one is nobody's.
func (w *where) any(column string, ids []string) {
	parts := where{args: w.args}
	if !parts.in(column, ids) {
		parts.parts = []string{"1 = 0"}
	}
	w.parts, w.args = append(w.parts, column+" <> ''", parts.parts[0]), parts.args
}

// in adds that a column holds any of the ids, leaving out what no database holds and
// what is nobody's; false if there are none left.
func (w *where) in(column string, ids []string) bool {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" || !storable(id) })
	if len(ids) == 0 {
		return false
	}
	// The last one is repeated up to a power of two: questions that differ in nothing
	// but how many ids they name are the same text.
	n := 1 << bits.Len(uint(len(ids)-1))
	w.parts = append(w.parts, column+" IN (?"+strings.Repeat(", ?", n-1)+")")
	for i := range n {
		w.args = append(w.args, ids[min(i, len(ids)-1)])
	}
	return true
}

// shown adds what a scope shows, what concerns nobody included.
func (w *where) shown(s store.Scope) {
	w.concerning(s, "(tenant = '' AND location = '' AND second = '' AND subject = '')")
}

// concerning adds that a row concerns somebody in the scope, or else what parts say.
func (w *where) concerning(s store.Scope, parts ...string) {
	if s.All {
		return
	}
	if len(parts) == 0 {
		parts = []string{"1 = 0"}
	}
	shown := where{parts: parts, args: w.args}
	shown.in("tenant", s.Tenants)
	shown.in("location", s.Locations)
	shown.in("second", s.Locations)
	shown.in("subject", s.Subjects)
	w.parts, w.args = append(w.parts, "("+strings.Join(shown.parts, " OR ")+")"), shown.args
}

// latestKnown adds that a version is the last one known at the view's moment.
func (w *where) latestKnown(v store.View) {
	if v.KnownAt == 0 {
		w.and(isLatest)
		return
	}
	w.and(isLatestKnown, int64(v.KnownAt))
}

func holds(v store.View, r *store.Record) bool { return v.AsOf == nil || r.Valid.Contains(*v.AsOf) }

func (s *DB) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := s.prepared.query(ctx, s.read, s.dialect.bind(query), args)
	return rows, failure(err)
}

// each reads every row of a query.
func each[T any](ctx context.Context, s *DB, scan func(*sql.Rows) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := s.query(ctx, query, args...)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				yield(none, failure(err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, failure(err))
		}
	}
}

// Latest implements [store.Store].
func (s *DB) Latest(ctx context.Context) (latest kizuna.Moment, err error) {
	scan := func(rows *sql.Rows) (m kizuna.Moment, err error) { return m, rows.Scan(&m) }
	for m, err := range each(ctx, s, scan, "SELECT recorded FROM entries ORDER BY seq DESC LIMIT 1") {
		return m, err
	}
	return 0, nil
}

// Head implements [store.Store].
func (s *DB) Head(ctx context.Context, known kizuna.Moment) (entry int64, at kizuna.Moment, err error) {
	w := newWhere("1 = 1")
	if known != 0 {
		w.and("recorded <= ?", int64(known))
	}
	type head struct {
		entry int64
		at    kizuna.Moment
	}
	scan := func(rows *sql.Rows) (h head, err error) { return h, rows.Scan(&h.entry, &h.at) }
	for h, err := range each(ctx, s, scan, "SELECT seq, recorded FROM entries WHERE "+w.String()+" ORDER BY seq DESC LIMIT 1", w.args...) {
		return h.entry, h.at, err
	}
	return 0, 0, nil
}

// EntryHash implements [store.Store].
func (s *DB) EntryHash(ctx context.Context, entry int64) (hash kizuna.Hash, ok bool, err error) {
	scan := func(rows *sql.Rows) (h kizuna.Hash, err error) {
		var text string
		if err = rows.Scan(&text); err == nil {
			h, err = kizuna.ParseHash(text)
		}
		return h, err
	}
	for h, err := range each(ctx, s, scan, "SELECT hash FROM entries WHERE seq = ?", entry) {
		return h, err == nil, err
	}
	return hash, false, nil
}

// Get implements [store.Store].
func (s *DB) Get(ctx context.Context, v store.View, t store.Thing) (*store.Record, error) {
	w := newWhere("kind = ? AND id = ?", string(t.Kind), t.ID)
	w.latestKnown(v)
	w.shown(v.Scope)
	for r, err := range each(ctx, s, scanRecord, "SELECT "+recordColumns+" FROM records r WHERE "+w.String(), w.args...) {
		if err != nil {
			return nil, err
		}
		if holds(v, r) {
			return r, nil
		}
	}
	return nil, store.NotFound(t)
}

// Find implements [store.Store].
func (s *DB) Find(ctx context.Context, v store.View, q store.Query) iter.Seq2[*store.Record, error] {
	query, args := s.found(v, q)
	limit := q.Limit
	if limit == 0 {
		limit = math.MaxInt
	} else if v.AsOf == nil { // otherwise some of them are passed over below
		query += " LIMIT ?"
		args = append(args, limit)
	}
	return func(yield func(*store.Record, error) bool) {
		for r, err := range each(ctx, s, scanRecord, query, args...) {
			if limit <= 0 {
				return
			}
			if err == nil && !holds(v, r) {
				continue
			}
			limit--
			if !yield(r, err) {
				return
			}
		}
	}
}

// found asks for the latest versions that a view shows of what a query matches.
func (s *DB) found(v store.View, q store.Query) (query string, args []any) {
	table, w := s.dialect.asked(q)
	w.latestKnown(v)
	w.shown(v.Scope)
	return "SELECT " + recordColumns + " FROM " + table + " WHERE " + w.String() + " ORDER BY id, kind", w.args
}

// Versions implements [store.Store].
func (s *DB) Versions(ctx context.Context, v store.View, kind store.Kind, id string) iter.Seq2[*store.Record, error] {
	w := newWhere("kind = ?", string(kind))
	if id != "" {
		w.and("id = ?", id)
	}
	return s.versions(ctx, v, w, "id, version")
}

// Since implements [store.Store].
func (s *DB) Since(ctx context.Context, v store.View, kind store.Kind, after int64) iter.Seq2[*store.Record, error] {
	// The kind is compared so that no index offers itself for it: it would find all that
	// there is of the kind, and what is new is little.
	w := newWhere("entry > ? AND kind || '' = ?", after, string(kind))
	return s.versions(ctx, v, w, "entry, kind, id, version")
}

func (s *DB) versions(ctx context.Context, v store.View, w *where, order string) iter.Seq2[*store.Record, error] {
	w.shown(v.Scope)
	if v.KnownAt != 0 {
		w.and("recorded <= ?", int64(v.KnownAt))
	}
	return each(ctx, s, scanRecord, "SELECT "+recordColumns+" FROM records WHERE "+w.String()+" ORDER BY "+order, w.args...)
}

// History implements [store.Store].
func (s *DB) History(ctx context.Context, v store.View, t store.Thing) ([]store.Chapter, error) {
	w := newWhere("kind = ? AND id = ?", string(t.Kind), t.ID)
	w.shown(v.Scope)
	if v.KnownAt != 0 {
		w.and("r.recorded <= ?", int64(v.KnownAt))
	}
	scan := func(rows *sql.Rows) (c store.Chapter, err error) {
		var body []byte
		if c.Record, err = scanRecordAnd(rows, &body); err != nil {
			return c, err
		}
		return c, json.Unmarshal(body, &c.Entry)
	}
	columns := "r." + strings.ReplaceAll(recordColumns, ", ", ", r.") + ", e.body"
	var out []store.Chapter
	for c, err := range each(ctx, s, scan, "SELECT "+columns+" FROM records r JOIN entries e ON e.seq = r.entry WHERE "+w.String()+" ORDER BY version", w.args...) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, store.NotFound(t)
	}
	return out, nil
}

// Facts implements [store.Store].
func (s *DB) Facts(ctx context.Context, v store.View, file string) iter.Seq2[*store.Fact, error] {
	w := newWhere("file = ?", file)
	w.shown(v.Scope)
	return each(ctx, s, scanFact, "SELECT "+factColumns+" FROM facts WHERE "+w.String()+" ORDER BY n", w.args...)
}

// FactsOf implements [store.Store].
func (s *DB) FactsOf(ctx context.Context, v store.View, table, id string) iter.Seq2[*store.Fact, error] {
	w := newWhere("tbl = ? AND "+isAbout, table, id, id, id)
	w.shown(v.Scope)
	return each(ctx, s, scanFact, "SELECT "+factColumns+" FROM facts WHERE "+w.String()+" ORDER BY entry DESC, n", w.args...)
}

// FactsAbout implements [store.Store].
func (s *DB) FactsAbout(ctx context.Context, v store.View, tables, tenants []string) iter.Seq2[*store.Fact, error] {
	w := new(where)
	w.any("tenant", tenants)
	w.any("tbl", tables)
	w.shown(v.Scope)
	return each(ctx, s, scanFact, "SELECT "+factColumns+" FROM facts WHERE "+w.String()+" ORDER BY entry DESC, file, n", w.args...)
}

// Due implements [store.Store].
func (s *DB) Due(ctx context.Context, until kizuna.Instant, limit int) ([]store.Thing, error) {
	scan := func(rows *sql.Rows) (t store.Thing, err error) { return t, rows.Scan(&t.Kind, &t.ID) }
	return collect(each(ctx, s, scan, "SELECT kind, id FROM alarms WHERE due <= ? ORDER BY due, kind, id LIMIT ?", int64(until), limit))
}

// Events implements [store.Store].
func (s *DB) Events(ctx context.Context, v store.View, after int64, limit int) ([]store.Event, error) {
	w := newWhere("entry > ?", after)
	w.shown(v.Scope)
	// Whole entries only: a limit never parts what happened together.
	last := "SELECT COALESCE(MAX(entry), 0) FROM (SELECT entry FROM outbox WHERE " + w.String() + " ORDER BY entry, n LIMIT ?) AS page"
	query := "SELECT " + eventColumns + " FROM outbox WHERE " + w.String() + " AND entry <= (" + last + ") ORDER BY entry, n"
	return collect(each(ctx, s, scanEvent, query, append(slices.Concat(w.args, w.args), limit)...))
}

// Personal implements [store.Store].
func (s *DB) Personal(ctx context.Context, v store.View, refs []string) (map[string]store.Personal, error) {
	const atOnce = 500
	out := make(map[string]store.Personal, len(refs))
	for some := range slices.Chunk(refs, atOnce) {
		w := newWhere("erased = 0")
		if !w.in("ref", some) {
			continue
		}
		w.concerning(v.Scope)
		for p, err := range each(ctx, s, scanPersonal, "SELECT ref, about, value FROM personal WHERE "+w.String(), w.args...) {
			if err != nil {
				return nil, err
			}
			out[p.Ref] = p
		}
	}
	return out, nil
}

// PersonalAbout implements [store.Store].
func (s *DB) PersonalAbout(ctx context.Context, v store.View, about string) ([]store.Personal, error) {
	w := newWhere("erased = 0 AND about = ? AND about <> ''", about)
	w.concerning(v.Scope)
	return collect(each(ctx, s, scanPersonal, "SELECT ref, about, value FROM personal WHERE "+w.String()+" ORDER BY ref", w.args...))
}

func collect[T any](in iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for v, err := range in {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func scanRecord(rows *sql.Rows) (*store.Record, error) { return scanRecordAnd(rows) }

// scanRecordAnd scans recordColumns and what stands behind them.
func scanRecordAnd(rows *sql.Rows, more ...any) (*store.Record, error) {
	r := new(store.Record)
	var valid string
	var due sql.NullInt64
	c := &r.Concerns
	err := rows.Scan(append([]any{
		&r.Kind, &r.ID, &r.Version, &r.Entry, &r.Recorded, &c.Tenant, &c.Location, &c.Second, &c.Subject, &valid, &due, (*[]byte)(&r.Body),
	}, more...)...)
	if err != nil {
		return nil, err
	}
	if due.Valid {
		at := kizuna.Instant(due.Int64)
		r.Due = &at
	}
	r.Valid, err = store.ParseIntervals(valid)
	return r, err
}

func scanFact(rows *sql.Rows) (*store.Fact, error) {
	f := new(store.Fact)
	c := &f.Concerns
	var entry int64
	return f, rows.Scan(&f.File, &f.N, &entry, &f.Table, &f.Key, &c.Tenant, &c.Location, &c.Second, &c.Subject, (*[]byte)(&f.Body))
}

func scanEvent(rows *sql.Rows) (e store.Event, err error) {
	var detail []byte
	c := &e.Concerns
	if err = rows.Scan(&e.Entry, &e.N, &e.Recorded, &e.Thing.Kind, &e.Thing.ID, &c.Tenant, &c.Location, &c.Second, &c.Subject, &e.Type, &detail); err != nil {
		return e, err
	}
	return e, json.Unmarshal(detail, &e.Detail)
}

func scanPersonal(rows *sql.Rows) (p store.Personal, err error) {
	var value []byte
	if err = rows.Scan(&p.Ref, &p.About, &value); err != nil {
		return p, err
	}
	return p, json.Unmarshal(value, &p.Value)
}
