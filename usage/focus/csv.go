package focus

import (
	"context"
	"errors"
	"io"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/table"
)

// Read reads a bill of delimited text. Every row of it goes to the sink once. The
// error is one that ends the file: columns that are missing, a file that cannot be
// read to its end, a context that is done; the report is of the rows before it.
func Read(ctx context.Context, r *table.Reader, m *Mapping, opts Options, sink intake.Sink) (Report, error) {
	b, err := bind(r.Header(), r.Ref(-1).File, opts)
	if err != nil {
		return Report{}, err
	}
	c := newCollector(m, b, sink, func(f field) kizuna.Ref {
		if f == wholeRow {
			return r.Ref(-1)
		}
		return r.Ref(b.at[f])
	})
	var texts []field
	for f, i := range b.at {
		if i >= 0 && field(f) != cost {
			texts = append(texts, field(f))
		}
	}
	var ch charge
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return c.report(), context.Cause(ctx)
		}
		err := r.Scan()
		if err == io.EOF {
			return c.report(), nil
		}
		if err != nil {
			broken, ok := errors.AsType[*kizuna.Error](err)
			if !ok || r.Err() != nil {
				return c.report(), err
			}
			sink.Refuse(broken)
			continue
		}
		for _, f := range texts {
			if i := b.at[f]; r.Changed(i) {
				ch.set(f, r.Text(i))
			}
		}
		ch.setCost(r.Bytes(b.at[cost]))
		c.take(&ch)
	}
}
