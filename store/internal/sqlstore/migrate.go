package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/kizuna-org/kizuna"
)

// Schema is the migrations of one database, the files NNNNN_name.sql at the root.
type Schema struct {
	Dialect goose.Dialect
	Files   fs.FS
	// Options are further options of goose, such as a lock for several processes.
	Options []goose.ProviderOption
}

// Migrate brings the schema up to version to, or the newest if to is 0, and
// returns the versions that were applied. It goes upward only.
func (s Schema) Migrate(ctx context.Context, db *sql.DB, to int64) (applied []int64, err error) {
	p, err := s.provider(db)
	if err != nil {
		return nil, err
	}
	if err := s.tooNew(ctx, p); err != nil {
		return nil, err
	}
	var results []*goose.MigrationResult
	if to == 0 {
		results, err = p.Up(ctx)
	} else {
		results, err = p.UpTo(ctx, to)
	}
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, r.Source.Version)
	}
	if err != nil {
		return applied, kizuna.Errorf("store-migrate", "the store's schema cannot be brought up to date").
			WithMend("see the log; each version is applied whole or not at all").WithCause(err)
	}
	return applied, nil
}

// Ready reports whether the schema is this program's. The errors: "store-old",
// "store-new".
func (s Schema) Ready(ctx context.Context, db *sql.DB) error {
	p, err := s.provider(db)
	if err != nil {
		return err
	}
	if err := s.tooNew(ctx, p); err != nil {
		return err
	}
	switch pending, err := p.HasPending(ctx); {
	case err != nil:
		return failure(err)
	case pending:
		return kizuna.Errorf("store-old", "the store's schema is older than this program").
			WithMend("run: kizuna migrate --store DSN")
	}
	return nil
}

func (s Schema) tooNew(ctx context.Context, p *goose.Provider) error {
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return failure(err)
	}
	if current > target {
		return kizuna.Errorf("store-new", "the store's schema (%d) is newer than this program's (%d)", current, target).
			WithMend("use the newer Kizuna that made it")
	}
	return nil
}

func (s Schema) provider(db *sql.DB) (*goose.Provider, error) {
	return goose.NewProvider(s.Dialect, db, s.Files, append([]goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}, s.Options...)...)
}
