package record

import (
	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/company"
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
	rules *program.Program
}

func (r *Record) begin(tx store.Tx, ask Ask) (*session, error) {
	s := &session{Tx: tx, ask: ask, at: tx.Now().Instant()}
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

// directory finds the locations behind a partner's id: those whose life is kept
// here, else those that imported files name.
func (s *session) directory() association.Directory {
	return func(id string, at kizuna.Instant) []association.Location {
		found, err := s.locations(association.Fold(id))
		if err != nil {
			return nil // the transaction is lost, and says so when it ends
		}
		var out []association.Location
		for _, l := range found {
			if l.During.Contains(at) {
				out = append(out, l)
			}
		}
		return out
	}
}

// locations returns what is known under an id, a location's or an account's.
func (s *session) locations(id string) ([]association.Location, error) {
	var out []association.Location
	add := func(records ...*store.Record) error {
		for _, r := range records {
			l, err := locations.decode(r)
			if err != nil {
				return err
			}
			out = append(out, l.Facts()...)
		}
		return nil
	}
	switch r, err := s.Get(locations.thing(id)); {
	case err == nil:
		return out, add(r)
	case !store.IsNotFound(err):
		return nil, err
	}
	under, err := s.Find(store.Query{Kind: locations.kind, Location: id})
	if err != nil {
		return nil, err
	}
	return out, add(under...)
}

// locations is how partner locations are kept.
var locations = &life[company.Location]{
	kind: "location",
	concerns: func(l *company.Location) store.Concerns {
		return store.Concerns{Location: association.Fold(l.ID), Second: association.Fold(l.Account())}
	},
	holds: func(l *company.Location) kizuna.Intervals {
		var during []kizuna.Interval
		for _, spell := range l.Spells {
			during = append(during, spell.During)
		}
		return kizuna.Union(during)
	},
}
