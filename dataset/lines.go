package dataset

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage"
)

// The ledger keeps the first line of every row. Which other lines were added to
// it is found out when somebody asks, by reading the tables again: so following a
// line costs time and no memory.

// LineFate is what became of a line of a usage file.
type LineFate struct {
	At kizuna.Ref `json:"at"`
	// Rows are the positions in the ledger of what it is, or is part of.
	Rows []int `json:"-"`

	SetAside   *SetAside     `json:"set_aside,omitempty"`
	Refused    *kizuna.Error `json:"refused,omitempty"`
	LeftOut    *kizuna.Error `json:"left_out,omitempty"`    // another source measures the same
	ReplacedBy string        `json:"replaced_by,omitempty"` // the file that took its place
}

// SetAside is why a line rightly does not count.
type SetAside struct {
	Reason string `json:"reason"` // a key of the catalogue of texts
	Detail string `json:"detail,omitempty"`
}

// FateOfLine follows a line of the shelf's own usage table or of an imported
// file, by its name without directory, to the rows of the ledger that was loaded
// from the shelf. An error of code "no-such-row" says that it never was one.
func FateOfLine(ctx context.Context, shelf Shelf, ledger *usage.Ledger, at kizuna.Ref) (*LineFate, error) {
	name := filepath.Base(at.File)
	c, err := shelf.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	out := &LineFate{At: kizuna.Ref{File: name, Line: at.Line}}
	// The lines to look for, by file; nil is the shelf's own table.
	wanted := map[*File]map[int]bool{nil: {at.Line: true}}
	for _, f := range c.Files {
		if f.Name != name {
			continue
		}
		lines := map[int]bool{at.Line: true}
		wanted[f] = lines
		if !f.inForce() {
			continue
		}
		if err := readJournal(ctx, shelf, f, func(e entry) { out.follow(e, lines) }); err != nil {
			return nil, err
		}
	}
	l := newLoader(ctx, shelf, Options{})
	l.only = "usage"
	l.wants = func(f *File) bool { return wanted[f] != nil }
	l.usage = func(f *File, row *usage.Row) {
		if filepath.Base(row.At.File) != name || !wanted[f][row.At.Line] {
			return
		}
		if l.twice.again(f, row) {
			out.LeftOut = l.twice.leftOut(row)
		} else if i, ok := ledger.Find(row); ok && !slices.Contains(out.Rows, i) {
			out.Rows = append(out.Rows, i)
		}
	}
	l.refused = func(err *kizuna.Error, _ int) {
		if filepath.Base(err.At.File) == name && err.At.Line == at.Line {
			out.Refused = err
		}
	}
	if err := l.allOf(c); err != nil {
		return nil, err
	}
	if out.unknown() {
		for f := range wanted {
			if f != nil {
				out.ReplacedBy = cmp.Or(out.ReplacedBy, c.replacing(f))
			}
		}
	}
	if out.unknown() && out.ReplacedBy == "" {
		return nil, kizuna.Errorf("no-such-row", "%s is no row of usage", at).
			WithMend("name a line of usage.csv or of a file that was imported, as FILE:LINE")
	}
	return out, nil
}

func (f *LineFate) unknown() bool {
	return len(f.Rows) == 0 && f.SetAside == nil && f.Refused == nil && f.LeftOut == nil
}

// follow adds to the lines the row that one of them was added to.
func (f *LineFate) follow(e entry, lines map[int]bool) {
	touched := false
	for line := range lines {
		touched = touched || e.from <= line && line <= e.to
	}
	if !touched {
		return
	}
	switch e.fate {
	case merged, moved:
		lines[e.row] = true
	case setAside:
		f.SetAside = &SetAside{e.reason, e.detail}
	case refused:
		f.Refused = e.err
	}
}

// LinesOf names every line that was added up in rows of the ledger, which was
// loaded from the shelf. Rows are named, and found in the answer, by the
// place that the ledger keeps of each.
func LinesOf(ctx context.Context, shelf Shelf, ledger *usage.Ledger, rows map[kizuna.Ref]bool) (map[kizuna.Ref][]usage.Lines, error) {
	found := make(map[kizuna.Ref]lineSets)
	for at := range rows {
		found[at] = make(lineSets)
	}
	// The rows of imported tables that have more lines, and whose these are.
	owners := make(map[*File]map[int][]kizuna.Ref)
	l := newLoader(ctx, shelf, Options{})
	l.only = "usage"
	var kept usage.Row
	l.usage = func(f *File, row *usage.Row) {
		if l.twice.again(f, row) {
			return
		}
		i, ok := ledger.Find(row)
		if !ok {
			return
		}
		ledger.Row(i, &kept)
		sets, ok := found[kept.At]
		if !ok {
			return
		}
		sets.add(row.At.File, row.At.Line, row.At.Line)
		if f == nil || row.Lines <= 1 {
			return
		}
		if owners[f] == nil {
			owners[f] = make(map[int][]kizuna.Ref)
		}
		if of := owners[f][row.At.Line]; !slices.Contains(of, kept.At) {
			owners[f][row.At.Line] = append(of, kept.At)
		}
	}
	if err := l.all(); err != nil {
		return nil, err
	}
	for f, of := range owners {
		if err := addMerged(ctx, shelf, f, of, found); err != nil {
			return nil, err
		}
	}
	out := make(map[kizuna.Ref][]usage.Lines, len(found))
	for at, sets := range found {
		out[at] = sets.list()
	}
	return out, nil
}

// addMerged names the lines of a file that its journal says were merged into rows.
// Rows that moved stand last in it, so it is read twice.
func addMerged(ctx context.Context, shelf Shelf, f *File, of map[int][]kizuna.Ref, found map[kizuna.Ref]lineSets) error {
	for _, pass := range []fate{moved, merged} {
		err := readJournal(ctx, shelf, f, func(e entry) {
			if e.fate != pass {
				return
			}
			for _, at := range of[e.row] {
				found[at].add(f.Name, e.from, e.to)
				if pass == moved {
					of[e.from] = append(of[e.from], at)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lineSets are lines by file.
type lineSets map[string][]span

type span struct{ from, to int }

func (s lineSets) add(file string, from, to int) { s[file] = append(s[file], span{from, to}) }

func (s lineSets) list() []usage.Lines {
	var out []usage.Lines
	for _, file := range slices.Sorted(maps.Keys(s)) {
		out = append(out, usage.Lines{File: file, Lines: ranges(s[file])})
	}
	return out
}

// ranges writes lines as "2-5 9".
func ranges(spans []span) string {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var parts []string
	for i := 0; i < len(spans); {
		whole := spans[i]
		for i++; i < len(spans) && spans[i].from <= whole.to+1; i++ {
			whole.to = max(whole.to, spans[i].to)
		}
		part := strconv.Itoa(whole.from)
		if whole.to > whole.from {
			part += "-" + strconv.Itoa(whole.to)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}
