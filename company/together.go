package company

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Merge confirms a merge that the other account has accepted: all its locations
// move to the account that goes on, at one instant, and the account itself becomes a
// location of it. Ids stay, and so does everything that names them.
//
// It returns the ended account and the locations afterwards in the order given, that
// of the ended account last. The step's action and what it carries are not looked at.
func Merge(into, ended Account, under []Location, s AccountStep) (Account, []Location, []lifecycle.Event, error) {
	s.Action, s.Other = ConfirmMerge, into
	after, events, err := applyAccount(AccountCase{Account: ended, Step: s, together: true})
	if err != nil {
		return ended, under, nil, err
	}
	moved := make([]Location, 0, len(under)+1)
	for _, l := range under {
		if err := checkUnder(&l, &ended); err != nil {
			return ended, under, nil, err
		}
		l, more, err := applyLocation(LocationCase{
			Location: l, together: true,
			Step: LocationStep{Action: CarryLocation, Actor: s.Actor, At: s.At, Account: into},
		})
		if err != nil {
			return ended, under, nil, err
		}
		moved, events = append(moved, l), append(events, more...)
	}
	if !slices.ContainsFunc(moved, func(l Location) bool { return same(l.ID, ended.ID) }) {
		l, more, err := ApplyLocation(Location{}, LocationStep{Action: AddLocation, Actor: s.Actor, At: s.At, ID: ended.ID, Name: ended.Name, Account: into})
		if err != nil {
			return ended, under, nil, err
		}
		moved, events = append(moved, l), append(events, more...)
	}
	return after, moved, events, nil
}

// Close closes an account with all its locations.
func Close(a Account, under []Location, s AccountStep) (Account, []Location, []lifecycle.Event, error) {
	s.Action = CloseAccount
	after, last, err := applyAccount(AccountCase{Account: a, Step: s, together: true})
	if err != nil {
		return a, under, nil, err
	}
	var events []lifecycle.Event
	closed := make([]Location, 0, len(under))
	for _, l := range under {
		if err := checkUnder(&l, &a); err != nil {
			return a, under, nil, err
		}
		l, more, err := applyLocation(LocationCase{Location: l, together: true, Step: LocationStep{Action: CloseLocation, Actor: s.Actor, At: s.At}})
		if err != nil {
			return a, under, nil, err
		}
		closed, events = append(closed, l), append(events, more...)
	}
	return after, closed, append(events, last...), nil
}

func checkUnder(l *Location, a *Account) error {
	if !same(l.Account(), a.ID) {
		return kizuna.Errorf("account-not-its-location", "location %s is not under account %s", l.ID, a.ID).
			WithMend("name the account's own locations")
	}
	return nil
}
