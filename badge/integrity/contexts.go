package integrity

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/piprate/json-gold/ld"

	"github.com/kizuna-org/kizuna"
)

// The contexts that say what the words of a credential mean.
const (
	CredentialsContext = "https://www.w3.org/ns/credentials/v2"
	OpenBadgesContext  = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
)

// The contexts are pinned here as they were published: a context that changed, or
// that somebody else served, would change what was signed.
//
//go:embed contexts/*.json
var pinned embed.FS

var pinnedFiles = map[string]string{
	CredentialsContext: "contexts/credentials-v2.json",
	OpenBadgesContext:  "contexts/openbadges-3.0.3.json",
}

// contexts serves the pinned contexts and nothing else: there is no network here.
type contexts map[string]any

func readContexts() (contexts, error) {
	all := make(contexts, len(pinnedFiles))
	for url, name := range pinnedFiles {
		data, err := pinned.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var document any
		if err := json.Unmarshal(data, &document); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[url] = document
	}
	return all, nil
}

// LoadDocument implements ld.DocumentLoader.
func (c contexts) LoadDocument(url string) (*ld.RemoteDocument, error) {
	document, ok := c[url]
	if !ok {
		return nil, unknownContext(url)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: document}, nil
}

func unknownContext(url string) error {
	return kizuna.Errorf("integrity-context", "the context %.100q is not one that is known here", url).
		WithMend("credentials are of %s and %s", CredentialsContext, OpenBadgesContext)
}
