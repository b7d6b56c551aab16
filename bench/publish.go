package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// publishCmd puts the tables and pictures into the documentation.
type publishCmd struct {
	Results string `help:"Directory of the results." default:"results" type:"path"`
	Page    string `help:"The page that has the place for them." default:"../docs/performance.md" type:"path"`
}

// What stands between these lines of the page is written by this command.
const (
	markBegin = "<!-- bench: begin -->\n"
	markEnd   = "<!-- bench: end -->\n"
)

// Run writes the table between the page's marks, and the pictures to the folder that
// is called as the page is.
func (cmd *publishCmd) Run() error {
	table, err := os.ReadFile(filepath.Join(cmd.Results, tableFile))
	if err != nil {
		return fmt.Errorf("%w; write a report first: bench report", err)
	}
	page, err := os.ReadFile(cmd.Page)
	if err != nil {
		return err
	}
	folder := strings.TrimSuffix(cmd.Page, filepath.Ext(cmd.Page))
	text := strings.ReplaceAll(string(table), "]("+picturesFolder, "]("+filepath.Base(folder)+"/")
	published, err := between(string(page), text)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Page, err)
	}
	pictures, err := filepath.Glob(filepath.Join(cmd.Results, "*.svg"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, from := range pictures {
		picture, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(from)), picture, 0o666); err != nil {
			return err
		}
	}
	return os.WriteFile(cmd.Page, []byte(published), 0o666)
}

// between replaces what stands between the marks.
func between(page, text string) (string, error) {
	before, rest, begins := strings.Cut(page, markBegin)
	_, after, ends := strings.Cut(rest, markEnd)
	if !begins || !ends {
		return "", fmt.Errorf("there is no line %q followed by a line %q", strings.TrimSpace(markBegin), strings.TrimSpace(markEnd))
	}
	return before + markBegin + "\n" + strings.TrimSpace(text) + "\n\n" + markEnd + after, nil
}
