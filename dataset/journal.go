package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/table"
)

// A journal says of an imported file's lines what became of those that are not a
// row of their own: added to another one, set aside, refused. It is written while
// the file is read, beside the tables, so that a line can be followed later at no
// cost in memory. A file all of whose lines are rows has none.
const journalTable = "lines"

var journalColumns = []string{"line", "to", "fate", "row", "reason", "detail", "error"}

// entry is what became of some lines that follow each other.
type entry struct {
	from, to       int
	fate           fate
	row            int    // merged, moved: the line of the row that they were added to
	reason, detail string // set aside
	err            *kizuna.Error
}

type fate string

const (
	merged   fate = "merged"
	moved    fate = "moved" // one line, as merged, with the lines that had been merged into it
	setAside fate = "set_aside"
	refused  fate = "refused"
)

// journal writes the entries of one file. The first error is kept until close.
type journal struct {
	stage stageDir
	name  string // of its place
	last  entry  // not written yet
	file  *os.File
	out   *table.Writer
	err   error
}

// longestDetail bounds what an entry keeps of a cell of a stranger's file.
const longestDetail = 200

func (j *journal) add(e entry) {
	e.to = e.from
	if l := &j.last; l.fate == e.fate && e.fate != moved && l.row == e.row && l.reason == e.reason && l.detail == e.detail && l.err == nil && e.err == nil &&
		(e.from == l.to || e.from == l.to+1) {
		l.to = e.to
		return
	}
	j.flush()
	j.last = e
}

func (j *journal) flush() {
	e := &j.last
	if e.fate == "" || j.err != nil {
		return
	}
	if j.out == nil {
		if j.file, j.out, j.err = j.stage.create(j.name, journalTable, journalColumns); j.err != nil {
			return
		}
	}
	var broken string
	if e.err != nil {
		var kept []byte
		kept, j.err = json.Marshal(kizuna.KeptError{Error: e.err})
		broken = string(kept)
	}
	cells := []string{strconv.Itoa(e.from), strconv.Itoa(e.to), string(e.fate), "", e.reason, e.detail, broken}
	if e.row > 0 {
		cells[3] = strconv.Itoa(e.row)
	}
	j.out.Write(cells) //nolint:errcheck // reported by Close
}

// close returns the place of the journal, "" if there is nothing in it.
func (j *journal) close() (place string, err error) {
	j.flush()
	if j.out == nil {
		return "", j.err
	}
	return j.name, errors.Join(j.err, j.out.Close(), j.file.Sync(), j.file.Close())
}

func clip(s string) string {
	if len(s) <= longestDetail {
		return s
	}
	return s[:longestDetail] + "…"
}

// readJournal visits the entries of an imported file's journal in their order.
func readJournal(ctx context.Context, shelf Shelf, f *File, visit func(entry)) error {
	if f.Journal == "" {
		return nil
	}
	sheet, err := shelf.Journal(ctx, f)
	if sheet == nil || err != nil {
		return err
	}
	damaged := func(cause error) error {
		return kizuna.Errorf("journal", "what became of the lines of %s cannot be read", f.Name).
			WithMend("restore %s from a backup", sheet.File).WithCause(cause)
	}
	r, err := sheet.Open(table.Limits{})
	if err != nil {
		return damaged(err)
	}
	defer r.Close()
	if len(r.Header()) != len(journalColumns) {
		return damaged(nil)
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		cells, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
		e := entry{fate: fate(cells[2]), reason: cells[4], detail: cells[5]}
		e.from, err = strconv.Atoi(cells[0])
		to, err2 := strconv.Atoi(cells[1])
		e.to = to
		var err3, err4 error
		if cells[3] != "" {
			e.row, err3 = strconv.Atoi(cells[3])
		}
		if cells[6] != "" {
			var kept kizuna.KeptError
			err4 = json.Unmarshal([]byte(cells[6]), &kept)
			e.err = kept.Error
		}
		if err := errors.Join(err, err2, err3, err4); err != nil {
			return damaged(err)
		}
		visit(e)
	}
}
