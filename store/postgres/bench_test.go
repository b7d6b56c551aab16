package postgres_test

import (
	"testing"

	"github.com/kizuna-org/kizuna/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.BenchmarkCommit(b, func(t testing.TB) (storetest.Open, storetest.Raw) {
		dsn, _ := named(t)
		return fresh(t), storetest.Raw{DB: raw(t, dsn), Numbered: true}
	},
		storetest.Load{Writers: 32, Batch: 1}, storetest.Load{Writers: 1, Batch: 100}, storetest.Load{Writers: 32, Batch: 100})
}
