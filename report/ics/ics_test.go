package ics_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/report/ics"
)

// property is a line of a calendar, unfolded.
type property struct{ name, parameters, value string }

// read is a strict reader of what RFC 5545 allows: lines that end with CRLF and have 75
// bytes at most, folded between characters, components that close.
func read(data []byte) (out []property, err error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("not UTF-8")
	}
	text, ok := strings.CutSuffix(string(data), "\r\n")
	if !ok {
		return nil, fmt.Errorf("the last line does not end")
	}
	var lines []string
	for _, line := range strings.Split(text, "\r\n") {
		switch {
		case len(line) > 75:
			return nil, fmt.Errorf("%d bytes: %s", len(line), line)
		case strings.ContainsAny(line, "\r\n\x00\x7f") || !utf8.ValidString(line):
			return nil, fmt.Errorf("a control character, or a torn one: %q", line)
		case strings.HasPrefix(line, " ") && len(lines) > 0:
			lines[len(lines)-1] += line[1:]
		case line == "" || strings.HasPrefix(line, " "):
			return nil, fmt.Errorf("an empty line, or one that continues nothing: %q", line)
		default:
			lines = append(lines, line)
		}
	}
	var open []string
	for _, line := range lines {
		head, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("no value: %s", line)
		}
		name, parameters, _ := strings.Cut(head, ";")
		switch name {
		case "BEGIN":
			open = append(open, value)
		case "END":
			if len(open) == 0 || open[len(open)-1] != value {
				return nil, fmt.Errorf("END:%s closes nothing", value)
			}
			open = open[:len(open)-1]
		}
		out = append(out, property{name, parameters, value})
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("%v is not closed", open)
	}
	return out, nil
}

// unescape reads a text value; false if it is none.
func unescape(s string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ';' || c == ',':
			return "", false
		case c != '\\':
			out.WriteByte(c)
		case i+1 == len(s):
			return "", false
		default:
			i++
			switch s[i] {
			case 'n', 'N':
				out.WriteByte('\n')
			case '\\', ';', ',':
				out.WriteByte(s[i])
			default:
				return "", false
			}
		}
	}
	return out.String(), true
}

// Whatever a calendar says is read back as it was said.
func TestACalendarIsReadBack(t *testing.T) {
	texts := rapid.StringOf(rapid.SampledFrom([]rune("ab ,;:\\\"\n宇佐美 涼→é\U0001F600=-")))
	rapid.Check(t, func(t *rapid.T) {
		c := &ics.Calendar{Name: texts.Draw(t, "name"), Lang: "ja", Stamp: kizuna.NewDate(2023, 11, 15)}
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			e := ics.Event{
				UID: "u" + texts.Draw(t, "uid"), On: kizuna.NewDate(2023, 12, 31), Summary: texts.Draw(t, "summary"),
				Description: rapid.StringOfN(rapid.SampledFrom([]rune("長い説明, text\n\\")), 0, 200, -1).Draw(t, "description"),
			}
			if rapid.Bool().Draw(t, "alarm") {
				e.Alarms = []ics.Alarm{{Before: 10, Text: texts.Draw(t, "alarm text")}}
			}
			c.Events = append(c.Events, e)
		}
		var out bytes.Buffer
		if err := ics.Write(&out, c); err != nil {
			t.Fatal(err)
		}
		all, err := read(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		next := func(name string) string {
			for len(all) > 0 {
				p := all[0]
				all = all[1:]
				if p.name == name {
					text, ok := unescape(p.value)
					if !ok {
						t.Fatalf("%s: %q is no text", name, p.value)
					}
					return text
				}
			}
			t.Fatalf("no %s", name)
			return ""
		}
		same := func(name, want string) {
			if want != "" {
				if got := next(name); got != want {
					t.Fatalf("%s: %q, want %q", name, got, want)
				}
			}
		}
		same("NAME", c.Name)
		for _, e := range c.Events {
			same("UID", e.UID)
			same("DTSTAMP", "20231115T000000Z")
			same("DTSTART", "20231231")
			same("DTEND", "20240101")
			same("SUMMARY", e.Summary)
			same("DESCRIPTION", e.Description)
			for _, a := range e.Alarms {
				same("TRIGGER", "-P10D")
				same("DESCRIPTION", a.Text)
			}
		}
	})
}

func FuzzWrite(f *testing.F) {
	f.Add("summary", "a description; with, everything\\ \r\n in it \x01")
	f.Add(strings.Repeat("宇", 60), strings.Repeat("x", 74))
	f.Fuzz(func(t *testing.T, summary, description string) {
		if !utf8.ValidString(summary) || !utf8.ValidString(description) {
			return
		}
		var out bytes.Buffer
		if err := ics.Write(&out, &ics.Calendar{Events: []ics.Event{{UID: "u", Summary: summary, Description: description}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := read(out.Bytes()); err != nil {
			t.Fatal(err)
		}
	})
}
