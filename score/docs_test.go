package score_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/score"
)

func TestEveryReadingIsDocumented(t *testing.T) {
	for _, page := range []string{"../docs/readings.md", "../docs/readings.ja.md"} {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		tried := make(map[string]bool)
		for _, id := range score.ReadingIDs() {
			tried[id] = true
			if !strings.Contains(text, "| "+id+" |") && !strings.Contains(text, id+",") && !strings.Contains(text, ", "+id+" |") {
				t.Errorf("%s does not explain %s", page, id)
			}
		}
		for n := 1; n <= 30; n++ { // the rest says why there is nothing to try
			if id := fmt.Sprintf("A%d", n); !tried[id] && !strings.Contains(text, "**"+id+"**") {
				t.Errorf("%s leaves out %s", page, id)
			}
		}
	}
}
