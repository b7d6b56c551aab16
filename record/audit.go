package record

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Verification is what verifying the record found.
type Verification struct {
	*audit.Report
	// Files says that the files which entries rely on were read too.
	Files bool `json:"files"`
}

// Audit verifies the audit trail and everything that it speaks of, files included.
func (r *Record) Audit(ctx context.Context, check audit.Check) (*Verification, error) {
	trail, err := r.store.Trail(ctx)
	if err != nil {
		return nil, err
	}
	if r.blobs != nil {
		trail.Content.Held[audit.ClassBlob] = r.heldFiles(ctx, trail.Cited)
	}
	report, err := audit.Verify(trail.Trail, check)
	return &Verification{report, r.blobs != nil}, err
}

// heldFiles hashes each file that entries rely on anew, once.
func (r *Record) heldFiles(ctx context.Context, cited iter.Seq2[store.Citation, error]) iter.Seq2[audit.Held, error] {
	type state struct {
		sum kizuna.Hash // none if it was changed
		has bool
	}
	known := make(map[kizuna.Hash]state)
	return func(yield func(audit.Held, error) bool) {
		for c, err := range cited {
			if err != nil {
				yield(audit.Held{}, err)
				return
			}
			s, ok := known[c.SHA256]
			if !ok {
				s.sum, s.has, err = rehash(ctx, r.blobs, c.SHA256)
				if err != nil {
					yield(audit.Held{}, err)
					return
				}
				known[c.SHA256] = s
			}
			held := audit.Held{Seq: c.Entry, Subject: audit.Subject{Class: audit.ClassBlob, ID: c.SHA256.String()}, SHA256: s.sum}
			if s.has && !yield(held, nil) {
				return
			}
		}
	}
}

// rehash reads a file; the hash is none if it is not what was put in.
func rehash(ctx context.Context, blobs blob.Store, want kizuna.Hash) (sum kizuna.Hash, has bool, err error) {
	content, err := blobs.Open(ctx, want)
	if err == nil {
		_, err = io.Copy(io.Discard, content)
		err = errors.Join(err, content.Close())
	}
	switch kizuna.CodeOf(err) {
	case "":
		return want, err == nil, err
	case "blob-missing":
		return sum, false, nil
	case "blob-changed":
		return sum, true, nil
	}
	return sum, false, err
}

// Note leaves an entry in the audit trail that records nothing else: that a key
// was changed.
func (r *Record) Note(ctx context.Context, actor lifecycle.Actor, action string) error {
	_, _, err := do(ctx, r, Ask{Actor: actor}, action, nil, func(*session) (struct{}, error) { return struct{}{}, nil })
	return err
}
