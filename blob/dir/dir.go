// Package dir keeps blobs in a directory, a file each: ab/abcdef…, readable by the
// owner only and never executable. A file appears under its name whole or not at
// all, and stays after a power cut once Put has returned.
package dir

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
)

const (
	fileMode = 0o600
	dirMode  = 0o700
	// unfinished begins the names of files that are being written.
	unfinished = "unfinished-"
)

// Store is a directory of blobs. It never leaves the directory, not even by a
// symbolic link.
type Store struct {
	root *os.Root
}

var _ blob.Store = (*Store)(nil)

// Open opens the directory, and makes it if there is none.
func Open(name string) (*Store, error) {
	if err := os.MkdirAll(name, dirMode); err != nil {
		return nil, blob.Unwritable(name, err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, blob.Unreadable(name, err)
	}
	return &Store{root}, nil
}

// Close lets the directory go.
func (s *Store) Close() error { return s.root.Close() }

func shard(sum kizuna.Hash) string { return sum.String()[:2] }
func place(sum kizuna.Hash) string { return path.Join(shard(sum), sum.String()) }

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (blob.Ref, error) {
	source := blob.NewSource(ctx, r, limit)
	name := unfinished + rand.Text()
	err := s.write(name, source)
	if err == nil {
		err = s.publish(name, source.Ref().SHA256)
	}
	if failed := source.Failed(); failed != nil {
		err = failed // the reader's own error, as it is
	} else if err != nil {
		err = blob.Unwritable(s.root.Name(), err)
	}
	if err != nil {
		_ = s.root.Remove(name) // what stays is swept later
		return blob.Ref{}, err
	}
	return source.Ref(), nil
}

func (s *Store) write(name string, source io.Reader) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, source)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// publish gives a written file its name. Each name is made durable before what
// depends on it.
func (s *Store) publish(name string, sum kizuna.Hash) error {
	switch err := s.root.Mkdir(shard(sum), dirMode); {
	case err == nil:
		if err := s.sync("."); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := s.root.Rename(name, place(sum)); err != nil {
		return err
	}
	return s.sync(shard(sum))
}

// sync makes a directory's names durable. Windows cannot, and need not, be asked to.
func (s *Store) sync(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := s.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error) {
	info, err := s.stat(ctx, sum)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would wait for ever
		return nil, blob.Changed(sum)
	}
	f, err := s.root.Open(place(sum))
	if err != nil {
		return nil, blob.Unreadable(s.root.Name(), err)
	}
	return blob.Verified(ctx, s.root.Name(), f, blob.Ref{SHA256: sum, Size: info.Size()}), nil
}

func (s *Store) stat(ctx context.Context, sum kizuna.Hash) (fs.FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := s.root.Lstat(place(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, blob.Missing(sum)
	}
	return info, blob.Unreadable(s.root.Name(), err)
}

// Has implements [blob.Store].
func (s *Store) Has(ctx context.Context, sum kizuna.Hash) (bool, error) {
	_, err := s.stat(ctx, sum)
	if kizuna.CodeOf(err) == "blob-missing" {
		return false, nil
	}
	return err == nil, err
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, sum kizuna.Hash) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch err := s.root.Remove(place(sum)); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return blob.Unwritable(s.root.Name(), err)
	}
	return blob.Unwritable(s.root.Name(), s.sync(shard(sum)))
}

// Sweep removes files that a process which was killed left unfinished: those not
// written to since before.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	entries, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return blob.Unreadable(s.root.Name(), err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasPrefix(e.Name(), unfinished) {
			continue
		}
		info, err := e.Info()
		if err == nil && info.ModTime().Before(before) {
			err = s.root.Remove(e.Name())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return blob.Unwritable(s.root.Name(), err)
		}
	}
	return nil
}
