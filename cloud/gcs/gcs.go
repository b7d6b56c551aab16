// Package gcs keeps blobs in a bucket of Google Cloud Storage, an object each:
// PREFIX/ab/abcdef….
package gcs

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path"
	"strings"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	"google.golang.org/api/storage/v1"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/blob/spool"
)

// Content larger than a chunk is sent in chunks, each of which is held in memory, and
// appears whole when the last of them has arrived.
const (
	chunkSize = 16 << 20
	// MaxSize is the largest object that there can be.
	MaxSize = 5 << 40
)

// Place says where the bucket is.
type Place struct {
	Bucket string
	Prefix string // before every name; may be empty
}

// ParseURL reads gs://BUCKET/PREFIX. Keys never stand in the URL: see [Environment].
func ParseURL(text string) (Place, error) {
	u, err := blob.ParseURL(text)
	if err != nil {
		return Place{}, err
	}
	if u.Scheme != "gs" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return Place{}, kizuna.Errorf("blob-gcs-url", "the place for files is no bucket of Google Cloud Storage").
			WithMend("write gs://BUCKET/PREFIX; keys belong in the environment")
	}
	return Place{u.Host, strings.Trim(u.Path, "/")}, nil
}

// Environment finds the keys where Google's own tools do: the application default
// credentials. STORAGE_EMULATOR_HOST names an emulator, which needs none.
func Environment(ctx context.Context) (*storage.Service, error) {
	options := []option.ClientOption{option.WithScopes(storage.DevstorageReadWriteScope)}
	if host := os.Getenv("STORAGE_EMULATOR_HOST"); host != "" {
		if !strings.Contains(host, "://") {
			host = "http://" + host
		}
		options = []option.ClientOption{option.WithoutAuthentication(), option.WithEndpoint(strings.TrimSuffix(host, "/") + "/storage/v1/")}
	}
	service, err := storage.NewService(ctx, options...)
	if err != nil {
		return nil, kizuna.Errorf("blob-gcs-keys", "the credentials for Google Cloud Storage cannot be read"). // the cause may quote them
															WithMend("set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login")
	}
	return service, nil
}

// Store is a bucket of blobs.
type Store struct {
	objects *storage.ObjectsService
	Place
	chunk int
}

var _ blob.Store = (*Store)(nil)

// OpenURL opens what [ParseURL] reads with what [Environment] finds.
func OpenURL(ctx context.Context, text string) (blob.Store, error) {
	place, err := ParseURL(text)
	if err != nil {
		return nil, err
	}
	service, err := Environment(ctx)
	if err != nil {
		return nil, err
	}
	s, err := Open(ctx, place, service)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Open checks that the bucket is there; it does not make one. It lists an object: the
// roles for objects allow that, but no question about the bucket.
func Open(ctx context.Context, place Place, service *storage.Service) (*Store, error) {
	s := &Store{service.Objects, place, chunkSize}
	_, err := again(ctx, s.objects.List(s.Bucket).Prefix(s.Prefix).MaxResults(1).Fields("kind").Context(ctx).Do)
	if notFound(err) {
		return nil, blob.NoBucket(s.Bucket, "Google Cloud Storage")
	}
	if err != nil {
		return nil, blob.Unreadable(s.Bucket, err)
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
	check, err := checksum(f)
	if err != nil {
		return blob.Ref{}, blob.Unwritable(os.TempDir(), err)
	}
	object := &storage.Object{
		Name: s.place(f.SHA256), Crc32c: check, // checked by the server
		ContentType: "application/octet-stream", ContentDisposition: "attachment", // never shown inline
	}
	_, err = s.objects.Insert(s.Bucket, object).Fields("name").WithRetry(nil, few()).Context(ctx).
		Media(f, googleapi.ChunkSize(s.chunk), googleapi.ContentType(object.ContentType)).Do()
	if err != nil {
		return blob.Ref{}, blob.Unwritable(s.Bucket, err)
	}
	return f.Ref, nil
}

// checksum is that of the service, and leaves the file at its beginning.
func checksum(f io.ReadSeeker) (string, error) {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	_, err := io.Copy(sum, f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32())), err
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error) {
	content, size, err := open(ctx, s.objects.Get(s.Bucket, s.place(sum)).Context(ctx))
	if notFound(err) {
		return nil, blob.Missing(sum)
	}
	if err != nil {
		return nil, blob.Unreadable(s.Bucket, err)
	}
	return blob.Verified(ctx, s.Bucket, content, blob.Ref{SHA256: sum, Size: size}), nil
}

// Has implements [blob.Store].
func (s *Store) Has(ctx context.Context, sum kizuna.Hash) (bool, error) {
	_, err := again(ctx, s.objects.Get(s.Bucket, s.place(sum)).Fields("name").Context(ctx).Do)
	if notFound(err) {
		return false, nil
	}
	return err == nil, blob.Unreadable(s.Bucket, err)
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, sum kizuna.Hash) error {
	remove := s.objects.Delete(s.Bucket, s.place(sum)).Context(ctx)
	_, err := again(ctx, func(o ...googleapi.CallOption) (struct{}, error) { return struct{}{}, remove.Do(o...) })
	if notFound(err) {
		return nil
	}
	return blob.Unwritable(s.Bucket, err)
}

func notFound(err error) bool {
	said, ok := errors.AsType[*googleapi.Error](err)
	return ok && said.Code == http.StatusNotFound
}
