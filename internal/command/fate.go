package command

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/report"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/textgrid"
)

// fateCmd tells what became of a fact: where it counts, or by which clause it
// does not.
type fateCmd struct {
	Usage       fateUsageCmd       `cmd:"" help:"help.fate-usage"`
	Customer    fateCustomerCmd    `cmd:"" help:"help.fate-customer"`
	Claim       fateClaimCmd       `cmd:"" help:"help.fate-claim"`
	Certificate fateCertificateCmd `cmd:"" help:"help.fate-certificate"`
}

type fateUsageCmd struct {
	scenarioFlags
	Row     string `arg:"" placeholder:"FILE:LINE" help:"help.fate-row"`
	Partner string `name:"partner" placeholder:"ID" help:"help.partner"`
}

// Run follows a line of a usage file.
func (c *fateUsageCmd) Run(a *app) error {
	at, err := parseRef(c.Row)
	if err != nil {
		return err
	}
	in, err := c.ask(a)
	if err != nil {
		return err
	}
	var accounts []string
	if c.Partner != "" {
		account, _, err := in.answer.Resolve(c.Partner)
		if err != nil {
			return err
		}
		accounts = []string{account}
	}
	line, err := dataset.FateOfLine(a.Context, in.shelf, in.data.Ledger, at)
	if err != nil {
		return err
	}
	fate := lineFate{LineFate: line}
	for _, number := range line.Rows {
		fate.Rows = append(fate.Rows, in.answer.FateOfRow(number, accounts...))
	}
	if err := in.nameLines(a.Context, fate.named()); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, fate)
	}
	a.sayLine(in, fate)
	return nil
}

// lineFate is what became of a line, and of the rows that it is part of.
type lineFate struct {
	*dataset.LineFate
	Rows []*score.RowFate `json:"rows,omitempty"`
}

func (f *lineFate) named() []named {
	var rows []named
	for _, r := range f.Rows {
		rows = append(rows, named{[]kizuna.Ref{r.At}, r.Added, &r.Lines})
	}
	return rows
}

func parseRef(s string) (kizuna.Ref, error) {
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		if line, err := strconv.Atoi(s[i+1:]); err == nil && line > 0 {
			return kizuna.Ref{File: s[:i], Line: line}, nil
		}
	}
	return kizuna.Ref{}, kizuna.Errorf("row-reference", "%q names no line of a file", s).
		WithMend("write FILE:LINE, such as usage.csv:12")
}

func (a *app) sayLine(in *inquiry, fate lineFate) {
	for _, row := range fate.Rows {
		a.sayRow(in, fate.At, row)
	}
	say := func(key string, args ...any) {
		fmt.Fprintf(a.Stdout, "%s: %s\n", fate.At, a.P.T(key, args...))
	}
	switch {
	case fate.SetAside != nil:
		say("fate.set-aside", a.asideText(fate.SetAside.Reason, fate.SetAside.Detail))
	case fate.Refused != nil:
		say("fate.refused", a.P.Error(fate.Refused))
	case fate.LeftOut != nil:
		say("fate.left-out", a.P.Error(fate.LeftOut))
	case fate.ReplacedBy != "":
		say("fate.replaced", fate.ReplacedBy)
	}
}

func (a *app) sayRow(in *inquiry, at kizuna.Ref, fate *score.RowFate) {
	fmt.Fprintf(a.Stdout, "%s: %s  %s\n", at, strings.TrimSpace(fate.Tenant+" "+fate.Name), fate.Resource.Workload)
	if len(fate.Lines) > 0 {
		fmt.Fprintln(a.Stdout, a.P.T("fate.added-up", fate.Added+1, showLines(fate.Lines)))
	}
	if fate.Refused != nil {
		fmt.Fprintln(a.Stdout, a.P.T("fate.refused", a.P.Error(fate.Refused)))
		return
	}
	if len(fate.Accounts) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("fate.no-account"))
	}
	for _, account := range fate.Accounts {
		fmt.Fprintf(a.Stdout, "\n%s\n", account.Account)
		g := textgrid.New(a.P.T("column.area"), a.P.T("column.metric"), a.P.T("column.credited"), a.P.T("column.clause")).Right(2)
		for _, place := range account.Places {
			if place.Clause == attribution.WorkloadNotHere {
				continue
			}
			credited := ""
			if place.Clause == attribution.Counted {
				credited = place.Credited.String()
			}
			g.Row(a.placeNames(in, place.Place, credited, a.P.T("clause."+string(place.Clause)))...)
		}
		if g.Len() == 0 {
			fmt.Fprintln(a.Stdout, a.P.T("fate.no-measure"))
			continue
		}
		g.WriteTo(a.Stdout)
	}
}

// placeNames names a place in the reader's language, before further cells.
func (a *app) placeNames(in *inquiry, at score.Place, more ...string) []string {
	area := in.answer.Question.Program.Area(at.Area)
	name := area.Name.In(a.P.Lang)
	if track := area.Track.Names[at.Track].In(a.P.Lang); track != "" {
		name += " › " + track
	}
	metric := area.Metric(at.Metric).Name.In(a.P.Lang)
	if at.Component != "" {
		metric += " › " + report.Component(a.P, at.Component)
	}
	return append([]string{name, metric}, more...)
}

type fateCustomerCmd struct {
	scenarioFlags
	Tenant  string `arg:"" help:"help.customer"`
	Partner string `name:"partner" placeholder:"ID" help:"help.partner"`
}

// Run follows all usage of a customer, for one account or for all that are
// associated with it.
func (c *fateCustomerCmd) Run(a *app) error {
	in, err := c.ask(a)
	if err != nil {
		return err
	}
	accounts := in.answer.Accounts()
	if c.Partner != "" {
		account, _, err := in.answer.Resolve(c.Partner)
		if err != nil {
			return err
		}
		accounts = []string{account}
	}
	fates := make([]*score.CustomerFate, 0, len(accounts))
	for _, account := range accounts {
		fate, err := in.answer.FateOfCustomer(c.Tenant, account)
		if err != nil {
			return err
		}
		if c.Partner != "" || fate.Associated() {
			fates = append(fates, fate)
		}
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, fates)
	}
	if len(fates) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("fate.customer-of-nobody", c.Tenant))
	}
	for i, fate := range fates {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		a.sayCustomer(in, fate)
	}
	return nil
}

func (a *app) sayCustomer(in *inquiry, fate *score.CustomerFate) {
	fmt.Fprintf(a.Stdout, "%s\n\n", a.P.T("fate.customer", strings.TrimSpace(fate.Tenant+" "+fate.Name), fate.Account))
	g := textgrid.New(a.P.T("column.area"), a.P.T("column.metric"), a.P.T("column.now"), a.P.T("column.base"), a.P.T("column.rows")).Right(2, 3)
	for _, place := range fate.Places {
		if len(place.Clauses) == 0 || len(place.Clauses) == 1 && place.Clauses[attribution.WorkloadNotHere] > 0 {
			continue
		}
		values := in.answer.Values(place.Place, place.Tally)
		g.Row(a.placeNames(in, place.Place, values.Now.Show(), values.Base.Show(), a.clauseCounts(place.Clauses))...)
	}
	g.WriteTo(a.Stdout)
}

// clauseCounts tells how many rows met which clause, counted rows first.
func (a *app) clauseCounts(clauses map[attribution.Clause]int) string {
	var parts []string
	order := slices.DeleteFunc(slices.Sorted(maps.Keys(clauses)), func(c attribution.Clause) bool { return c == attribution.Counted })
	for _, c := range append([]attribution.Clause{attribution.Counted}, order...) {
		if n := clauses[c]; n > 0 && c != attribution.WorkloadNotHere && c != attribution.OutsideWindow {
			parts = append(parts, fmt.Sprintf("%d %s", n, a.P.T("clause."+string(c))))
		}
	}
	return strings.Join(parts, ", ")
}

type fateClaimCmd struct {
	scenarioFlags
	Claim string `arg:"" help:"help.fate-claim-id"`
}

// Run follows a claim.
func (c *fateClaimCmd) Run(a *app) error {
	in, err := c.ask(a)
	if err != nil {
		return err
	}
	fate, err := in.answer.FateOfClaim(c.Claim, in.facts)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, fate)
	}
	claim := fate.Claim
	covers := strings.TrimSpace(claim.Tenant + " " + claim.Workload + " " + claim.Subscription)
	fmt.Fprintln(a.Stdout, a.P.T("fate.claim", claim.ID, claim.Location, fate.Account, covers, fate.Type))
	fmt.Fprintln(a.Stdout, a.P.T("fate.claim-during", openEnd(claim.During.From), openEnd(claim.During.To), yesNo(a.P, fate.Holds)))
	for _, problem := range fate.Problems {
		fmt.Fprintf(a.Stdout, "✗ %s\n", a.P.Error(problem))
	}
	if len(fate.Problems) > 0 {
		return nil
	}
	g := textgrid.New(a.P.T("column.area"), a.P.T("column.metric"), a.P.T("column.rows"), a.P.T("column.credited")).Right(2, 3)
	for _, place := range fate.Places {
		g.Row(a.placeNames(in, place.Place, strconv.Itoa(place.Rows), place.Credited.String())...)
	}
	if g.Len() == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("fate.claim-feeds-nothing"))
		return nil
	}
	g.WriteTo(a.Stdout)
	for _, e := range fate.Marginal {
		name := in.answer.Question.Program.Area(e.Area).Name.In(a.P.Lang)
		fmt.Fprintln(a.Stdout, a.P.T("fate.marginal", name, report.Exact(e.Before), report.Exact(e.After)))
	}
	if len(fate.Marginal) == 0 {
		fmt.Fprintln(a.Stdout, a.P.T("fate.marginal-none"))
	}
	return nil
}

type fateCertificateCmd struct {
	scenarioFlags
	Person      string `arg:"" help:"help.fate-person"`
	Certificate string `arg:"" optional:"" help:"help.fate-certificate-id"`
}

// Run follows a person's certificates.
func (c *fateCertificateCmd) Run(a *app) error {
	in, err := c.ask(a)
	if err != nil {
		return err
	}
	fates, err := in.answer.FateOfCertificates(c.Person, c.Certificate)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, fates)
	}
	for _, f := range fates {
		fmt.Fprintf(a.Stdout, "%s %s  %s  [%s – %s]  %s\n", strings.TrimSpace(f.Person+" "+f.Name), f.Certificate, f.Account,
			dateOrNone(f.EarnedOn), dateOrNone(f.ExpiresOn), a.P.T("certificate."+string(f.Clause)))
		for _, place := range f.Places {
			fmt.Fprintf(a.Stdout, "    %s\n", strings.Join(a.placeNames(in, place), " › "))
		}
		if len(f.Places) == 0 {
			fmt.Fprintf(a.Stdout, "    %s\n", a.P.T("fate.certificate-not-named"))
		}
	}
	return nil
}

func dateOrNone(d *kizuna.Date) string {
	if d == nil {
		return "…"
	}
	return d.String()
}
