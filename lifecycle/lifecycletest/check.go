package lifecycletest

import (
	"encoding/json"
	"reflect"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// TB is what the checks need of a test, rapid's own included.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// CheckSpells checks that spells are in order and do not overlap, that only the
// last one lasts, which it does if lasts says so, and that every other says what
// ended it.
func CheckSpells(t TB, spells lifecycle.Spells, lasts bool) {
	t.Helper()
	before := kizuna.Never
	for i, s := range spells {
		open := s.During.To == kizuna.Forever
		switch {
		case s.During.From < before || s.During.To < s.During.From:
			t.Fatalf("spells overlap or run backward: %v", spells)
		case open != (s.Ended == ""):
			t.Fatalf("spell %d is open or does not say what ended it: %v", i, spells)
		case open && i < len(spells)-1:
			t.Fatalf("spell %d lasts beside a later one: %v", i, spells)
		}
		before = s.During.To
	}
	if now := before == kizuna.Forever; now != lasts {
		t.Fatalf("a spell lasts: %v, want %v: %v", now, lasts, spells)
	}
}

// Bytes writes the value as JSON.
func Bytes(t TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(data)
}

// CheckJSON checks that the value survives being written and read.
func CheckJSON[T any](t TB, v T) {
	t.Helper()
	var back T
	data := Bytes(t, v)
	if err := json.Unmarshal([]byte(data), &back); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if !reflect.DeepEqual(back, v) {
		t.Fatalf("%+v is read back as %+v", v, back)
	}
}
