package postgres_test

import (
	"context"
	"testing"

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

func TestMain(m *testing.M) {
	storetest.Main(m, func(ctx context.Context, dsn string, opts store.Options) (store.Store, error) {
		return postgres.Open(ctx, dsn, opts)
	})
}

func TestPostgreSQLKeepsThePromises(t *testing.T) { storetest.Run(t, fresh) }

func TestKilledWritersLoseNothing(t *testing.T) { storetest.Crash(t, 40, named) }

func TestRandomCommandsMatchTheModel(t *testing.T) { storetest.Model(t, fresh) }
