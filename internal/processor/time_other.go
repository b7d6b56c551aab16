//go:build !unix

package processor

import "time"

// Time is what the process has used of all processors; 0 where that is not known.
func Time() time.Duration { return 0 }
