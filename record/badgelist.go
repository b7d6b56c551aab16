package record

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/store"
)

// badgeBits are a stretch of a status list, as the record keeps it: small, because
// every badge that goes out writes its stretch anew.
type badgeBits struct {
	Bits []byte `json:"bits"`
}

// stretch is how many bits are kept together.
const stretch = 1024

var badgeLists = &life[badgeBits]{
	kind:     BadgeListKind,
	fresh:    func(string) badgeBits { return badgeBits{make([]byte, stretch/8)} },
	concerns: func(*badgeBits) store.Concerns { return store.Concerns{} },
}

// listPrefix begins the ids of a list's stretches, so that they stand together.
func listPrefix(n int) string { return fmt.Sprintf("%06d-", n) }

// out sets the bit of a badge that no longer holds, in the same transaction in which it
// ceases to: what is published next says so.
func (s *session) out(entry int) error {
	place := statuslist.Place(entry % statuslist.Size)
	id := listPrefix(entry/statuslist.Size+1) + fmt.Sprintf("%03d", place/stretch)
	bits, version, err := load(s, badgeLists, id)
	if err != nil {
		return err
	}
	statuslist.List(bits.Bits).Set(place % stretch)
	return save(s, badgeLists, id, version, bits, nil)
}

// StatusList returns the n-th status list, counted from 1.
func (r *Record) StatusList(ctx context.Context, n int) (statuslist.List, error) {
	list := statuslist.New()
	v := store.View{Scope: store.Everything}
	for item, err := range find(ctx, r, badgeLists, v, store.Query{After: listPrefix(n), Limit: statuslist.Size / stretch}) {
		if err != nil {
			return nil, err
		}
		rest, ok := strings.CutPrefix(item.Thing.ID, listPrefix(n))
		if !ok {
			break // the next list
		}
		at, err := strconv.Atoi(rest)
		if err != nil || at >= statuslist.Size/stretch || len(item.Value.Bits) != stretch/8 {
			return nil, store.Unreadable(&store.Record{Thing: item.Thing, Version: item.Version}, err)
		}
		copy(list[at*stretch/8:], item.Value.Bits)
	}
	return list, nil
}

// StatusLists returns how many status lists there are: as many as the issuer's badges
// need, one at least.
func (r *Record) StatusLists(ctx context.Context, issuer string) (int, error) {
	count, err := get(ctx, r, badgeCounts, store.View{Scope: store.Everything}, issuer)
	if store.IsNotFound(err) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	return max(1, (count.Value.Count+statuslist.Size-1)/statuslist.Size), nil
}
