//go:build unix

// Package processor tells how long the processor worked for this program: what
// benchmarks compare on machines that other work shares.
package processor

import (
	"syscall"
	"time"
)

// Time returns the time of all threads so far, in the program and in the kernel for it.
func Time() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
