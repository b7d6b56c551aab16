package pack

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
)

// The marks of a finding.
const (
	qualified = 1 << iota
	sameDay   // as the one before
	sameRules // and knowledge
	fraction  // the total is none of the integers
	lacking
	digested
	hashed // the digest is a SHA-256 as package proof writes it
)

// The marks of an event.
const (
	withFee = 1 << iota
	withNote
	legacyBenefits
	used
	withUntil
	withLedger
	withInto
)

const hashPrefix = "sha256:"

var kinds = []membership.Kind{
	membership.Purchase, membership.Renewal, membership.Refund, membership.Legacy, membership.Merge, membership.Closing,
}

// deepest is how many mergers may lie within each other.
const deepest = 1000

// decoder reads what an encoder wrote. After a failure all that it reads is nothing.
type decoder struct {
	data   []byte
	names  []string
	cold   *decoder // nil: what lies apart is left out
	depth  int
	failed error
}

func (d *decoder) fail() {
	d.failed, d.data = errDamaged, nil
}

func (d *decoder) number() uint64 {
	if len(d.data) > 0 && d.data[0] < 0x80 { // most are short
		n := d.data[0]
		d.data = d.data[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(d.data)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *decoder) signed() int64 {
	n := d.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) byte() byte {
	if len(d.data) == 0 {
		d.fail()
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

// count reads how many things follow, each of a byte at least.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.data)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.count()
	b := d.data[:n]
	d.data = d.data[n:]
	return b
}

func (d *decoder) text() string { return string(d.bytes()) }

// name reads a text that is written once for all, or here.
func (d *decoder) name() string {
	switch n := d.number(); {
	case n == 0:
		return d.text()
	case n <= uint64(len(d.names)):
		return d.names[n-1]
	}
	d.fail()
	return ""
}

func (d *decoder) one(o *One) {
	d.ledger(&o.Ledger)
	if o.ID = d.text(); o.ID == "" {
		o.ID = o.Ledger.Account
	}
}

func (d *decoder) ledger(l *membership.Ledger) {
	l.Account = d.text()
	n := d.count()
	if cap(l.Findings) < n {
		l.Findings = make([]membership.Finding, n)
	}
	l.Findings = l.Findings[:n]
	d.findings(l.Findings)
	n = d.count()
	if cap(l.Events) < n {
		l.Events = make([]membership.Event, n)
	}
	l.Events = l.Events[:n]
	at := kizuna.Instant(0)
	for i := range l.Events {
		at += kizuna.Instant(d.signed())
		d.event(&l.Events[i], at)
	}
	if n == 0 {
		l.Events = nil
	}
	if len(l.Findings) == 0 {
		l.Findings = nil
	}
}

func (d *decoder) findings(all []membership.Finding) {
	var before membership.Finding
	for i := range all {
		f := &all[i]
		marks := d.byte()
		*f = membership.Finding{Area: d.name(), On: before.On, Qualified: marks&qualified != 0, Program: before.Program, Known: before.Known}
		if marks&sameDay == 0 {
			f.On += kizuna.Date(d.signed())
		}
		if marks&sameRules == 0 {
			f.Program = d.name()
			f.Known += kizuna.Moment(d.signed())
		}
		if marks&fraction == 0 {
			f.Total = kizuna.Int(d.signed())
		} else {
			total, err := kizuna.ParseFraction(d.text())
			if err != nil {
				d.fail()
			}
			f.Total = total
		}
		before = *f
		if d.cold != nil {
			d.apart(f, marks)
		}
	}
}

// apart reads what lies apart of a finding.
func (d *decoder) apart(f *membership.Finding, marks byte) {
	c := d.cold
	if marks&lacking != 0 {
		f.Lacking = make([]string, c.count())
		for i := range f.Lacking {
			f.Lacking[i] = c.name()
		}
	}
	switch {
	case marks&hashed != 0:
		sum := c.bytes()
		f.Digest = hashPrefix + hex.EncodeToString(sum)
	case marks&digested != 0:
		f.Digest = c.text()
	}
	if c.failed != nil {
		d.fail()
	}
}

func (d *decoder) event(e *membership.Event, at kizuna.Instant) {
	kind, marks := d.number(), d.byte()
	*e = membership.Event{At: at, LegacyBenefits: marks&legacyBenefits != 0, Used: marks&used != 0}
	switch {
	case kind == 0:
		e.Kind = membership.Kind(d.text())
	case kind <= uint64(len(kinds)):
		e.Kind = kinds[kind-1]
	default:
		d.fail()
	}
	if marks&withFee != 0 {
		e.Fee = d.name()
	}
	if marks&withNote != 0 {
		e.Note = d.text()
	}
	if marks&withUntil != 0 {
		until := kizuna.Date(d.signed())
		e.Until = &until
	}
	if marks&withInto != 0 {
		e.Into = d.text()
	}
	if marks&withLedger != 0 {
		if d.depth++; d.depth > deepest {
			d.fail()
			return
		}
		e.With = new(membership.Ledger)
		d.ledger(e.With)
		d.depth--
	}
}
