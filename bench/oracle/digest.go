package oracle

import (
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
)

// Tables are the tables of an answer.
var Tables = []string{"tally", "members", "points", "totals", "areas"}

// Digest sums up an answer, a table in one text, whatever the order of its lines
// and however its fractions are written. Empty tallies are no lines. Answers with
// the same digests are the same figures.
func Digest(dir string) (map[string]string, error) {
	out := make(map[string]string)
	for _, table := range Tables {
		lines, sum := 0, uint64(0)
		err := eachCells(filepath.Join(dir, table+".csv"), func(cells []string) {
			if line := normal(table, cells); line != "" {
				h := fnv.New64a()
				io.WriteString(h, line) //nolint:errcheck // a hash does not fail
				lines, sum = lines+1, sum+h.Sum64()
			}
		})
		if err != nil {
			return nil, err
		}
		out[table] = fmt.Sprintf("%d lines %016x", lines, sum)
	}
	return out, nil
}

// normal writes a line in one way, "" if it says nothing.
func normal(table string, cells []string) string {
	switch table {
	case "tally":
		if cells[2] == "0" && cells[3] == "0" {
			return ""
		}
	case "members":
		if cells[3] == "0" && cells[4] == "0" && cells[5] == "0" {
			return ""
		}
	case "points":
		return strings.Join(append(cells[:4:4], reduced(cells[4], cells[5])), ",")
	default:
		truth := map[string]string{"t": "true", "1": "true", "f": "false", "0": "false"}
		if t, ok := truth[cells[5]]; ok {
			cells[5] = t
		}
		return strings.Join(append(cells[:3:3], reduced(cells[3], cells[4]), cells[5]), ",")
	}
	return strings.Join(cells, ",")
}

func reduced(num, den string) string {
	if num == "0" {
		return "0"
	}
	r, ok := new(big.Rat).SetString(num + "/" + den)
	if !ok {
		return num + "/" + den
	}
	return r.RatString()
}

// eachCells streams a CSV file but its header.
func eachCells(name string, line func([]string)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for n := 0; ; n++ {
		cells, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case n > 0:
			line(cells)
		}
	}
}
