// Package ics writes calendars that other programs subscribe to or take in: whole days,
// with alarms, as iCalendar (RFC 5545) says.
package ics

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/kizuna-org/kizuna"
)

// Calendar is a calendar.
type Calendar struct {
	Name string
	Lang string // of its texts: a language tag
	// Stamp is the day whose knowledge the calendar shows. It does not depend on a clock, so
	// that the same calendar has the same bytes.
	Stamp  kizuna.Date
	Events []Event
}

// Event is something on a day.
type Event struct {
	UID         string // the same wherever the event stands, and no other's
	On          kizuna.Date
	Summary     string
	Description string
	Categories  []string
	Alarms      []Alarm
}

// Alarm is shown so many days before.
type Alarm struct {
	Before int
	Text   string
}

// product names who wrote a calendar.
const product = "-//kizuna-org//Kizuna//EN"

// Write writes a calendar.
func Write(w io.Writer, c *Calendar) error {
	out := &writer{bufio.NewWriter(w)}
	stamp := compact(c.Stamp) + "T000000Z"
	out.line("BEGIN:VCALENDAR")
	out.line("VERSION:2.0")
	out.line("PRODID:" + product)
	out.line("CALSCALE:GREGORIAN")
	out.text("NAME", c.Lang, c.Name)
	out.text("X-WR-CALNAME", "", c.Name)
	for i := range c.Events {
		e := &c.Events[i]
		out.line("BEGIN:VEVENT")
		out.text("UID", "", e.UID)
		out.line("DTSTAMP:" + stamp)
		out.line("DTSTART;VALUE=DATE:" + compact(e.On))
		out.line("DTEND;VALUE=DATE:" + compact(e.On.AddDays(1)))
		out.text("SUMMARY", c.Lang, e.Summary)
		out.text("DESCRIPTION", c.Lang, e.Description)
		if len(e.Categories) > 0 {
			all := make([]string, len(e.Categories))
			for k, category := range e.Categories {
				all[k] = escape(category)
			}
			out.line("CATEGORIES:" + strings.Join(all, ","))
		}
		out.line("TRANSP:TRANSPARENT")
		for _, a := range e.Alarms {
			out.line("BEGIN:VALARM")
			out.line("ACTION:DISPLAY")
			out.line(fmt.Sprintf("TRIGGER:-P%dD", a.Before))
			out.text("DESCRIPTION", "", a.Text)
			out.line("END:VALARM")
		}
		out.line("END:VEVENT")
	}
	out.line("END:VCALENDAR")
	return out.Flush()
}

func compact(d kizuna.Date) string { return strings.ReplaceAll(d.String(), "-", "") }

type writer struct{ *bufio.Writer }

func (w *writer) text(name, lang, value string) {
	if value == "" {
		return
	}
	if lang != "" {
		name += ";LANGUAGE=" + lang
	}
	w.line(name + ":" + escape(value))
}

// escape writes a text as a value (RFC 5545, 3.3.11). Control characters, which no value
// may have, become blanks.
func escape(s string) string {
	var out strings.Builder
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		switch {
		case r == '\\' || r == ';' || r == ',':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r < ' ' && r != '\t' || r == 0x7f:
			out.WriteByte(' ')
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// longest is how many bytes a line may have, without its end.
const longest = 75

// line writes a line, folded so that none is too long and no character is torn.
func (w *writer) line(s string) {
	room := longest
	for len(s) > room {
		n := room
		for !utf8.RuneStart(s[n]) {
			n--
		}
		w.WriteString(s[:n] + "\r\n ")
		s, room = s[n:], longest-1
	}
	w.WriteString(s + "\r\n")
}
