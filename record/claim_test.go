package record_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/blob/memory"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// office is a place with a record, at a time that stands still until it is moved.
type office struct {
	t    *testing.T
	file string
	at   *kizuna.Moment
	*record.Record
	store store.Store
}

func newOffice(t *testing.T) *office {
	at, err := kizuna.ParseMoment("2023-10-02T09:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, file: filepath.Join(t.TempDir(), "record.db"), at: &at}
	o.Record, o.store = o.open(true)
	t.Cleanup(func() { told(t, o.store) })
	o.must(o.OpenAccount(t.Context(), o.ask("operator:ops"), "900", ""))
	for _, id := range []string{"1001", "1002"} {
		o.must(o.AddLocation(t.Context(), o.ask("partner:900/head"), record.NewLocation{ID: id, Account: "900"}))
	}
	return o
}

// open opens the same file once more, as another process would.
func (o *office) open(migrate bool) (*record.Record, store.Store) {
	o.t.Helper()
	clock := func() time.Time { return o.at.Time() }
	s, err := sqlite.Open(o.t.Context(), o.file, store.Options{Clock: clock, Migrate: migrate})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = s.Close() })
	programs, err := program.Builtin()
	if err != nil {
		o.t.Fatal(err)
	}
	return record.New(s, new(memory.Store), "mcpp", programs, record.WithClock(clock)), s
}

func (o *office) ask(actor string) record.Ask {
	o.t.Helper()
	a, err := lifecycle.ParseActor(actor)
	if err != nil {
		o.t.Fatal(err)
	}
	return record.Ask{Actor: a}
}

func (o *office) must(_ any, err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) now(moment string) {
	o.t.Helper()
	m, err := kizuna.ParseMoment(moment)
	if err != nil {
		o.t.Fatal(err)
	}
	*o.at = m
}

// draft makes a claim that can be submitted.
func (o *office) draft(id, location, workload string) {
	o.t.Helper()
	ask := o.ask("partner:" + location + "/somebody")
	o.must(o.CreateClaim(o.t.Context(), ask, id, record.ClaimForm{
		Location: location, Tenant: "contoso", Workload: workload, Area: claim.ModernWork, Role: "usage",
	}))
	signed, err := kizuna.ParseDate("2023-09-01")
	if err != nil {
		o.t.Fatal(err)
	}
	o.must(o.AddEvidence(o.t.Context(), ask, id, record.File{
		Name: id + ".pdf", Content: strings.NewReader("%PDF-1.7 " + id), SignedOn: signed,
		Shows: []string{"partner", "customer", "acknowledgement", "description", "workloads"},
	}))
}

func (o *office) claim(id string) claim.Claim {
	o.t.Helper()
	found, err := o.Claim(o.t.Context(), store.View{Scope: store.Everything}, id)
	if err != nil {
		o.t.Fatal(err)
	}
	return found.Value
}

func TestOfManyWhoClaimTheSameAtOnceOneIsFirst(t *testing.T) {
	o := newOffice(t)
	other, _ := o.open(false)
	const many = 8
	for i := range many {
		o.draft(fmt.Sprint("C-", i), []string{"1001", "1002"}[i%2], "Teams")
	}
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			r := []*record.Record{o.Record, other}[i%2]
			ask := record.Ask{Actor: lifecycle.Actor{Role: lifecycle.Partner, Company: []string{"1001", "1002"}[i%2]}}
			if _, err := r.SubmitClaim(context.WithoutCancel(t.Context()), ask, fmt.Sprint("C-", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	states := make(map[lifecycle.State]int)
	for i := range many {
		states[o.claim(fmt.Sprint("C-", i)).State]++
	}
	if states[claim.Submitted] != 1 || states[claim.Arbitration] != many-1 {
		t.Errorf("one is submitted and the others are in arbitration, not %v", states)
	}
}

func TestTimeRunsOutOnceForTwoClocks(t *testing.T) {
	o := newOffice(t)
	other, _ := o.open(false)
	const many = 100 // more than are rung together
	for i := range many {
		id, workload := fmt.Sprint("C-", i), []string{"Teams", "Exchange", "SharePoint"}[i%3]
		o.draft(id, "1001", workload)
		o.must(o.SubmitClaim(t.Context(), o.ask("partner:1001"), id))
	}
	o.now("2023-12-01T00:00:00Z")
	var lock sync.Mutex
	rung := make(map[store.Thing]int)
	var all sync.WaitGroup
	for _, r := range []*record.Record{o.Record, other} {
		all.Go(func() {
			err := r.Tick(t.Context(), nil, func(one record.Rung) {
				lock.Lock()
				defer lock.Unlock()
				if one.Err != nil {
					t.Error(one.Thing, one.Err)
				}
				rung[one.Thing]++
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for thing, times := range rung {
		if times != 1 {
			t.Errorf("%s was rung %d times", thing, times)
		}
	}
	overdue := 0
	for i := range many {
		if c := o.claim(fmt.Sprint("C-", i)); c.State == claim.Submitted {
			overdue++
			if !c.Deadline.Passed {
				t.Errorf("%s is overdue and nobody said so", c.ID)
			}
		}
	}
	if overdue != len(rung) || overdue == 0 {
		t.Errorf("%d were overdue, %d rung", overdue, len(rung))
	}
}

func TestTheClockStopsWhenItIsToldTo(t *testing.T) {
	o := newOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Tick(ctx, nil, func(record.Rung) { t.Error("rang") }); err == nil {
		t.Error("it went on")
	}
	future := kizuna.Forever
	if err := o.Tick(t.Context(), &future, func(record.Rung) {}); kizuna.CodeOf(err) != "step-future" {
		t.Error(err)
	}
}

func TestWhatFailsStopsNoOther(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"A", "B", "C"} {
		o.draft(id, "1001", map[string]string{"A": "Teams", "B": "Exchange", "C": "SharePoint"}[id])
		o.must(o.SubmitClaim(t.Context(), o.ask("partner:1001"), id))
	}
	// A thing that cannot be read any more.
	_, err := o.store.Write(t.Context(), store.Command{Actor: record.Clock, Action: "import"}, func(tx store.Tx) error {
		r, err := tx.Get(store.Thing{Kind: "claim", ID: "b"})
		if err != nil {
			return err
		}
		r.Version, r.Body = r.Version+1, []byte(`[]`)
		return tx.Put(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.now("2023-12-01T00:00:00Z")
	for range 2 {
		failed := 0
		err := o.Tick(t.Context(), nil, func(r record.Rung) {
			if r.Err != nil {
				failed++
				if r.Thing.ID != "b" || kizuna.CodeOf(r.Err) != "record-body" {
					t.Error(r.Thing, r.Err)
				}
			}
		})
		if err != nil || failed != 1 {
			t.Error(failed, err)
		}
	}
	for _, id := range []string{"A", "C"} {
		if !o.claim(id).Deadline.Passed {
			t.Errorf("%s was held up", id)
		}
	}
}

// Each sees what is its business, and of everything else not even that it is there.
func TestWhoHasNoBusinessThereFindsNothing(t *testing.T) {
	o := newOffice(t)
	o.draft("A", "1001", "Teams")
	o.must(o.SubmitClaim(t.Context(), o.ask("partner:1001"), "A"))
	for actor, sees := range map[string]bool{
		"partner:1001/x": true, "partner:900/x": true, "partner:1002/x": false, "partner:800/x": false,
		"customer:contoso/x": true, "owner:CONTOSO/x": true, "customer:fabrikam/x": false,
		"identity:contoso/obj": false, "person:p1": false, "person:claim:workload/contoso/teams": false,
		"reviewer:r": true, "operator:o": true, "vendor:v": true, "system:s": true,
	} {
		ask := o.ask(actor)
		view, err := o.View(t.Context(), ask.Actor, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, read := o.Claim(t.Context(), view, "A")
		_, story := o.History(t.Context(), view, store.Thing{Kind: "claim", ID: "A"})
		_, act := o.DeclineClaim(t.Context(), ask, "A")
		_, _, file := o.Evidence(t.Context(), ask.Actor, "A", "1")
		for what, err := range map[string]error{"read": read, "story": story, "act": act, "file": file} {
			if hidden := store.IsNotFound(err); hidden == sees {
				t.Errorf("%s %s: %v", actor, what, err)
			}
		}
		if listed := len(slices.Collect(ids(o.Claims(t.Context(), view, store.Query{})))) == 1; listed != sees {
			t.Errorf("%s lists it: %v", actor, listed)
		}
	}
}

func ids(items record.Items[claim.Claim]) func(func(string) bool) {
	return func(yield func(string) bool) {
		for item, err := range items {
			if err != nil || !yield(item.Value.ID) {
				return
			}
		}
	}
}

func TestFilesLargerThanAllowedAreCutOff(t *testing.T) {
	o := newOffice(t)
	o.draft("A", "1001", "Teams")
	big := &endless{}
	_, err := o.AddEvidence(t.Context(), o.ask("partner:1001"), "A", record.File{Name: "big.pdf", Content: big})
	if kizuna.CodeOf(err) != "evidence-size" || big.read > 20<<20 {
		t.Errorf("%v after %d bytes", err, big.read)
	}
}

type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestACommentDoesNotOutliveItsErasureInAnyDigest(t *testing.T) {
	o := newOffice(t)
	ask := o.ask("partner:1001/aya")
	ask.Comment, ask.Key = "Aya was here", "k"
	form := record.ClaimForm{Location: "1001", Tenant: "contoso", Workload: "Teams", Area: claim.ModernWork, Role: "usage"}
	o.must(o.CreateClaim(t.Context(), ask, "A", form))
	again, err := o.CreateClaim(t.Context(), ask, "A", form)
	if err != nil || !again.Repeated {
		t.Fatalf("the key answers what it answered: %v", err)
	}
	ask.Comment = "Somebody else was here"
	if _, err := o.CreateClaim(t.Context(), ask, "A", form); kizuna.CodeOf(err) != "key-reused" {
		t.Errorf("another comment is another command: %v", err)
	}
	if _, err := o.PersonErase(t.Context(), o.ask("operator:ops"), "partner:1001/aya"); err != nil {
		t.Fatal(err)
	}
	trail, err := o.store.Trail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(trail.Trail, audit.Check{Key: make([]byte, 32), Now: *o.at})
	if err != nil || !report.Intact {
		t.Errorf("the trail does not hold: %+v %v", report, err)
	}
}

func FuzzMediaTypeOf(f *testing.F) {
	f.Add([]byte("%PDF-1.7"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if kind := record.MediaTypeOf(data); !strings.Contains(kind, "/") {
			t.Errorf("%q", kind)
		}
	})
}
