package dataset

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/intake"
)

// catalogForm is the version of the catalogue's own format.
const catalogForm = 1

// Catalog lists every file that was imported, in that order. What it does not
// name does not exist: it is written last, and so is the moment at which an
// import happens.
type Catalog struct {
	Form int `json:"form"`
	// AzureFrom is whose figures count where two measure the same; "": the default.
	AzureFrom AzureSource `json:"azure_from,omitempty"`
	Files     []*File     `json:"files"`

	text []byte // as a directory keeps it
}

// File is one file that was imported. Where its tables lie, its shelf knows.
type File struct {
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

	// Facts is the place of what the file says besides usage; "" if nothing.
	Facts string `json:"facts,omitempty"`
	// Tables are those of the facts; older catalogues do not tell.
	Tables []string `json:"tables,omitempty"`
	// FactsReplacedBy is the number of the file that took the facts' place.
	FactsReplacedBy int         `json:"facts_replaced_by,omitempty"`
	Statements      []Statement `json:"statements,omitempty"`
	// Journal is the place of what became of its lines; "" if all are rows.
	Journal string `json:"journal,omitempty"`
}

// Statement is a file's usage of one month.
type Statement struct {
	Month      kizuna.Month `json:"month"`
	Place      string       `json:"dir"`
	Rows       int          `json:"rows"`
	Tenants    int          `json:"tenants"`
	Bytes      int64        `json:"bytes"`
	SHA256     kizuna.Hash  `json:"sha256"` // of its content
	ReplacedBy int          `json:"replaced_by,omitempty"`
}

// current lists the months of which the file's usage is in force.
func (f *File) current() []kizuna.Month {
	var months []kizuna.Month
	for _, s := range f.Statements {
		if s.ReplacedBy == 0 {
			months = append(months, s.Month)
		}
	}
	return months
}

// FactsInForce reports whether what the file says besides usage is in force: as
// long as any of its usage is, or, if it has none, until a newer file of its kind
// speaks for the same source.
func (f *File) FactsInForce() bool {
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
func (f *File) inForce() bool {
	return f.hasTables() || f.Facts == "" && len(f.Statements) == 0 && f.FactsReplacedBy == 0
}

// hasTables reports whether any table of the file is in force.
func (f *File) hasTables() bool { return f.FactsInForce() || len(f.current()) > 0 }

// find returns the file of that content, read with those options.
func (c *Catalog) find(sha, options string) *File {
	for _, f := range slices.Backward(c.Files) {
		if f.SHA256 == sha && f.Options == options {
			return f
		}
	}
	return nil
}

// add puts a new file in, where it takes the place of older ones of its kind and
// source. Files of one batch that are parts of one statement stand side by side.
func (c *Catalog) add(f *File) (replaced []*File) {
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
			same := slices.ContainsFunc(f.Statements, func(t Statement) bool { return t.Month == s.Month })
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
func (f *File) replace(by int) {
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
func (c *Catalog) replacing(f *File) string {
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

func (c *Catalog) lastNumber() (number, batch int) {
	for _, f := range c.Files {
		number, batch = max(number, f.Number), max(batch, f.Batch)
	}
	return number, batch
}
