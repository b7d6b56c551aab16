package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/blob/memory"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/live"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/imports"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/postgres"
	"github.com/kizuna-org/kizuna/store/postgres/postgrestest"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// world is a store with imported files and a record, at a time that the test sets.
type world struct {
	testing.TB
	rand    *rand.Rand
	open    func() store.Store // once more, as another process would
	store   store.Store
	blobs   *memory.Store
	files   string
	program []*program.Program

	mu  sync.Mutex
	now time.Time
}

// onEveryStore runs a test on each store.
func onEveryStore(t *testing.T, test func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newWorld(t, onSQLite(t))) })
	t.Run("postgres", func(t *testing.T) {
		dsn := postgrestest.New(t)
		test(t, newWorld(t, func(opts store.Options) (store.Store, error) { return postgres.Open(t.Context(), dsn, opts) }))
	})
}

func onSQLite(t testing.TB) func(store.Options) (store.Store, error) {
	file := filepath.Join(t.TempDir(), "record.db")
	return func(opts store.Options) (store.Store, error) { return sqlite.Open(context.Background(), file, opts) }
}

func newWorld(t testing.TB, open func(store.Options) (store.Store, error)) *world {
	t.Helper()
	w := &world{TB: t, rand: rand.New(rand.NewPCG(1, 2)), blobs: new(memory.Store), files: t.TempDir()}
	w.now = time.Date(2023, 10, 2, 9, 0, 0, 0, time.UTC)
	w.open = func() store.Store {
		s, err := open(store.Options{Migrate: true, Clock: w.clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	w.store = w.open()
	var err error
	if w.program, err = program.Builtin(); err != nil {
		t.Fatal(err)
	}
	return w
}

// clock goes on a little each time that somebody looks at it.
func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) record(s store.Store) *record.Record {
	return record.New(s, w.blobs, "mcpp", w.program, record.WithClock(w.clock), record.WithImports(imports.Known{}))
}

func (w *world) shelf(s store.Store) *imports.Shelf {
	return &imports.Shelf{Store: s, Blobs: w.blobs, Name: "record", View: store.View{Scope: store.Everything},
		Actor: lifecycle.Actor{Role: lifecycle.Operator, ID: "o"}}
}

func (w *world) place() live.Place {
	return live.Place{Shelf: w.shelf(w.store), Record: w.record(w.store)}
}

// asked is the question of most tests, under the program of an index.
func (w *world) asked(number int) live.Question {
	return func(c dataset.Coverage) (score.Question, error) {
		day, ok := c.AsOf()
		if !ok {
			return score.Question{}, fmt.Errorf("nothing is covered")
		}
		return score.Question{Program: w.program[number], AsOf: day}, nil
	}
}

func (w *world) follow(opts live.Options) *live.Totals {
	w.Helper()
	t, err := live.Open(context.Background(), w.place(), w.asked(len(w.program)-2), opts)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = t.Close() })
	return t
}

// imports takes tables into a store.
func (w *world) imports(s store.Store, tables map[string][]string) {
	w.Helper()
	dir, err := os.MkdirTemp(w.files, "")
	if err != nil {
		w.Fatal(err)
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		file := filepath.Join(dir, name+".csv")
		files = append(files, file)
		if err := os.WriteFile(file, []byte(strings.Join(tables[name], "\n")+"\n"), 0o666); err != nil {
			w.Fatal(err)
		}
	}
	account, err := dataset.ImportTo(context.Background(), w.shelf(s), files, dataset.ImportOptions{})
	if err != nil {
		w.Fatal(err)
	}
	for _, f := range account.Files {
		if f.Status == dataset.FileRefused || len(f.Problems) > 0 {
			w.Fatalf("%s: %v %v", f.File, f.Error, f.Problems)
		}
	}
}

const tenants = 6

// subscriptionsOf a tenant: an Azure one with a CSP agreement, and one of another
// product.
func subscriptionsOf(tenant int) [2]string {
	return [2]string{fmt.Sprint("s", tenant, "a"), fmt.Sprint("s", tenant, "b")}
}

func group(name string) string { return "/providers/Microsoft.Management/managementGroups/" + name }

// furnish imports what a small program starts with.
func (w *world) furnish() {
	w.Helper()
	tables := map[string][]string{
		"partners":      {"location_id,global_id,name,country", "L1,G1,One,JP", "L2,G1,Two,JP", "L3,G2,Three,US", "L4,G3,Four,US"},
		"customers":     {"tenant_id,name,country,segment"},
		"subscriptions": {"subscription_id,tenant_id,product,agreement"},
		"usage":         {"month,tenant_id,subscription_id,scope,workload,revenue_usd,active_users,paid_seats"},
		"cpor_claims":   {"claim_id,location_id,tenant_id,workload,subscription_id,role,approved_on"},
		"role_assignments": {"tenant_id,object_id,principal_tenant_id,role,scope,from",
			"t1,team,,Owner,/subscriptions/s1a,2022-01-01", "t2,busy,msp,Contributor,/subscriptions/s2a,2022-01-01"},
		"group_members": {"tenant_id,group_id,object_id,from", "t1,team,ann,2022-01-01"},
		"pal_links":     {"tenant_id,object_id,location_id,from,to", "t1,ann,L1,2022-03-01,2023-10-10"},
		"dpor":          {"subscription_id,location_id,from", "s1a,L2,2022-01-01"},
		"csp":           {"subscription_id,tier,location_id,from,to", "s2a,T1,L3,2022-01-01,2023-10-12", "s2a,T2,L1,2022-01-01,"},
		"resource_owners": {"tenant_id,scope,object_id,relation,last_activity,from",
			"t3,/subscriptions/s3b/x/app,bob,owner,2023-09-01,2022-01-01"},
		"people":         {"person_id,name,mcid", "p1,Aiko,M1"},
		"profile_links":  {"mcid,location_id,from", "M1,L1,2022-01-01"},
		"certifications": {"mcid,certificate,earned_on", "M1,AZ-104,2023-01-01"},
	}
	add := func(table, format string, args ...any) {
		tables[table] = append(tables[table], fmt.Sprintf(format, args...))
	}
	for n := range tenants {
		subs := subscriptionsOf(n)
		add("customers", "T%d,Customer %d,JP,SMB", n, n)
		add("subscriptions", "%s,t%d,Azure,CSP", subs[0], n)
		add("subscriptions", "%s,t%d,Microsoft 365,", subs[1], n)
		for m, month := range []string{"2022-09", "2022-10", "2023-08", "2023-09", "2023-10"} {
			add("usage", "%s,t%d,%s,/subscriptions/%s/resourceGroups/rg,Virtual Machines,%d.%02d,,", month, n, subs[0], strings.ToUpper(subs[0]), 2000+700*m+13*n, 7*n)
			add("usage", "%s,t%d,%s,,Storage,%d,,", month, n, subs[0], 900+n)
			add("usage", "%s,T%d,%s,,Teams,,%d,%d", month, n, subs[1], 40+9*m+n, 200)
			add("usage", "%s,T%d,%s,,Exchange,,%d,%d", month, n, subs[1], 60+5*m+n, 200)
			add("usage", "%s,t%d,%s,/subscriptions/%s/x/app,Power App,,%d,%d", month, n, subs[1], subs[1], 5+m, 20)
		}
	}
	// Rows of one tenant on a subscription that another is said to have, with claims.
	add("usage", "2023-10,t5,s0a,,Storage,444,,")
	add("cpor_claims", "I1,L4,t0,,s0a,usage,2022-01-01")
	add("cpor_claims", "I2,L2,t4,Teams,,usage,2022-06-01")
	add("cpor_claims", "I3,L3,t1,Exchange,s1b,usage,2022-06-01")
	w.imports(w.store, tables)
}

// batch is what the clear form of the rules says of what was known at an instant.
func (w *world) batch(at live.At, q score.Question) (*score.Answer, attribution.Contribution) {
	w.Helper()
	shelf := w.shelf(w.store)
	shelf.View.KnownAt = at.KnownAt
	own := new(dataset.Dataset)
	var err error
	if own.Associations, own.People, err = w.record(w.store).Facts(context.Background(), shelf.View); err != nil {
		w.Fatal(err)
	}
	data, err := dataset.LoadShelf(context.Background(), shelf, dataset.Options{Own: own, Packed: true})
	if err != nil {
		w.Fatal(err)
	}
	answer := score.Ask(q, &score.Facts{
		Facts:  attribution.Facts{Associations: &data.Associations, Usage: data.Ledger, Rates: data.Rates},
		People: &data.People, Coverage: data.Coverage(),
	})
	return answer, answer.Book.Total()
}

// equal checks that the totals stand at an entry, or behind, and are there what the
// clear form says; the scores too.
func (w *world) equal(t *live.Totals, entry int64) {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := t.Wait(ctx, entry); err != nil {
		w.Fatalf("%v; %+v", err, t.Status())
	}
	got, at := t.Contribution()
	if head, _, err := w.store.Head(ctx, at.KnownAt); head != at.Entry || err != nil {
		w.Errorf("at %+v the head was %d, %v", at, head, err)
	}
	q := t.Status().Question
	answer, want := w.batch(at, q)
	if d := difference(want, got); d != "" {
		w.Fatalf("at entry %d:\n%s", at.Entry, d)
	}
	result := answer.Result()
	for _, account := range answer.Accounts() {
		s, err := t.Score(account)
		if err != nil {
			w.Fatal(err)
		}
		if s.At != at {
			continue // it has gone on
		}
		scored, ok := result.Accounts.Get(account)
		if !ok || !bytes.Equal(text(w, scored.Areas), text(w, s.Areas)) {
			w.Fatalf("%s at entry %d is\n%s\nnot\n%s", account, at.Entry, text(w, s.Areas), text(w, scored.Areas))
		}
	}
}

func text(t testing.TB, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func difference(want, got attribution.Contribution) string {
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	var out string
	for key := range keys {
		a, errA := json.Marshal(want[key])
		b, errB := json.Marshal(got[key])
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			out += fmt.Sprintf("%v: want %s, got %s\n", key, a, b)
		}
	}
	return out
}

// clerk gives random commands.
type clerk struct {
	*world
	*record.Record
	store store.Store
	done  map[string]int // commands that succeeded, by what they are
}

func (w *world) clerk(s store.Store) *clerk {
	return &clerk{w, w.record(s), s, make(map[string]int)}
}

func pick[T any](c *clerk, from ...T) T { return from[c.rand.IntN(len(from))] }

func (c *clerk) ask(actor string, args ...any) record.Ask {
	a, err := lifecycle.ParseActor(fmt.Sprintf(actor, args...))
	if err != nil {
		c.Fatal(err)
	}
	ask := record.Ask{Actor: a}
	if c.rand.IntN(3) == 0 { // it happened a while ago
		at := kizuna.MomentOf(c.clock().Add(-time.Duration(c.rand.IntN(300)) * time.Hour)).Instant()
		ask.At = &at
	}
	return ask
}

// act gives a command that may be refused, and returns its entry, 0 if it was.
func (c *clerk) act(ctx context.Context) int64 {
	tenant := c.rand.IntN(tenants)
	t, subs := fmt.Sprint("T", tenant), subscriptionsOf(tenant)
	location := pick(c, "L1", "L2", "L3", "L4")
	object, home := pick(c, "ann", "bob", "busy", "team"), ""
	if object == "busy" {
		home = "MSP"
	}
	scope := pick(c, "/subscriptions/"+subs[0], "/subscriptions/"+subs[1], "/", group("top"), group("low"), "/subscriptions/"+subs[0]+"/resourceGroups/RG")
	action, until := access.Grant, kizuna.Instant(0)
	if c.rand.IntN(3) == 0 {
		until = kizuna.MomentOf(c.clock().Add(24 * time.Hour)).Instant()
	}
	if c.rand.IntN(3) == 0 {
		action, until = access.Revoke, 0
	}
	name, entry, err := "", int64(0), error(nil)
	switch c.rand.IntN(14) {
	case 0, 1:
		name = "role"
		o, e := c.Access(ctx, c.ask("customer:%s/admin", t), action, record.Role{
			Tenant: t, Object: object, Home: home, Role: pick(c, "Owner", "Contributor", "Billing Reader"), Scope: scope}, until)
		entry, err = entryOf(o, e)
	case 2, 3:
		name = "link"
		who := fmt.Sprintf("identity:%s/%s", t, object)
		if home != "" {
			who = "identity:msp/busy"
		}
		o, e := c.Link(ctx, c.ask("%s", who), pick(c, pal.Create, pal.Update, pal.Delete, pal.Create), location)
		entry, err = entryOf(o, e)
	case 4:
		name = "member"
		o, e := c.Member(ctx, c.ask("customer:%s/admin", t), action, t, pick(c, "team", "all"), pick(c, "ann", "bob", "team"), 0)
		entry, err = entryOf(o, e)
	case 5:
		name = "place"
		o, e := c.Place(ctx, c.ask("customer:%s/admin", t), pick(c, access.Move, access.Move, access.Remove), t,
			pick(c, "/subscriptions/"+subs[0], "/subscriptions/"+subs[1], group("low")), pick(c, group("top"), group("low")))
		entry, err = entryOf(o, e)
	case 6, 12:
		name = "sale"
		o, e := c.Sale(ctx, c.ask("vendor:sales"), pick(c, csp.Sell, csp.Sell, csp.Transfer, csp.Transfer, csp.ChangeReseller, csp.Cancel), subs[0],
			csp.Parties{Seller: pick(c, "L3", "L1"), Reseller: pick(c, "", "L4")})
		entry, err = entryOf(o, e)
	case 7:
		name = "dpor"
		subscription := pick(c, subs[0], subs[1])
		owner := c.ask("owner:%s/boss", t)
		now := kizuna.MomentOf(c.clock()).Instant()
		shown, e := c.LookUpPartner(ctx, store.View{Scope: store.Everything}, owner.Actor, subscription, location, now)
		if err = e; err != nil {
			break
		}
		if c.rand.IntN(4) > 0 {
			o, e := c.Appoint(ctx, owner, subscription, location, shown.Token)
			entry, err = entryOf(o, e)
		} else {
			o, e := c.RemovePartner(ctx, owner, subscription)
			entry, err = entryOf(o, e)
		}
	case 8:
		name = "claim"
		entry, err = c.claimed(ctx, t, subs[1], location)
	case 9:
		name = "claim ends"
		for found, e := range c.Claims(ctx, store.View{Scope: store.Everything}, store.Query{Tenant: association.Fold(t)}) {
			if err = e; err != nil {
				break
			}
			if c.rand.IntN(2) == 0 {
				o, e := c.DeclineClaim(ctx, c.ask("customer:%s/x", t), found.Value.ID)
				entry, err = entryOf(o, e)
			} else {
				ask := c.ask("partner:%s/x", found.Value.Location)
				ask.Comment = "we leave"
				o, e := c.Disassociate(ctx, ask, found.Value.ID)
				entry, err = entryOf(o, e)
			}
			break
		}
	case 10:
		name = "person"
		mcid := pick(c, "M1", "M2", "M3")
		var e error
		if _, e = c.Invite(ctx, c.ask("partner:%s/hr", location), record.Invitation{MCID: mcid, Name: "Aiko"}); e == nil {
			var o *record.Outcome[record.Profile]
			o, e = c.Profile(ctx, c.ask("person:%s", mcid), profile.Link, mcid, location)
			entry, err = entryOf(o, e)
		}
		earned, ends := kizuna.NewDate(2023, 2, 1+c.rand.IntN(20)), kizuna.NewDate(2024, 2, 1)
		o, e := c.Certificate(ctx, c.ask("vendor:learn"), certificate.Earn, mcid, pick(c, "AZ-104", "AZ-305", "AI-102"), earned, &ends)
		if n, e := entryOf(o, e); e == nil {
			entry = n
		}
	case 13: // what was given for a time ends
		name = "clock"
		err = c.Tick(ctx, nil, func(r record.Rung) { entry = max(entry, r.Entry) })
	case 11:
		name = "subscription"
		o, e := c.Register(ctx, c.ask("vendor:sales"), record.Subscription{
			ID: subs[0], Tenant: t, Product: "Azure", Agreement: pick(c, "CSP", "CSP", "EA"), During: kizuna.Always})
		entry, err = entryOf(o, e)
	}
	if err != nil {
		if code := kizuna.CodeOf(err); code == "" || strings.HasPrefix(code, "store-") {
			c.Fatal(name, err)
		}
		return 0
	}
	if entry > 0 {
		c.done[name]++
	}
	return entry
}

func entryOf[T any](o *record.Outcome[T], err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return o.Entry, nil
}

// claimed takes a claim through to its approval.
func (c *clerk) claimed(ctx context.Context, tenant, subscription, location string) (int64, error) {
	form := record.ClaimForm{Location: location, Tenant: tenant, Area: claim.ModernWork, Role: "usage", Workload: pick(c, "Teams", "Exchange")}
	if c.rand.IntN(4) == 0 {
		form.Area, form.Subscription, form.Workload = claim.Business, subscription, ""
	}
	partner := record.Ask{Actor: c.ask("partner:%s/x", location).Actor}
	reviewer := record.Ask{Actor: c.ask("reviewer:r").Actor}
	o, err := c.CreateClaim(ctx, partner, "", form)
	if err != nil {
		return 0, err
	}
	id := o.Value.ID
	if _, err := c.AddEvidence(ctx, partner, id, record.File{
		Name: id + ".pdf", Content: strings.NewReader("%PDF-1.7 " + id), SignedOn: kizuna.NewDate(2023, 9, 1),
		Shows: []string{"partner", "customer", "acknowledgement", "description", "workloads"},
	}); err != nil {
		return 0, err
	}
	if _, err := c.SubmitClaim(ctx, partner, id); err != nil {
		return 0, err
	}
	if _, err := c.StartReview(ctx, reviewer, id); err != nil {
		return 0, err
	}
	return entryOf(c.ApproveClaim(ctx, reviewer, id))
}
