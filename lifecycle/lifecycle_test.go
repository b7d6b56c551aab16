package lifecycle_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
)

// A door: whoever holds the key may lock it, a lock may be broken.
type door struct{ key, rusty bool }

var doors = &lifecycle.Machine[door]{
	Name:   "door",
	States: []lifecycle.State{lifecycle.None, "open", "locked", "broken-down"},
	Table: []lifecycle.Transition[door]{
		{From: lifecycle.None, Action: "hang", By: []lifecycle.Role{lifecycle.Partner}, To: "open"},
		{From: "open", Action: "lock", By: []lifecycle.Role{lifecycle.Owner, lifecycle.Customer}, To: "locked", Guards: []lifecycle.Guard[door]{{
			Name: "holds the key",
			Check: func(d door) error {
				if !d.key {
					return kizuna.Errorf("no-key", "there is no key")
				}
				return nil
			},
		}}},
		{
			From: "locked", Action: "kick", By: []lifecycle.Role{lifecycle.Operator}, To: "broken-down",
			When: lifecycle.Condition[door]{Name: "it is rusty", Holds: func(d door) bool { return d.rusty }},
		},
		{From: "locked", Action: "kick", By: []lifecycle.Role{lifecycle.Operator, lifecycle.Vendor}, To: "locked"},
	},
}

func TestMachineDecides(t *testing.T) {
	for _, tt := range []struct {
		from   lifecycle.State
		action lifecycle.Action
		by     lifecycle.Role
		door   door
		to     lifecycle.State
		code   string
		mend   string
	}{
		{lifecycle.None, "hang", lifecycle.Partner, door{}, "open", "", ""},
		{"open", "lock", lifecycle.Owner, door{key: true}, "locked", "", ""},
		{"open", "lock", lifecycle.Owner, door{}, "open", "no-key", ""},
		{"open", "lock", lifecycle.Partner, door{key: true}, "open", "lifecycle-actor", "owner, customer"},
		{"open", "kick", lifecycle.Owner, door{}, "open", "lifecycle-action", "possible now: lock"},
		{"open", "kick", lifecycle.Operator, door{}, "open", "lifecycle-action", "nothing"},
		{"broken-down", "lock", lifecycle.Owner, door{key: true}, "broken-down", "lifecycle-action", "nothing"},
		{"locked", "kick", lifecycle.Operator, door{rusty: true}, "broken-down", "", ""},
		{"locked", "kick", lifecycle.Operator, door{}, "locked", "", ""},
		{"locked", "kick", lifecycle.Vendor, door{rusty: true}, "locked", "", ""},
	} {
		to, err := doors.Next(tt.from, tt.action, tt.by, tt.door)
		if to != tt.to || kizuna.CodeOf(err) != tt.code {
			t.Errorf("%s %s by %s: %s, %v; want %s, %q", tt.from.Name(), tt.action, tt.by, to, err, tt.to, tt.code)
		}
		if err != nil && !strings.Contains(err.Error(), tt.mend) {
			t.Errorf("%v does not name %q", err, tt.mend)
		}
	}
}

func TestMachineIsSoundAndWalkedWhole(t *testing.T) {
	lifecycletest.Sound(t, doors)
	seen := 0
	lifecycletest.Walk(t, doors, func(*testing.T, lifecycle.State, lifecycle.Action, lifecycle.Role) { seen++ })
	if want := 4 * 3 * len(lifecycle.Roles()); seen != want {
		t.Errorf("visited %d, want %d", seen, want)
	}
}

func TestMachineIsDrawn(t *testing.T) {
	const mermaid = `stateDiagram-v2
    broken_down: broken-down
    [*] --> open: hang (partner)
    open --> locked: lock (owner, customer)
    locked --> broken_down: kick (operator) if it is rusty
    locked --> locked: kick (operator, vendor)
`
	const markdown = `| from | action | who | to | if | must hold |
|---|---|---|---|---|---|
| new | hang | partner | open |  |  |
| open | lock | owner, customer | locked |  | holds the key |
| locked | kick | operator | broken-down | it is rusty |  |
| locked | kick | operator, vendor | locked |  |  |
`
	if got := doors.Mermaid(); got != mermaid {
		t.Errorf("drawn:\n%s", got)
	}
	if got := doors.Markdown(); got != markdown {
		t.Errorf("written:\n%s", got)
	}
	file := filepath.Join(t.TempDir(), "doors.md")
	text := "# Doors\n<!-- machine:door -->\n\n```mermaid\n" + mermaid + "```\n\n" + markdown + "<!-- /machine:door -->\nEnd\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	lifecycletest.Documented(t, "door", markdown, mermaid, file)
}

func TestActorsAreReadAsTheyAreWritten(t *testing.T) {
	for _, s := range []string{
		"partner:L1/u7", "partner:L1", "customer:T1/u1", "owner:T1/u2", "identity:T1/o3",
		"person:p9", "reviewer:r1", "operator", "vendor", "system", "system:tick",
	} {
		a, err := lifecycle.ParseActor(s)
		if err != nil || a.String() != s {
			t.Errorf("%s: %v, %v", s, a, err)
		}
		text, _ := json.Marshal(a)
		var b lifecycle.Actor
		if err := json.Unmarshal(text, &b); err != nil || a != b {
			t.Errorf("%s as JSON: %s, %v", s, text, err)
		}
	}
	for s, code := range map[string]string{
		"": "actor-role", "boss:x": "actor-role", "partner": "actor-company", "customer:": "actor-company",
		"identity:T1": "actor-company", "person": "actor-person",
	} {
		if _, err := lifecycle.ParseActor(s); kizuna.CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", s, err, code)
		}
	}
}
