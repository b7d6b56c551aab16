package sqlite_test

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna/store/sqlite"
	"github.com/kizuna-org/kizuna/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.BenchmarkCommit(b, func(t testing.TB) (storetest.Open, storetest.Raw) {
		file := filepath.Join(t.TempDir(), "raw.db")
		if _, err := sqlite.Migrate(t.Context(), file, 0); err != nil {
			t.Fatal(err)
		}
		// As durable as the store: the same journal, synchronous FULL.
		pragmas := url.Values{"_pragma": {"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "cache_size(-65536)"}}
		db, err := sql.Open("sqlite", "file:"+file+"?"+pragmas.Encode())
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1) // SQLite has one writer; more would only wait for each other
		t.Cleanup(func() { db.Close() })
		return fresh(t), storetest.Raw{DB: db}
	}, storetest.Load{Writers: 1, Batch: 1}, storetest.Load{Writers: 32, Batch: 1}, storetest.Load{Writers: 1, Batch: 100}, storetest.Load{Writers: 32, Batch: 100})
}
