// Package sqlite keeps the record in one SQLite file: the default, nothing to
// install. Commits are durable when they are acknowledged (write-ahead log,
// synchronous FULL).
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // the driver "sqlite", in pure Go
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the store in a file. The errors: "store-missing", there is no such
// file and Options.Migrate is not set; "store-old", "store-new".
func Open(ctx context.Context, file string, opts store.Options) (*sqlstore.DB, error) {
	return openWith(ctx, file, fullLog, opts)
}

// openWith opens the store; its log begins anew when it has so many pages.
func openWith(ctx context.Context, file string, fullLog int, opts store.Options) (*sqlstore.DB, error) {
	// What a commit flushes is what the file holds and how long it is, not when it was
	// written last: no less durable, without a turn of the file system's journal for each.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	if opts.Migrate {
		if _, err := Migrate(ctx, file, 0); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, kizuna.Errorf("store-missing", "there is no store %s", file).
			WithMend("make one with: kizuna migrate --store %s", file).WithCause(err)
	}
	write, err := connect(ctx, file, writing)
	if err != nil {
		return nil, err
	}
	if err := schema().Ready(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := connect(ctx, file, reading)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	move, err := pool(file, moving) // connects when there is something to move
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := newCheckpointer(move, fullLog, log)
	// The write lock is taken at once: a transaction that only upgraded to writing
	// could fail half way.
	return sqlstore.New(read, write, sqlstore.Dialect{
		Begin: []string{"BEGIN IMMEDIATE"}, Indexed: true, Committed: c.committed, Close: c.Close,
	}, opts), nil
}

// Migrate makes the file if there is none, brings its schema up to a version (the
// newest if to is 0) and returns the versions that were applied.
func Migrate(ctx context.Context, file string, to int64) ([]int64, error) {
	db, err := connect(ctx, file, writing)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	// SQLite has no lock that outlives a transaction: of several who apply a version
	// at once all but one fail, and find it applied when they look again.
	const attempts = 10
	var applied []int64
	for range attempts {
		var some []int64
		some, err = schema().Migrate(ctx, db, to)
		applied = append(applied, some...)
		if kizuna.CodeOf(err) != "store-migrate" {
			break
		}
	}
	return applied, err
}

func schema() sqlstore.Schema {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sqlstore.Schema{Dialect: goose.DialectSQLite3, Files: files}
}

// What a connection is for, as it is configured besides [common].
var (
	writing = []string{"busy_timeout(30000)", "cache_size(-16384)",
		fmt.Sprintf("wal_autocheckpoint(%d)", tooLong), fmt.Sprintf("journal_size_limit(%d)", keptLog)}
	reading = []string{"busy_timeout(30000)", "cache_size(-8192)", "query_only(1)"}
	moving  = []string{"busy_timeout(2)", fmt.Sprintf("journal_size_limit(%d)", keptLog)}
	// secure_delete: what is erased is gone from the file, not only from the table.
	common = []string{"journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "temp_store(MEMORY)"}
)

// connect makes a pool and opens its first connection.
func connect(ctx context.Context, file string, pragmas []string) (*sql.DB, error) {
	db, err := pool(file, pragmas)
	if err != nil {
		return nil, err
	}
	if err := ping(ctx, db); err != nil {
		return nil, errors.Join(kizuna.Errorf("store-open", "the store %s cannot be opened", file).
			WithMend("check the path and the permissions").WithCause(err), db.Close())
	}
	return db, nil
}

// pool makes a pool; only of one for reading there may be several connections.
func pool(file string, pragmas []string) (*sql.DB, error) {
	name, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(name), RawQuery: url.Values{"_pragma": slices.Concat(pragmas, common)}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	if !slices.Contains(pragmas, "query_only(1)") {
		db.SetMaxOpenConns(1)
	}
	return db, nil
}

// ping opens a connection. Of several who open a new file at once one gives it its
// journal; the others SQLite turns away, whatever its timeout.
func ping(ctx context.Context, db *sql.DB) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := db.PingContext(ctx)
		busy, ok := errors.AsType[*sqlite.Error](err)
		if !ok || busy.Code()&0xff != sqlite3.SQLITE_BUSY || wait > time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}
