package azure_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob/blobtest"

	"github.com/kizuna-org/kizuna/cloud/azure"
	"github.com/kizuna-org/kizuna/cloud/azure/azurite"
)

func TestContainer(t *testing.T) {
	a := azurite.Serve(t, "azurite")
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", a.ConnectionString())
	made := 0
	for name, block := range map[string]int64{"InOnePiece": 8 << 20, "InBlocks": 100 << 10} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blobtest.Subject {
				made++
				c := a.MakeContainer(t, fmt.Sprintf("evidence-%d", made))
				s, err := open(t.Context(), "azblob://kizuna/"+path.Base(c.URL())+"/some/where")
				if err != nil {
					t.Fatal(err, errors.Unwrap(err))
				}
				s.InBlocks(block)
				return blobtest.Subject{Store: s, Damage: func(t *testing.T, sum kizuna.Hash, data []byte) {
					blob := c.NewBlockBlobClient(path.Join("some/where", sum.String()[:2], sum.String()))
					if _, err := blob.UploadBuffer(t.Context(), data, nil); err != nil {
						t.Fatal(err)
					}
				}}
			})
		})
	}
	t.Run("AContainerThatIsNotThereIsNotMade", func(t *testing.T) {
		if _, err := open(t.Context(), "azblob://kizuna/other"); kizuna.CodeOf(err) != "blob-no-bucket" {
			t.Error(err)
		}
	})
	t.Run("ASignatureForTheBlobsOfOneContainerIsEnough", func(t *testing.T) {
		c := a.MakeContainer(t, "signed")
		signed, err := c.GetSASURL(sas.ContainerPermissions{Read: true, Create: true, Write: true, Delete: true}, time.Now().Add(time.Hour), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, signature, _ := strings.Cut(signed, "?")
		t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "")
		t.Setenv("AZURE_STORAGE_SAS_TOKEN", signature)
		s, err := open(t.Context(), "azblob://kizuna/signed?endpoint="+a.Endpoint)
		if err != nil {
			t.Fatal(err, errors.Unwrap(err))
		}
		ref, err := s.Put(t.Context(), strings.NewReader("a letter"), 100)
		if err != nil {
			t.Fatal(err, errors.Unwrap(err))
		}
		if err := s.Delete(t.Context(), ref.SHA256); err != nil {
			t.Error(err, errors.Unwrap(err))
		}
		t.Setenv("AZURE_STORAGE_SAS_TOKEN", strings.Replace(signature, "sig=", "sig=hush", 1))
		_, err = open(t.Context(), "azblob://kizuna/signed?endpoint="+a.Endpoint)
		if kizuna.CodeOf(err) != "blob-unreadable" {
			t.Errorf("a wrong signature: %v", err)
		}
		quiet(t, err, "hush")
	})
}

// open opens what the program would.
func open(ctx context.Context, place string) (*azure.Store, error) {
	s, err := azure.OpenURL(ctx, place)
	if err != nil {
		return nil, err
	}
	return s.(*azure.Store), nil
}

// quiet reports an error that says a secret, whoever it is passed on by.
func quiet(t *testing.T, err error, secret string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(err.Error(), secret) {
			t.Error(err)
		}
	}
}

func TestASignatureIsNeverSaid(t *testing.T) {
	refused := errors.New("connection refused")
	err := azure.WithoutQuery(fmt.Errorf("policy: %w", &url.Error{Op: "Head", URL: "https://a1.example.com/c/b?sv=2026&sig=hush", Err: refused}))
	quiet(t, err, "hush")
	if !errors.Is(err, refused) || !strings.Contains(err.Error(), "a1.example.com/c/b") {
		t.Error(err)
	}
	for _, variable := range []string{"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY"} {
		t.Setenv(variable, "hush!")
		_, err := azure.OpenURL(t.Context(), "azblob://kizuna/c")
		if kizuna.CodeOf(err) != "blob-azure-keys" || errors.Unwrap(err) != nil {
			t.Errorf("%s: %v", variable, err)
		}
		t.Setenv(variable, "")
	}
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName=another;AccountKey=aHVzaA==")
	if _, err := azure.OpenURL(t.Context(), "azblob://kizuna/c"); kizuna.CodeOf(err) != "blob-azure-account" {
		t.Error(err)
	}
}

func TestAPlaceIsAURLWithoutKeys(t *testing.T) {
	const public = "https://a1.blob.core.windows.net"
	for text, want := range map[string]azure.Place{
		"azblob://a1/c":     {Account: "a1", Container: "c", Endpoint: public},
		"azblob://a1/c/p/q": {Account: "a1", Container: "c", Prefix: "p/q", Endpoint: public},
		"azblob://a1/c?endpoint=http://localhost:10000/a1/": {Account: "a1", Container: "c", Endpoint: "http://localhost:10000/a1"},
	} {
		if got, err := azure.ParseURL(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, code := range map[string]string{
		"azblob://a1":                          "blob-azure-url",
		"azblob:///c":                          "blob-azure-url",
		"azblob://evil.example.com/c":          "blob-azure-url",
		"azblob://evil:99/c":                   "blob-azure-url",
		"gs://a1/c":                            "blob-azure-url",
		"azblob://a1/c?sig=hush":               "blob-azure-url",
		"azblob://a1/c?endpoint=localhost":     "blob-azure-url",
		"azblob://a1/c?endpoint=http://h?hush": "blob-azure-url",
		"azblob://id:hush@a1/c":                "blob-url-keys",
		"azblob://a1/hush%zz":                  "blob-url-unreadable",
	} {
		if _, err := azure.ParseURL(text); kizuna.CodeOf(err) != code || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
