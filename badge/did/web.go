package did

import (
	"net/url"
	"strings"

	"github.com/kizuna-org/kizuna"
)

const maxDID = 512

// Base returns the address under which everything of a did:web issuer lies:
// did:web:badges.example:kizuna lives at https://badges.example/kizuna/.
func Base(id string) (string, error) {
	rest, ok := strings.CutPrefix(id, "did:web:")
	parts := strings.Split(rest, ":")
	if !ok || len(id) > maxDID {
		return "", notWeb(id)
	}
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil || text == "" || text == "." || text == ".." || strings.ContainsAny(text, "/?#@ \\") {
			return "", notWeb(id)
		}
		if i > 0 && text != part { // only the host's port is ever escaped
			return "", notWeb(id)
		}
		parts[i] = text
	}
	base, err := url.Parse("https://" + strings.Join(parts, "/") + "/")
	if err != nil || base.Hostname() == "" {
		return "", notWeb(id)
	}
	return base.String(), nil
}

// DocumentURL returns where the document of a did:web identifier lies.
func DocumentURL(id string) (string, error) {
	base, err := Base(id)
	if err != nil {
		return "", err
	}
	if strings.Count(base, "/") == 3 { // a host alone
		return base + ".well-known/did.json", nil
	}
	return base + "did.json", nil
}

func notWeb(id string) error {
	return kizuna.Errorf("did-web", "%.80q is no did:web identifier", id).
		WithMend("write did:web:HOST or did:web:HOST:PATH, such as did:web:badges.example")
}
