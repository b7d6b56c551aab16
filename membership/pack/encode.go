package pack

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
)

// mostNames is how many texts are written once for all: areas, programs, fees, metrics.
const mostNames = 4096

// Builder writes a pack.
type Builder struct {
	out    io.Writer
	offset uint64
	failed error

	hot, cold []byte
	ledgers   uint32
	names     map[string]uint64
	listed    []byte // the names
	index     []byte
	sorted    []membership.Finding
}

// NewBuilder begins a pack.
func NewBuilder(out io.Writer) *Builder {
	b := &Builder{out: out, names: make(map[string]uint64)}
	b.write([]byte(magic))
	return b
}

func (b *Builder) write(data []byte) part {
	where := part{b.offset, uint32(len(data)), crc32.Checksum(data, castagnoli)}
	if b.failed == nil {
		_, b.failed = b.out.Write(data)
	}
	b.offset += uint64(len(data))
	return where
}

// Add takes the next ledger, in the order of the ids.
func (b *Builder) Add(o *One) error {
	b.ledger(&o.Ledger)
	id := o.ID
	if id == o.Ledger.Account {
		id = ""
	}
	b.text(id)
	if b.ledgers++; len(b.hot) >= blockSize {
		b.flush()
	}
	return b.failed
}

func (b *Builder) flush() {
	if b.ledgers == 0 {
		return
	}
	hot := b.write(b.hot)
	b.index = b.write(b.cold).append(hot.append(b.index))
	b.index = binary.LittleEndian.AppendUint32(b.index, b.ledgers)
	b.hot, b.cold, b.ledgers = b.hot[:0], b.cold[:0], 0
}

// Finish ends the pack and says what it was made from.
func (b *Builder) Finish(h Head) error {
	b.flush()
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	var trailer []byte
	for _, section := range [...][]byte{b.listed, b.index, head} {
		trailer = b.write(section).append(trailer)
	}
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(trailer, castagnoli))
	b.write(append(trailer, magic...))
	return b.failed
}

func (b *Builder) number(n uint64) { b.hot = binary.AppendUvarint(b.hot, n) }
func (b *Builder) signed(n int64)  { b.hot = binary.AppendVarint(b.hot, n) }
func (b *Builder) text(s string)   { b.hot = appendText(b.hot, s) }

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

// name writes a text once for all, and here only its number.
func (b *Builder) name(to []byte, s string) []byte {
	n, ok := b.names[s]
	if !ok && len(b.names) < mostNames {
		n = uint64(len(b.names)) + 1
		b.names[s] = n
		b.listed = appendText(b.listed, s)
	}
	if to = binary.AppendUvarint(to, n); n == 0 {
		to = appendText(to, s)
	}
	return to
}

func (b *Builder) ledger(l *membership.Ledger) {
	b.text(l.Account)
	findings := l.Findings
	if !slices.IsSortedFunc(findings, inOrder) {
		b.sorted = append(b.sorted[:0], findings...)
		findings = b.sorted
		slices.SortStableFunc(findings, inOrder)
	}
	b.number(uint64(len(findings)))
	var before membership.Finding
	for i := range findings {
		b.finding(&findings[i], &before)
		before = findings[i]
	}
	b.number(uint64(len(l.Events)))
	at := kizuna.Instant(0)
	for i := range l.Events {
		b.signed(int64(l.Events[i].At - at))
		at = l.Events[i].At
		b.event(&l.Events[i])
	}
}

func inOrder(f, g membership.Finding) int { return f.Compare(&g) }

func (b *Builder) finding(f, before *membership.Finding) {
	var marks byte
	if f.Qualified {
		marks |= qualified
	}
	if f.On == before.On {
		marks |= sameDay
	}
	if f.Program == before.Program && f.Known == before.Known {
		marks |= sameRules
	}
	num, den, ok := f.Total.Terms()
	if !ok || den != 1 {
		marks |= fraction
	}
	if len(f.Lacking) > 0 {
		marks |= lacking
		b.cold = binary.AppendUvarint(b.cold, uint64(len(f.Lacking)))
		for _, metric := range f.Lacking {
			b.cold = b.name(b.cold, metric)
		}
	}
	if f.Digest != "" {
		text, written := strings.CutPrefix(f.Digest, hashPrefix)
		sum, err := hex.DecodeString(text)
		if marks |= digested; written && err == nil && hex.EncodeToString(sum) == text {
			marks |= hashed
			b.cold = appendText(b.cold, string(sum))
		} else {
			b.cold = appendText(b.cold, f.Digest)
		}
	}
	b.hot = b.name(append(b.hot, marks), f.Area)
	if marks&sameDay == 0 {
		b.signed(int64(f.On - before.On))
	}
	if marks&sameRules == 0 {
		b.hot = b.name(b.hot, f.Program)
		b.signed(int64(f.Known - before.Known))
	}
	if marks&fraction == 0 {
		b.signed(num)
	} else {
		b.text(f.Total.String())
	}
}

func (b *Builder) event(e *membership.Event) {
	b.number(uint64(slices.Index(kinds, e.Kind) + 1))
	var marks byte
	for mark, set := range map[byte]bool{
		withFee: e.Fee != "", withNote: e.Note != "", legacyBenefits: e.LegacyBenefits, used: e.Used,
		withUntil: e.Until != nil, withLedger: e.With != nil, withInto: e.Into != "",
	} {
		if set {
			marks |= mark
		}
	}
	b.hot = append(b.hot, marks)
	if !slices.Contains(kinds, e.Kind) {
		b.text(string(e.Kind))
	}
	if e.Fee != "" {
		b.hot = b.name(b.hot, e.Fee)
	}
	if e.Note != "" {
		b.text(e.Note)
	}
	if e.Until != nil {
		b.signed(int64(*e.Until))
	}
	if e.Into != "" {
		b.text(e.Into)
	}
	if e.With != nil {
		b.ledger(e.With)
	}
}
