package command

import (
	"fmt"

	"github.com/kizuna-org/kizuna/store/postgres"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// migrateCmd makes a store, or brings its schema up to date.
type migrateCmd struct{ storeFlags }

// Run says which versions of the schema were applied.
func (c *migrateCmd) Run(a *app) error {
	migrate := func() ([]int64, error) { return sqlite.Migrate(a.Context, c.file(), 0) }
	if c.postgres() {
		migrate = func() ([]int64, error) { return postgres.Migrate(a.Context, c.Store, 0) }
	}
	applied, err := migrate()
	if err != nil {
		return err
	}
	made, err := c.makeKey()
	if err != nil {
		return err
	}
	if a.JSON {
		key := ""
		if made {
			key = c.keyFile()
		}
		return a.writeJSON(a.Stdout, map[string]any{"applied": applied, "key_made": key})
	}
	if len(applied) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("store.up-to-date"))
	} else {
		fmt.Fprintln(a.Stdout, a.P.T("store.migrated", len(applied), applied[len(applied)-1]))
	}
	if made {
		fmt.Fprintln(a.Stdout, a.P.T("store.key-made", c.keyFile()))
	}
	return nil
}
