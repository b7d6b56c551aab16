package table

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/kizuna-org/kizuna"
)

// source is the text of a table. It unpacks, counts, and stops before a record or
// the whole outgrows its bounds: a reader of records buffers a record until it
// ends, so the bound has to stand below it.
type source struct {
	text    io.Reader
	packed  *counter // nil if the text is not compressed
	limits  Limits
	given   int64 // bytes of text
	allowed int64 // bytes of text that may be given for now
	err     error
}

var errTooLong = errors.New("a record is too long")

// ratioGrace is the text that may come before its ratio to the compressed bytes
// says anything: readers ahead take in whole blocks.
const ratioGrace = 16 << 20

// maxWindow bounds what unpacking one file keeps in memory.
const maxWindow = 64 << 20

var (
	gzipMagic = []byte{0x1F, 0x8B}
	zstdMagic = []byte{0x28, 0xB5, 0x2F, 0xFD}
)

func newSource(r io.Reader, file string, limits Limits) (*source, error) {
	// The buffer is for the magic alone: text that is not compressed passes it by.
	raw := bufio.NewReaderSize(r, 0)
	magic, _ := raw.Peek(len(zstdMagic)) // an error comes again with the text
	s := &source{text: raw, limits: limits, allowed: math.MaxInt64}
	var err error
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		s.packed = &counter{r: bufio.NewReaderSize(raw, bufferSize)}
		s.text, err = gzip.NewReader(s.packed)
	case bytes.HasPrefix(magic, zstdMagic):
		s.packed = &counter{r: bufio.NewReaderSize(raw, bufferSize)}
		// One at a time: no goroutine outlives a reader that is left unfinished.
		s.text, err = zstd.NewReader(s.packed, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	}
	if err != nil {
		return nil, errPacked(err).WithRef(kizuna.Ref{File: file})
	}
	return s, nil
}

func errPacked(cause error) *kizuna.Error {
	return kizuna.Errorf("file-packed", "the file is compressed, and damaged or cut off").
		WithMend("fetch it again").WithCause(cause)
}

// allow bounds how much text may be given from its beginning on. Reading runs
// ahead by a buffer.
func (s *source) allow(bytes int64) { s.allowed = bytes + bufferSize }

func (s *source) Read(p []byte) (n int, err error) {
	if s.err != nil {
		return 0, s.err
	}
	left := min(s.allowed, s.limits.MaxBytes+1) - s.given
	if left <= 0 {
		return 0, errTooLong // not kept: the next record has its own bound
	}
	n, err = s.text.Read(p[:min(int64(len(p)), left)])
	s.given += int64(n)
	switch {
	case s.given > s.limits.MaxBytes:
		s.err = kizuna.Errorf("file-large", "the file holds more than %d bytes of text", s.limits.MaxBytes).
			WithMend("split it, or raise the limit")
	case s.packed != nil && s.given > ratioGrace && s.given/s.limits.MaxRatio > s.packed.n:
		s.err = kizuna.Errorf("file-ratio", "the file unpacks to more than %d times its size", s.limits.MaxRatio).
			WithMend("if it is really what you want to read, unpack it first")
	case bytes.IndexByte(p[:n], 0) >= 0 && !utf16(p[:n]):
		s.err = errBinary()
	case err == io.EOF:
		s.err = io.EOF
	case err != nil && s.packed != nil && s.packed.err == nil:
		s.err = errPacked(err)
	case err != nil:
		s.err = err
	}
	if s.err != nil && s.err != io.EOF && s.err != err {
		return 0, s.err // none of this block: it may be what must not be read
	}
	return n, s.err
}

// counter counts compressed bytes, and keeps a fault of the medium apart from one
// of the compression.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
