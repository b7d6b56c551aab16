package blob

import (
	"net/url"

	"github.com/kizuna-org/kizuna"
)

// ParseURL reads the URL of a place for files. It may hold no keys; what is no URL may
// hold some and is not said again.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, kizuna.Errorf("blob-url-unreadable", "the place for files is no URL")
	}
	if u.User != nil {
		return nil, kizuna.Errorf("blob-url-keys", "the place for files must not hold keys").
			WithMend("put them in the environment, where the tools of the object store look for them")
	}
	return u, nil
}

// NoBucket says that the bucket, or container, of a place is not there.
func NoBucket(bucket, where string) *kizuna.Error {
	return kizuna.Errorf("blob-no-bucket", "there is no bucket %s at %s", bucket, where).
		WithMend("make the bucket, private and with versions")
}
