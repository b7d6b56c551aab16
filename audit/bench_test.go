package audit_test

import (
	"bytes"
	"testing"

	"github.com/kizuna-org/kizuna/audit"
)

// benchWorld holds 100,000 entries with one thing each, 1,000 to a block.
func benchWorld(b *testing.B) *world {
	w := newWorld()
	for i := range 100_000 {
		w.record(b, audit.Entry{Things: []audit.Thing{{Kind: "claim", ID: "c", Version: int64(i + 1), SHA256: hash(i)}}})
		if i%1000 == 999 {
			to := w.entries
			w.entries = to[i-999:]
			w.seal(b, nil)
			w.entries = to
		}
	}
	return w
}

func perEntry(b *testing.B, entries int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/entry")
}

func BenchmarkStore(b *testing.B) {
	e := audit.Entry{Seq: 1, Actor: "partner:4711/u1", Action: "claim.submit", Things: []audit.Thing{{Kind: "claim", ID: "c", Version: 1}}}
	for b.Loop() {
		must(e.Store())
	}
}

func BenchmarkVerify(b *testing.B) {
	w := benchWorld(b)
	for b.Loop() {
		if r := w.verify(b); !r.Intact {
			b.Fatal(r.Findings)
		}
	}
	perEntry(b, len(w.entries))
}

func BenchmarkVerifyExport(b *testing.B) {
	w := benchWorld(b)
	file := w.export(b)
	w.entries, w.held = nil, nil
	x := must(open(file))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if r := must(x.Verify(w.check())); !r.Intact {
			b.Fatal(r.Findings)
		}
	}
	perEntry(b, 100_000)
}

func BenchmarkWriteExport(b *testing.B) {
	w := benchWorld(b)
	for b.Loop() {
		if err := audit.WriteExport(new(bytes.Buffer), audit.Header{Key: w.key}, w.trail()); err != nil {
			b.Fatal(err)
		}
	}
	perEntry(b, len(w.entries))
}
