package command

import (
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
)

// FuzzReadGrowth reads tables of growth: what is read has an id in lower case, and what is
// not says where.
func FuzzReadGrowth(f *testing.F) {
	for _, s := range []string{"tenant_id,percent\n,1.5\nT1,-3%\n", "tenant_id;percent\nt1;x\n", "percent\n1\n", "\xef\xbb\xbftenant_id\tpercent\n\"a\n\",1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, rates, err := readGrowth(strings.NewReader(s), "growth.csv")
		if err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Errorf("%v has no code", err)
			}
			return
		}
		for id := range rates {
			if id == "" || id != strings.ToLower(id) {
				t.Errorf("the id %q", id)
			}
		}
	})
}
