package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association/azure"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage/focus"
	"github.com/kizuna-org/kizuna/usage/partnercenter"
)

// openFile is a file whose kind is known from its content.
type openFile struct {
	*os.File
	name    string
	size    int64
	kind    string
	order   int // the lower, the earlier it is read
	account *FileAccount
	read    func(ctx context.Context, sink intake.Sink, progress func(int64)) (description, error)
}

// description is what a reader knows of a file as a whole.
type description struct {
	intake.Description
	unmapped []focus.Unmapped
	notes    []*kizuna.Error
}

// The orders: bills are read when it is known whose the subscriptions are.
const (
	factsFirst = iota
	billsLast
)

// mapping is how services become workloads.
type mapping struct {
	*focus.Mapping
	hash string // of the file that it was read from, if any
}

func readMapping(file string) (*mapping, error) {
	if file == "" {
		m, err := focus.DefaultMapping()
		return &mapping{Mapping: m}, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, kizuna.Errorf("file-unreadable", "%s cannot be read", file).
			WithMend("check the path and the permissions").WithCause(err)
	}
	m, err := focus.ParseMapping(data, file)
	sum := sha256.Sum256(data)
	return &mapping{m, hex.EncodeToString(sum[:8])}, err
}

// open opens a file and finds out what it is. Its name is believed in nothing.
func (im *importer) open(name string) (*openFile, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, kizuna.Errorf("file-unreadable", "%s cannot be read", name).
			WithMend("check the path and the permissions").WithCause(err)
	}
	f := &openFile{File: file, name: name}
	if err := im.recognize(f); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

func (im *importer) recognize(f *openFile) error {
	at := kizuna.Ref{File: f.name}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return kizuna.Errorf("import-not-a-file", "%s is not a file", f.name).WithMend("name the files to import")
	}
	if im.stage.Owns(info) {
		return kizuna.Errorf("import-own", "%s is a table of the data directory already", f.name).
			WithMend("give files from elsewhere; what is in the directory counts as it is")
	}
	f.size = info.Size()
	start := make([]byte, 64<<10)
	n, err := f.ReadAt(start, 0)
	if err != nil && err != io.EOF {
		return err
	}
	start = start[:n]
	text := bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(start, []byte("PAR1")):
		im.parquet(f)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return kizuna.Errorf("file-zip", "the file is an archive or a workbook").
			WithMend("unpack it, or save its sheet as CSV UTF-8, and import that").WithRef(at)
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[")):
		if f.kind = azure.Detect(start); f.kind == "" {
			return unknownKind(at)
		}
		im.listing(f)
	default:
		if err := im.table(f); err != nil {
			return err
		}
	}
	if as := im.opts.As; as != "" && as != f.kind && "table/"+as != f.kind && (f.kind != billKind || im.declared() == "") {
		return kizuna.Errorf("import-as", "the file is %s, not %s", f.kind, as).
			WithMend("leave --as out, or name %s", f.kind).WithRef(at)
	}
	return nil
}

func unknownKind(at kizuna.Ref) *kizuna.Error {
	return kizuna.Errorf("file-kind", "the file is of no kind that Kizuna knows").
		WithMend("give a FOCUS bill, a download of Partner Center, a table with the columns of docs/data.md, or JSON that az prints").
		WithRef(at)
}

// declared returns the version of a bill that --as names, as in focus/1.2.
func (im *importer) declared() string {
	version, ok := strings.CutPrefix(im.opts.As, billKind+"/")
	if !ok {
		return ""
	}
	return version
}

func (im *importer) focusOptions() focus.Options {
	return focus.Options{Cost: im.opts.Cost, Version: im.declared()}
}

func (im *importer) parquet(f *openFile) {
	f.kind, f.order = billKind, billsLast
	f.read = func(ctx context.Context, sink intake.Sink, progress func(int64)) (description, error) {
		r := &counted{file: f.File, progress: progress}
		report, err := focus.ReadParquet(ctx, r, f.size, f.name, im.mapping.Mapping, im.focusOptions(), sink)
		return description{Description: report.Description, unmapped: report.Unmapped}, err
	}
}

func (im *importer) listing(f *openFile) {
	f.read = func(ctx context.Context, sink intake.Sink, progress func(int64)) (description, error) {
		r := &counted{file: f.File, progress: progress}
		d, err := azure.Read(ctx, r, f.name, azure.Options{Tenant: im.opts.Tenant, Since: im.opts.Since}, sink)
		return description{Description: d}, err
	}
}

// table finds out what table a file is by its header.
func (im *importer) table(f *openFile) error {
	start, err := table.Open(io.NewSectionReader(f, 0, f.size), f.name, im.opts.Limits)
	if err != nil {
		return err
	}
	header := start.Header()
	as := asTable(im.opts.As)
	switch plain := plainTable(f.name, as, header); {
	case as != "":
		im.plain(f, plain)
	case im.declared() != "", isFocus(header):
		f.kind, f.order = billKind, billsLast
		f.read = im.reading(f, func(ctx context.Context, r *table.Reader, sink intake.Sink) (description, error) {
			report, err := focus.Read(ctx, r, im.mapping.Mapping, im.focusOptions(), sink)
			return description{Description: report.Description, unmapped: report.Unmapped}, err
		})
	case im.report(f, header):
	case plain != nil:
		im.plain(f, plain)
	default:
		return unknownKind(kizuna.Ref{File: f.name, Line: 1})
	}
	return nil
}

// asTable returns the table that --as names; "" if it names none.
func asTable(as string) string {
	as = strings.TrimPrefix(as, "table/")
	if plainKind(as) == nil {
		return ""
	}
	return as
}

func isFocus(header []string) bool {
	_, ok := focus.Detect(header)
	return ok
}

// report reads a download of Partner Center, if the file is one or is said to be.
func (im *importer) report(f *openFile, header []string) bool {
	const prefix = "partnercenter/"
	kind, _, ok := partnercenter.Detect(header)
	if as, said := strings.CutPrefix(im.opts.As, prefix); said {
		kind, ok = partnercenter.Kind(as), true
	}
	if !ok {
		return false
	}
	f.kind = prefix + string(kind)
	f.read = im.reading(f, func(ctx context.Context, r *table.Reader, sink intake.Sink) (description, error) {
		report, err := partnercenter.Read(ctx, kind, r, sink)
		return description{Description: report.Description}, err
	})
	return true
}

// plain reads a table of ours from elsewhere.
func (im *importer) plain(f *openFile, k kind) {
	f.kind = "table/" + k.title()
	f.read = im.reading(f, func(ctx context.Context, r *table.Reader, sink intake.Sink) (description, error) {
		base, _, _ := strings.Cut(filepath.Base(f.name), ".")
		var d description
		d.Kind, d.Source = f.kind, base
		in := &input{
			RowReader: &fileRows{r, f}, file: f.name,
			refuse: sink.Refuse,
			note:   func(n *kizuna.Error) { d.notes = append(d.notes, n) },
		}
		err := k.hand(ctx, in, sink)
		if k.title() == "usage" {
			d.Covers = usageCoverage(func(column string) bool { return r.Find(column) >= 0 })
		}
		return d, err
	})
}

// plainTable finds the table that a header is of: the one that is asked for or
// that the file is named after, if it fits, or else the one that fits best.
func plainTable(name, as string, header []string) kind {
	base, _, _ := strings.Cut(filepath.Base(name), ".")
	var best kind
	most := 0
	for _, k := range kinds() {
		t := k.table()
		found := 0
		for _, c := range t.Columns {
			has := table.FindIn(header, c.Name) >= 0
			if has {
				found++
			}
			if c.Required && !has {
				found = -len(t.Columns)
			}
		}
		switch {
		case t.Name == as:
			return k // whatever it lacks is said when it is read
		case found <= 0 || as != "":
		case t.Name == base:
			return k
		case found > most:
			best, most = k, found
		}
	}
	return best
}

// reading opens the file as a table and hands it to read.
func (im *importer) reading(f *openFile, read func(context.Context, *table.Reader, intake.Sink) (description, error)) func(context.Context, intake.Sink, func(int64)) (description, error) {
	return func(ctx context.Context, sink intake.Sink, progress func(int64)) (description, error) {
		r, err := table.Open(&counted{file: f.File, progress: progress}, f.name, im.opts.Limits)
		if err != nil {
			return description{}, err
		}
		return read(ctx, r, sink)
	}
}

// counted tells how far a file has been read.
type counted struct {
	file     *os.File
	read     int64
	progress func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.read += int64(n)
	c.progress(c.read)
	return n, err
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.file.ReadAt(p, at)
	c.read += int64(n)
	c.progress(c.read)
	return n, err
}

var notPlain = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a part of a directory's name out of any text.
func slug(text string, length int) string {
	s := notPlain.ReplaceAllString(strings.ToLower(text), "-")
	return strings.Trim(s[:min(len(s), length)], "-")
}
