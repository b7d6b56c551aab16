package segment

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// Builder writes a segment, tenant by tenant, in little memory: the texts, and one
// block. It is for one goroutine.
//
//	b := segment.NewBuilder(w)
//	b.SetLocations(locations)
//	for … { b.Add(&tenant) } // in ascending order of the folded id
//	err := b.Finish()
type Builder struct {
	w         *bufio.Writer
	err       error // the first one; nothing is written after it
	at        uint64
	encoder   *encoder
	block     blockWriter
	index     []byte // an entry a block
	locations []location
	lastID    string
	info      Info
	watch     func(tenants int) error
}

// NewBuilder returns a builder that writes to w. It does not close it.
func NewBuilder(w io.Writer) *Builder {
	b := &Builder{w: bufio.NewWriterSize(w, 1<<20), encoder: newEncoder()}
	b.write([]byte(magic))
	return b
}

// Name returns the number of a text.
func (b *Builder) Name(text string) Name { return Name(b.encoder.names.number(text)) }

// Partner returns the number of a partner id, which has no case.
func (b *Builder) Partner(id string) Partner {
	return Partner(b.encoder.partners.number(association.Fold(id)))
}

// SetLabel keeps a text in the segment for its owner: what it was built from.
func (b *Builder) SetLabel(label string) { b.info.Label = label }

// Watch has f told after each block how many customers have been written. An error
// that f returns ends the writing and is returned: so it can be cancelled.
func (b *Builder) Watch(f func(tenants int) error) { b.watch = f }

// SetLocations says which account each location belonged to, and when. It may be
// called once, at any time before Finish.
func (b *Builder) SetLocations(locations []association.Location) {
	b.locations = make([]location, len(locations))
	for i := range locations {
		l := &locations[i]
		b.Partner(l.Global) // a row of an export may assert the account itself
		b.locations[i] = location{
			partner: b.Partner(l.ID),
			account: b.encoder.accounts.number(l.Global),
			during:  l.During,
		}
	}
}

// Add writes a tenant. Tenants come in ascending order of their ids, without case;
// the builder keeps nothing of them.
func (b *Builder) Add(t *Tenant) error {
	id := association.Fold(t.ID)
	if b.info.Tenants > 0 && strings.Compare(id, b.lastID) <= 0 {
		return kizuna.Errorf("segment-order", "customer %q comes after %q", id, b.lastID).
			WithMend("add customers in ascending order of their ids, each once")
	}
	start := len(b.block.records)
	var err error
	if b.block.records, err = b.encoder.tenant(b.block.records, id, t, &b.info); err != nil {
		b.block.records = b.block.records[:start]
		return err
	}
	return b.added(start, id)
}

// added finishes a record that stands at the end of the block.
func (b *Builder) added(start int, id string) error {
	b.block.starts = append(b.block.starts, uint32(start))
	b.lastID = id
	b.info.Tenants++
	if len(b.block.records) >= blockSize {
		b.flush()
	}
	return b.err
}

func (b *Builder) flush() {
	if len(b.block.starts) == 0 {
		return
	}
	data := b.block.bytes()
	b.index = appendBlockEntry(b.index, blockEntry{
		offset: b.at, length: uint32(len(data)), sum: crc32.Checksum(data, castagnoli),
		first: uint32(b.info.Tenants - len(b.block.starts)),
	})
	b.write(data)
	b.block.reset()
	if b.watch != nil && b.err == nil {
		b.err = b.watch(b.info.Tenants)
	}
}

func (b *Builder) write(data []byte) {
	if b.err != nil {
		return
	}
	if _, err := b.w.Write(data); err != nil {
		b.err = err
	}
	b.at += uint64(len(data))
}

// Finish writes what is left. The segment is whole only if it returns nil.
func (b *Builder) Finish() error {
	b.flush()
	e := b.encoder
	sections := [numSections][]byte{
		sectionIndex:     b.index,
		sectionNames:     e.names.bytes(),
		sectionPartners:  e.partners.bytes(),
		sectionAccounts:  e.accounts.bytes(),
		sectionLocations: locationBytes(b.locations),
		sectionGlobals:   globalBytes(&e.partners, &e.accounts),
		sectionKinds:     e.kindBytes(),
		sectionInstants:  e.instantBytes(),
		sectionInfo:      infoBytes(&b.info),
	}
	trailer := make([]byte, 0, trailerSize)
	for _, s := range sections {
		trailer = binary.LittleEndian.AppendUint64(trailer, b.at)
		trailer = binary.LittleEndian.AppendUint64(trailer, uint64(len(s)))
		trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(s, castagnoli))
		b.write(s)
	}
	trailer = binary.LittleEndian.AppendUint64(trailer, b.at+uint64(trailerSize))
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(trailer, castagnoli))
	b.write(append(trailer, magic...))
	if b.err == nil {
		b.err = b.w.Flush()
	}
	return b.err
}
