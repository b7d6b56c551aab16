package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// prepared keeps the questions that are asked again and again, so that the database
// does not read their text each time: for a short answer that is most of the work.
type prepared struct {
	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

// maxPrepared is how many different questions are kept. Lists of ids are made a few
// lengths ([where.in]), so that there are not many.
const maxPrepared = 256

// query asks a question.
func (p *prepared) query(ctx context.Context, db *sql.DB, text string, args []any) (*sql.Rows, error) {
	p.mu.RLock()
	statement := p.statements[text]
	p.mu.RUnlock()
	if statement == nil {
		var err error
		if statement, err = p.prepare(ctx, db, text); err != nil {
			return nil, err
		}
	}
	if statement == nil {
		return db.QueryContext(ctx, text, args...)
	}
	return statement.QueryContext(ctx, args...)
}

// prepare keeps a question; nil if enough are kept.
func (p *prepared) prepare(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.statements[text]; known != nil || len(p.statements) >= maxPrepared {
		return known, nil
	}
	statement, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if p.statements == nil {
		p.statements = make(map[string]*sql.Stmt)
	}
	p.statements[text] = statement
	return statement, nil
}

func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.statements {
		_ = s.Close()
	}
	clear(p.statements)
}
