// Package pack holds many ledgers in few bytes, so that how a whole fleet stands on a
// day is told without reading the record: some 350 bytes for a company's two years where
// the record has 10 kB.
//
// A pack holds what ledgers say, all of it: findings in the order of their days, events
// as they are. Digests, and what else only an answer shows and no standing rests on, lie
// apart, so that counting does not read them.
//
// Every byte is under a checksum. What is damaged is found, never taken for something
// else; whoever keeps packs builds another one then.
package pack

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"sync/atomic"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/internal/parallel"
	"github.com/kizuna-org/kizuna/membership"
)

// The file: the magic, blocks of ledgers, the names, the index, the head, the trailer.
// All fixed numbers are little-endian.
const (
	magic       = "KIZUNAm1"
	trailerSize = sections*partSize + 4 + len(magic)

	// blockSize is when a block is full: many blocks for every processor, and each read at once.
	blockSize = 64 << 10

	sections = 3
	partSize = 16 // of what says where a part is
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Head says what a pack was made from.
type Head struct {
	Entry    int64         `json:"entry"`    // the last one of the audit trail that it knows
	Recorded kizuna.Moment `json:"recorded"` // when that was recorded
	Hash     kizuna.Hash   `json:"hash"`     // what that says
}

// One is a ledger and the id under which the record has it.
type One struct {
	ID     string
	Ledger membership.Ledger
}

// part is a stretch of the file.
type part struct {
	offset uint64
	length uint32
	sum    uint32
}

// block is a place in the index.
type block struct {
	hot, cold part
	ledgers   uint32
}

const blockEntry = 2*partSize + 4

// Pack is a pack that is read. It is safe for concurrent use.
type Pack struct {
	Head    Head
	Ledgers int

	in     io.ReaderAt
	names  []string
	blocks []block
}

// errDamaged is the cause of what cannot be read.
var errDamaged = errors.New("a checksum or a length is wrong")

// Open reads what a pack says of itself. The error is "pack-damaged".
func Open(in io.ReaderAt, size int64) (*Pack, error) {
	p := &Pack{in: in}
	if err := p.open(size); err != nil {
		return nil, damaged(err)
	}
	return p, nil
}

func damaged(cause error) error {
	return kizuna.Errorf("pack-damaged", "packed memberships are damaged").
		WithMend("delete the cache; it is built again").WithCause(cause)
}

func (p *Pack) open(size int64) error {
	if size < int64(len(magic)+trailerSize) {
		return errDamaged
	}
	ends := make([]byte, len(magic)+trailerSize)
	if _, err := p.in.ReadAt(ends[:len(magic)], 0); err != nil {
		return err
	}
	if _, err := p.in.ReadAt(ends[len(magic):], size-int64(trailerSize)); err != nil {
		return err
	}
	trailer := ends[len(magic):]
	sealed := trailer[:sections*partSize]
	if string(ends[:len(magic)]) != magic || string(trailer[len(sealed)+4:]) != magic ||
		crc32.Checksum(sealed, castagnoli) != binary.LittleEndian.Uint32(trailer[len(sealed):]) {
		return errDamaged
	}
	var found [sections][]byte
	for i := range found {
		at := sealed[i*partSize:]
		where := partOf(at)
		if !where.within(size) {
			return errDamaged
		}
		var err error
		if found[i], err = p.read(where, nil); err != nil {
			return err
		}
	}
	d := decoder{data: found[0]}
	for d.failed == nil && len(d.data) > 0 {
		p.names = append(p.names, d.text())
	}
	index := found[1]
	if d.failed != nil || len(index)%blockEntry != 0 {
		return errDamaged
	}
	for ; len(index) > 0; index = index[blockEntry:] {
		b := block{partOf(index), partOf(index[16:]), binary.LittleEndian.Uint32(index[32:])}
		if !b.hot.within(size) || !b.cold.within(size) {
			return errDamaged
		}
		p.blocks, p.Ledgers = append(p.blocks, b), p.Ledgers+int(b.ledgers)
	}
	return json.Unmarshal(found[2], &p.Head)
}

func partOf(at []byte) part {
	return part{binary.LittleEndian.Uint64(at), binary.LittleEndian.Uint32(at[8:]), binary.LittleEndian.Uint32(at[12:])}
}

func (w part) within(size int64) bool {
	return w.offset <= uint64(size) && uint64(w.length) <= uint64(size)-w.offset
}

func (w part) append(to []byte) []byte {
	to = binary.LittleEndian.AppendUint64(to, w.offset)
	to = binary.LittleEndian.AppendUint32(to, w.length)
	return binary.LittleEndian.AppendUint32(to, w.sum)
}

// read reads a part into a buffer, or a larger one, and checks it.
func (p *Pack) read(where part, into []byte) ([]byte, error) {
	if cap(into) < int(where.length) {
		into = make([]byte, where.length)
	}
	into = into[:where.length]
	if _, err := p.in.ReadAt(into, int64(where.offset)); err != nil {
		return nil, err
	}
	if crc32.Checksum(into, castagnoli) != where.sum {
		return nil, errDamaged
	}
	return into, nil
}

// reader reads blocks one after another, in memory that it uses again.
type reader struct {
	*Pack
	hot, cold []byte
	one       One
}

// each tells of every ledger of a block; what it tells of is overwritten by the next.
func (r *reader) each(b *block, whole bool, tell func(*One)) (err error) {
	if r.hot, err = r.read(b.hot, r.hot); err != nil {
		return damaged(err)
	}
	d := decoder{data: r.hot, names: r.names}
	if whole {
		if r.cold, err = r.read(b.cold, r.cold); err != nil {
			return damaged(err)
		}
		d.cold = &decoder{data: r.cold, names: r.names}
	}
	for range b.ledgers {
		if d.one(&r.one); d.failed != nil {
			return damaged(d.failed)
		}
		tell(&r.one)
	}
	if len(d.data) > 0 || d.cold != nil && len(d.cold.data) > 0 {
		return damaged(errDamaged)
	}
	return nil
}

// Survey tells of all ledgers on all processors, in no order, without digests and what
// else no standing rests on. What it tells of is overwritten by the next. Worker is called
// once for each processor, perhaps at the same time. The first error ends it.
func (p *Pack) Survey(ctx context.Context, worker func() func(*One)) error {
	return p.blocksOn(ctx, func() func(*block) error {
		r, tell := reader{Pack: p}, worker()
		return func(b *block) error { return r.each(b, false, tell) }
	})
}

// blocksOn does something with every block, on all processors, until the first error.
func (p *Pack) blocksOn(ctx context.Context, worker func() func(*block) error) error {
	var failed atomic.Pointer[error]
	parallel.Each(len(p.blocks), func() func(int) {
		work := worker()
		return func(i int) {
			err := context.Cause(ctx)
			if err == nil && failed.Load() == nil {
				err = work(&p.blocks[i])
			}
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		}
	})
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Verify reads all that a survey reads, or the whole of the pack, which checks it. The
// error is "pack-damaged".
func (p *Pack) Verify(ctx context.Context, whole bool) error {
	return p.blocksOn(ctx, func() func(*block) error {
		var buffer []byte
		return func(b *block) (err error) {
			if buffer, err = p.read(b.hot, buffer); err == nil && whole {
				buffer, err = p.read(b.cold, buffer)
			}
			if err != nil {
				return damaged(err)
			}
			return nil
		}
	})
}

// All lists all ledgers in the order of their ids.
func (p *Pack) All() iter.Seq2[*One, error] {
	return func(yield func(*One, error) bool) {
		r := reader{Pack: p}
		for i := range p.blocks {
			going := true
			err := r.each(&p.blocks[i], true, func(one *One) {
				if going {
					kept := *one
					r.one = One{} // the next one has memory of its own
					going = yield(&kept, nil)
				}
			})
			if err != nil && going {
				yield(nil, err)
			}
			if err != nil || !going {
				return
			}
		}
	}
}
