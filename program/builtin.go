package program

import (
	"cmp"
	"embed"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/kizuna-org/kizuna"
)

//go:embed mcpp/*.yaml
var builtins embed.FS

// builtinRefs are the built-in versions, in order.
var builtinRefs = []string{"mcpp@2022-10", "mcpp@2023-10", "mcpp@2023-12", "mcpp@2026-07"}

func builtinFile(ref string) ([]byte, bool) {
	if !slices.Contains(builtinRefs, ref) {
		return nil, false
	}
	data, err := builtins.ReadFile(strings.ReplaceAll(ref, "@", "/") + ".yaml")
	return data, err == nil
}

// Builtin returns the programs that Kizuna brings along, by id and first day.
func Builtin() ([]*Program, error) {
	programs, failed := make([]*Program, len(builtinRefs)), make([]error, len(builtinRefs))
	var wait sync.WaitGroup
	for i, ref := range builtinRefs {
		wait.Go(func() { programs[i], failed[i] = parseBuiltin(ref) })
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	slices.SortFunc(programs, func(p, q *Program) int {
		return cmp.Or(cmp.Compare(p.ID, q.ID), cmp.Compare(p.InForce.From, q.InForce.From))
	})
	return programs, nil
}

func parseBuiltin(ref string) (*Program, error) {
	data, _ := builtinFile(ref)
	return Parse(ref+".yaml", data)
}

// BuiltinNamed is [Find] among the built-in programs. No other one is read.
func BuiltinNamed(ref string) (*Program, error) {
	heads, err := builtinHeads()
	if err != nil {
		return nil, err
	}
	head, err := Find(heads, ref)
	if err != nil {
		return nil, err
	}
	return parseBuiltin(head.Ref())
}

// BuiltinInForceOn is [InForceOn] among the built-in programs. No other one is read. It
// returns nil if there is no program of that id.
func BuiltinInForceOn(id string, day kizuna.Date) (p *Program, carried bool, err error) {
	heads, err := builtinHeads()
	if err != nil {
		return nil, false, err
	}
	head, carried := InForceOn(heads, id, day)
	if head == nil {
		return nil, false, nil
	}
	p, err = parseBuiltin(head.Ref())
	return p, carried, err
}

// inForceLine is how the built-in files say when they are in force.
var inForceLine = regexp.MustCompile(`(?m)^in_force: \{from: ([0-9-]+)(?:, to: ([0-9-]+))?\}`)

// builtinHeads are the built-in programs with nothing but what is needed to choose one.
func builtinHeads() (heads []*Program, err error) {
	for _, ref := range builtinRefs {
		p := new(Program)
		p.ID, p.Version, _ = strings.Cut(ref, "@")
		data, _ := builtinFile(ref)
		m := inForceLine.FindSubmatch(data)
		if m == nil {
			return nil, errors.New("the built-in program " + ref + " does not say when it is in force")
		}
		if p.InForce.From, err = kizuna.ParseDate(string(m[1])); err != nil {
			return nil, err
		}
		if len(m[2]) > 0 {
			to, err := kizuna.ParseDate(string(m[2]))
			if err != nil {
				return nil, err
			}
			p.InForce.To = &to
		}
		heads = append(heads, p)
	}
	return heads, nil
}

// Find returns the program of that reference: "mcpp@2023-10", or "2023-10" where
// only one program has such a version.
func Find(programs []*Program, ref string) (*Program, error) {
	var found []*Program
	var refs []string
	for _, p := range programs {
		refs = append(refs, p.Ref())
		if p.Ref() == ref || p.Version == ref {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return nil, kizuna.Errorf("program-unknown", "%q is not a program that Kizuna knows", clip(ref)).
			WithMend("name one of %s, or a program file", strings.Join(refs, ", "))
	}
	return found[0], nil
}

// InForceOn returns the version of a program that is in force on the day. If none
// is, the answer is carried: the latest version before the day, or the first of
// all. It returns nil if there is no program of that id.
func InForceOn(programs []*Program, id string, day kizuna.Date) (p *Program, carried bool) {
	var earliest, latest *Program
	for _, p := range programs {
		if p.ID != id {
			continue
		}
		if p.InForce.Contains(day) {
			return p, false
		}
		if earliest == nil || p.InForce.From < earliest.InForce.From {
			earliest = p
		}
		if p.InForce.From <= day && (latest == nil || p.InForce.From > latest.InForce.From) {
			latest = p
		}
	}
	if latest == nil {
		return earliest, earliest != nil
	}
	return latest, true
}
