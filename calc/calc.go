// Package calc answers worked cases: figures that a person types in instead of
// importing files. It holds no rule of its own; what it computes, it computes with
// the functions that score real data. It is pure.
package calc

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Calculator answers cases.
type Calculator struct {
	Programs []*program.Program
	// Default is the program of cases that name none: "mcpp@2023-10" or "2023-10".
	Default string
	// Cases are those that a case of tracks may refer to, by id, before the
	// built-in ones.
	Cases map[string]*Case
}

// Answer answers one case. Every error is a *kizuna.Error that names the case.
func (k *Calculator) Answer(c *Case) (*Answer, error) {
	e, err := k.evaluation(c)
	if err != nil {
		return nil, err
	}
	in := c.fields(c.input, "input")
	out := &Answer{ID: c.ID, Type: c.Type, Program: e.program.Ref()}
	switch c.Type {
	case Metric:
		err = e.metric(in, out)
	case People:
		err = e.people(in, out)
	case Area:
		err = e.area(in, out)
	case AreaTracks:
		err = e.areaTracks(in, out)
	case AreaInline:
		err = e.areaInline(in, out)
	case Qualify:
		err = e.qualify(in, out)
	case Needed:
		err = e.needed(in, out)
	case MCV:
		err = e.mcv(in, out)
	case Window:
		err = e.window(in, out)
	case RenewalWindow:
		err = e.renewalWindow(in, out)
	case Anniversary:
		err = e.anniversary(in, out)
	case Months:
		err = e.months(in, out)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// evaluation is a case and the program that it is answered under.
type evaluation struct {
	*Calculator
	of      *Case
	program *program.Program
	// day is the day of the question where one is needed: the program's first.
	day kizuna.Date
}

func (k *Calculator) evaluation(c *Case) (*evaluation, error) {
	if !slices.Contains(Types(), c.Type) {
		var known []string
		for _, t := range Types() {
			known = append(known, string(t))
		}
		if c.Type == "" {
			return nil, kizuna.Errorf("calc-no-type", "case %s: it has no type", c.ID).
				WithMend(`add "type": one of %s`, strings.Join(known, ", ")).WithRef(c.At)
		}
		return nil, kizuna.Errorf("calc-type", "case %s: there is no type %q", c.ID, c.Type).
			WithMend("the types are %s", strings.Join(known, ", ")).WithRef(c.at(c.typed))
	}
	p, err := k.programOf(c)
	if err != nil {
		return nil, err
	}
	return &evaluation{Calculator: k, of: c, program: p, day: p.InForce.From}, nil
}

// programOf finds a case's program. Cases for which any will do ("*", and an area
// that brings its own maxima and thresholds) are answered under the default, or
// under the newest if there is no default either.
func (k *Calculator) programOf(c *Case) (*program.Program, error) {
	free := c.Program == "*" || c.Type == AreaInline
	if c.Program != "" && c.Program != "*" {
		if p := k.find(c.Program); p != nil {
			return p, nil
		}
	}
	if c.Program == "" || free {
		if p := k.find(k.Default); p != nil {
			return p, nil
		}
	}
	if free && k.Default == "" && len(k.Programs) > 0 {
		return slices.MaxFunc(k.Programs, func(a, b *program.Program) int {
			return cmp.Compare(a.InForce.From, b.InForce.From)
		}), nil
	}
	ref := c.Program
	if ref == "" || free {
		ref = k.Default
	}
	var known []string
	for _, p := range k.Programs {
		known = append(known, p.Ref())
	}
	if ref == "" {
		return nil, kizuna.Errorf("calc-no-program", "case %s: it names no program", c.ID).
			WithMend(`add "program": "2023-10", or use --program; there are %s`, strings.Join(known, ", ")).WithRef(c.At)
	}
	return nil, kizuna.Errorf("calc-program", "case %s: there is no program %q", c.ID, ref).
		WithMend("there are %s", strings.Join(known, ", ")).WithRef(c.At)
}

func (k *Calculator) find(ref string) *program.Program {
	p, err := program.Find(k.Programs, ref)
	if err != nil {
		return nil
	}
	return p
}

// place is where a figure stands in a program.
type place struct {
	area   *program.Area
	metric *program.Metric
	track  string
	rule   *program.Rule
}

// areaOf reads the field that names an area.
func (e *evaluation) areaOf(in *fields) *program.Area {
	n := in.required("area")
	id := in.textOf("area", n)
	area := e.program.Area(id)
	if area == nil && in.err == nil {
		var known []string
		for _, a := range e.program.Areas {
			known = append(known, a.ID)
		}
		in.fail(n, kizuna.Errorf("calc-area", "case %s: %s has no area %q", e.of.ID, e.program.Ref(), id).
			WithMend("its areas are %s", strings.Join(known, ", ")))
	}
	return area
}

// trackOf reads the field that names a track; it may be left out where there is
// only one.
func (e *evaluation) trackOf(in *fields, area *program.Area) string {
	n := in.optional("track")
	if in.err != nil {
		return ""
	}
	tracks := area.Track.Tracks
	switch {
	case n != nil && !slices.Contains(tracks, in.textOf("track", n)):
		in.fail(n, kizuna.Errorf("calc-track", "case %s: %s has no track %q in %s", e.of.ID, area.ID, n.text, e.program.Ref()).
			WithMend("its tracks are %s", strings.Join(tracks, ", ")))
	case n != nil:
		return n.text
	case len(tracks) > 1:
		in.fail(in.object, kizuna.Errorf("calc-no-track", "case %s: %s has several tracks in %s, and none is named", e.of.ID, area.ID, e.program.Ref()).
			WithMend(`add "track": one of %s`, strings.Join(tracks, ", ")))
	default:
		return tracks[0]
	}
	return ""
}

// placeOf reads the fields that name a metric on a track of an area.
func (e *evaluation) placeOf(in *fields) (p place) {
	p.area = e.areaOf(in)
	n := in.required("metric")
	id := in.textOf("metric", n)
	p.track = e.trackOf(in, p.area)
	if in.err != nil {
		return p
	}
	if p.metric = p.area.Metric(id); p.metric == nil {
		e.noMetric(in, n, p.area, id)
		return p
	}
	p.rule = p.metric.Rules[p.track]
	return p
}

func (e *evaluation) noMetric(in *fields, n *node, area *program.Area, id string) {
	var known []string
	for _, m := range area.Metrics {
		known = append(known, m.ID)
	}
	in.fail(n, kizuna.Errorf("calc-metric", "case %s: %s has no metric %q in %s", e.of.ID, area.ID, id, e.program.Ref()).
		WithMend("its metrics are %s", strings.Join(known, ", ")))
}
