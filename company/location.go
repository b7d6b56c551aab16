package company

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Location is a partner's location (PLA), under one account at a time.
type Location struct {
	ID      string          `json:"id"`
	Name    string          `json:"name,omitempty"` // id in the table of names
	Country string          `json:"country,omitempty"`
	State   lifecycle.State `json:"state"`
	Spells  []Spell         `json:"spells,omitempty"` // one after another without a gap
	Changed kizuna.Instant  `json:"changed,omitzero"`
}

// Spell is a time under an account.
type Spell struct {
	Account string          `json:"account"`
	During  kizuna.Interval `json:"during"`
}

// Deleted is the state of a location that is no more.
const Deleted lifecycle.State = "deleted"

// The actions on a location.
const (
	AddLocation      lifecycle.Action = "add"
	MoveLocation     lifecycle.Action = "move"  // to another account
	CarryLocation    lifecycle.Action = "carry" // to the account that goes on, in a merge
	MoveAssociations lifecycle.Action = "move-associations"
	DeleteLocation   lifecycle.Action = "delete"
	CloseLocation    lifecycle.Action = "close" // with its account
)

// LocationStep is what somebody does to a location.
type LocationStep struct {
	Action  lifecycle.Action `json:"action"`
	Actor   lifecycle.Actor  `json:"actor"`
	At      kizuna.Instant   `json:"at"`
	ID      string           `json:"id,omitempty"`      // add
	Name    string           `json:"name,omitempty"`    // add: id in the table of names
	Country string           `json:"country,omitempty"` // add
	// What the caller looks up: the account that the location is added or moved
	// to, the location that associations are moved to, what names this one, and how
	// many other locations are open under its account.
	Account Account     `json:"-"`
	To      Location    `json:"-"`
	Named   []Reference `json:"-"`
	Others  int         `json:"-"`
}

// LocationCase is what the machine's conditions look at.
type LocationCase struct {
	Location Location
	Step     LocationStep
	together bool // with its account
}

// LocationMachine returns the table of a location's life.
func LocationMachine() *lifecycle.Machine[LocationCase] { return locations }

var locations = &lifecycle.Machine[LocationCase]{
	Name:   "location",
	States: []lifecycle.State{lifecycle.None, Open, Deleted},
	Table: []lifecycle.Transition[LocationCase]{
		{From: lifecycle.None, Action: AddLocation, By: partner, To: Open, Guards: locationGuards(locationNamed, accountStands, byNewAccount)},
		{From: lifecycle.None, Action: AddLocation, By: operator, To: Open, Guards: locationGuards(locationNamed, accountStands)},
		{From: Open, Action: MoveLocation, By: operator, To: Open, Guards: locationGuards(accountStands, anotherAccount)},
		{From: Open, Action: CarryLocation, By: partner, To: Open, Guards: locationGuards(withAccount, accountStands, anotherAccount)},
		{From: Open, Action: MoveAssociations, By: partner, To: Open, Guards: locationGuards(byLocation, anotherLocation, isNamed)},
		{From: Open, Action: DeleteLocation, By: partner, To: Deleted, Guards: locationGuards(byOwnAccount, unnamed, notLast)},
		{From: Open, Action: DeleteLocation, By: operator, To: Deleted, Guards: locationGuards(unnamed, notLast)},
		{From: Open, Action: CloseLocation, By: partnerOrOperator, To: Deleted, Guards: locationGuards(withAccount)},
	},
}

// ApplyLocation returns the location after the step and what happened. A step that
// is refused changes nothing. A merge carries locations by [Merge], and an account
// closes them by [Close].
//
// Asked to move associations it moves none itself, since each is moved by whoever
// made it: it answers with an event for each, which says by whom.
func ApplyLocation(l Location, s LocationStep) (Location, []lifecycle.Event, error) {
	return applyLocation(LocationCase{Location: l, Step: s})
}

func applyLocation(c LocationCase) (Location, []lifecycle.Event, error) {
	l, s := c.Location, &c.Step
	if err := inOrder(l.State, l.ID, l.Changed, s.At); err != nil {
		return l, nil, err
	}
	to, err := locations.Next(l.State, s.Action, s.Actor.Role, c)
	if err != nil {
		return l, nil, err
	}
	l.Spells = slices.Clone(l.Spells)
	var events []lifecycle.Event
	switch s.Action {
	case AddLocation:
		l.ID, l.Name, l.Country = s.ID, s.Name, s.Country
		l.enter(s.Account.ID, s.At)
		events = append(events, event("location.added", "location", l.ID, "account", s.Account.ID))
	case MoveLocation, CarryLocation:
		events = append(events, event("location.moved", "location", l.ID, "from", l.Account(), "to", s.Account.ID))
		l.leave(s.At)
		l.enter(s.Account.ID, s.At)
	case MoveAssociations:
		for _, r := range s.Named {
			events = append(events, event("association.to-move", "kind", string(r.Kind), "id", r.ID, "from", l.ID, "to", s.To.ID, "by", string(r.Kind.MovedBy())))
		}
	case DeleteLocation, CloseLocation:
		events = append(events, event("location.deleted", "location", l.ID, "account", l.Account()))
		l.leave(s.At)
	}
	l.State, l.Changed = to, s.At
	return l, events, nil
}

// Account returns the account that the location is under, "" once it is deleted.
func (l *Location) Account() string {
	if l.State != Open {
		return ""
	}
	return l.Spells[len(l.Spells)-1].Account
}

func (l *Location) enter(account string, at kizuna.Instant) {
	l.Spells = append(l.Spells, Spell{Account: account, During: kizuna.Interval{From: at, To: kizuna.Forever}})
}

func (l *Location) leave(at kizuna.Instant) { l.Spells[len(l.Spells)-1].During.To = at }

// Facts returns under which account the location was when, for counting. The name
// is left to the caller.
func (l *Location) Facts() []association.Location {
	var facts []association.Location
	for _, s := range l.Spells {
		if !s.During.Empty() {
			facts = append(facts, association.Location{ID: l.ID, Global: s.Account, Country: l.Country, During: s.During})
		}
	}
	return facts
}

func locationGuards(all ...lifecycle.Guard[LocationCase]) []lifecycle.Guard[LocationCase] { return all }

var (
	locationNamed = lifecycle.Guard[LocationCase]{Name: "the id is named", Check: func(c LocationCase) error {
		if c.Step.ID == "" {
			return kizuna.Errorf("location-unnamed", "a location needs an id").WithMend("name the location's id, not the global account's")
		}
		return nil
	}}
	accountStands = lifecycle.Guard[LocationCase]{Name: "the account is open", Check: func(c LocationCase) error {
		if a := &c.Step.Account; !a.stands() {
			return kizuna.Errorf("location-account", "account %q is %s and takes no locations", a.ID, a.State.Name()).
				WithMend("name an account that is open")
		}
		return nil
	}}
	anotherAccount = lifecycle.Guard[LocationCase]{Name: "another account", Check: func(c LocationCase) error {
		if same(c.Location.Account(), c.Step.Account.ID) {
			return kizuna.Errorf("location-there", "location %s is under account %s", c.Location.ID, c.Step.Account.ID).
				WithMend("name another account")
		}
		return nil
	}}
	byNewAccount = lifecycle.Guard[LocationCase]{Name: "by the account", Check: func(c LocationCase) error {
		return actsFor(c.Step.Actor, c.Step.Account.ID)
	}}
	byOwnAccount = lifecycle.Guard[LocationCase]{Name: "by its account", Check: func(c LocationCase) error {
		return actsFor(c.Step.Actor, c.Location.Account())
	}}
	byLocation = lifecycle.Guard[LocationCase]{Name: "by the location or its account", Check: func(c LocationCase) error {
		return actsFor(c.Step.Actor, c.Location.ID, c.Location.Account())
	}}
	withAccount = lifecycle.Guard[LocationCase]{Name: "with its account", Check: func(c LocationCase) error {
		if !c.together {
			return kizuna.Errorf("location-alone", "location %s follows its account only", c.Location.ID).
				WithMend("merge or close the account")
		}
		return nil
	}}
	anotherLocation = lifecycle.Guard[LocationCase]{Name: "to another location that is open", Check: func(c LocationCase) error {
		if to := &c.Step.To; to.State != Open || same(to.ID, c.Location.ID) {
			return kizuna.Errorf("location-move-to", "associations of location %s cannot move to %q", c.Location.ID, to.ID).
				WithMend("name another location that is open")
		}
		return nil
	}}
	isNamed = lifecycle.Guard[LocationCase]{Name: "something names it", Check: func(c LocationCase) error {
		if len(c.Step.Named) == 0 {
			return kizuna.Errorf("location-unused", "nothing names location %s", c.Location.ID).WithMend("it can be deleted")
		}
		return nil
	}}
	// Deleting a location loses all that names it, and an account keeps one: "Delete
	// your partner global or local account".
	unnamed = lifecycle.Guard[LocationCase]{Name: "nothing names it", Check: func(c LocationCase) error {
		if len(c.Step.Named) > 0 {
			return kizuna.Errorf("location-named", "location %s is still named by %s", c.Location.ID, list(c.Step.Named)).
				WithMend("move the associations to another location first; move-associations says who moves each")
		}
		return nil
	}}
	notLast = lifecycle.Guard[LocationCase]{Name: "the account has another", Check: func(c LocationCase) error {
		if c.Step.Others == 0 {
			return kizuna.Errorf("location-last", "location %s is the last of account %s", c.Location.ID, c.Location.Account()).
				WithMend("close the account")
		}
		return nil
	}}
)
