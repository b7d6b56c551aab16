package kernel

import "context"

// PrepareAll prepares rankings of so many customers for all accounts, as if all were busy.
func (e *Explainer) PrepareAll(ctx context.Context, keep int) error {
	return e.prepare(ctx, Options{}, 0, keep)
}

// Busy returns how many accounts have prepared rankings.
func (e *Explainer) Busy() int { return len(e.busy.locks) }
