package record

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/membership"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/specialization"
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
	// rulesOn finds those of another day: what fell due then is decided by them.
	rulesOn func(kizuna.Date) (*program.Program, error)
	// membership are the rules of all days by which companies enroll.
	membership func() (*membership.Rules, error)
	// specializations are the rules of all days by which these are earned and kept.
	specializations *specialization.Rules

	// loaded are the things that grow, as the command last saw or saved them.
	loaded map[store.Thing]any
	// settled is how many of the events to come time has caused, before the step.
	settled int
	// remarks are the references to the comment, by whom the thing concerns.
	remarks map[store.Concerns]string
}

func (r *Record) begin(tx store.Tx, ask Ask) (*session, error) {
	s := &session{
		Tx: tx, ask: ask, at: tx.Now().Instant(), imports: &recalled{Imports: r.imports}, rulesOn: r.rulesOn,
		membership: r.membership, specializations: r.specializations, remarks: make(map[store.Concerns]string), loaded: make(map[store.Thing]any),
	}
	if ask.At != nil {
		if *ask.At > s.at {
			return nil, stepFuture(*ask.At)
		}
		s.at = *ask.At
	}
	var err error
	s.rules, err = r.rulesOn(s.at.Date())
	return s, err
}

func stepFuture(at kizuna.Instant) error {
	return kizuna.Errorf("step-future", "%s has not come yet", at).WithMend("name no time, or one that has passed")
}

// known is what the command can look up.
func (s *session) known() knowledge { return knowledge{s.Tx, s.imports} }

func (s *session) directory() association.Directory { return s.known().directory() }
