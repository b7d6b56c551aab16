package sqlstore

import (
	"context"

	"github.com/kizuna-org/kizuna/store"
)

// PlanOf tells how the database would find what a query asks for.
func (s *DB) PlanOf(ctx context.Context, v store.View, q store.Query) ([]string, error) {
	query, args := s.found(v, q)
	rows, err := s.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		out = append(out, detail)
	}
	return out, rows.Err()
}
