package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// Segment is a segment that is read. It is safe for concurrent use.
type Segment struct {
	data      []byte
	index     []byte
	blocks    int
	verified  []atomic.Bool // blocks that passed their checksum
	firsts    []first       // of blocks
	names     dictionary
	partners  dictionary
	accounts  dictionary
	locations []byte
	globals   []byte
	kinds     []Kind
	far       []kizuna.Instant
	info      Info

	path  string
	close func() error
}

// damaged says that a file is no whole segment, where it is not, and what should
// stand there.
func damaged(path string, at uint64, part string) *kizuna.Error {
	return kizuna.Errorf("segment-damaged", "the segment is damaged, or its end is missing, at byte %d", int64(at)).
		WithMend("delete it and build it again; it is a cache").WithRef(kizuna.Ref{File: path}).
		WithCause(errors.New(part + " should stand there"))
}

// Read makes a segment of a file's bytes, which must not change while it is used.
// It verifies everything but the blocks, which are verified when they are first
// used: see [Segment.Check] for all of them. The error is "segment-damaged".
func Read(data []byte) (*Segment, error) { return read("", data) }

func read(path string, data []byte) (*Segment, error) {
	s := &Segment{data: data, path: path}
	if len(data) < len(magic)+trailerSize || string(data[:len(magic)]) != magic {
		return nil, damaged(path, 0, "the magic")
	}
	trailer := data[len(data)-trailerSize:]
	tail := trailer[numSections*20:]
	if string(tail[12:]) != magic || binary.LittleEndian.Uint64(tail) != uint64(len(data)) ||
		binary.LittleEndian.Uint32(tail[8:]) != crc32.Checksum(trailer[:numSections*20+8], castagnoli) {
		return nil, damaged(path, uint64(len(data)-trailerSize), "the trailer")
	}
	var sections [numSections][]byte
	end := uint64(len(data) - trailerSize)
	for i := range sections {
		entry := trailer[20*i:]
		offset, length := binary.LittleEndian.Uint64(entry), binary.LittleEndian.Uint64(entry[8:])
		if offset > end || length > end-offset {
			return nil, damaged(path, offset, sectionNameOf[i])
		}
		sections[i] = data[offset : offset+length : offset+length]
		if crc32.Checksum(sections[i], castagnoli) != binary.LittleEndian.Uint32(entry[16:]) {
			return nil, damaged(path, offset, sectionNameOf[i])
		}
	}
	if part, ok := s.parse(&sections); !ok {
		return nil, damaged(path, binary.LittleEndian.Uint64(trailer[20*part:]), sectionNameOf[part])
	}
	return s, nil
}

var sectionNameOf = [numSections]string{
	"the index", "the names", "the partner ids", "the accounts", "the locations",
	"the global ids", "the kinds", "the instants", "the counts",
}

func (s *Segment) parse(sections *[numSections][]byte) (part int, ok bool) {
	for i, d := range []*dictionary{&s.names, &s.partners, &s.accounts} {
		if *d, ok = readDictionary(sections[sectionNames+i]); !ok {
			return sectionNames + i, false
		}
	}
	if !readInfo(sections[sectionInfo], &s.info) {
		return sectionInfo, false
	}
	s.index = sections[sectionIndex]
	s.blocks = len(s.index) / blockEntrySize
	s.verified, s.firsts = make([]atomic.Bool, s.blocks), make([]first, s.blocks)
	at := uint64(len(magic))
	for i := range s.blocks {
		e := s.entry(i)
		if e.offset != at || e.offset+uint64(e.length) > uint64(len(s.data)) || e.length < 4+slack ||
			int(e.first) >= s.info.Tenants || i > 0 && e.first <= s.entry(i-1).first {
			return sectionIndex, false
		}
		at += uint64(e.length)
	}
	if s.locations = sections[sectionLocations]; len(s.locations)%locationSize != 0 {
		return sectionLocations, false
	}
	for i := 0; i < len(s.locations); i += locationSize {
		if l := readLocation(s.locations[i:]); int(l.partner) >= s.partners.n || int(l.account) >= s.accounts.n {
			return sectionLocations, false
		}
	}
	if s.globals = sections[sectionGlobals]; len(s.globals)%8 != 0 {
		return sectionGlobals, false
	}
	for i := 0; i < len(s.globals); i += 8 {
		if int(binary.LittleEndian.Uint32(s.globals[i:])) >= s.partners.n ||
			int(binary.LittleEndian.Uint32(s.globals[i+4:])) >= s.accounts.n {
			return sectionGlobals, false
		}
	}
	for kinds := sections[sectionKinds]; len(kinds) >= 16; kinds = kinds[16:] {
		var k Kind
		for i, n := range []*Name{&k.Workload, &k.Product, &k.Offer, &k.Channel} {
			if *n = Name(binary.LittleEndian.Uint32(kinds[4*i:])); int(*n) >= s.names.n {
				return sectionKinds, false
			}
		}
		s.kinds = append(s.kinds, k)
	}
	for far := sections[sectionInstants]; len(far) >= 8; far = far[8:] {
		s.far = append(s.far, kizuna.Instant(binary.LittleEndian.Uint64(far)))
	}
	s.info.Blocks, s.info.FileBytes = s.blocks, len(s.data)
	return 0, true
}

// Close gives the file back. The segment must not be used afterwards.
func (s *Segment) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// Info says what the segment holds.
func (s *Segment) Info() Info { return s.info }

// Tenants returns how many tenants there are.
func (s *Segment) Tenants() int { return s.info.Tenants }

// Name returns a text.
func (s *Segment) Name(n Name) string { return s.names.at(uint32(n)) }

// Names returns how many texts there are.
func (s *Segment) Names() int { return s.names.n }

// Partner returns a partner id, without case.
func (s *Segment) Partner(p Partner) string { return s.partners.at(uint32(p)) }

// Partners returns how many partner ids there are.
func (s *Segment) Partners() int { return s.partners.n }

// FindPartner returns the number of a partner id; false if the segment has none.
func (s *Segment) FindPartner(id string) (Partner, bool) {
	n, ok := s.partners.find(association.Fold(id))
	return Partner(n), ok
}

// Kinds returns the kinds of resources, by number. They must not be changed.
func (s *Segment) Kinds() []Kind { return s.kinds }

// Account returns the id of a global account.
func (s *Segment) Account(n uint32) string { return s.accounts.at(n) }

// Accounts returns how many accounts there are; number 0 is none of them.
func (s *Segment) Accounts() int { return s.accounts.n }

// NoAccount stands for the account of a partner that is in none.
const NoAccount = ^uint32(0)

// AccountsOn returns, for every partner id, the account that it belongs to at an
// instant as a location; and the account that it names itself, where it is the id
// of a global account that has a location then.
func (s *Segment) AccountsOn(at kizuna.Instant) (ofLocation, itself []uint32) {
	ofLocation, itself = make([]uint32, s.partners.n), make([]uint32, s.partners.n)
	for i := range ofLocation {
		ofLocation[i], itself[i] = NoAccount, NoAccount
	}
	alive := make([]bool, s.accounts.n)
	for i := 0; i < len(s.locations); i += locationSize {
		if l := readLocation(s.locations[i:]); l.during.Contains(at) {
			ofLocation[l.partner] = l.account
			alive[l.account] = true
		}
	}
	for i := 0; i < len(s.globals); i += 8 {
		partner, account := binary.LittleEndian.Uint32(s.globals[i:]), binary.LittleEndian.Uint32(s.globals[i+4:])
		if alive[account] {
			itself[partner] = account
		}
	}
	return ofLocation, itself
}

// Locations lists which account each location belonged to, and when.
func (s *Segment) Locations() []association.Location {
	out := make([]association.Location, 0, len(s.locations)/locationSize)
	for i := 0; i < len(s.locations); i += locationSize {
		l := readLocation(s.locations[i:])
		out = append(out, association.Location{ID: s.Partner(l.partner), Global: s.Account(l.account), During: l.during})
	}
	return out
}

func (s *Segment) entry(i int) blockEntry { return readBlockEntry(s.index[i*blockEntrySize:]) }

// Blocks returns how many blocks the tenants lie in.
func (s *Segment) Blocks() int { return s.blocks }

// BlockTenants returns how many tenants a block holds.
func (s *Segment) BlockTenants(i int) int { return s.tenantsUpTo(i+1) - s.tenantsUpTo(i) }

// Block is a stretch of tenants.
type Block struct {
	segment *Segment
	data    []byte
	n       int
	first   int
}

// Block returns a block. The first time, it verifies its checksum; the error is
// "segment-damaged".
func (s *Segment) Block(i int) (Block, error) {
	e := s.entry(i)
	data := s.data[e.offset : e.offset+uint64(e.length) : e.offset+uint64(e.length)]
	if !s.verified[i].Load() {
		n := binary.LittleEndian.Uint32(data)
		if crc32.Checksum(data, castagnoli) != e.sum || uint64(n) > uint64(len(data)-4-slack)/4 ||
			int(n) != s.tenantsUpTo(i+1)-int(e.first) {
			return Block{}, s.damagedBlock(i)
		}
		if at := binary.LittleEndian.Uint32(data[4:]); uint64(at) < uint64(len(data)-slack) { // else reading it tells
			s.firsts[i].learn(data[at:])
		}
		s.verified[i].Store(true)
	}
	return Block{s, data, int(binary.LittleEndian.Uint32(data)), int(e.first)}, nil
}

// tenantsUpTo returns how many tenants lie before a block.
func (s *Segment) tenantsUpTo(block int) int {
	if block == s.blocks {
		return s.info.Tenants
	}
	return int(s.entry(block).first)
}

func (s *Segment) damagedBlock(i int) *kizuna.Error {
	e := s.entry(i)
	last := s.tenantsUpTo(i+1) - 1
	return kizuna.Errorf("segment-damaged-block", "the segment is damaged: block %d at byte %d, customers %d to %d", i, e.offset, e.first, last).
		WithMend("delete it and build it again; it is a cache").WithRef(kizuna.Ref{File: s.path})
}

// Unreadable is what a reader of a block that panicked returns: the block passed
// its checksum, and yet is none.
func (b Block) Unreadable() *kizuna.Error { return b.segment.damagedBlock(b.number()) }

func (b Block) number() int { return b.segment.blockOf(b.first) }

// First returns the number of the block's first tenant.
func (b Block) First() int { return b.first }

// Len returns how many tenants the block holds.
func (b Block) Len() int { return b.n }

// start returns where a tenant's record begins; of the one after the last, where
// the last one's ends.
func (b Block) start(i int) int {
	if i == b.n {
		return len(b.data) - slack
	}
	return int(binary.LittleEndian.Uint32(b.data[4+4*i:]))
}

// ID returns a tenant's id.
func (b Block) ID(i int) string { return idAt(b.data[b.start(i):]) }

func idAt(data []byte) string {
	if data[0] == guidID {
		return string(appendGUID(make([]byte, 0, guidLength), data[1:17]))
	}
	return string(data[1 : 1+int(data[0])])
}

// halves are a GUID as two numbers, in the order of their texts.
type halves [2]uint64

// halvesAt returns those of the id at the beginning of a record; false if it is no GUID.
func halvesAt(data []byte) (h halves, ok bool) {
	if len(data) < 17 || data[0] != guidID {
		return h, false
	}
	return halves{binary.BigEndian.Uint64(data[1:]), binary.BigEndian.Uint64(data[9:])}, true
}

// first is the first id of a block that passed its checksum, if it is a GUID, so that
// looking for a tenant need not touch many blocks.
type first [2]atomic.Uint64

func (f *first) learn(record []byte) {
	h, _ := halvesAt(record)
	f[1].Store(h[1])
	f[0].Store(h[0])
}

// halves returns what is known; false if nothing is.
func (f *first) halves() (h halves, ok bool) {
	h[0] = f[0].Load()
	h[1] = f[1].Load()
	return h, h[0] != 0
}

// sought is an id that is looked for, folded and, if it is one, as a packed GUID:
// those have the order of their texts.
type sought struct {
	text   string
	packed [16]byte
	halves halves
	guid   bool
}

func seek(id string) sought {
	s := sought{text: association.Fold(id)}
	if s.packed, s.guid = packGUID(s.text); s.guid {
		s.halves = halves{binary.BigEndian.Uint64(s.packed[:]), binary.BigEndian.Uint64(s.packed[8:])}
	}
	return s
}

// compare compares the id at the beginning of a record with the one sought.
func (s *sought) compare(data []byte) int {
	if data[0] != guidID {
		return strings.Compare(string(data[1:1+int(data[0])]), s.text)
	}
	if s.guid {
		return bytes.Compare(data[1:17], s.packed[:])
	}
	var text [guidLength]byte
	return bytes.Compare(appendGUID(text[:0], data[1:17]), []byte(s.text))
}

func (s *Segment) blockOf(tenant int) int {
	low, high := 0, s.blocks
	for low < high {
		if middle := int(uint(low+high) >> 1); s.tenantsUpTo(middle+1) <= tenant {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// Find returns the block and the place in it of a tenant; false if it has none.
func (s *Segment) Find(id string) (b Block, i int, ok bool, err error) {
	looked := seek(id)
	// The block is the last that does not begin after the id.
	low, high := 0, s.blocks
	for low < high {
		middle := int(uint(low+high) >> 1)
		order, err := s.compareFirst(middle, &looked)
		if err != nil {
			return Block{}, 0, false, err
		}
		if order <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return Block{}, 0, false, nil
	}
	if b, err = s.Block(low - 1); err != nil {
		return Block{}, 0, false, err
	}
	i = b.find(&looked, low-1)
	return b, i, i < b.n && looked.compare(b.data[b.start(i):]) == 0, nil
}

// compareFirst compares the first id of a block with the one sought.
func (s *Segment) compareFirst(block int, looked *sought) (int, error) {
	if h, ok := s.firsts[block].halves(); ok && looked.guid {
		return slices.Compare(h[:], looked.halves[:]), nil
	}
	b, err := s.Block(block)
	if err != nil {
		return 0, err
	}
	return looked.compare(b.data[b.start(0):]), nil
}

// find returns the first tenant that does not stand before the id.
func (b Block) find(looked *sought, number int) int {
	low, high := b.guess(looked, number)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if looked.compare(b.data[b.start(middle):]) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// guess returns a stretch of tenants between which the id stands, or belongs. GUIDs are
// spread evenly, as a rule: a few guesses come close.
func (b Block) guess(looked *sought, number int) (low, high int) {
	high = b.n
	first, ok := b.segment.firsts[number].halves()
	if !ok || !looked.guid || number+1 == b.segment.blocks {
		return low, high
	}
	next, ok := b.segment.firsts[number+1].halves()
	if !ok {
		return low, high
	}
	half := 0
	if first[0] == next[0] {
		half = 1
	}
	least, beyond, id := first[half], next[half], looked.halves[half]
	for range 3 {
		if high-low < 4 || id < least || id >= beyond {
			break
		}
		over, of := bits.Mul64(uint64(high-low), id-least)
		part, _ := bits.Div64(over, of, beyond-least)
		i := low + int(part)
		record := b.data[b.start(i):]
		h, ok := halvesAt(record)
		if !ok {
			break
		}
		if looked.compare(record) < 0 {
			low, least = i+1, h[half]
		} else {
			high, beyond = i, h[half]
		}
	}
	return low, high
}

// Record is a tenant as it lies in a segment. Its parts are read on demand.
type Record struct {
	Country, Segment Name
	// Asserted: some row carries the vendor's own attribution.
	Asserted bool
	// Resources is how many there are.
	Resources int

	reaches   []byte
	resources []byte // with the slack
	far       []kizuna.Instant
	kinds     []Kind
}

// Record reads a tenant's head.
func (b Block) Record(i int, r *Record) {
	end := b.start(i+1) + slack
	r.read(b.data[b.start(i):end:end])
	r.far, r.kinds = b.segment.far, b.segment.kinds
}

func (r *Record) read(data []byte) {
	c := cursor{data: data}
	if n := c.byte(); n == guidID {
		c.at += 16
	} else {
		c.at += int(n)
	}
	r.Asserted = c.byte()&tenantHolds != 0
	r.Country, r.Segment = Name(c.uvarint()), Name(c.uvarint())
	entries := c.count()
	r.Resources = c.count()
	r.reaches = data[c.at : c.at+entries*reachSize]
	r.resources = data[c.at+entries*reachSize:]
}

// Entries returns how many reach entries there are; some are continuations.
func (r *Record) Entries() int { return len(r.reaches) / reachSize }

// Reach reads the reach at an entry and returns where the next one is.
func (r *Record) Reach(entry int, out *Reach) (next int) {
	data := r.reaches[entry*reachSize : (entry+1)*reachSize]
	out.Location = Partner(binary.LittleEndian.Uint32(data))
	out.During.From = r.instant(binary.LittleEndian.Uint32(data[4:]))
	out.During.To = r.instant(binary.LittleEndian.Uint32(data[8:]))
	out.First = binary.LittleEndian.Uint32(data[12:])
	out.End = binary.LittleEndian.Uint32(data[16:])
	what := binary.LittleEndian.Uint32(data[20:])
	out.What = Name(what & (1<<whatBits - 1))
	out.Type = program.Type(what >> whatBits & 15)
	out.By = By(what >> (whatBits + 4))
	if out.By == ByWorkload && !Claims.Has(out.Type) {
		panic(errMalformed)
	}
	if out.Active = 0; out.By == ByOwner {
		out.Active = kizuna.Instant(binary.LittleEndian.Uint64(r.reaches[(entry+1)*reachSize:]))
		return entry + 2
	}
	return entry + 1
}

func (r *Record) instant(code uint32) kizuna.Instant {
	if code < farInstants {
		return kizuna.Instant(code)
	}
	return r.far[code-farInstants]
}

// Resources walks through a tenant's resources.
type Resources struct {
	c    cursor
	left int

	Number int // of the resource at hand
	Kind   uint32
	Owned  bool
	runs   cursor
	end    int
}

// Walk starts before the first resource.
func (r *Record) Walk(out *Resources) {
	out.c = cursor{data: r.resources}
	out.left, out.Number, out.end = r.Resources, -1, 0
}

// Next goes to the next resource; false if there is none.
func (r *Resources) Next() bool {
	if r.left == 0 {
		return false
	}
	r.left--
	r.Number++
	r.c.at = r.end
	size := r.c.count()
	kind := r.c.uvarint()
	r.Kind, r.Owned = uint32(kind>>1), kind&1 != 0
	r.end = r.c.at + size
	r.runs = r.c
	return true
}

// Run is rows of a resource that are alike.
type Run struct {
	Daily, HasMoney, Snapshot bool
	// Asserts: the rows carry the vendor's own attribution: see NextAssertion.
	Asserts bool
	Rows    int
	Months  int
	// Money holds each month's, of days their sum.
	Money               Column
	Users, Seats, Units Column
	// Counts holds how many days of each month there are, Days each day's money.
	Counts, Days Column

	first      kizuna.Month
	months     []byte
	monthWidth uint
	days       []byte // packed, or nil if they follow each other
	firstDay   uint8
	assertions cursor
	asserted   int
}

// NextRun reads the resource's next run; false if there is none.
func (r *Resources) NextRun(run *Run) bool {
	c := &r.runs
	if c.at >= r.end {
		return false
	}
	flags := runFlags(c.byte())
	run.Daily, run.HasMoney, run.Snapshot = flags&runDaily != 0, flags&runMoney != 0, flags&runSnapshot != 0
	run.asserted = 0
	if run.Asserts = flags&runAsserted != 0; run.Asserts {
		run.asserted = c.count()
		run.assertions = *c
		for range run.asserted {
			c.byte()
			c.uvarint()
		}
	}
	run.Rows = c.count()
	run.first = epoch + kizuna.Month(c.varint())
	run.Months = run.Rows
	if run.Daily {
		run.Months = c.count()
	}
	run.monthWidth = uint(c.byte())
	run.months = c.packed(run.Months, run.monthWidth)
	if run.Daily {
		c.column(run.Months, &run.Counts)
	}
	if run.HasMoney {
		c.column(run.Months, &run.Money)
	}
	if run.Snapshot {
		c.column(run.Months, &run.Users)
		c.column(run.Months, &run.Seats)
		run.Units = run.Users
		if flags&runUnits != 0 {
			c.column(run.Months, &run.Units)
		}
	}
	if run.Daily {
		run.readDays(c)
	}
	return true
}

func (run *Run) readDays(c *cursor) {
	run.days = nil
	if c.byte() == denseDays {
		run.firstDay = c.byte()
	} else {
		run.days = c.packed(run.Rows, dayBits)
	}
	if run.HasMoney {
		c.column(run.Rows, &run.Days)
	}
}

// First returns the run's first month.
func (run *Run) First() kizuna.Month { return run.first }

// Follow reports whether each month follows the one before.
func (run *Run) Follow() bool { return run.monthWidth == 0 }

// Month returns the i-th month.
func (run *Run) Month(i int) kizuna.Month {
	if run.monthWidth == 0 {
		return run.first + kizuna.Month(i)
	}
	return run.first + kizuna.Month(unpack(run.months, i*int(run.monthWidth), run.monthWidth))
}

// Dense reports whether the days follow each other without a gap; then the first is
// that day of the first month, counting from 1.
func (run *Run) Dense() (firstDay int, dense bool) { return int(run.firstDay), run.days == nil }

// Day returns the day of the month, counting from 1, of the i-th row; the days must
// not be dense.
func (run *Run) Day(i int) int { return int(unpack(run.days, i*dayBits, dayBits)) + 1 }

// DaysOf returns which rows of a run of days are the i-th month's: n, from the given
// one on.
func (run *Run) DaysOf(i int) (from, n int) {
	before, of := run.Counts.Sum(0, i), run.Counts.At(i)
	if before < 0 || of < 0 || before > int64(run.Rows) || of > int64(run.Rows)-before {
		panic(errMalformed)
	}
	return int(before), int(of)
}

// NextAssertion reads the run's next assertion; false if there is none.
func (run *Run) NextAssertion(out *Assertion) bool {
	if run.asserted == 0 {
		return false
	}
	run.asserted--
	out.Type = program.Type(run.assertions.byte())
	out.Partner = Partner(run.assertions.uvarint())
	return true
}
