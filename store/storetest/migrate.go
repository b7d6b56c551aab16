package storetest

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

var updateSchemas = flag.Bool("update-schemas", false, "write the fixture of the newest schema")

// Migrating is what a store offers to whoever migrates it.
type Migrating struct {
	New     func(testing.TB) (name string) // an empty database without a schema
	Migrate func(ctx context.Context, name string, to int64) ([]int64, error)
	Open    func(ctx context.Context, name string, opts store.Options) (store.Store, error)
	DB      func(t testing.TB, name string) *sql.DB // the database itself
	Bytes   string                                  // how SQL writes bytes: a format of their hexadecimal digits
}

// TestMigrations brings the schema up from every version that there was. What the
// program of that time had recorded stands in testdata/schema/NNNNN.sql, written
// once, by -update-schemas, when the version was the newest.
func TestMigrations(t *testing.T, m Migrating) {
	name := m.New(t)
	versions, err := m.Migrate(t.Context(), name, 0)
	if err != nil || len(versions) == 0 {
		t.Fatal(versions, err)
	}
	newest := versions[len(versions)-1]
	if *updateSchemas {
		m.record(t, name)
		dump(t, m.DB(t, name), m.Bytes, schemaFile(newest))
	}
	t.Run("what has no schema is old", func(t *testing.T) {
		_, err := m.Open(t.Context(), m.New(t), store.Options{})
		wantCode(t, err, "store-old")
	})
	for i, version := range versions {
		t.Run(fmt.Sprint("from ", version), func(t *testing.T) {
			name := m.New(t)
			if applied, err := m.Migrate(t.Context(), name, version); err != nil || !slices.Equal(applied, versions[:i+1]) {
				t.Fatal(applied, err)
			}
			load(t, m.DB(t, name), schemaFile(version))
			if version != newest {
				_, err := m.Open(t.Context(), name, store.Options{})
				wantCode(t, err, "store-old")
			}
			if applied, err := m.Migrate(t.Context(), name, 0); err != nil || !slices.Equal(applied, versions[i+1:]) {
				t.Fatal(applied, err)
			}
			m.holds(t, name)
		})
	}
	t.Run("what is newer is refused", func(t *testing.T) {
		name := m.New(t)
		if _, err := m.Migrate(t.Context(), name, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := m.DB(t, name).Exec(fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)", newest+1)); err != nil {
			t.Fatal(err)
		}
		_, err := m.Open(t.Context(), name, store.Options{})
		wantCode(t, err, "store-new")
		_, err = m.Migrate(t.Context(), name, 0)
		wantCode(t, err, "store-new")
		_, err = m.Open(t.Context(), name, store.Options{Migrate: true})
		wantCode(t, err, "store-new")
	})
	t.Run("of several who migrate at once each version is applied by one", func(t *testing.T) {
		name := m.New(t)
		var mu sync.Mutex
		var all []int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				applied, err := m.Migrate(t.Context(), name, 0)
				if err != nil {
					t.Error(err, errors.Unwrap(err))
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, applied...)
			})
		}
		wg.Wait()
		slices.Sort(all)
		if !slices.Equal(all, versions) {
			t.Errorf("applied %v, want %v", all, versions)
		}
	})
	t.Run("opening may migrate", func(t *testing.T) {
		s, err := m.Open(t.Context(), m.New(t), store.Options{Migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.Close(), "")
	})
}

func schemaFile(version int64) string {
	return filepath.Join("testdata", "schema", fmt.Sprintf("%05d.sql", version))
}

// record records something of everything.
func (m Migrating) record(t *testing.T, name string) {
	open := func(ctx context.Context, opts store.Options) (store.Store, error) { return m.Open(ctx, name, opts) }
	l := newLab(t, open, store.Options{Clock: newClock().Now})
	defer l.Close()
	c := store.Concerns{Tenant: "t", Location: "l", Second: "s", Subject: "u"}
	due := kizuna.Instant(1_800_000_000)
	for version := range int64(2) {
		r := record("a", version+1)
		r.Concerns, r.Due = c, &due
		r.Valid = kizuna.Intervals{{From: kizuna.Instant(version * 10), To: kizuna.Forever}}
		l.send(command(fmt.Sprint("key", version), "digest"), func(tx store.Tx) error {
			_, err := tx.Keep("somebody", c, map[string]string{"name": fmt.Sprint("絆", version)})
			tx.Emit(r.Thing, c, event("happened"))
			tx.Cite(kizuna.HashOf([]byte("file")))
			tx.Answer(version)
			return errors.Join(err, tx.Put(&r))
		})
	}
	l.refused(l.importFile("f", rows(3, nil)), "")
	l.write(func(tx store.Tx) error {
		_, err := tx.Keep("forgotten", store.Concerns{}, map[string]string{"name": "N"})
		return err
	})
	l.write(func(tx store.Tx) error {
		_, err := tx.Erase("forgotten")
		return err
	})
	if _, err := l.Seal(t.Context(), audit.Sealer{Signer: sealKey}); err != nil {
		t.Fatal(err)
	}
}

// holds checks that all of that is there, and that more can be recorded.
func (m Migrating) holds(t *testing.T, name string) {
	open := func(ctx context.Context, opts store.Options) (store.Store, error) { return m.Open(ctx, name, opts) }
	l := newLab(t, open, store.Options{})
	chapters := must(l.History(t.Context(), everything, thing("a")))
	if len(chapters) != 2 {
		t.Fatalf("history %s", text(chapters))
	}
	first := chapters[0].Record
	l.same("the body", first.Body, record("a", 1).Body)
	l.same("whom it concerns", first.Concerns, store.Concerns{Tenant: "t", Location: "l", Second: "s", Subject: "u"})
	l.same("when it holds", first.Valid, kizuna.Intervals{{From: 0, To: kizuna.Forever}})
	l.sees(everything, thing("a"), 2)
	l.sees(store.View{Scope: store.Everything, KnownAt: first.Recorded}, thing("a"), 1)
	l.same("due", must(l.Due(t.Context(), *first.Due, 10)), []store.Thing{thing("a")})
	if events := must(l.Events(t.Context(), everything, 0, 10)); len(events) != 2 || events[0].Type != "happened" {
		t.Errorf("events %s", text(events))
	}
	if held := must(l.PersonalAbout(t.Context(), everything, "somebody")); len(held) != 2 {
		t.Errorf("people %s", text(held))
	}
	l.same("forgotten", must(l.PersonalAbout(t.Context(), everything, "forgotten")), []store.Personal(nil))
	if got := l.facts(everything, "f"); len(got) != 3 {
		t.Errorf("facts %s", text(got))
	}
	if r := l.send(command("key1", "digest"), nothing); !r.Repeated || string(r.Answer) != "1" {
		t.Errorf("the key's receipt %s", text(r))
	}
	l.write(increment("a"))
	report, err := audit.Verify(must(l.Trail(t.Context())).Trail, audit.Check{Key: sealKey.Public().(ed25519.PublicKey), Now: kizuna.MomentOf(time.Now())})
	if err != nil || !report.Intact || report.Proved != 5 {
		t.Errorf("the trail: %v, %s", err, text(report))
	}
}

// dump writes all rows as statements, one a line.
func dump(t *testing.T, db *sql.DB, bytes, file string) {
	var b strings.Builder
	for _, table := range []string{"records", "facts", "entries", "blocks", "outbox", "citations", "commands", "personal", "alarms"} {
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			literals := make([]string, len(values))
			for i, v := range values {
				literals[i] = literal(v, bytes)
			}
			fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES (%s);\n", table, strings.Join(columns, ", "), strings.Join(literals, ", "))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(b.String()), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func literal(v any, bytes string) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf(bytes, v)
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	default:
		return fmt.Sprint(v)
	}
}

func load(t *testing.T, db *sql.DB, file string) {
	t.Helper()
	statements, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: write it with -update-schemas while the version is the newest", err)
	}
	for statement := range strings.Lines(string(statements)) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if kizuna.CodeOf(err) != code || (code == "") != (err == nil) {
		t.Errorf("got the error %v, want %q", err, code)
	}
}
