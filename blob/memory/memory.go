// Package memory keeps blobs in memory, for tests.
package memory

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
)

// Store is a map of blobs. The zero Store is empty and ready.
type Store struct {
	mu   sync.Mutex
	kept map[kizuna.Hash][]byte
}

var _ blob.Store = (*Store)(nil)

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (blob.Ref, error) {
	source := blob.NewSource(ctx, r, limit)
	data, err := io.ReadAll(source)
	if err != nil {
		return blob.Ref{}, err
	}
	ref := source.Ref()
	s.Set(ref.SHA256, data)
	return ref, nil
}

// Set keeps data under a hash that need not be its own, for tests of damage.
func (s *Store) Set(sum kizuna.Hash, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = make(map[kizuna.Hash][]byte)
	}
	s.kept[sum] = bytes.Clone(data)
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error) {
	data, ok, err := s.get(ctx, sum)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, blob.Missing(sum)
	}
	return blob.Verified(ctx, "memory", io.NopCloser(bytes.NewReader(data)), blob.Ref{SHA256: sum, Size: int64(len(data))}), nil
}

// Has implements [blob.Store].
func (s *Store) Has(ctx context.Context, sum kizuna.Hash) (bool, error) {
	_, ok, err := s.get(ctx, sum)
	return ok, err
}

func (s *Store) get(ctx context.Context, sum kizuna.Hash) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.kept[sum]
	return data, ok, ctx.Err()
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, sum kizuna.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	delete(s.kept, sum)
	return nil
}
