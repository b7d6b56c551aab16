package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
	"github.com/kizuna-org/kizuna/store/storetest"
)

func fresh(t testing.TB) storetest.Open {
	_, open := named(t)
	return open
}

func named(t testing.TB) (file string, open storetest.Open) {
	file = filepath.Join(t.TempDir(), "kizuna.db")
	if _, err := sqlite.Migrate(t.Context(), file, 0); err != nil {
		t.Fatal(err)
	}
	return file, func(ctx context.Context, opts store.Options) (store.Store, error) {
		return sqlite.Open(ctx, file, opts)
	}
}

func open(ctx context.Context, file string, opts store.Options) (store.Store, error) {
	return sqlite.Open(ctx, file, opts)
}

func TestMain(m *testing.M) { storetest.Main(m, open) }

func TestSQLiteKeepsThePromises(t *testing.T) { storetest.Run(t, fresh) }

func TestTheSchemaComesUpFromEveryVersion(t *testing.T) {
	storetest.TestMigrations(t, storetest.Migrating{
		New: func(t testing.TB) string {
			file := filepath.Join(t.TempDir(), "kizuna.db")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return file
		},
		Migrate: sqlite.Migrate, Open: open, DB: raw, Bytes: "X'%x'",
	})
}

// raw opens the file through the driver alone, with a journal as durable as the
// store's.
func raw(t testing.TB, file string) *sql.DB {
	t.Helper()
	pragmas := url.Values{"_pragma": {"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "cache_size(-65536)"}}
	db, err := sql.Open("sqlite", "file:"+file+"?"+pragmas.Encode())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; more would only wait for each other
	t.Cleanup(func() { db.Close() })
	return db
}

func TestAStoreThatIsMissingIsNotMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kizuna.db")
	_, err := sqlite.Open(t.Context(), file, store.Options{})
	if kizuna.CodeOf(err) != "store-missing" {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
}

func TestWhatIsErasedLeavesTheFile(t *testing.T) {
	file, open := named(t)
	s, err := open(t.Context(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const secret = "Hanako-who-wants-to-be-forgotten"
	commands := []func(store.Tx) error{
		func(tx store.Tx) error {
			_, err := tx.Keep(secret, store.Concerns{}, map[string]string{"name": secret})
			return err
		},
		func(tx store.Tx) error {
			_, err := tx.Erase(secret)
			return err
		},
	}
	for _, decide := range commands {
		if _, err := s.Write(t.Context(), store.Command{Action: "test"}, decide); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + "-wal"} {
		if data, err := os.ReadFile(name); err == nil && bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s still holds it", filepath.Base(name))
		}
	}
}

func TestKilledWritersLoseNothing(t *testing.T) { storetest.Crash(t, 200, named) }

func TestRandomCommandsMatchTheModel(t *testing.T) { storetest.Model(t, fresh) }
