// Package advice says what would be if facts were others: the contribution of the
// changed facts, less what they contribute as they are. Every piece of advice is made of
// that: what is missing, what will lapse, what to do next.
//
// [New] lays the facts of a question out for one account; [Base.Evaluate] answers for
// changed facts by evaluating the customers that they touch, and equals a score of the
// changed facts as a whole ([Changes.Apply]), to the last integer.
package advice

import (
	"iter"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/score"
)

// Usage yields every customer that has usage, in the order of their ids. It numbers texts
// by the names that it is given. What it yields is not changed afterwards.
type Usage func(names segment.Names) iter.Seq2[*Customer, error]

// Packed is usage that lies packed.
type Packed struct {
	Patch     *segment.Patch // that numbers its texts
	Customers iter.Seq2[*PackedCustomer, error]
}

// PackedCustomer is a customer's record, and what its resources are about. It is not
// changed afterwards.
type PackedCustomer struct {
	ID     string // folded
	Record segment.Record
	About  []association.Resource
}

// Facts are what advice is given on. They must not change.
type Facts struct {
	Associations *association.Facts
	People       *people.Facts
	Coverage     score.Coverage
	Usage        Usage
	// Packed, if set, is the same usage as it lies packed, together with what the
	// associations say of it. Each call packs customers with numbers of their own.
	Packed func() *Packed
	// Always are changes that every answer assumes, one after the other, such as how usage
	// goes on.
	Always []*Changes
}

// Base is the facts of one question, laid out for one account and ready to be changed.
// It is for one goroutine.
type Base struct {
	Question score.Question
	Account  string
	Plan     *attribution.Plan

	given     *Facts
	facts     *Facts // with the associations and people that are always assumed
	register  *register
	index     *association.Index // of locations
	desk      *kernel.Desk
	customers map[string]*customer // by folded id
	ids       []string             // in order
	users     map[string][]string  // customers by folded subscription
	total     attribution.Contribution

	people    *people.Facts // those that may concern the account
	roster    *people.Roster
	scorer    score.Scorer
	evaluator *score.Evaluator
	now       *Outcome
}

// customer is a customer of the base, packed.
type customer struct {
	about  []association.Resource
	packed *kernel.Packed
	gives  attribution.Contribution // to the account
}

// Outcome is what an account comes to.
type Outcome struct {
	// Total is what all customers contribute to the account.
	Total attribution.Contribution
	// Roster is who counts on the day.
	Roster *people.Roster
	// Customers are those that were evaluated anew, folded, and what each contributes
	// to the account now.
	Customers map[string]attribution.Contribution

	base    *Base
	people  *people.Facts // that the roster was made of
	figures *score.Figures
}

// New lays out facts. Account is a global account's id.
func New(q score.Question, account string, f *Facts) (*Base, error) {
	given := f
	f, err := settled(f)
	if err != nil {
		return nil, err
	}
	plan := attribution.NewPlan(q.Program, q.AsOf)
	k, err := kernel.Compile(plan, q.Trust)
	if err != nil {
		return nil, err
	}
	b := &Base{
		Question: q, Account: account, Plan: plan, given: given, facts: f, register: newRegister(f.Associations),
		customers: make(map[string]*customer),
		users:     make(map[string][]string), total: make(attribution.Contribution),
		index: association.NewIndex(&association.Facts{Locations: f.Associations.Locations}, association.Question{Program: q.Program, AsOf: q.AsOf}),
	}
	if f.Packed != nil {
		err = b.take(k, f.Packed())
	} else {
		b.desk = k.Desk(f.Associations.Locations)
		err = b.pack()
	}
	if err != nil {
		return nil, err
	}
	b.people = b.concerned(f.People)
	b.roster = b.rosterOf(b.people)
	b.scorer = score.Scorer{Plan: plan, Roster: b.roster, Coverage: f.Coverage}
	b.evaluator = b.scorer.Sheet().Evaluator()
	b.now = &Outcome{Total: b.total, Roster: b.roster, base: b, people: b.people}
	return b, nil
}

// settled returns facts with the associations and people of what is always assumed in
// them, so that only usage is left of it.
func settled(f *Facts) (*Facts, error) {
	out := *f
	for _, c := range f.Always {
		seen := make(endings, len(c.End))
		out.Associations = c.changed(out.Associations, seen.see)
		out.People = c.changedPeople(out.People, seen.see)
		if err := seen.missed(c); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// pack compiles, packs and evaluates every customer.
func (b *Base) pack() error {
	compiler := segment.NewCompiler(b.desk.Names(), b.facts.Associations, nil)
	for c, err := range b.facts.Usage(b.desk.Names()) {
		if err == nil {
			err = b.compile(c, compiler)
		}
		if err != nil {
			return err
		}
	}
	return b.packed(compiler)
}

// take evaluates every customer that is packed already. If something is always assumed,
// they are packed anew.
func (b *Base) take(k *kernel.Kernel, p *Packed) error {
	b.desk = k.DeskOver(p.Patch, b.facts.Associations.Locations)
	compiler := segment.NewCompiler(b.desk.Names(), b.facts.Associations, nil)
	for c, err := range p.Customers {
		if err != nil {
			return err
		}
		packed := b.desk.Take(c.ID, c.Record)
		if len(b.facts.Always) > 0 {
			err = b.compile(&Customer{b.desk.Unpack(packed), c.About}, compiler)
		} else {
			err = b.add(c.ID, packed, c.About)
		}
		if err != nil {
			return err
		}
	}
	return b.packed(compiler)
}

// compile compiles and packs a customer, with what is always assumed of its usage.
func (b *Base) compile(c *Customer, compiler *segment.Compiler) error {
	for _, always := range b.facts.Always {
		if always.ofUsageOf(c.ID) {
			c = always.consumedBy(c, b.desk.Names())
		}
	}
	t := *c.Tenant
	t.Resources = slices.Clone(t.Resources)
	compiler.Say(&t, c.About)
	packed, err := b.desk.Pack(&t)
	if err != nil {
		return err
	}
	return b.add(c.ID, packed, c.About)
}

// add evaluates a customer.
func (b *Base) add(id string, packed *kernel.Packed, about []association.Resource) error {
	gives, err := b.desk.Contribution(packed, b.Account)
	if err != nil {
		return err
	}
	b.customers[id] = &customer{about, packed, gives}
	b.ids = append(b.ids, id)
	for _, s := range subscriptionsOf(about) {
		b.users[s] = append(b.users[s], id)
	}
	b.total.Add(gives)
	return nil
}

// packed ends with customers of whom nothing but what is assumed is known.
func (b *Base) packed(compiler *segment.Compiler) error {
	for _, always := range b.facts.Always {
		for i := range always.Usage {
			if id := association.Fold(always.Usage[i].Tenant); b.customers[id] == nil {
				if err := b.compile(none(id), compiler); err != nil {
					return err
				}
			}
		}
	}
	slices.Sort(b.ids)
	return nil
}

// none is a customer without usage.
func none(id string) *Customer { return &Customer{Tenant: &segment.Tenant{ID: id}} }

// Now returns what the account comes to with the facts as they are.
func (b *Base) Now() *Outcome { return b.now }

// Customers lists the customers that have usage, by folded id, in order.
func (b *Base) Customers() []string { return b.ids }

// About returns what a customer's resources are about, in order; nil if it has no usage.
func (b *Base) About(tenant string) []association.Resource {
	if c := b.customers[association.Fold(tenant)]; c != nil {
		return c.about
	}
	return nil
}

// Customer returns a customer as it is; nil if it has no usage. Its texts are numbered
// by [Base.Dictionary].
func (b *Base) Customer(tenant string) *Customer {
	c := b.customers[association.Fold(tenant)]
	if c == nil {
		return nil
	}
	return &Customer{b.desk.Unpack(c.packed), c.about}
}

// Dictionary returns what numbers in customers mean.
func (b *Base) Dictionary() segment.Dictionary { return b.desk.Dictionary() }

// Contribution returns what a customer contributes to the account as facts are.
func (b *Base) Contribution(tenant string) attribution.Contribution {
	if c := b.customers[association.Fold(tenant)]; c != nil {
		return c.gives
	}
	return nil
}

// Associations returns the facts of associations that concern a customer.
func (b *Base) Associations(tenant string) *association.Facts {
	out := b.register.of(tenant, b.About(tenant))
	out.Locations = b.facts.Associations.Locations
	return out
}

// Products tells the products of the subscriptions that concern a customer, by folded id.
func (b *Base) Products(tenant string) map[string]string {
	out := make(map[string]string)
	f := b.Associations(tenant)
	for i := range f.Subscriptions {
		out[association.Fold(f.Subscriptions[i].ID)] = f.Subscriptions[i].Product
	}
	return out
}

// Facts returns what the base was made of.
func (b *Base) Facts() *Facts { return b.facts }

// People returns the facts of people that may concern the account: whoever is linked to
// a location of it on the day or at any other time.
func (b *Base) People() *people.Facts { return b.people }

// Index returns the account structure on the question's day.
func (b *Base) Index() *association.Index { return b.index }

// Evaluate returns what the account would come to. The errors: "change-selects-nothing",
// an ending ends no fact; "change-unknown-customer", usage changes of a customer that has
// none; and those of [New], which is what other locations need.
func (b *Base) Evaluate(c *Changes) (*Outcome, error) {
	if len(c.Associations.Locations) > 0 {
		return b.anew(c)
	}
	seen := make(endings, len(c.End))
	out := &Outcome{base: b, Total: b.total, Roster: b.roster, people: b.people}
	if err := b.evaluateCustomers(c, out, seen); err != nil {
		return nil, err
	}
	if c.ofPeople() {
		out.people = b.concerned(c.changedPeople(b.facts.People, seen.see))
		out.Roster = b.rosterOf(out.people)
	}
	return out, seen.missed(c)
}

// evaluateCustomers evaluates the customers that changes touch.
func (b *Base) evaluateCustomers(c *Changes, out *Outcome, seen endings) error {
	var touched []string
	if c.ofAssociations() {
		touched = b.register.touched(c, func(s string) []string { return b.users[s] }, seen)
	}
	if c.ofUsage() {
		for _, id := range b.ids {
			if c.ofUsageOf(id) {
				touched = append(touched, id)
			}
		}
		for i := range c.Usage {
			touched = append(touched, association.Fold(c.Usage[i].Tenant))
		}
		slices.Sort(touched)
		touched = slices.Compact(touched)
	}
	if len(touched) == 0 {
		return nil
	}
	out.Total = maps.Clone(b.total)
	out.Customers = make(map[string]attribution.Contribution, len(touched))
	for _, id := range touched {
		of := b.customers[id]
		if of == nil && !c.ofUsageOf(id) {
			continue // nothing counts of customers without usage
		}
		gives, err := b.contribution(id, of, c)
		if err != nil {
			return err
		}
		out.Customers[id] = gives
		if of != nil {
			out.Total.Sub(of.gives)
		}
		out.Total.Add(gives)
	}
	return nil
}

// contribution evaluates a customer under changed facts; of is nil if it has no usage yet.
func (b *Base) contribution(id string, of *customer, c *Changes) (attribution.Contribution, error) {
	var packed *kernel.Packed
	var err error
	if added := &c.Associations; of == nil || c.ofUsageOf(id) ||
		len(added.Customers) > 0 || len(added.Subscriptions) > 0 || len(added.Ownerships) > 0 {
		// What is said of its resources may be something else.
		t := none(id)
		if of != nil {
			t = &Customer{b.desk.Unpack(of.packed), of.about}
		}
		t = c.consumedBy(t, b.desk.Names())
		b.compiler(id, t.About, c).Say(t.Tenant, t.About)
		packed, err = b.desk.Pack(t.Tenant)
	} else {
		packed, err = b.desk.Reached(of.packed, b.compiler(id, of.about, c).Reaches(id, of.about))
	}
	if err != nil {
		return nil, err
	}
	return b.desk.Contribution(packed, b.Account)
}

// compiler compiles a customer under changed facts.
func (b *Base) compiler(id string, about []association.Resource, c *Changes) *segment.Compiler {
	return segment.NewCompiler(b.desk.Names(), c.changed(b.register.of(id, about), func(int) {}), nil)
}

// anew evaluates changes on which every customer depends.
func (b *Base) anew(c *Changes) (*Outcome, error) {
	f := *b.given
	f.Always = append(slices.Clip(f.Always), c)
	other, err := New(b.Question, b.Account, &f)
	if err != nil {
		return nil, err
	}
	return other.now, nil
}

// concerned returns the facts of people that may concern the account.
func (b *Base) concerned(f *people.Facts) *people.Facts {
	profiles := make(map[string]bool)
	for i := range f.Links {
		if of, ok := b.index.AccountAt(f.Links[i].Location); ok && of == b.Account {
			profiles[f.Links[i].MCID] = true
		}
	}
	if len(profiles) == 0 {
		return new(people.Facts)
	}
	out := new(people.Facts)
	for i := range f.People {
		if profiles[f.People[i].MCID] {
			out.People = append(out.People, f.People[i])
		}
	}
	for i := range f.Links {
		if profiles[f.Links[i].MCID] {
			out.Links = append(out.Links, f.Links[i])
		}
	}
	for i := range f.Certifications {
		if profiles[f.Certifications[i].MCID] {
			out.Certifications = append(out.Certifications, f.Certifications[i])
		}
	}
	return out
}

func (b *Base) rosterOf(f *people.Facts) *people.Roster {
	return people.NewRoster(f, b.Question.Program, b.Question.AsOf, b.index.AccountAt)
}

// Outcome returns what the account would come to if its customers contributed that in
// total, and if these were the people of whom something is known.
func (b *Base) Outcome(total attribution.Contribution, f *people.Facts) *Outcome {
	return &Outcome{base: b, Total: total, Roster: b.rosterOf(f), people: f}
}

// Base returns what the outcome is one of. It is not the base that was asked if the
// account structure would be another.
func (o *Outcome) Base() *Base { return o.base }

// People returns the facts of people that may concern the account.
func (o *Outcome) People() *people.Facts { return o.people }

// Contributions yields what each customer contributes to the account, in the order of the ids.
func (o *Outcome) Contributions() iter.Seq2[string, attribution.Contribution] {
	return func(yield func(string, attribution.Contribution) bool) {
		ids := o.base.ids
		for id := range o.Customers {
			if o.base.customers[id] == nil {
				ids = append(slices.Clip(ids), id)
			}
		}
		if len(ids) > len(o.base.ids) {
			slices.Sort(ids)
		}
		for _, id := range ids {
			gives, ok := o.Customers[id]
			if !ok {
				gives = o.base.customers[id].gives
			}
			if len(gives) > 0 && !yield(id, gives) {
				return
			}
		}
	}
}

// Score returns the account's score with all that there is to say about it.
func (o *Outcome) Score() *score.Account {
	s := o.base.scorer
	s.Roster = o.Roster
	return s.Account(o.base.Account, o.Total)
}

// Figures returns the account's score in numbers, which [Outcome.Score] gives too.
func (o *Outcome) Figures() *score.Figures {
	if o.figures == nil {
		b := o.base
		o.figures = &b.evaluator.Figures(1)[0]
		var counts []int32
		if n, ok := o.Roster.Number(b.Account); ok {
			counts = o.Roster.Counts(n)
		}
		b.evaluator.Evaluate(o.figures, b.Plan.Values(nil, b.Account, o.Total), counts)
	}
	return o.figures
}

// endings says of endings which facts they end: whether there is any.
type endings []bool

func (e endings) see(n int) { e[n] = true }

func (e endings) missed(c *Changes) error {
	if n := slices.Index(e, false); n >= 0 {
		s := c.End[n].String()
		return kizuna.Errorf("change-selects-nothing", "there is nothing to end in %s", s).
			WithMend("correct the ids, or leave the ending out")
	}
	return nil
}
