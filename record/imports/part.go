package imports

import (
	"context"
	"slices"

	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/store"
)

// Part reads parts of what imported files say that were in force at one moment: a few
// rows of large tables. It is safe for concurrent use.
type Part struct {
	shelf  *Shelf
	files  map[string]*dataset.File // by the id of their record
	tables map[string]bool          // in any file that is in force
}

// Part looks at the files that the shelf's view shows.
func (s *Shelf) Part(ctx context.Context) (*Part, error) {
	c, err := s.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	p := &Part{s, make(map[string]*dataset.File), make(map[string]bool)}
	for _, f := range c.Files {
		p.files[thing(f).ID] = f
		if !f.FactsInForce() {
			continue
		}
		for _, t := range dataset.Tables() {
			if f.Tables == nil || slices.Contains(f.Tables, t.Name) {
				p.tables[t.Name] = true
			}
		}
	}
	return p, nil
}

// Holds reports whether any file in force may have rows of a table besides usage.
func (p *Part) Holds(table string) bool { return p.tables[table] }

// About reads the rows of tables that concern any of the tenants, folded.
func (p *Part) About(ctx context.Context, tables, tenants []string) (*dataset.Dataset, error) {
	tables = slices.DeleteFunc(slices.Clone(tables), func(t string) bool { return !p.tables[t] })
	if len(tables) == 0 || len(tenants) == 0 {
		return new(dataset.Dataset), nil
	}
	return p.read(ctx, p.shelf.Store.FactsAbout(ctx, p.shelf.View, tables, tenants))
}

// Of reads the rows of a table that an id, folded, is the key or a location of.
func (p *Part) Of(ctx context.Context, table, id string) (*dataset.Dataset, error) {
	if !p.tables[table] {
		return new(dataset.Dataset), nil
	}
	return p.read(ctx, p.shelf.Store.FactsOf(ctx, p.shelf.View, table, id))
}

func (p *Part) read(ctx context.Context, rows func(func(*store.Fact, error) bool)) (*dataset.Dataset, error) {
	var facts []*store.Fact
	for f, err := range rows {
		if err != nil {
			return nil, err
		}
		// A file that was imported since is none of those that were known.
		if p.files[f.File] != nil {
			facts = append(facts, f)
		}
	}
	if len(facts) == 0 {
		return new(dataset.Dataset), nil
	}
	return inForce(facts, func(id string) (*dataset.File, error) { return p.files[id], nil }, p.shelf.heldFor(ctx))
}
