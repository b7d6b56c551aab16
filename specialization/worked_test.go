package specialization_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/specialization"
	"github.com/kizuna-org/kizuna/usage"
)

// whole covers everything.
type whole struct{}

func (whole) Usage(program.Quantity, program.Family) (kizuna.Month, bool) { return 0, true }
func (whole) Certifications() bool                                        { return true }

// Each case is a world in words: "TENANT MONTH WORKLOAD AMOUNT", dollars with $, active
// users without; and "PERSON CERTIFICATE". Every customer is associated by all types.
// Lacking are the requirements that are not met.
var worked = []struct{ name, ref, id, day, world, lacking string }{
	{"three customers, the sums just reached", "mcpp@2023-10", "infra-database-migration", "2023-11-01", `
a 2023-08 Windows Server VM $28000; b 2023-09 Windows Server VM $1000; c 2023-10 Windows Server VM $1000
a 2023-10 Linux VM $5000; b 2023-10 Linux VM $5000; c 2023-10 Linux VM $5000
a 2023-10 SQL VM $6000; b 2023-10 SQL Database $2000; c 2023-10 SQL Managed Instance $1000
a 2023-10 Azure Cosmos DB $4499.99; b 2023-10 Azure Database for MySQL $0.005; c 2023-10 Azure Database for MariaDB $0.005`, ""},
	{"a cent less, two customers, too little managed, a month too early", "mcpp@2023-10", "infra-database-migration", "2023-11-01", `
a 2023-08 Windows Server VM $27999.99; b 2023-09 Windows Server VM $1000; c 2023-10 Windows Server VM $1000
a 2023-10 Linux VM $10000; b 2023-10 Linux VM $5000
a 2023-10 SQL VM $6000.01; b 2023-10 SQL Database $1999.99; c 2023-10 SQL Managed Instance $1000
a 2023-07 Azure Cosmos DB $4500; b 2023-10 Azure Database for MySQL $1; c 2023-10 Azure Database for MariaDB $1`,
		"windows-server-vms, linux-vms, sql-databases, open-databases"},
	{"a thousand users more, five customers of five users", "mcpp@2026-07", "microsoft-365-copilot", "2026-08-10", `
a 2025-07 M365 Copilot 200; a 2026-07 M365 Copilot 1180; b 2026-07 Microsoft 365 Copilot 5; c 2026-07 M365 Copilot 5; d 2026-07 M365 Copilot 5; e 2026-07 M365 Copilot 5; f 2026-07 M365 Copilot 5
p1 SC-401; p2 SC-401; p3 SC-401; p4 SC-401; p5 applied-skill-copilot-security
p1 AB-100; p2 AB-620; p3 AB-620; p4 AB-620; p5 AB-620`, ""},
	{"the same with one customer of four users, and a user more", "mcpp@2026-07", "microsoft-365-copilot", "2026-08-10", `
a 2025-07 M365 Copilot 4; a 2026-07 M365 Copilot 985; b 2026-07 M365 Copilot 5; c 2026-07 M365 Copilot 5; d 2026-07 M365 Copilot 5; e 2026-07 M365 Copilot 4
p1 SC-401; p2 SC-401; p3 SC-401; p4 SC-401; p1 applied-skill-copilot-security
p1 AB-100; p2 AB-620; p3 AB-620; p4 AB-620; p5 AB-620`, "net_customer_adds, security-skills"},
	{"a customer that was counted a year before is no new one", "mcpp@2026-07", "microsoft-365-copilot", "2026-08-10", `
a 2025-07 M365 Copilot 5; a 2026-07 M365 Copilot 1100; b 2026-07 M365 Copilot 5; c 2026-07 M365 Copilot 5; d 2026-07 M365 Copilot 5; e 2026-07 M365 Copilot 5`,
		"net_customer_adds, security-skills, agent-skills"},
	{"six and four, who may be the same", "mcpp@2026-07", "data-security", "2026-08-10", `
a 2026-07 Microsoft Purview Information Protection 2500
p1 SC-401; p2 SC-401; p3 SC-401; p4 SC-401; p5 SC-401; p6 SC-401
p1 applied-skill-retention; p2 applied-skill-retention; p3 applied-skill-information-protection; p4 applied-skill-copilot-security`, ""},
	{"a user, a person and a skill less", "mcpp@2026-07", "data-security", "2026-08-10", `
a 2026-07 Microsoft Purview Information Protection 2499
p1 SC-401; p2 SC-401; p3 SC-401; p4 SC-401; p5 SC-401
p1 applied-skill-retention; p2 applied-skill-retention; p3 applied-skill-information-protection`, "usage_growth, administrators, applied-skills"},
	{"pathway one: two customers, a flow, an app of five users", "mcpp@2026-07", "agentic-business-solutions", "2026-08-10",
		"a 2026-07 Power Automate 1; b 2026-07 Power App 5", ""},
	{"pathway one with an app of four users", "mcpp@2026-07", "agentic-business-solutions", "2026-08-10",
		"a 2026-07 Power Automate 1; b 2026-07 Power Apps 4", "app"},
	{"pathway two: two customers of ten thousand dollars", "mcpp@2026-07", "agentic-business-solutions", "2026-08-10",
		"a 2025-08 Copilot Studio $4000; a 2026-07 Copilot Studio PAYG $6000; b 2026-01 Copilot Studio $10000", ""},
	{"half of each pathway is none", "mcpp@2026-07", "agentic-business-solutions", "2026-08-10",
		"a 2026-07 Copilot Studio $10000; b 2026-07 Power Automate 1", "customers, app"},
	{"fifteen percent and fifteen customers", "mcpp@2026-07", "smb-management", "2026-08-10",
		"a 2025-07 Business Central 100; a 2026-07 Business Central 101; " + customers(14, "2026-07 Business Central 1"), "deployments"},
	{"35 percent until 26 March 2026", "mcpp@2023-12", "smb-management", "2026-03-26",
		"a 2025-02 Business Central 100; a 2026-02 Business Central 115; " + customers(15, "2026-02 Business Central 1"), "usage_growth"},
	{"15 percent and 15 customers from 27 March 2026 on", "mcpp@2023-12", "smb-management", "2026-03-27",
		"a 2025-02 Business Central 100; a 2026-02 Business Central 115; " + customers(15, "2026-02 Business Central 1"), ""},
}

func customers(n int, each string) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("c", i, " ", each))
	}
	return strings.Join(all, "; ")
}

// world makes facts of words.
func world(t *testing.T, text string) *score.Facts {
	t.Helper()
	f := &score.Facts{Coverage: whole{}, People: &people.Facts{}}
	a := &association.Facts{Locations: []association.Location{{ID: "L1", Global: "G1", During: kizuna.Always}}}
	var rows []usage.Row
	seen := make(map[string]bool)
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		w := strings.Fields(item)
		switch {
		case len(w) == 0:
			continue
		case len(w) == 2:
			if !seen[w[0]] {
				f.People.People = append(f.People.People, people.Person{ID: w[0], MCID: w[0]})
				f.People.Links = append(f.People.Links, people.ProfileLink{MCID: w[0], Location: "L1", During: kizuna.Always})
			}
			earned := day("2020-01-01")
			f.People.Certifications = append(f.People.Certifications, people.Certification{MCID: w[0], Certificate: w[1], EarnedOn: &earned})
		default:
			tenant, workload, amount := w[0], strings.Join(w[2:len(w)-1], " "), w[len(w)-1]
			if !seen[tenant] {
				a.Subscriptions = append(a.Subscriptions, association.Subscription{ID: "s" + tenant, Tenant: tenant, Product: "Azure", During: kizuna.Always})
				a.Appointments = append(a.Appointments, association.Appointment{Subscription: "s" + tenant, Location: "L1", During: kizuna.Always})
				a.Claims = append(a.Claims, association.Claim{ID: tenant, Location: "L1", Tenant: tenant, Subscription: "s" + tenant, Role: association.UsageRole, During: kizuna.Always})
				a.Links = append(a.Links, association.Link{Tenant: tenant, Object: "o", Location: "L1", During: kizuna.Always})
				a.Assignments = append(a.Assignments, association.Assignment{Tenant: tenant, Object: "o", Role: "Contributor", Scope: "/subscriptions/s" + tenant, During: kizuna.Always})
			}
			row := usage.Row{Tenant: tenant, Subscription: "s" + tenant, Workload: workload, Channel: "CSP"}
			var err error
			if row.Month, err = kizuna.ParseMonth(w[1]); err != nil {
				t.Fatal(err)
			}
			if money, ok := strings.CutPrefix(amount, "$"); ok {
				dollars, err := kizuna.ParseDecimal(money)
				if err != nil {
					t.Fatal(err)
				}
				row.Revenue = &dollars
			} else {
				users, err := strconv.ParseInt(amount, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				row.ActiveUsers = &users
			}
			rows = append(rows, row)
		}
		seen[w[0]] = true
	}
	f.Associations, f.Usage = a, usage.Collect(rows)
	return f
}

// The figures are those of the clear form of the rules and of the kernel alike.
func TestRequirementsAreMetExactlyAtTheirThresholds(t *testing.T) {
	programs, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range worked {
		t.Run(c.name, func(t *testing.T) {
			p, err := program.Find(programs, c.ref)
			if err != nil {
				t.Fatal(err)
			}
			on := day(c.day)
			f := world(t, c.world)
			q := score.Question{Program: p.ForSpecializations(on), AsOf: on, Specializations: true}
			figures, ok := score.Ask(q, f).Result("G1").Accounts[0].Value.Areas.Get(c.id)
			if !ok {
				t.Fatal("its requirements are not known")
			}
			terms := p.Specialization(c.id).TermsOn(on)
			found := specialization.Assess(terms, on, func(string) bool { return true }, figures, nil)
			if got := strings.Join(found.Lacking, ", "); got != c.lacking {
				t.Errorf("lacking: %s, want %s", got, c.lacking)
			}
			if figures.Qualified != (c.lacking == "") {
				t.Errorf("all points are earned: %v", figures.Qualified)
			}
			sameByKernel(t, q, f)
		})
	}
}

func sameByKernel(t *testing.T, q score.Question, f *score.Facts) {
	t.Helper()
	plan := attribution.NewPlan(q.Program, q.AsOf)
	var out bytes.Buffer
	if _, err := segment.Build(segment.NewBuilder(&out), &f.Facts); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	v, err := segment.NewView(s)
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Compile(plan, "")
	if err != nil {
		t.Fatal(err)
	}
	totals, err := k.Run(context.Background(), v, kernel.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := attribution.NewBook(plan, &f.Facts).Total()
	got := totals.Contribution()
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("the kernel counts %v, the book %v", got, want)
	}
}

// A specialization is nothing but an area of another program: whatever scores areas
// scores it to the same end.
func TestOnlyKnownSpecializationsAreScored(t *testing.T) {
	programs, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Find(programs, "mcpp@2026-07")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range p.ForSpecializations(day("2026-08-10")).Areas {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	if got := strings.Join(ids, " "); got != "agentic-business-solutions data-security infra-database-migration microsoft-365-copilot smb-management" {
		t.Errorf("got %s", got)
	}
}
