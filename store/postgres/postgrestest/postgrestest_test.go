package postgrestest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/kizuna-org/kizuna/store/postgres/postgrestest"
)

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	for range 2 {
		conn, err := pgx.Connect(t.Context(), postgrestest.New(t))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
			t.Fatal(err)
		}
	}
}
