package record

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/store"
)

// Episode is one step of a thing's story: when it became known and when it took
// effect, who did what for whom and why, and what it changed.
type Episode struct {
	Version   int64           `json:"version"`
	Entry     int64           `json:"entry"`
	Recorded  kizuna.Moment   `json:"recorded"`
	Effective *kizuna.Instant `json:"effective,omitempty"`
	Actor     string          `json:"actor"`
	Behalf    string          `json:"behalf,omitempty"`
	Action    string          `json:"action"`
	Reason    string          `json:"reason,omitempty"`
	Comment   string          `json:"comment,omitempty"`
	// Erased says that there was a comment.
	Erased  bool              `json:"comment_erased,omitempty"`
	State   string            `json:"state,omitempty"`
	Events  []lifecycle.Event `json:"events,omitempty"`
	Changes []Change          `json:"changes,omitempty"`
}

// Change is a field that is not as it was; what was or is empty is "".
type Change struct {
	Field  string `json:"field"` // "evidence.2.size"
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// ErasedText stands where something was that has been erased.
const ErasedText = "(erased)"

// History tells the whole story of a thing, as far as the view's scope shows it and
// it was known then.
func (r *Record) History(ctx context.Context, view store.View, t store.Thing) ([]Episode, error) {
	k, err := kindOf(t.Kind)
	if err != nil {
		return nil, err
	}
	t = store.Thing{Kind: k.name(), ID: association.Fold(t.ID)}
	chapters, err := r.store.History(ctx, view, t)
	if err != nil {
		return nil, err
	}
	personal, err := r.personalIn(ctx, view, chapters)
	if err != nil {
		return nil, err
	}
	var out []Episode
	before := map[string]string{}
	for _, c := range chapters {
		seen, part, err := k.forViewer(view.Scope, c.Record)
		if err != nil {
			return nil, err
		}
		after, err := fields(seen, personal)
		if err != nil {
			return nil, err
		}
		e := Episode{
			Version: c.Record.Version, Entry: c.Entry.Seq, Recorded: c.Record.Recorded,
			Actor: c.Entry.Actor, Behalf: c.Entry.Behalf, Action: c.Entry.Action, Reason: c.Entry.Reason,
			State: after["state"], Changes: changes(before, after),
		}
		if e.Events, err = r.eventsOf(ctx, view, c.Entry.Seq, t); err != nil {
			return nil, err
		}
		if part { // what happened at other companies is theirs
			e.Events = slices.DeleteFunc(e.Events, func(e lifecycle.Event) bool {
				return !slices.Contains(view.Scope.Locations, association.Fold(e.Detail["location"]))
			})
		}
		before = after
		if part && len(e.Events)+len(e.Changes) == 0 {
			continue
		}
		e.tell(personal, after)
		out = append(out, e)
	}
	return out, nil
}

// personalIn returns all personal data that the chapters' entries wrote, as texts;
// what was erased, or is not for the viewer, is [ErasedText].
func (r *Record) personalIn(ctx context.Context, v store.View, chapters []store.Chapter) (map[string]string, error) {
	out := make(map[string]string)
	for _, c := range chapters {
		for _, p := range c.Entry.Personal {
			out[p.Ref] = ErasedText
		}
	}
	held, err := r.store.Personal(ctx, v, slices.Sorted(maps.Keys(out)))
	for ref, p := range held {
		out[ref] = PersonalText(p.Value)
	}
	return out, err
}

// PersonalText writes personal data in one line: a name, then the rest.
func PersonalText(value map[string]string) string {
	var parts []string
	for _, key := range slices.SortedFunc(maps.Keys(value), func(a, b string) int {
		return cmp.Or(-compareBool(a == "name", b == "name"), cmp.Compare(a, b))
	}) {
		text := value[key]
		if key == "email" {
			text = "<" + text + ">"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// eventsOf returns what an entry told of a thing.
func (r *Record) eventsOf(ctx context.Context, v store.View, entry int64, t store.Thing) (out []lifecycle.Event, err error) {
	events, err := r.store.Events(ctx, v, entry-1, 1) // whole entries come
	for _, e := range events {
		if e.Entry == entry && e.Thing == t {
			out = append(out, e.Event)
		}
	}
	return out, err
}

// tell takes the comment out of the events, and the day on which the step took
// effect out of them or, if they do not say, out of the thing.
func (e *Episode) tell(personal, after map[string]string) {
	for i := range e.Events {
		detail := e.Events[i].Detail
		if ref, ok := detail["comment"]; ok {
			e.Comment = cmp.Or(personal[ref], ErasedText)
			if e.Erased = e.Comment == ErasedText; e.Erased {
				e.Comment = ""
			}
			detail = maps.Clone(detail)
			delete(detail, "comment")
			e.Events[i].Detail = detail
		}
		if at, err := kizuna.ParseInstant(detail["at"]); err == nil {
			e.Effective = &at
		}
	}
	if e.Effective == nil {
		if at, err := kizuna.ParseInstant(after["changed"]); err == nil {
			e.Effective = &at
		}
	}
}

// fields lists what a version says, by paths; references to people are their texts.
func fields(r *store.Record, personal map[string]string) (map[string]string, error) {
	var body any
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return nil, store.Unreadable(r, err)
	}
	out := make(map[string]string)
	flatten(out, "", body, personal)
	return out, nil
}

func flatten(out map[string]string, path string, value any, personal map[string]string) {
	under := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(out, under(key), inner, personal)
		}
	case []any:
		for i, inner := range v {
			flatten(out, under(fmt.Sprint(i+1)), inner, personal)
		}
	case string:
		if text, ok := personal[v]; ok {
			v = text
		}
		out[path] = v
	case nil:
	default:
		text, err := json.Marshal(v)
		if err == nil {
			out[path] = string(text)
		}
	}
}

// untold are fields that an episode tells by itself.
var untold = []string{"changed", "id", "told"}

func changes(before, after map[string]string) (out []Change) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if b, a := before[field], after[field]; b != a && !slices.Contains(untold, field) {
			out = append(out, Change{field, b, a})
		}
	}
	return out
}
