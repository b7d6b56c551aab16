package demo

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
)

// readme is the file that tells about the demo, and by which an earlier demo is
// known: marker is its first line.
const (
	readme = "README.md"
	marker = "<!-- kizuna demo -->"
)

// Write writes the demo's tables into the directory, which is made if it is not
// there. A directory that holds something else than an earlier demo is refused
// ("demo-occupied") unless force is set; then, too, only files of the demo's own
// names are replaced and nothing is removed.
func Write(dir string, force bool) error {
	if err := mayWrite(dir, force); err != nil {
		return err
	}
	files, err := Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return cannotWrite(dir, err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o666); err != nil {
			return cannotWrite(dir, err)
		}
	}
	return nil
}

func mayWrite(dir string, force bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return cannotWrite(dir, err)
	case force || isDemo(dir):
		return nil
	}
	return kizuna.Errorf("demo-occupied", "%s is not empty and does not hold a demo", dir).
		WithMend("name another directory, or write over it with --force")
}

func isDemo(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, readme))
	return err == nil && strings.HasPrefix(string(text), marker)
}

func cannotWrite(dir string, err error) error {
	return kizuna.Errorf("demo-write", "the demo cannot be written to %s", dir).
		WithMend("name a directory that you may write to").WithCause(err)
}

// File is a file of the demo.
type File struct {
	Name string
	Data []byte
}

// Files returns the demo as files, in the order of their names.
func Files() ([]File, error) {
	facts := New()
	files := []File{{readme, []byte(story())}}
	for _, t := range dataset.Tables() {
		var b bytes.Buffer
		if err := dataset.WriteTable(&b, t.Name, facts); err != nil {
			return nil, err
		}
		data := b.Bytes()
		if t.Name == "cpor_claims" {
			var err error
			if data, err = withStatus(data); err != nil {
				return nil, err
			}
		}
		files = append(files, File{t.File(), data})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// withStatus adds to the claims a column of the partner's own, as tables that
// people keep have them: what counts is whether a claim was approved.
func withStatus(table []byte) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		return nil, err
	}
	approved := slices.Index(rows[0], "approved_on")
	for i := range rows {
		status := "approved"
		switch {
		case i == 0:
			status = "status"
		case rows[i][approved] == "":
			status = "in dispute"
		}
		rows[i] = append(rows[i], status)
	}
	var b bytes.Buffer
	err = csv.NewWriter(&b).WriteAll(rows)
	return b.Bytes(), err
}

// story is the text that lies beside the tables.
func story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n# Kizuna demo / デモ\n\n", marker)
	fmt.Fprintf(&b, "All names and figures are invented. / 名称と数値はすべて架空です。\n\n")
	fmt.Fprintf(&b, "- as of / 基準日: %s\n- program / プログラム: %s\n- partner / パートナー: %s（結橋情報サービス）\n", AsOf, Program, Partner)
	for i, e := range Events() {
		fmt.Fprintf(&b, "\n## %d. %s / %s\n\n%s\n\n%s\n\n", i+1, e.Title.EN, e.Title.JA, e.Story.EN, e.Story.JA)
		for _, c := range e.Costs {
			fmt.Fprintf(&b, "- %s › %s › %s: %s\n", c.Area, c.Track, c.Metric, kizuna.Fraction{}.Sub(c.Points).Show())
		}
		fmt.Fprintf(&b, "\n    %s\n", e.Command("."))
	}
	return b.String()
}
