package command

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/postgres"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// storeFlags say where the record is kept.
type storeFlags struct {
	Store string `name:"store" required:"" env:"KIZUNA_STORE" placeholder:"DSN" help:"help.store"`
	Blobs string `name:"blobs" env:"KIZUNA_BLOBS" placeholder:"DIR|URL" help:"help.blobs"`
	Key   string `name:"audit-key" env:"KIZUNA_AUDIT_KEY" placeholder:"FILE" help:"help.audit-key"`
	Rules string `name:"program-file" env:"KIZUNA_PROGRAM_FILE" placeholder:"FILE" help:"help.store-program"`
}

// programs are the built-in versions, with the operator's own in the place of the one
// that begins on the same day.
func (f *storeFlags) programs() ([]*program.Program, error) {
	all, err := program.Builtin()
	if err != nil || f.Rules == "" {
		return all, err
	}
	own, err := parseProgramFile(f.Rules)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p *program.Program) bool { return p.ID == own.ID && p.InForce.From == own.InForce.From })
	return append(all, own), nil
}

// opened is a record that commands work on.
type opened struct {
	store.Store
	*record.Record
	blobs  blob.Store
	key    ed25519.PrivateKey // nil: this process does not seal
	closes []io.Closer
}

// open opens the record; close it.
func (f *storeFlags) open(a *app) (*opened, error) {
	programs, err := f.programs()
	if err != nil {
		return nil, err
	}
	clock, err := clock()
	if err != nil {
		return nil, err
	}
	o := &opened{}
	opts := store.Options{Clock: clock}
	if f.postgres() {
		o.Store, err = postgres.Open(a.Context, f.Store, opts)
	} else {
		o.Store, err = sqlite.Open(a.Context, f.file(), opts)
	}
	if err != nil {
		return nil, err
	}
	o.closes = append(o.closes, o.Store)
	if err := f.openBlobs(a.Context, a.Doors, o); err != nil {
		return nil, errors.Join(err, o.close())
	}
	if o.key, err = f.signingKey(); err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.Record = record.New(o.Store, o.blobs, "mcpp", programs, record.WithImports(imports.Known{}), record.WithClock(clock))
	return o, nil
}

func (o *opened) close() (err error) {
	for _, c := range o.closes {
		err = errors.Join(err, c.Close())
	}
	return err
}

// done seals what a command recorded, if this process has the key, and closes.
func (o *opened) done(ctx context.Context) error {
	var err error
	if o.key != nil {
		_, err = o.seal(ctx)
	}
	return errors.Join(err, o.close())
}

func (f *storeFlags) postgres() bool {
	return strings.HasPrefix(f.Store, "postgres://") || strings.HasPrefix(f.Store, "postgresql://")
}

// file is the SQLite file of the store.
func (f *storeFlags) file() string { return strings.TrimPrefix(f.Store, "sqlite:") }

// openBlobs opens where files are kept: beside the SQLite file, unless said
// otherwise. A PostgreSQL store without a place has none.
func (f *storeFlags) openBlobs(ctx context.Context, doors Doors, o *opened) error {
	place := f.Blobs
	if place == "" && !f.postgres() {
		place = f.file() + ".blobs"
	}
	if place == "" {
		return nil
	}
	var err error
	o.blobs, err = doors.open(ctx, place)
	if d, ok := o.blobs.(io.Closer); ok {
		o.closes = append(o.closes, d)
	}
	return err
}

// clock is the wall clock, or one that stands still at KIZUNA_NOW, for playing
// stories: what is recorded is then recorded at that moment, in order.
func clock() (func() time.Time, error) {
	now := os.Getenv("KIZUNA_NOW")
	if now == "" {
		return time.Now, nil
	}
	m, err := kizuna.ParseMoment(now)
	if err != nil {
		return nil, err
	}
	return m.Time, nil
}

// askFlags say who asks for a command, and how.
type askFlags struct {
	storeFlags
	As        string `name:"as" required:"" env:"KIZUNA_AS" placeholder:"ROLE:COMPANY/ID" help:"help.as"`
	Behalf    string `name:"on-behalf-of" placeholder:"WHO" help:"help.behalf"`
	Reason    string `name:"reason" placeholder:"WORD" help:"help.reason"`
	Comment   string `name:"comment" placeholder:"TEXT" help:"help.comment"`
	IfVersion int64  `name:"if-version" placeholder:"N" help:"help.if-version"`
	Once      string `name:"idempotency-key" placeholder:"KEY" help:"help.idempotency-key"`
	At        string `name:"at" placeholder:"INSTANT" help:"help.at"`
}

func (f *askFlags) ask() (ask record.Ask, err error) {
	ask = record.Ask{Behalf: f.Behalf, Reason: f.Reason, Comment: f.Comment, Key: f.Once, Expected: f.IfVersion}
	if ask.Actor, err = lifecycle.ParseActor(f.As); err != nil {
		return ask, err
	}
	if f.At != "" {
		at, err := kizuna.ParseInstant(f.At)
		if err != nil {
			return ask, err
		}
		ask.At = &at
	}
	return ask, nil
}

// tell runs a command on the record and shows what became of it.
func tell[T any](a *app, f *askFlags, run func(*opened, record.Ask) (*record.Outcome[T], error)) error {
	return tellAll(a, f, run, func(o *record.Outcome[T]) error {
		return a.showOutcome(o.Thing, o.Version, o.Events, o.Repeated)
	})
}

// tellAll runs a command about many things and shows what became of them.
func tellAll[T any](a *app, f *askFlags, run func(*opened, record.Ask) (T, error), show func(T) error) error {
	ask, err := f.ask()
	if err != nil {
		return err
	}
	o, err := f.open(a)
	if err != nil {
		return err
	}
	answer, err := run(o, ask)
	// What was recorded is sealed even if the user has interrupted meanwhile.
	if err = errors.Join(err, o.done(context.WithoutCancel(a.Context))); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, answer)
	}
	return show(answer)
}
