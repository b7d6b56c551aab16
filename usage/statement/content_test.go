package statement_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage/statement"
)

// stream can only be read from front to back.
type stream struct {
	io.Reader
	closed bool
}

func (s *stream) Close() error { s.closed = true; return nil }

func TestContentIsTheOneOfTheHash(t *testing.T) {
	data, summary := sorted(t, manyRows(60), 60)
	file := filepath.Join(t.TempDir(), "usage.parquet")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]func() io.ReadCloser{
		"a file": func() io.ReadCloser {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			return f
		},
		"a stream": func() io.ReadCloser { return &stream{Reader: bytes.NewReader(data)} },
	} {
		t.Run(name, func(t *testing.T) {
			f, err := statement.OpenContent(context.Background(), content(), summary.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			if rows := read(t, f.All()); len(rows) != summary.Rows {
				t.Errorf("%d rows of %d", len(rows), summary.Rows)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if _, err := statement.OpenContent(context.Background(), content(), sha256.Sum256(nil)); kizuna.CodeOf(err) != "statement-damaged" {
				t.Errorf("of another hash: %v", err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := statement.OpenContent(ctx, content(), summary.SHA256); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
	}
}

// A stream that is too long for memory is kept in a temporary file, as long as it is
// open.
func TestLongContentIsKeptInAFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	content := &stream{Reader: io.LimitReader(zeros{}, 17<<20)}
	sum := sha256.New()
	io.Copy(sum, io.LimitReader(zeros{}, 17<<20)) //nolint:errcheck // a hash takes all
	_, err := statement.OpenContent(context.Background(), content, kizuna.Hash(sum.Sum(nil)))
	if kizuna.CodeOf(err) != "statement-damaged" {
		t.Errorf("zeros: %v", err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 || !content.closed {
		t.Errorf("left: %v, closed: %v", left, content.closed)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
