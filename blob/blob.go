// Package blob keeps files by the hash of their content: evidence that was handed
// in, and nothing else about it. What is read back is what was put in, or an error.
//
// The stores are blob/dir, a directory, blob/s3, an object store, and blob/memory
// for tests; Azure's and Google's are in the module cloud. blob/blobtest holds what all
// of them must do.
package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/kizuna-org/kizuna"
)

// Ref names content.
type Ref struct {
	SHA256 kizuna.Hash `json:"sha256"`
	Size   int64       `json:"size"`
}

// Store keeps content by its hash. It may be used by many at once. Beside the
// errors named here there are "blob-unwritable" and "blob-unreadable", for what the
// medium refuses, and the context's own.
type Store interface {
	// Put reads r to its end and keeps what it read, durably, once it returns. More
	// than limit bytes are refused ("blob-too-large"). After any error, also one of
	// r's, nothing of it is kept. Putting the same again is no error, and mends
	// content that was damaged.
	Put(ctx context.Context, r io.Reader, limit int64) (Ref, error)
	// Open returns the content ("blob-missing" if there is none). Content that is not
	// what was put in ends in "blob-changed", never in io.EOF, and its last byte is
	// not handed out.
	Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error)
	// Has reports whether there is content; it does not read it.
	Has(ctx context.Context, sum kizuna.Hash) (bool, error)
	// Delete removes content. What is not there is no error.
	Delete(ctx context.Context, sum kizuna.Hash) error
}

// Missing says that there is no such content.
func Missing(sum kizuna.Hash) *kizuna.Error {
	return kizuna.Errorf("blob-missing", "no file with the hash %s is kept", sum).
		WithMend("hand the file in again")
}

// Changed says that content is not what was put in.
func Changed(sum kizuna.Hash) *kizuna.Error {
	return kizuna.Errorf("blob-changed", "the file kept under the hash %s was changed or damaged", sum).
		WithMend("hand the same file in again, or restore it from a backup")
}

// Unwritable says that the medium refused to keep something.
func Unwritable(place string, cause error) error {
	return medium(cause, kizuna.Errorf("blob-unwritable", "no file can be kept in %s", place).
		WithMend("check that it exists, its permissions and its free space"))
}

// Unreadable says that the medium refused to hand something out.
func Unreadable(place string, cause error) error {
	return medium(cause, kizuna.Errorf("blob-unreadable", "files kept in %s cannot be read", place).
		WithMend("check that it exists and its permissions"))
}

// medium leaves alone what is not the medium's: a cancelled context, and what has
// its own message.
func medium(cause error, e *kizuna.Error) error {
	if cause == nil || errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) || kizuna.CodeOf(cause) != "" {
		return cause
	}
	return e.WithCause(cause)
}

// Source reads what is to be put: it counts, hashes, stops at the limit and when
// the context ends.
type Source struct {
	ctx   context.Context
	r     io.Reader
	limit int64
	size  int64
	sum   hash.Hash
	err   error
}

// NewSource wraps r for [Store.Put].
func NewSource(ctx context.Context, r io.Reader, limit int64) *Source {
	return &Source{ctx: ctx, r: r, limit: limit, sum: sha256.New()}
}

// Read reads from the wrapped reader.
func (s *Source) Read(p []byte) (int, error) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.size += int64(n)
	if s.size > s.limit {
		n, err = 0, kizuna.Errorf("blob-too-large", "the file is larger than %d bytes", s.limit).
			WithMend("hand in a smaller file")
	}
	s.sum.Write(p[:n])
	s.err = err
	return n, err
}

// Failed returns the error that reading ended with, nil at the end of the content.
func (s *Source) Failed() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// Ref names what was read so far.
func (s *Source) Ref() (r Ref) {
	s.sum.Sum(r.SHA256[:0])
	r.Size = s.size
	return r
}

// Verified wraps content that a place holds, of the size that the place says, so
// that it keeps the promise of [Store.Open].
func Verified(ctx context.Context, place string, content io.ReadCloser, want Ref) io.ReadCloser {
	return &verified{ctx: ctx, place: place, content: content, want: want.SHA256, left: want.Size, sum: sha256.New()}
}

type verified struct {
	ctx     context.Context
	place   string
	content io.ReadCloser
	want    kizuna.Hash
	left    int64
	sum     hash.Hash
	err     error
}

func (v *verified) Read(p []byte) (n int, err error) {
	if v.err == nil {
		v.err = v.ctx.Err()
	}
	if v.err == nil && len(p) > 0 {
		n = v.read(p)
	}
	return n, v.err
}

// read judges the content before it hands out the last of it.
func (v *verified) read(p []byte) int {
	n, err := v.content.Read(p)
	v.sum.Write(p[:n])
	v.left -= int64(n)
	if err == nil && v.left <= 0 {
		var more [1]byte
		switch _, err = io.ReadFull(v.content, more[:]); err {
		case io.EOF:
		case nil:
			v.left, err = -1, io.EOF // longer than the place said
		default:
			n = 0
		}
	}
	switch {
	case err == nil:
	case err != io.EOF:
		v.err = Unreadable(v.place, err)
	case v.left != 0 || kizuna.Hash(v.sum.Sum(nil)) != v.want:
		n, v.err = 0, Changed(v.want)
	default:
		v.err = io.EOF
	}
	return n
}

func (v *verified) Close() error { return v.content.Close() }
