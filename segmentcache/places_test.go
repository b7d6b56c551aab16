package segmentcache

import (
	"bytes"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

var ofTest = identity{kizuna.HashOf([]byte("usage")), kizuna.HashOf([]byte("facts"))}

func written(t interface{ Fatal(...any) }, all []placed) []byte {
	var out bytes.Buffer
	w, err := newPlacesWriter(&out, ofTest)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := w.put(&all[i].Place, all[i].statements); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(data []byte, of identity) (all []placed, err error) {
	for p, err := range readPlaces(bytes.NewReader(data), of) {
		if err != nil {
			return all, err
		}
		kept := *p
		kept.Resources, kept.statements = slices.Clone(p.Resources), slices.Clone(p.statements)
		all = append(all, kept)
	}
	return all, nil
}

func drawPlaces(t *rapid.T) []placed {
	text := rapid.SampledFrom([]string{"", "a", "/subscriptions/s1", "/subscriptions/s1/resourcegroups/rg", "/subscriptions/s2", "仕事"})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) placed {
		p := placed{Place: segment.Place{Tenant: rapid.String().Draw(t, "tenant"), Digest: segment.Digest{byte(rapid.IntRange(0, 255).Draw(t, "digest"))}}}
		for range rapid.IntRange(0, 4).Draw(t, "resources") {
			p.Resources = append(p.Resources, association.Resource{Subscription: text.Draw(t, "subscription"), Scope: text.Draw(t, "scope"), Workload: text.Draw(t, "workload")})
		}
		for n := range 40 {
			if rapid.IntRange(0, 9).Draw(t, "in statement") == 0 {
				p.statements = append(p.statements, n*n)
			}
		}
		return p
	}), 0, 5).Draw(t, "places")
}

func TestPlacesAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawPlaces(t)
		data := written(t, want)
		got, err := read(data, ofTest)
		same := func(a, b placed) bool {
			return a.Tenant == b.Tenant && a.Digest == b.Digest && slices.Equal(a.Resources, b.Resources) && slices.Equal(a.statements, b.statements)
		}
		if err != nil || !slices.EqualFunc(want, got, same) {
			t.Fatalf("%v, not %v: %v", got, want, err)
		}
		if _, err := read(data, identity{ofTest.Facts, ofTest.Usage}); err == nil {
			t.Fatal("places of another segment are read")
		}
		damaged := slices.Clone(data)
		if bit := rapid.IntRange(0, 8*len(data)-1).Draw(t, "bit"); rapid.Bool().Draw(t, "cut") {
			damaged = damaged[:bit/8]
		} else {
			damaged[bit/8] ^= 1 << (bit % 8)
		}
		if got, err := read(damaged, ofTest); err == nil && !slices.EqualFunc(want, got, same) {
			t.Fatal("damage is not found")
		}
	})
}

// Hostile bytes, also under a right checksum, end in an error and little memory.
func FuzzPlaces(f *testing.F) {
	f.Add(written(f, []placed{{segment.Place{Tenant: "t", Resources: []association.Resource{{Subscription: "s", Scope: "/subscriptions/s", Workload: "w"}}}, []int{0, 7}}})[len(placesMagic):], false)
	f.Add([]byte{placesTenant, 0, 200, 255, 255, 255, 255, 15}, true)
	f.Add([]byte{placesEnd}, true)
	f.Fuzz(func(t *testing.T, data []byte, packed bool) {
		file := []byte(placesMagic)
		if packed {
			z, err := zstd.NewWriter(nil)
			if err != nil {
				t.Fatal(err)
			}
			file = z.EncodeAll(slices.Concat(ofTest.Usage[:], ofTest.Facts[:], data), file)
		} else {
			file = append(file, data...)
		}
		total := 0
		for p, err := range readPlaces(bytes.NewReader(file), ofTest) {
			if err != nil {
				return
			}
			if total += len(p.Resources) + len(p.statements); total > 1<<20 {
				return
			}
		}
	})
}
