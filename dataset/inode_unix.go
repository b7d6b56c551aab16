//go:build unix

package dataset

import (
	"io/fs"
	"syscall"
)

// inodeOf returns the number of the file behind a name: a file that takes another's
// place has another.
func inodeOf(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}
