package sqlstore

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// What waits to be written.
type (
	entryRow struct {
		recorded kizuna.Moment
		audit.StoredEntry
		cited []kizuna.Hash
	}
	eventRow struct{ store.Event }

	personalRow struct {
		entry            int64
		concerns         store.Concerns
		ref, about, salt string
		value            []byte
		hash             kizuna.Hash
	}
)

func (r personalRow) personal() (p store.Personal, err error) {
	p = store.Personal{Ref: r.ref, About: r.about}
	return p, json.Unmarshal(r.value, &p.Value)
}

// saltedHash commits to personal data, and to who may see it, without telling
// anything of it: once the salt is erased nobody can try values out.
func (r personalRow) saltedHash() (kizuna.Hash, error) {
	data, err := json.Marshal([]any{r.about, r.concerns, json.RawMessage(r.value)})
	return audit.SaltedHash([]byte(r.salt), data), err
}

// The tables and their columns, in the order in which rows give them.
const (
	recordColumns   = "kind, id, version, entry, recorded, tenant, location, second, subject, valid, due, body"
	factColumns     = "file, n, entry, tbl, key, tenant, location, second, subject, body"
	entryColumns    = "seq, recorded, body, hash"
	eventColumns    = "entry, n, recorded, kind, id, tenant, location, second, subject, type, detail"
	citationColumns = "entry, sha256"
	commandColumns  = "key, digest, entry, recorded, answer"
	personalColumns = "ref, about, entry, tenant, location, second, subject, salt, value, hash, erased"
)

// flush writes what the group's commands recorded.
func (g *group) flush(ctx context.Context) error {
	var rows [][]any
	for _, r := range g.records {
		var due any
		if r.Due != nil {
			due = int64(*r.Due)
		}
		c := r.Concerns
		rows = append(rows, []any{
			string(r.Kind), r.ID, r.Version, r.Entry, int64(r.Recorded),
			c.Tenant, c.Location, c.Second, c.Subject, store.FormatIntervals(r.Valid), due, string(r.Body),
		})
	}
	if err := g.insert("records", recordColumns, rows); err != nil {
		return err
	}
	rows = rows[:0]
	for _, e := range g.entries {
		rows = append(rows, []any{e.Seq, int64(e.recorded), string(e.Canonical), e.Hash.String()})
	}
	if err := g.insert("entries", entryColumns, rows); err != nil {
		return err
	}
	rows = rows[:0]
	for _, e := range g.entries {
		for _, sha := range e.cited {
			rows = append(rows, []any{e.Seq, sha.String()})
		}
	}
	if err := g.insert("citations", citationColumns, rows); err != nil {
		return err
	}
	rows = rows[:0]
	for _, e := range g.events {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		c := e.Concerns
		rows = append(rows, []any{
			e.Entry, e.N, int64(e.Recorded), string(e.Thing.Kind), e.Thing.ID,
			c.Tenant, c.Location, c.Second, c.Subject, e.Type, string(detail),
		})
	}
	if err := g.insert("outbox", eventColumns, rows); err != nil {
		return err
	}
	rows = rows[:0]
	for _, m := range g.learned {
		rows = append(rows, []any{m.key, m.digest, m.entry, int64(m.recorded), m.answer})
	}
	if err := g.insert("commands", commandColumns, rows); err != nil {
		return err
	}
	rows = rows[:0]
	for _, p := range g.personal {
		c := p.concerns
		rows = append(rows, []any{
			p.ref, p.about, p.entry, c.Tenant, c.Location, c.Second, c.Subject, p.salt, string(p.value), p.hash.String(), 0,
		})
	}
	if err := g.insert("personal", personalColumns, rows); err != nil {
		return err
	}
	for ref, entry := range g.erased {
		if err := g.w.exec(ctx, "UPDATE personal SET about = '', salt = '', value = '', erased = ? WHERE ref = ? AND erased = 0", entry, ref); err != nil {
			return err
		}
	}
	return g.ring(ctx)
}

// ring sets the alarms of the things that changed. They are a list of what to look
// at, made from the latest versions, and no part of the record.
func (g *group) ring(ctx context.Context) error {
	var rows [][]any
	last := make(map[store.Thing]*store.Record, len(g.records))
	for _, r := range g.records {
		last[r.Thing] = r
	}
	for _, r := range g.records {
		if last[r.Thing] != r {
			continue
		}
		if before := g.before[r.Thing]; before != nil && before.Due != nil {
			if err := g.w.exec(ctx, "DELETE FROM alarms WHERE kind = ? AND id = ?", string(r.Kind), r.ID); err != nil {
				return err
			}
		}
		if r.Due != nil {
			rows = append(rows, []any{string(r.Kind), r.ID, int64(*r.Due)})
		}
	}
	return g.insert("alarms", "kind, id, due", rows)
}

// insert writes rows many at a time. Few sizes of statement serve every number of
// rows, so that each is prepared once.
func (g *group) insert(table, columns string, rows [][]any) error {
	width := strings.Count(columns, ",") + 1
	one := "(?" + strings.Repeat(", ?", width-1) + ")"
	for _, size := range [...]int{64, 8, 1} {
		for len(rows) >= size {
			args := make([]any, 0, size*width)
			for _, row := range rows[:size] {
				args = append(args, row...)
			}
			query := "INSERT INTO " + table + " (" + columns + ") VALUES " + one + strings.Repeat(", "+one, size-1)
			if err := g.w.exec(g.ctx, query, args...); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// chunks calls fn with lists of parameters of few sizes; a short list is filled up
// with its last value.
func (g *group) chunks(values []any, fn func(in string, args []any) error) error {
	for len(values) > 0 {
		size := 1
		for size < len(values) && size < 64 {
			size *= 8
		}
		n := min(size, len(values))
		args := make([]any, size)
		copy(args, values[:n])
		for i := n; i < size; i++ {
			args[i] = values[n-1]
		}
		if err := fn("?"+strings.Repeat(", ?", size-1), args); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
