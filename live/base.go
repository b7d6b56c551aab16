package live

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/segmentcache"
	"github.com/kizuna-org/kizuna/store"
)

// Place is where the facts are: a store, what was imported into it, and the record
// that it keeps.
type Place struct {
	Shelf  *imports.Shelf // its view and its actor are left aside
	Record *record.Record
	// Cache is where packed usage is kept, so that counting everything need not read all
	// of it. The zero Cache keeps nothing.
	Cache segmentcache.Cache
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
	own := new(dataset.Dataset)
	if own.Associations, own.People, err = p.Record.Facts(ctx, v); err != nil {
		return nil, err
	}
	facts, err := b.open(ctx, p, shelf, own, counted)
	if err != nil {
		return nil, err
	}
	if err := b.count(ctx, facts, own, question, o); err != nil {
		return nil, errors.Join(err, facts.Close())
	}
	// The segments may be read until nobody has the totals any more; the rest is not needed.
	facts.Data, facts.Imported, facts.Survey = nil, nil, nil
	runtime.AddCleanup(b.live, func(f *segmentcache.Facts) { _ = f.Close() }, facts)
	return &b, nil
}

// open opens the facts with their usage packed, and outlines the customers.
func (b *base) open(ctx context.Context, p *Place, shelf *imports.Shelf, own *dataset.Dataset, counted func(int)) (*segmentcache.Facts, error) {
	cache := p.Cache
	cache.Packed = func(customers int) error {
		counted(customers)
		return context.Cause(ctx)
	}
	for {
		if cache.Dir == "" { // nothing is kept, so that nothing is compared
			cache.Now = func() time.Time { return time.Time{} }
		}
		facts, err := cache.Open(ctx, &segmentcache.Place{Shelf: shelf, Own: own, KnownAt: &b.stands.KnownAt, Apart: true})
		if err != nil {
			return nil, err
		}
		err = b.draw(facts)
		if err == nil {
			return facts, nil
		}
		err = errors.Join(err, facts.Close())
		if kizuna.CodeOf(err) != "cache-places" || cache.Dir == "" {
			return nil, err
		}
		cache.Dir = ""
	}
}

// draw outlines the customers.
func (b *base) draw(facts *segmentcache.Facts) error {
	b.outline = newOutline()
	for p, err := range facts.Resources() {
		if err != nil {
			return err
		}
		b.outline.add(p.Tenant, p.Resources)
	}
	b.outline.finish()
	return nil
}

// count counts the customers, and keeps what following needs of the facts.
func (b *base) count(ctx context.Context, facts *segmentcache.Facts, own *dataset.Dataset, question Question, o *Options) (err error) {
	b.findStrays(facts.Imported.Associations.Claims)
	b.imported = &dataset.Dataset{People: facts.Imported.People, Sources: facts.Imported.Sources}
	if b.question, err = question(facts.Data.Coverage()); err != nil {
		return err
	}
	b.plan = attribution.NewPlan(b.question.Program, b.question.AsOf)
	k, err := kernel.Compile(b.plan, b.question.Trust)
	if err != nil {
		return err
	}
	if b.live, err = k.Live(ctx, facts.View, kernel.Options{Workers: o.Workers}); err != nil {
		return err
	}
	b.index = association.NewIndex(&association.Facts{Locations: facts.Data.Associations.Locations},
		association.Question{Program: b.plan.Program, AsOf: b.plan.AsOf})
	b.scorer = b.scoring(own.People)
	return nil
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
