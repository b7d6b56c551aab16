package integrity

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/piprate/json-gold/ld"

	"github.com/kizuna-org/kizuna"
)

// Bounds of a document. A badge has 3 kB and five blank nodes.
const (
	MaxBytes = 256 << 10
	maxDepth = 32
	// maxAlike bounds the blank nodes that look alike at first sight: telling them
	// apart takes time that grows with the factorial of their number.
	maxAlike = 6
)

// canonical returns the document's canonical N-Quads (RDFC-1.0), or why it has none
// that could be relied on. The library leaves out without a word what it cannot
// express; whatever it would leave out is refused here, because it would not be signed.
func (s *Suite) canonical(document map[string]any) (string, error) {
	if err := legible(document); err != nil {
		return "", err
	}
	opts := ld.NewJsonLdOptions("")
	opts.DocumentLoader = s.contexts
	opts.SafeMode = true
	opts.Algorithm = ld.AlgorithmURDNA2015 // for what is let through here the same as RDFC-1.0
	opts.Format = "application/n-quads"
	expanded, err := ld.NewJsonLdProcessor().Expand(document, opts)
	if err != nil {
		if known, ok := errors.AsType[*kizuna.Error](err); ok {
			return "", known
		}
		return "", notExpressible(err)
	}
	if err := s.words.signable(expanded); err != nil {
		return "", err
	}
	dataset, err := ld.NewJsonLdApi().ToRDF(expanded, opts)
	if err != nil {
		return "", notExpressible(err)
	}
	if err := tellable(dataset); err != nil {
		return "", err
	}
	quads, err := ld.NewJsonLdApi().Normalize(dataset, opts)
	text, ok := quads.(string)
	if err != nil || !ok || text == "" { // what says nothing would be signed as anything else that does
		return "", notExpressible(err)
	}
	return text, nil
}

func notExpressible(cause error) error {
	return kizuna.Errorf("integrity-expression", "the document holds what a signature could not cover").
		WithMend("use the words of the contexts alone, once each, absolute addresses and whole numbers").WithCause(cause)
}

// legible reports whether the document says what it says in the words of the pinned
// contexts alone. The same statements can be written in many ways, and the signature
// fits them all: with a date under another name, or beside the credential, whoever
// reads the JSON would not see it.
func legible(document map[string]any) error {
	known := ld.Arrayify(document["@context"])
	for _, context := range known {
		if _, ok := context.(string); !ok {
			return kizuna.Errorf("integrity-context-inline", "the document explains words by itself").
				WithMend("credentials are of %s and %s", CredentialsContext, OpenBadgesContext)
		}
	}
	id, _ := document["id"].(string)
	for key, value := range document {
		if key == "@context" {
			continue
		}
		if err := legibleUnder(key, value, id); err != nil {
			return err
		}
	}
	return nil
}

func legibleUnder(key string, value any, root string) error {
	switch key {
	case "@value", "@language", "@direction": // a text in a language
	default:
		if strings.ContainsAny(key, "@:") {
			return notExpressible(errors.New("a word that no context defines"))
		}
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			if err := legibleUnder(key, item, root); err != nil {
				return err
			}
		}
	case map[string]any:
		if id, _ := v["id"].(string); id != "" && id == root {
			return notExpressible(errors.New("something about the credential in another place"))
		}
		for key, value := range v {
			if err := legibleUnder(key, value, root); err != nil {
				return err
			}
		}
	}
	return nil
}

// signable reports what in an expanded document would get lost on the way to
// statements, or be written in another way by others.
func (known words) signable(expanded any) error {
	switch v := expanded.(type) {
	case []any:
		for _, item := range v {
			if err := known.signable(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, value := range v {
			switch key {
			case "@id", "@type":
				for _, iri := range ld.Arrayify(value) {
					if text, _ := iri.(string); !known.absolute(text) {
						return notExpressible(errors.New("an address that is not absolute"))
					}
				}
			case "@value":
				switch literal := value.(type) {
				case string:
					if strings.ContainsFunc(literal, unwritable) {
						return notExpressible(errors.New("control characters"))
					}
				case float64:
					if literal != float64(int64(literal)) {
						return notExpressible(errors.New("a number that is not whole"))
					}
				}
			case "@language", "@direction":
			case "@list":
				if err := known.signable(value); err != nil {
					return err
				}
			case "@index":
			default:
				if strings.HasPrefix(key, "@") || !known.absolute(key) {
					return notExpressible(errors.New("a word that no context defines"))
				}
				if err := known.signable(value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// words are addresses by which the contexts name things, of which it is known that they
// are absolute: asking the library takes longer than all the rest that is done with them.
type words map[string]bool

// words collects them.
func (c contexts) words() words {
	known := make(words)
	for _, document := range c {
		known.collect(document)
	}
	return known
}

func (known words) collect(value any) {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(v, "http") && absolute(v) {
			known[v] = true
		}
	case []any:
		for _, item := range v {
			known.collect(item)
		}
	case map[string]any:
		for _, item := range v {
			known.collect(item)
		}
	}
}

func (known words) absolute(iri string) bool { return known[iri] || absolute(iri) }

// absolute reports whether the library keeps statements with this address.
func absolute(iri string) bool {
	if strings.HasPrefix(iri, "_:") {
		return false // a name that anybody may change: the canonical form has names of its own
	}
	if strings.ContainsFunc(iri, unwritable) || strings.ContainsAny(iri, " \t\r\n\"<>\\^`{|}") {
		return false
	}
	if strings.HasPrefix(iri, "http://") || strings.HasPrefix(iri, "https://") {
		return ld.IsURL(iri)
	}
	return ld.IsAbsoluteIri(iri)
}

// unwritable are characters that canonical forms write in different ways.
func unwritable(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f || r == 0xfffd
}

// tellable reports whether blank nodes can be told apart in reasonable time: those
// whose statements are the same but for the names of other blank nodes are counted.
func tellable(dataset *ld.RDFDataset) error {
	statements := make(map[string][]string)
	for graph, quads := range dataset.Graphs {
		for _, q := range quads {
			nodes := []ld.Node{q.Subject, q.Predicate, q.Object}
			for _, about := range nodes {
				if !ld.IsBlankNode(about) {
					continue
				}
				var line strings.Builder
				line.WriteString(graph)
				for _, n := range nodes {
					value := n.GetValue()
					switch {
					case !ld.IsBlankNode(n):
					case value == about.GetValue():
						value = "_:a"
					default:
						value = "_:z"
					}
					line.WriteString("\x00" + value)
					if literal, ok := n.(ld.Literal); ok {
						line.WriteString("\x00" + literal.Datatype + "\x00" + literal.Language)
					}
				}
				statements[about.GetValue()] = append(statements[about.GetValue()], line.String())
			}
		}
	}
	looks := make(map[[sha256.Size]byte]int, len(statements))
	for _, lines := range statements {
		slices.Sort(lines)
		looks[sha256.Sum256([]byte(strings.Join(lines, "\x01")))]++
	}
	alike := 0
	for _, n := range looks {
		if n > 1 {
			alike += n
		}
	}
	if alike > maxAlike {
		return kizuna.Errorf("integrity-alike", "%d nameless parts of the document look alike; at most %d may", alike, maxAlike).
			WithMend("give the parts ids")
	}
	return nil
}

// Document reads a JSON object as it is signed: bounded, no name twice, nothing
// after it.
func Document(data []byte) (map[string]any, error) {
	if len(data) > MaxBytes {
		return nil, kizuna.Errorf("integrity-size", "the document has %d bytes; at most %d are read", len(data), MaxBytes).
			WithMend("check that it is a credential")
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	value, err := unique(in, 0)
	if err == nil {
		if _, more := in.Token(); more != io.EOF {
			err = errors.New("something follows the document")
		}
	}
	document, ok := value.(map[string]any)
	if err != nil || !ok {
		return nil, kizuna.Errorf("integrity-json", "this is not one JSON object in which every name stands once").
			WithMend("check that it is a credential, whole and as it was issued").WithCause(err)
	}
	return document, nil
}

// unique reads a value in which no object has a name twice: readers would disagree
// on which of the two was meant.
func unique(in *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("too deep")
	}
	token, err := in.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			list := []any{}
			for in.More() {
				item, err := unique(in, depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, item)
			}
			_, err := in.Token()
			return list, err
		}
		object := make(map[string]any)
		for in.More() {
			name, err := in.Token()
			if err != nil {
				return nil, err
			}
			key, _ := name.(string)
			if _, twice := object[key]; twice {
				return nil, errors.New("a name stands twice")
			}
			if object[key], err = unique(in, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := in.Token()
		return object, err
	case json.Number:
		return t.Float64()
	}
	return token, nil
}
