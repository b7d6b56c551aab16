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
	// Connections is how many may read at once; 0: as the store sees fit. It is
	// never fewer than [MinConnections].
	Connections int
}

// MinConnections is what one reader of the audit trail needs: it reads what was
// recorded side by side with the entries that speak of it.
const MinConnections = 8
