package record

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// File is evidence as it is handed in.
type File struct {
	Name     string // as its owner calls it: that may name people
	Content  io.Reader
	Shows    []string
	SignedOn kizuna.Date
}

// AddEvidence puts a file with a claim.
func (r *Record) AddEvidence(ctx context.Context, ask Ask, id string, file File) (*ClaimOutcome, error) {
	return r.withEvidence(ctx, ask, id, claim.AddEvidence, &file)
}

// DisputeClaim disputes a rejection with the comment, a file, or both.
func (r *Record) DisputeClaim(ctx context.Context, ask Ask, id string, file *File) (*ClaimOutcome, error) {
	return r.withEvidence(ctx, ask, id, claim.Dispute, file)
}

// withEvidence keeps the file first, outside of the transaction, then takes the
// step. If the step is refused, a file stays that nothing relies on.
func (r *Record) withEvidence(ctx context.Context, ask Ask, id string, action lifecycle.Action, file *File) (*ClaimOutcome, error) {
	var e *claim.Evidence
	var name string
	if file != nil {
		// Nobody fills the place of files for claims that are none of their business.
		view, err := r.View(ctx, ask.Actor, nil, 0)
		if err != nil {
			return nil, err
		}
		if _, err := r.store.Get(ctx, view, claims.thing(id)); err != nil {
			return nil, err
		}
		if e, err = r.keepFile(ctx, ask, file); err != nil {
			return nil, err
		}
		name = file.Name
	}
	return r.claim(ctx, ask, id, action, []any{e, name}, func(s *session, c claim.Claim) (st claim.Step, err error) {
		if e == nil {
			return st, nil
		}
		kept := *e
		if name != "" {
			if kept.Name, err = s.Keep(aboutActor(s.ask.Actor), claims.concerns(&c), map[string]string{"file": name}); err != nil {
				return st, err
			}
		}
		sum, err := kizuna.ParseHash(kept.Hash)
		if err != nil {
			return st, err
		}
		s.Cite(sum)
		return claim.Step{Evidence: &kept}, nil
	})
}

// keepFile puts the content where files are kept. It is cut off as soon as it is
// larger than the program allows.
func (r *Record) keepFile(ctx context.Context, ask Ask, file *File) (*claim.Evidence, error) {
	if r.blobs == nil {
		return nil, noFiles()
	}
	at := r.clock().Instant()
	if ask.At != nil {
		at = *ask.At
	}
	p, err := r.rulesOn(at.Date())
	if err != nil {
		return nil, err
	}
	rules, err := claim.RulesOf(p)
	if err != nil {
		return nil, err
	}
	limit := rules.Evidence.MaxBytes()
	kept, err := r.blobs.Put(ctx, file.Content, limit)
	if kizuna.CodeOf(err) == "blob-too-large" {
		return nil, kizuna.Errorf("evidence-size", "the file is larger than the %d MiB that are allowed", rules.Evidence.MaxMebibytes).
			WithMend("split it or save it smaller").WithCause(err)
	}
	if err != nil {
		return nil, err
	}
	kind, err := r.mediaType(ctx, kept.SHA256, limit)
	if err != nil {
		return nil, err
	}
	return &claim.Evidence{
		Hash: kept.SHA256.String(), Size: kept.Size, MediaType: kind,
		Shows: slices.Clone(file.Shows), SignedOn: file.SignedOn,
	}, nil
}

func noFiles() error {
	return kizuna.Errorf("record-no-files", "this record has no place for files").
		WithMend("say where they are kept: --blobs DIR or --blobs s3://BUCKET/PREFIX")
}

// mediaType says what a file is by what is in it: names lie.
func (r *Record) mediaType(ctx context.Context, sum kizuna.Hash, limit int64) (_ string, err error) {
	content, err := r.blobs.Open(ctx, sum)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	data, err := io.ReadAll(io.LimitReader(content, limit))
	if err != nil {
		return "", err
	}
	return MediaTypeOf(data), nil
}

const (
	documents  = "application/vnd.openxmlformats-officedocument."
	zipArchive = "application/zip"
)

// MediaTypeOf says what content is: what browsers recognize, and of packed office
// files which kind; one that carries programs is told apart.
func MediaTypeOf(data []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if kind != zipArchive {
		return kind
	}
	// Only the names are read; nothing is unpacked.
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return kind
	}
	names := make(map[string]bool)
	for _, f := range archive.File {
		names[f.Name] = true
		if strings.HasSuffix(strings.ToLower(f.Name), "vbaproject.bin") {
			return "application/vnd.ms-office.vbaProject"
		}
	}
	if !names["[Content_Types].xml"] {
		return kind
	}
	switch {
	case names["word/document.xml"]:
		return documents + "wordprocessingml.document"
	case names["ppt/presentation.xml"]:
		return documents + "presentationml.presentation"
	case names["xl/workbook.xml"]:
		return documents + "spreadsheetml.sheet"
	}
	return kind
}

// Evidence opens a file of a claim's, named by its place from 1 or by the beginning
// of its hash. Only the parties and reviewers read evidence. It is content from
// strangers: write it to a file, show it to nobody's browser.
func (r *Record) Evidence(ctx context.Context, actor lifecycle.Actor, id, which string) (*claim.Evidence, io.ReadCloser, error) {
	view, err := r.View(ctx, actor, nil, 0)
	if err != nil {
		return nil, nil, err
	}
	found, err := r.Claim(ctx, view, id)
	if err != nil {
		return nil, nil, err
	}
	switch actor.Role {
	case lifecycle.Partner, lifecycle.Customer, lifecycle.Owner, lifecycle.Reviewer:
	default:
		return nil, nil, kizuna.Errorf("evidence-access", "a %s does not read evidence", actor.Role).
			WithMend("the claim's partner, its customer and reviewers do")
	}
	e, err := pick(found.Value.Evidence, which)
	if err != nil {
		return nil, nil, err
	}
	if r.blobs == nil {
		return nil, nil, noFiles()
	}
	sum, err := kizuna.ParseHash(e.Hash)
	if err != nil {
		return nil, nil, err
	}
	content, err := r.blobs.Open(ctx, sum)
	return e, content, err
}

// shortHash is how many digits of a hash name a file at least.
const shortHash = 6

func pick(files []claim.Evidence, which string) (*claim.Evidence, error) {
	if n, err := strconv.Atoi(which); err == nil && n >= 1 && n <= len(files) {
		return &files[n-1], nil
	}
	var found []*claim.Evidence
	for i := range files {
		if len(which) >= shortHash && strings.HasPrefix(files[i].Hash, association.Fold(which)) {
			found = append(found, &files[i])
		}
	}
	if len(found) != 1 {
		return nil, kizuna.Errorf("evidence-which", "the claim has no file %q among its %d", which, len(files)).
			WithMend("name it by its number or by the beginning of its hash, as kizuna claim show lists them")
	}
	return found[0], nil
}

// Claim reads a claim.
func (r *Record) Claim(ctx context.Context, v store.View, id string) (*Item[claim.Claim], error) {
	return get(ctx, r, claims, v, id)
}

// Claims lists the claims that match, in order of id.
func (r *Record) Claims(ctx context.Context, view store.View, q store.Query) Items[claim.Claim] {
	return find(ctx, r, claims, view, q)
}

// Rivals lists the other claims on the same thing that the view shows.
func (r *Record) Rivals(ctx context.Context, view store.View, c *claim.Claim) Items[claim.Claim] {
	all := r.Claims(ctx, view, store.Query{Subject: claimed(&c.Details)})
	return func(yield func(*Item[claim.Claim], error) bool) {
		for other, err := range all {
			if err == nil && other.Value.ID == c.ID {
				continue
			}
			if !yield(other, err) {
				return
			}
		}
	}
}
