package azure

import (
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
)

// Place says where the blobs are.
type Place struct {
	Account   string
	Container string
	Prefix    string // before every name; may be empty
	Endpoint  string // of the account
}

// ParseURL reads azblob://ACCOUNT/CONTAINER/PREFIX?endpoint=URL. Without an endpoint it
// is that of the account in Azure's public cloud. Keys never stand in the URL: see
// [Environment].
func ParseURL(text string) (Place, error) {
	u, err := blob.ParseURL(text)
	if err != nil {
		return Place{}, err
	}
	bad := kizuna.Errorf("blob-azure-url", "the place for files is no container of Azure Blob Storage"). // its query may be a signature: not quoted
														WithMend("write azblob://ACCOUNT/CONTAINER/PREFIX; keys belong in the environment")
	name, prefix, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	p := Place{Account: u.Host, Container: name, Prefix: strings.Trim(prefix, "/")}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Scheme != "azblob" || !plain(p.Account) || p.Container == "" || u.Fragment != "" {
		return Place{}, bad
	}
	p.Endpoint = "https://" + p.Account + ".blob.core.windows.net"
	for key, values := range query {
		e, err := url.Parse(values[len(values)-1])
		if key != "endpoint" || err != nil || e.Host == "" || e.User != nil || e.RawQuery != "" || e.Scheme != "https" && e.Scheme != "http" {
			return Place{}, bad
		}
		p.Endpoint = strings.TrimSuffix(e.String(), "/")
	}
	return p, nil
}

// plain reports whether a name has only what names of accounts have, so that it cannot
// lead to another host.
func plain(account string) bool {
	return account != "" && strings.Trim(account, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// Environment finds the keys where Azure's own tools do: a connection string, a key or
// a shared access signature in the variables of its command line, and otherwise the
// identity that its libraries find (variables, workload, machine, signed-in user).
func Environment(p Place) (*container.Client, error) {
	client, err := fromEnvironment(p)
	if err != nil && kizuna.CodeOf(err) == "" {
		err = kizuna.Errorf("blob-azure-keys", "the keys to Azure Blob Storage cannot be read"). // the cause may quote them
														WithMend("check AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY and AZURE_STORAGE_SAS_TOKEN")
	}
	return client, err
}

func fromEnvironment(p Place) (*container.Client, error) {
	address := p.Endpoint + "/" + url.PathEscape(p.Container)
	if text := os.Getenv("AZURE_STORAGE_CONNECTION_STRING"); text != "" {
		if account := setting(text, "AccountName"); account != "" && account != p.Account {
			return nil, kizuna.Errorf("blob-azure-account", "AZURE_STORAGE_CONNECTION_STRING is not of the account %s", p.Account).
				WithMend("set the right one, or unset it")
		}
		return container.NewClientFromConnectionString(text, p.Container, nil)
	}
	if text := os.Getenv("AZURE_STORAGE_KEY"); text != "" {
		key, err := container.NewSharedKeyCredential(p.Account, text)
		if err != nil {
			return nil, err
		}
		return container.NewClientWithSharedKeyCredential(address, key, nil)
	}
	if text := os.Getenv("AZURE_STORAGE_SAS_TOKEN"); text != "" {
		return container.NewClientWithNoCredential(address+"?"+strings.TrimPrefix(text, "?"), nil)
	}
	found, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return container.NewClient(address, found, nil)
}

// setting reads one value of a connection string.
func setting(text, name string) string {
	for part := range strings.SplitSeq(text, ";") {
		if key, value, _ := strings.Cut(part, "="); key == name {
			return value
		}
	}
	return ""
}
