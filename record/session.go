package record

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/store"
)

// session is one command under way: the transaction, who asked, and the rules of
// the day.
type session struct {
	store.Tx
	ask Ask
	at  kizuna.Instant
	// rules are those in force on the day of the step.
	rules   *program.Program
	imports Imports
}

func (r *Record) begin(tx store.Tx, ask Ask) (*session, error) {
	s := &session{Tx: tx, ask: ask, at: tx.Now().Instant(), imports: r.imports}
	if ask.At != nil {
		if *ask.At > s.at {
			return nil, kizuna.Errorf("step-future", "%s has not come yet", *ask.At).
				WithMend("name no time, or one that has passed")
		}
		s.at = *ask.At
	}
	s.rules, _ = program.InForceOn(r.programs, r.id, s.at.Date())
	return s, nil
}

// known is what the command can look up.
func (s *session) known() knowledge { return knowledge{s.Tx, s.imports} }

func (s *session) directory() association.Directory { return s.known().directory() }
