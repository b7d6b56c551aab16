// Package postgres keeps the record in PostgreSQL, 15 or later, so that several
// processes on several machines can share it.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldest is the oldest server version that is tested.
const oldest = 150000

// Open opens the store in a database, named by a URL or a list of keywords and
// values as libpq takes them. The errors: "store-open", "store-server" for a
// server that is too old; "store-old", "store-new".
func Open(ctx context.Context, dsn string, opts store.Options) (*sqlstore.DB, error) {
	if opts.Migrate {
		if _, err := Migrate(ctx, dsn, 0); err != nil {
			return nil, err
		}
	}
	db, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s, err := schema()
	if err == nil {
		err = s.Ready(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return sqlstore.New(db, db, dialect, opts), nil
}

// Migrate brings the database's schema up to a version (the newest if to is 0) and
// returns the versions that were applied. Of several processes one does it.
func Migrate(ctx context.Context, dsn string, to int64) ([]int64, error) {
	db, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	s, err := schema()
	if err != nil {
		return nil, err
	}
	return s.Migrate(ctx, db, to)
}

func schema() (s sqlstore.Schema, err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return s, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600)) // asks each second, for ten minutes
	return sqlstore.Schema{
		Dialect: goose.DialectPostgres, Files: files,
		Options: []goose.ProviderOption{goose.WithSessionLocker(locker)},
	}, err
}

// dialect lets one transaction write at a time, over all processes, so that
// moments follow the order of commits. The number is arbitrary, and Kizuna's own.
var dialect = sqlstore.Dialect{
	// Each statement sees what was committed when it begins, not what was before
	// the lock was had.
	Begin:    []string{"BEGIN ISOLATION LEVEL READ COMMITTED", "SELECT pg_advisory_xact_lock(5390412371)"},
	Numbered: true,
	Lateral:  true,
	Pipeline: pipeline,
}

func pipeline(ctx context.Context, driverConn any, statements []sqlstore.Statement) error {
	var batch pgx.Batch
	for _, s := range statements {
		batch.Queue(s.SQL, s.Args...)
	}
	return driverConn.(*stdlib.Conn).Conn().SendBatch(ctx, &batch).Close()
}

func connect(ctx context.Context, dsn string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The cause may repeat the DSN with its password.
		return nil, kizuna.Errorf("store-dsn", "the store's address cannot be understood").
			WithMend("write postgres://USER@HOST/DATABASE")
	}
	db := stdlib.OpenDB(*config)
	var version string
	if err := db.QueryRowContext(ctx, "SHOW server_version_num").Scan(&version); err != nil {
		return nil, errors.Join(kizuna.Errorf("store-open", "the store %s cannot be opened", config.Host+"/"+config.Database).
			WithMend("check the path and the permissions").WithCause(err), db.Close())
	}
	if n, err := strconv.Atoi(version); err != nil || n < oldest {
		return nil, errors.Join(kizuna.Errorf("store-server", "the server is PostgreSQL %s", version).
			WithMend("use PostgreSQL 15 or later"), db.Close())
	}
	return db, nil
}
