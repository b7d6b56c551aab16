// Package postgrestest gives tests a PostgreSQL database of their own: on the
// server that KIZUNA_TEST_POSTGRES names, or on one that it starts for the test
// binary from the binaries of this machine.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Env names a server, by the DSN of one of its databases; its user must be allowed
// to create others.
const Env = "KIZUNA_TEST_POSTGRES"

// errMissing says that there is no PostgreSQL to test with.
var errMissing = errors.New("PostgreSQL is not installed; install it, or set " + Env + " to a server's DSN")

// server is where tests make their databases.
type server struct {
	dsn   string
	alive io.Closer // while it is open; nil: the server is not ours
}

var shared = sync.OnceValues(func() (*server, error) {
	if dsn := os.Getenv(Env); dsn != "" {
		return &server{dsn: dsn}, nil
	}
	return start()
})

// New returns the DSN of an empty database, which does not outlive the tests. A test
// without PostgreSQL is skipped, but fails where CI is set.
func New(t testing.TB) string {
	t.Helper()
	s, err := shared()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") == "":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	name := "kizuna_" + strings.ToLower(rand.Text())
	execute(t, s.dsn, "CREATE DATABASE "+name)
	if s.alive == nil { // ours vanishes as a whole, and dropping makes it write all to the disk
		t.Cleanup(func() { execute(t, s.dsn, "DROP DATABASE "+name+" WITH (FORCE)") })
	}
	return withDatabase(t, s.dsn, name)
}

func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	ctx := context.Background() // a test's own has ended when it cleans up
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

// withDatabase returns the DSN, a URL or a list of keywords and values, with
// another database.
func withDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name // the last one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// binaries returns the folder of the newest PostgreSQL: on the path, or where
// Debian keeps them.
func binaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errMissing
	}
	return filepath.Dir(slices.Max(found)), nil
}
