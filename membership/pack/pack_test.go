package pack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/pack"
	"github.com/kizuna-org/kizuna/program"
)

var word = rapid.StringMatching(`[a-zé絆;]{0,5}`)

// ledgers draws ledgers with everything that one can hold.
func ledgers(t *rapid.T, account string, depth int) membership.Ledger {
	l := membership.Ledger{Account: account}
	day := func(what string) kizuna.Date { return kizuna.Date(rapid.Int32Range(19200, 20500).Draw(t, what)) }
	for range rapid.IntRange(0, 12).Draw(t, "findings") {
		f := membership.Finding{
			Area: rapid.OneOf(rapid.SampledFrom([]string{"data-ai", "security"}), word).Draw(t, "area"), On: day("on"),
			Total:     kizuna.Ratio(rapid.Int64Range(-3, 1000).Draw(t, "total"), rapid.SampledFrom([]int64{1, 1, 3, 7}).Draw(t, "of")),
			Qualified: rapid.Bool().Draw(t, "qualified"), Program: word.Draw(t, "program"), Known: kizuna.Moment(rapid.Int64Range(0, 1<<40).Draw(t, "known")),
			Lacking: rapid.SliceOfN(word, 0, 2).Draw(t, "lacking"),
			Digest:  rapid.OneOf(word, rapid.Just("sha256:"), rapid.Just("sha256:"+kizuna.HashOf([]byte(account)).String()), rapid.Just("sha256:ABCD")).Draw(t, "digest"),
		}
		l.Findings = append(l.Findings, f)
	}
	for range rapid.IntRange(0, 5).Draw(t, "events") {
		e := membership.Event{
			Kind: rapid.SampledFrom([]membership.Kind{membership.Purchase, membership.Renewal, membership.Refund, membership.Legacy, membership.Merge, membership.Closing, "other"}).Draw(t, "kind"),
			At:   day("at").Instant() + kizuna.Instant(rapid.Int64Range(0, 86399).Draw(t, "second")), Fee: word.Draw(t, "fee"), Note: word.Draw(t, "note"), Into: word.Draw(t, "into"),
			LegacyBenefits: rapid.Bool().Draw(t, "legacy"), Used: rapid.Bool().Draw(t, "used"),
		}
		if rapid.Bool().Draw(t, "ends") {
			until := day("until")
			e.Until = &until
		}
		if depth > 0 && e.Kind == membership.Merge {
			with := ledgers(t, account+"-"+word.Draw(t, "other"), depth-1)
			e.With = &with
		}
		l.Events = append(l.Events, e)
	}
	return l
}

// said is what a value says, as JSON.
func said(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// sorted is a ledger with its findings as a pack has them.
func sorted(l membership.Ledger) membership.Ledger {
	l.Findings = slices.Clone(l.Findings)
	slices.SortStableFunc(l.Findings, func(f, g membership.Finding) int { return f.Compare(&g) })
	l.Events = slices.Clone(l.Events)
	for i := range l.Events {
		if with := l.Events[i].With; with != nil {
			s := sorted(*with)
			l.Events[i].With = &s
		}
	}
	return l
}

func packed(t testing.TB, all []pack.One) []byte {
	t.Helper()
	var out bytes.Buffer
	b := pack.NewBuilder(&out)
	for i := range all {
		if err := b.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Finish(pack.Head{Entry: 7, Recorded: 8, Hash: kizuna.HashOf(nil)}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(data []byte) (*pack.Pack, error) {
	return pack.Open(bytes.NewReader(data), int64(len(data)))
}

func TestWhatIsPackedIsThere(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := membership.NewRules("mcpp", programs)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var all []pack.One
		for i := range rapid.IntRange(0, 5).Draw(t, "ledgers") {
			one := pack.One{ID: fmt.Sprint("g", i), Ledger: ledgers(t, fmt.Sprint("G", i), 2)}
			if rapid.Bool().Draw(t, "same id") {
				one.Ledger.Account = one.ID
			}
			all = append(all, one)
		}
		var out bytes.Buffer
		b := pack.NewBuilder(&out)
		for i := range all {
			if err := b.Add(&all[i]); err != nil {
				t.Fatal(err)
			}
		}
		head := pack.Head{Entry: 7, Recorded: 8, Hash: kizuna.HashOf(nil)}
		if err := b.Finish(head); err != nil {
			t.Fatal(err)
		}
		p, err := open(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if p.Head != head || p.Ledgers != len(all) {
			t.Fatalf("%+v, %d ledgers", p.Head, p.Ledgers)
		}
		n := 0
		for one, err := range p.All() {
			if err != nil {
				t.Fatal(err)
			}
			want := sorted(all[n].Ledger)
			if data, _ := json.Marshal(one.Ledger); one.ID != all[n].ID || string(data) != said(want) {
				t.Fatalf("%s %s\nwant %s %s", one.ID, data, all[n].ID, said(want))
			}
			n++
		}
		if n != len(all) {
			t.Fatalf("%d of %d", n, len(all))
		}
		// What lies apart matters to no standing.
		day := kizuna.Date(rapid.Int32Range(19200, 20500).Draw(t, "day"))
		var mu sync.Mutex
		states := make(map[string]string)
		if err := p.Survey(t.Context(), func() func(*pack.One) {
			return func(one *pack.One) {
				mu.Lock()
				defer mu.Unlock()
				states[one.ID] = stands(rules.Status(&one.Ledger, day))
			}
		}); err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if got, want := states[all[i].ID], stands(rules.Status(&all[i].Ledger, day)); got != want {
				t.Fatalf("on %s %s, want %s", day, got, want)
			}
		}
	})
}

// stands is how a company stands, without what it rests on.
func stands(s *membership.Status) string {
	out := fmt.Sprint(s.State, s.Anniversary == nil)
	for i := range s.Areas {
		a := &s.Areas[i]
		a.Why, a.Keeps, a.Last = membership.Why{}, nil, nil
		out += said(a)
	}
	return out
}

func TestDamageIsFound(t *testing.T) {
	drawn := rapid.Custom(func(t *rapid.T) pack.One { return pack.One{ID: "g1", Ledger: ledgers(t, "G1", 1)} })
	whole := packed(t, []pack.One{drawn.Example(3), drawn.Example(4)})
	for i := range whole {
		broken := slices.Clone(whole)
		broken[i] ^= 0x40
		if err := readAll(broken); kizuna.CodeOf(err) != "pack-damaged" {
			t.Fatalf("byte %d of %d: %v", i, len(whole), err)
		}
	}
	for n := range whole {
		if err := readAll(whole[:n]); kizuna.CodeOf(err) != "pack-damaged" {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func readAll(data []byte) error {
	p, err := open(data)
	if err != nil {
		return err
	}
	for _, err := range p.All() {
		if err != nil {
			return err
		}
	}
	return nil
}
