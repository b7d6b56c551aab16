package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

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

func TestMain(m *testing.M) {
	storetest.Main(m, func(ctx context.Context, file string, opts store.Options) (store.Store, error) {
		return sqlite.Open(ctx, file, opts)
	})
}

func TestSQLiteKeepsThePromises(t *testing.T) { storetest.Run(t, fresh) }

func TestKilledWritersLoseNothing(t *testing.T) { storetest.Crash(t, 200, named) }

func TestRandomCommandsMatchTheModel(t *testing.T) { storetest.Model(t, fresh) }
