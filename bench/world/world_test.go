package world

import (
	"testing"
	"time"

	"github.com/kizuna-org/kizuna/program"
)

func testCatalog(t testing.TB) *Catalog {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, Program)
	if err != nil {
		t.Fatal(err)
	}
	return NewCatalog(p)
}

func TestShape(t *testing.T) {
	for _, name := range []string{"P1", "D10", "S10", "P10"} {
		c, _ := Set(name)
		cat := testCatalog(t)
		var x Tenant
		t0 := time.Now()
		rows, tenants, leaves := 0, 0, 0
		var cl, ap, rs, as int
		kinds := [3]int{}
		node := Node(1)
		for rows < c.Rows {
			node = c.Tenant(cat, uint32(tenants), node, c.Rows-rows, &x)
			rows += len(x.Rows.Month)
			tenants++
			leaves += len(x.Leaves)
			for _, l := range x.Leaves {
				w, _, _, _ := l.Class.Split()
				kinds[cat.Workloads[w].Kind] += l.Hi - l.Lo
			}
			cl += len(x.Claims)
			ap += len(x.Appointments)
			rs += len(x.Resales)
			as += len(x.Assignments)
		}
		el := time.Since(t0)
		t.Logf("%s rows %d tenants %d leaves %d claims %d dpor %d csp %d pal %d kinds %v classes %d wl %d %v", name, rows, tenants, leaves, cl, ap, rs, as, kinds, cat.Classes(), len(cat.Workloads), el)
	}
}
