package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"math"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// upTo holds for what an entry up to a number recorded, and for what names an
// entry that there is not: that is for the audit to find. What is left out was
// recorded while the audit reads.
func upTo(entry string) string {
	return "(" + entry + " <= ? OR " + entry + " > (SELECT COALESCE(MAX(seq), 0) FROM entries))"
}

// Trail implements [store.Store]. Its parts are read one after the other while
// commands go on, so each is read up to the same entry.
func (s *DB) Trail(ctx context.Context) (*store.Trail, error) {
	last, err := s.last(ctx)
	if err != nil {
		return nil, err
	}
	things := "SELECT " + recordColumns + " FROM records r WHERE " + upTo("entry") + " ORDER BY entry"
	personal := "SELECT " + personalColumns + " FROM personal WHERE "
	t := &store.Trail{Cited: each(ctx, s, scanCitation, "SELECT entry, sha256 FROM citations WHERE "+upTo("entry")+" ORDER BY entry, sha256", last.entry)}
	t.Trail = audit.Trail{
		Entries: s.entries(ctx, 1, last.entry),
		Blocks:  each(ctx, s, scanBlock, "SELECT number, body, signature, leaves FROM blocks WHERE number <= ? ORDER BY number", last.block),
		Content: audit.Content{
			Held: map[audit.Class]iter.Seq2[audit.Held, error]{
				audit.ClassThing:    each(ctx, s, heldThing, things, last.entry),
				audit.ClassFacts:    s.heldFacts(ctx, last.entry),
				audit.ClassPersonal: each(ctx, s, heldPersonal, personal+upTo("entry")+" ORDER BY entry", last.entry),
			},
			Erased: each(ctx, s, heldPersonal,
				personal+"erased <> 0 AND "+upTo("erased")+" ORDER BY erased", last.entry),
		},
	}
	return t, nil
}

// ends are the numbers of the last block and the last entry.
type ends struct{ block, entry int64 }

// last looks at the blocks first: the entries that a block seals were there before it.
func (s *DB) last(ctx context.Context) (e ends, err error) {
	scan := func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }
	for _, part := range []struct {
		to    *int64
		query string
	}{
		{&e.block, "SELECT COALESCE(MAX(number), 0) FROM blocks"},
		{&e.entry, "SELECT COALESCE(MAX(seq), 0) FROM entries"},
	} {
		for n, err := range each(ctx, s, scan, part.query) {
			if err != nil {
				return e, err
			}
			*part.to = n
		}
	}
	return e, nil
}

func (s *DB) entries(ctx context.Context, from, to int64) iter.Seq2[audit.StoredEntry, error] {
	scan := func(rows *sql.Rows) (e audit.StoredEntry, err error) {
		var hash string
		if err := rows.Scan(&e.Seq, &e.Canonical, &hash); err != nil {
			return e, err
		}
		// A hash that is none is found as one that does not match.
		e.Hash, _ = kizuna.ParseHash(hash)
		return e, nil
	}
	return each(ctx, s, scan, "SELECT seq, body, hash FROM entries WHERE seq BETWEEN ? AND ? ORDER BY seq", from, to)
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
func (s *DB) heldFacts(ctx context.Context, last int64) iter.Seq2[audit.Held, error] {
	type set struct {
		file  string
		entry int64
	}
	scan := func(rows *sql.Rows) (f set, err error) { return f, rows.Scan(&f.file, &f.entry) }
	return func(yield func(audit.Held, error) bool) {
		sets := each(ctx, s, scan, "SELECT file, MIN(entry) AS first FROM facts WHERE "+upTo("entry")+" GROUP BY file ORDER BY first, file", last)
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

func scanCitation(rows *sql.Rows) (c store.Citation, err error) {
	var sha string
	if err := rows.Scan(&c.Entry, &sha); err != nil {
		return c, err
	}
	c.SHA256, err = kizuna.ParseHash(sha)
	return c, err
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
	block, err := sealer.Seal(previous, s.entries(ctx, first, math.MaxInt64), s.clock())
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
