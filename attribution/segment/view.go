package segment

import (
	"github.com/kizuna-org/kizuna"
)

// View is a segment with newer ones over it: a tenant that stands in a newer one
// is as it stands there. Accounts and locations are those of the newest.
type View struct {
	segments []*Segment
	hidden   [][]uint64 // bits: tenants of a segment that a newer one holds; nil: none
	partners [][]uint32 // numbers in the newest of a segment's partners; nil: the same
}

// NewView lays segments over each other, the oldest first.
func NewView(base *Segment, newer ...*Segment) (*View, error) {
	v := &View{segments: append([]*Segment{base}, newer...)}
	newest := v.segments[len(v.segments)-1]
	v.hidden = make([][]uint64, len(v.segments))
	v.partners = make([][]uint32, len(v.segments))
	for i, s := range v.segments[:len(v.segments)-1] {
		v.partners[i] = make([]uint32, s.Partners())
		for p := range v.partners[i] {
			n, ok := newest.partners.find(s.partners.at(uint32(p)))
			if !ok {
				n = NoAccount
			}
			v.partners[i][p] = n
		}
	}
	for i := 1; i < len(v.segments); i++ {
		for b := range v.segments[i].Blocks() {
			if err := v.hide(i, b); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// hide hides in older segments the tenants of a block.
func (v *View) hide(newer, number int) error {
	block, err := v.segments[newer].Block(number)
	if err != nil {
		return err
	}
	for k := range block.Len() {
		id := block.ID(k)
		for i, older := range v.segments[:newer] {
			b, at, ok, err := older.Find(id)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if v.hidden[i] == nil {
				v.hidden[i] = make([]uint64, (older.Tenants()+63)/64)
			}
			n := b.First() + at
			v.hidden[i][n/64] |= 1 << (n % 64)
		}
	}
	return nil
}

// Segments returns the segments, the oldest first.
func (v *View) Segments() []*Segment { return v.segments }

// Newest returns the segment whose accounts and locations hold.
func (v *View) Newest() *Segment { return v.segments[len(v.segments)-1] }

// Hidden reports whether a newer segment holds a tenant of a segment.
func (v *View) Hidden(segment, tenant int) bool {
	bits := v.hidden[segment]
	return bits != nil && bits[tenant/64]>>(tenant%64)&1 != 0
}

// Find returns the newest segment that holds a tenant, and where.
func (v *View) Find(id string) (segment int, b Block, i int, ok bool, err error) {
	for segment = len(v.segments) - 1; segment >= 0; segment-- {
		if b, i, ok, err = v.segments[segment].Find(id); ok || err != nil {
			return segment, b, i, ok, err
		}
	}
	return 0, Block{}, 0, false, nil
}

// AccountsOn is [Segment.AccountsOn] of a segment of the view, by the locations of
// the newest.
func (v *View) AccountsOn(at kizuna.Instant) (ofLocation, itself [][]uint32) {
	newestOf, newestItself := v.Newest().AccountsOn(at)
	for i := range v.segments {
		ofLocation = append(ofLocation, v.translate(i, newestOf))
		itself = append(itself, v.translate(i, newestItself))
	}
	return ofLocation, itself
}

func (v *View) translate(segment int, accounts []uint32) []uint32 {
	numbers := v.partners[segment]
	if numbers == nil {
		return accounts
	}
	out := make([]uint32, len(numbers))
	for p, n := range numbers {
		if out[p] = NoAccount; n != NoAccount {
			out[p] = accounts[n]
		}
	}
	return out
}
