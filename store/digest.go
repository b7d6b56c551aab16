package store

import (
	"crypto/sha256"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Digest is the SHA-256 of all that a version says; the audit entry that recorded
// it carries it. Each part is preceded by its length, so that no two records write
// the same bytes.
func (r *Record) Digest() kizuna.Hash {
	h := sha256.New()
	due := ""
	if r.Due != nil {
		due = strconv.FormatInt(int64(*r.Due), 10)
	}
	write(h, string(r.Kind), r.ID, strconv.FormatInt(r.Version, 10),
		r.Concerns.Tenant, r.Concerns.Location, r.Concerns.Second, r.Concerns.Subject,
		FormatIntervals(r.Valid), due, string(r.Body))
	return kizuna.Hash(h.Sum(nil))
}

// FactDigester adds up the rows of a file, in order, to one SHA-256.
type FactDigester struct{ h hash.Hash }

// NewFactDigester returns a digester of no rows.
func NewFactDigester() *FactDigester { return &FactDigester{sha256.New()} }

// Add takes the next row.
func (d *FactDigester) Add(f *Fact) {
	write(d.h, f.Table, f.Key, f.Concerns.Tenant, f.Concerns.Location, f.Concerns.Second, f.Concerns.Subject, string(f.Body))
}

// Sum returns the digest of the rows so far.
func (d *FactDigester) Sum() kizuna.Hash { return kizuna.Hash(d.h.Sum(nil)) }

func write(w io.Writer, parts ...string) {
	var length [20]byte
	for _, p := range parts {
		_, _ = w.Write(append(strconv.AppendInt(length[:0], int64(len(p)), 10), ':'))
		_, _ = io.WriteString(w, p)
	}
}

// FormatIntervals writes intervals as "FROM/TO,FROM/TO" in seconds since 1970; an
// open end is empty.
func FormatIntervals(in kizuna.Intervals) string {
	var b strings.Builder
	for i, v := range in {
		if i > 0 {
			b.WriteByte(',')
		}
		if v.From != kizuna.Never {
			b.WriteString(strconv.FormatInt(int64(v.From), 10))
		}
		b.WriteByte('/')
		if v.To != kizuna.Forever {
			b.WriteString(strconv.FormatInt(int64(v.To), 10))
		}
	}
	return b.String()
}

// ParseIntervals reads what [FormatIntervals] writes.
func ParseIntervals(s string) (kizuna.Intervals, error) {
	if s == "" {
		return nil, nil
	}
	var out kizuna.Intervals
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(part, "/")
		v := kizuna.Always
		if !ok || !parseEnd(from, &v.From) || !parseEnd(to, &v.To) {
			return nil, kizuna.Errorf("intervals", "%q are no intervals", s)
		}
		out = append(out, v)
	}
	return out, nil
}

func parseEnd(s string, t *kizuna.Instant) bool {
	if s == "" {
		return true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*t = kizuna.Instant(n)
	return err == nil
}
