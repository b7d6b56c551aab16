package segment

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
)

// The file: the magic, blocks of tenants, sections, the trailer. All numbers are
// little-endian. Every byte is under a checksum (CRC-32C) but the magic, which is
// compared, at both ends.
const (
	magic       = "KIZUNAs1"
	trailerSize = numSections*20 + 12 + len(magic)

	// blockSize is when a block is full: small enough that one tenant is found
	// quickly, large enough that the index is nothing.
	blockSize = 64 << 10
)

const (
	sectionIndex     = iota // an entry a block
	sectionNames            // texts
	sectionPartners         // texts: partner ids
	sectionAccounts         // texts: global accounts
	sectionLocations        // which account a partner belonged to, and when
	sectionGlobals          // partners that are accounts themselves
	sectionKinds            // of resources
	sectionInstants         // that 32 bits of seconds since 1970 do not hold
	sectionInfo             // counts and the label
	numSections
)

var (
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
	errMalformed = errors.New("no record of a segment")
)

// blockEntry is a block's place in the index.
type blockEntry struct {
	offset uint64
	length uint32
	sum    uint32
	first  uint32 // the number of its first tenant
}

const blockEntrySize = 20

func appendBlockEntry(dst []byte, e blockEntry) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, e.offset)
	dst = binary.LittleEndian.AppendUint32(dst, e.length)
	dst = binary.LittleEndian.AppendUint32(dst, e.sum)
	return binary.LittleEndian.AppendUint32(dst, e.first)
}

func readBlockEntry(data []byte) blockEntry {
	return blockEntry{
		offset: binary.LittleEndian.Uint64(data),
		length: binary.LittleEndian.Uint32(data[8:]),
		sum:    binary.LittleEndian.Uint32(data[12:]),
		first:  binary.LittleEndian.Uint32(data[16:]),
	}
}

// blockWriter collects the records of a block. In the file: their number, where each
// begins, the records, the slack.
type blockWriter struct {
	records []byte
	starts  []uint32
	out     []byte
}

func (b *blockWriter) bytes() []byte {
	head := uint32(4 + 4*len(b.starts))
	out := binary.LittleEndian.AppendUint32(b.out[:0], uint32(len(b.starts)))
	for _, s := range b.starts {
		out = binary.LittleEndian.AppendUint32(out, head+s)
	}
	out = append(out, b.records...)
	b.out = append(out, make([]byte, slack)...)
	return b.out
}

func (b *blockWriter) reset() { b.records, b.starts = b.records[:0], b.starts[:0] }

// texts numbers texts while a segment is written; 0 is the empty text.
type texts struct {
	numbers map[string]uint32
	list    []string
}

func newTexts() texts { return texts{map[string]uint32{"": 0}, []string{""}} }

func (t *texts) number(text string) uint32 {
	if n, ok := t.numbers[text]; ok {
		return n
	}
	n := uint32(len(t.list))
	text = strings.Clone(text)
	t.numbers[text] = n
	t.list = append(t.list, text)
	return n
}

// bytes writes how many there are, where each ends, their order, and the texts.
func (t *texts) bytes() []byte {
	order := make([]uint32, len(t.list))
	size := 0
	for i, text := range t.list {
		order[i] = uint32(i)
		size += len(text)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(t.list[a], t.list[b]) })
	out := make([]byte, 0, 4+8*len(t.list)+size)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(t.list)))
	end := uint32(0)
	for _, text := range t.list {
		end += uint32(len(text))
		out = binary.LittleEndian.AppendUint32(out, end)
	}
	for _, n := range order {
		out = binary.LittleEndian.AppendUint32(out, n)
	}
	for _, text := range t.list {
		out = append(out, text...)
	}
	return out
}

// dictionary is the texts of a segment that is read.
type dictionary struct {
	n     int
	ends  []byte
	order []byte
	text  string
}

func readDictionary(data []byte) (dictionary, bool) {
	if len(data) < 4 {
		return dictionary{}, false
	}
	n := int(binary.LittleEndian.Uint32(data))
	if data = data[4:]; n == 0 || len(data) < 8*n {
		return dictionary{}, false
	}
	d := dictionary{n: n, ends: data[:4*n], order: data[4*n : 8*n], text: string(data[8*n:])}
	last := uint32(0)
	for i := range n {
		end := binary.LittleEndian.Uint32(d.ends[4*i:])
		if end < last || int(end) > len(d.text) || int(binary.LittleEndian.Uint32(d.order[4*i:])) >= n {
			return dictionary{}, false
		}
		last = end
	}
	return d, int(last) == len(d.text) && d.at(0) == ""
}

func (d *dictionary) at(i uint32) string {
	start := uint32(0)
	if i > 0 {
		start = binary.LittleEndian.Uint32(d.ends[4*(i-1):])
	}
	return d.text[start:binary.LittleEndian.Uint32(d.ends[4*i:])]
}

func (d *dictionary) find(text string) (number uint32, ok bool) {
	low, high := 0, d.n
	for low < high {
		middle := int(uint(low+high) >> 1)
		number = binary.LittleEndian.Uint32(d.order[4*middle:])
		switch c := strings.Compare(d.at(number), text); {
		case c == 0:
			return number, true
		case c < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return 0, false
}

// location says which account a partner belonged to, and when.
type location struct {
	partner Partner
	account uint32
	during  kizuna.Interval
}

const locationSize = 24

func locationBytes(locations []location) []byte {
	out := make([]byte, 0, locationSize*len(locations))
	for _, l := range locations {
		out = binary.LittleEndian.AppendUint32(out, uint32(l.partner))
		out = binary.LittleEndian.AppendUint32(out, l.account)
		out = binary.LittleEndian.AppendUint64(out, uint64(l.during.From))
		out = binary.LittleEndian.AppendUint64(out, uint64(l.during.To))
	}
	return out
}

func readLocation(data []byte) location {
	return location{
		partner: Partner(binary.LittleEndian.Uint32(data)),
		account: binary.LittleEndian.Uint32(data[4:]),
		during: kizuna.Interval{
			From: kizuna.Instant(binary.LittleEndian.Uint64(data[8:])),
			To:   kizuna.Instant(binary.LittleEndian.Uint64(data[16:])),
		},
	}
}

// globalBytes pairs each partner id that is a global account's with the account: of
// several that differ in case only, the first in order.
func globalBytes(partners, accounts *texts) []byte {
	order := slices.Clone(accounts.list)
	slices.Sort(order)
	var out []byte
	seen := make(map[uint32]bool)
	for _, account := range order {
		p, ok := partners.numbers[association.Fold(account)]
		if !ok || account == "" || seen[p] {
			continue
		}
		seen[p] = true
		out = binary.LittleEndian.AppendUint32(out, p)
		out = binary.LittleEndian.AppendUint32(out, accounts.numbers[account])
	}
	return out
}

// Instants are 32 bits of seconds since 1970; the last few numbers stand for those
// that do not fit, such as the open ends of time.
const farInstants = math.MaxUint32 - 1<<16 + 1

// Info is what a segment holds.
type Info struct {
	Label     string `json:"label,omitempty"`
	Tenants   int    `json:"tenants"`
	Resources int    `json:"resources"`
	Rows      int    `json:"rows"`
	Reaches   int    `json:"reaches"`
	// First and Last are the first and the last month that has rows.
	First kizuna.Month `json:"first"`
	Last  kizuna.Month `json:"last"`

	RowBytes       int `json:"row_bytes"`
	DirectoryBytes int `json:"directory_bytes"`
	ReachBytes     int `json:"reach_bytes"`
	// FileBytes is everything, with the texts.
	FileBytes int `json:"file_bytes"`
	Blocks    int `json:"blocks"`
}

func (i *Info) numbers() []*int {
	return []*int{&i.Tenants, &i.Resources, &i.Rows, &i.Reaches, &i.RowBytes, &i.DirectoryBytes, &i.ReachBytes}
}

func infoBytes(i *Info) []byte {
	var out []byte
	for _, n := range i.numbers() {
		out = binary.LittleEndian.AppendUint64(out, uint64(*n))
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(i.First))
	out = binary.LittleEndian.AppendUint32(out, uint32(i.Last))
	return append(out, i.Label...)
}

func readInfo(data []byte, i *Info) bool {
	numbers := i.numbers()
	if len(data) < 8*len(numbers)+8 {
		return false
	}
	for k, n := range numbers {
		*n = int(binary.LittleEndian.Uint64(data[8*k:]))
	}
	data = data[8*len(numbers):]
	i.First = kizuna.Month(binary.LittleEndian.Uint32(data))
	i.Last = kizuna.Month(binary.LittleEndian.Uint32(data[4:]))
	i.Label = string(data[8:])
	return true
}
