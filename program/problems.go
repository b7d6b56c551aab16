package program

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Problems are all that is wrong with a program file, in the order of its lines.
type Problems []*kizuna.Error

// Error writes a line for each problem: file:line:column: message (mend).
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems one by one.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, problem := range p {
		errs[i] = problem
	}
	return errs
}

// maxProblems bounds what is reported of one file: the rest shows when these are mended.
const maxProblems = 200

// reporter collects problems.
type reporter struct{ found Problems }

func (r *reporter) report(at kizuna.Ref, problem *kizuna.Error) {
	if len(r.found) < maxProblems {
		r.found = append(r.found, problem.WithRef(at))
	}
}

// err returns what was found as an error, each problem once: a definition that is
// used in several places would otherwise repeat its own.
func (r *reporter) err() error {
	if len(r.found) == 0 {
		return nil
	}
	slices.SortStableFunc(r.found, func(a, b *kizuna.Error) int {
		return cmp.Or(
			cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(r.found, func(a, b *kizuna.Error) bool {
		return a.At == b.At && a.Message == b.Message
	})
}

// unknown says that a name is not among those defined, and which of them is nearest.
func unknown(code, format, name string, defined []string, section string) *kizuna.Error {
	if len(defined) == 0 {
		return kizuna.Errorf("program-undefined", "%q is not defined: nothing stands under %s", name, section).
			WithMend("define it under %s", section)
	}
	return kizuna.Errorf(code, format, name).
		WithMend("did you mean %q? They are defined under %s", nearest(name, defined), section)
}

// nearest returns the candidate with the fewest edits from the name.
func nearest(name string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int {
		return cmp.Or(cmp.Compare(edits(name, a), edits(name, b)), cmp.Compare(a, b))
	})
}

// edits is the Levenshtein distance, letters compared without case.
func edits(a, b string) int {
	s, t := []rune(strings.ToLower(clip(a))), []rune(strings.ToLower(clip(b)))
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range s {
		diagonal := row[0]
		row[0] = i + 1
		for j, q := range t {
			change := diagonal
			if r != q {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(t)]
}

// clip keeps what is quoted in a message, or compared, short.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
