// Package columns writes worlds as Parquet tables, for engines that read those.
// Scopes are the numbers of nodes, times are days or seconds since 1970, money and
// units are millionths. README.md of this module describes every table.
package columns

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/bench/world"
)

// The rows of the tables. What the columns mean stands in README.md.
type (
	fact struct {
		Tenant   int32 `parquet:"tenant"`
		Leaf     int32 `parquet:"leaf"`
		Class    int32 `parquet:"class"`
		Month    int32 `parquet:"month"`
		Day      int32 `parquet:"day"`
		Days     int32 `parquet:"days"`
		Money    int64 `parquet:"money"`
		Snapshot bool  `parquet:"snapshot"`
		Users    int32 `parquet:"users"`
		Seats    int32 `parquet:"seats"`
		Units    int64 `parquet:"units"` // -1: an empty cell
	}
	leaf struct {
		Leaf     int32 `parquet:"leaf"`
		Tenant   int32 `parquet:"tenant"`
		Node     int32 `parquet:"node"`
		Workload int32 `parquet:"workload"`
		Class    int32 `parquet:"class"`
	}
	class struct {
		Class    int32  `parquet:"class"`
		Workload int32  `parquet:"workload"`
		Product  string `parquet:"product"`
		Offer    string `parquet:"offer"`
		Channel  string `parquet:"channel"`
	}
	numbered struct {
		Number int32  `parquet:"number"`
		Name   string `parquet:"name"`
	}
	location struct {
		Location int32 `parquet:"location"`
		Account  int32 `parquet:"account"`
		From     int64 `parquet:"f"`
		To       int64 `parquet:"t"`
	}
	claim struct {
		Location int32 `parquet:"location"`
		Tenant   int32 `parquet:"tenant"`
		Node     int32 `parquet:"node"`
		End      int32 `parquet:"node_end"`
		Workload int32 `parquet:"workload"`
		Role     int32 `parquet:"role"`
		From     int64 `parquet:"f"`
		To       int64 `parquet:"t"`
	}
	appointment struct {
		Location int32 `parquet:"location"`
		Tenant   int32 `parquet:"tenant"`
		Node     int32 `parquet:"node"`
		End      int32 `parquet:"node_end"`
		From     int64 `parquet:"f"`
		To       int64 `parquet:"t"`
	}
	resale struct {
		Location int32 `parquet:"location"`
		Tenant   int32 `parquet:"tenant"`
		Node     int32 `parquet:"node"`
		End      int32 `parquet:"node_end"`
		Tier     int32 `parquet:"tier"`
		From     int64 `parquet:"f"`
		To       int64 `parquet:"t"`
	}
	assignment struct {
		Credential int64 `parquet:"credential"`
		Tenant     int32 `parquet:"tenant"`
		Node       int32 `parquet:"node"`
		End        int32 `parquet:"node_end"`
		Group      bool  `parquet:"at_group"`
		Role       int32 `parquet:"role"`
		From       int64 `parquet:"f"`
		To         int64 `parquet:"t"`
	}
	link struct {
		Credential int64 `parquet:"credential"`
		Location   int32 `parquet:"location"`
		From       int64 `parquet:"f"`
		To         int64 `parquet:"t"`
	}
	placement struct {
		Tenant int32 `parquet:"tenant"`
		Node   int32 `parquet:"node"`
		End    int32 `parquet:"node_end"`
		Group  bool  `parquet:"is_group"`
		Parent int32 `parquet:"parent"`
		From   int64 `parquet:"f"`
		To     int64 `parquet:"t"`
	}
	person struct {
		Person  int32 `parquet:"person"`
		Profile int32 `parquet:"profile"`
	}
	profileLink struct {
		Profile  int32 `parquet:"profile"`
		Location int32 `parquet:"location"`
		From     int64 `parquet:"f"`
		To       int64 `parquet:"t"`
	}
	certification struct {
		Profile     int32 `parquet:"profile"`
		Certificate int32 `parquet:"certificate"`
		Earned      int32 `parquet:"earned"`
		Expires     int32 `parquet:"expires"`
	}
)

// Writer writes a world's tables, customer by customer.
type Writer struct {
	facts        *file[fact]
	leaves       *file[leaf]
	classes      *file[class]
	workloads    *file[numbered]
	roles        *file[numbered]
	certificates *file[numbered]

	locations    *file[location]
	claims       *file[claim]
	appointments *file[appointment]
	resales      *file[resale]
	assignments  *file[assignment]
	links        *file[link]
	placements   *file[placement]

	people         *file[person]
	profiles       *file[profileLink]
	certifications *file[certification]

	files  []interface{ close() error }
	err    error
	leaf   int32
	months map[kizuna.Month]period
}

type period struct{ day, days int32 }

// NewWriter makes the directory and the tables in it.
func NewWriter(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	w := &Writer{months: make(map[kizuna.Month]period)}
	w.facts, w.leaves = create[fact](w, dir, "facts"), create[leaf](w, dir, "leaves")
	w.classes, w.workloads = create[class](w, dir, "classes"), create[numbered](w, dir, "workloads")
	w.roles, w.certificates = create[numbered](w, dir, "roles"), create[numbered](w, dir, "certificates")
	w.locations, w.claims = create[location](w, dir, "locations"), create[claim](w, dir, "claims")
	w.appointments, w.resales = create[appointment](w, dir, "dpor"), create[resale](w, dir, "csp")
	w.assignments, w.links = create[assignment](w, dir, "assignments"), create[link](w, dir, "links")
	w.placements = create[placement](w, dir, "placements")
	w.people, w.profiles = create[person](w, dir, "people"), create[profileLink](w, dir, "profile_links")
	w.certifications = create[certification](w, dir, "certifications")
	return w, w.err
}

// Partners writes what is not a customer's: the catalog's names, and the partners
// with their people.
func (w *Writer) Partners(c *world.Config, catalog *world.Catalog) {
	for i, x := range catalog.Workloads {
		w.workloads.add(numbered{int32(i), x.Name})
	}
	for i, name := range world.Roles {
		w.roles.add(numbered{int32(i), name})
	}
	for i, name := range catalog.Certificates {
		w.certificates.add(numbered{int32(i), name})
	}
	for i := range catalog.Classes() {
		workload, product, offer, channel := world.Class(i).Split()
		w.classes.add(class{int32(i), int32(workload), world.Products[product], world.Offers[offer], world.Channels[channel]})
	}
	for account := range c.Partners {
		for _, l := range c.Locations(account) {
			w.locations.add(location{int32(l.Location), int32(l.Account), int64(l.During.From), int64(l.During.To)})
		}
		for _, l := range c.Credentials(account) {
			w.link(l)
		}
		for _, p := range c.People(catalog, account) {
			w.person(&p)
		}
	}
}

func (w *Writer) person(p *world.Person) {
	w.people.add(person{int32(p.Number), int32(p.Profile)})
	for _, l := range p.Links {
		w.profiles.add(profileLink{int32(p.Profile), int32(l.Location), int64(l.During.From), int64(l.During.To)})
	}
	for _, x := range p.Certificates {
		w.certifications.add(certification{int32(p.Profile), int32(x.Number), int32(x.Earned), int32(x.Expires)})
	}
}

func (w *Writer) link(l world.Link) {
	w.links.add(link{int64(l.Credential), int32(l.Location), int64(l.During.From), int64(l.During.To)})
}

// Tenant writes a customer.
func (w *Writer) Tenant(t *world.Tenant) {
	id := int32(t.Number)
	for _, l := range t.Leaves {
		workload, _, _, _ := l.Class.Split()
		w.leaves.add(leaf{w.leaf, id, int32(l.Node), int32(workload), int32(l.Class)})
		w.usage(t, l, id)
		w.leaf++
	}
	for _, x := range t.Claims {
		w.claims.add(claim{
			int32(x.Location), id, int32(x.Scope.Node), int32(x.Scope.End), int32(x.Workload), int32(x.Role),
			int64(x.During.From), int64(x.During.To),
		})
	}
	for _, x := range t.Appointments {
		s := t.Subscriptions[x.Subscription]
		w.appointments.add(appointment{int32(x.Location), id, int32(s.Node), int32(s.End), int64(x.During.From), int64(x.During.To)})
	}
	for _, x := range t.Resales {
		s := t.Subscriptions[x.Subscription]
		w.resales.add(resale{
			int32(x.Location), id, int32(s.Node), int32(s.End), int32(x.Tier), int64(x.During.From), int64(x.During.To),
		})
	}
	for _, x := range t.Assignments {
		w.assignments.add(assignment{
			int64(x.Credential), id, int32(x.Scope.Node), int32(x.Scope.End), x.At == world.AtGroup, int32(x.Role),
			int64(x.During.From), int64(x.During.To),
		})
	}
	for _, x := range t.Links {
		w.link(x)
	}
	for _, x := range t.Placements {
		w.placements.add(placement{
			id, int32(x.Child.Node), int32(x.Child.End), x.Group, int32(x.Parent), int64(x.During.From), int64(x.During.To),
		})
	}
}

func (w *Writer) usage(t *world.Tenant, l world.Leaf, id int32) {
	r := &t.Rows
	for i := l.Lo; i < l.Hi; i++ {
		p := period{int32(r.Day[i]), 1}
		if r.Day[i] == world.WholeMonth {
			p = w.period(r.Month[i])
		}
		f := fact{
			Tenant: id, Leaf: w.leaf, Class: int32(l.Class), Month: int32(r.Month[i]), Day: p.day, Days: p.days, Money: int64(r.Money[i]),
			Snapshot: r.Snapshot[i], Users: r.Users[i], Seats: r.Seats[i], Units: int64(r.Units[i]),
		}
		w.facts.add(f)
	}
}

func (w *Writer) period(m kizuna.Month) period {
	p, ok := w.months[m]
	if !ok {
		p = period{int32(m.Day(1)), int32(m.Days())}
		w.months[m] = p
	}
	return p
}

// Close finishes all tables.
func (w *Writer) Close() error {
	for _, f := range w.files {
		w.err = cmp.Or(w.err, f.close())
	}
	return w.err
}

// file is one table. The first error is kept until close.
type file[T any] struct {
	out    *os.File
	rows   *parquet.GenericWriter[T]
	buffer []T
	err    error
}

const (
	buffered = 8192
	rowGroup = 1 << 19
)

func create[T any](w *Writer, dir, name string) *file[T] {
	out, err := os.Create(filepath.Join(dir, name+".parquet"))
	f := &file[T]{out: out, err: err}
	w.err = cmp.Or(w.err, err)
	if err == nil {
		f.rows = parquet.NewGenericWriter[T](out, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(rowGroup))
		w.files = append(w.files, f)
	}
	return f
}

func (f *file[T]) add(row T) {
	if f.buffer = append(f.buffer, row); len(f.buffer) == buffered {
		f.flush()
	}
}

func (f *file[T]) flush() {
	if f.err == nil && len(f.buffer) > 0 {
		_, f.err = f.rows.Write(f.buffer)
	}
	f.buffer = f.buffer[:0]
}

func (f *file[T]) close() error {
	f.flush()
	return cmp.Or(f.err, f.rows.Close(), f.out.Close())
}

// Write writes a whole world.
func Write(dir string, c *world.Config, catalog *world.Catalog) error {
	w, err := NewWriter(dir)
	if err != nil {
		return err
	}
	w.Partners(c, catalog)
	for t := range c.Tenants(catalog) {
		w.Tenant(t)
	}
	return w.Close()
}
