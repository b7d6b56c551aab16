package kernel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/internal/worldtest"
)

// bytesOf counts one part of the customers and writes its totals.
func bytesOf(t fataler, k *kernel.Together, v *segment.View, o kernel.Options) []byte {
	t.Helper()
	totals, err := k.Run(context.Background(), v, o)
	if err != nil {
		t.Fatal(err)
	}
	return k.Append(nil, totals)
}

func together(t fataler, trust attribution.Trust, plans ...*attribution.Plan) *kernel.Together {
	t.Helper()
	k, err := kernel.CompileTogether(trust, plans...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// However many processes count parts of the customers, and in whatever order their
// totals arrive, the sum has the bytes of the whole.
func TestPartsOfTheCustomersGiveTheBytesOfTheWhole(t *testing.T) {
	data, _ := large(t)
	all := programs(t)
	plans := []*attribution.Plan{
		attribution.NewPlan(all[1], days[0]), attribution.NewPlan(all[2], days[0]), attribution.NewPlan(all[len(all)-1], days[0]),
	}
	v := viewOf(t, opened(t, data))
	whole := bytesOf(t, together(t, "", plans...), v, kernel.Options{Workers: 2})
	for _, of := range []int{1, 2, 5} {
		sum := together(t, "", plans...)
		totals := sum.None(v)
		for _, part := range rand.Perm(of) {
			// Another kernel, as in another process.
			message := bytesOf(t, together(t, "", plans...), v, kernel.Options{Part: part, Of: of})
			if err := sum.Add(totals, message); err != nil {
				t.Fatal(err)
			}
		}
		if got := sum.Append(nil, totals); !bytes.Equal(whole, got) {
			t.Errorf("%d parts: other bytes", of)
		}
		for i, plan := range plans {
			want := counted(t, compiled(t, plan.Program, days[0], ""), v, kernel.Options{})
			if d := difference(want, totals[i].Contribution()); d != "" {
				t.Errorf("%d parts, plan %d: %s", of, i, d)
			}
		}
	}
}

func TestTotalsOfAnyWorldTravel(t *testing.T) {
	all := programs(t)
	rapid.Check(t, func(t *rapid.T) {
		f := worldtest.DrawMixed(t)
		v := viewOf(t, built(t, f))
		var plans []*attribution.Plan
		for range rapid.IntRange(1, 2).Draw(t, "plans") {
			plans = append(plans, attribution.NewPlan(drawProgram(t, all), days[0]))
		}
		k := together(t, f.Trust, plans...)
		message := bytesOf(t, k, v, kernel.Options{})
		totals := k.None(v)
		if err := k.Add(totals, message); err != nil {
			t.Fatal(err)
		}
		if got := k.Append(nil, totals); !bytes.Equal(message, got) {
			t.Fatal("other bytes")
		}
	})
}

func TestTotalsThatAreDamagedOrOfAnotherQuestionAreRefused(t *testing.T) {
	v := viewOf(t, smallWorld(t))
	k := together(t, "", attribution.NewPlan(programs(t)[1], days[0]))
	message := bytesOf(t, k, v, kernel.Options{})
	if !bytes.Contains(message, []byte("Storage")) {
		t.Errorf("no member travels: %q", message)
	}
	totals := k.None(v)
	nothing := k.Append(nil, totals)
	refused := func(what string, data []byte, code string) {
		t.Helper()
		if err := k.Add(totals, data); kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v", what, err)
		}
	}
	for bit := range 8 * len(message) {
		damaged := bytes.Clone(message)
		damaged[bit/8] ^= 1 << (bit % 8)
		refused("a bit", damaged, "totals-damaged")
	}
	for end := range message {
		refused("an end", message[:end], "totals-damaged")
	}
	refused("another day", bytesOf(t, together(t, "", attribution.NewPlan(programs(t)[1], days[1])), v, kernel.Options{}), "totals-other")
	refused("another trust", bytesOf(t, together(t, attribution.TrustOwn, attribution.NewPlan(programs(t)[1], days[0])), v, kernel.Options{}), "totals-other")
	if got := k.Append(nil, totals); !bytes.Equal(nothing, got) {
		t.Error("something was added")
	}
}

// smallWorld is a world in which accounts have tallies and members.
func smallWorld(t fataler) *segment.Segment {
	return built(t, rapid.Custom(worldtest.DrawMixed).Example(5))
}

// FuzzAdd: under a right checksum anything may come. It is refused, or it is what
// Append writes.
func FuzzAdd(f *testing.F) {
	v := viewOf(f, smallWorld(f))
	k := together(f, "", attribution.NewPlan(programs(f)[1], days[0]))
	f.Add(bytesOf(f, k, v, kernel.Options{}))
	f.Add(k.Append(nil, k.None(v)))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		if len(data) >= crc32.Size {
			end := len(data) - crc32.Size
			binary.LittleEndian.PutUint32(data[end:], crc32.Checksum(data[:end], crc32.MakeTable(crc32.Castagnoli)))
		}
		totals := k.None(v)
		if k.Add(totals, data) != nil {
			return
		}
		if got := k.Append(nil, totals); !bytes.Equal(data, got) {
			t.Errorf("%x is read as %x", data, got)
		}
	})
}
