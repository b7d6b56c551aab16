package scenario_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain draws fewer worlds than rapid does unless it is told how many: each is laid
// out and scored as a whole.
func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("40"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
