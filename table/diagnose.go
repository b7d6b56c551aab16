package table

import "bytes"

// fault is a quote that stands where none can, or is never closed.
type fault struct {
	line      int // of the file, on which the record begins
	faultLine int // on which the quote stands
	column    int // in bytes, from 1
	end       int // of the record in the text: behind the line of the fault
}

// behind says what follows a text.
type behind int

const (
	more behind = iota // more text
	end                // the end of the file
	torn               // text that cannot be read
)

// diagnose finds the fault of the record that text begins with, on a line of the
// file. It finds none if that depends on what follows.
func diagnose(text []byte, line int, comma byte, then behind) (f fault, found bool) {
	whole := len(text)
	if then == end {
		text = bytes.TrimSuffix(text, []byte("\r")) // half of a line end
	}
	first, start := line, 0 // line is the current one, and this where it begins
	faultAt := func(at int) (fault, bool) {
		f := fault{first, line, at - start + 1, whole}
		lineEnd := bytes.IndexByte(text[at:], '\n')
		if lineEnd >= 0 {
			f.end = at + lineEnd + 1
		}
		return f, lineEnd >= 0 || then != more
	}
	for at := 0; at < len(text); at++ { // from field to field
		if text[at] != '"' {
			for at < len(text) && text[at] != comma && text[at] != '\n' {
				if text[at] == '"' {
					return faultAt(at)
				}
				at++
			}
			if at < len(text) && text[at] == '\n' {
				break
			}
			continue
		}
		closed := false
		for at++; at < len(text) && !closed; at++ {
			switch {
			case text[at] == '\n' && at+1 < len(text):
				line, start = line+1, at+1
			case text[at] != '"':
			case at+1 < len(text) && text[at+1] == '"':
				at++
			default:
				closed = true
			}
		}
		rest := text[at:]
		switch {
		case !closed && then == end:
			// It stands behind the last line, whose end counts as one byte.
			length := len(text) - start
			if bytes.HasSuffix(text, []byte("\r\n")) {
				length--
			}
			return fault{first, line, length + 1, whole}, true
		case len(rest) == 0, rest[0] == '\n', bytes.HasPrefix(rest, []byte("\r\n")), then == more && len(rest) == 1 && rest[0] == '\r':
			return fault{}, false
		case rest[0] != comma:
			return faultAt(at - 1)
		}
	}
	return fault{}, false
}
