package command

import (
	"context"
	"maps"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
	"github.com/kizuna-org/kizuna/blob/dir"
	"github.com/kizuna-org/kizuna/blob/s3"
)

// Doors open places for files that are named by a URL, each those of one scheme.
type Doors map[string]func(ctx context.Context, url string) (blob.Store, error)

// everyProgram are the doors that no program is built without.
func everyProgram() Doors {
	return Doors{"file": openFileURL, "s3": openBucket}
}

// open opens a directory or what a URL names. The URL may hold what must not be
// shown: only its scheme is said again.
func (d Doors) open(ctx context.Context, place string) (blob.Store, error) {
	scheme, _, isURL := strings.Cut(place, "://")
	if !isURL {
		return openDirectory(place)
	}
	doors := everyProgram()
	maps.Copy(doors, d)
	if open, ok := doors[scheme]; ok {
		return open(ctx, place)
	}
	switch scheme {
	case "azblob", "gs":
		return nil, kizuna.Errorf("blob-other-program", "this kizuna is built without the door to %s:// places", scheme).
			WithMend("use the one from cloud/cmd/kizuna: go build -C cloud ./cmd/kizuna")
	default:
		return nil, kizuna.Errorf("blob-scheme", "files cannot be kept at a %s:// place", scheme).
			WithMend("name a directory, or a URL that begins with s3://, azblob:// or gs://")
	}
}

func openFileURL(_ context.Context, text string) (blob.Store, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "" {
		return nil, kizuna.Errorf("blob-file-url", "the place for files is no URL of a directory").
			WithMend("write file:///PATH, or the path alone")
	}
	return openDirectory(filepath.FromSlash(u.Path))
}

func openDirectory(name string) (blob.Store, error) {
	d, err := dir.Open(name)
	if err != nil {
		return nil, err // not a store that is nil inside
	}
	return d, nil
}

func openBucket(ctx context.Context, text string) (blob.Store, error) {
	config, err := s3.ParseURL(text)
	if err != nil {
		return nil, err
	}
	bucket, err := s3.Open(ctx, config, s3.Credentials())
	if err != nil {
		return nil, err
	}
	return bucket, nil
}
