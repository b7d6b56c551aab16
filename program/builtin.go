package program

import (
	"cmp"
	"embed"
	"errors"
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
		wait.Go(func() {
			data, _ := builtinFile(ref)
			programs[i], failed[i] = Parse(ref+".yaml", data)
		})
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
