package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kizuna-org/kizuna/cloud/azure/azurite"
	"github.com/kizuna-org/kizuna/cloud/gcs/gcstest"
)

// TestMain lets scripts run this program as a command of its own process.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kizuna": main})
}

func TestStoryInGoogleCloudStorage(t *testing.T) {
	bucket := gcstest.Serve(t)
	tell(t, map[string]string{"PLACE": "gs://evidence", "STORAGE_EMULATOR_HOST": bucket.URL})
}

func TestStoryInAzure(t *testing.T) {
	account := azurite.Serve(t, "../../azure/azurite")
	account.MakeContainer(t, "evidence")
	tell(t, map[string]string{"PLACE": "azblob://kizuna/evidence", "AZURE_STORAGE_CONNECTION_STRING": account.ConnectionString()})
}

// tell has a script played with an environment.
func tell(t *testing.T, environment map[string]string) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C")
			for name, value := range environment {
				env.Setenv(name, value)
			}
			return nil
		},
	})
}
