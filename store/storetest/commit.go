package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
)

// Raw is the same database without a store: the plainest use of its driver, to
// compare with.
type Raw struct {
	DB *sql.DB
	// Numbered says that parameters are written $1, $2.
	Numbered bool
}

// Load is a way of writing: so many writers at once, each command recording so
// many associations.
type Load struct{ Writers, Batch int }

// BenchmarkCommit compares durable commits with the driver's own, in turn in the
// same run: on our side a record with its audit entry, an event for each
// association and the idempotency key; on the other side the row of the record
// alone, in a table of the same form. It reports associations a second, and the
// ratio.
func BenchmarkCommit(b *testing.B, fresh func(testing.TB) (Open, Raw), loads ...Load) {
	for _, load := range loads {
		b.Run(fmt.Sprintf("writers=%d/batch=%d", load.Writers, load.Batch), func(b *testing.B) {
			open, raw := fresh(b)
			s, err := open(b.Context(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			plain, err := raw.prepare(b, load)
			if err != nil {
				b.Fatal(err)
			}
			// Turns are long enough for all writers, and short against what else the
			// machine does.
			turn := max(100, 8*load.Writers)
			if load.Batch > 1 {
				turn = max(8, load.Writers)
			}
			var ours, theirs time.Duration
			done := 0
			for done < b.N {
				n := min(turn, b.N-done)
				theirs += load.run(b, done, n, plain)
				ours += load.run(b, done, n, func(i int) error { return load.command(b, s, i) })
				done += n
			}
			rows := float64(b.N * load.Batch)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(rows/ours.Seconds(), "rows/s")
			b.ReportMetric(rows/theirs.Seconds(), "raw-rows/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
		})
	}
}

// run does n things, from the first on, by all writers and returns how long it took.
func (l Load) run(b *testing.B, first, n int, do func(i int) error) time.Duration {
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range l.Writers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(first + i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// association is the record that is written: a claim of the usual size.
func association(i, k int) *store.Record {
	due := kizuna.Instant(1_800_000_000)
	id := fmt.Sprintf("C-%08d-%03d", i, k)
	return &store.Record{
		Thing: store.Thing{Kind: "claim", ID: id}, Version: 1, Due: &due,
		Concerns: store.Concerns{Tenant: fmt.Sprintf("tenant-%06d", i%5000), Location: fmt.Sprintf("location-%05d", i%700)},
		Valid:    kizuna.Intervals{{From: 1_700_000_000, To: kizuna.Forever}},
		Body: fmt.Appendf(nil, `{"id":%q,"state":"submitted","tenant":"tenant-%06d","location":"location-%05d","workload":"azure","subscription":"subscription-%08d","at":"2026-04-01T00:00:00Z"}`,
			id, i%5000, i%700, i),
	}
}

func (l Load) command(b *testing.B, s store.Store, i int) error {
	c := command(fmt.Sprintf("key-%d", i), "digest")
	_, err := s.Write(b.Context(), c, func(tx store.Tx) error {
		things := make([]store.Thing, l.Batch)
		for k := range l.Batch {
			things[k] = association(i, k).Thing
		}
		if err := tx.Load(things...); err != nil {
			return err
		}
		for k := range l.Batch {
			r := association(i, k)
			if err := tx.Put(r); err != nil {
				return err
			}
			tx.Emit(r.Thing, r.Concerns, event("claim.submitted"))
		}
		tx.Answer(map[string]int{"n": l.Batch})
		return nil
	})
	return err
}

// prepare returns what inserts the same rows through the driver alone: a row for
// each commit, or a transaction of rows, by a prepared statement.
func (r Raw) prepare(b *testing.B, l Load) (func(i int) error, error) {
	columns := "kind, id, version, entry, recorded, tenant, location, second, subject, valid, due, body"
	marks := make([]string, strings.Count(columns, ",")+1)
	for i := range marks {
		marks[i] = "?"
		if r.Numbered {
			marks[i] = fmt.Sprintf("$%d", i+1)
		}
	}
	insert, err := r.DB.PrepareContext(b.Context(), "INSERT INTO records ("+columns+") VALUES ("+strings.Join(marks, ", ")+")")
	if err != nil {
		return nil, err
	}
	values := func(i, k int) []any {
		a := association(i, k)
		c := a.Concerns
		return []any{
			string(a.Kind), a.ID, a.Version, i, i, c.Tenant, c.Location, c.Second, c.Subject,
			store.FormatIntervals(a.Valid), int64(*a.Due), string(a.Body),
		}
	}
	if l.Batch == 1 {
		return func(i int) error {
			_, err := insert.ExecContext(b.Context(), values(i, 0)...)
			return err
		}, nil
	}
	return func(i int) error {
		tx, err := r.DB.BeginTx(b.Context(), nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after the commit it does nothing
		st := tx.StmtContext(b.Context(), insert)
		for k := range l.Batch {
			if _, err := st.ExecContext(b.Context(), values(i, k)...); err != nil {
				return err
			}
		}
		return tx.Commit()
	}, nil
}
