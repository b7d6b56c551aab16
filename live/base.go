package live

import (
	"bytes"
	"cmp"
	"context"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
)

// Place is where the facts are: a store, what was imported into it, and the record
// that it keeps.
type Place struct {
	Shelf  *imports.Shelf // its view and its actor are left aside
	Record *record.Record
}

// at is how everything was known at a moment.
func at(known kizuna.Moment) store.View {
	return store.View{Scope: store.Everything, KnownAt: cmp.Or(known, 1)} // 0 would be now
}

func (p *Place) store() store.Store { return p.Shelf.Store }

// imported is the shelf as it was known at a moment.
func (p *Place) imported(v store.View) *imports.Shelf {
	shelf := *p.Shelf
	shelf.View = v
	return &shelf
}

// base is all customers counted as of one entry, and what following the next entries
// needs. Where it stands, and its scorer, change while nobody reads ([kernel.Live.Read]);
// the rest stays as it is.
type base struct {
	stands At
	scorer score.Scorer

	question score.Question
	plan     *attribution.Plan
	live     *kernel.Live
	index    *association.Index // of locations
	outline  *outline

	// imported is what imported files say of people, and their sources.
	imported *dataset.Dataset
	part     *imports.Part
	// strays are imported claims on subscriptions that other customers than the
	// claims' have usage of, by subscription.
	strays map[string][]association.Claim
}

// build counts what was known at a moment (0: now). counted is told how many customers
// have been packed.
func (p *Place) build(ctx context.Context, known kizuna.Moment, question Question, o *Options, counted func(customers int)) (*base, error) {
	var b base
	var err error
	if b.stands.Entry, b.stands.KnownAt, err = p.store().Head(ctx, known); err != nil {
		return nil, err
	}
	v := at(b.stands.KnownAt)
	shelf := p.imported(v)
	if b.part, err = shelf.Part(ctx); err != nil {
		return nil, err
	}
	imported, err := dataset.LoadShelf(ctx, shelf, dataset.Options{Packed: true})
	if err != nil {
		return nil, err
	}
	own := new(dataset.Dataset)
	if own.Associations, own.People, err = p.Record.Facts(ctx, v); err != nil {
		return nil, err
	}
	data := imported.With(own)
	view, err := b.pack(ctx, data, counted)
	if err != nil {
		return nil, err
	}
	b.findStrays(imported.Associations.Claims)
	b.imported = &dataset.Dataset{People: imported.People, Sources: imported.Sources}
	if b.question, err = question(data.Coverage()); err != nil {
		return nil, err
	}
	b.plan = attribution.NewPlan(b.question.Program, b.question.AsOf)
	k, err := kernel.Compile(b.plan, b.question.Trust)
	if err != nil {
		return nil, err
	}
	if b.live, err = k.Live(ctx, view, kernel.Options{Workers: o.Workers}); err != nil {
		return nil, err
	}
	b.index = association.NewIndex(&association.Facts{Locations: data.Associations.Locations},
		association.Question{Program: b.plan.Program, AsOf: b.plan.AsOf})
	b.scorer = b.scoring(own.People)
	return &b, nil
}

// pack packs the customers and outlines them.
func (b *base) pack(ctx context.Context, data *dataset.Dataset, counted func(int)) (*segment.View, error) {
	var out bytes.Buffer
	builder := segment.NewBuilder(&out)
	builder.Watch(func(customers int) error {
		counted(customers)
		return context.Cause(ctx)
	})
	b.outline = newOutline()
	facts := &attribution.Facts{Associations: &data.Associations, Usage: data.Ledger, Rates: data.Rates}
	compiler := segment.NewCompiler(builder, facts.Associations, attribution.NewRates(facts.Rates))
	compiler.Keep(func(p *segment.Place) error {
		b.outline.add(p.Tenant, p.Resources)
		return nil
	})
	if _, err := compiler.AddAll(builder, facts); err != nil {
		return nil, err
	}
	if err := builder.Finish(); err != nil {
		return nil, err
	}
	b.outline.finish()
	s, err := segment.Read(out.Bytes())
	if err != nil {
		return nil, err
	}
	return segment.NewView(s)
}

func (b *base) findStrays(claims []association.Claim) {
	b.strays = make(map[string][]association.Claim)
	for _, c := range claims {
		s := association.Fold(c.Subscription)
		for _, id := range b.outline.usersOf(s) {
			if s != "" && id != association.Fold(c.Tenant) {
				b.strays[s] = append(b.strays[s], c)
				break
			}
		}
	}
}

// scoring returns how tallies become scores with what the record says of people.
func (b *base) scoring(own people.Facts) score.Scorer {
	known := b.imported.With(&dataset.Dataset{People: own})
	return score.Scorer{
		Plan: b.plan, Coverage: known.Coverage(),
		Roster: people.NewRoster(&known.People, b.plan.Program, b.plan.AsOf, func(location string) (string, bool) {
			account, isLocation, ok := b.index.AccountOf(location)
			return account, ok && isLocation
		}),
	}
}
