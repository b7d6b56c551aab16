//go:build unix

package segment

import (
	"os"
	"syscall"

	"github.com/kizuna-org/kizuna"
)

// Open maps a segment's file into memory. The file must not change while the
// segment is used; it may be removed or replaced by renaming.
func Open(path string) (*Segment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close() // the map stays
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(path, err)
	}
	if info.Size() == 0 {
		return nil, damaged(path, 0, "the magic")
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, unreadable(path, err)
	}
	s, err := read(path, data)
	if err != nil {
		_ = syscall.Munmap(data)
		return nil, err
	}
	s.close = func() error { return syscall.Munmap(data) }
	return s, nil
}

func unreadable(path string, err error) *kizuna.Error {
	return kizuna.Errorf("segment-unreadable", "the segment cannot be read").
		WithMend("build it first").WithRef(kizuna.Ref{File: path}).WithCause(err)
}
