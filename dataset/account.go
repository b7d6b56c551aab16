package dataset

import (
	"cmp"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/usage/focus"
)

// Account says what became of every row of every file that was imported.
type Account struct {
	Files []*FileAccount `json:"files"`
	// Overlaps tell of usage that two imported files measure, and which counts.
	Overlaps []*kizuna.Error `json:"overlaps,omitempty"`
	// Kept is false if nothing was kept at all: an import that was to be strict.
	Kept bool `json:"kept"`
}

// Failed reports whether some file could not be imported.
func (a *Account) Failed() bool {
	return !a.Kept || slices.ContainsFunc(a.Files, func(f *FileAccount) bool { return f.Status == FileRefused })
}

// FileAccount says what became of one file.
type FileAccount struct {
	File    string         `json:"file"`
	SHA256  string         `json:"sha256,omitempty"`
	Status  FileStatus     `json:"status"`
	Error   *kizuna.Error  `json:"error,omitempty"` // why it was refused as a whole
	Kind    string         `json:"kind,omitempty"`
	Vintage string         `json:"vintage,omitempty"`
	Source  string         `json:"source,omitempty"`
	Months  []kizuna.Month `json:"months,omitempty"` // that its usage is about

	Rows     Rows              `json:"rows"`
	Asides   []Aside           `json:"set_aside,omitempty"`
	Unmapped []UnmappedService `json:"unmapped_services,omitempty"`
	// Problems are the refused rows, at most [MaxRefusals]; Rows.Refused counts all.
	Problems []*kizuna.Error `json:"problems,omitempty"`
	Notes    []*kizuna.Error `json:"notes,omitempty"`
	// Replaces names the files whose place this one took, in whole or in part.
	Replaces []string `json:"replaces,omitempty"`
	// ReplacedBy names the newer file that stands in the place of an unchanged one.
	ReplacedBy string `json:"replaced_by,omitempty"`
}

// FileStatus is what became of a file as a whole.
type FileStatus string

// What becomes of files.
const (
	FileImported  FileStatus = "imported"
	FileUnchanged FileStatus = "unchanged" // the same content was imported before
	FileRefused   FileStatus = "refused"   // it could not be read as a whole
	FileDropped   FileStatus = "dropped"   // it could, but the import was to be strict
)

// Rows counts what became of a file's rows: Read is the sum of the others.
type Rows struct {
	Read     int `json:"read"`
	Kept     int `json:"kept"`
	Merged   int `json:"merged"`    // added to a row that equals it, or said before
	SetAside int `json:"set_aside"` // for a reason that is no fault
	Refused  int `json:"refused"`   // because they cannot be understood
}

// MaxRefusals is how many refused rows of one imported file are kept to be shown.
const MaxRefusals = 100_000

// Aside adds up the rows that were set aside for one reason.
type Aside struct {
	Reason string          `json:"reason"` // a key of the catalogue of texts
	Detail string          `json:"detail,omitempty"`
	Unit   string          `json:"unit,omitempty"` // of the amount: a currency
	Rows   int             `json:"rows"`
	Amount *kizuna.Decimal `json:"amount,omitempty"`
	First  kizuna.Ref      `json:"first"`
}

// UnmappedService is a provider's service that no workload of programs is known
// for. Its rows are kept under its own name.
type UnmappedService struct {
	Service  string         `json:"service"`
	Currency string         `json:"currency,omitempty"` // "" is dollars
	Rows     int            `json:"rows"`
	Amount   kizuna.Decimal `json:"amount"`
}

func unmapped(in []focus.Unmapped) []UnmappedService {
	out := make([]UnmappedService, len(in))
	for i, u := range in {
		out[i] = UnmappedService(u)
	}
	return out
}

// asides adds rows up by reason, detail and unit.
type asides map[asideKey]*Aside

type asideKey struct{ reason, detail, unit string }

// maxAsides bounds the details that are told apart; the rest is one.
const maxAsides = 10_000

func (a asides) list() []Aside {
	list := make([]Aside, 0, len(a))
	for _, one := range a {
		list = append(list, *one)
	}
	slices.SortFunc(list, func(a, b Aside) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail), cmp.Compare(a.Unit, b.Unit))
	})
	return list
}
