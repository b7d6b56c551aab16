package score

import (
	"bytes"
	"encoding/json"
)

// Keyed is a list whose members have names. In JSON it is an object whose members
// stand in the list's order.
type Keyed[T any] []Named[T]

// Named is a member of a keyed list.
type Named[T any] struct {
	Name  string
	Value T
}

// Get returns the member of that name.
func (k Keyed[T]) Get(name string) (v T, ok bool) {
	for _, n := range k {
		if n.Name == name {
			return n.Value, true
		}
	}
	return v, false
}

// Set appends a member.
func (k *Keyed[T]) Set(name string, v T) { *k = append(*k, Named[T]{name, v}) }

// MarshalJSON writes the members as an object, in order.
func (k Keyed[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, n := range k {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(n.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(n.Value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
