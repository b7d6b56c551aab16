// Package sqlstore keeps the record in a SQL database. SQLite and PostgreSQL differ
// in how they are opened, how a writer keeps others out, and how a parameter is
// written; all else stands here once.
//
// Writes of one process are gathered: while a transaction commits, the commands
// that arrive wait and then share the next one, so that the cost of making a
// commit durable is divided among all that came meanwhile. Within a transaction
// commands run one after another and see each other's writes, but reach the
// database together at its end. One transaction at a time, over all processes,
// gives every command a moment of its own in one order: what is asked "known at" a
// past moment never changes its answer.
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
)

// Dialect is what differs between databases.
type Dialect struct {
	// Begin starts a transaction that keeps all other writers out.
	Begin []string
	// Numbered says that parameters are written $1, $2.
	Numbered bool
	// Lateral says that what is looked up by many keys must be written as one look-up
	// for each: the plan for a list of keys may be to read the whole table, and stay
	// so while the table grows.
	Lateral bool
	// Indexed says that a statement may name the index to use.
	Indexed bool
	// Pipeline, if set, runs statements on a connection of the driver in one round
	// trip; the first error ends them.
	Pipeline func(ctx context.Context, driverConn any, statements []Statement) error
	// Committed, if set, is called after each transaction that may have written, before
	// the next begins.
	Committed func()
	// Close, if set, is called when the writer has ended, before its database is closed.
	Close func() error
}

// Statement is SQL with its parameters, of which nothing comes back.
type Statement struct {
	SQL  string
	Args []any
}

// DB is a store in a SQL database.
type DB struct {
	read, write *sql.DB
	dialect     Dialect
	clock       func() kizuna.Moment
	log         *slog.Logger
	prepared    prepared // questions

	jobs    chan *job
	stop    chan struct{} // closed when no more commands are taken
	stopped chan struct{} // closed when the writer has ended
	close   sync.Once
}

// New returns a store on a database whose schema is up to date; the writer has a
// pool of its own. Both pools are closed with the store.
func New(read, write *sql.DB, d Dialect, opts store.Options) *DB {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	read.SetMaxIdleConns(cmp.Or(opts.Connections, runtime.GOMAXPROCS(0)))
	s := &DB{
		read: read, write: write, dialect: d, log: opts.Log, clock: func() kizuna.Moment { return kizuna.MomentOf(opts.Clock()) },
		jobs:    make(chan *job, maxGroup),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	go s.run()
	return s
}

// Close waits for the commands under way and closes the database.
func (s *DB) Close() error {
	s.close.Do(func() { close(s.stop) })
	<-s.stopped
	s.prepared.close()
	var err error
	if s.dialect.Close != nil {
		err = s.dialect.Close()
	}
	err = errors.Join(err, s.write.Close())
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// bind writes a statement's parameters, "?" in this package, as the database
// wants them. No statement here holds a question mark otherwise.
func (d Dialect) bind(query string) string {
	if !d.Numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for i := range len(query) {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// lookUp selects the rows of a table in which a column is one of n values and the
// rest holds; the parameters are the values, then those of the rest.
func (d Dialect) lookUp(n int, columns, table, column, rest string) string {
	if d.Lateral {
		return "SELECT found.* FROM (VALUES (?)" + strings.Repeat(", (?)", n-1) + ") AS wanted (key) CROSS JOIN LATERAL " +
			"(SELECT " + columns + " FROM " + table + " WHERE " + column + " = wanted.key AND " + rest + " OFFSET 0) AS found"
	}
	return "SELECT " + columns + " FROM " + table + " WHERE " + column + " IN (?" + strings.Repeat(", ?", n-1) + ") AND " + rest
}

// failure is a database's error as people see it.
func failure(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if kizuna.CodeOf(err) != "" {
		return err
	}
	return kizuna.Errorf("store-read", "the store cannot be read").
		WithMend("see the log; check that the database is up and its disk is not full").WithCause(err)
}
