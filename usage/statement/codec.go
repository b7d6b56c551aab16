package statement

import (
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"
)

// codec compresses pages; the zero codec leaves them as they are. It may be used by
// many at once.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// largestPage bounds what a page or a dictionary says that it unpacks to: what a
// writer makes stays far below.
const largestPage = dictionaryBytes + 2*textBytes

func newEncoder() (*codec, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderCRC(false))
	return &codec{encoder: e}, err
}

func newDecoder() (*codec, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(largestPage))
	return &codec{decoder: d}, err
}

func (c *codec) pack(dst, raw []byte) []byte {
	if c.encoder == nil {
		return append(dst[:0], raw...)
	}
	return c.encoder.EncodeAll(raw, dst[:0])
}

// unpack needs to know how long the text is.
func (c *codec) unpack(dst, packed []byte, length int) ([]byte, error) {
	if c.decoder == nil {
		if len(packed) != length {
			return nil, fmt.Errorf("a page of %d bytes has %d", length, len(packed))
		}
		return append(dst[:0], packed...), nil
	}
	if cap(dst) < length {
		dst = make([]byte, 0, length)
	}
	out, err := c.decoder.DecodeAll(packed, dst[:0])
	if err == nil && len(out) != length {
		err = fmt.Errorf("a page of %d bytes unpacks to %d", length, len(out))
	}
	return out, err
}
