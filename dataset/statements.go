package dataset

import (
	"context"
	"errors"

	"github.com/kizuna-org/kizuna/usage/statement"
)

// Statements are the statements in force, open, in the order of [UsageState].
type Statements []*statement.File

// OpenStatements opens them, to be read by columns, on a shelf that shows everything.
// What is returned besides is what loading all usage says, if these are all there is: no
// tables that people keep, and no rows that assert anybody ([Statements.Assert]).
func OpenStatements(ctx context.Context, shelf Shelf) (all Statements, reading *Reading, err error) {
	c, err := shelf.Catalog(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, all.Close())
			all = nil
		}
	}()
	reading = new(Reading)
	for f, st := range c.usage() {
		u, err := shelf.Usage(ctx, f, st)
		if err != nil {
			return all, nil, err
		}
		all = append(all, u.File)
		source := st.source()
		source.Rows = u.Len()
		reading.Tables = append(reading.Tables, TableReading{Source: source})
	}
	return all, reading, nil
}

// Assert reports whether any row may carry the vendor's own attribution.
func (s Statements) Assert() bool {
	for _, f := range s {
		if !f.Empty(statement.AssertedLocation) {
			return true
		}
	}
	return false
}

// Len returns how many rows there are.
func (s Statements) Len() (rows int) {
	for _, f := range s {
		rows += f.Len()
	}
	return rows
}

// Close closes all.
func (s Statements) Close() (err error) {
	for _, f := range s {
		err = errors.Join(err, f.Close())
	}
	return err
}
