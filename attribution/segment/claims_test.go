package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// What plans of several programs share in the kernel rests on it.
func TestOnlyClaimsNameAWorkload(t *testing.T) {
	tenant := func(b *Builder, of program.Type) *Tenant {
		return &Tenant{
			ID:        "c1",
			Resources: []Resource{{Kind: Kind{Workload: b.Name("Teams")}, Rows: []Row{{Month: 2023 * 12, HasMoney: true, Money: 5}}}},
			Reaches:   []Reach{{Type: of, Location: b.Partner("l1"), End: 1, By: ByWorkload, What: b.Name("Teams"), During: kizuna.Always}},
		}
	}
	for of := range program.TPOR + 1 {
		var out bytes.Buffer
		b := NewBuilder(&out)
		err := b.Add(tenant(b, of))
		if Claims.Has(of) != (err == nil) {
			t.Errorf("%s written: %v", of, err)
		}
		// The same in a file of another maker.
		out.Reset()
		b = NewBuilder(&out)
		if err := errors.Join(b.Add(tenant(b, program.CPORUsage)), b.Finish()); err != nil {
			t.Fatal(err)
		}
		data := out.Bytes()
		what := uint32(b.Name("Teams")) | uint32(ByWorkload)<<(whatBits+4)
		at := bytes.Index(data, binary.LittleEndian.AppendUint32(nil, what|uint32(program.CPORUsage)<<whatBits))
		binary.LittleEndian.PutUint32(data[at:], what|uint32(of)<<whatBits)
		reseal(data)
		s, err := Read(data)
		if err == nil {
			err = s.Check()
		}
		if Claims.Has(of) != (err == nil) {
			t.Errorf("%s read: %v", of, err)
		}
	}
}
