package textgrid_test

import (
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/textgrid"
)

func TestColumnsAlignWhateverTheScript(t *testing.T) {
	g := textgrid.New("area", "points").Right(1)
	g.Row("インフラ", "7.5")
	g.Row("Security", "100")
	var b strings.Builder
	if _, err := g.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := "area      points\n" +
		"インフラ     7.5\n" +
		"Security     100\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
