package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/site"
	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/publish"
	"github.com/kizuna-org/kizuna/store"
)

// told is a record that says what it is told to.
type told struct {
	mu     sync.Mutex
	badges []badge.Badge // by id
	list   statuslist.List
	events []store.Event
}

const page = 3

func (s *told) SignedBadges(_ context.Context, _ store.View, q store.Query) iter.Seq2[[]badge.Badge, error] {
	s.mu.Lock()
	var found []badge.Badge
	for _, b := range s.badges {
		if q.Location == "" || b.Subject.Company == q.Location {
			found = append(found, b)
		}
	}
	s.mu.Unlock()
	return func(yield func([]badge.Badge, error) bool) {
		for some := range slices.Chunk(found, page) {
			if !yield(some, nil) {
				return
			}
		}
	}
}

func (s *told) StatusLists(context.Context, string) (int, error) { return 1, nil }

func (s *told) StatusList(context.Context, int) (statuslist.List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list), nil
}

// Head counts an entry for each event, recorded at the moment of its number.
func (s *told) Head(_ context.Context, known kizuna.Moment) (int64, kizuna.Moment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.events))
	if known != 0 {
		n = min(n, int64(known))
	}
	return n, kizuna.Moment(n), nil
}

func (s *told) Events(_ context.Context, _ store.View, after int64, limit int) ([]store.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.events[after:]
	return slices.Clone(rest[:min(len(rest), limit)]), nil
}

func (s *told) happened(b *badge.Badge) {
	n := len(s.events) + 1
	s.events = append(s.events, store.Event{
		Entry: int64(n), Recorded: kizuna.Moment(n), Thing: store.Thing{Kind: record.BadgeKind, ID: b.ID},
		Concerns: store.Concerns{Location: b.Subject.Company},
	})
}

func (s *told) revoke(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.badges, func(b badge.Badge) bool { return b.ID == id })
	b := s.badges[i]
	b.State, b.Revoked = badge.Revoked, &badge.Revocation{Because: badge.Withdrawn}
	s.badges[i] = b
	s.list.Set(statuslist.Place(b.Entry))
	s.happened(&b)
}

func (s *told) badge(n int) *badge.Badge {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.badges[n]
	return &b
}

// place is a directory.
type place struct {
	mu     sync.Mutex
	files  map[string][]byte
	writes map[string]int
	after  func(name string) // is told of each file that was written
}

func (p *place) read(name string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.files[name]
}

func (p *place) write(name string, data []byte) error {
	p.mu.Lock()
	p.files[name] = data
	p.writes[name]++
	after := p.after
	p.mu.Unlock()
	if after != nil {
		after(name)
	}
	return nil
}

// plain writes a site in few words.
type plain struct{ *place }

func (p plain) Document() error                             { return nil }
func (p plain) List(n int, list statuslist.List) error      { return p.write(site.ListName(n), list) }
func (p plain) Current(file []byte, l statuslist.List) bool { return bytes.Equal(file, l) }
func (p plain) Badge(b *badge.Badge) error                  { return p.write("verify/"+b.ID, []byte(b.State)) }

func (p plain) Partner(company string, badges []badge.Badge) error {
	var states []byte
	for _, b := range badges {
		states = append(states, b.State...)
	}
	return p.write("partners/"+company, states)
}

// world is a record with n badges of companies that have two each, and where it is published.
func world(n int) (*told, *place, *publish.Publisher) {
	s := &told{list: statuslist.New()}
	for i := range n {
		b := badge.Badge{State: badge.Issued}
		b.ID, b.Entry, b.Subject.Company = fmt.Sprintf("b%d", i), i, fmt.Sprintf("g%d", i%max(1, n/2))
		s.badges = append(s.badges, b)
		s.happened(&b)
	}
	at := &place{files: make(map[string][]byte), writes: make(map[string]int)}
	return s, at, &publish.Publisher{Source: s, Site: plain{at}, Issuer: "did:web:a.example", Read: at.read, Write: at.write}
}

// says reports whether the published list says that the n-th badge is out, and its page
// that it was taken back.
func (p *place) says(t *testing.T, n int) (list, page bool) {
	t.Helper()
	list, err := statuslist.List(p.read("status/1.json")).Get(statuslist.Place(n))
	if err != nil {
		t.Fatal(err)
	}
	return list, string(p.read(fmt.Sprintf("verify/b%d", n))) == string(badge.Revoked)
}

func TestOnlyWhatChangedIsWritten(t *testing.T) {
	s, at, p := world(7)
	w, err := p.Changed(t.Context())
	if err != nil || w.Badges != 7 || w.Lists != 1 {
		t.Fatalf("at first: %+v, %v", w, err)
	}
	for i := range 3 {
		if name := fmt.Sprintf("partners/g%d", i); at.writes[name] != 1 {
			t.Errorf("%s was written %d times", name, at.writes[name])
		}
	}
	before := len(at.files)
	if w, err = p.Changed(t.Context()); err != nil || w != (publish.Written{}) {
		t.Errorf("nothing changed: %+v, %v", w, err)
	}
	s.revoke("b4")
	w, err = p.Changed(t.Context())
	if list, page := at.says(t, 4); err != nil || w.Badges != 1 || w.Lists != 1 || !list || !page {
		t.Errorf("one was taken back: %+v, %v; the list %v, the page %v", w, err, list, page)
	}
	// A list that is not current is written, and nothing else.
	at.files["status/1.json"] = nil
	if w, err = p.Changed(t.Context()); err != nil || w != (publish.Written{Lists: 1}) {
		t.Errorf("a list was lost: %+v, %v", w, err)
	}
	if len(at.files) != before {
		t.Errorf("%d files, before %d", len(at.files), before)
	}
	// A place that was emptied, and one of another issuer, are written whole.
	clear(at.files)
	if w, err = p.Changed(t.Context()); err != nil || w.Badges != 7 {
		t.Errorf("emptied: %+v, %v", w, err)
	}
	p.Issuer = "did:web:elsewhere.example"
	if w, err = p.Changed(t.Context()); err != nil || w.Badges != 7 {
		t.Errorf("of another issuer: %+v, %v", w, err)
	}
}

// What is taken back while everything is written is on the list before all is done, and on
// its page in the end.
func TestARevocationDoesNotWaitForEverything(t *testing.T) {
	s, at, p := world(12)
	at.after = func(name string) {
		switch name {
		case "verify/b2":
			s.revoke("b0")
		case "verify/b6":
			if list, page := at.says(t, 0); !list || page {
				t.Errorf("in the middle: the list %v, the page %v", list, page)
			}
		}
	}
	if _, err := p.Everything(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, page := at.says(t, 0); !list || !page {
		t.Errorf("in the end: the list %v, the page %v", list, page)
	}
}

// Whoever writes late what they read before does not hide what was taken back meanwhile.
func TestALateWriterWritesAgain(t *testing.T) {
	for name, run := range map[string]func(*publish.Publisher, *told) error{
		"everything": func(p *publish.Publisher, _ *told) error { _, err := p.Everything(t.Context()); return err },
		"changed":    func(p *publish.Publisher, _ *told) error { _, err := p.Changed(t.Context()); return err },
		"same":       func(p *publish.Publisher, s *told) error { return p.Same(t.Context(), s.badge(1)) },
	} {
		for _, when := range []string{"status/1.json", "verify/b1", "partners/g1"} {
			s, at, p := world(4)
			if _, err := p.Everything(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.revoke("b1")
			var once sync.Once
			at.after = func(written string) { // another one of the same company, just then
				if written == when {
					once.Do(func() { s.revoke("b3") })
				}
			}
			if err := run(p, s); err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 3} {
				list, page := at.says(t, n)
				if !list || !page {
					t.Errorf("%s, at %s: of b%d the list says %v, the page %v", name, when, n, list, page)
				}
			}
		}
	}
}

// Of many at once the last to write has written what holds.
func TestManyAtOnceAreAsOne(t *testing.T) {
	s, at, p := world(8)
	if _, err := p.Everything(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			s.revoke(fmt.Sprintf("b%d", n))
			var err error
			if n%2 == 0 {
				err = p.Same(t.Context(), s.badge(n))
			} else {
				_, err = p.Changed(t.Context())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for n := range 8 {
		if list, page := at.says(t, n); !list || !page {
			t.Errorf("b%d: the list %v, the page %v", n, list, page)
		}
	}
	for name, data := range at.files {
		if strings.HasPrefix(name, "partners/") && strings.Contains(string(data), string(badge.Issued)) {
			t.Errorf("%s says that one holds", name)
		}
	}
}
