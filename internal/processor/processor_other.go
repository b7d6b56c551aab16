//go:build !unix

// Package processor tells how long the processor worked for this program: what
// benchmarks compare on machines that other work shares.
package processor

import "time"

// Time returns 0: it is not known here.
func Time() time.Duration { return 0 }
