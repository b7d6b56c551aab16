package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kizuna-org/kizuna/bench/columns"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/dataset"
)

// plainRows is how many rows a world may have to be written as plain tables.
const plainRows = 2_000_000

type worldFlags struct {
	Set      string `help:"Which world: ${sets}." default:"P10"`
	Rows     int    `help:"Rows, instead of the set's."`
	Partners int    `help:"Partners, instead of the set's."`
}

func (f *worldFlags) config() (world.Config, error) {
	c, err := world.Set(f.Set)
	c.Rows, c.Partners = cmp.Or(f.Rows, c.Rows), cmp.Or(f.Partners, c.Partners)
	return c, err
}

type generateCmd struct {
	worldFlags
	Out     string `help:"Directory to write to." default:"data" type:"path"`
	Parquet bool   `help:"Write Parquet tables." default:"true" negatable:""`
	Segment bool   `help:"Write Kizuna's segment." default:"true" negatable:""`
	Plain   bool   `help:"Write Kizuna's plain tables (small worlds)."`
}

// Run writes the world to OUT/SET.
func (cmd *generateCmd) Run(ctx context.Context) error {
	c, err := cmd.config()
	if err != nil {
		return err
	}
	dir := filepath.Join(cmd.Out, cmd.Set)
	made, err := generate(ctx, dir, &c, cmd.Parquet, cmd.Segment)
	if err != nil {
		return err
	}
	if cmd.Plain {
		if c.Rows > plainRows {
			return fmt.Errorf("%d rows are too many for plain tables; take at most %d (--rows)", c.Rows, plainRows)
		}
		catalog, err := theCatalog()
		if err != nil {
			return err
		}
		if err := dataset.Write(filepath.Join(dir, "plain"), c.Dataset(catalog)); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %d rows, %d customers, %d resources, %d associations in %.1f s\n", dir, made.Rows, made.Tenants, made.Leaves,
		made.Claims+made.Appointments+made.Resales+made.Assignments, made.Seconds)
	return nil
}

// made says what a world has; it is kept beside its tables.
type made struct {
	Config       world.Config `json:"config"`
	Rows         int          `json:"rows"`
	Tenants      int          `json:"tenants"`
	Leaves       int          `json:"leaves"`
	Claims       int          `json:"claims"`
	Appointments int          `json:"appointments"`
	Resales      int          `json:"resales"`
	Assignments  int          `json:"assignments"`
	Seconds      float64      `json:"seconds"`
}

const madeFile = "world.json"

// sink takes a world customer by customer.
type sink interface {
	Partners(*world.Config, *world.Catalog)
	Tenant(*world.Tenant)
	Close() error
}

func theCatalog() (*world.Catalog, error) {
	p, err := world.FindProgram()
	if err != nil {
		return nil, err
	}
	return world.NewCatalog(p), nil
}

// generate writes a world to a directory: the tables to its folder parquet, the
// segment to the file segment.
func generate(ctx context.Context, dir string, c *world.Config, tables, segment bool) (m made, err error) {
	catalog, err := theCatalog()
	if err != nil {
		return m, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return m, err
	}
	var sinks []sink
	if tables {
		w, err := columns.NewWriter(filepath.Join(dir, "parquet"))
		if err != nil {
			return m, err
		}
		sinks = append(sinks, w)
	}
	if segment {
		w, err := newSegmentWriter(filepath.Join(dir, segmentFile), catalog)
		if err != nil {
			return m, err
		}
		sinks = append(sinks, w)
	}
	start := time.Now()
	for _, s := range sinks {
		s.Partners(c, catalog)
	}
	m.Config = *c
	for t := range c.Tenants(catalog) {
		if t.Number%1024 == 0 && ctx.Err() != nil {
			return m, ctx.Err()
		}
		m.count(t)
		for _, s := range sinks {
			s.Tenant(t)
		}
	}
	for _, s := range sinks {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return m, err
	}
	m.Seconds = time.Since(start).Seconds()
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	return m, os.WriteFile(filepath.Join(dir, madeFile), append(data, '\n'), 0o666)
}

func (m *made) count(t *world.Tenant) {
	m.Rows += len(t.Rows.Month)
	m.Tenants++
	m.Leaves += len(t.Leaves)
	m.Claims += len(t.Claims)
	m.Appointments += len(t.Appointments)
	m.Resales += len(t.Resales)
	m.Assignments += len(t.Assignments)
}
