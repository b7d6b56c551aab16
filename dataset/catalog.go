package dataset

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
)

// The places of imported files in a data directory.
const (
	importedDir = "imported"
	catalogFile = "catalog.json"
	catalogForm = 1 // the version of the catalogue's own format
)

// catalog lists every file that was imported, in that order. What it does not
// name does not exist: it is written last, whole, and so is the moment at which
// an import happens.
type catalog struct {
	Form int `json:"form"`
	// AzureFrom is whose figures count where two measure the same; "": the default.
	AzureFrom AzureSource     `json:"azure_from,omitempty"`
	Files     []*importedFile `json:"files"`
}

// importedFile is one file that was imported.
type importedFile struct {
	Number  int    `json:"number"` // counts imports from 1
	Batch   int    `json:"batch"`  // files imported by one command have one number
	Name    string `json:"name"`
	SHA256  string `json:"sha256"` // of its content
	Options string `json:"options,omitempty"`

	Kind           string            `json:"kind"`
	Vintage        string            `json:"vintage,omitempty"`
	Source         string            `json:"source,omitempty"`
	Covers         []intake.Coverage `json:"covers,omitempty"`
	Certifications bool              `json:"certifications,omitempty"`
	Rows           Rows              `json:"rows"`

	// Facts is the directory of what the file says besides usage; "" if nothing.
	Facts string `json:"facts,omitempty"`
	// FactsReplacedBy is the number of the file that took the facts' place.
	FactsReplacedBy int         `json:"facts_replaced_by,omitempty"`
	Statements      []statement `json:"statements,omitempty"`
	// Journal is the directory of what became of its lines; "" if all are rows.
	Journal string `json:"journal,omitempty"`
}

// statement is a file's usage of one month.
type statement struct {
	Month      kizuna.Month `json:"month"`
	Dir        string       `json:"dir"`
	Rows       int          `json:"rows"` // in its table
	ReplacedBy int          `json:"replaced_by,omitempty"`
}

// current lists the months of which the file's usage is in force.
func (f *importedFile) current() []kizuna.Month {
	var months []kizuna.Month
	for _, s := range f.Statements {
		if s.ReplacedBy == 0 {
			months = append(months, s.Month)
		}
	}
	return months
}

// factsCurrent reports whether what the file says besides usage is in force: as
// long as any of its usage is, or, if it has none, until a newer file of its kind
// speaks for the same source.
func (f *importedFile) factsCurrent() bool {
	switch {
	case f.Facts == "":
		return false
	case len(f.Statements) > 0:
		return len(f.current()) > 0
	}
	return f.FactsReplacedBy == 0
}

// inForce reports whether anything of the file is: a file of which nothing was
// kept is until a newer one takes its place.
func (f *importedFile) inForce() bool {
	return len(f.dirs()) > 0 || f.Facts == "" && len(f.Statements) == 0 && f.FactsReplacedBy == 0
}

// files lists the directories that belong to what is in force.
func (f *importedFile) files() []string {
	dirs := f.dirs()
	if f.Journal != "" && f.inForce() {
		dirs = append(dirs, f.Journal)
	}
	return dirs
}

// dirs lists the directories of tables that are in force.
func (f *importedFile) dirs() []string {
	var dirs []string
	if f.factsCurrent() {
		dirs = append(dirs, f.Facts)
	}
	for _, s := range f.Statements {
		if s.ReplacedBy == 0 {
			dirs = append(dirs, s.Dir)
		}
	}
	return dirs
}

// find returns the file of that content, read with those options.
func (c *catalog) find(sha, options string) *importedFile {
	for _, f := range slices.Backward(c.Files) {
		if f.SHA256 == sha && f.Options == options {
			return f
		}
	}
	return nil
}

// add puts a new file in, where it takes the place of older ones of its kind and
// source. Files of one batch that are parts of one statement stand side by side.
func (c *catalog) add(f *importedFile) (replaced []*importedFile) {
	for _, old := range c.Files {
		if old.SHA256 == f.SHA256 {
			old.replace(f.Number) // the same content, read otherwise
			continue
		}
		if old.Kind != f.Kind || old.Source != f.Source || old.Batch == f.Batch && inParts(f.Kind) {
			continue
		}
		changed := false
		for i := range old.Statements {
			s := &old.Statements[i]
			same := slices.ContainsFunc(f.Statements, func(t statement) bool { return t.Month == s.Month })
			if same && s.ReplacedBy == 0 {
				s.ReplacedBy, changed = f.Number, true
			}
		}
		if len(old.Statements) == 0 && len(f.Statements) == 0 && f.Facts != "" && old.FactsReplacedBy == 0 {
			old.FactsReplacedBy, changed = f.Number, true
		}
		if changed {
			replaced = append(replaced, old)
		}
	}
	c.Files = append(c.Files, f)
	return replaced
}

// replace takes everything of the file out of force.
func (f *importedFile) replace(by int) {
	if f.FactsReplacedBy == 0 {
		f.FactsReplacedBy = by
	}
	for i := range f.Statements {
		if s := &f.Statements[i]; s.ReplacedBy == 0 {
			s.ReplacedBy = by
		}
	}
}

// replacing returns the name of a file that took the place of some of this one;
// "" if none did.
func (c *catalog) replacing(f *importedFile) string {
	by := f.FactsReplacedBy
	for _, s := range f.Statements {
		by = max(by, s.ReplacedBy)
	}
	for _, other := range c.Files {
		if other.Number == by {
			return other.Name
		}
	}
	return ""
}

// inParts reports whether exports of a kind come as several files.
func inParts(kind string) bool { return kind == billKind }

func (c *catalog) lastNumber() (number, batch int) {
	for _, f := range c.Files {
		number, batch = max(number, f.Number), max(batch, f.Batch)
	}
	return number, batch
}

// readCatalog reads the catalogue of a data directory; an empty one if nothing
// has been imported.
func readCatalog(fsys fs.FS, shown string) (*catalog, []byte, error) {
	data, err := fs.ReadFile(fsys, path.Join(importedDir, catalogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &catalog{Form: catalogForm}, nil, nil
	}
	at := kizuna.Ref{File: filepath.Join(shown, importedDir, catalogFile)}
	if err != nil {
		return nil, nil, kizuna.Errorf("catalog-read", "the catalogue of imported files cannot be read").
			WithMend("check the permissions").WithCause(err).WithRef(at)
	}
	var c catalog
	if err := json.Unmarshal(data, &c); err != nil || c.Form != catalogForm {
		return nil, nil, kizuna.Errorf("catalog-broken", "the catalogue of imported files is damaged, or of a newer Kizuna").
			WithMend("restore it, or remove the directory %s and import the files again", filepath.Dir(at.File)).
			WithCause(err).WithRef(at)
	}
	for _, f := range c.Files {
		for _, dir := range append(f.files(), f.Facts, f.Journal) {
			if dir != "" && (path.Base(dir) != dir || !fs.ValidPath(dir)) {
				return nil, nil, kizuna.Errorf("catalog-dir", "the catalogue names a directory %q outside its own", dir).
					WithMend("restore it, or remove the directory %s and import the files again", filepath.Dir(at.File)).
					WithRef(at)
			}
		}
	}
	return &c, data, nil
}

// write replaces the catalogue in one step.
func (c *catalog) write(dir string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(dir, importedDir, catalogFile)
	next := name + ".new"
	f, err := os.Create(next)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(next, name)
}
