package kizuna_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func TestMomentsReadWhatTheyWrite(t *testing.T) {
	first, last := moment(t, "0000-01-01"), moment(t, "9999-12-31T23:59:59.999999Z")
	rapid.Check(t, func(t *rapid.T) {
		m := kizuna.Moment(rapid.Int64Range(int64(first), int64(last)).Draw(t, "moment"))
		text, err := m.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back kizuna.Moment
		if err := back.UnmarshalText(text); err != nil || back != m {
			t.Fatalf("%s reads as %d, not %d: %v", text, back, m, err)
		}
	})
}

func TestMomentsOfManySpellings(t *testing.T) {
	for text, want := range map[string]string{
		"2023-10-20":                       "2023-10-20T00:00:00.000000Z",
		"2023-10-20T08:00:00Z":             "2023-10-20T08:00:00.000000Z",
		"2023-10-20T08:00:00.5+09:00":      "2023-10-19T23:00:00.500000Z",
		"2023-10-20T08:00:00.000001Z":      "2023-10-20T08:00:00.000001Z",
		"1969-12-31T23:59:59.999999Z":      "1969-12-31T23:59:59.999999Z",
		"2023-10-20T08:00:00.000001000Z":   "2023-10-20T08:00:00.000001Z",
		"2023-10-20T08:00:00.0000000-00:0": "",
		"2023-10-20T08:00:00.0000001Z":     "",
		"9999-12-31T23:59:59-09:00":        "",
		"2023-02-29":                       "",
		"now":                              "",
		"":                                 "",
	} {
		m, err := kizuna.ParseMoment(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q reads as %s", text, m)
			}
		} else if err != nil || m.String() != want {
			t.Errorf("%q reads as %s, not %s: %v", text, m, want, err)
		}
	}
}

func TestTheInstantOfAMomentIsItsSecond(t *testing.T) {
	for text, want := range map[string]kizuna.Instant{
		"1970-01-01T00:00:01.999999Z": 1,
		"1969-12-31T23:59:59.999999Z": -1,
		"1969-12-31T23:59:59Z":        -1,
	} {
		if got := moment(t, text).Instant(); got != want {
			t.Errorf("%s lies in second %d, not %d", text, got, want)
		}
	}
}

func TestMomentsOutsideTheCalendarHaveNoText(t *testing.T) {
	for _, m := range []kizuna.Moment{moment(t, "0000-01-01") - 1, moment(t, "9999-12-31T23:59:59.999999Z") + 1} {
		if text, err := m.MarshalText(); err == nil {
			t.Errorf("%d is written %s", m, text)
		}
	}
}

func moment(t *testing.T, s string) kizuna.Moment {
	t.Helper()
	m, err := kizuna.ParseMoment(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHashesReadWhatTheyWriteAndNothingElse(t *testing.T) {
	h := kizuna.HashOf([]byte("kizuna"))
	if back, err := kizuna.ParseHash(h.String()); err != nil || back != h {
		t.Errorf("%s reads as %s: %v", h, back, err)
	}
	text := h.String()
	for _, bad := range []string{"", text[1:], text + "0", "G" + text[1:], "A" + text[1:]} {
		if got, err := kizuna.ParseHash(bad); err == nil {
			t.Errorf("%q reads as %s", bad, got)
		}
	}
}
