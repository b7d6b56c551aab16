package store

import (
	"log/slog"
	"time"
)

// Options are common to all stores. The zero value is the usual way.
type Options struct {
	Clock func() time.Time // what tells when something is recorded; time.Now if nil
	Log   *slog.Logger     // for the operator; discarded if nil
	// Migrate brings the schema up to date first. Without it a store whose schema is
	// older is refused ("store-old").
	Migrate bool
	// Connections is how many connections are kept open for reading; 0: as many as
	// there are processors. More are opened while they are needed: one who reads may
	// read something else meanwhile, and must never wait for himself.
	Connections int
}
