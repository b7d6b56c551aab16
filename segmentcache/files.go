package segmentcache

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// file is a file of the cache that is being written: it gets its name when it is whole.
// It is not flushed to the disk: what a power failure leaves of it fails its checksums.
type file struct {
	*os.File
	path   string
	failed error // the first error of writing
}

const newPrefix = ".new-"

// create makes a file, and the directory.
func (o *opening) create(path string) (*file, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(o.Dir, newPrefix+"*")
	if err != nil {
		return nil, err
	}
	return &file{File: f, path: path}, nil
}

func (f *file) Write(data []byte) (n int, err error) {
	n, err = f.File.Write(data)
	f.failed = cmp.Or(f.failed, err)
	return n, err
}

// keep gives the file its name.
func (f *file) keep() error {
	if err := errors.Join(f.failed, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), f.path)
}

// discard removes the file unless it was kept.
func (f *file) discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// write builds a segment: into a file of the cache, or in memory where that cannot be.
// The segment is then read from there.
func (o *opening) write(path string, build func(*segment.Builder) error) (*segment.Segment, error) {
	if o.Dir != "" && !o.transient {
		s, err := o.writeFile(path, build)
		if s != nil || err != nil {
			return s, err
		}
	}
	var out bytes.Buffer
	if err := o.into(&out, build); err != nil {
		return nil, err
	}
	return segment.Read(out.Bytes())
}

// writeFile returns neither a segment nor an error if no file can be written.
func (o *opening) writeFile(path string, build func(*segment.Builder) error) (*segment.Segment, error) {
	f, err := o.create(path)
	if err != nil {
		o.cannotWrite(err)
		return nil, nil
	}
	defer f.discard()
	if err = o.into(f, build); err != nil && f.failed == nil {
		return nil, err
	}
	if err = errors.Join(err, f.keep()); err != nil {
		o.cannotWrite(err)
		return nil, nil
	}
	s, err := segment.Open(path)
	if err != nil { // another process removed or damaged it
		o.log.Debug("cache: a new file cannot be opened", "file", path, "error", err)
		return nil, nil
	}
	o.log.Debug("cache: built", "file", path, "bytes", s.Info().FileBytes)
	return s, nil
}

func (o *opening) into(w io.Writer, build func(*segment.Builder) error) error {
	b := segment.NewBuilder(w)
	b.Watch(func(customers int) error {
		if o.ctx.Err() != nil {
			return context.Cause(o.ctx)
		}
		if o.Packed == nil {
			return nil
		}
		return o.Packed(customers)
	})
	return build(b)
}

func (o *opening) cannotWrite(err error) {
	o.transient = true
	o.unwritable = kizuna.Errorf("cache-unwritable", "nothing can be kept in %s: every command reads all usage again", o.Dir).
		WithMend("check the permissions and the space on the disk").WithCause(err)
	o.log.Debug("cache: nothing can be kept", "directory", o.Dir, "error", err)
}

// placesFile is a file of places that is being written, or memory where nothing can be
// kept. That it cannot be written is no error: without it, changed associations are
// packed with all usage.
type placesFile struct {
	*placesWriter
	where      places
	file       *file
	memory     *bytes.Buffer
	buffer     *bufio.Writer
	statements func(tenant string) []int // that have rows of a customer
}

// newPlaces begins the places of a segment whose file has that name.
func (o *opening) newPlaces(segment string, of identity, statements func(tenant string) []int) *placesFile {
	p := &placesFile{statements: statements, where: places{of: of}}
	var out io.Writer
	if o.Dir == "" || o.transient {
		p.memory = new(bytes.Buffer)
		out = p.memory
	} else {
		var err error
		p.where.path = placesBeside(segment)
		if p.file, err = o.create(p.where.path); err != nil {
			p.file = nil
			return p
		}
		out = p.file
	}
	var err error
	p.buffer = bufio.NewWriterSize(out, 1<<18)
	if p.placesWriter, err = newPlacesWriter(p.buffer, of); err != nil {
		p.discard()
	}
	return p
}

func (p *placesFile) put(of *segment.Place) error {
	if p.file != nil || p.memory != nil {
		if err := p.placesWriter.put(of, p.statements(of.Tenant)); err != nil {
			p.discard()
		}
	}
	return nil
}

// keep ends the writing, and has the places found from now on.
func (p *placesFile) keep() {
	if p.file == nil && p.memory == nil {
		return
	}
	err := errors.Join(p.close(), p.buffer.Flush())
	switch {
	case err != nil:
		p.discard()
	case p.memory != nil:
		p.where.packed = p.memory.Bytes()
		p.memory = nil
	case p.file.keep() != nil:
		p.discard()
	}
	p.file = nil
}

func (p *placesFile) discard() {
	if p == nil {
		return
	}
	if p.file != nil {
		p.file.discard()
	}
	p.file, p.memory = nil, nil
}

// How many states of the usage are kept, and how many deltas, the newest; and how old
// an unfinished file must be to be a dead process's.
const (
	keptStates = 4
	keptDeltas = 4
	unfinished = time.Hour
)

// ours are the names of the cache's files.
var ours = regexp.MustCompile(`^([0-9a-f]{16})(-[0-9a-f]{16})?\.(segment|places|delta)$`)

// tidy removes what is old. Whoever reads it still keeps what was opened.
func (o *opening) tidy() {
	if o.Dir == "" || o.transient {
		return
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return
	}
	type stamped struct {
		name string
		at   time.Time
	}
	var states, changed []stamped
	of := make(map[string][]string) // by state
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		name := e.Name()
		parts := ours.FindStringSubmatch(name)
		if parts == nil {
			if ok, _ := filepath.Match(newPrefix+"*", name); ok && o.seen.Sub(info.ModTime()) > unfinished {
				o.remove(filepath.Join(o.Dir, name))
			}
			continue
		}
		of[parts[1]] = append(of[parts[1]], name)
		switch filepath.Ext(name) {
		case segmentFile:
			states = append(states, stamped{parts[1], info.ModTime()})
		case deltaFile:
			changed = append(changed, stamped{name, info.ModTime()})
		}
	}
	newest := func(a, b stamped) int { return b.at.Compare(a.at) }
	slices.SortFunc(states, newest)
	slices.SortFunc(changed, newest)
	for i, s := range states {
		if i >= keptStates && s.name != short(o.state.Key) {
			for _, name := range of[s.name] {
				o.remove(filepath.Join(o.Dir, name))
			}
		}
	}
	for i, d := range changed {
		if path := filepath.Join(o.Dir, d.name); i >= keptDeltas {
			o.remove(path)
			o.remove(placesBeside(path))
		}
	}
}
