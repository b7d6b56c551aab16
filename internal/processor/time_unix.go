//go:build unix

package processor

import (
	"syscall"
	"time"
)

// Time is what the process has used of all processors; 0 where that is not known.
func Time() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
