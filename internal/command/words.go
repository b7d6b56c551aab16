package command

import (
	"cmp"

	"github.com/kizuna-org/kizuna/lifecycle"
)

// state is a state in the reader's language.
func (a *app) state(s lifecycle.State) string { return a.word("state.", s.Name()) }

// action is what a command is called in the audit trail: "claim.submit".
func (a *app) action(name string) string { return a.word("action.", name) }

// ended says how a spell came to its end, "" if it has not.
func (a *app) ended(by lifecycle.Action) string {
	if by == "" {
		return ""
	}
	return a.word("ended.", string(by))
}

// word is a word of the life cycles in the reader's language; as it is, if a newer
// Kizuna wrote it.
func (a *app) word(family, name string) string {
	text, _ := a.P.Lookup(family + name)
	return cmp.Or(text, name)
}
