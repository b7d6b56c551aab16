package main

import (
	"bufio"
	"cmp"
	"errors"
	"os"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/program"
)

const segmentFile = "segment"

// segmentWriter gives a world to Kizuna's own builder: what the compiler of facts
// would make of them, without the detour over texts.
type segmentWriter struct {
	path      string
	config    *world.Config
	builder   *segment.Builder
	file      *os.File
	buffer    *bufio.Writer
	err       error
	locations []association.Location

	workloads, products, offers, channels, roles []segment.Name
	partners                                     map[world.Location]segment.Partner

	tenant segment.Tenant // used again
	rows   []segment.Row
}

func newSegmentWriter(path string, catalog *world.Catalog) (*segmentWriter, error) {
	f, err := os.Create(path + ".new")
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriterSize(f, 1<<20)
	w := &segmentWriter{path: path, builder: segment.NewBuilder(buffer), file: f, buffer: buffer, partners: make(map[world.Location]segment.Partner)}
	for _, x := range catalog.Workloads {
		w.workloads = append(w.workloads, w.builder.Name(x.Name))
	}
	names := func(of []string) (out []segment.Name) {
		for _, name := range of {
			out = append(out, w.builder.Name(name))
		}
		return out
	}
	w.products, w.offers, w.channels, w.roles = names(world.Products), names(world.Offers), names(world.Channels), names(world.Roles)
	return w, nil
}

// Partners notes where locations belong; people are none of a segment's business.
func (w *segmentWriter) Partners(c *world.Config, _ *world.Catalog) {
	w.config = c
	for account := range c.Partners {
		for _, s := range c.Locations(account) {
			w.locations = append(w.locations, association.Location{
				ID: world.LocationID(s.Location), Global: world.AccountID(s.Account), During: s.During,
			})
			w.partner(s.Location)
		}
	}
	w.builder.SetLocations(w.locations)
}

func (w *segmentWriter) partner(l world.Location) segment.Partner {
	p, ok := w.partners[l]
	if !ok {
		p = w.builder.Partner(world.LocationID(l))
		w.partners[l] = p
	}
	return p
}

// Tenant adds a customer.
func (w *segmentWriter) Tenant(t *world.Tenant) {
	out := &w.tenant
	out.ID = world.TenantID(t.Number)
	out.Resources, out.Reaches = out.Resources[:0], out.Reaches[:0]
	w.usage(t)
	for _, c := range t.Claims {
		r := segment.Reach{Type: claimTypes[c.Role], Location: w.partner(c.Location), During: c.During}
		if c.Workload >= 0 {
			r.By, r.What = segment.ByWorkload, w.workloads[c.Workload]
		}
		w.reach(t, c.Scope, r)
	}
	for _, x := range t.Appointments {
		w.reach(t, t.Subscriptions[x.Subscription].Scope, segment.Reach{
			Type: program.DPOR, Location: w.partner(x.Location), During: x.During,
		})
	}
	for _, x := range t.Resales {
		r := segment.Reach{Type: program.CSPTier1, Location: w.partner(x.Location), During: x.During}
		if x.Tier == 2 {
			r.Type = program.CSPTier2
		}
		w.reach(t, t.Subscriptions[x.Subscription].Scope, r)
	}
	for _, x := range t.Assignments {
		w.access(t, &x)
	}
	w.err = cmp.Or(w.err, w.builder.Add(out))
}

var claimTypes = []program.Type{program.CPORUsage, program.CPORPresales, program.CPORRevenue}

func (w *segmentWriter) usage(t *world.Tenant) {
	w.rows = slices.Grow(w.rows[:0], len(t.Rows.Month))
	for _, l := range t.Leaves {
		workload, product, offer, channel := l.Class.Split()
		first := len(w.rows)
		for i := l.Lo; i < l.Hi; i++ {
			w.rows = append(w.rows, rowOf(&t.Rows, i))
		}
		w.tenant.Resources = append(w.tenant.Resources, segment.Resource{
			Kind: segment.Kind{Workload: w.workloads[workload], Product: w.products[product], Offer: w.offers[offer], Channel: w.channels[channel]},
			Rows: w.rows[first:],
		})
	}
}

func rowOf(r *world.Rows, i int) segment.Row {
	out := segment.Row{Month: r.Month[i], Money: r.Money[i], HasMoney: r.Money[i] != 0}
	if r.Day[i] != world.WholeMonth {
		out.Day = uint8(r.Day[i]-r.Month[i].Day(1)) + 1
	}
	if r.Snapshot[i] {
		out.Snapshot = true
		out.Users, out.Seats = kizuna.Micro(r.Users[i])*kizuna.MicroPerUnit, kizuna.Micro(r.Seats[i])*kizuna.MicroPerUnit
		if out.Units = r.Units[i]; out.Units == world.NoUnits {
			out.Units = out.Users // active users stand in
		}
	}
	return out
}

// reach adds a reach of a scope; one without usage below it reaches nothing.
func (w *segmentWriter) reach(t *world.Tenant, scope world.Scope, r segment.Reach) {
	at := func(n world.Node) uint32 {
		i, _ := slices.BinarySearchFunc(t.Leaves, n, func(l world.Leaf, n world.Node) int { return cmp.Compare(l.Node, n) })
		return uint32(i)
	}
	r.First, r.End = at(scope.Node), at(scope.End+1)
	if r.First < r.End && !r.During.Empty() {
		w.tenant.Reaches = append(w.tenant.Reaches, r)
	}
}

// access adds what a role assignment reaches through the links of its credential.
func (w *segmentWriter) access(t *world.Tenant, a *world.Assignment) {
	for _, l := range w.config.LinksOf(t, a.Credential) {
		r := segment.Reach{
			Type: program.PAL, Location: w.partner(l.Location), By: segment.ByRole, What: w.roles[a.Role], During: l.During.Intersect(a.During),
		}
		if a.At != world.AtGroup {
			w.reach(t, a.Scope, r)
			continue
		}
		for _, p := range t.Placements {
			if !p.Group {
				w.climb(t, p.Child, p, a.Scope.Node, r, nil)
			}
		}
	}
}

// climb follows a subscription's placements up to a group. Groups that were passed
// are not entered again: data may loop.
func (w *segmentWriter) climb(t *world.Tenant, scope world.Scope, p world.Placement, group world.Node, r segment.Reach, passed []world.Node) {
	if slices.Contains(passed, p.Parent) {
		return
	}
	if r.During = r.During.Intersect(p.During); r.During.Empty() {
		return
	}
	if p.Parent == group {
		w.reach(t, scope, r)
	}
	passed = append(slices.Clip(passed), p.Parent)
	for _, q := range t.Placements {
		if q.Group && q.Child.Node == p.Parent {
			w.climb(t, scope, q, group, r, passed)
		}
	}
}

// Close finishes the segment. It gets its name when it is whole: an older one of that
// name may be mapped by a process that measures.
func (w *segmentWriter) Close() error {
	if err := errors.Join(w.err, w.builder.Finish(), w.buffer.Flush(), w.file.Close()); err != nil {
		return err
	}
	return os.Rename(w.file.Name(), w.path)
}
