package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// example is a small segment with a bit of everything.
func example(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	b := NewBuilder(&out)
	b.SetLocations([]association.Location{{ID: "l1", Global: "g1", During: kizuna.Always}})
	month := kizuna.Month(2023 * 12)
	tenant := &Tenant{ID: "11111111-2222-3333-4444-555555555555", Country: b.Name("JP"), Resources: []Resource{
		{Kind: Kind{Workload: b.Name("Storage")}, Rows: []Row{{Month: month, Day: 3, HasMoney: true, Money: 5}, {Month: month, Day: 9, HasMoney: true, Money: 17}}},
		{Owned: true, Rows: []Row{
			{Month: month, Snapshot: true, Users: 1_000_000, Seats: 2_000_000, Units: 3},
			{Month: month + 3, HasMoney: true, Money: -9, Asserted: []Assertion{{program.DPOR, b.Partner("g1")}}},
		}},
	}, Reaches: []Reach{
		{Type: program.PAL, Location: b.Partner("l1"), First: 0, End: 2, By: ByRole, What: b.Name("Owner"), During: kizuna.Always},
		{Type: program.PAL, Location: b.Partner("l1"), First: 1, End: 2, By: ByOwner, What: b.Name("owner"), Active: 7, During: kizuna.Always},
	}}
	for _, id := range []string{"", "11111111-2222-3333-4444-555555555555", "z"} {
		tenant.ID = id
		if err := b.Add(tenant); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// reseal makes every checksum right again, as one would who knows the format.
func reseal(data []byte) {
	trailer := data[len(data)-trailerSize:]
	section := func(i int) []byte {
		offset, length := binary.LittleEndian.Uint64(trailer[20*i:]), binary.LittleEndian.Uint64(trailer[20*i+8:])
		if offset > uint64(len(data)) || length > uint64(len(data))-offset {
			return nil
		}
		return data[offset : offset+length]
	}
	index := section(sectionIndex)
	for i := 0; i+blockEntrySize <= len(index); i += blockEntrySize {
		e := readBlockEntry(index[i:])
		if e.offset <= uint64(len(data)) && uint64(e.length) <= uint64(len(data))-e.offset {
			binary.LittleEndian.PutUint32(index[i+12:], crc32.Checksum(data[e.offset:e.offset+uint64(e.length)], castagnoli))
		}
	}
	for i := range numSections {
		binary.LittleEndian.PutUint32(trailer[20*i+16:], crc32.Checksum(section(i), castagnoli))
	}
	binary.LittleEndian.PutUint32(trailer[20*numSections+8:], crc32.Checksum(trailer[:20*numSections+8], castagnoli))
}

// useIndex indexes a segment and finds every customer again.
func useIndex(s *Segment) error {
	v, err := NewView(s)
	if err != nil {
		return err
	}
	x, err := IndexPartners(context.Background(), v)
	if err != nil {
		return err
	}
	for p := range s.Partners() {
		of, _ := x.Of(Partner(p))
		for _, customer := range of {
			if _, _, _, err := x.At(customer); err != nil {
				return err
			}
		}
	}
	return nil
}

// What is hostile, and knows the checksums, is refused as well or read as something:
// it never does harm.
func FuzzRead(f *testing.F) {
	whole := example(f)
	f.Add(whole[:40], uint16(0), false)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f}, uint16(60), true)
	f.Add([]byte{0}, uint16(8), true)
	for i := 8; i < len(whole); i += 7 {
		f.Add([]byte{whole[i] + 1}, uint16(i), true)
	}
	f.Fuzz(func(t *testing.T, write []byte, at uint16, sealed bool) {
		data := slices.Clone(whole)
		if int(at) < len(data) {
			copy(data[at:], write)
		}
		if sealed {
			reseal(data)
		}
		s, err := Read(data)
		if err == nil {
			err = s.Check()
		}
		if err == nil && !sealed && !bytes.Equal(data, whole) {
			t.Error("damage was not found")
		}
		if err == nil {
			_, _, _, _ = s.Find("z")
			_, _ = s.AccountsOn(0)
			_ = useIndex(s)
		}
	})
}
