package partnercenter_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
	"github.com/kizuna-org/kizuna/usage/partnercenter"
)

var update = flag.Bool("update", false, "write what the readers say into testdata/*.want")

// account is a sink that writes down what it is told, row by row.
type account struct {
	b                    strings.Builder
	kept, aside, refused int
}

func (a *account) line(format string, args ...any) { fmt.Fprintf(&a.b, format+"\n", args...) }

func (a *account) Usage(r *usage.Row) {
	var figures, asserted []string
	add := func(to *[]string, set bool, format string, value any) {
		if set {
			*to = append(*to, fmt.Sprintf(format, value))
		}
	}
	if r.Revenue != nil {
		add(&figures, true, "$%v", *r.Revenue)
	}
	if r.PaidSeats != nil {
		add(&figures, true, "%d seats", *r.PaidSeats)
	}
	if r.ActiveUsers != nil {
		add(&figures, true, "%d users", *r.ActiveUsers)
	}
	if r.Units != nil {
		add(&figures, true, "%v units", *r.Units)
	}
	for i, flag := range []*bool{r.Asserted.DuplicateForAccount, r.Asserted.DuplicateForType, r.Asserted.DuplicateForLocation} {
		if flag != nil {
			asserted = append(asserted, fmt.Sprintf("dup%d=%v", i, *flag))
		}
	}
	if r.Asserted.SourceRow != "" {
		asserted = append(asserted, fmt.Sprintf("one=%q", r.Asserted.SourceRow))
	}
	a.line("  usage %v tenant %.8s subscription %.8s %q channel %q: %s; %s %s %s",
		r.Month, r.Tenant, r.Subscription, r.Workload, r.Channel, strings.Join(figures, ", "),
		r.Asserted.Location, r.Asserted.Type, strings.Join(asserted, " "))
}

func (a *account) Facts(records ...any) {
	for _, record := range records {
		switch r := record.(type) {
		case association.Customer:
			a.line("  customer %.8s %s, %s, %q", r.Tenant, r.Name, r.Country, r.Segment)
		case association.Subscription:
			a.line("  subscription %.8s of %.8s: %s by %q %v..%v", r.ID, r.Tenant, r.Product, r.Agreement, r.During.From, r.During.To)
		case association.Location:
			a.line("  location %s of %s: %s, %s", r.ID, r.Global, r.Name, r.Country)
		case association.Claim:
			a.line("  claim %s of %s: tenant %.8s %q %s %v..%v", r.ID, r.Location, r.Tenant, r.Workload, r.Role, r.During.From, r.During.To)
		case association.Resale:
			a.line("  resale %s of %.8s by %s %v..%v", r.Tier, r.Subscription, r.Location, r.During.From, r.During.To)
		case association.Appointment:
			a.line("  appointment of %s on %.8s %v..%v", r.Location, r.Subscription, r.During.From, r.During.To)
		case people.Person:
			a.line("  person %s %s profile %s", r.ID, r.Name, r.MCID)
		case people.ProfileLink:
			a.line("  profile %s linked to %s %v..%v", r.MCID, r.Location, r.During.From, r.During.To)
		case people.Certification:
			expires := "never"
			if r.ExpiresOn != nil {
				expires = r.ExpiresOn.String()
			}
			a.line("  certificate %s of %s earned %v expires %s", r.Certificate, r.MCID, *r.EarnedOn, expires)
		default:
			a.line("  ? %T", r)
		}
	}
}

func (a *account) Kept(kizuna.Ref) {
	a.kept++
	a.line("kept")
}

func (a *account) SetAside(s intake.Aside) {
	a.aside++
	a.line("%d: %s %q", s.At.Line, s.Reason, s.Detail)
	if s.Amount != nil {
		a.line("  %v %s", *s.Amount, s.Unit)
	}
}

func (a *account) Refuse(err *kizuna.Error) {
	a.refused++
	a.line("%v %s", kizuna.Ref{File: "refused", Line: err.At.Line, Column: err.At.Column}, err.Code)
}

func readAll(t testing.TB, data []byte) (partnercenter.Kind, partnercenter.Report, *account) {
	t.Helper()
	r, err := table.Open(bytes.NewReader(data), "report", table.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	kind, _, ok := partnercenter.Detect(r.Header())
	if !ok {
		t.Fatalf("not detected: %q", r.Header())
	}
	a := new(account)
	report, err := partnercenter.Read(context.Background(), kind, r, a)
	if err != nil {
		t.Fatal(err)
	}
	return kind, report, a
}

func reports(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"testdata/*.csv", "testdata/*.tsv"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatal("no reports in testdata")
	}
	return files
}

// Each file is named KIND-VINTAGE, and stands beside what should become of it.
func TestEveryReportOfEveryVintageBecomesWhatItShould(t *testing.T) {
	for _, file := range reports(t) {
		base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(base, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			kind, report, a := readAll(t, data)
			if !strings.HasPrefix(base, string(kind)) || !strings.Contains(base, report.Description.Vintage) {
				t.Errorf("taken for %s of %s", kind, report.Description.Vintage)
			}
			if report.Rows != a.kept {
				t.Errorf("%d rows reported, %d kept", report.Rows, a.kept)
			}
			got := fmt.Sprintf("%+v\n%s", report.Description, a.b.String())
			golden := "testdata/" + base + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if rows := bytes.Count(data, []byte("\n")) - 1; a.kept+a.aside+a.refused != rows {
				t.Errorf("%d rows, but %d kept, %d set aside, %d refused", rows, a.kept, a.aside, a.refused)
			}
		})
	}
}

func TestHeadersOfOtherFilesAreNotTakenForReports(t *testing.T) {
	for _, header := range []string{
		"month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd,active_users,paid_seats,units",
		"claim_id,location_id,tenant_id,workload,subscription_id,role,approved_on,ended_on",
		"person_id,name,mcid",
		"BilledCost,BillingCurrency,ChargeCategory,ChargePeriodEnd,ChargePeriodStart,EffectiveCost,ProviderName,ServiceName,SubAccountId",
		"",
	} {
		if kind, _, ok := partnercenter.Detect(strings.Split(header, ",")); ok {
			t.Errorf("%s is taken for %s", header, kind)
		}
	}
}

func TestAReportWithoutItsColumnsIsRefusedByName(t *testing.T) {
	for kind, code := range map[partnercenter.Kind]string{partnercenter.AzureUsage: "partnercenter-column", "gossip": "partnercenter-kind"} {
		r, err := table.Open(strings.NewReader("Month,SubscriptionId\n"), "report", table.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := partnercenter.Read(context.Background(), kind, r, new(account)); kizuna.CodeOf(err) != code {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

const azureHeader = "PGAMpnID,MPNID,CustomerTenantId,SubscriptionId,Month,ServiceLevel2,PartnerAttributionType,AdminType,ACR_USD\n"

func TestMonthsAreReadInAllTheirForms(t *testing.T) {
	for month, want := range map[string]string{
		"2023-10": "2023-10", "2023-10-01": "2023-10", "20231001": "2023-10", "202310": "2023-10",
		"10/1/2023": "2023-10", "10/01/2023": "2023-10", "2023/10/01": "2023-10",
		"2023-10-01T00:00:00": "2023-10", "2023-10-01 00:00:00.000": "2023-10", "10/1/2023 12:00:00 AM": "2023-10",
		"October 2023": "2023-10", "October, 2023": "2023-10", "Oct-2023": "2023-10",
		"FY24-Oct": "2023-10", "FY2024 October": "2023-10", "FY24-Jan": "2024-01", "FY24-July": "2023-07",
		"1/10/2023": "", "13/1/2023": "", "2023-13": "", "2023": "", "": "", "Octopus 2023": "", "FY-Oct": "",
		"2023-02-30": "", "20231301": "", "Oc 2023": "", "-": "", "////": "",
	} {
		_, _, a := readAll(t, []byte(azureHeader+"1,2,T,S,\""+month+"\",Storage,PAL,Owner,1\n"))
		if want == "" {
			if a.refused != 1 || !strings.Contains(a.b.String(), "partnercenter-month") {
				t.Errorf("%q: %s", month, a.b.String())
			}
			continue
		}
		if a.kept != 1 || !strings.Contains(a.b.String(), "usage "+want+" ") {
			t.Errorf("%q: %s, want %s", month, a.b.String(), want)
		}
	}
}

func TestAttributionTypesAreKnownInAllTheirSpellings(t *testing.T) {
	for spelled, want := range map[string]string{
		"Partner admin link": "PAL", "PartnerAdminLink": "PAL", "PAL": "PAL", "Partner Admin Link (PAL)": "",
		"Partner of record": "DPOR", "Digital partner of record": "DPOR", "POR": "DPOR",
		"CSP Tier 1": "CSP-T1", "CSP T1": "CSP-T1", "csp_tier_1": "CSP-T1", "CSP Tier 2": "CSP-T2",
		"Transacting partner of record": "TPOR", "TPOR": "TPOR", "CPOR": "CPOR-OSU", "CPOR - OSA": "CPOR-OSA",
		"CPOR RevRec Performance": "CPOR-RevRec",
	} {
		_, _, a := readAll(t, []byte(azureHeader+"1,2,T,S,2023-10,Storage,"+spelled+",Owner,1\n"))
		if got := a.b.String(); want == "" != strings.Contains(got, "partnercenter-attribution") || want != "" && !strings.Contains(got, "; 2 "+want+" ") {
			t.Errorf("%s: %s, want %s", spelled, got, want)
		}
		if want == "" {
			continue
		}
		if _, ok := program.TypeOf(want); !ok {
			t.Errorf("%s is no type of programs", want)
		}
	}
}

func TestTheIDOfALocationIsFoundInEverySpelling(t *testing.T) {
	for _, column := range []string{"MPNId", "MpnId", "MPNID", "MpnID", "MPN ID", "PartnerID", "Partner_Id"} {
		_, _, a := readAll(t, []byte(strings.Replace(azureHeader, "MPNID,Cust", column+",Cust", 1)+"1,2,T,S,2023-10,Storage,PAL,Owner,1\n"))
		if !strings.Contains(a.b.String(), "; 2 PAL") {
			t.Errorf("%s: %s", column, a.b.String())
		}
	}
}

// A link of an identity that may only look is listed by Microsoft and earns nothing.
func TestReaderLinksAreSetAsideWithTheirAmount(t *testing.T) {
	for role, counts := range map[string]bool{"Owner": true, "Contributor": true, "": true, "Reader": false, "Billing Reader": false, "Security reader": false} {
		_, _, a := readAll(t, []byte(azureHeader+"1,2,T,S,2023-10,Storage,PAL,"+role+",1.5\n"))
		if counts != (a.kept == 1) || !counts && !strings.Contains(a.b.String(), "1.5 USD") {
			t.Errorf("%q: %s", role, a.b.String())
		}
	}
	// Other associations do not go through roles.
	if _, _, a := readAll(t, []byte(azureHeader+"1,2,T,S,2023-10,Storage,CSP T1,Reader,1.5\n")); a.kept != 1 {
		t.Error(a.b.String())
	}
}

// Every certificate of every program must be found by its title and by its id.
func TestEveryCertificateOfTheProgramsIsFoundByTitleAndByCode(t *testing.T) {
	const header = "TrainingTitle,TrainingType,TrainingCompletionDate,MCPID,MPNId\n"
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		for id, c := range p.Certificates {
			for _, title := range []string{c.Name, id, "Microsoft Certified: " + c.Name} {
				_, _, a := readAll(t, []byte(header+`"`+title+`",Certification,2023-05-12,m,1`+"\n"))
				if !strings.Contains(a.b.String(), "certificate "+id+" of") {
					t.Errorf("%s: %q is not known as %s: %s", p.Ref(), title, id, a.b.String())
				}
			}
		}
	}
}

func TestATornReportIsAnErrorOfTheWhole(t *testing.T) {
	r, err := table.Open(strings.NewReader(azureHeader+"1,2,T,S,2023-10,Storage,PAL,Owner,1\n"+strings.Repeat("x", 3000)), "report", table.Limits{MaxLine: 1000})
	if err != nil {
		t.Fatal(err)
	}
	report, err := partnercenter.Read(context.Background(), partnercenter.AzureUsage, r, new(account))
	if kizuna.CodeOf(err) != "record-long" || report.Rows != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

// Whatever stands in a report: no panic, and every row is accounted for.
func FuzzRead(f *testing.F) {
	for _, file := range reports(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	limits := table.Limits{MaxLine: 10_000, MaxBytes: 1 << 18, MaxColumns: 200}
	f.Fuzz(func(t *testing.T, data []byte) {
		open := func() *table.Reader {
			r, err := table.Open(bytes.NewReader(data), "f", limits)
			if err != nil {
				t.Skip()
			}
			return r
		}
		r := open()
		kind, _, ok := partnercenter.Detect(r.Header())
		if !ok {
			return
		}
		a := new(account)
		if _, err := partnercenter.Read(context.Background(), kind, r, a); err != nil {
			if kizuna.CodeOf(err) == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		rows := 0
		for count := open(); ; rows++ {
			if _, err := count.Next(); err == io.EOF {
				break
			}
		}
		if a.kept+a.aside+a.refused != rows {
			t.Fatalf("%d rows, %d kept, %d set aside, %d refused", rows, a.kept, a.aside, a.refused)
		}
	})
}
