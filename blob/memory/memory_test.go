package memory_test

import (
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob/blobtest"
	"github.com/kizuna-org/kizuna/blob/memory"
)

func TestMemory(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blobtest.Subject {
		s := new(memory.Store)
		return blobtest.Subject{Store: s, Damage: func(_ *testing.T, sum kizuna.Hash, data []byte) { s.Set(sum, data) }}
	})
}
