package kizuna

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Error is what goes wrong for a reason that a person can mend. Message and Mend
// are safe to show; Err, the cause, is for the log.
type Error struct {
	Code    string `json:"code"`           // stable, for programs: "month", "unknown-workload"
	Message string `json:"message"`        // what is wrong
	Mend    string `json:"mend,omitempty"` // what to do about it
	At      Ref    `json:"at,omitzero"`    // where, if it has a place
	Err     error  `json:"-"`

	args, mendArgs []any // what the formats took, for translations
}

// Ref is a place in a file. Line and Column count from 1; 0 is unknown.
type Ref struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String writes file:line:column, as editors open it.
func (r Ref) String() string {
	var b strings.Builder
	b.WriteString(r.File)
	for _, n := range []int{r.Line, r.Column} {
		if n == 0 {
			break
		}
		fmt.Fprintf(&b, ":%d", n)
	}
	return b.String()
}

// Errorf returns an error with a code and a safe message. A code belongs to one
// message: translations are found by it and take the same arguments.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), args: args}
}

// WithMend returns a copy that says what to do.
func (e Error) WithMend(format string, args ...any) *Error {
	e.Mend, e.mendArgs = fmt.Sprintf(format, args...), args
	return &e
}

// WithCause returns a copy that wraps err.
func (e Error) WithCause(err error) *Error {
	e.Err = err
	return &e
}

// WithRef returns a copy that names its place.
func (e Error) WithRef(at Ref) *Error {
	e.At = at
	return &e
}

// Translated returns a copy with the message and the mend written anew from
// formats that take the same arguments; an empty format keeps what there is.
func (e Error) Translated(message, mend string) *Error {
	if message != "" {
		e.Message = fmt.Sprintf(message, e.args...)
	}
	if mend != "" && e.Mend != "" {
		e.Mend = fmt.Sprintf(mend, e.mendArgs...)
	}
	return &e
}

// Args returns what the formats of the message and of the mend took. Numbers stay
// numbers, everything else is its text, so that they can be kept as JSON.
func (e *Error) Args() (message, mend []any) { return plainArgs(e.args), plainArgs(e.mendArgs) }

func plainArgs(args []any) []any {
	plain := make([]any, len(args))
	for i, arg := range args {
		switch arg.(type) {
		case int, int64:
			plain[i] = arg
		default:
			plain[i] = fmt.Sprint(arg)
		}
	}
	return plain
}

// WithArgs returns a copy that is translated with the arguments, for an error that
// was kept: they are what [Error.Args] returned.
func (e Error) WithArgs(message, mend []any) *Error {
	e.args, e.mendArgs = message, mend
	return &e
}

// KeptError is an error as JSON that can still be translated when it is read again.
type KeptError struct{ *Error }

type keptError struct {
	Error
	Args     []any `json:"args,omitempty"`
	MendArgs []any `json:"mend_args,omitempty"`
}

// MarshalJSON writes the error and the arguments of its formats.
func (k KeptError) MarshalJSON() ([]byte, error) {
	kept := keptError{Error: *k.Error}
	kept.Args, kept.MendArgs = k.Args()
	return json.Marshal(kept)
}

// UnmarshalJSON reads what MarshalJSON wrote. The cause is not kept.
func (k *KeptError) UnmarshalJSON(data []byte) error {
	var kept keptError
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	if err := in.Decode(&kept); err != nil {
		return err
	}
	for _, args := range [][]any{kept.Args, kept.MendArgs} {
		for i, arg := range args {
			n, ok := arg.(json.Number)
			if !ok {
				continue
			}
			whole, err := n.Int64() // only whole numbers are kept as such
			if err != nil {
				return err
			}
			args[i] = whole
		}
	}
	k.Error = kept.WithArgs(kept.Args, kept.MendArgs)
	return nil
}

// KeepErrors makes errors ready to be kept.
func KeepErrors(all []*Error) []KeptError {
	kept := make([]KeptError, len(all))
	for i, err := range all {
		kept[i] = KeptError{err}
	}
	return kept
}

// RestoreErrors is the inverse of [KeepErrors]; no errors are nil.
func RestoreErrors(kept []KeptError) (all []*Error) {
	for _, k := range kept {
		all = append(all, k.Error)
	}
	return all
}

// Error writes "file:line:column: message (mend)".
func (e *Error) Error() string {
	s := e.Message
	if at := e.At.String(); at != "" {
		s = at + ": " + s
	}
	if e.Mend != "" {
		s += " (" + e.Mend + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first [Error] in err's chain, or "" if there is none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
