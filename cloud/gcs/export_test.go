package gcs

import (
	"context"

	"google.golang.org/api/googleapi"
)

// InChunks has content sent in chunks of a size, a multiple of 256 KiB.
func (s *Store) InChunks(size int) { s.chunk = size }

// Again calls as every call is made.
func Again(ctx context.Context, call func(...googleapi.CallOption) (int, error)) (int, error) {
	return again(ctx, call)
}
