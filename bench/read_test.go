//go:build peers

package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Other tools read statements as they are.
func TestOthersReadStatements(t *testing.T) {
	place, rows, tenants, revenue := imported(t)
	text, err := exec.CommandContext(t.Context(), ".venv/bin/python", "peers/read_statements.py", place).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var said map[string][]any
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprint(rows), fmt.Sprint(tenants), revenue.String(), fmt.Sprint(rows)}
	for _, tool := range []string{"DuckDB", "pandas", "Polars"} {
		var got []string
		for i, value := range said[tool] {
			text := fmt.Sprint(value)
			if i == 2 {
				text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s says %v, not %v", tool, got, want)
		}
	}
}
