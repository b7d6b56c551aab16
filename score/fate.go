package score

import (
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/usage"
)

// Place is a component of a metric in an area's track.
type Place struct {
	Area      string `json:"area"`
	Track     string `json:"track"`
	Metric    string `json:"metric"`
	Component string `json:"component,omitempty"`
}

// places walks all components of the program with their measures.
func (a *Answer) places(visit func(at Place, number int)) {
	p := a.Question.Program
	for i := range p.Areas {
		area := &p.Areas[i]
		for j := range area.Metrics {
			for _, track := range area.Track.Tracks {
				rule := area.Metrics[j].Rules[track]
				for k := range rule.Components {
					c := &rule.Components[k]
					visit(Place{area.ID, track, area.Metrics[j].ID, c.ID}, a.Book.Plan.MeasureOf(c))
				}
			}
		}
	}
}

// RowFate is what becomes of a usage row: what it counts for whom, or by which
// clause it does not.
type RowFate struct {
	At       kizuna.Ref                `json:"at"`              // the first of its lines
	Added    int                       `json:"added,omitempty"` // how many more were added up in it
	Lines    []usage.Lines             `json:"lines,omitempty"` // all of them, once somebody has looked
	Tenant   string                    `json:"tenant,omitempty"`
	Name     string                    `json:"name,omitempty"`
	Resource attribution.ResourceOfRow `json:"resource,omitzero"`
	Refused  *kizuna.Error             `json:"refused,omitempty"` // the row is not counted at all
	Accounts []RowFateFor              `json:"accounts"`
}

// RowFateFor is a row's fate for one account.
type RowFateFor struct {
	Account string    `json:"account"`
	Places  []PlaceOf `json:"places"`
}

// PlaceOf is a row's fate in one place.
type PlaceOf struct {
	Place
	attribution.Line
}

// FateOfRow follows a row of the ledger. Without accounts it looks at those that
// any association ties to it.
func (a *Answer) FateOfRow(number int, accounts ...string) *RowFate {
	var row usage.Row
	a.Book.Row(number, &row)
	out := &RowFate{At: row.At, Added: row.Lines - 1, Tenant: row.Tenant, Name: a.Customer(row.Tenant), Accounts: []RowFateFor{}}
	for _, r := range a.Book.Refused() {
		if r.Number == number {
			out.Refused = r.Err
			return out
		}
	}
	found := a.Book.FindRow(number)
	out.Resource = found.Resource
	if len(accounts) == 0 {
		accounts = a.Book.AccountsOf(found)
	}
	for _, account := range accounts {
		lines := make(map[int]attribution.Line)
		fate := RowFateFor{Account: account}
		a.places(func(at Place, number int) {
			line, ok := lines[number]
			if !ok {
				line = a.Book.RowFate(found, account, number)
				lines[number] = line
			}
			fate.Places = append(fate.Places, PlaceOf{at, line})
		})
		out.Accounts = append(out.Accounts, fate)
	}
	return out
}

// CustomerFate is what a customer's usage comes to for an account.
type CustomerFate struct {
	Tenant  string           `json:"tenant"`
	Name    string           `json:"name,omitempty"`
	Account string           `json:"account"`
	Places  []CustomerFateIn `json:"places"`
}

// CustomerFateIn is a customer's contribution in one place, with how many rows
// met which clause.
type CustomerFateIn struct {
	Place
	Tally   attribution.Tally          `json:"tally"`
	Tests   []attribution.Test         `json:"tests,omitempty"`
	Clauses map[attribution.Clause]int `json:"clauses"`
}

// Associated reports whether some association of the account covers, or once
// covered, some of the usage.
func (f *CustomerFate) Associated() bool {
	for _, place := range f.Places {
		for clause := range place.Clauses {
			switch clause {
			case attribution.Counted, attribution.WrongType, attribution.NotInPeriod, attribution.NotAtMonthEnd:
				return true
			}
		}
	}
	return false
}

// FateOfCustomer follows all usage of a tenant for an account.
func (a *Answer) FateOfCustomer(tenant, account string) (*CustomerFate, error) {
	if !slices.ContainsFunc(a.Book.Tenants(), func(id string) bool { return association.Fold(id) == association.Fold(tenant) }) &&
		a.Book.Index().Customer(tenant) == nil {
		return nil, kizuna.Errorf("no-such-customer", "neither usage nor customers.csv knows the tenant %q", tenant).
			WithMend("name a tenant id")
	}
	out := &CustomerFate{Tenant: tenant, Name: a.Customer(tenant), Account: account}
	seen := make(map[int]*attribution.Trace)
	a.places(func(at Place, number int) {
		trace := seen[number]
		if trace == nil {
			trace = a.Book.Trace(tenant, account, number, true)
			seen[number] = trace
		}
		in := CustomerFateIn{Place: at, Tally: trace.Tally, Tests: trace.Tests, Clauses: make(map[attribution.Clause]int)}
		for _, line := range trace.Lines {
			in.Clauses[line.Clause]++
		}
		out.Places = append(out.Places, in)
	})
	return out, nil
}

// ClaimFate is what a claim comes to.
type ClaimFate struct {
	Claim    association.Claim `json:"claim"`
	Account  string            `json:"account,omitempty"`
	Type     string            `json:"type,omitempty"`
	Holds    bool              `json:"holds"`              // on the last second of M-1
	Problems []*kizuna.Error   `json:"problems,omitempty"` // why it can count for nobody
	Places   []ClaimFateIn     `json:"places"`             // that its type and workload can feed
	// Marginal is what the account would lose if the claim alone were absent.
	// Points do not add up over associations.
	Marginal []Effect `json:"marginal"`
}

// ClaimFateIn is what a claim does in one place.
type ClaimFateIn struct {
	Place
	Rows     int          `json:"rows"`     // that it helps to cover
	Credited kizuna.Micro `json:"credited"` // of these, alone or with other associations
}

// FateOfClaim follows a claim. The facts must be those that the question was asked of.
func (a *Answer) FateOfClaim(id string, f *Facts) (*ClaimFate, error) {
	i := slices.IndexFunc(f.Associations.Claims, func(c association.Claim) bool { return c.ID == id })
	if i < 0 {
		return nil, kizuna.Errorf("no-such-claim", "cpor_claims.csv has no claim %q", id).
			WithMend("name a claim_id")
	}
	claim := f.Associations.Claims[i]
	out := &ClaimFate{Claim: claim, Places: []ClaimFateIn{}, Marginal: []Effect{}}
	out.Account, _, _ = a.Book.Index().AccountOf(claim.Location)
	out.Holds = claim.During.Contains(a.Book.Plan.Last.Interval().To - 1)
	if claim.During.Empty() {
		out.Problems = append(out.Problems, kizuna.Errorf("claim-never-holds", "claim %s has no approval, or ended before it", id).
			WithMend("a claim counts from approved_on").WithRef(claim.At))
	}
	for _, finding := range a.Book.Findings() {
		if finding.At == claim.At {
			out.Problems = append(out.Problems, finding)
		}
	}
	if len(out.Problems) > 0 {
		return out, nil
	}
	out.Type = claimType(claim.Role).String()
	a.places(func(at Place, number int) {
		if in, feeds := a.claimIn(&claim, out.Account, at, number); feeds {
			out.Places = append(out.Places, in)
		}
	})
	without := *f
	associations := *f.Associations
	associations.Claims = slices.Delete(slices.Clone(associations.Claims), i, i+1)
	without.Associations = &associations
	before := a.Result(out.Account)
	if effects := Differences(before, Ask(a.Question, &without).Result(out.Account), out.Account); effects != nil {
		out.Marginal = effects
	}
	return out, nil
}

func claimType(role association.ClaimRole) program.Type {
	switch role {
	case association.PresalesRole:
		return program.CPORPresales
	case association.RevenueRole:
		return program.CPORRevenue
	}
	return program.CPORUsage
}

func (a *Answer) claimIn(claim *association.Claim, account string, at Place, number int) (ClaimFateIn, bool) {
	in := ClaimFateIn{Place: at}
	if !a.Book.Plan.Types(number).Has(claimType(claim.Role)) {
		return in, false
	}
	if claim.Workload != "" && !a.Book.Plan.TypesFor(number, claim.Workload, a.Book.Index().Product(claim.Subscription)).Has(claimType(claim.Role)) {
		return in, false
	}
	tenant := claim.Tenant
	if owner := a.Book.Index().TenantOf(claim.Subscription); owner != "" {
		tenant = owner
	}
	for _, line := range a.Book.Trace(tenant, account, number, false).Lines {
		helps := slices.ContainsFunc(line.Reaches, func(r attribution.ReachOfRow) bool {
			return r.Feeds && slices.ContainsFunc(r.Evidence, func(e association.Evidence) bool {
				return e.Kind == association.ByClaim && e.What == claim.ID
			})
		})
		if helps && line.Clause == attribution.Counted {
			in.Rows++
			in.Credited += line.Credited
		}
	}
	return in, true
}

// CertificateFate is what becomes of one certificate.
type CertificateFate struct {
	MCID        string        `json:"mcid"`
	Certificate string        `json:"certificate"`
	Person      string        `json:"person,omitempty"`
	Name        string        `json:"name,omitempty"`
	EarnedOn    *kizuna.Date  `json:"earned_on"`
	ExpiresOn   *kizuna.Date  `json:"expires_on"`
	Account     string        `json:"account,omitempty"`
	Clause      people.Clause `json:"clause"`
	At          kizuna.Ref    `json:"at"`
	Places      []Place       `json:"places"` // metrics that name it, as step or as counted
}

// FateOfCertificates follows the certificates of a person (person id or profile
// id), or the one that is named.
func (a *Answer) FateOfCertificates(person, certificate string) ([]CertificateFate, error) {
	var out []CertificateFate
	for _, v := range a.Roster.Verdicts() {
		mine := v.Certification.MCID == person || v.Person != nil && v.Person.ID == person
		if !mine || certificate != "" && v.Certification.Certificate != certificate {
			continue
		}
		fate := CertificateFate{
			MCID: v.Certification.MCID, Certificate: v.Certification.Certificate,
			EarnedOn: v.Certification.EarnedOn, ExpiresOn: v.Certification.ExpiresOn,
			Account: v.Account, Clause: v.Clause, At: v.Certification.At,
			Places: a.placesNaming(v.Certification.Certificate),
		}
		if v.Person != nil {
			fate.Person, fate.Name = v.Person.ID, v.Person.Name
		}
		out = append(out, fate)
	}
	if len(out) == 0 {
		return nil, kizuna.Errorf("no-such-certificate", "certifications.csv has no such certificate of %q", person).
			WithMend("name a person_id or an mcid, and a certificate such as AZ-104")
	}
	return out, nil
}

func (a *Answer) placesNaming(certificate string) []Place {
	places := []Place{}
	p := a.Question.Program
	for i := range p.Areas {
		area := &p.Areas[i]
		for j := range area.Metrics {
			for _, track := range area.Track.Tracks {
				rule := area.Metrics[j].Rules[track].PeopleOn(a.Question.AsOf)
				if rule == nil {
					continue
				}
				names := slices.Contains(rule.Counted, certificate)
				for _, step := range rule.Steps {
					names = names || slices.Contains(step.AnyOf, certificate)
				}
				if names {
					places = append(places, Place{area.ID, track, area.Metrics[j].ID, ""})
				}
			}
		}
	}
	return places
}

// Values returns a tally's values at a place in whole units.
func (a *Answer) Values(at Place, t attribution.Tally) attribution.Input {
	var in attribution.Input
	a.places(func(p Place, number int) {
		if p == at {
			in = a.Book.Plan.Input(number, t)
		}
	})
	return in
}
