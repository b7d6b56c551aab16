package segmentcache

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// The file of places: the magic, then a zstd stream with its checksum. In it: which
// segment they belong to, a record for each customer with resources or without, with the
// numbers of the statements that have rows of it, and an end. Ids and scopes follow each other in order, so each is written by what it
// shares with the one before.
const (
	placesMagic = "KIZUNAp2"
	longest     = 1 << 16 // of a text

	mostStatements = 1 << 30
)

const (
	placesEnd byte = iota
	placesTenant
)

// identity says which segment places belong to.
type identity struct {
	Usage kizuna.Hash `json:"usage"`
	Facts kizuna.Hash `json:"facts"`
}

// placed is a record: a customer's place, and which of the statements that the segment
// was built from have rows of it, by number, in order.
type placed struct {
	segment.Place
	statements []int
}

// placesWriter writes places; the first error is kept until close.
type placesWriter struct {
	out     *zstd.Encoder
	scratch []byte
	err     error
}

func newPlacesWriter(w io.Writer, of identity) (*placesWriter, error) {
	if _, err := io.WriteString(w, placesMagic); err != nil {
		return nil, err
	}
	out, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	p := &placesWriter{out: out}
	p.write(append(of.Usage[:], of.Facts[:]...))
	return p, nil
}

func (p *placesWriter) write(data []byte) {
	if p.err == nil {
		_, p.err = p.out.Write(data)
	}
}

// put writes a customer's places.
func (p *placesWriter) put(of *segment.Place, statements []int) error {
	b := append(p.scratch[:0], placesTenant)
	b = appendShared(b, "", of.Tenant)
	b = append(b, of.Digest[:]...)
	b = binary.AppendUvarint(b, uint64(len(of.Resources)))
	var last association.Resource
	for _, r := range of.Resources {
		b = appendShared(b, last.Subscription, r.Subscription)
		b = appendShared(b, last.Scope, r.Scope)
		b = appendShared(b, last.Workload, r.Workload)
		last = r
	}
	b = binary.AppendUvarint(b, uint64(len(statements)))
	before := 0
	for _, n := range statements {
		b = binary.AppendUvarint(b, uint64(n-before))
		before = n
	}
	p.scratch = b
	p.write(b)
	return p.err
}

func (p *placesWriter) close() error {
	p.write([]byte{placesEnd})
	return errors.Join(p.err, p.out.Close())
}

// appendShared writes a text by what it shares with the one before.
func appendShared(dst []byte, before, text string) []byte {
	n := 0
	for n < min(len(before), len(text)) && before[n] == text[n] {
		n++
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = binary.AppendUvarint(dst, uint64(len(text)-n))
	return append(dst, text[n:]...)
}

var errPlaces = errors.New("no places of this segment")

// readPlaces yields places. A record is reused for the next. The last error, if there
// is one, says that the rest is missing or damaged.
func readPlaces(r io.Reader, of identity) iter.Seq2[*placed, error] {
	return func(yield func(*placed, error) bool) {
		if err := eachPlace(r, of, func(p *placed) bool { return yield(p, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func eachPlace(r io.Reader, of identity, visit func(*placed) bool) error {
	var start [len(placesMagic)]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:]) != placesMagic {
		return errPlaces
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(16<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	in := &placesReader{in: bufio.NewReader(z)}
	var found identity
	in.fill(found.Usage[:])
	in.fill(found.Facts[:])
	if in.err == nil && found != of {
		return errPlaces
	}
	var p placed
	for in.err == nil {
		switch kind, err := in.in.ReadByte(); {
		case err != nil:
			in.err = err
		case kind == placesEnd:
			_, err := in.in.ReadByte() // the checksum is verified at the end
			if err == io.EOF {
				return nil
			}
			return errors.Join(errPlaces, err)
		case kind != placesTenant:
			return errPlaces
		default:
			if in.place(&p); in.err == nil && !visit(&p) {
				return nil
			}
		}
	}
	return errors.Join(errPlaces, in.err)
}

// placesReader reads parts of a record; the first error is kept.
type placesReader struct {
	in      *bufio.Reader
	scratch []byte
	err     error
}

func (p *placesReader) fill(out []byte) {
	if p.err == nil {
		_, p.err = io.ReadFull(p.in, out)
	}
}

func (p *placesReader) number() (n uint64) {
	if p.err == nil {
		n, p.err = binary.ReadUvarint(p.in)
	}
	return n
}

func (p *placesReader) text(before string) string {
	shared, more := p.number(), p.number()
	switch {
	case p.err != nil:
		return ""
	case shared > uint64(len(before)) || more > longest || shared+more > longest:
		p.err = errPlaces
		return ""
	case more == 0:
		return before[:shared]
	}
	p.scratch = append(p.scratch[:0], before[:shared]...)
	p.scratch = append(p.scratch, make([]byte, more)...)
	p.fill(p.scratch[shared:])
	return string(p.scratch)
}

func (p *placesReader) place(out *placed) {
	out.Tenant = p.text("")
	p.fill(out.Digest[:])
	out.Resources = out.Resources[:0]
	var last association.Resource
	for n := p.number(); n > 0 && p.err == nil; n-- {
		last.Subscription, last.Scope, last.Workload = p.text(last.Subscription), p.text(last.Scope), p.text(last.Workload)
		out.Resources = append(out.Resources, last)
	}
	out.statements = out.statements[:0]
	number := 0
	for n := p.number(); n > 0 && p.err == nil; n-- {
		step := p.number()
		if step > mostStatements-uint64(number) {
			p.err = errPlaces
			return
		}
		number += int(step)
		out.statements = append(out.statements, number)
	}
}

// places is where places lie: in a file, or packed in memory. The zero places are nowhere.
type places struct {
	path   string
	packed []byte
	of     identity
}

// open reads them. The errors are those of opening a file, and of [readPlaces].
func (p *places) open() (iter.Seq2[*placed, error], io.Closer, error) {
	if p.packed != nil {
		return readPlaces(bytes.NewReader(p.packed), p.of), io.NopCloser(nil), nil
	}
	f, err := os.Open(p.path)
	if err != nil {
		return nil, nil, err
	}
	return readPlaces(bufio.NewReaderSize(f, 1<<18), p.of), f, nil
}

// placesBeside is the file of places beside that of a segment.
func placesBeside(segment string) string {
	return strings.TrimSuffix(segment, filepath.Ext(segment)) + placeFile
}
