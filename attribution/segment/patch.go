package segment

import (
	"slices"

	"github.com/kizuna-org/kizuna/association"
)

// Dictionary is what the numbers in a record mean: a [Segment]'s, or a [Patch]'s.
type Dictionary interface {
	Names() int
	Name(n Name) string
	Partners() int
	Partner(p Partner) string
	Kinds() []Kind
}

// Patch packs tenants in memory, to lie over a segment until they are written to
// one. It is for one goroutine.
type Patch struct {
	encoder *encoder
	info    Info
}

// NewPatch returns an empty patch.
func NewPatch() *Patch { return &Patch{encoder: newEncoder()} }

// PatchOver returns a patch that numbers texts and kinds as a segment does, and new ones
// after them: so the segment's records are the patch's.
func PatchOver(s *Segment) *Patch {
	p := NewPatch()
	for i := range s.Names() {
		p.encoder.names.number(s.Name(Name(i)))
	}
	for i := range s.Partners() {
		p.encoder.partners.number(s.Partner(Partner(i)))
	}
	for _, k := range s.Kinds() {
		p.encoder.kind(k)
	}
	return p
}

// Numbers returns the patch's way to number texts.
func (p *Patch) Numbers() Names { return patchNames{p.encoder} }

type patchNames struct{ e *encoder }

func (n patchNames) Name(text string) Name { return Name(n.e.names.number(text)) }
func (n patchNames) Partner(id string) Partner {
	return Partner(n.e.partners.number(association.Fold(id)))
}

// Names returns how many texts there are.
func (p *Patch) Names() int { return len(p.encoder.names.list) }

// Name returns a text.
func (p *Patch) Name(n Name) string { return p.encoder.names.list[n] }

// Partners returns how many partner ids there are.
func (p *Patch) Partners() int { return len(p.encoder.partners.list) }

// Partner returns a partner id, without case.
func (p *Patch) Partner(n Partner) string { return p.encoder.partners.list[n] }

// Kinds returns the kinds of resources, by number. They must not be changed.
func (p *Patch) Kinds() []Kind { return p.encoder.kindList }

// Pack packs a tenant whose numbers are the patch's.
func (p *Patch) Pack(t *Tenant, r *Record) error {
	data, err := p.encoder.tenant(nil, association.Fold(t.ID), t, &p.info)
	if err != nil {
		return err
	}
	r.read(append(data, make([]byte, slack)...))
	r.far, r.kinds = p.encoder.far, p.encoder.kindList
	return nil
}

// PackReaches replaces a record's reaches, whose numbers are the patch's: those of its
// resources stay what they are.
func (p *Patch) PackReaches(id string, reaches []Reach, r *Record) error {
	data := make([]byte, 0, len(reaches)*reachSize)
	for i := range reaches {
		var err error
		if data, err = p.encoder.reach(data, id, &reaches[i], r.Resources); err != nil {
			return err
		}
	}
	r.reaches, r.far = data, p.encoder.far
	return nil
}

// Translator gives reaches the numbers of another dictionary. What it has looked up
// once it remembers. It is for one goroutine.
type Translator struct {
	from     Dictionary
	to       Names
	names    []Name    // by number, 1 more than the other's; 0: not looked up yet
	partners []Partner // likewise
}

// NewTranslator returns a translator that has looked up nothing yet.
func NewTranslator(from Dictionary, to Names) *Translator {
	return &Translator{from, to, make([]Name, from.Names()), make([]Partner, from.Partners())}
}

// Translate changes a tenant's reaches.
func (t *Translator) Translate(reaches []Reach) {
	for i := range reaches {
		r := &reaches[i]
		name, partner := &t.names[r.What], &t.partners[r.Location]
		if *name == 0 {
			*name = t.to.Name(t.from.Name(r.What)) + 1
		}
		if *partner == 0 {
			*partner = t.to.Partner(t.from.Partner(r.Location)) + 1
		}
		r.What, r.Location = *name-1, *partner-1
	}
}

// AppendReaches unpacks the reaches.
func (r *Record) AppendReaches(reaches []Reach) []Reach {
	reaches = slices.Grow(reaches, r.Entries())
	for entry := 0; entry < r.Entries(); {
		reaches = append(reaches, Reach{})
		entry = r.Reach(entry, &reaches[len(reaches)-1])
	}
	return reaches
}
