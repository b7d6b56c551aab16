package statement

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kizuna-org/kizuna"
)

// OpenContent reads all of a statement once, to see that it is the one of the hash,
// and opens it. Content that can only be read from front to back is kept: in memory,
// or if it is large in a temporary file. Closing the file closes the content.
func OpenContent(ctx context.Context, content io.ReadCloser, want kizuna.Hash) (*File, error) {
	k := &kept{content: content}
	f, err := k.open(ctx, want)
	if err != nil {
		return nil, errors.Join(err, k.close())
	}
	f.close = k.close
	return f, nil
}

// kept is content that can be read anywhere.
type kept struct {
	io.ReaderAt
	content io.ReadCloser
	file    *os.File // temporary, if there is one
}

func (k *kept) open(ctx context.Context, want kizuna.Hash) (*File, error) {
	sum := sha256.New()
	through := io.TeeReader(&cancellable{ctx, k.content}, sum)
	size, err := k.read(through)
	if err != nil {
		return nil, err
	}
	if got := kizuna.Hash(sum.Sum(nil)); got != want {
		return nil, damaged(fmt.Errorf("its hash is %v, not %v", got, want))
	}
	return Open(k, size)
}

// read reads the content to its end and returns its size.
func (k *kept) read(r io.Reader) (size int64, err error) {
	if at, ok := k.content.(io.ReaderAt); ok {
		k.ReaderAt = at
		return io.CopyBuffer(io.Discard, r, make([]byte, 1<<18))
	}
	var memory bytes.Buffer
	size, err = io.CopyN(&memory, r, keptInMemory)
	if err == io.EOF {
		k.ReaderAt = bytes.NewReader(memory.Bytes())
		return size, nil
	}
	if err != nil {
		return 0, err
	}
	if k.file, err = os.CreateTemp("", "kizuna-statement-"); err != nil {
		return 0, err
	}
	k.ReaderAt = k.file
	return io.Copy(k.file, io.MultiReader(&memory, r))
}

func (k *kept) close() error {
	err := k.content.Close()
	if k.file != nil {
		err = errors.Join(err, k.file.Close(), os.Remove(k.file.Name()))
	}
	return err
}

// keptInMemory is how much content is kept there.
const keptInMemory = 16 << 20

type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
