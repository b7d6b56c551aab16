package audit_test

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
)

func (w *world) export(t failing) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audit.WriteExport(&b, audit.Header{ExportedAt: w.now, Key: w.key}, w.trail()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte) (*audit.Export, error) {
	return audit.OpenExport("trail.jsonl", bytes.NewReader(data), int64(len(data)))
}

func TestAnExportHoldsTheTrailByteForByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		if rapid.Bool().Draw(t, "damaged") {
			e := pick(t, w.entries)
			e.Canonical = rapid.SampledFrom([][]byte{[]byte("null"), []byte("{} "), []byte("{\n}"), []byte("\xff"), flip(t, e.Canonical)}).Draw(t, "as")
		}
		x := must(open(w.export(t)))
		entries, blocks := all(t, x.Entries()), all(t, x.Blocks())
		if !slices.EqualFunc(entries, w.entries, func(a, b audit.StoredEntry) bool {
			return a.Seq == b.Seq && a.Hash == b.Hash && bytes.Equal(a.Canonical, b.Canonical)
		}) {
			t.Fatalf("entries %+v", entries)
		}
		if !slices.EqualFunc(blocks, w.blocks, func(a, b audit.SealedBlock) bool {
			return a.Number == b.Number && bytes.Equal(a.Canonical, b.Canonical) && bytes.Equal(a.Signature, b.Signature) && bytes.Equal(a.Leaves, b.Leaves)
		}) {
			t.Fatalf("blocks %+v", blocks)
		}
		// Offline the same is found, but for the content, which is not in the file.
		trail := w.trail()
		trail.Content = audit.Content{}
		want, got := must(audit.Verify(trail, w.check())), must(x.Verify(w.check()))
		if !slices.Equal(got.Findings, want.Findings) || got.Proved != want.Proved {
			t.Fatalf("%+v\n%+v", got, want)
		}
	})
}

func TestWithoutAKeyAnExportIsConsistentButNotTrusted(t *testing.T) {
	w := newWorld()
	w.record(t, audit.Entry{})
	w.seal(t, nil)
	x := must(open(w.export(t)))
	if r := must(x.Verify(audit.Check{})); !r.Intact || r.Trusted || r.Proved != 1 {
		t.Errorf("%+v", r)
	}
	if r := must(x.Verify(w.check())); !r.Intact || !r.Trusted {
		t.Errorf("%+v", r)
	}
}

func TestAnyTamperingWithTheFileIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.seal(t, nil)
		file := w.export(t)
		lines := slices.Collect(bytes.Lines(file))
		i := rapid.IntRange(1, len(lines)-1).Draw(t, "line") // the header proves nothing
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines = slices.Insert(lines, i, lines[i])
		case 2:
			lines = lines[:i]
		case 3:
			lines[i] = append(slices.Clone(lines[i][:len(lines[i])/2]), '\n')
		}
		r := must(must(open(bytes.Join(lines, nil))).Verify(w.check()))
		if r.Intact {
			t.Fatalf("line %d: %+v", i+1, r)
		}
	})
}

func TestTheLineThatCannotBeReadIsNamed(t *testing.T) {
	w := newWorld()
	w.record(t, audit.Entry{})
	w.record(t, audit.Entry{})
	w.seal(t, nil)
	lines := slices.Collect(bytes.Lines(w.export(t)))
	lines[2] = []byte("{\"seq\":2,\n")
	r := must(must(open(bytes.Join(lines, nil))).Verify(w.check()))
	want := []audit.Finding{numbered(audit.FileLine, 3), numbered(audit.FileCut, 5), numbered(audit.EntryMissing, 2)}
	if !slices.Equal(r.Findings, want) {
		t.Errorf("%+v", r.Findings)
	}
}

func TestWhatIsNoExportIsRefused(t *testing.T) {
	for _, text := range []string{"", "\n", "{}", `{"seq":1}`, `{"header":{"format":"kizuna-audit-9"}}`, `{"header":{"format":"kizuna-audit-1","key":"AA=="}}`} {
		if _, err := open([]byte(text)); kizuna.CodeOf(err) != "audit-no-export" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestALineThatIsTooLongIsNamedAndNotHeld(t *testing.T) {
	w := newWorld()
	w.record(t, audit.Entry{})
	lines := slices.Collect(bytes.Lines(w.export(t)))
	long := []byte(`{"seq":2,"pad":"` + strings.Repeat("x", 2*audit.MaxEntrySize) + "\"}\n")
	r := must(must(open(bytes.Join(slices.Insert(lines, 2, long), nil))).Verify(w.check()))
	if !slices.Equal(r.Findings, []audit.Finding{numbered(audit.FileLine, 3)}) || r.Entries != 1 {
		t.Errorf("%+v", r)
	}
}

func TestAnExportThatFailsSaysSo(t *testing.T) {
	lost := errors.New("connection lost")
	trail := audit.Trail{Blocks: func(yield func(audit.SealedBlock, error) bool) { yield(audit.SealedBlock{}, lost) }}
	if err := audit.WriteExport(&bytes.Buffer{}, audit.Header{}, trail); !errors.Is(err, lost) {
		t.Error(err)
	}
}

func FuzzExport(f *testing.F) {
	w := newWorld()
	w.record(f, audit.Entry{Things: []audit.Thing{{Kind: "claim", ID: "a", Version: 1}}})
	w.record(f, audit.Entry{Seq: 4})
	w.seal(f, key(2))
	w.record(f, audit.Entry{})
	w.seal(f, nil)
	w.record(f, audit.Entry{})
	f.Add(w.export(f))
	w.entries[0].Canonical = []byte("\xff")
	f.Add(w.export(f))
	f.Add([]byte("{\"header\":{}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := open(data)
		if err != nil {
			return
		}
		r, err := x.Verify(w.check())
		if err != nil {
			t.Fatal(err)
		}
		if !r.Intact || r.Tail != nil {
			return
		}
		for e := range x.Entries() { // all proved, so all sealed by who has the key
			if !slices.ContainsFunc(w.entries, func(o audit.StoredEntry) bool { return o.Hash == kizuna.HashOf(e.Canonical) }) {
				t.Fatalf("entry %d was never recorded: %s", e.Seq, e.Canonical)
			}
		}
	})
}

func all[T any](t failing, seq iter.Seq2[T, error]) (out []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}
