// Package audit proves what was recorded: entries that say what every command
// did, and signed blocks that chain them.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/gowebpki/jcs"

	"github.com/kizuna-org/kizuna"
)

// Entry says what one command did. It carries ids and hashes only.
type Entry struct {
	Seq      int64         `json:"seq"`
	At       kizuna.Moment `json:"at"`
	Actor    string        `json:"actor"`
	Behalf   string        `json:"behalf,omitempty"`
	Action   string        `json:"action"`
	Reason   string        `json:"reason,omitempty"`
	Key      string        `json:"key,omitempty"`
	Things   []Thing       `json:"things,omitempty"`
	Facts    []FactSet     `json:"facts,omitempty"`
	Personal []PersonalRef `json:"personal,omitempty"`
	Erased   []string      `json:"erased,omitempty"`
	Blobs    []string      `json:"blobs,omitempty"`
}

type Thing struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Version int64  `json:"version"`
	SHA256  string `json:"sha256"`
}

type FactSet struct {
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

type PersonalRef struct {
	Ref    string `json:"ref"`
	SHA256 string `json:"sha256"`
}

// Stored is an entry as a store holds it.
type Stored struct {
	Seq  int64
	Body []byte
	Hash string
}

func (e *Entry) Canonical() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(b)
}

func Hash(canonical []byte) string {
	h := sha256.Sum256(canonical)
	return hex.EncodeToString(h[:])
}

type SealedBlock struct{}
type Signer interface{}
type Verifier struct{}
