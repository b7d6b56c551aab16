//go:build !unix

package segment

import (
	"os"

	"github.com/kizuna-org/kizuna"
)

// Open reads a segment's file into memory.
func Open(path string) (*Segment, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, kizuna.Errorf("segment-unreadable", "the segment cannot be read").
			WithMend("build it first").WithRef(kizuna.Ref{File: path}).WithCause(err)
	}
	return read(path, data)
}
