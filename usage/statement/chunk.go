package statement

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/kizuna-org/kizuna/usage"
)

// chunk collects a column of a row group. The library's writer would look every text
// of every row up by its hash; here it is enough to see that it is the one before.
type chunk struct {
	spec
	codec *codec
	grown *int // counts the bytes of all dictionaries

	// The dictionary, in the order of first appearance.
	byText    map[string]int32
	byNumber  map[int64]int32
	plain     []byte // its values
	size      int    // how many
	lastText  string
	last      int64
	lastIndex int32
	recent    [64]recentNumber // by their last bits, so that days find theirs at once
	symbols   symbolIndexes

	// The page that is being filled.
	present []byte // of optional columns: 1 where there is a value
	indexes []int32
	values  []int64
	text    []byte
	length  int // of texts

	// Finished pages of the group, with their headers.
	out     []byte
	pages   []pageEntry
	entry   chunkEntry
	raw     int64 // their size unpacked
	nulls   int64
	bounded bool // numbers: least and most hold
	least   int64
	most    int64
	scratch struct{ raw, levels, packed []byte }
}

// recentNumber is a number and its index plus one.
type recentNumber struct {
	number int64
	index  int32
}

func newChunk(s spec, c *codec, grown *int) *chunk {
	k := &chunk{spec: s, codec: c, grown: grown, lastIndex: -1}
	switch s.form {
	case names:
		k.byText = make(map[string]int32)
	case dates, counts:
		k.byNumber = make(map[int64]int32)
	}
	return k
}

// reset begins a new group.
func (k *chunk) reset() {
	clear(k.byText)
	clear(k.byNumber)
	clear(k.recent[:])
	k.symbols.forget(k.size)
	k.plain, k.size, k.lastText, k.lastIndex = k.plain[:0], 0, "", -1
	k.out, k.pages, k.entry = k.out[:0], nil, chunkEntry{}
	k.raw, k.nulls, k.bounded = 0, 0, false
}

// null adds an empty cell.
func (k *chunk) null() { k.present = append(k.present, 0) }

func (k *chunk) value() {
	if k.optional {
		k.present = append(k.present, 1)
	}
}

// name adds a text that repeats.
func (k *chunk) name(text string) {
	k.value()
	if k.lastIndex < 0 || text != k.lastText {
		i, ok := k.byText[text]
		if !ok {
			i = int32(k.size)
			k.size++
			k.byText[text] = i
			k.plain = plain.AppendByteArrayString(k.plain, text)
			*k.grown += plain.ByteArrayLengthSize + len(text)
		}
		k.lastText, k.lastIndex = text, i
	}
	k.indexes = append(k.indexes, k.lastIndex)
}

// symbolIndexes finds a text in the dictionary by its number in a ledger: a look, where
// its hash would be reckoned. A writer takes the rows of one ledger or none.
type symbolIndexes struct {
	at    []uint32 // by symbol: index + floor + 1; what is not above floor is of groups before
	floor uint32
	last  uint32
}

// forget begins a new dictionary after one of so many texts.
func (s *symbolIndexes) forget(size int) { s.floor += uint32(size) }

// symbol adds the text that a symbol of the ledger stands for.
func (k *chunk) symbol(l *usage.Ledger, symbol uint32) {
	k.value()
	s := &k.symbols
	if k.lastIndex < 0 || symbol != s.last {
		if int(symbol) >= len(s.at) {
			s.at = append(s.at, make([]uint32, max(int(symbol)+1, 2*len(s.at))-len(s.at))...)
		}
		found := &s.at[symbol]
		if *found <= s.floor {
			text := l.Text(symbol)
			*found = s.floor + uint32(k.size) + 1
			k.size++
			k.plain = plain.AppendByteArrayString(k.plain, text)
			*k.grown += plain.ByteArrayLengthSize + len(text)
		}
		s.last, k.lastIndex = symbol, int32(*found-s.floor-1)
	}
	k.indexes = append(k.indexes, k.lastIndex)
}

// again adds the last cell n times more.
func (k *chunk) again(n int) {
	value := true
	if k.optional {
		last := k.present[len(k.present)-1]
		value = last != 0
		for range n {
			k.present = append(k.present, last)
		}
	}
	switch {
	case !value:
	case k.form.dictionary():
		for range n {
			k.indexes = append(k.indexes, k.lastIndex)
		}
	default:
		for range n {
			k.values = append(k.values, k.values[len(k.values)-1])
		}
	}
}

// count adds a number that repeats.
func (k *chunk) count(n int64) {
	k.value()
	if k.lastIndex < 0 || n != k.last {
		r := &k.recent[n&int64(len(k.recent)-1)]
		if r.number != n || r.index == 0 {
			*r = recentNumber{n, k.numbered(n) + 1}
		}
		k.last, k.lastIndex = n, r.index-1
	}
	k.indexes = append(k.indexes, k.lastIndex)
}

// numbered returns a number's index, a new one if it has none.
func (k *chunk) numbered(n int64) int32 {
	i, ok := k.byNumber[n]
	if !ok {
		i = int32(k.size)
		k.size++
		k.byNumber[n] = i
		if k.form == dates {
			k.plain = binary.LittleEndian.AppendUint32(k.plain, uint32(n))
		} else {
			k.plain = binary.LittleEndian.AppendUint64(k.plain, uint64(n))
		}
		k.bound(n)
	}
	return i
}

func (k *chunk) number(n int64) {
	k.value()
	k.bound(n)
	k.values = append(k.values, n)
}

func (k *chunk) numberOrNull(n *int64) {
	if n == nil {
		k.null()
		return
	}
	k.number(*n)
}

func (k *chunk) bound(n int64) {
	if !k.bounded {
		k.bounded, k.least, k.most = true, n, n
	}
	k.least, k.most = min(k.least, n), max(k.most, n)
}

// exact adds a text that does not repeat.
func (k *chunk) exact(text []byte) {
	k.value()
	k.text = plain.AppendByteArray(k.text, text)
	k.length++
}

func (k *chunk) flag(value bool) {
	n := int64(0)
	if value {
		n = 1
	}
	k.value()
	k.values = append(k.values, n)
}

// encoded appends the page's values as Parquet encodes them.
func (k *chunk) encoded(dst []byte) (out []byte, encoding format.Encoding, values int, err error) {
	switch k.form {
	case names, dates, counts:
		packed, err := new(rle.DictionaryEncoding).EncodeInt32(k.scratch.packed[:0], k.indexes)
		if len(k.indexes) == 0 {
			packed = append(packed[:0], 0)
		}
		k.scratch.packed = packed
		return append(dst, packed...), format.RLEDictionary, len(k.indexes), err
	case texts:
		return append(dst, k.text...), format.Plain, k.length, nil
	case flags:
		for i, v := range k.values {
			if i%8 == 0 {
				dst = append(dst, 0)
			}
			dst[len(dst)-1] |= byte(v) << (i % 8)
		}
	default:
		for _, v := range k.values {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
		}
	}
	return dst, format.Plain, len(k.values), nil
}

// page finishes a page of so many rows.
func (k *chunk) page(rows int) error {
	raw := k.scratch.raw[:0]
	if k.optional {
		levels, err := (&rle.Encoding{BitWidth: 1}).EncodeLevels(k.scratch.levels[:0], k.present)
		if err != nil {
			return err
		}
		k.scratch.levels = levels
		raw = binary.LittleEndian.AppendUint32(raw, uint32(len(levels)))
		raw = append(raw, levels...)
	}
	raw, encoding, values, err := k.encoded(raw)
	if err != nil {
		return err
	}
	k.scratch.raw = raw
	k.scratch.packed = k.codec.pack(k.scratch.packed, raw)
	header := format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: int32(len(raw)),
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues: int32(rows), Encoding: encoding,
			DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		}),
	}
	out, e, err := finishPage(k.out, &header, k.scratch.packed)
	if err != nil {
		return err
	}
	e.values = values
	k.out, k.pages = out, append(k.pages, e)
	k.raw += int64(e.head + e.raw)
	k.nulls += int64(rows - values)
	k.present, k.indexes, k.values, k.text, k.length = k.present[:0], k.indexes[:0], k.values[:0], k.text[:0], 0
	return nil
}

// finishPage appends a page and its header.
func finishPage(dst []byte, header *format.PageHeader, packed []byte) ([]byte, pageEntry, error) {
	sum := crc32.ChecksumIEEE(packed)
	header.CompressedPageSize, header.CRC = int32(len(packed)), int32(sum)
	head, err := thrift.Marshal(new(thrift.CompactProtocol), header)
	e := pageEntry{head: len(head), packed: len(packed), raw: int(header.UncompressedPageSize), sum: sum}
	return append(append(dst, head...), packed...), e, err
}

// finish returns the group's dictionary and pages, as they stand at an offset of
// the file, and describes them to others.
func (k *chunk) finish(offset int64, rows int) (dictionary, pages []byte, described format.ColumnChunk, err error) {
	pages = k.out
	k.entry.offset, k.entry.pages = offset, k.pages
	meta := format.ColumnMetaData{
		Type: k.form.physical(), PathInSchema: []string{k.spec.name}, Codec: format.Zstd,
		Encoding: []format.Encoding{format.Plain, format.RLE}, Statistics: format.Statistics{NullCount: k.nulls},
		NumValues: int64(rows), DataPageOffset: offset,
		EncodingStats: []format.PageEncodingStats{{PageType: format.DataPage, Encoding: format.Plain, Count: int32(len(k.pages))}},
	}
	if k.form.dictionary() {
		if dictionary, err = k.dictionary(); err != nil {
			return nil, nil, described, err
		}
		meta.Encoding = append(meta.Encoding, format.RLEDictionary)
		meta.EncodingStats[0].Encoding = format.RLEDictionary
		meta.EncodingStats = append(meta.EncodingStats, format.PageEncodingStats{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1})
		meta.DictionaryPageOffset = offset
		meta.DataPageOffset += int64(len(dictionary))
	}
	meta.TotalUncompressedSize = k.raw
	meta.TotalCompressedSize = int64(len(dictionary) + len(pages))
	k.statistics(&meta.Statistics)
	return dictionary, pages, format.ColumnChunk{MetaData: meta}, nil
}

func (k *chunk) dictionary() ([]byte, error) {
	packed := k.codec.pack(k.scratch.packed, k.plain)
	k.scratch.packed = packed
	header := format.PageHeader{
		Type: format.DictionaryPage, UncompressedPageSize: int32(len(k.plain)),
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(k.size), Encoding: format.Plain}),
	}
	page, e, err := finishPage(nil, &header, packed)
	e.values = k.size
	k.entry.dictionary = e
	k.raw += int64(e.head + e.raw)
	return page, err
}

// statistics says what the least and the greatest values of the group are, where
// that is short.
func (k *chunk) statistics(s *format.Statistics) {
	const longest = 128
	switch {
	case k.form == names && k.size > 0:
		var least, most []byte
		first := true
		for rest := k.plain; len(rest) > 0; {
			n := plain.ByteArrayLength(rest)
			text := rest[plain.ByteArrayLengthSize : plain.ByteArrayLengthSize+n]
			rest = rest[plain.ByteArrayLengthSize+n:]
			if first || bytes.Compare(text, least) < 0 {
				least = text
			}
			if first || bytes.Compare(text, most) > 0 {
				most = text
			}
			first = false
		}
		if len(least) <= longest && len(most) <= longest {
			s.MinValue, s.MaxValue = append([]byte{}, least...), append([]byte{}, most...)
		}
	case k.bounded && k.form == dates:
		s.MinValue = binary.LittleEndian.AppendUint32(nil, uint32(k.least))
		s.MaxValue = binary.LittleEndian.AppendUint32(nil, uint32(k.most))
	case k.bounded:
		s.MinValue = binary.LittleEndian.AppendUint64(nil, uint64(k.least))
		s.MaxValue = binary.LittleEndian.AppendUint64(nil, uint64(k.most))
	}
}
