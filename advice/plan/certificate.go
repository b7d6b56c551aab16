package plan

// Certificate proves that no plan costs less than Bound, or that there is none.
//
// It divides all plans into boxes and proves each one apart. A box bounds the
// variables of a linear relaxation; multipliers of its rows, each at least 0
// where the row is an inequality, give a bound: for every plan in the box
//
//	cost >= sum(y rhs) + min over the box of (cost - sum(y row)) x
//
// and the minimum is taken variable by variable, at most one bundle of each unit.
// Everything is a whole number, so nothing is left to rounding.
//
// The variables, for world w (-1: nothing fails), area a, way y, metric m,
// option o, part p:
//
//	x/u/b        bundle b of unit u is taken: 0 or 1
//	v/w:terms    a sum of quantities, "1*3+-1*4"
//	z/w/c        counter c of a set is above 0: 0 or 1
//	t/w/a/y      the way passes; o/w/a/y/m/o the option is the one that counts;
//	a/w/a/y/m/o/p the part gives points: 0 or 1. Where there is only one, 1
//	p/...        points of a part, n/... its steps, q/... points of a metric,
//	             in units of 1 / [Instance.PointScale]
//
// Rows are named likewise. Package check lists them and why they hold.
type Certificate struct {
	Plan       Plan   `json:"plan,omitempty"`
	Cost       int64  `json:"cost"`
	Bound      int64  `json:"bound"`
	Infeasible bool   `json:"infeasible,omitempty"` // there is no plan
	Worlds     []int  `json:"worlds"`               // whose rows are used
	Rows       []Row  `json:"rows"`
	Nodes      []Node `json:"nodes"` // each before its low and then its high side
}

// Row names a row that a multiplier is given for. Multipliers are divided by 2^Scale.
type Row struct {
	Name  string `json:"name"`
	Scale int    `json:"scale"`
}

// Node divides a box in two, or proves one.
type Node struct {
	// Branch is the variable that is at most Low on one side and at least High on
	// the other; "" at the end, where a box is proven.
	Branch string `json:"branch,omitempty"`
	Low    int64  `json:"low,omitempty"`
	High   int64  `json:"high,omitempty"`
	// Times are the multipliers: the number of a row and a number to be divided
	// by 2^(Scale of the row + Fine). A box that is empty, or in which
	// everything is decided, needs none.
	Times [][2]int64 `json:"times,omitempty"`
	Fine  int        `json:"fine,omitempty"`
	Ray   bool       `json:"ray,omitempty"` // costs are taken as 0: a bound above 0 proves that the box is empty
}
