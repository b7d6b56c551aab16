package statement

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/kizuna-org/kizuna"
)

// directory is where everything stands. In the file it is a sequence of varints and
// texts in front of the Parquet footer, its length, its checksum and its magic:
//
//	month, groups;  a group: rows, its columns, the first and last tenant of each page
//	a column: offset, dictionary if it has one, pages;  a page: head, packed, raw, values, checksum
type directory struct {
	month  kizuna.Month
	rows   int
	groups []groupEntry
}

// groupEntry is a row group: its pages have pageRows rows, the last one the rest.
type groupEntry struct {
	start   int // rows before it
	rows    int
	columns [NumColumns]chunkEntry
	tenants []tenantSpan // of each page
}

type tenantSpan struct{ first, last string }

func (g *groupEntry) pages() int { return (g.rows + pageRows - 1) / pageRows }

// pageLength is how many rows a page has.
func (g *groupEntry) pageLength(page int) int { return min(pageRows, g.rows-page*pageRows) }

// chunkEntry is a column of a group: the pages follow the dictionary.
type chunkEntry struct {
	offset     int64
	dictionary pageEntry
	pages      []pageEntry
}

// pageEntry is a page: its header for others, the packed bytes, what they unpack to,
// how many values that is.
type pageEntry struct {
	head, packed, raw, values int
	sum                       uint32
}

func (e *pageEntry) size() int64 { return int64(e.head) + int64(e.packed) }

const (
	directoryMagic = "KZNAusg1"
	directoryTail  = 4 + 4 + len(directoryMagic) // length, checksum, magic

	maxDirectory = 256 << 20
	maxGroupRows = pageRows * groupPages
)

func (d *directory) append(dst []byte) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(dst, uint64(d.month))
	dst = binary.AppendUvarint(dst, uint64(len(d.groups)))
	for i := range d.groups {
		g := &d.groups[i]
		dst = binary.AppendUvarint(dst, uint64(g.rows))
		for c := range g.columns {
			chunk := &g.columns[c]
			dst = binary.AppendUvarint(dst, uint64(chunk.offset))
			if specs[c].form.dictionary() {
				dst = chunk.dictionary.append(dst)
			}
			for p := range chunk.pages {
				dst = chunk.pages[p].append(dst)
			}
		}
		for _, span := range g.tenants {
			for _, id := range [...]string{span.first, span.last} {
				dst = binary.AppendUvarint(dst, uint64(len(id)))
				dst = append(dst, id...)
			}
		}
	}
	text := dst[start:]
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(text)))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(text))
	return append(dst, directoryMagic...)
}

func (e *pageEntry) append(dst []byte) []byte {
	for _, n := range [...]int{e.head, e.packed, e.raw, e.values} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	return binary.LittleEndian.AppendUint32(dst, e.sum)
}

// readDirectory believes nothing: every page lies in front of the end, and nothing
// is larger than a writer makes it.
func readDirectory(text []byte, end int64) (*directory, error) {
	r := &fields{rest: text}
	d := &directory{month: kizuna.Month(r.number(12 * 10000))}
	groups := r.number(len(text)) // each takes more than a byte
	for range groups {
		if r.err != nil {
			break
		}
		g := groupEntry{start: d.rows, rows: r.number(maxGroupRows)}
		if g.rows == 0 {
			r.fail("an empty row group")
		}
		for c := range g.columns {
			r.chunk(&g, Column(c), end)
		}
		g.tenants = make([]tenantSpan, g.pages())
		for p := range g.tenants {
			g.tenants[p] = tenantSpan{r.text(), r.text()}
		}
		d.rows += g.rows
		d.groups = append(d.groups, g)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.fail("%d bytes behind the end", len(r.rest))
	}
	return d, r.err
}

// fields reads what a directory is made of. The first error is kept.
type fields struct {
	rest []byte
	err  error
}

func (r *fields) fail(layout string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("the directory has "+layout, args...)
	}
	r.rest = nil
}

func (r *fields) number(most int) int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(most) {
		r.fail("a number beyond %d", most)
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *fields) text() string {
	n := r.number(len(r.rest))
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

func (r *fields) page(e *pageEntry, values int) {
	e.head, e.packed, e.raw, e.values = r.number(1<<16), r.number(2*largestPage), r.number(largestPage), r.number(values)
	if len(r.rest) < 4 {
		r.fail("no checksum where one should be")
		return
	}
	e.sum = binary.LittleEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
}

func (r *fields) chunk(g *groupEntry, c Column, end int64) {
	chunk := &g.columns[c]
	chunk.offset = int64(r.number(int(end)))
	at := chunk.offset
	if specs[c].form.dictionary() {
		r.page(&chunk.dictionary, g.rows)
		at += chunk.dictionary.size()
	}
	chunk.pages = make([]pageEntry, g.pages())
	for p := range chunk.pages {
		r.page(&chunk.pages[p], g.pageLength(p))
		if !specs[c].optional && r.err == nil && chunk.pages[p].values != g.pageLength(p) {
			r.fail("%d values for %d rows", chunk.pages[p].values, g.pageLength(p))
		}
		at += chunk.pages[p].size()
	}
	if at > end {
		r.fail("pages that reach to byte %d of %d", at, end)
	}
}
