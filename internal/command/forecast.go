package command

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/forecast"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/table"
	"github.com/kizuna-org/kizuna/usage"
)

// forecastCmd tells what the score is going to be, and what lapses when.
type forecastCmd struct {
	adviceFlags
	oracleFlag
	Months      int    `name:"months" default:"18" placeholder:"N" help:"help.forecast-months"`
	Assume      string `name:"assume" default:"flat" placeholder:"flat|trend|PERCENT%|FILE" help:"help.forecast-assume"`
	Skilling    int    `name:"skilling-days" default:"10" placeholder:"DAYS" help:"help.forecast-skilling"`
	Association int    `name:"association-days" default:"28" placeholder:"DAYS" help:"help.forecast-association"`
	ICS         string `name:"ics" type:"path" placeholder:"FILE" help:"help.forecast-ics"`
	Most        int    `name:"most" default:"3" help:"help.forecast-most"`

	At       string `name:"at" placeholder:"DATE" help:"help.forecast-at"`
	Area     string `name:"area" placeholder:"AREA" help:"help.area"`
	Metric   string `name:"metric" placeholder:"METRIC" help:"help.metric"`
	Track    string `name:"track" placeholder:"TRACK" help:"help.track"`
	Customer string `name:"customer" placeholder:"TENANT" help:"help.customer"`
}

// Run prints the forecast, or opens a figure of it.
func (c *forecastCmd) Run(a *app) error {
	q, err := c.asked(a)
	if err != nil {
		return err
	}
	in, facts, err := c.ahead(a)
	if err != nil {
		return err
	}
	q.Question, q.Account = in.answer.Question, in.account
	if c.Program == "" {
		if q.Versions, err = c.versions(q); err != nil {
			return err
		}
	}
	if c.At != "" {
		return c.open(a, in, q, facts)
	}
	out, err := forecast.New(a.Context, q, facts)
	if kizuna.CodeOf(err) == "cache-places" {
		a.log().Debug("the cache does not know its places: all usage is read", "error", err)
		c.Oracle = true
		return c.Run(a)
	}
	if err != nil {
		return err
	}
	v := &forecastView{app: a, cmd: c, in: in, q: q, f: out}
	if c.ICS != "" {
		if err := v.writeICS(c.ICS); err != nil {
			return err
		}
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, v.json())
	}
	a.warn(in.inquiry)
	return v.text()
}

// ahead loads the facts that a forecast is made of: packed usage, and the rows of some
// customers when they are asked for.
func (c *forecastCmd) ahead(a *app) (*adviceInquiry, *forecast.Facts, error) {
	var packed *packedQuestion
	var err error
	if !c.Oracle {
		if packed, err = c.packed(a); err != nil {
			return nil, nil, err
		}
	}
	in := &adviceInquiry{}
	out := &forecast.Facts{}
	if packed != nil {
		in.inquiry = &inquiry{shelf: packed.shelf, data: packed.Data, facts: factsOf(packed.Data), notes: packed.Notes}
		in.answer = score.AskCounted(packed.q, in.facts, &score.Counted{Plan: packed.k.Plan, Totals: nobody{}, Survey: packed.Survey})
		out.View = packed.View
		out.Usage = packed.CustomersOf
	} else {
		if in.inquiry, err = c.ask(a); err != nil {
			return nil, nil, err
		}
		if out.View, err = packedView(&in.facts.Facts); err != nil {
			return nil, nil, err
		}
		out.Usage = func(tenants []string) advice.Usage {
			return advice.UsageOf(rowsOfTenants(in.facts.Usage, tenants), in.facts.Rates)
		}
	}
	in.notes = append(in.notes, short(in)...)
	out.Associations, out.People, out.Coverage = in.facts.Associations, in.facts.People, in.facts.Coverage
	return in, out, in.choose(c.Partner)
}

// short says that some usage ends before the months that a forecast goes on from.
func short(in *adviceInquiry) []*kizuna.Error {
	covered, ok := in.data.Coverage().AsOf()
	if day := in.answer.Question.AsOf.Month().Day(1); !ok || covered < day {
		return []*kizuna.Error{kizuna.Errorf("forecast-short", "not every source of usage reaches %s, from which the forecast goes on: what is missing is nothing, then and later", in.answer.Question.AsOf.Month().Add(-1)).
			WithMend("import the months that are missing, or ask as of an earlier day: --as-of %s", covered)}
	}
	return nil
}

// packedView packs facts in memory.
func packedView(f *attribution.Facts) (*segment.View, error) {
	var out bytes.Buffer
	if _, err := segment.Build(segment.NewBuilder(&out), f); err != nil {
		return nil, err
	}
	s, err := segment.Read(out.Bytes())
	if err != nil {
		return nil, err
	}
	return segment.NewView(s)
}

func rowsOfTenants(all *usage.Ledger, tenants []string) *usage.Ledger {
	some := usage.NewLedger()
	for _, u := range all.All() {
		if slices.Contains(tenants, association.Fold(u.Tenant)) {
			some.Add(u)
		}
	}
	return some
}

// asked is the question of the forecast, as far as flags tell it.
func (c *forecastCmd) asked(a *app) (q *forecast.Question, err error) {
	q = &forecast.Question{
		Months: c.Months, Most: max(0, c.Most),
		Delays: forecast.Delays{Skilling: c.Skilling, Association: c.Association},
	}
	if a.JSON {
		q.Most = max(q.Most, mostInJSON)
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	q.Assume, err = readAssumption(c.Assume)
	return q, err
}

// mostInJSON is how many customers JSON names as causes of a day's change; the rest is
// added up there, too.
const mostInJSON = 50

// versions lists the programs that come into force on later days.
func (c *forecastCmd) versions(q *forecast.Question) (out []forecast.Version, err error) {
	programs, err := program.Builtin()
	if err != nil {
		return nil, err
	}
	var days []kizuna.Date
	for _, p := range programs {
		days = append(days, p.InForce.From)
		if p.InForce.To != nil {
			days = append(days, p.InForce.To.AddDays(1))
		}
	}
	slices.Sort(days)
	last, _ := program.InForceOn(programs, q.Program.ID, q.AsOf)
	now := forecast.Version{Program: q.Program, Carried: q.Carried}
	for _, d := range slices.Compact(days) {
		p, carried := program.InForceOn(programs, q.Program.ID, d)
		if d <= q.AsOf || p == last && carried == now.Carried {
			continue
		}
		if p != last {
			now.Program, last = c.adjust(p), p
		}
		now.From, now.Carried = d, carried
		out = append(out, now)
	}
	return out, nil
}

// readAssumption reads what usage is taken to be.
func readAssumption(s string) (out forecast.Assumption, err error) {
	switch kind := forecast.Kind(s); kind {
	case forecast.Flat, forecast.Trend:
		out.Kind = kind
		return out, nil
	}
	out.Kind = forecast.Given
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		out.Rate, err = parsePercent(percent)
		return out, err
	}
	f, err := os.Open(s)
	if err != nil {
		return out, kizuna.Errorf("forecast-assume", "%q is no assumption and no file", s).
			WithMend("write flat, trend, a percentage a month such as 1.5%%, or a CSV file with the columns tenant_id, percent").WithCause(err)
	}
	defer f.Close()
	out.Rate, out.Rates, err = readGrowth(f, s)
	return out, err
}

func parsePercent(s string) (kizuna.Fraction, error) {
	d, err := kizuna.ParseDecimal(strings.TrimSpace(s))
	if err != nil {
		return kizuna.Fraction{}, err
	}
	return d.Fraction().Div(kizuna.Int(100)), nil
}

// readGrowth reads growth by customer: the columns tenant_id and percent, a month, and,
// where a figure has its own, users, seats and units. A row without a tenant is of all
// others.
func readGrowth(in io.Reader, name string) (all kizuna.Fraction, rates map[string]advice.Rates, err error) {
	r, err := table.Open(in, name, table.DefaultLimits)
	if err != nil {
		return all, nil, err
	}
	tenant, percent := r.Find("tenant_id", "tenant", "customer"), r.Find("percent", "percent_a_month")
	if tenant < 0 || percent < 0 {
		return all, nil, kizuna.Errorf("forecast-columns", "%s has no columns tenant_id and percent", name).
			WithMend("write both; percent is the growth a month, and the row with an empty tenant_id is of all other customers").
			WithRef(kizuna.Ref{File: name, Line: 1})
	}
	rates = make(map[string]advice.Rates)
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, rates, r.Err()
		}
		if err != nil {
			return all, nil, err
		}
		rate, err := parsePercent(strings.TrimSuffix(strings.TrimSpace(record[percent]), "%"))
		if err != nil {
			if known, ok := errors.AsType[*kizuna.Error](err); ok {
				return all, nil, known.WithRef(r.Ref(percent))
			}
			return all, nil, err
		}
		id := association.Fold(strings.TrimSpace(record[tenant]))
		if id == "" {
			all = rate
			continue
		}
		if _, twice := rates[id]; twice {
			return all, nil, kizuna.Errorf("forecast-twice", "customer %q stands in %s twice", id, name).
				WithMend("leave one of the lines out").WithRef(r.Ref(tenant))
		}
		rates[id] = advice.Rates{Money: rate, Users: rate, Seats: rate, Units: rate}
	}
}

// open opens a figure of a day to come: the facts as a whole with what is assumed, asked
// as of the day, as kizuna explain does.
func (c *forecastCmd) open(a *app, in *adviceInquiry, q *forecast.Question, facts *forecast.Facts) error {
	on, err := kizuna.ParseDate(c.At)
	if err != nil {
		return err
	}
	if c.Area == "" || c.Metric == "" {
		return kizuna.Errorf("forecast-open", "%s alone opens nothing", "--at "+c.At).
			WithMend("name what to open: --area AREA --metric METRIC")
	}
	if last := q.AsOf.Month().Add(q.Months).Day(1); on < q.AsOf || on > last {
		return kizuna.Errorf("forecast-day", "the forecast does not reach %s", on).
			WithMend("name a day from %s to %s, or look further ahead with --months", q.AsOf, last)
	}
	assumed, err := forecast.Assumed(q, facts)
	if err != nil {
		return err
	}
	if !c.Oracle {
		if in.inquiry, err = c.ask(a); err != nil {
			return err
		}
	}
	whole, err := (&advice.Changes{Projection: assumed}).Apply(in.facts)
	if err != nil {
		return err
	}
	day := q.On(on)
	opened := &inquiry{shelf: in.shelf, data: in.data, facts: whole,
		answer: score.Ask(score.Question{Program: day.Program, Carried: day.Carried, AsOf: on, Trust: q.Trust}, whole)}
	explain := explainCmd{Partner: cmp.Or(in.location, in.account), Area: c.Area, Metric: c.Metric, Track: c.Track, Customer: c.Customer, Most: max(10, c.Most)}
	explain.questionFlags = c.questionFlags
	return explain.show(a, opened, c.command(in, on, c.Area, c.Track, c.Metric)+" --customer TENANT")
}

// command is how a figure of a day is opened.
func (c *forecastCmd) command(in *adviceInquiry, on kizuna.Date, area, track, metric string) string {
	args := []string{"kizuna", "forecast"}
	if c.inStore() {
		args = append(args, "--store", quoted(withoutPassword(c.Store)))
	} else {
		args = append(args, "--data", quoted(c.Data))
	}
	args = append(args, "--partner", cmp.Or(in.location, in.account), "--as-of", in.answer.Question.AsOf.String())
	for _, flag := range [][2]string{{"--program", c.Program}, {"--known-at", c.KnownAt}, {"--assume", strings.TrimSuffix(c.Assume, "flat")}} {
		if flag[1] != "" {
			args = append(args, flag[0], quoted(flag[1]))
		}
	}
	if c.Months != 18 {
		args = append(args, "--months", strconv.Itoa(c.Months))
	}
	args = append(args, "--at", on.String(), "--area", area)
	if track != "" && track != program.Single {
		args = append(args, "--track", track)
	}
	return strings.Join(append(args, "--metric", metric), " ")
}
