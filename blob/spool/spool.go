// Package spool holds content in a temporary file until its hash is known, for stores
// that must say its name before they take it.
package spool

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/kizuna-org/kizuna/blob"
)

// File is content read to its end; the file stands at its beginning.
type File struct {
	*os.File
	blob.Ref
}

// Read reads r as [blob.Store.Put] must. Close the file.
func Read(ctx context.Context, r io.Reader, limit int64) (*File, error) {
	f, err := os.CreateTemp("", "kizuna-blob-*")
	if err != nil {
		return nil, blob.Unwritable(os.TempDir(), err)
	}
	source := blob.NewSource(ctx, r, limit)
	_, err = io.Copy(f, source)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	file := &File{f, source.Ref()}
	if failed := source.Failed(); failed != nil {
		err = failed // the reader's own error, as it is
	} else {
		err = blob.Unwritable(os.TempDir(), err)
	}
	if err != nil {
		_ = file.Close() // what happened first is said
		return nil, err
	}
	return file, nil
}

// Close removes the file.
func (f *File) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }
