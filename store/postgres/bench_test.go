package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/kizuna-org/kizuna/store/postgres"
	"github.com/kizuna-org/kizuna/store/postgres/postgrestest"
	"github.com/kizuna-org/kizuna/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.BenchmarkCommit(b, func(t testing.TB) (storetest.Open, storetest.Raw) {
		dsn := postgrestest.New(t)
		if _, err := postgres.Migrate(t.Context(), dsn, 0); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("pgx", dsn)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(32)
		db.SetMaxIdleConns(32)
		t.Cleanup(func() { db.Close() })
		return fresh(t), storetest.Raw{DB: db, Numbered: true}
	}, storetest.Load{Writers: 1, Batch: 1}, storetest.Load{Writers: 32, Batch: 1}, storetest.Load{Writers: 1, Batch: 100}, storetest.Load{Writers: 32, Batch: 100})
}
