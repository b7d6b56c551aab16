// Package s3 keeps blobs in a bucket of an object store that speaks Amazon's S3
// protocol, an object each: PREFIX/ab/abcdef….
package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
)

// Config says where the bucket is.
type Config struct {
	Endpoint string // host, or host:port
	Insecure bool   // http instead of https
	Region   string
	Bucket   string
	Prefix   string // before every name; may be empty
}

// MaxSize is the largest object that the protocol takes in one piece.
const MaxSize = 5 << 30

// ParseURL reads s3://BUCKET/PREFIX?region=REGION&endpoint=URL. Without an endpoint
// it is Amazon's. Keys never stand in the URL: see [Credentials].
func ParseURL(s string) (Config, error) {
	bad := kizuna.Errorf("blob-url", "%q is no place for files", s).
		WithMend("write s3://BUCKET/PREFIX?region=REGION&endpoint=https://HOST; keys belong in the environment")
	u, err := url.Parse(s)
	if err != nil {
		return Config{}, kizuna.Errorf("blob-url-unreadable", "the place for files is no URL") // may hold a key: not quoted
	}
	c := Config{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"), Endpoint: "s3.amazonaws.com"}
	if u.User != nil {
		return Config{}, kizuna.Errorf("blob-url-keys", "the place for files must not hold keys").
			WithMend("put them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if u.Scheme != "s3" || u.Host == "" || u.Fragment != "" {
		return Config{}, bad
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Config{}, bad
	}
	for name, values := range query {
		switch value := values[len(values)-1]; name {
		case "region":
			c.Region = value
		case "endpoint":
			e, err := url.Parse(value)
			if err != nil || e.Host == "" || e.User != nil || e.Scheme != "https" && e.Scheme != "http" || strings.Trim(e.Path, "/") != "" {
				return Config{}, bad
			}
			c.Endpoint, c.Insecure = e.Host, e.Scheme == "http"
		default:
			return Config{}, bad
		}
	}
	return c, nil
}

// Credentials finds the keys where Amazon's own tools do: the environment, the
// shared file, the machine's role.
func Credentials() *credentials.Credentials {
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
}

// Store is a bucket of blobs.
type Store struct {
	client *minio.Client
	Config
}

var _ blob.Store = (*Store)(nil)

// Open checks that the bucket is there; it does not make one.
func Open(ctx context.Context, c Config, keys *credentials.Credentials) (*Store, error) {
	client, err := minio.New(c.Endpoint, &minio.Options{Creds: keys, Secure: !c.Insecure, Region: c.Region})
	if err != nil {
		return nil, blob.Unreadable(c.Bucket, err)
	}
	switch ok, err := client.BucketExists(ctx, c.Bucket); {
	case err != nil:
		return nil, blob.Unreadable(c.Bucket, err)
	case !ok:
		return nil, kizuna.Errorf("blob-no-bucket", "there is no bucket %s at %s", c.Bucket, c.Endpoint).
			WithMend("make the bucket, private and with versions")
	}
	return &Store{client, c}, nil
}

func (s *Store) place(sum kizuna.Hash) string {
	return path.Join(s.Prefix, sum.String()[:2], sum.String())
}

// Put implements [blob.Store]. Content passes through a temporary file: its name
// is known only at its end.
func (s *Store) Put(ctx context.Context, r io.Reader, limit int64) (ref blob.Ref, err error) {
	source := blob.NewSource(ctx, r, min(limit, MaxSize))
	f, err := os.CreateTemp("", "kizuna-blob-*")
	if err != nil {
		return blob.Ref{}, blob.Unwritable(os.TempDir(), err)
	}
	defer func() {
		if gone := errors.Join(f.Close(), os.Remove(f.Name())); err == nil {
			err = gone
		}
	}()
	_, err = io.Copy(f, source)
	if failed := source.Failed(); failed != nil {
		return blob.Ref{}, failed // the reader's own error, as it is
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return blob.Ref{}, blob.Unwritable(os.TempDir(), err)
	}
	ref = source.Ref()
	_, err = s.client.PutObject(ctx, s.Bucket, s.place(ref.SHA256), f, ref.Size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", ContentDisposition: "attachment", // never shown inline
		DisableMultipart: true,                             // in one piece: whole or not at all
		SendContentMd5:   true, DisableContentSha256: true, // checked by the server; empty content cannot be signed in chunks
	})
	if err != nil {
		return blob.Ref{}, blob.Unwritable(s.Bucket, err)
	}
	return ref, nil
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, sum kizuna.Hash) (io.ReadCloser, error) {
	object, err := s.client.GetObject(ctx, s.Bucket, s.place(sum), minio.GetObjectOptions{})
	if err != nil {
		return nil, s.unreadable(sum, err)
	}
	info, err := object.Stat()
	if err != nil {
		return nil, errors.Join(s.unreadable(sum, err), object.Close())
	}
	return blob.Verified(ctx, s.Bucket, object, blob.Ref{SHA256: sum, Size: info.Size}), nil
}

func (s *Store) unreadable(sum kizuna.Hash, err error) error {
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return blob.Missing(sum)
	}
	return blob.Unreadable(s.Bucket, err)
}

// Has implements [blob.Store].
func (s *Store) Has(ctx context.Context, sum kizuna.Hash) (bool, error) {
	_, err := s.client.StatObject(ctx, s.Bucket, s.place(sum), minio.StatObjectOptions{})
	if err == nil {
		return true, nil
	}
	if err = s.unreadable(sum, err); kizuna.CodeOf(err) == "blob-missing" {
		return false, nil
	}
	return false, err
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, sum kizuna.Hash) error {
	err := s.client.RemoveObject(ctx, s.Bucket, s.place(sum), minio.RemoveObjectOptions{})
	return blob.Unwritable(s.Bucket, err)
}
