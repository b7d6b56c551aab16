package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Canonical writes the whole program as JSON, always the same bytes for the same
// rules: keys in order, exact numbers, no white space.
func Canonical(p *Program) []byte {
	ordered, err := json.Marshal(p)
	if err != nil {
		panic("program: plain data cannot be written: " + err.Error())
	}
	// A second pass puts the keys of structs in order as well, so that a digest
	// does not depend on how the Go types are laid out.
	var tree any
	dec := json.NewDecoder(bytes.NewReader(ordered))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		panic("program: plain data cannot be read back: " + err.Error())
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		panic("program: plain data cannot be written: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// Digest returns the SHA-256 of [Canonical] in hexadecimal.
func Digest(p *Program) string {
	sum := sha256.Sum256(Canonical(p))
	return hex.EncodeToString(sum[:])
}
