package sqlstore

import (
	"context"
	"database/sql"
	"iter"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// Trail implements [store.Store].
func (s *DB) Trail(ctx context.Context) audit.Trail {
	return audit.Trail{
		Entries: s.entries(ctx, 1),
		Blocks:  each(ctx, s, scanBlock, "SELECT number, body, signature, leaves FROM blocks ORDER BY number"),
		Content: audit.Content{
			Held: map[audit.Class]iter.Seq2[audit.Held, error]{
				audit.ClassThing:    each(ctx, s, heldThing, "SELECT "+recordColumns+" FROM records r ORDER BY entry"),
				audit.ClassFacts:    s.heldFacts(ctx),
				audit.ClassPersonal: each(ctx, s, heldPersonal, "SELECT "+personalColumns+" FROM personal ORDER BY entry"),
			},
			Erased: each(ctx, s, heldPersonal, "SELECT "+personalColumns+" FROM personal WHERE erased <> 0 ORDER BY erased"),
		},
	}
}

func (s *DB) entries(ctx context.Context, from int64) iter.Seq2[audit.StoredEntry, error] {
	scan := func(rows *sql.Rows) (e audit.StoredEntry, err error) {
		var hash string
		if err := rows.Scan(&e.Seq, &e.Canonical, &hash); err != nil {
			return e, err
		}
		// A hash that is none is found as one that does not match.
		e.Hash, _ = kizuna.ParseHash(hash)
		return e, nil
	}
	return each(ctx, s, scan, "SELECT seq, body, hash FROM entries WHERE seq >= ? ORDER BY seq", from)
}

func scanBlock(rows *sql.Rows) (b audit.SealedBlock, err error) {
	return b, rows.Scan(&b.Number, &b.Canonical, &b.Signature, &b.Leaves)
}

func heldThing(rows *sql.Rows) (h audit.Held, err error) {
	r, err := scanRecord(rows)
	if err != nil {
		return h, err
	}
	return audit.Held{
		Seq:     r.Entry,
		Subject: audit.Subject{Class: audit.ClassThing, Kind: string(r.Kind), ID: r.ID, Version: r.Version},
		SHA256:  r.Digest(),
	}, nil
}

func heldPersonal(rows *sql.Rows) (h audit.Held, err error) {
	var p personalRow
	var hash string // what the row says; the entry has the last word
	c := &p.concerns
	err = rows.Scan(&p.ref, &p.about, &p.entry, &c.Tenant, &c.Location, &c.Second, &c.Subject, &p.salt, &p.value, &hash, &h.Erased)
	if err != nil {
		return h, err
	}
	h.Seq, h.Subject = p.entry, erasedSubject(p.ref)
	if h.Erased == 0 {
		// Data that is no JSON any more was changed: it has no hash.
		h.SHA256, _ = p.saltedHash()
	}
	return h, nil
}

// heldFacts hashes the rows of every imported file anew.
func (s *DB) heldFacts(ctx context.Context) iter.Seq2[audit.Held, error] {
	type set struct {
		file  string
		entry int64
	}
	scan := func(rows *sql.Rows) (f set, err error) { return f, rows.Scan(&f.file, &f.entry) }
	return func(yield func(audit.Held, error) bool) {
		sets := each(ctx, s, scan, "SELECT file, MIN(entry) AS first FROM facts GROUP BY file ORDER BY first, file")
		for f, err := range sets {
			h := audit.Held{Seq: f.entry, Subject: audit.Subject{Class: audit.ClassFacts, ID: f.file}}
			if err == nil {
				digester := store.NewFactDigester()
				for fact, broken := range s.Facts(ctx, store.View{Scope: store.Everything}, f.file) {
					if err = broken; err != nil {
						break
					}
					digester.Add(fact)
				}
				h.SHA256 = digester.Sum()
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

// Cited implements [store.Store].
func (s *DB) Cited(ctx context.Context) iter.Seq2[store.Citation, error] {
	scan := func(rows *sql.Rows) (c store.Citation, err error) {
		var sha string
		if err := rows.Scan(&c.Entry, &sha); err != nil {
			return c, err
		}
		c.SHA256, err = kizuna.ParseHash(sha)
		return c, err
	}
	return each(ctx, s, scan, "SELECT entry, sha256 FROM citations ORDER BY entry, sha256")
}

// Seal implements [store.Store]. Entries are committed in the order of their
// numbers, so that those which can be read are all there will ever be up to the
// last of them: the block is made aside, and writers wait only while it is added.
func (s *DB) Seal(ctx context.Context, sealer audit.Sealer) (*audit.SealedBlock, error) {
	var previous *audit.SealedBlock
	first := int64(1)
	for b, err := range each(ctx, s, scanBlock, "SELECT number, body, signature, leaves FROM blocks ORDER BY number DESC LIMIT 1") {
		if err != nil {
			return nil, err
		}
		sealed, err := b.Block()
		if err != nil {
			return nil, err
		}
		previous, first = &b, sealed.Last+1
	}
	block, err := sealer.Seal(previous, s.entries(ctx, first), s.clock())
	if block == nil || err != nil {
		return nil, err
	}
	added := false
	err = s.alone(ctx, func(ctx context.Context, w *writer) error {
		rows, err := w.query(ctx, "SELECT number FROM blocks WHERE number >= ?", block.Number)
		if err != nil {
			return err
		}
		added = !rows.Next()
		if err := rows.Close(); err != nil || !added {
			return err
		}
		return w.exec(ctx, "INSERT INTO blocks (number, body, signature, leaves) VALUES (?, ?, ?, ?)",
			block.Number, string(block.Canonical), block.Signature, block.Leaves)
	})
	if err != nil || !added {
		return nil, err
	}
	return block, nil
}
