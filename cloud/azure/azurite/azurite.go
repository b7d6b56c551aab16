// Package azurite runs Azurite, Microsoft's emulator of Azure's storage, for tests. Its
// reports home and its databases are left out: see package.json.
package azurite

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Account is one on an emulator.
type Account struct {
	Name, Key, Endpoint string
}

// ConnectionString is what AZURE_STORAGE_CONNECTION_STRING holds.
func (a Account) ConnectionString() string {
	return "DefaultEndpointsProtocol=http;AccountName=" + a.Name + ";AccountKey=" + a.Key + ";BlobEndpoint=" + a.Endpoint
}

// Serve runs Azurite from this package's directory until the test ends. It skips on a
// laptop that does not have it, and fails where all must be there.
func Serve(t *testing.T, dir string) Account {
	t.Helper()
	program := filepath.Join(dir, "node_modules", "azurite", "dist", "src", "blob", "main.js")
	_, missing := exec.LookPath("node")
	if missing == nil {
		_, missing = os.Stat(program)
	}
	switch {
	case missing == nil:
	case os.Getenv("CI") == "":
		t.Skipf("Azurite is not here (npm ci in cloud/azure/azurite brings it): %v", missing)
	default:
		t.Fatal(missing)
	}
	key := make([]byte, 64)
	_, _ = rand.Read(key)
	a := Account{Name: "kizuna", Key: base64.StdEncoding.EncodeToString(key)}
	server := exec.Command("node", program, "--blobPort", "0", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent")
	server.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+a.Name+":"+a.Key)
	server.Stderr = os.Stderr
	said, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	listens := regexp.MustCompile(`successfully listens on (http://\S+)`)
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if at := listens.FindStringSubmatch(lines.Text()); at != nil {
			a.Endpoint = strings.TrimSuffix(at[1], "/") + "/" + a.Name
			return a
		}
	}
	t.Fatal("Azurite ended before it listened")
	return a
}

// MakeContainer makes a container in the account.
func (a Account) MakeContainer(t *testing.T, name string) *container.Client {
	t.Helper()
	c, err := container.NewClientFromConnectionString(a.ConnectionString(), name, nil)
	if err == nil {
		_, err = c.Create(t.Context(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
