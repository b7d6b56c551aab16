package audit

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/kizuna-org/kizuna"
)

// ExportFormat is the version of the export's form.
const ExportFormat = "kizuna-audit-1"

// maxLine bounds a line of an export: an entry in base64 and what is around it.
const maxLine = MaxEntrySize/3*4 + 1<<16

// Header is the first line of an export.
type Header struct {
	Format     string        `json:"format"`
	ExportedAt kizuna.Moment `json:"exported_at"`
	Key        []byte        `json:"key"` // the Ed25519 key that signs the first block
}

// End is the last line of an export: a file without it was cut off.
type End struct {
	Entries int64 `json:"entries"`
	Blocks  int64 `json:"blocks"`
}

// line is any line of an export. Entries and blocks stand as they are kept, byte
// for byte; what is no JSON (a trail that was damaged is exported all the same)
// stands as bytes.
type line struct {
	Header *Header `json:"header"`
	End    *End    `json:"end"`

	Seq    *int64          `json:"seq"`
	SHA256 kizuna.Hash     `json:"sha256"`
	Entry  json.RawMessage `json:"entry"`

	Number    *int64          `json:"number"`
	Signature []byte          `json:"signature"`
	Leaves    []byte          `json:"leaves"`
	Block     json.RawMessage `json:"block"`

	Bytes []byte `json:"bytes"`
}

// WriteExport writes the whole trail as JSON Lines: a header, the entries, each
// block after those that it seals, and an end. Content is not exported: entries
// carry its hashes.
func WriteExport(w io.Writer, h Header, t Trail) error {
	h.Format = ExportFormat
	header, err := json.Marshal(map[string]Header{"header": h})
	if err != nil {
		return err
	}
	x := exporter{w: bufio.NewWriter(w)}
	fmt.Fprintf(x.w, "%s\n", header)
	if err := x.trail(t); err != nil {
		return err
	}
	fmt.Fprintf(x.w, "{\"end\":{\"entries\":%d,\"blocks\":%d}}\n", x.count.Entries, x.count.Blocks)
	return x.w.Flush()
}

type exporter struct {
	w     *bufio.Writer // keeps the first error until it is flushed
	count End
}

func (x *exporter) trail(t Trail) error {
	blocks, stop := iter.Pull2(orEmpty(t.Blocks))
	defer stop()
	block, err, more := blocks()
	for e, failed := range orEmpty(t.Entries) {
		for more && err == nil && block.last() < e.Seq {
			x.block(&block)
			block, err, more = blocks()
		}
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		x.entry(&e)
	}
	for more && err == nil {
		x.block(&block)
		block, err, more = blocks()
	}
	return err
}

// last places a block among the entries; one that cannot be read comes at once.
func (s *SealedBlock) last() int64 {
	b, err := s.Block()
	if err != nil {
		return 0
	}
	return b.Last
}

func (x *exporter) entry(e *StoredEntry) {
	x.count.Entries++
	fmt.Fprintf(x.w, `{"seq":%d,"sha256":"%s",`, e.Seq, e.Hash)
	x.kept("entry", e.Canonical)
}

func (x *exporter) block(b *SealedBlock) {
	x.count.Blocks++
	fmt.Fprintf(x.w, `{"number":%d,"signature":"%s","leaves":"%s",`, b.Number,
		base64.StdEncoding.EncodeToString(b.Signature), base64.StdEncoding.EncodeToString(b.Leaves))
	x.kept("block", b.Canonical)
}

func (x *exporter) kept(name string, data []byte) {
	if json.Valid(data) && verbatim(data) {
		fmt.Fprintf(x.w, `"%s":%s}`+"\n", name, data)
	} else {
		fmt.Fprintf(x.w, `"bytes":"%s"}`+"\n", base64.StdEncoding.EncodeToString(data))
	}
}

// verbatim reports whether JSON can stand in a line and be read back byte for byte.
func verbatim(data []byte) bool {
	return !bytes.ContainsAny(data, "\r\n") && len(bytes.TrimSpace(data)) == len(data) && !bytes.Equal(data, []byte("null"))
}

// Export is an export that is read from a file.
type Export struct {
	Header Header
	file   string
	r      io.ReaderAt
	size   int64
}

// OpenExport reads the header of an export. The file's name is for messages.
func OpenExport(file string, r io.ReaderAt, size int64) (*Export, error) {
	x := &Export{file: file, r: r, size: size}
	for l, err := range x.lines() {
		if err != nil {
			return nil, err
		}
		if h := l.content.Header; h != nil && h.Format == ExportFormat && len(h.Key) == ed25519.PublicKeySize {
			x.Header = *h
			return x, nil
		}
		break
	}
	return nil, kizuna.Errorf("audit-no-export", "%s is no audit trail that Kizuna exported", file).
		WithMend("make one with: kizuna audit export")
}

// Entries reads the entries that can be read.
func (x *Export) Entries() iter.Seq2[StoredEntry, error] {
	return only(x.lines(), func(l *numbered) (StoredEntry, bool) { return l.entry() })
}

// Blocks reads the blocks that can be read.
func (x *Export) Blocks() iter.Seq2[SealedBlock, error] {
	return only(x.lines(entryLine), func(l *numbered) (SealedBlock, bool) { return l.block() })
}

// Verify verifies the export. Without a key in the check the file's own is taken,
// and the report says that it is not trusted: the trail is then consistent, but
// whoever made the file may have made the key. The file is read by two at a time,
// and never held.
func (x *Export) Verify(c Check) (*Report, error) {
	trusted := c.Key != nil
	if !trusted {
		c.Key = x.Header.Key
	}
	found := newFindings(c)
	r, err := verify(Trail{Entries: x.account(found), Blocks: x.Blocks()}, c, found)
	if err == nil {
		r.Trusted = trusted
	}
	return r, err
}

// account reads the entries and, on the way, names the lines that nothing else
// will miss.
func (x *Export) account(found *findings) iter.Seq2[StoredEntry, error] {
	var (
		count, end End
		ended      bool
		last       int64
	)
	take := func(l *numbered) (e StoredEntry, isEntry bool) {
		last = l.number
		e, isEntry = l.entry()
		switch {
		case ended: // nothing comes after the end
			isEntry = false
			found.add(FileLine, last, last)
		case isEntry:
			count.Entries++
		case l.isBlock():
			count.Blocks++
		case l.content.End != nil:
			end, ended = *l.content.End, true
		case l.content.Header == nil || last != 1:
			found.add(FileLine, last, last)
		}
		return e, isEntry
	}
	return func(yield func(StoredEntry, error) bool) {
		for e, err := range only(x.lines(), take) {
			if !yield(e, err) {
				return
			}
		}
		if !ended || end != count {
			found.add(FileCut, last, last)
		}
	}
}

// numbered is a line with its number in the file; its content is empty if it
// cannot be read.
type numbered struct {
	number  int64
	content line
}

func (l *numbered) entry() (StoredEntry, bool) {
	c := &l.content
	canonical := kept(c.Entry, c.Bytes)
	return StoredEntry{deref(c.Seq), canonical, c.SHA256}, c.Seq != nil && canonical != nil
}

func (l *numbered) block() (SealedBlock, bool) {
	c := &l.content
	return SealedBlock{deref(c.Number), kept(c.Block, c.Bytes), c.Signature, c.Leaves}, l.isBlock()
}

func (l *numbered) isBlock() bool {
	c := &l.content
	return c.Number != nil && c.Seq == nil && kept(c.Block, c.Bytes) != nil
}

func kept(raw json.RawMessage, other []byte) []byte {
	if raw != nil {
		return raw
	}
	return other
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// entryLine begins an entry as [WriteExport] writes it; who looks for blocks need
// not read further.
const entryLine = `{"seq":`

func (x *Export) lines(skip ...string) iter.Seq2[*numbered, error] {
	return func(yield func(*numbered, error) bool) {
		r := bufio.NewReaderSize(io.NewSectionReader(x.r, 0, x.size), 64<<10)
		for n := int64(1); ; n++ {
			data, err := readLine(r)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, kizuna.Errorf("audit-export-unreadable", "%s cannot be read", x.file).WithCause(err))
				return
			}
			if slices.ContainsFunc(skip, func(s string) bool { return bytes.HasPrefix(data, []byte(s)) }) {
				continue
			}
			l := &numbered{number: n}
			if json.Unmarshal(data, &l.content) != nil {
				l.content = line{}
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// readLine returns the next line, nil for one that is too long, and io.EOF after
// the last.
func readLine(r *bufio.Reader) ([]byte, error) {
	var out []byte
	tooLong, any := false, false
	for {
		part, err := r.ReadSlice('\n')
		any = any || len(part) > 0
		if tooLong = tooLong || len(out)+len(part) > maxLine; tooLong {
			out = nil
		} else {
			out = append(out, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && any:
			return out, nil
		default:
			return out, err
		}
	}
}

func only[T any](lines iter.Seq2[*numbered, error], take func(*numbered) (T, bool)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for l, err := range lines {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if v, ok := take(l); ok && !yield(v, nil) {
				return
			}
		}
	}
}

func orEmpty[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	if seq == nil {
		return func(func(T, error) bool) {}
	}
	return seq
}
