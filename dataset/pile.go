package dataset

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
)

// pile is a file's usage on the stage, a table for each month. Rows are put on it
// whenever there are many, so that a file of any length is read in little memory:
// equal rows that come far apart stay two until they are loaded. The first error
// is kept.
type pile struct {
	stage  stageDir
	name   string
	months map[kizuna.Month]int // rows
	err    error
}

// ledgerRows is how many different rows are held before they go on the pile.
const ledgerRows = 1 << 17

func newPile(s stageDir, name string) *pile {
	return &pile{stage: s, name: name, months: make(map[kizuna.Month]int)}
}

// full puts the rows of a ledger on the pile if they are many; it returns the
// ledger to go on with.
func (p *pile) full(l *usage.Ledger) *usage.Ledger {
	if l.Len() < ledgerRows {
		return l
	}
	p.take(l)
	return usage.NewLedger()
}

// take puts all rows of a ledger on the pile.
func (p *pile) take(l *usage.Ledger) {
	byMonth := make(map[kizuna.Month][]int32)
	for i, row := range l.All() {
		byMonth[row.Month] = append(byMonth[row.Month], int32(i))
	}
	for _, month := range slices.Sorted(maps.Keys(byMonth)) {
		if p.err == nil {
			p.err = p.append(month, l, byMonth[month])
		}
		p.months[month] += len(byMonth[month])
	}
}

func (p *pile) place(month kizuna.Month) string { return p.name + "-" + month.String() }

func (p *pile) dir(month kizuna.Month) string {
	return filepath.Join(string(p.stage), p.place(month))
}

func (p *pile) file(month kizuna.Month) string {
	return filepath.Join(p.dir(month), usageTable().name+packedTable)
}

// append writes rows behind those that are there: packed texts that follow each
// other are one.
func (p *pile) append(month kizuna.Month, l *usage.Ledger, numbers []int32) (err error) {
	if err := os.MkdirAll(p.dir(month), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(p.file(month), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	schema := usageTable()
	start := table.NewZstdWriter
	if p.months[month] > 0 {
		start = table.ContinueZstd
	}
	out, err := start(f, schema.columnNames(true)...)
	if err != nil {
		return err
	}
	rows := newTableWriter(out, schema, true)
	var line usageLine
	for _, i := range numbers {
		l.Row(int(i), &line.Row)
		rows.row(&line)
	}
	return out.Close()
}

// each reads the rows back; they may lack a tenant.
func (p *pile) each(ctx context.Context, visit func(*usage.Row)) error {
	schema := usageTable()
	for i := range schema.columns {
		if c := &schema.columns[i]; c.Name == "tenant_id" {
			c.Filled = false
		}
	}
	for _, month := range slices.Sorted(maps.Keys(p.months)) {
		if err := p.month(ctx, schema, month, visit); err != nil {
			return err
		}
	}
	return p.err
}

func (p *pile) month(ctx context.Context, schema *schema[usageLine], month kizuna.Month, visit func(*usage.Row)) error {
	f, err := os.Open(p.file(month))
	if err != nil {
		return err
	}
	r, err := OpenTable(f, f.Name(), table.Limits{})
	if err != nil {
		return err
	}
	defer r.Close()
	var broken error
	in := &input{RowReader: r, file: f.Name(), note: func(*kizuna.Error) {}, refuse: func(err *kizuna.Error) { broken = err }}
	var line usageLine
	err = schema.read(ctx, in, func() *usageLine { line = usageLine{}; return &line }, func(r *usageLine) { visit(&r.Row) })
	return errors.Join(err, broken)
}

// statements lists the tables.
func (p *pile) statements() ([]Statement, error) {
	var all []Statement
	for _, month := range slices.Sorted(maps.Keys(p.months)) {
		all = append(all, Statement{Month: month, Place: p.place(month), Rows: p.months[month]})
	}
	return all, p.err
}
