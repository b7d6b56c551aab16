package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/postgres"
	"github.com/kizuna-org/kizuna/store/postgres/postgrestest"
	"github.com/kizuna-org/kizuna/store/storetest"
)

func fresh(t testing.TB) storetest.Open {
	_, open := named(t)
	return open
}

func named(t testing.TB) (dsn string, open storetest.Open) {
	dsn = postgrestest.New(t)
	if _, err := postgres.Migrate(t.Context(), dsn, 0); err != nil {
		t.Fatal(err)
	}
	return dsn, func(ctx context.Context, opts store.Options) (store.Store, error) {
		return postgres.Open(ctx, dsn, opts)
	}
}

func open(ctx context.Context, dsn string, opts store.Options) (store.Store, error) {
	return postgres.Open(ctx, dsn, opts)
}

func TestMain(m *testing.M) { storetest.Main(m, open) }

func TestPostgreSQLKeepsThePromises(t *testing.T) { storetest.Run(t, fresh) }

func TestTheSchemaComesUpFromEveryVersion(t *testing.T) {
	storetest.TestMigrations(t, storetest.Migrating{
		New: postgrestest.New, Migrate: postgres.Migrate, Open: open, DB: raw, Bytes: `'\x%x'`,
	})
}

// raw opens the database through the driver alone.
func raw(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(32)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestAConnectionThatBreaksIsReplaced(t *testing.T) {
	dsn, open := named(t)
	s, err := open(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	others := raw(t, dsn)
	tries := 0
	r, err := s.Write(t.Context(), store.Command{Action: "test", Key: "key"}, func(tx store.Tx) error {
		if tries++; tries == 1 {
			_, err := others.Exec("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
			return err
		}
		return tx.Put(&store.Record{Thing: store.Thing{Kind: "thing", ID: "a"}, Version: 1, Body: []byte(`{}`)})
	})
	// It broke while it committed, and says so; or before, and was tried again.
	if err != nil && kizuna.CodeOf(err) != "store-unknown" || err == nil && (r.Entry != 1 || tries != 2) {
		t.Errorf("after %d tries: %v, %v", tries, r, err)
	}
	if _, err := s.Write(t.Context(), store.Command{Action: "test", Key: "key"}, func(store.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestAnAddressTellsNoPassword(t *testing.T) {
	for dsn, code := range map[string]string{
		"postgres://user:secret@host:port/db":                     "store-dsn",
		"postgres://user:secret@127.0.0.1:1/db?connect_timeout=1": "store-open",
	} {
		_, err := postgres.Open(t.Context(), dsn, store.Options{})
		if kizuna.CodeOf(err) != code || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

func TestKilledWritersLoseNothing(t *testing.T) { storetest.Crash(t, 40, named) }

func TestRandomCommandsMatchTheModel(t *testing.T) { storetest.Model(t, fresh) }
