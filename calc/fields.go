package calc

import (
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// fields reads the members of an object of a case. The first mistake stays and
// turns the later reads into no-ops, so that a type's fields can be read one
// after the other and asked once whether all was well.
type fields struct {
	of     *Case
	object *node
	path   string // "input", "input.metrics.advanced"
	asked  []string
	err    error
}

func (c *Case) fields(object *node, path string) *fields {
	f := &fields{of: c, object: object, path: path}
	switch {
	case object == nil:
		f.err = kizuna.Errorf("calc-no-input", "case %s: there is no %s", c.ID, path).
			WithMend("give it the fields that its type takes").WithRef(c.At)
		f.object = &node{shape: isObject}
	case object.shape != isObject:
		f.fail(object, kizuna.Errorf("calc-input-shape", "case %s: %s is not an object", c.ID, path).
			WithMend(`write {"field": value, ...}`))
	}
	return f
}

func (f *fields) fail(n *node, err *kizuna.Error) {
	if f.err == nil {
		f.err = err.WithRef(f.of.at(n))
	}
}

// done returns the first mistake; a field that nobody asked for is one.
func (f *fields) done() error {
	if f.err != nil {
		return f.err
	}
	for i := range f.object.members {
		m := &f.object.members[i]
		if known := strings.Join(f.asked, ", "); !slices.Contains(f.asked, m.key) {
			f.fail(&m.node, kizuna.Errorf("calc-field", "case %s: %s has no field %q", f.of.ID, f.path, m.key).
				WithMend("fields here: %s", known))
		}
	}
	return f.err
}

// optional returns the field, or nil if it is not there.
func (f *fields) optional(name string) *node {
	if !slices.Contains(f.asked, name) {
		f.asked = append(f.asked, name)
	}
	if n := f.object.get(name); n != nil && n.shape != isNull {
		return n
	}
	return nil
}

// required returns the field; if it is not there, an empty value and a mistake.
func (f *fields) required(name string) *node {
	if n := f.optional(name); n != nil {
		return n
	}
	if f.err == nil {
		f.fail(f.object, kizuna.Errorf("calc-field-missing", "case %s: %s lacks the field %q", f.of.ID, f.path, name).
			WithMend("add %q", name))
	}
	return &node{}
}

func (f *fields) textOf(name string, n *node) string {
	if f.err == nil && (n.shape != isText || n.text == "") {
		f.wants(name, n, `a text: "..."`)
	}
	return n.text
}

// wants says what a field should have held.
func (f *fields) wants(name string, n *node, what string) {
	f.fail(n, kizuna.Errorf("calc-field-shape", "case %s: %s.%s is of the wrong kind", f.of.ID, f.path, name).
		WithMend("write %s", what))
}

// truth reads a field that is true or false.
func (f *fields) truth(name string) bool {
	n := f.required(name)
	if f.err == nil && n.shape != isBool {
		f.wants(name, n, "true / false")
	}
	return n.truth
}

// list reads a field that holds a list.
func (f *fields) list(name string) []member { return f.members(name, isList, "[...]") }

// object reads a field that holds an object.
func (f *fields) objectOf(name string) []member { return f.members(name, isObject, "{...}") }

func (f *fields) members(name string, want shape, example string) []member {
	n := f.required(name)
	if f.err == nil && n.shape != want {
		f.wants(name, n, example)
	}
	return n.members
}

// number reads a field that holds an exact number.
func (f *fields) number(name string) kizuna.Fraction { return f.numberOf(name, f.required(name)) }

// most bounds what a person can mean; beyond it counting in int64 would overflow.
var most = kizuna.Int(1_000_000_000_000_000)

// numberOf reads a value as an exact number: 12, 4.18, "4.18" or "20/3".
func (f *fields) numberOf(name string, n *node) kizuna.Fraction {
	if f.err != nil {
		return kizuna.Fraction{}
	}
	value, ok := fraction(n)
	if !ok {
		f.fail(n, kizuna.Errorf("calc-number", "case %s: %s.%s is not a number", f.of.ID, f.path, name).
			WithMend(`write 12, 4.18 or "20/3"`))
	} else if value.Cmp(most) > 0 || value.Add(most).Sign() < 0 {
		f.fail(n, kizuna.Errorf("calc-number-size", "case %s: %s.%s is beyond %s", f.of.ID, f.path, name, most).
			WithMend("look for a typing error"))
	}
	return value
}

// fraction reads both sides as decimals: what stands for octal or hexadecimal
// numbers in a program does not in a figure.
func fraction(n *node) (kizuna.Fraction, bool) {
	if n.shape != isNumber && n.shape != isText {
		return kizuna.Fraction{}, false
	}
	above, below, over := strings.Cut(n.text, "/")
	value, ok := decimal(above)
	if !over || !ok {
		return value, ok
	}
	divisor, ok := decimal(below)
	if !ok || divisor.Sign() <= 0 {
		return kizuna.Fraction{}, false
	}
	return value.Div(divisor), true
}

func decimal(s string) (kizuna.Fraction, bool) {
	d, err := kizuna.ParseDecimal(s)
	if err != nil {
		return kizuna.Fraction{}, false
	}
	f, err := kizuna.ParseFraction(d.String())
	return f, err == nil
}

// people reads a count of people.
func (f *fields) people(name string, n *node) int64 {
	value := f.numberOf(name, n)
	whole := value.Ceil()
	if f.err == nil && (value.Sign() < 0 || value.Cmp(kizuna.Int(whole)) != 0) {
		f.fail(n, kizuna.Errorf("calc-people-count", "case %s: %s.%s counts people, and %s is no number of people", f.of.ID, f.path, name, value).
			WithMend("write a whole number, 0 or more"))
	}
	return whole
}

// date reads a day.
func (f *fields) date(name string) kizuna.Date {
	n := f.required(name)
	text := f.textOf(name, n)
	day, err := kizuna.ParseDate(text)
	if err != nil && f.err == nil {
		f.fail(n, kizuna.Errorf("calc-date", "case %s: %s.%s is not a date: %q", f.of.ID, f.path, name, text).
			WithMend("write 2023-10-20"))
	}
	return day
}

// month reads a month.
func (f *fields) month(name string) kizuna.Month {
	n := f.required(name)
	text := f.textOf(name, n)
	month, err := kizuna.ParseMonth(text)
	if err != nil && f.err == nil {
		f.fail(n, kizuna.Errorf("calc-month", "case %s: %s.%s is not a month: %q", f.of.ID, f.path, name, text).
			WithMend("write 2023-10"))
	}
	return month
}
