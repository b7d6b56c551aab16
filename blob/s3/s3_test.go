package s3_test

import (
	"bytes"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob/blobtest"
	"github.com/kizuna-org/kizuna/blob/s3"
)

// serve runs an object store on this machine with one bucket.
func serve(t *testing.T) (s3.Config, *s3mem.Backend) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("evidence"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	c, err := s3.ParseURL("s3://evidence/kizuna?region=us-east-1&endpoint=" + server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c, backend
}

func keys() *credentials.Credentials { return credentials.NewStaticV4("id", "secret", "") }

func TestBucket(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Subject {
		c, backend := serve(t)
		s, err := s3.Open(t.Context(), c, keys())
		if err != nil {
			t.Fatal(err)
		}
		return blobtest.Subject{Store: s, Damage: func(t *testing.T, sum kizuna.Hash, data []byte) {
			name := path.Join("kizuna", sum.String()[:2], sum.String())
			if _, err := backend.PutObject("evidence", name, map[string]string{}, bytes.NewReader(data), int64(len(data)), nil); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

func TestABucketThatIsNotThereIsNotMade(t *testing.T) {
	c, _ := serve(t)
	c.Bucket = "other"
	if _, err := s3.Open(t.Context(), c, keys()); kizuna.CodeOf(err) != "blob-no-bucket" {
		t.Error(err)
	}
}

func TestAPlaceIsAURLWithoutKeys(t *testing.T) {
	for text, want := range map[string]s3.Config{
		"s3://b":                                 {Endpoint: "s3.amazonaws.com", Bucket: "b"},
		"s3://b/p/q/?region=eu-west-1":           {Endpoint: "s3.amazonaws.com", Region: "eu-west-1", Bucket: "b", Prefix: "p/q"},
		"s3://b/?endpoint=http://localhost:9000": {Endpoint: "localhost:9000", Insecure: true, Bucket: "b"},
	} {
		if got, err := s3.ParseURL(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, code := range map[string]string{
		"s3://":                     "blob-url",
		"https://b/p":               "blob-url",
		"s3://b?secret=x":           "blob-url",
		"s3://b?endpoint=localhost": "blob-url",
		"s3://id:hush@b/p":          "blob-url-keys",
		"s3://id:hush@b/%zz":        "blob-url-unreadable",
	} {
		if _, err := s3.ParseURL(text); kizuna.CodeOf(err) != code || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
