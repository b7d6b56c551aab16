package program

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
)

// asked writes what terms ask for, a line each: who counts, up to where.
func asked(t *Terms) string {
	var lines []string
	for i := range t.Requirements {
		m := &t.Requirements[i]
		r := m.Rules[Single]
		for j := range r.People {
			p := &r.People[j]
			lines = append(lines, fmt.Sprintf("%s: %s people with %s", m.ID, r.Max.Div(p.PerPerson), strings.Join(p.Counted, "|")))
		}
		for j := range r.Components {
			c := &r.Components[j]
			line := fmt.Sprintf("%s %s: %s of %s %s by %s", m.ID, c.ID, c.Threshold, c.Measure.Change, c.Measure.Subject, c.Measure.Quantity)
			if c.Measure.Amount != nil {
				line += " " + c.Measure.Amount.String()
			}
			if c.Measure.Window.Kind == Trailing {
				line += fmt.Sprintf(" in %d months", c.Measure.Window.Months)
			}
			lines = append(lines, fmt.Sprintf("%s; %s: %s", line, c.Measure.Feeds[0].Workloads.List, c.Measure.Feeds[0].Types))
		}
	}
	for _, u := range t.Unknown {
		lines = append(lines, "? "+string(u))
	}
	return strings.Join(lines, "\n")
}

func TestTheSpecializationsThatAreKnownAskForWhatTheirPagesSay(t *testing.T) {
	for _, c := range []struct{ ref, id, day, validation, want string }{
		{"mcpp@2023-10", "infra-database-migration", "2023-10-20", "audit", `windows-server-vms revenue: 30000 of gross amount by revenue in 3 months; windows-vms: PAL, DPOR, CSP-T1, CSP-T2
windows-server-vms customers: 3 of gross tenants by revenue in 3 months; windows-vms: PAL, DPOR, CSP-T1, CSP-T2
linux-vms revenue: 15000 of gross amount by revenue in 3 months; linux-vms: PAL, DPOR, CSP-T1, CSP-T2
linux-vms customers: 3 of gross tenants by revenue in 3 months; linux-vms: PAL, DPOR, CSP-T1, CSP-T2
sql-databases revenue: 9000 of gross amount by revenue in 3 months; sql-databases: PAL, DPOR, CSP-T1, CSP-T2
sql-databases of_which_managed: 3000 of gross amount by revenue in 3 months; sql-managed: PAL, DPOR, CSP-T1, CSP-T2
sql-databases customers: 3 of gross tenants by revenue in 3 months; sql-databases: PAL, DPOR, CSP-T1, CSP-T2
open-databases revenue: 4500 of gross amount by revenue in 3 months; open-databases: PAL, DPOR, CSP-T1, CSP-T2
open-databases customers: 3 of gross tenants by revenue in 3 months; open-databases: PAL, DPOR, CSP-T1, CSP-T2
? skilling`},
		{"mcpp@2026-07", "microsoft-365-copilot", "2026-08-28", "audit", `usage_growth : 1000 of net amount by users; copilot: CPOR-OSU, CSP-T1, CSP-T2
net_customer_adds : 5 of net tenants by users >= 5; copilot: CPOR-OSU, CSP-T1, CSP-T2
security-skills: 5 people with SC-401|applied-skill-copilot-security
agent-skills: 5 people with AB-100|AB-620|applied-skill-copilot-studio-agents`},
		{"mcpp@2026-07", "data-security", "2026-07-30", "audit", `usage_growth : 2500 of net amount by users; purview: CPOR-OSU
administrators: 6 people with SC-401
applied-skills: 4 people with applied-skill-copilot-security|applied-skill-information-protection|applied-skill-retention`},
		{"mcpp@2023-12", "smb-management", "2026-03-26", "none", `usage_growth : 35 of percent amount by users; business-central: CPOR-OSU, DPOR
deployments : 10 of net tenants by users > 0; business-central: CPOR-OSU, DPOR
? skilling`},
		{"mcpp@2023-12", "smb-management", "2026-03-27", "none", `usage_growth : 15 of percent amount by users; business-central: CPOR-OSU, DPOR
deployments : 15 of net tenants by users > 0; business-central: CPOR-OSU, DPOR
? skilling`},
		{"mcpp@2026-07", "cloud-security", "2026-07-29", "references", "? performance\n? skilling\n? offers"},
		{"mcpp@2026-07", "cloud-security", "2026-07-30", "audit", "? performance\n? skilling\n? offers"},
	} {
		terms := builtin(t, c.ref).Specialization(c.id).TermsOn(day(t, c.day))
		if got := asked(terms); got != c.want || string(terms.Validation) != c.validation {
			t.Errorf("%s %s on %s: %s\n%s", c.ref, c.id, c.day, terms.Validation, got)
		}
	}
}

// The numbers of specializations are those that the program's pages list.
func TestEveryVersionListsItsSpecializations(t *testing.T) {
	for _, c := range []struct {
		ref, day       string
		offered, known int
	}{
		{"mcpp@2022-10", "2022-10-03", 26, 0},
		{"mcpp@2022-10", "2023-01-08", 26, 0},
		{"mcpp@2022-10", "2023-01-09", 25, 1},
		{"mcpp@2023-10", "2023-10-20", 31, 2},
		{"mcpp@2023-12", "2023-12-01", 31, 2},
		{"mcpp@2026-07", "2026-08-28", 27, 5},
	} {
		p := builtin(t, c.ref)
		offered := 0
		for i := range p.Specializations.List {
			s := &p.Specializations.List[i]
			if s.Name.EN == "" || s.Name.JA == "" {
				t.Errorf("%s: %s is called %+v", c.ref, s.ID, s.Name)
			}
			if s.OfferedOn(day(t, c.day)) {
				offered++
			}
		}
		if known := len(p.ForSpecializations(day(t, c.day)).Areas); offered != c.offered || known != c.known {
			t.Errorf("%s on %s: %d specializations, the requirements of %d known", c.ref, c.day, offered, known)
		}
	}
}

func TestARequirementIsWorthAnEqualShare(t *testing.T) {
	p := builtin(t, "mcpp@2026-07").ForSpecializations(day(t, "2026-08-28"))
	for i := range p.Areas {
		var sum kizuna.Fraction
		for _, m := range p.Areas[i].Metrics {
			rule := m.Rules[Single]
			if rule.Combine == Sum {
				var parts kizuna.Fraction
				for _, c := range rule.Components {
					parts = parts.Add(c.Max)
				}
				if len(rule.People) == 0 && parts.Cmp(rule.Max) != 0 {
					t.Errorf("%s, %s: the parts give %s of %s", p.Areas[i].ID, m.ID, parts, rule.Max)
				}
			}
			sum = sum.Add(rule.Max)
		}
		if sum.Cmp(p.Scoring.PassTotal) != 0 {
			t.Errorf("%s gives %s points", p.Areas[i].ID, sum)
		}
	}
}

func TestDesignationsEntitleByOneOrByAll(t *testing.T) {
	p := builtin(t, "mcpp@2026-07")
	for _, c := range []struct {
		id    string
		holds string
		want  bool
	}{
		{"microsoft-365-copilot", "security", true},
		{"microsoft-365-copilot", "data-ai", false},
		{"secure-ai-productivity", "security", false},
		{"secure-ai-productivity", "security modern-work", true},
	} {
		has := func(area string) bool { return slices.Contains(strings.Fields(c.holds), area) }
		if got := p.Specialization(c.id).TermsOn(day(t, "2026-08-28")).Entitled(has); got != c.want {
			t.Errorf("%s with %s: %v", c.id, c.holds, got)
		}
	}
}

func TestBenefitsAreKnownOrSaidToBeUnknown(t *testing.T) {
	for _, c := range []struct{ ref, pkg, item, want string }{
		{"mcpp@2022-10", "core", "advisory-hours", "50"},
		{"mcpp@2023-10", "azure", "azure-credit", "unknown"},
		{"mcpp@2023-10", "core", "technical-presales", "unlimited"},
		{"mcpp@2026-07", "modern-work", "copilot-credits", "25000"},
		{"mcpp@2026-07", "security-specialization", "incremental", "unknown"},
	} {
		item := builtin(t, c.ref).Benefits.Package(c.pkg).Item(c.item)
		if got := item.Quantity.String(); got != c.want {
			t.Errorf("%s %s/%s: %s", c.ref, c.pkg, c.item, got)
		}
	}
	caps := map[string]int{}
	for _, p := range builtin(t, "mcpp@2023-10").Benefits.Packages {
		if p.Group != "" {
			caps[p.Group] = p.AtMost
		}
	}
	if fmt.Sprint(caps) != "map[azure:5 business-applications:1 modern-work:3 security:3]" {
		t.Errorf("caps: %v", caps)
	}
}
