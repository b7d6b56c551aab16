package imports

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// Names of people, and addresses that tell them apart, are kept where they can be
// erased; the rows of the table people refer to them. Who is erased stays one person
// with the same profiles: the reference of the address stands in its place.
const (
	peopleTable  = "people"
	nameColumn   = "name"
	personColumn = "person_id"
)

// personalColumns are the columns of people that may be personal data.
var personalColumns = [...]string{nameColumn, personColumn}

// keeper keeps personal data of the people in a file, in one transaction.
type keeper struct {
	tx    store.Tx
	store store.Store
	// addresses are the references that they are kept under, so that one person has
	// one in all files.
	addresses map[string]string
}

// keep replaces what is personal in a row of people by references, and returns the
// subject that the row concerns: the profile, or else the person.
func (k *keeper) keep(row map[string]string) (subject string, err error) {
	person, name := row[personColumn], row[nameColumn]
	c := store.Concerns{Subject: association.Fold(row["mcid"])}
	about := cmp.Or(c.Subject, association.Fold(person))
	if strings.Contains(person, "@") {
		ref, err := k.address(person, c)
		if err != nil {
			return "", err
		}
		delete(row, personColumn)
		row[personColumn+refSuffix], person = ref, ref
	}
	c.Subject = cmp.Or(c.Subject, association.Fold(person))
	if name != "" {
		delete(row, nameColumn)
		row[nameColumn+refSuffix], err = k.tx.Keep(about, c, map[string]string{nameColumn: name})
	}
	return c.Subject, err
}

// address returns the reference of an address, which is kept once.
func (k *keeper) address(address string, c store.Concerns) (ref string, err error) {
	about := association.Fold(address)
	if ref = k.addresses[address]; ref != "" {
		return ref, nil
	}
	held, err := k.store.PersonalAbout(k.tx.Context(), store.View{Scope: store.Everything}, about)
	if err != nil {
		return "", err
	}
	for _, p := range held {
		if p.Value[personColumn] == address {
			ref = p.Ref
		}
	}
	if ref == "" {
		if ref, err = k.tx.Keep(about, c, map[string]string{personColumn: address}); err != nil {
			return "", err
		}
	}
	k.addresses[address] = ref
	return ref, nil
}

// Abouts implements [record.Imports]: the profile, and the addresses that imported
// files, in force or not, know its owner by.
func (Known) Abouts(r record.Reader, profile string) ([]string, error) {
	profile = association.Fold(profile)
	abouts := []string{profile}
	facts, err := r.FactsOf(peopleTable, profile)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for _, f := range facts {
		row := factRow{table: f.Table}
		if err := json.Unmarshal(f.Body, &row.cells); err != nil {
			return nil, unreadableFact(f, err)
		}
		for _, ref := range row.refs() {
			p, ok, err := r.Personal(ref)
			if err != nil {
				return nil, err
			}
			if ok && p.About != profile && !seen[p.About] {
				seen[p.About] = true
				abouts = append(abouts, p.About)
			}
		}
	}
	return abouts, nil
}

// Rows implements [record.Imports]: of files in force or not.
func (Known) Rows(r record.Reader, profile string) (rows []*store.Fact, err error) {
	profile = association.Fold(profile)
	for _, table := range []string{peopleTable, "profile_links", "certifications"} {
		found, err := r.FactsOf(table, profile)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if f.Key == profile { // a location may have the same id
				rows = append(rows, f)
			}
		}
	}
	return rows, nil
}

// lookup finds what is held under references.
type lookup func(refs []string) (map[string]store.Personal, error)

// heldIn looks up inside a command, or in a view.
func heldIn(r record.Reader) lookup {
	return func(refs []string) (map[string]store.Personal, error) {
		held := make(map[string]store.Personal)
		for _, ref := range refs {
			p, ok, err := r.Personal(ref)
			if err != nil {
				return nil, err
			}
			if ok {
				held[ref] = p
			}
		}
		return held, nil
	}
}

// heldFor looks up what the shelf's viewer may see.
func (s *Shelf) heldFor(ctx context.Context) lookup {
	return func(refs []string) (map[string]store.Personal, error) { return s.Store.Personal(ctx, s.View, refs) }
}

// refs lists what the row refers to.
func (r *factRow) refs() (refs []string) {
	if r.table != peopleTable {
		return nil
	}
	for _, column := range personalColumns {
		if ref := r.cells[column+refSuffix]; ref != "" {
			refs = append(refs, ref)
		}
	}
	return refs
}

// fillIn puts personal data back in its place. What is not shown or was erased stays
// empty; a person keeps something to be told apart by.
func (r *factRow) fillIn(held map[string]store.Personal) {
	if r.table != peopleTable {
		return
	}
	for _, column := range personalColumns {
		if ref := r.cells[column+refSuffix]; ref != "" {
			r.cells[column] = held[ref].Value[column]
		}
	}
	r.cells[personColumn] = cmp.Or(r.cells[personColumn], r.cells[personColumn+refSuffix])
}
