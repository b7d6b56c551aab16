// Package s3 keeps blobs in a bucket of an object store that speaks Amazon's S3
// protocol, an object each: PREFIX/ab/abcdef….
package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/blob/spool"
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
	u, err := blob.ParseURL(s)
	if err != nil {
		return Config{}, err
	}
	c := Config{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"), Endpoint: "s3.amazonaws.com"}
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
		return nil, blob.NoBucket(c.Bucket, c.Endpoint)
	}
	return &Store{client, c}, nil
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
	_, err = s.client.PutObject(ctx, s.Bucket, s.place(f.SHA256), f, f.Ref.Size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", ContentDisposition: "attachment", // never shown inline
		DisableMultipart: true,                             // in one piece: whole or not at all
		SendContentMd5:   true, DisableContentSha256: true, // checked by the server; empty content cannot be signed in chunks
	})
	if err != nil {
		return blob.Ref{}, blob.Unwritable(s.Bucket, err)
	}
	return f.Ref, nil
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
