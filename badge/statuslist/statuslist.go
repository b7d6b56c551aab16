// Package statuslist packs which credentials no longer hold into lists of bits that
// say nothing of anybody who is not asked about (W3C Bitstring Status List 1.0).
package statuslist

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
)

const (
	// Size is how many credentials a list of ours has room for: the least that the
	// standard allows, so that nobody is alone on a list.
	Size = 131072
	// maxSize bounds a list of others, in bits.
	maxSize = 1 << 24
	// maxEncoded bounds a list of others, in characters.
	maxEncoded = 4 << 20
)

// Revocation is the purpose of lists whose bits are never taken back.
const Revocation = "revocation"

// List is a list of bits, numbered from 0.
type List []byte

// New returns a list of [Size] bits that are not set.
func New() List { return make(List, Size/8) }

// Place spreads credentials over a list: the n-th of it gets this bit, so that
// neighbors do not tell who was issued a badge after whom.
func Place(n int) int { return (n*spread + 17) % Size }

// spread is odd, so that every bit is met once.
const spread = 54_773

// Set sets the bit.
func (l List) Set(i int) { l[i/8] |= 0x80 >> (i % 8) }

// Get returns the bit; "status-index" if the list is not that long.
func (l List) Get(i int) (bool, error) {
	if i < 0 || i/8 >= len(l) {
		return false, kizuna.Errorf("status-index", "the status list has no place %d", i).
			WithMend("fetch the list that the credential names")
	}
	return l[i/8]&(0x80>>(i%8)) != 0, nil
}

// Encode writes the list as encodedList: the same bytes for the same bits.
func (l List) Encode() string {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = w.Write(l)                                          // a buffer takes everything
	_ = w.Close()
	return "u" + base64.RawURLEncoding.EncodeToString(packed.Bytes())
}

// Decode reads what [List.Encode] and others write, and no more than a list can hold.
func Decode(encoded string) (List, error) {
	text, ok := strings.CutPrefix(encoded, "u")
	if !ok || len(encoded) > maxEncoded {
		return nil, bad(nil)
	}
	packed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, bad(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, bad(err)
	}
	bits, err := io.ReadAll(io.LimitReader(r, maxSize/8+1))
	if err != nil || len(bits) > maxSize/8 || len(bits) < Size/8 {
		return nil, bad(err)
	}
	return bits, nil
}

func bad(cause error) error {
	return kizuna.Errorf("status-list", "that is no status list").
		WithMend("fetch the list that the credential names anew").WithCause(cause)
}

// Entry is where a credential's status stands.
type Entry struct {
	List  string `json:"list"`  // address of the list's credential
	Index int    `json:"index"` // of the bit
}

// Document writes the entry as a credential's credentialStatus.
func (e Entry) Document() map[string]any {
	return map[string]any{
		"id":                   e.List + "#" + strconv.Itoa(e.Index),
		"type":                 "BitstringStatusListEntry",
		"statusPurpose":        Revocation,
		"statusListIndex":      strconv.Itoa(e.Index),
		"statusListCredential": e.List,
	}
}

// EntriesOf reads the entries of a credential; none is no error.
func EntriesOf(credential map[string]any) ([]Entry, error) {
	var entries []Entry
	all, ok := credential["credentialStatus"].([]any)
	if !ok && credential["credentialStatus"] != nil {
		all = []any{credential["credentialStatus"]}
	}
	for _, one := range all {
		e, _ := one.(map[string]any)
		text := func(key string) string { s, _ := e[key].(string); return s }
		index, err := strconv.Atoi(text("statusListIndex"))
		if text("type") != "BitstringStatusListEntry" || err != nil || index < 0 || text("statusListCredential") == "" {
			return nil, kizuna.Errorf("status-kind", "the credential's status is of the kind %.60q, which cannot be looked up", text("type")).
				WithMend("ask the issuer whether it still holds; only BitstringStatusListEntry is read here").WithCause(err)
		}
		if p := text("statusPurpose"); p != Revocation && p != "suspension" {
			continue // a message or a refresh does not take anything back
		}
		entries = append(entries, Entry{text("statusListCredential"), index})
	}
	return entries, nil
}

// Of reads the list of a status list credential, whose signature is for the caller
// to check.
func Of(credential map[string]any) (List, error) {
	subject, _ := credential["credentialSubject"].(map[string]any)
	if kind, _ := subject["type"].(string); kind != "BitstringStatusList" {
		return nil, bad(nil)
	}
	encoded, _ := subject["encodedList"].(string)
	return Decode(encoded)
}
