// Package azure keeps blobs in a container of Azure Blob Storage, a block blob each:
// PREFIX/ab/abcdef….
package azure

import (
	"context"
	"errors"
	"io"
	"net/url"
	"path"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/blob/spool"
)

// Content larger than a block is sent in blocks, so many at a time, each of which is
// held in memory, and appears whole when the list of them is committed.
const (
	blockSize = 4 << 20
	atOnce    = 4
	// MaxSize is the largest blob that so many blocks make.
	MaxSize = blockSize * blockblob.MaxBlocks
)

// Store is a container of blobs.
type Store struct {
	client *container.Client
	Place
	block int64
}

var _ blob.Store = (*Store)(nil)

// OpenURL opens what [ParseURL] reads with what [Environment] finds.
func OpenURL(ctx context.Context, text string) (blob.Store, error) {
	place, err := ParseURL(text)
	if err != nil {
		return nil, err
	}
	client, err := Environment(place)
	if err != nil {
		return nil, err
	}
	s, err := Open(ctx, place, client)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Open checks that the container is there; it does not make one. It asks for a blob:
// keys that are good for the blobs of one container cannot ask for the container.
func Open(ctx context.Context, place Place, client *container.Client) (*Store, error) {
	s := &Store{client, place, blockSize}
	_, err := s.Has(ctx, kizuna.HashOf(nil))
	if bloberror.HasCode(err, bloberror.ContainerNotFound) {
		return nil, blob.NoBucket(place.Container, place.Account)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) place(sum kizuna.Hash) string {
	return path.Join(s.Prefix, sum.String()[:2], sum.String())
}

// Put implements [blob.Store].
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (_ blob.Ref, err error) {
	f, err := spool.Read(ctx, r, min(limit, MaxSize))
	if err != nil {
		return blob.Ref{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = s.client.NewBlockBlobClient(s.place(f.SHA256)).UploadStream(ctx, f, &blockblob.UploadStreamOptions{
		BlockSize: s.block, Concurrency: atOnce,
		TransactionalValidation: azblob.TransferValidationTypeComputeCRC64(), // checked by the server
		HTTPHeaders: &azblob.HTTPHeaders{ // never shown inline
			BlobContentType: to.Ptr("application/octet-stream"), BlobContentDisposition: to.Ptr("attachment"),
		},
	})
	if err != nil {
		return blob.Ref{}, s.unwritable(err)
	}
	return f.Ref, nil
}

// Open implements [blob.Store]. A connection that breaks off is made again.
func (s *Store) Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error) {
	got, err := s.client.NewBlobClient(s.place(sum)).DownloadStream(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil, blob.Missing(sum)
	}
	if err != nil {
		return nil, s.unreadable(err)
	}
	content := got.NewRetryReader(ctx, &azblob.RetryReaderOptions{EarlyCloseAsError: true})
	return blob.Verified(ctx, s.Container, content, blob.Ref{SHA256: sum, Size: *got.ContentLength}), nil
}

// Has implements [blob.Store].
func (s *Store) Has(ctx context.Context, sum kizuna.Hash) (bool, error) {
	_, err := s.client.NewBlobClient(s.place(sum)).GetProperties(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return false, nil
	}
	return err == nil, s.unreadable(err)
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, sum kizuna.Hash) error {
	_, err := s.client.NewBlobClient(s.place(sum)).Delete(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	return s.unwritable(err)
}

func (s *Store) unreadable(err error) error { return blob.Unreadable(s.Container, withoutQuery(err)) }
func (s *Store) unwritable(err error) error { return blob.Unwritable(s.Container, withoutQuery(err)) }

// withoutQuery takes from an error of the network the part of its URL in which a shared
// access signature stands.
func withoutQuery(err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	u, bad := url.Parse(failed.URL)
	if bad != nil {
		return failed.Err
	}
	u.RawQuery = ""
	return &url.Error{Op: failed.Op, URL: u.String(), Err: failed.Err}
}
