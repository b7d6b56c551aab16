package command

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/segmentcache"
	"github.com/kizuna-org/kizuna/textgrid"
)

// segmentCmd makes and examines segments: facts, packed to be counted fast.
type segmentCmd struct {
	Build segmentBuildCmd `cmd:"" help:"help.segment-build"`
	Check segmentCheckCmd `cmd:"" help:"help.segment-check"`
	Info  segmentInfoCmd  `cmd:"" help:"help.segment-info"`
}

// segmentBuildCmd packs the facts of a data directory or a store.
type segmentBuildCmd struct {
	placeFlags
	KnownAt string `name:"known-at" placeholder:"MOMENT" help:"help.known-at"`
	File    string `arg:"" name:"file" type:"path" help:"help.segment-out"`
}

// Run writes the segment, whole or not at all.
func (c *segmentBuildCmd) Run(a *app) error {
	shelf, own, err := c.shelf(a, c.KnownAt)
	if err != nil {
		return err
	}
	data, err := a.load(shelf, own)
	if err != nil {
		return err
	}
	var notes []*kizuna.Error
	err = writeFile(c.File, func(w *bufio.Writer) error {
		b := segment.NewBuilder(w)
		b.SetLabel(originOf(shelf, data).Label())
		notes, err = a.pack(b, data)
		return err
	})
	if err != nil {
		return err
	}
	s, err := segment.Open(c.File)
	if err != nil {
		return err
	}
	a.atEnd(s.Close)
	notes = slices.Concat(data.Overlaps, data.Problems, notes)
	if !a.JSON {
		a.note(notes)
	}
	return a.showSegment(c.File, s.Info(), notes)
}

// pack writes facts into a builder and returns what cannot be counted, and why.
func (a *app) pack(b *segment.Builder, data *dataset.Dataset) ([]*kizuna.Error, error) {
	line := a.counter()
	defer line.clear()
	b.Watch(func(customers int) error {
		line.show(a.P.T("segment.progress", customers))
		return a.Context.Err()
	})
	refused, err := segment.Build(b, &attribution.Facts{
		Associations: &data.Associations, Usage: data.Ledger, Rates: data.Rates,
	})
	var notes []*kizuna.Error
	for _, r := range refused {
		notes = append(notes, r.Err)
	}
	return notes, err
}

// segmentCheckCmd reads every byte of a segment.
type segmentCheckCmd struct {
	File string `arg:"" name:"file" type:"path" help:"help.segment-file"`
}

// Run checks; what is damaged is the error.
func (c *segmentCheckCmd) Run(a *app) error {
	s, err := segment.Open(c.File)
	if err != nil {
		return err
	}
	a.atEnd(s.Close)
	line := a.counter()
	defer line.clear()
	for i := range s.Blocks() { // the checksums; they are most of the work
		if err := a.Context.Err(); err != nil {
			return err
		}
		b, err := s.Block(i)
		if err != nil {
			return err
		}
		line.show(a.P.T("segment.progress-check", b.First()+b.Len(), s.Tenants()))
	}
	if err := s.Check(); err != nil {
		return err
	}
	line.clear()
	info := s.Info()
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"file": c.File, "whole": true, "blocks": info.Blocks, "tenants": info.Tenants, "rows": info.Rows})
	}
	_, err = fmt.Fprintln(a.Stdout, a.P.T("segment.whole", c.File, info.Blocks, info.Tenants, info.Rows))
	return err
}

// segmentInfoCmd tells what a segment holds.
type segmentInfoCmd struct {
	File string `arg:"" name:"file" type:"path" help:"help.segment-file"`
}

// Run tells it.
func (c *segmentInfoCmd) Run(a *app) error {
	s, err := segment.Open(c.File)
	if err != nil {
		return err
	}
	a.atEnd(s.Close)
	return a.showSegment(c.File, s.Info(), nil)
}

// showSegment tells what a segment holds and what it was built from.
func (a *app) showSegment(file string, info segment.Info, notes []*kizuna.Error) error {
	from, known := segmentcache.ReadOrigin(info.Label)
	if a.JSON {
		out := struct {
			File string `json:"file"`
			segment.Info
			Origin *segmentcache.Origin `json:"built_from,omitempty"`
			Notes  []*kizuna.Error      `json:"notes,omitempty"`
		}{File: file, Info: info, Notes: notes}
		if known {
			out.Label, out.Origin = "", from
		}
		return a.writeJSON(a.Stdout, out)
	}
	g := textgrid.New()
	say := func(key, value string) { g.Row(a.P.T("segment."+key), value) }
	count := func(key string, n int) { say(key, strconv.Itoa(n)) }
	say("file", file)
	if known {
		say("from", from.Place)
		if from.KnownAt != nil {
			say("known-at", from.KnownAt.String())
		}
		count("sources", len(from.Sources))
	} else if info.Label != "" {
		say("from", info.Label)
	}
	count("customers", info.Tenants)
	count("resources", info.Resources)
	count("rows", info.Rows)
	count("reaches", info.Reaches)
	if info.Rows > 0 {
		say("months", monthsOf([]kizuna.Month{info.First, info.Last}))
	}
	count("blocks", info.Blocks)
	count("bytes", info.FileBytes)
	_, err := g.WriteTo(a.Stdout)
	return err
}

// originOf says what a segment of a place is built from.
func originOf(shelf dataset.Shelf, data *dataset.Dataset) *segmentcache.Origin {
	return &segmentcache.Origin{Place: fmt.Sprint(shelf), KnownAt: knownAtOf(shelf), Sources: data.Sources}
}

// knownAtOf is the moment as known at which a shelf is read; nil if it has only the
// present.
func knownAtOf(shelf dataset.Shelf) *kizuna.Moment {
	if imported, ok := shelf.(*imports.Shelf); ok {
		return &imported.View.KnownAt
	}
	return nil
}
