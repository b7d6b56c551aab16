package main

import (
	"errors"

	"github.com/kizuna-org/kizuna/bench/world"
)

const segmentFile = "segment"

// TODO(kernel): through attribution/segment.Builder once it is on main.
func newSegmentWriter(string, *world.Catalog) (sink, error) {
	return nil, errors.New("this build writes no segment; add --no-segment")
}
