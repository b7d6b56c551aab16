package pack

import (
	"bytes"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/membership"
)

// Whatever a block holds, reading it ends, and takes no more memory than it is worth.
func FuzzBlock(f *testing.F) {
	var out bytes.Buffer
	b := NewBuilder(&out)
	until := kizuna.NewDate(2024, 1, 1)
	inner := membership.Ledger{Account: "G2", Events: []membership.Event{{Kind: membership.Legacy, Until: &until}}}
	b.ledger(&membership.Ledger{
		Account:  "G1",
		Findings: []membership.Finding{{Area: "security", On: 19000, Total: kizuna.Ratio(200, 3), Lacking: []string{"users"}, Digest: "sha256:00"}},
		Events:   []membership.Event{{Kind: membership.Purchase, Fee: "4730 USD", Note: "R-1"}, {Kind: membership.Merge, With: &inner}, {Kind: membership.Closing, Into: "G3"}},
	})
	b.text("g1")
	f.Add(b.hot, b.cold)
	f.Add([]byte{0, 255, 255, 255, 255, 15}, []byte(nil))
	f.Fuzz(func(t *testing.T, hot, cold []byte) {
		d := decoder{data: hot, names: []string{"security", "mcpp@2023-10"}, cold: &decoder{data: cold, names: []string{"users"}}}
		var one One
		for d.failed == nil && len(d.data) > 0 {
			d.one(&one)
		}
		if d.failed == nil && d.cold.failed != nil {
			t.Fatal("what lies apart is damaged, and nothing says so")
		}
	})
}
