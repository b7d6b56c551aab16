package benefit

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/program"
)

// Open is the state of a bundle of which something was used. What there is of it the
// membership tells.
const Open lifecycle.State = "used"

// The actions.
const (
	Redeem  lifecycle.Action = "redeem"  // use some of a benefit
	Restore lifecycle.Action = "restore" // take a redemption back that was a mistake
	Assign  lifecycle.Action = "assign"  // hand some of a benefit to a location
	Recall  lifecycle.Action = "recall"  // take what a location has left back
)

// Used is what was used of a bundle: a thing of the record.
type Used struct {
	Account string          `json:"account"` // of the bundle
	First   kizuna.Date     `json:"first"`
	Owner   string          `json:"owner,omitempty"` // whose it is: another than Account after a merge
	State   lifecycle.State `json:"state,omitempty"`
	// Frozen are the quantities of the items that were ever used, as they were then:
	// "core/advisory-hours".
	Frozen  map[string]Quantity `json:"quantities,omitempty"`
	Entries []Entry             `json:"entries,omitempty"`
}

// Quantity is how much of an item there is.
type Quantity struct {
	program.Allowance
	Unit    string `json:"unit,omitempty"`
	Monthly bool   `json:"monthly,omitempty"`
}

// Entry is a use of an item.
type Entry struct {
	N        int              `json:"n"` // counts from 1
	Action   lifecycle.Action `json:"action"`
	On       kizuna.Date      `json:"on"`
	Item     string           `json:"item"`               // "core/advisory-hours"
	Location string           `json:"location,omitempty"` // whose share; "": the account's own
	Quantity int64            `json:"quantity"`
	Of       int              `json:"of,omitempty"` // Restore: the redemption
}

// Step is what somebody does with a bundle.
type Step struct {
	Action   lifecycle.Action `json:"action"`
	Actor    lifecycle.Actor  `json:"actor"`
	On       kizuna.Date      `json:"on"`
	Item     string           `json:"item,omitempty"`
	Location string           `json:"location,omitempty"`
	Quantity int64            `json:"quantity,omitempty"`
	Of       int              `json:"of,omitempty"`
}

// Terms is what a step stands on.
type Terms struct {
	Term     Term
	Packages []Package
	// Owner is the account that has the bundle on the day: the one that paid, or the one
	// that this merged into. Locations are those under it.
	Owner     string
	Locations []string
}

// Case is what the machine's guards look at.
type Case struct {
	Used  Used
	Step  Step
	Terms Terms
}

// Machine returns the table of who may do what with a bundle.
func Machine() *lifecycle.Machine[Case] {
	type guard = lifecycle.Guard[Case]
	lasts := guard{Name: "the bundle lasts", Check: lasts}
	order := guard{Name: "not before the last step", Check: inOrder}
	holds := guard{Name: "the bundle holds the item", Check: holds}
	own := guard{Name: "the location is the account's", Check: ownLocation}
	named := guard{Name: "a location is named", Check: named}
	account := guard{Name: "the account itself hands out", Check: byAccount}
	share := guard{Name: "it is the actor's share", Check: ownShare}
	some := guard{Name: "a quantity above 0", Check: some}
	given := guard{Name: "the quantity is known", Check: given}
	enough := guard{Name: "enough is left", Check: enough}
	entry := guard{Name: "the redemption is there", Check: thereIs}
	partner := []lifecycle.Role{lifecycle.Partner, lifecycle.Operator}
	operator := []lifecycle.Role{lifecycle.Operator, lifecycle.Vendor}
	m := &lifecycle.Machine[Case]{Name: "benefit", States: []lifecycle.State{lifecycle.None, Open}}
	for _, from := range m.States {
		m.Table = append(m.Table,
			lifecycle.Transition[Case]{From: from, Action: Redeem, By: partner, To: Open, Guards: []guard{some, lasts, order, holds, own, share, given, enough}},
			lifecycle.Transition[Case]{From: from, Action: Assign, By: partner, To: Open, Guards: []guard{some, lasts, order, holds, named, own, account, given, enough}},
		)
	}
	m.Table = append(m.Table,
		lifecycle.Transition[Case]{From: Open, Action: Recall, By: partner, To: Open, Guards: []guard{some, lasts, order, holds, named, account, given, enough}},
		lifecycle.Transition[Case]{From: Open, Action: Restore, By: operator, To: Open, Guards: []guard{lasts, order, entry}},
	)
	return m
}

func lasts(c Case) error {
	t := &c.Terms.Term
	if c.Step.On >= t.First && c.Step.On <= t.Last {
		return nil
	}
	return kizuna.Errorf("benefit-over", "the bundle %s is from %s to %s; %s is not in it", t.ID(), t.First, t.Last, c.Step.On).
		WithMend("see kizuna benefit list for the bundles of that day")
}

// inOrder: what was left on a day is settled by the steps up to it.
func inOrder(c Case) error {
	if n := len(c.Used.Entries); n > 0 {
		return lifecycle.InOrder(c.Step.Action, c.Step.On.Instant(), c.Used.Entries[n-1].On.Instant())
	}
	return nil
}

func some(c Case) error {
	if c.Step.Quantity > 0 {
		return nil
	}
	return kizuna.Errorf("benefit-quantity", "a quantity of %d is nothing", c.Step.Quantity).WithMend("name a whole number above 0")
}

func holds(c Case) error {
	if _, ok := c.Terms.item(c.Step.Item, c.Step.On); ok {
		return nil
	}
	return kizuna.Errorf("benefit-none", "the bundle %s holds no %q on %s", c.Terms.Term.ID(), c.Step.Item, c.Step.On).
		WithMend("see kizuna benefit list")
}

func named(c Case) error {
	if c.Step.Location != "" {
		return nil
	}
	return kizuna.Errorf("benefit-nobody", "no location is named").WithMend("name a location of the account")
}

func ownLocation(c Case) error {
	if c.Step.Location == "" || contains(c.Terms.Locations, c.Step.Location) {
		return nil
	}
	return kizuna.Errorf("benefit-location", "%q is no location of account %s", c.Step.Location, c.Terms.Owner).
		WithMend("name a location of the account: benefits are handed to no other")
}

func byAccount(c Case) error {
	if a := c.Step.Actor; a.Role != lifecycle.Partner || association.Fold(a.Company) == association.Fold(c.Terms.Owner) {
		return nil
	}
	return kizuna.Errorf("benefit-not-account", "%s is not of the global account %s, which has the benefits", c.Step.Actor, c.Terms.Owner).
		WithMend("only the account hands benefits to its locations")
}

// ownShare: the account uses any share, a location its own.
func ownShare(c Case) error {
	a := c.Step.Actor
	if byAccount(c) == nil || association.Fold(a.Company) == association.Fold(c.Step.Location) {
		return nil
	}
	return kizuna.Errorf("benefit-not-yours", "%s cannot use what %q has", a, c.Step.Location).
		WithMend("a location uses what it was handed: name it with --location")
}

func given(c Case) error {
	if q, _ := c.quantity(); q.Known {
		return nil
	}
	return kizuna.Errorf("benefit-not-given", "how much there is of %q is not given by %s", c.Step.Item, c.Terms.program(c.Step.Item)).
		WithMend("write its quantity: into a program file of your own, and name it with --program-file")
}

// enough: no balance goes below 0.
func enough(c Case) error {
	q, _ := c.quantity()
	of := c.Step.Location
	if c.Step.Action == Assign {
		of = "" // from the account's own
	}
	if q.Unlimited && of == "" {
		return nil
	}
	if left := c.Used.balance(c.Step.Item, of, q, c.Step.On).Left; left < c.Step.Quantity {
		whose := of
		if whose == "" {
			whose = c.Terms.Owner
		}
		return kizuna.Errorf("benefit-not-enough", "%s has %d of %q left, not %d", whose, left, c.Step.Item, c.Step.Quantity).
			WithMend("use less, or wait for what comes next")
	}
	return nil
}

func thereIs(c Case) error {
	i := slices.IndexFunc(c.Used.Entries, func(e Entry) bool { return e.N == c.Step.Of && e.Action == Redeem })
	again := slices.ContainsFunc(c.Used.Entries, func(e Entry) bool { return e.Action == Restore && e.Of == c.Step.Of })
	if i >= 0 && !again {
		return nil
	}
	return kizuna.Errorf("benefit-redemption", "there is no redemption %d that could be restored", c.Step.Of).
		WithMend("see kizuna benefit history")
}

// item finds an item of the packages that had come in by a day.
func (t *Terms) item(name string, on kizuna.Date) (*program.Benefit, bool) {
	for i := range t.Packages {
		p := &t.Packages[i]
		if p.Since > on {
			continue
		}
		for j := range p.Items {
			if p.Name()+"/"+p.Items[j].ID == name {
				return &p.Items[j], true
			}
		}
	}
	return nil, false
}

func (t *Terms) program(item string) string {
	for i := range t.Packages {
		for j := range t.Packages[i].Items {
			if t.Packages[i].Name()+"/"+t.Packages[i].Items[j].ID == item {
				return t.Packages[i].Program
			}
		}
	}
	return ""
}

// quantity is how much there is of the step's item: what it was when it was first used.
func (c *Case) quantity() (Quantity, bool) {
	if q, ok := c.Used.Frozen[c.Step.Item]; ok {
		return q, true
	}
	item, ok := c.Terms.item(c.Step.Item, c.Step.On)
	if !ok {
		return Quantity{}, false
	}
	return quantityOf(item), true
}

func quantityOf(b *program.Benefit) Quantity { return Quantity{b.Quantity, b.Unit, b.Monthly} }

// Balance is what somebody has of an item on a day.
type Balance struct {
	Location string `json:"location,omitempty"` // "": the account's own
	// Given is what there is in all; of a location what it was handed; of the account's
	// own, without what it handed out. Used is what was used of it.
	Given int64 `json:"given"`
	Used  int64 `json:"used"`
	Left  int64 `json:"left"`
	// Unlimited: there is no end to it, and Given and Left say nothing.
	Unlimited bool `json:"unlimited,omitempty"`
}

// balance is what somebody has of an item on a day, by the steps up to it. Where the
// quantity is monthly, uses count in their month alone.
func (u *Used) balance(item, location string, q Quantity, on kizuna.Date) Balance {
	b := Balance{Location: location, Unlimited: q.Unlimited && location == ""}
	same := association.Fold(location)
	if location == "" {
		b.Given = q.Amount
	}
	for i := range u.Entries {
		e := &u.Entries[i]
		if e.Item != item || e.On > on {
			continue
		}
		used := e
		if e.Action == Restore {
			used = &u.Entries[e.Of-1]
		}
		mine := association.Fold(e.Location) == same
		counts := mine && (!q.Monthly || used.On.Month() == on.Month())
		switch {
		case e.Action == Assign && mine, e.Action == Recall && location == "":
			b.Given += e.Quantity
		case e.Action == Recall && mine, e.Action == Assign && location == "":
			b.Given -= e.Quantity
		case e.Action == Redeem && counts:
			b.Used += e.Quantity
		case e.Action == Restore && counts:
			b.Used -= e.Quantity
		}
	}
	if b.Unlimited {
		b.Given = 0
		return b
	}
	b.Left = b.Given - b.Used
	return b
}

// Apply does a step: what was used afterwards and what happened. A step that is refused
// changes nothing.
func Apply(u Used, s Step, t Terms) (Used, []lifecycle.Event, error) {
	c := Case{u, s, t}
	state, err := Machine().Next(u.State, s.Action, s.Actor.Role, c)
	if err != nil {
		return u, nil, err
	}
	u.State, u.Account, u.First, u.Owner = state, t.Term.Account, t.Term.First, t.Owner
	e := Entry{N: len(u.Entries) + 1, Action: s.Action, On: s.On, Item: s.Item, Location: s.Location, Quantity: s.Quantity, Of: s.Of}
	if s.Action == Restore {
		of := u.Entries[s.Of-1]
		e.Item, e.Location, e.Quantity = of.Item, of.Location, of.Quantity
	}
	if _, frozen := u.Frozen[e.Item]; !frozen {
		q, _ := c.quantity()
		all := map[string]Quantity{e.Item: q}
		for item, of := range u.Frozen {
			all[item] = of
		}
		u.Frozen = all
	}
	u.Entries = append(slices.Clone(u.Entries), e)
	detail := map[string]string{"bundle": t.Term.ID(), "item": e.Item, "quantity": kizuna.Int(e.Quantity).String()}
	if e.Location != "" {
		detail["location"] = e.Location
	}
	types := map[lifecycle.Action]string{Redeem: "benefit.redeemed", Restore: "benefit.restored", Assign: "benefit.assigned", Recall: "benefit.recalled"}
	return u, []lifecycle.Event{{Type: types[s.Action], Detail: detail}}, nil
}

// Redeemed reports whether anything was used and not restored.
func (u *Used) Redeemed() bool {
	n := 0
	for i := range u.Entries {
		switch u.Entries[i].Action {
		case Redeem:
			n++
		case Restore:
			n--
		}
	}
	return n > 0
}

// Held is an item of a bundle, with what is left of it.
type Held struct {
	Item     string       `json:"item"` // "core/advisory-hours"
	Package  Package      `json:"package"`
	Benefit  string       `json:"benefit"`
	Name     program.Text `json:"name"`
	Quantity Quantity     `json:"quantity"`
	Balances []Balance    `json:"balances,omitempty"` // the account's own, then those of locations; none if not given
	Basis    string       `json:"basis,omitempty"`
	Lost     bool         `json:"lost,omitempty"` // the bundle is over: what was left is gone
	Until    kizuna.Date  `json:"until"`
}

// Holdings lists the items of a bundle on a day with what is left of each.
func Holdings(u *Used, t *Terms, on kizuna.Date) []Held {
	var out []Held
	for i := range t.Packages {
		p := &t.Packages[i]
		if p.Since > on {
			continue
		}
		for j := range p.Items {
			b := &p.Items[j]
			h := Held{Item: p.Name() + "/" + b.ID, Package: *p, Benefit: b.ID, Name: b.Name, Quantity: quantityOf(b), Basis: string(b.Provenance.Basis), Lost: on > t.Term.Last, Until: t.Term.Last}
			if q, frozen := u.Frozen[h.Item]; frozen {
				h.Quantity = q
			}
			if h.Quantity.Known {
				h.Balances = append(h.Balances, u.balance(h.Item, "", h.Quantity, on))
			}
			for _, location := range u.sharers(h.Item) {
				h.Balances = append(h.Balances, u.balance(h.Item, location, h.Quantity, on))
			}
			out = append(out, h)
		}
	}
	return out
}

// sharers lists the locations that were handed some of an item.
func (u *Used) sharers(item string) []string {
	var out []string
	for _, e := range u.Entries {
		if e.Item == item && e.Location != "" && !contains(out, e.Location) {
			out = append(out, e.Location)
		}
	}
	return out
}

func contains(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(other string) bool { return association.Fold(other) == association.Fold(id) })
}
