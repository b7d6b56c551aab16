package action

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/remedy"
	"github.com/kizuna-org/kizuna/program"
)

// Costs say what actions cost, in hundredths of a unit, and how long each takes.
type Costs struct {
	Unit         program.Text // in which costs are counted
	Associations map[remedy.Kind]Effort
	Profile      Effort
	Renewal      Effort
	Levels       map[Level]Effort // certificates
	Certificates map[string]Effort
	Nearest      kizuna.Fraction // of the cost for who holds one of the same family
	Needs        map[string][]string
	Growth       []Step // in order
	GrowthTakes  int
	Validation   map[Kind]Validating
	LeaveOut     []string
	Times        map[string]kizuna.Fraction
}

// Effort is what an action costs and after how many days it takes effect.
type Effort struct {
	Cost  int64 // hundredths of the unit
	Takes int
}

// Validating is an [Effort] of which nothing is guessed: nil is not given.
type Validating struct {
	Cost  *int64
	Takes *int
}

// Step is a level of growth.
type Step struct {
	Percent int64
	Cost    int64 // hundredths of the unit
}

// Level is how hard a certificate is.
type Level string

// The levels.
const (
	Fundamentals Level = "fundamentals"
	Associate    Level = "associate"
	Specialty    Level = "specialty"
	Expert       Level = "expert"
)

// Hundredths is what costs are counted in.
const Hundredths = 100

//go:embed costs.yaml
var defaults []byte

// DefaultFile is the file of costs to begin with, with comments.
func DefaultFile() []byte { return slices.Clone(defaults) }

// Default returns the costs to begin with.
func Default() *Costs {
	c := new(Costs)
	if err := c.read("costs.yaml", defaults); err != nil {
		panic(err) // the tests read it
	}
	return c
}

// ParseCosts reads a file of costs over the default ones: what it does not say stays. The errors
// begin with "costs-" and name the place.
func ParseCosts(name string, data []byte) (*Costs, error) {
	c := Default()
	return c, c.read(name, data)
}

// mostCosts bounds a file of costs.
const mostCosts = 1 << 20

func (c *Costs) read(name string, data []byte) error {
	r := &costsReader{file: name, costs: c}
	if len(data) > mostCosts {
		return r.at(&yaml.Node{Line: 1, Column: 1}, kizuna.Errorf("costs-long", "a file of costs is no longer than a megabyte").
			WithMend("leave out what is not needed"))
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return kizuna.Errorf("costs-yaml", "the file of costs is no YAML: %v", err).WithMend("correct the line").WithRef(kizuna.Ref{File: name})
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return r.fields(doc.Content[0], map[string]func(*yaml.Node) error{
		"unit":         r.unit,
		"associations": r.associations,
		"people":       r.people,
		"certificates": r.certificates,
		"nearest":      func(n *yaml.Node) error { return r.share(n, &c.Nearest) },
		"needs":        r.needs,
		"growth":       r.growth,
		"growth_takes": func(n *yaml.Node) error { return r.days(n, &c.GrowthTakes) },
		"validation":   r.validation,
		"leave_out":    func(n *yaml.Node) error { return r.texts(n, &c.LeaveOut) },
		"times":        r.times,
	})
}

// costsReader reads pieces of a file of costs.
type costsReader struct {
	file  string
	costs *Costs
}

// at gives an error its place.
func (r *costsReader) at(n *yaml.Node, err *kizuna.Error) error {
	return err.WithRef(kizuna.Ref{File: r.file, Line: n.Line, Column: n.Column})
}

func (r *costsReader) list(n *yaml.Node) error {
	return r.at(n, kizuna.Errorf("costs-list", "a list is expected here").WithMend("write [one, two]"))
}

// each visits the entries of a mapping.
func (r *costsReader) each(n *yaml.Node, visit func(key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return r.at(n, kizuna.Errorf("costs-mapping", "names and values are expected here").WithMend("write {name: value}"))
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			return r.at(key, kizuna.Errorf("costs-twice", "%q stands here twice", key.Value).WithMend("leave one of them out"))
		}
		seen[key.Value] = true
		if err := visit(key, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *costsReader) fields(n *yaml.Node, known map[string]func(*yaml.Node) error) error {
	return r.each(n, func(key, value *yaml.Node) error {
		read := known[key.Value]
		if read == nil {
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			return r.at(key, kizuna.Errorf("costs-unknown", "%q is not known here", key.Value).WithMend("write one of %s", strings.Join(names, ", ")))
		}
		return read(value)
	})
}

func (r *costsReader) text(n *yaml.Node, out *string) error {
	if n.Kind != yaml.ScalarNode {
		return r.at(n, kizuna.Errorf("costs-text", "a text is expected here").WithMend("write one"))
	}
	*out = n.Value
	return nil
}

// unit is a text for everybody, or one for each language.
func (r *costsReader) unit(n *yaml.Node) error {
	u := &r.costs.Unit
	if n.Kind == yaml.MappingNode {
		return r.fields(n, map[string]func(*yaml.Node) error{
			"en": func(n *yaml.Node) error { return r.text(n, &u.EN) },
			"ja": func(n *yaml.Node) error { return r.text(n, &u.JA) },
		})
	}
	err := r.text(n, &u.EN)
	u.JA = u.EN
	return err
}

func (r *costsReader) texts(n *yaml.Node, out *[]string) error {
	if n.Kind != yaml.SequenceNode {
		return r.list(n)
	}
	*out = nil
	for _, item := range n.Content {
		var s string
		if err := r.text(item, &s); err != nil {
			return err
		}
		*out = append(*out, s)
	}
	return nil
}

// mostDays bounds how long an action takes.
const mostDays = 3650

func (r *costsReader) days(n *yaml.Node, out *int) error {
	days, err := strconv.Atoi(n.Value)
	if err != nil || days < 0 || days > mostDays {
		return r.at(n, kizuna.Errorf("costs-days", "%q is no number of days", n.Value).WithMend("write 0 to %d", mostDays))
	}
	*out = days
	return nil
}

// mostCost bounds a cost, in hundredths.
const mostCost = 1_000_000_000

func (r *costsReader) cost(n *yaml.Node, out *int64) error {
	f, err := kizuna.ParseFraction(n.Value)
	if err == nil {
		f = f.Mul(kizuna.Int(Hundredths))
	}
	if err != nil || f.Sign() < 0 || f.Cmp(kizuna.Int(f.Floor())) != 0 || f.Cmp(kizuna.Int(mostCost)) > 0 {
		return r.at(n, kizuna.Errorf("costs-cost", "%q is no cost", n.Value).WithMend("write a number of 0 or more, with two decimals at most"))
	}
	*out = f.Floor()
	return nil
}

func (r *costsReader) effort(n *yaml.Node, out *Effort) error {
	return r.fields(n, map[string]func(*yaml.Node) error{
		"cost":  func(n *yaml.Node) error { return r.cost(n, &out.Cost) },
		"takes": func(n *yaml.Node) error { return r.days(n, &out.Takes) },
	})
}

func (r *costsReader) share(n *yaml.Node, out *kizuna.Fraction) error {
	s, percent := strings.CutSuffix(n.Value, "%")
	f, err := kizuna.ParseFraction(s)
	if err != nil || f.Sign() < 0 || f.Cmp(kizuna.Int(1000)) > 0 {
		return r.at(n, kizuna.Errorf("costs-share", "%q is no share", n.Value).WithMend("write 75%% or 3/4"))
	}
	if percent {
		f = f.Div(kizuna.Int(100))
	}
	*out = f
	return nil
}

func (r *costsReader) associations(n *yaml.Node) error {
	if r.costs.Associations == nil {
		r.costs.Associations = make(map[remedy.Kind]Effort)
	}
	known := make(map[string]func(*yaml.Node) error)
	for _, kind := range []remedy.Kind{remedy.Link, remedy.Claim, remedy.Appointment, remedy.Role, remedy.Owner, remedy.Access} {
		known[string(kind)] = func(n *yaml.Node) error {
			e := r.costs.Associations[kind]
			err := r.effort(n, &e)
			r.costs.Associations[kind] = e
			return err
		}
	}
	return r.fields(n, known)
}

func (r *costsReader) people(n *yaml.Node) error {
	return r.fields(n, map[string]func(*yaml.Node) error{
		"profile": func(n *yaml.Node) error { return r.effort(n, &r.costs.Profile) },
		"renewal": func(n *yaml.Node) error { return r.effort(n, &r.costs.Renewal) },
	})
}

// certificates are levels, and single ones.
func (r *costsReader) certificates(n *yaml.Node) error {
	c := r.costs
	if c.Levels == nil {
		c.Levels, c.Certificates = make(map[Level]Effort), make(map[string]Effort)
	}
	return r.each(n, func(key, value *yaml.Node) error {
		switch level := Level(key.Value); level {
		case Fundamentals, Associate, Specialty, Expert:
			e := c.Levels[level]
			err := r.effort(value, &e)
			c.Levels[level] = e
			return err
		}
		e := c.Certificates[key.Value]
		err := r.effort(value, &e)
		c.Certificates[key.Value] = e
		return err
	})
}

func (r *costsReader) needs(n *yaml.Node) error {
	if r.costs.Needs == nil {
		r.costs.Needs = make(map[string][]string)
	}
	return r.each(n, func(key, value *yaml.Node) error {
		var of []string
		err := r.texts(value, &of)
		r.costs.Needs[key.Value] = of
		return err
	})
}

// growth is a list of steps, each higher and dearer than the one before.
func (r *costsReader) growth(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return r.list(n)
	}
	r.costs.Growth = nil
	for _, item := range n.Content {
		var s Step
		err := r.fields(item, map[string]func(*yaml.Node) error{
			"percent": func(n *yaml.Node) (err error) {
				s.Percent, err = strconv.ParseInt(n.Value, 10, 32)
				if err != nil || s.Percent <= 0 || s.Percent > 10_000 {
					return r.at(n, kizuna.Errorf("costs-growth", "%q is no growth", n.Value).WithMend("write whole percent from 1 to 10000"))
				}
				return nil
			},
			"cost": func(n *yaml.Node) error { return r.cost(n, &s.Cost) },
		})
		if err != nil {
			return err
		}
		if last := len(r.costs.Growth) - 1; s.Percent == 0 || last >= 0 && (s.Percent <= r.costs.Growth[last].Percent || s.Cost < r.costs.Growth[last].Cost) {
			return r.at(item, kizuna.Errorf("costs-order", "a step of growth must be higher than the one before, and not cheaper").
				WithMend("order them by percent"))
		}
		r.costs.Growth = append(r.costs.Growth, s)
	}
	return nil
}

// validation is what audits and references take.
func (r *costsReader) validation(n *yaml.Node) error {
	c := r.costs
	if c.Validation == nil {
		c.Validation = make(map[Kind]Validating)
	}
	known := make(map[string]func(*yaml.Node) error)
	for _, kind := range []Kind{Audit, Reference} {
		known[string(kind)] = func(n *yaml.Node) error {
			v := c.Validation[kind]
			err := r.fields(n, map[string]func(*yaml.Node) error{
				"cost": func(n *yaml.Node) error {
					v.Cost = new(int64)
					return r.cost(n, v.Cost)
				},
				"takes": func(n *yaml.Node) error {
					v.Takes = new(int)
					return r.days(n, v.Takes)
				},
			})
			c.Validation[kind] = v
			return err
		}
	}
	return r.fields(n, known)
}

func (r *costsReader) times(n *yaml.Node) error {
	if r.costs.Times == nil {
		r.costs.Times = make(map[string]kizuna.Fraction)
	}
	return r.each(n, func(key, value *yaml.Node) error {
		var f kizuna.Fraction
		err := r.share(value, &f)
		r.costs.Times[strings.ToLower(key.Value)] = f
		return err
	})
}

// of returns what an effort costs for a customer or a person.
func (c *Costs) of(e Effort, whose string) int64 {
	f, ok := c.Times[strings.ToLower(whose)]
	if !ok {
		return e.Cost
	}
	return f.Mul(kizuna.Int(e.Cost)).Ceil()
}

// out reports whether a customer, a person or an action is left out.
func (c *Costs) out(id string) bool {
	return slices.ContainsFunc(c.LeaveOut, func(s string) bool { return strings.EqualFold(s, id) })
}

// level tells how hard a certificate is by its name.
func level(name string) Level {
	for _, l := range []Level{Fundamentals, Expert, Specialty} {
		if strings.HasSuffix(strings.ToLower(name), string(l)) {
			return l
		}
	}
	return Associate
}

// forCertificate returns the effort of a certificate for somebody.
func (c *Costs) forCertificate(id, name string, near bool) Effort {
	e, ok := c.Certificates[id]
	if !ok {
		e = c.Levels[level(name)]
	}
	if near {
		e.Cost = c.Nearest.Mul(kizuna.Int(e.Cost)).Ceil()
	}
	return e
}
