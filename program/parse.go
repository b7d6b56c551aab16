package program

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// Parse reads a program file, YAML as docs/program.md describes it, fills in the
// defaults, resolves every name and checks the rules against each other. The
// error is a [Problems] with file, line and column of everything that is wrong;
// with an error there is no program. The file's size and depth are bounded.
func Parse(file string, data []byte) (*Program, error) {
	root, err := readTree(file, data)
	if err != nil {
		return nil, err
	}
	if base := root.get("extends"); base != nil {
		if root, err = extended(root, base); err != nil {
			return nil, err
		}
	}
	return build(root)
}

// Read reads a program file as [Parse] does, and no more of it than a program
// file may hold.
func Read(file string, r io.Reader) (*Program, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, kizuna.Errorf("program-unreadable", "%s cannot be read to its end", file).
			WithMend("check that it is a file").WithCause(err)
	}
	return Parse(file, data)
}

// extended lays the file over the built-in version that it names.
func extended(root, ref *node) (*node, error) {
	data, ok := builtinFile(ref.text)
	if !ok {
		return nil, Problems{kizuna.Errorf("program-unknown-base", "%q is not a built-in version", clip(ref.text)).
			WithMend("extend one of: %s", strings.Join(builtinRefs, ", ")).WithRef(ref.at)}
	}
	name := ref.text + ".yaml"
	base, err := readTree(name, data)
	if err != nil {
		return nil, err
	}
	if further := base.get("extends"); further != nil {
		if base, err = extended(base, further); err != nil {
			return nil, err
		}
	}
	return merge(base, root.without("extends")), nil
}

// build makes the program of a tree.
func build(root *node) (*Program, error) {
	b := &builder{root: root, p: &Program{}}
	fileShape.check(&b.reporter, root)
	if err := b.err(); err != nil {
		return nil, err // what follows trusts the grammar
	}
	b.head()
	b.shared()
	b.definitions()
	b.areas()
	b.p.Specializations = b.specializations(b.root.get("specializations"))
	b.p.Benefits = b.benefits(b.root.get("benefits"))
	b.p.Badges = b.badges(root.get("badges"))
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.p, nil
}

// builder makes a program of a tree that the grammar has accepted, and reports
// what does not fit together.
type builder struct {
	reporter
	root *node
	p    *Program

	provenance Provenance // of the whole file
	written    map[string]bool
}

func (b *builder) head() {
	p, root := b.p, b.root
	p.ID, p.Version = textOf(root.get("program")), textOf(root.get("version"))
	p.Name = namesOf(root.get("name"))
	inForce := root.get("in_force")
	p.InForce = Period{From: mustDate(inForce.get("from")), To: dateOrNil(inForce.get("to"))}
	if p.InForce.To != nil && *p.InForce.To < p.InForce.From {
		b.report(inForce.place("to"), kizuna.Errorf("program-period", "the last day %s is before the first day %s", *p.InForce.To, p.InForce.From).
			WithMend("exchange the two, or leave to: out while the version is open"))
	}
	p.Sources = make(map[string]Source)
	for _, e := range root.get("sources").fields() {
		p.Sources[e.key] = Source{
			Title: textOf(e.value.get("title")), Date: textOf(e.value.get("date")),
			Note: textOf(e.value.get("note")), URL: textOf(e.value.get("url")),
		}
	}
	b.provenance = Provenance{Basis: Unknown}
	b.provenance = b.provenanceOf(root.get("provenance"), b.provenance)
	p.Categories = make(map[Category]Text)
	for _, e := range root.get("categories").fields() {
		if !slices.Contains(categoriesShape, e.key) {
			b.report(e.at, unknown("program-unknown-category", "%q is not a category", clip(e.key), categoriesShape, "categories"))
			continue
		}
		p.Categories[Category(e.key)] = namesOf(e.value)
	}
}

func namesOf(n *node) Text {
	if n.kind == scalar {
		return Text{EN: n.text}
	}
	return Text{EN: textOf(n.get("en")), JA: textOf(n.get("ja"))}
}

// provenanceOf reads what a piece says of its figures; what it leaves out is as around it.
func (b *builder) provenanceOf(n *node, around Provenance) Provenance {
	if n == nil || n.kind == scalar {
		return around
	}
	out := around
	if basis := n.get("basis"); basis != nil {
		out.Basis = Basis(basis.text)
	}
	if sources := n.get("sources"); sources != nil {
		out.Note = "" // what is said of other pages
		out.Sources = textsOf(sources)
		for _, item := range sources.items {
			if _, ok := b.p.Sources[item.text]; !ok {
				b.report(item.at, unknown("program-unknown-source", "%q is not a source", clip(item.text),
					slices.Sorted(maps.Keys(b.p.Sources)), "sources"))
			}
		}
	}
	if note := n.get("note"); note != nil {
		out.Note = note.text
	}
	if len(out.Sources) == 0 && (out.Basis == Established || out.Basis == Likely) {
		b.report(n.place("basis"), kizuna.Errorf("program-no-source", "a figure that is %s needs a source", out.Basis).
			WithMend("add sources: [...], or say inferred or unknown"))
	}
	return out
}

// shared reads what all areas have in common.
func (b *builder) shared() {
	p, root := b.p, b.root
	p.Scoring = b.scoring(root.get("scoring"))
	p.Windows = b.qualification(root.get("qualification"))
	p.ExcludedOffers = b.distinct(root.get("excluded_offers"))
	p.CSPHistory = OwnerOnDate
	if n := root.get("csp_history"); n != nil {
		p.CSPHistory = CSPHistory(n.text)
	}
	n := root.get("roles")
	p.Roles = Roles{
		Eligible:          b.distinct(n.get("eligible")),
		ExcludeContaining: b.distinct(n.get("exclude_containing")),
		Provenance:        b.provenanceOf(n, b.provenance),
	}
	if n == nil {
		p.Roles.ExcludeContaining = []string{"reader"}
	}
	n = root.get("people")
	p.People = PeopleRules{
		RetiredCountsMonths: integerOr(n.get("retired_counts_months"), 12),
		LinksPerYear:        integerOr(n.get("links_per_year"), 3),
		CoolingOffDays:      integerOr(n.get("cooling_off_days"), 30),
		LeaversCountThrough: integerOr(n.get("leavers_count_through"), 0),
	}
	if p.People.LeaversCountThrough > 28 {
		b.report(n.place("leavers_count_through"), kizuna.Errorf("program-leavers-day", "not every month has a day %d", p.People.LeaversCountThrough).
			WithMend("write a day from 1 to 28, or 0"))
	}
	for _, e := range n.fields() {
		if integerOr(e.value, 0) < 0 {
			b.report(e.value.at, kizuna.Errorf("program-negative", "%s cannot be negative", e.key).WithMend("write 0 or more"))
		}
	}
	p.Claims = b.claims(root.get("claims"))
	p.Membership = b.membership(root.get("membership"))
}

func (b *builder) scoring(n *node) Scoring {
	s := Scoring{
		TotalMax: fractionOf(n.get("total")), PassTotal: fractionOf(n.get("pass")),
		MetricDecimals: 1, Provenance: b.provenanceOf(n, b.provenance),
	}
	gate := n.get("every_metric")
	switch above, least := gate.get("above"), gate.get("at_least"); {
	case (above == nil) == (least == nil):
		b.report(gate.at, kizuna.Errorf("program-gate", "what every metric needs is either above or at_least").
			WithMend("write {above: 0} or {at_least: 1}"))
	case above != nil:
		s.GateValue = fractionOf(above)
	default:
		s.GateValue, s.GateInclusive = fractionOf(least), true
	}
	s.WholePoints = isTrue(n.get("whole_points"))
	if decimals := n.get("decimals"); decimals != nil {
		s.MetricDecimals = integerOr(decimals.get("metric"), 1)
		s.TotalDecimals = integerOr(decimals.get("total"), 0)
		if min(s.MetricDecimals, s.TotalDecimals) < 0 || max(s.MetricDecimals, s.TotalDecimals) > 9 {
			b.report(decimals.at, kizuna.Errorf("program-decimals", "decimals shown are 0 to 9").WithMend("write {metric: 1, total: 0}"))
		}
	}
	if s.TotalMax.Sign() <= 0 || s.PassTotal.Cmp(s.TotalMax) > 0 || s.PassTotal.Sign() < 0 {
		b.report(n.place("pass"), kizuna.Errorf("program-pass-mark", "the pass mark %s cannot be reached with a total of %s", s.PassTotal, s.TotalMax).
			WithMend("write a pass mark between 0 and the total"))
	}
	return s
}

func (b *builder) qualification(n *node) Qualification {
	rangeOf := func(key string) DayRange {
		r := n.get(key)
		out := DayRange{From: dayRuleOf(r.get("from")), To: dayRuleOf(r.get("to"))}
		b.mustRun(r, out)
		return out
	}
	return Qualification{
		NotEnrolled: rangeOf("not_enrolled"), Enrolled: rangeOf("enrolled"),
		EnrolWithin: integerOr(n.get("enroll_within_days"), 0),
		Provenance:  b.provenanceOf(n, b.provenance),
	}
}

// mustRun reports days that end before they begin. Any anchor tells: the rules move
// days, they do not look at the year.
func (b *builder) mustRun(at *node, days DayRange) {
	if first, last := days.Days(kizuna.NewDate(2024, 3, 31)); last < first {
		b.report(at.at, kizuna.Errorf("program-day-range", "these days end before they begin").
			WithMend("let to: be on or after from:"))
	}
}

func dayRuleOf(n *node) DayRule {
	edges := map[string]Edge{"first": FirstOfMonth, "last": LastOfMonth}
	return DayRule{
		Months: integerOr(n.get("months"), 0),
		Edge:   edges[textOf(n.get("on"))],
		Days:   integerOr(n.get("days"), 0),
	}
}

// distinct reads a list in which nothing may stand twice.
func (b *builder) distinct(n *node) []string {
	texts := textsOf(n)
	if n != nil && n.kind == list {
		for i, item := range n.items {
			if slices.Contains(texts[:i], item.text) {
				b.report(item.at, kizuna.Errorf("program-twice", "%q stands here twice", clip(item.text)).WithMend("keep one of the two"))
			}
		}
	}
	return texts
}

// definitions reads what rules refer to.
func (b *builder) definitions() {
	b.p.Aliases = make(map[string]string)
	for _, e := range b.root.get("aliases").fields() {
		b.p.Aliases[e.key] = e.value.text
	}
	b.workloadLists()
	b.checkAliases()
	b.rates()
	b.ownedWorkloads()
	b.certificates()
}

func (b *builder) alias(name string) string {
	if target, ok := b.p.Aliases[name]; ok {
		return target
	}
	return name
}

func (b *builder) workloadLists() {
	b.p.Workloads = make(map[string]WorkloadList)
	b.written = make(map[string]bool)
	section := b.root.get("workloads")
	for _, e := range section.fields() {
		b.workloadList(section, e, nil)
	}
}

// workloadList resolves a list, and first those that it extends. Path holds the
// lists that are being resolved, so that a circle is seen.
func (b *builder) workloadList(section *node, e entry, path []string) (WorkloadList, bool) {
	if done, ok := b.p.Workloads[e.key]; ok {
		return done, true
	}
	n := e.value
	out := WorkloadList{
		WorkloadSet: WorkloadSet{List: e.key, Family: Family(textOf(n.get("family"))), Product: textOf(n.get("product"))},
		Name:        Text{EN: e.key},
		Provenance:  b.provenanceOf(n, b.provenance),
	}
	if name := n.get("name"); name != nil {
		out.Name = namesOf(name)
	}
	if base := n.get("extends"); base != nil {
		below := section.entry(base.text)
		switch {
		case below == nil || below.value.kind == null:
			b.report(base.at, unknown("program-unknown-list", "%q is not a list of workloads", clip(base.text), section.names(), "workloads"))
			return out, false
		case base.text == e.key || slices.Contains(path, base.text):
			b.report(base.at, kizuna.Errorf("program-circle", "%q extends itself", clip(e.key)).WithMend("let one of the lists stand by itself"))
			return out, false
		}
		extended, ok := b.workloadList(section, *below, append(path, e.key))
		if !ok {
			return out, false
		}
		if out.Family == "" {
			out.Family = extended.Family
		}
		if out.Product == "" {
			out.Product = extended.Product
		}
		out.Names, out.Except = maps.Clone(extended.Names), maps.Clone(extended.Except)
	}
	b.members(n, &out.WorkloadSet)
	b.p.Workloads[e.key] = out
	return out, true
}

func (b *builder) members(n *node, set *WorkloadSet) {
	add := func(to *map[string]bool, from *node) {
		if from == nil {
			return
		}
		if *to == nil {
			*to = make(map[string]bool)
		}
		for _, item := range from.items {
			name := b.alias(item.text)
			b.written[name] = true
			if (*to)[name] {
				b.report(item.at, kizuna.Errorf("program-same-workload", "%q stands on this list already, perhaps by another name", clip(item.text)).
					WithMend("keep one of the two, or take the alias away"))
			}
			(*to)[name] = true
		}
	}
	add(&set.Names, n.get("names"))
	add(&set.Names, n.get("plus"))
	except := n.get("except")
	if set.Product != "" {
		add(&set.Except, except)
		if set.Family == "" && set.Product == "Azure" {
			set.Family = AzureFamily
		}
		if len(set.Names) > 0 {
			b.report(n.at, kizuna.Errorf("program-list-kind", "a list has either names or a product").
				WithMend("make two lists, and two feeds"))
		}
	} else if except != nil {
		for _, item := range except.items {
			name := b.alias(item.text)
			if !set.Names[name] {
				b.report(item.at, unknown("program-unknown-workload", "%q is not a workload that is counted", clip(item.text),
					slices.Sorted(maps.Keys(set.Names)), "workloads"))
			}
			delete(set.Names, name)
		}
	}
	if set.Product == "" && len(set.Names) == 0 {
		b.report(n.at, kizuna.Errorf("program-empty-list", "the list %q holds no workload", clip(set.List)).
			WithMend("add names: [...] or product: Azure"))
	}
	if set.Family == "" {
		b.report(n.at, missing("family"))
	}
}

// counted reports whether some list names the workload.
func (b *builder) counted(name string) bool { return b.written[b.alias(name)] }

func (b *builder) unknownWorkload(at kizuna.Ref, name string) {
	b.report(at, unknown("program-unknown-workload", "%q is not a workload that is counted", clip(name),
		slices.Sorted(maps.Keys(b.written)), "workloads"))
}

func (b *builder) checkAliases() {
	for _, e := range b.root.get("aliases").fields() {
		switch _, again := b.p.Aliases[e.value.text]; {
		case again:
			b.report(e.value.at, kizuna.Errorf("program-alias-chain", "%q is an alias itself", clip(e.value.text)).
				WithMend("name the workload that the lists name"))
		case !b.written[e.value.text]:
			b.unknownWorkload(e.value.at, e.value.text)
		}
	}
}

func (b *builder) rates() {
	b.p.Rates = make(map[string]Rate)
	for _, e := range b.root.get("rates").fields() {
		name := b.alias(e.key)
		if !b.counted(name) {
			b.unknownWorkload(e.at, e.key)
			continue
		}
		r := Rate{Unit: "MAU", Provenance: b.provenanceOf(e.value, b.provenance)}
		figure := e.value
		if e.value.kind == mapping {
			figure = e.value.get("rate")
			r.Includes = textsOf(e.value.get("includes"))
			if unit := e.value.get("unit"); unit != nil {
				r.Unit = unit.text
			}
		}
		r.Value, _ = parseRate(figure.text)
		if r.Value != nil {
			if m, ok := r.Value.Micro(); !ok || m < 0 {
				b.report(figure.at, kizuna.Errorf("program-rate", "a rate of %s cannot be worked with", clip(figure.text)).
					WithMend("write a number from 0 with at most six decimals, or unknown"))
			}
		}
		if _, twice := b.p.Rates[name]; twice {
			b.report(e.at, kizuna.Errorf("program-same-workload", "%q stands on this list already, perhaps by another name", clip(e.key)).
				WithMend("keep one of the two, or take the alias away"))
		}
		b.p.Rates[name] = r
	}
}

func (b *builder) ownedWorkloads() {
	b.p.OwnedWorkloads = make(map[string]OwnerRule)
	for _, e := range b.root.get("owned_workloads").fields() {
		if !b.counted(e.key) {
			b.unknownWorkload(e.at, e.key)
			continue
		}
		b.p.OwnedWorkloads[b.alias(e.key)] = OwnerRule{
			Relations:  b.distinct(e.value.get("by")),
			LatestOnly: textOf(e.value.get("credit")) == "latest",
			Provenance: b.provenanceOf(e.value, b.provenance),
		}
	}
}

func (b *builder) certificates() {
	b.p.Certificates = make(map[string]Certificate)
	for _, e := range b.root.get("certificates").fields() {
		if e.value.kind == scalar {
			b.p.Certificates[e.key] = Certificate{ID: e.key, Name: e.value.text}
			continue
		}
		b.p.Certificates[e.key] = b.certificate(e)
	}
	for _, e := range b.root.get("certificate_lists").fields() {
		b.knownCertificates(e.value)
	}
}

// certificate finds the last day on which a certificate counts: the day that the
// program names, or so many months after it was retired.
func (b *builder) certificate(e entry) Certificate {
	n := e.value
	c := Certificate{ID: e.key, Name: textOf(n.get("name")), Retired: dateOrNil(n.get("retired")), Note: textOf(n.get("note"))}
	through, stops := n.get("counts_through"), n.get("stops_counting")
	switch {
	case through != nil && stops != nil:
		b.report(n.place("stops_counting"), kizuna.Errorf("program-two-ends", "counts_through and stops_counting say the same thing").
			WithMend("keep one: the last day that counts, or the first that does not"))
	case through != nil:
		c.LastDay = dateOrNil(through)
	case stops != nil:
		last := mustDate(stops).AddDays(-1)
		c.LastDay = &last
	case c.Retired != nil:
		last := c.Retired.AddMonths(b.p.People.RetiredCountsMonths)
		c.LastDay = &last
	}
	if c.Retired != nil && c.LastDay != nil && *c.LastDay < *c.Retired {
		b.report(n.place("retired"), kizuna.Errorf("program-retired-late", "%s ends to count on %s, before it retires on %s", e.key, *c.LastDay, *c.Retired).
			WithMend("correct one of the two days"))
	}
	return c
}

// knownCertificates returns a list of certificates, written out or named.
func (b *builder) knownCertificates(n *node) []string {
	if n == nil {
		return nil
	}
	if n.kind == scalar {
		lists := b.root.get("certificate_lists")
		named := lists.get(n.text)
		if named == nil {
			b.report(n.at, unknown("program-unknown-certificate-list", "%q is not a list of certificates", clip(n.text),
				lists.names(), "certificate_lists"))
			return nil
		}
		return textsOf(named)
	}
	for _, item := range n.items {
		if _, ok := b.p.Certificates[item.text]; !ok {
			b.report(item.at, unknown("program-unknown-certificate", "%q is not a certificate of this program", clip(item.text),
				slices.Sorted(maps.Keys(b.p.Certificates)), "certificates"))
		}
	}
	return b.distinct(n)
}

// typesOf reads association types by name.
func (b *builder) typesOf(n *node) TypeSet {
	var set TypeSet
	for _, item := range n.items {
		types, ok := typesByName(item.text)
		if !ok {
			b.report(item.at, kizuna.Errorf("program-unknown-type", "%q is not an association type", clip(item.text)).
				WithMend("did you mean %q? The types are: %s", nearest(item.text, typeWords), strings.Join(typeWords, ", ")))
		}
		set |= types
	}
	return set
}

var typeWords = append(typeNames[:], "CPOR", "CPOR-RevRecPerformance", "CSP")
