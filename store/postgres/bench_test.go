package postgres_test

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kizuna-org/kizuna/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.BenchmarkCommit(b, func(t testing.TB) (storetest.Open, storetest.Raw) {
		dsn, _ := named(t)
		return fresh(t), storetest.Raw{DB: raw(t, dsn), Numbered: true}
	},
		storetest.Load{Writers: 32, Batch: 1}, storetest.Load{Writers: 1, Batch: 100}, storetest.Load{Writers: 32, Batch: 100})
}

// BenchmarkSerializable is what was decided against (docs/decisions/0020): each
// command in a serializable transaction of its own, 32 at once, tried again where
// it conflicts. Its entries are numbered by a sequence, so that they do not even
// become visible in their order.
func BenchmarkSerializable(b *testing.B) {
	dsn, _ := named(b)
	db := raw(b, dsn)
	if _, err := db.ExecContext(b.Context(), "CREATE SEQUENCE numbers"); err != nil {
		b.Fatal(err)
	}
	command := func(i int) error {
		tx, err := db.BeginTx(b.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
		if err != nil {
			return err
		}
		defer tx.Rollback() // after the commit it does nothing
		id := fmt.Sprintf("C-%08d", i)
		var latest, seq int64
		err = tx.QueryRowContext(b.Context(), "SELECT COALESCE(MAX(version), 0), nextval('numbers') FROM records WHERE kind = 'claim' AND id = $1", id).Scan(&latest, &seq)
		if err != nil {
			return err
		}
		body := fmt.Sprintf(`{"id":%q,"state":"submitted","at":"2026-04-01T00:00:00Z"}`, id)
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{"INSERT INTO records VALUES ('claim', $1, $2, $3, $4, 'tenant', 'location', '', '', '0/', NULL, $5)", []any{id, latest + 1, seq, seq, body}},
			{"INSERT INTO entries VALUES ($1, $2, $3, $4)", []any{seq, seq, body, id}},
			{"INSERT INTO outbox VALUES ($1, 0, $2, 'claim', $3, 'tenant', 'location', '', '', 'claim.submitted', 'null')", []any{seq, seq, id}},
			{"INSERT INTO commands VALUES ($1, 'digest', $2, $3, NULL)", []any{id, seq, seq}},
		} {
			if _, err := tx.ExecContext(b.Context(), s.sql, s.args...); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	var next, again atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				for {
					err := command(int(i))
					if err == nil {
						break
					}
					if conflict, ok := errors.AsType[*pgconn.PgError](err); !ok || conflict.Code != "40001" {
						b.Error(err)
						return
					}
					again.Add(1)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(again.Load())/float64(b.N), "retries/command")
}
