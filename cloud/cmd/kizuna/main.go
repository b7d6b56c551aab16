// Command kizuna is the kizuna of the module above, and can keep files in Azure Blob
// Storage and Google Cloud Storage, too.
package main

import (
	"os"

	"github.com/kizuna-org/kizuna/internal/command"

	"github.com/kizuna-org/kizuna/cloud/azure"
	"github.com/kizuna-org/kizuna/cloud/gcs"
)

func main() {
	os.Exit(command.Main(command.Doors{"azblob": azure.OpenURL, "gs": gcs.OpenURL}))
}
