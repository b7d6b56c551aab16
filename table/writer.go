package table

import (
	"encoding/csv"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/kizuna-org/kizuna"
)

// Writer writes a plain table: UTF-8, a header, comma separated and quoted as RFC
// 4180 says; lines end with a line feed.
type Writer struct {
	w       io.Writer
	csv     *csv.Writer
	columns int
	packed  *zstd.Encoder // nil: not compressed
}

// NewWriter writes the header of a plain table to w. An error of w is reported by
// [Writer.Close] at the latest.
func NewWriter(w io.Writer, header ...string) *Writer {
	t := &Writer{w: w, csv: csv.NewWriter(w), columns: len(header)}
	t.csv.Write(header) //nolint:errcheck // kept until Close
	return t
}

// NewZstdWriter does the same and compresses with Zstandard.
func NewZstdWriter(w io.Writer, header ...string) (*Writer, error) {
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	t := NewWriter(packed, header...)
	t.packed = packed
	return t, nil
}

// Write writes a record. It must have as many fields as the header.
func (t *Writer) Write(record []string) error {
	if len(record) != t.columns {
		return kizuna.Errorf("record-write", "a record of %d fields does not fit a header of %d", len(record), t.columns)
	}
	if len(record) == 1 && record[0] == "" {
		// encoding/csv would write a blank line, which readers pass over.
		t.csv.Flush()
		if err := t.csv.Error(); err != nil {
			return err
		}
		_, err := io.WriteString(t.w, "\"\"\n")
		return err
	}
	return t.csv.Write(record)
}

// Close writes what is left and reports the first error. It does not close the
// writer below.
func (t *Writer) Close() error {
	t.csv.Flush()
	err := t.csv.Error()
	if t.packed == nil {
		return err
	}
	if closing := t.packed.Close(); err == nil {
		err = closing
	}
	return err
}
