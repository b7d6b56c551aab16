// Package store is the system of record behind one interface: who is associated
// with whom, by whose word, since when, and every step of how it came to be.
//
// Nothing recorded is ever overwritten. A thing is a sequence of versions; each
// says what held when (valid time) and carries the moment at which it became known
// (recorded time), so that any question can be asked "as of" and "known at".
//
// Writes are commands. A command reads, decides and records in one transaction
// that no other command interleaves with, and leaves an audit entry and its events
// behind in the same transaction. Its idempotency key makes it happen at most once.
package store

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Store keeps the record. It is safe for concurrent use, also by several
// processes on one database.
type Store interface {
	io.Closer

	// Write runs a command: decide reads the record and says what is to be
	// recorded; if it returns an error nothing is. It may be run again if the
	// database asks for it, so it must have no effects of its own.
	//
	// A command whose key was seen before with the same digest answers what it
	// answered then and runs nothing (Receipt.Repeated). The errors: "key-reused",
	// the key came with another digest; those of decide; "store-write", nothing was
	// recorded; "store-unknown", the connection broke while committing: send the
	// command again with its key to learn what became of it.
	Write(ctx context.Context, c Command, decide func(Tx) error) (*Receipt, error)

	// Latest returns the moment of the last command, 0 if there was none. What is
	// known at it never changes: several reads that are to agree are asked at it.
	Latest(ctx context.Context) (kizuna.Moment, error)
	// Head returns the last entry that was known at a moment (0: now) and when it was
	// recorded; 0 and 0 if there was none. What was known at its moment never changes.
	Head(ctx context.Context, known kizuna.Moment) (entry int64, at kizuna.Moment, err error)
	// EntryHash returns the hash of an entry of the audit trail, which tells it from any
	// other store's; false if there is no such entry.
	EntryHash(ctx context.Context, entry int64) (hash kizuna.Hash, ok bool, err error)
	// Get returns the version of a thing that the view shows, or "not-found": for
	// what does not exist, what was not known yet, what does not hold at the view's
	// as-of and what the scope does not show alike.
	Get(ctx context.Context, v View, t Thing) (*Record, error)
	// Find lists the things that match, in order of id, then of kind.
	Find(ctx context.Context, v View, q Query) iter.Seq2[*Record, error]
	// History lists every version of a thing that the view's scope shows and that
	// was known, in order, each with what was done by whom; "not-found" if none.
	History(ctx context.Context, v View, t Thing) ([]Chapter, error)
	// Versions lists every version that was known of the things of a kind, in order of
	// id and of version; of one thing if an id is given. They are shown whether they hold
	// or not, each by what it concerns itself: for things whose versions tell only what
	// they add.
	Versions(ctx context.Context, v View, kind Kind, id string) iter.Seq2[*Record, error]
	// Since lists those that were recorded after an entry, in the order of recording.
	Since(ctx context.Context, v View, kind Kind, after int64) iter.Seq2[*Record, error]
	// Facts lists rows of imported files, in order of n. Whether a file is in force
	// is for the reader to ask of its record.
	Facts(ctx context.Context, v View, file string) iter.Seq2[*Fact, error]
	// FactsOf lists the rows of a table that an id is the key of, or a location,
	// whatever file they are of, those recorded last first.
	FactsOf(ctx context.Context, v View, table, id string) iter.Seq2[*Fact, error]
	// FactsAbout lists the rows of tables that concern any of the tenants, whatever file
	// they are of, those recorded last first, those of a file in order of n.
	FactsAbout(ctx context.Context, v View, tables, tenants []string) iter.Seq2[*Fact, error]

	// Personal returns what is held under the references; what was erased is
	// missing. What concerns nobody only an operator may see.
	Personal(ctx context.Context, v View, refs []string) (map[string]Personal, error)
	// PersonalAbout lists all that is held about somebody.
	PersonalAbout(ctx context.Context, v View, about string) ([]Personal, error)

	// Due lists things whose time has come, earliest first.
	Due(ctx context.Context, until kizuna.Instant, limit int) ([]Thing, error)
	// Events lists what happened after an entry, oldest first: the outbox.
	Events(ctx context.Context, v View, after int64, limit int) ([]Event, error)

	// Trail is the audit trail up to now and all that it speaks of but files: verify
	// it with package audit, also while commands go on.
	Trail(ctx context.Context) (*Trail, error)
	// Seal puts entries that no block holds yet, [audit.MaxBlockEntries] at most, into
	// one and returns it; nil if there were none, or another process was faster.
	Seal(ctx context.Context, s audit.Sealer) (*audit.SealedBlock, error)
}

// Trail is the audit trail up to some entry.
type Trail struct {
	audit.Trail
	// Cited lists the files that entries rely on, in the order of the entries.
	Cited iter.Seq2[Citation, error]
}

// Citation is a file that an entry relies on.
type Citation struct {
	Entry  int64
	SHA256 kizuna.Hash
}

// Kind is what sort of thing a record is about: "claim", "pal".
type Kind string

// Thing names one thing.
type Thing struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
}

// String writes kind/id.
func (t Thing) String() string { return string(t.Kind) + "/" + t.ID }

// ParseThing reads kind/id.
func ParseThing(s string) (Thing, error) {
	kind, id, ok := strings.Cut(s, "/")
	if !ok || kind == "" || id == "" {
		return Thing{}, kizuna.Errorf("thing", "%q names nothing", s).WithMend("write KIND/ID, such as claim/C-1")
	}
	return Thing{Kind(kind), id}, nil
}

// Record is one version of a thing. Versions count from 1.
type Record struct {
	Thing
	Version  int64         `json:"version"`
	Recorded kizuna.Moment `json:"recorded"`
	Entry    int64         `json:"entry"` // the audit entry that recorded it
	Concerns Concerns      `json:"concerns"`
	// Valid says when the thing holds; a thing that never holds is shown by views
	// without as-of only.
	Valid kizuna.Intervals `json:"valid,omitempty"`
	// Due is when the clock has something to do with it; nil: nothing.
	Due  *kizuna.Instant `json:"due,omitempty"`
	Body json.RawMessage `json:"body"`
}

// Concerns says whose thing it is, by folded ids: what reads are scoped and
// found by.
type Concerns struct {
	Tenant   string `json:"tenant,omitempty"`
	Location string `json:"location,omitempty"`
	// Second is another location that is party to it: the provider of a resale.
	Second string `json:"second,omitempty"`
	// Subject is a professional's profile, an identity or a subscription.
	Subject string `json:"subject,omitempty"`
}

// Chapter is one version of a thing and the entry that recorded it.
type Chapter struct {
	Record *Record     `json:"record"`
	Entry  audit.Entry `json:"entry"`
}

// Fact is one row of an imported file.
type Fact struct {
	File     string          `json:"file"` // the id of the file's record
	N        int64           `json:"n"`    // counts the file's rows from 0
	Table    string          `json:"table"`
	Key      string          `json:"key,omitempty"` // what the row is about, as a folded id: what rows are found by
	Concerns Concerns        `json:"concerns"`
	Body     json.RawMessage `json:"body"`
}

// Personal is what is known of a natural person: the only place of names and
// addresses, kept apart so that it can be erased.
type Personal struct {
	Ref   string            `json:"ref"`
	About string            `json:"about"` // who it is about: a profile, an address
	Value map[string]string `json:"value"`
}

// Event is something that happened, for whoever wants to be told.
type Event struct {
	Entry    int64         `json:"entry"`
	N        int           `json:"n"` // counts an entry's events from 0
	Recorded kizuna.Moment `json:"recorded"`
	Thing    Thing         `json:"thing"`
	Concerns Concerns      `json:"concerns"`
	lifecycle.Event
}

// View is how the record is looked at. The zero View shows nothing: a scope has
// to be given.
type View struct {
	Scope Scope
	// AsOf shows what holds at an instant; nil: things whether they hold or not.
	AsOf *kizuna.Instant
	// KnownAt shows what was known at a moment; 0: all that is known now.
	KnownAt kizuna.Moment
}

// Scope says whose things a reader may see, by folded ids. The zero Scope shows
// nothing but what concerns nobody, such as exchange rates.
type Scope struct {
	All       bool
	Tenants   []string
	Locations []string
	Subjects  []string
}

// Everything is the scope of an operator.
var Everything = Scope{All: true}

// Query says which things are wanted: of a kind, and concerning all that is
// given. Ids are folded.
type Query struct {
	Kind     Kind
	Also     []Kind // things of these kinds, too
	Tenant   string
	Location string // either of the two
	Subject  string
	// Tenants and Subjects, unless nil, want what concerns any of them.
	Tenants, Subjects []string
	After             string // only ids behind this one, as bytes compare
	Limit             int    // 0: no limit
}

// Matches reports whether a record is among those that are wanted; After and Limit
// are left aside.
func (q Query) Matches(r *Record) bool {
	c := &r.Concerns
	return (r.Kind == q.Kind || slices.Contains(q.Also, r.Kind)) && r.ID > q.After &&
		(q.Tenant == "" || c.Tenant == q.Tenant) &&
		(q.Location == "" || c.Location == q.Location || c.Second == q.Location) &&
		(q.Subject == "" || c.Subject == q.Subject) &&
		(q.Tenants == nil || c.Tenant != "" && slices.Contains(q.Tenants, c.Tenant)) &&
		(q.Subjects == nil || c.Subject != "" && slices.Contains(q.Subjects, c.Subject))
}

// Shows reports whether the scope shows what concerns c.
func (s Scope) Shows(c Concerns) bool {
	if s.All || c == (Concerns{}) {
		return true
	}
	in := func(ids []string, id string) bool { return id != "" && slices.Contains(ids, id) }
	return in(s.Tenants, c.Tenant) || in(s.Locations, c.Location) || in(s.Locations, c.Second) || in(s.Subjects, c.Subject)
}

// ShowsPersonal reports whether the scope shows personal data that concerns c: what
// concerns nobody only an operator may see.
func (s Scope) ShowsPersonal(c Concerns) bool { return s.All || c != (Concerns{}) && s.Shows(c) }

// Command is a write: who does what, and the key under which it happens once.
type Command struct {
	Key    string // at most [MaxKey] bytes; empty: none, the command happens each time
	Digest string // of all that was asked, so that a key cannot be used for two things
	Actor  lifecycle.Actor
	Behalf string // for whom, if not for oneself
	Action string // "claim.submit"
	Reason string
	// Alone keeps a command that records very much out of a transaction with others.
	Alone bool
}

// MaxKey is the longest idempotency key.
const MaxKey = 255

// Receipt says that a command happened.
type Receipt struct {
	Entry    int64           `json:"entry"`
	Recorded kizuna.Moment   `json:"recorded"`
	Answer   json.RawMessage `json:"answer,omitempty"`
	Repeated bool            `json:"repeated,omitempty"` // it had happened before
}

// Tx is the record as a command sees it, its own writes included. It sees
// everything: what an actor may see is the command's matter.
type Tx interface {
	Context() context.Context
	// Now is the moment at which the command becomes known. It is later than that of
	// every other command before.
	Now() kizuna.Moment
	// NewID returns an id that nothing has.
	NewID() string

	// Get returns the latest version, or "not-found".
	Get(t Thing) (*Record, error)
	// Load fetches many things at once, so that Get need not ask for each.
	Load(things ...Thing) error
	// Versions lists all versions of a thing in order.
	Versions(t Thing) ([]*Record, error)
	// Find lists the latest versions of the things that match, in order of id.
	Find(q Query) ([]*Record, error)
	// Put records the next version of a thing: r.Version must be one more than the
	// latest, 1 for a new thing; otherwise "version-conflict". Recorded and Entry are
	// filled in.
	Put(r *Record) error
	// Emit tells that something happened to a thing.
	Emit(t Thing, c Concerns, events ...lifecycle.Event)
	// FactsOf is [Store.FactsOf].
	FactsOf(table, id string) ([]*Fact, error)
	// AddFacts records the rows of an imported file; the command must be Alone.
	AddFacts(file string, rows iter.Seq2[*Fact, error]) error
	// Keep holds personal data and returns its reference; c says who may see it.
	Keep(about string, c Concerns, value map[string]string) (ref string, err error)
	// Personal returns what is held under a reference; ok is false if nothing is.
	Personal(ref string) (p Personal, ok bool, err error)
	// Erase removes all personal data about somebody and returns the references.
	Erase(about string) (refs []string, err error)
	// Cite names files, by their SHA-256, that the command relies on.
	Cite(blobs ...kizuna.Hash)
	// Answer sets what the command answers, now and when its key comes again.
	Answer(v any)
}

// NotFound is the error for what does not exist, or is not for the viewer's eyes.
func NotFound(t Thing) error {
	return kizuna.Errorf("not-found", "there is no %s %q", t.Kind, t.ID).WithMend("check the id, and as whom you ask")
}

// Conflict is the error for a version that is not the latest one's successor.
func Conflict(t Thing, expected, latest int64) error {
	return kizuna.Errorf("version-conflict", "%s is at version %d, not at %d", t, latest, expected).
		WithMend("look at it again, and decide again")
}

// Unreadable is the error for a version whose body is not what its kind's should be.
func Unreadable(r *Record, cause error) error {
	return kizuna.Errorf("record-body", "%s version %d cannot be read", r.Thing, r.Version).WithCause(cause)
}

// IsNotFound reports whether err says so.
func IsNotFound(err error) bool { return kizuna.CodeOf(err) == "not-found" }
