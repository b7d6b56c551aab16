// Package ledgercache keeps the ledgers of all companies packed beside a store, so that
// how a fleet stands on a day is answered without reading its record again.
//
// A pack holds what was known with some entry of the audit trail, and says so with the
// entry's hash. What was recorded since is read from the store and added; when it is
// much, a new pack takes the old one's place. A question about an earlier moment starts
// from a pack that is older still, or from none. What is kept may be deleted at any time:
// it is written whole or not at all, checked before it is used, and built again if
// anything is wrong with it.
package ledgercache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/membership/pack"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// Cache is a directory of packed ledgers. Any number of processes may use it at once.
type Cache struct {
	Dir string       // for its owner's eyes; "": nothing is kept
	Log *slog.Logger // hears of what is found, built and removed
	// Renew is how many ledgers must have changed since a pack for a new one; 0: as many
	// as take a moment to read.
	Renew int
	// Whole says that digests and all else will be read, not only surveys.
	Whole bool
	// Read, if set, is told how many companies' ledgers have been read.
	Read func(companies int)
}

// Fleet is the ledgers of all companies that a view shows.
type Fleet struct {
	// Notes say what is wrong with the cache itself.
	Notes []*kizuna.Error

	record *record.Record
	view   store.View
	file   *os.File
	pack   *pack.Pack // nil: what there is is read from the store
	grown  map[string]*record.Growth
}

// How many ledgers that changed since a pack are worth a new one, and how many versions
// are more than reading everything anew costs.
const (
	worthAPack = 4096
	tooMany    = 1 << 19
)

// Open returns the ledgers that a view shows, from the cache if it can. What is wrong
// with the cache is no error.
func (c *Cache) Open(ctx context.Context, r *record.Record, v store.View) (*Fleet, error) {
	f := &Fleet{record: r, view: v}
	if c.Dir == "" || !v.Scope.All { // of a few it is quicker to ask the store
		return f, nil
	}
	head, err := r.HeadOf(ctx, v)
	if err != nil || head.Entry == 0 {
		return f, err
	}
	o := &opening{Cache: c, ctx: ctx, fleet: f, head: head, log: c.Log}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	// Nothing that is recorded meanwhile is in the answer, nor in a pack.
	f.view.KnownAt = head.Recorded
	return f, o.open()
}

// opening is one opening of a cache.
type opening struct {
	*Cache
	ctx   context.Context
	fleet *Fleet
	head  pack.Head
	log   *slog.Logger
}

func (o *opening) open() error {
	found, err := o.nearest()
	if err != nil {
		return err
	}
	if found && len(o.fleet.grown) < cmp.Or(o.Renew, worthAPack) {
		return nil
	}
	return o.build()
}

// nearest opens the latest pack that knows nothing that the view does not; false if none
// is of use.
func (o *opening) nearest() (ok bool, err error) {
	kept, err := o.kept()
	if err != nil {
		return false, nil // there is no directory yet, or none that can be read
	}
	for _, k := range kept {
		if k.entry > o.head.Entry {
			continue
		}
		file, p := o.usable(k)
		if p == nil {
			continue
		}
		switch agrees, err := o.fleet.record.Agrees(o.ctx, p.Head); {
		case err != nil:
			return false, errors.Join(err, file.Close())
		case !agrees:
			o.log.Debug("cache: packed memberships are of another store", "file", k.path)
			_ = file.Close()
			o.remove(k.path)
			continue
		}
		grown, few, err := o.fleet.record.LedgersSince(o.ctx, o.fleet.view, p.Head.Entry, tooMany)
		if err != nil || !few {
			return false, errors.Join(err, file.Close())
		}
		o.log.Debug("cache: packed memberships", "file", k.path, "companies", p.Ledgers, "changed", len(grown))
		o.fleet.file, o.fleet.pack, o.fleet.grown = file, p, grown
		return true, nil
	}
	return false, nil
}

// usable opens a pack and checks all of it; nil if it cannot be used.
func (o *opening) usable(k kept) (*os.File, *pack.Pack) {
	file, err := os.Open(k.path)
	if err != nil { // another process removed it
		return nil, nil
	}
	info, err := file.Stat()
	var p *pack.Pack
	if err == nil {
		p, err = pack.Open(file, info.Size())
	}
	if err == nil {
		err = p.Verify(o.ctx, o.Whole)
	}
	if err == nil && p.Head.Entry != k.entry {
		err = errors.New("it is of another entry than its name says")
	}
	if err == nil {
		return file, p
	}
	_ = file.Close()
	if o.ctx.Err() != nil {
		return nil, nil
	}
	o.fleet.Notes = append(o.fleet.Notes, kizuna.Errorf("cache-damaged", "a file of the cache was damaged; it is built again").
		WithRef(kizuna.Ref{File: k.path}).WithCause(err))
	o.log.Debug("cache: a file cannot be used", "file", k.path, "error", err)
	o.remove(k.path)
	return nil, nil
}

// build packs all ledgers, what the fleet has from an older pack and what has grown
// since, and reads them from there.
func (o *opening) build() error {
	f := o.fleet
	path := filepath.Join(o.Dir, fmt.Sprintf(named, o.head.Entry))
	if err := o.write(path); err != nil {
		if o.ctx.Err() != nil || !isFile(err) {
			return err
		}
		f.Notes = append(f.Notes, kizuna.Errorf("cache-no-memberships", "nothing can be kept in %s: every command reads all memberships again", o.Dir).
			WithMend("check the permissions and the space on the disk").WithCause(err))
		return nil
	}
	file, p := o.usable(kept{path, o.head.Entry})
	if err := f.Close(); err != nil {
		return err
	}
	f.file, f.pack, f.grown = file, p, nil // or, if another process took it away, the store is read
	o.tidy()
	return nil
}

// errFile is the error of the file that is written, not of what is read.
type errFile struct{ error }

func isFile(err error) bool {
	_, ok := errors.AsType[errFile](err)
	return ok
}

func (o *opening) write(path string) error {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return errFile{err}
	}
	file, err := os.CreateTemp(o.Dir, ".new-*")
	if err != nil {
		return errFile{err}
	}
	defer func() { // nothing is left of what did not get its name
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	b := pack.NewBuilder(file)
	n := 0
	for one, err := range o.fleet.All(o.ctx) {
		if err != nil {
			return err
		}
		if err := b.Add(one); err != nil {
			return errFile{err}
		}
		if n++; n%1024 == 0 && o.Read != nil {
			o.Read(n)
		}
	}
	if err := errors.Join(b.Finish(o.head), file.Close()); err != nil {
		return errFile{err}
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return errFile{err}
	}
	o.log.Debug("cache: memberships were packed", "file", path, "companies", n)
	return nil
}

// named are the names of packs, with the form that they have and the entry they know.
const named = "memberships1-%d.pack"

// kept is a pack in the directory.
type kept struct {
	path  string
	entry int64
}

// kept lists the packs, those that know most first.
func (o *opening) kept() ([]kept, error) {
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, err
	}
	var out []kept
	for _, e := range entries {
		k := kept{path: filepath.Join(o.Dir, e.Name())}
		if _, err := fmt.Sscanf(e.Name(), named, &k.entry); err == nil && e.Name() == fmt.Sprintf(named, k.entry) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b kept) int { return cmp.Compare(b.entry, a.entry) })
	return out, nil
}

// keptPacks is how many packs are kept: that which knows most, and the newest files.
const keptPacks = 3

// tidy removes packs that are old. Whoever reads one still keeps what was opened.
func (o *opening) tidy() {
	all, err := o.kept()
	if err != nil || len(all) <= keptPacks {
		return
	}
	built := func(k kept) int64 {
		info, err := os.Stat(k.path)
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	older := all[1:]
	slices.SortFunc(older, func(a, b kept) int { return cmp.Compare(built(b), built(a)) })
	for _, k := range older[keptPacks-1:] {
		o.remove(k.path)
	}
}

func (o *opening) remove(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.log.Debug("cache: a file cannot be removed", "file", path, "error", err)
	}
}

// Close gives the pack back.
func (f *Fleet) Close() error {
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file, f.pack = nil, nil
	return file.Close()
}

// errStrange is the cause where a store tells what was added to a ledger that is not there.
var errStrange = errors.New("what was added is there, and not what it was added to")

func strange(id string) error {
	return kizuna.Errorf("ledger-incomplete", "the membership of %s is not complete", id).
		WithMend("verify the store: kizuna audit verify").WithCause(errStrange)
}

// now is a ledger with what has grown since it was packed. What was packed is not
// changed, and may be overwritten if nothing has grown.
func now(packed *membership.Ledger, g *record.Growth) *membership.Ledger {
	if g.Whole {
		return &g.Ledger
	}
	return &membership.Ledger{
		Account:  packed.Account,
		Findings: slices.Concat(packed.Findings, g.Ledger.Findings), Events: slices.Concat(packed.Events, g.Ledger.Events),
	}
}

// All lists all ledgers in the order of their ids.
func (f *Fleet) All(ctx context.Context) iter.Seq2[*pack.One, error] {
	if f.pack == nil {
		return f.record.Ledgers(ctx, f.view)
	}
	return func(yield func(*pack.One, error) bool) {
		ids := slices.Sorted(maps.Keys(f.grown))
		more := func() bool { // a ledger that is not packed
			g := f.grown[ids[0]]
			one := pack.One{ID: ids[0], Ledger: g.Ledger}
			ids = ids[1:]
			if !g.Whole {
				yield(nil, strange(one.ID))
				return false
			}
			return yield(&one, nil)
		}
		for one, err := range f.pack.All() {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for len(ids) > 0 && ids[0] < one.ID {
				if !more() {
					return
				}
			}
			if len(ids) > 0 && ids[0] == one.ID {
				one.Ledger, ids = *now(&one.Ledger, f.grown[one.ID]), ids[1:]
			}
			if !yield(one, nil) {
				return
			}
		}
		for len(ids) > 0 && more() {
		}
	}
}

// Survey tells of all ledgers on all processors, in no order, perhaps without digests and
// what else no standing rests on. What it tells of is overwritten by the next. Worker is
// called once for each processor, perhaps at the same time.
func (f *Fleet) Survey(ctx context.Context, worker func() func(*membership.Ledger)) error {
	if f.pack == nil {
		tell := worker()
		for one, err := range f.record.Ledgers(ctx, f.view) {
			if err != nil {
				return err
			}
			tell(&one.Ledger)
		}
		return nil
	}
	return f.surveyPack(ctx, worker)
}

func (f *Fleet) surveyPack(ctx context.Context, worker func() func(*membership.Ledger)) error {
	packed := make(map[string]*bool, len(f.grown)) // ids are each in one place only
	for id := range f.grown {
		packed[id] = new(bool)
	}
	err := f.pack.Survey(ctx, func() func(*pack.One) {
		tell := worker()
		if len(packed) == 0 {
			return func(one *pack.One) { tell(&one.Ledger) }
		}
		return func(one *pack.One) {
			l := &one.Ledger
			if met := packed[one.ID]; met != nil {
				*met, l = true, now(l, f.grown[one.ID])
			}
			tell(l)
		}
	})
	if err != nil {
		return err
	}
	tell := worker()
	for id, met := range packed {
		switch g := f.grown[id]; {
		case *met:
		case !g.Whole:
			return strange(id)
		default:
			tell(&g.Ledger)
		}
	}
	return nil
}

// Census counts how all companies stand on a day by the rules. Watch, if set, is told now
// and then how many have been counted.
func (f *Fleet) Census(ctx context.Context, rules *membership.Rules, day kizuna.Date, watch func(companies int)) (*membership.Census, error) {
	const often = 4096
	var parts []*membership.Census
	var all sync.Mutex
	counted := 0
	err := f.Survey(ctx, func() func(*membership.Ledger) {
		part := rules.NewCensus(day)
		all.Lock()
		defer all.Unlock()
		parts = append(parts, part)
		return func(l *membership.Ledger) {
			part.Count(rules.Status(l, day))
			if part.Companies%often == 0 && watch != nil {
				all.Lock()
				defer all.Unlock()
				counted += often
				watch(counted)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	total := rules.NewCensus(day)
	for _, part := range parts {
		total.Add(part)
	}
	return total, nil
}
