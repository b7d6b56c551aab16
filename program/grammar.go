package program

import (
	"maps"
	"slices"
)

// The grammar of program files, from the small to the whole. What a key must
// hold stands here; what the keys mean together is checked where it is built.

var names = short{scalar: text, full: &object{name: "text", fields: []field{
	{key: "en", doc: "English", of: text, required: true},
	{key: "ja", doc: "Japanese", of: text},
}}}

var texts = listOf{text}

// provenanceFields say where a figure comes from and how sure it is.
var provenanceFields = []field{
	{key: "basis", doc: "How sure the figures here are.", of: oneOf{string(Established), string(Likely), string(Inferred), string(Unknown)}},
	{key: "sources", doc: "Where they were read: keys of sources.", of: texts},
	{key: "note", doc: "What a reader should know about them.", of: text},
}

func withProvenance(fields ...field) []field { return slices.Concat(fields, provenanceFields) }

var provenance = &object{name: "provenance", fields: provenanceFields}

var source = &object{name: "source", fields: []field{
	{key: "title", doc: "The page's title and whose it is.", of: text, required: true},
	{key: "date", doc: "The page's date, as precise as it is known.", of: text},
	{key: "note", doc: "What of it was used.", of: text},
	{key: "url", doc: "Where it can be read.", of: text},
}}

var period = &object{name: "period", fields: []field{
	{key: "from", doc: "First day.", of: date, required: true},
	{key: "to", doc: "Last day; nothing while it is open.", of: date},
}}

var limits = &object{name: "limits", fields: []field{
	{key: "above", doc: "More than this.", of: amount},
	{key: "at_least", doc: "This or more.", of: amount},
	{key: "below", doc: "Less than this.", of: amount},
	{key: "at_most", doc: "This or less.", of: amount},
}}

var scoring = &object{name: "scoring", fields: withProvenance(
	field{key: "total", doc: "What the metrics of an area add up to.", of: number, required: true},
	field{key: "pass", doc: "The total that passes.", of: number, required: true},
	field{key: "every_metric", doc: "What every metric needs besides.", required: true, of: &object{name: "gate", fields: []field{
		{key: "above", doc: "More than this many points.", of: number},
		{key: "at_least", doc: "This many points or more.", of: number},
	}}},
	field{key: "decimals", doc: "Decimals shown, rounded half up.", of: &object{name: "decimals", fields: []field{
		{key: "metric", doc: "Of a metric's points (1).", of: integer},
		{key: "total", doc: "Of an area's total (0).", of: integer},
	}}},
)}

var day = &object{name: "day", fields: []field{
	{key: "months", doc: "So many months later; earlier if negative.", of: integer},
	{key: "on", doc: "Then that month's first or last day.", of: oneOf{"first", "last"}},
	{key: "days", doc: "Then so many days later.", of: integer},
}}

var dayRange = &object{name: "days", fields: []field{
	{key: "from", doc: "First day, counted from the day of the question or the anniversary.", of: day, required: true},
	{key: "to", doc: "Last day.", of: day, required: true},
}}

var qualification = &object{name: "qualification", fields: withProvenance(
	field{key: "not_enrolled", doc: "Days around the day of the question.", of: dayRange, required: true},
	field{key: "enrolled", doc: "Days around the anniversary.", of: dayRange, required: true},
	field{key: "enroll_within_days", doc: "How long enrolling is open after qualifying.", of: integer},
)}

var roles = &object{name: "roles", fields: withProvenance(
	field{key: "eligible", doc: "The only roles that earn.", of: texts},
	field{key: "exclude_containing", doc: "Every role earns but those whose name holds one of these words.", of: texts},
)}

var owner = &object{name: "owner", fields: withProvenance(
	field{key: "by", doc: "Relations to the resource that earn.", required: true, of: listOf{oneOf{"owner", "co-owner", "creator", "publisher", "user"}}},
	field{key: "credit", doc: "latest: of several accounts only the one active last.", of: oneOf{"all", "latest"}},
)}

var workloads = &object{name: "workloads", fields: withProvenance(
	field{key: "name", doc: "The list's name.", of: names},
	field{key: "family", doc: "The kind of file that reports their usage.", of: oneOf{string(AzureFamily), string(M365Family), string(BusinessFamily)}},
	field{key: "names", doc: "The workloads.", of: texts},
	field{key: "product", doc: "Instead of names: everything in subscriptions of this product.", of: text},
	field{key: "except", doc: "But not these.", of: texts},
	field{key: "extends", doc: "Everything on this list,", of: text},
	field{key: "plus", doc: "and these.", of: texts},
)}

var rateShape = short{scalar: rate, full: &object{name: "rate", fields: withProvenance(
	field{key: "rate", doc: "Monthly consumption value of one unit, or unknown.", of: rate, required: true},
	field{key: "unit", doc: "What is counted (MAU).", of: text},
	field{key: "includes", doc: "Products behind the workload.", of: texts},
)}}

var certificate = short{scalar: text, full: &object{name: "certificate", fields: []field{
	{key: "name", doc: "Its name.", of: text, required: true},
	{key: "retired", doc: "Day of retirement.", of: date},
	{key: "counts_through", doc: "Last day on which it counts.", of: date},
	{key: "stops_counting", doc: "First day on which it does not count.", of: date},
	{key: "note", of: text},
}}}

var feed = &object{name: "feed", fields: feedFields}

var feedFields = []field{
	{key: "workloads", doc: "A list of workloads, by name.", of: text},
	{key: "through", doc: "Association types through which they count.", of: texts},
}

var feedsField = []field{{key: "feeds", doc: "Several lists of workloads, each with its association types.", of: listOf{feed}}}

// measureFields say what is measured, how much of it gives all points, and how many.
var measureFields = slices.Concat(
	[]field{
		{key: "max", doc: "Points at most.", of: number},
		{key: "full_at", doc: "The progress that gives them all; less gives its share.", of: number},
		{key: "change", doc: "net: now less a year before (net). percent: of the value a year before. gross: now alone.", of: oneOf{string(Net), string(Percent), string(Gross)}},
		{key: "count", doc: "Count these ...", of: oneOf{string(Tenants), string(Pairs), string(Workloads)}},
		{key: "by", doc: "... by looking at this.", of: quantities},
		{key: "sum", doc: "Or add this up.", of: quantities},
		{key: "window", doc: "The months looked at (the last one, against the same a year before).", of: &object{name: "window", fields: []field{
			{key: "months", doc: "Any of so many months suffices.", of: integer},
			{key: "trailing", doc: "So many months are added up.", of: integer},
			{key: "back", doc: "Months between now and the value compared with (12; 0 if gross).", of: integer},
		}}},
	},
	feedFields, feedsField,
	[]field{
		{key: "channels", doc: "Sales channels that count (all).", of: texts},
		{key: "amount", doc: "How much of it: by default more than 0.", of: limits},
		{key: "seats", doc: "Only tenants with so many paid seats of some workload.", of: limits},
		{key: "stays_after_growth", doc: "A tenant that outgrew the range still counts if it was in it before.", of: boolean},
		{key: "active_share", doc: "Least share of paid seats that must be active: 40%.", of: share},
		{key: "new_share_at_most", doc: "Leave out new tenants that were more active than this when they came.", of: share},
		{key: "since_association", doc: "Only growth since the association began.", of: boolean},
		{key: "floor", doc: "Below these sums a percentage gives no points.", of: &object{name: "floor", fields: []field{
			{key: "now", doc: "Least sum now.", of: amount},
			{key: "base", doc: "Least sum before.", of: amount},
		}}},
	},
)

var quantities = oneOf{string(Revenue), string(ActiveUsers), string(PaidSeats), string(Consumption)}

var certificateList = short{scalar: text, full: texts}

// peopleFields say which certificates are counted.
var peopleFields = []field{
	{key: "counted", doc: "Certificates: each person counts once. A list, or the name of one.", of: certificateList},
	{key: "per_person", doc: "Points of each counted person, in place of full_at.", of: number},
	{key: "steps", doc: "What must all be met first.", of: listOf{&object{name: "step", fields: []field{
		{key: "people", doc: "So many people ...", of: integer, required: true},
		{key: "any_of", doc: "... with any one of these certificates.", of: certificateList, required: true},
		{key: "points", doc: "Points that the step itself gives, once.", of: number},
	}}}},
}

var ruleFields = slices.Concat(
	measureFields, peopleFields,
	[]field{
		{key: "unit", doc: "What progress is counted in.", of: text},
		{key: "changes", doc: "What becomes of a people rule later, oldest first.", of: listOf{&object{
			name: "change", fields: slices.Concat([]field{
				{key: "from", doc: "In force from this day on.", of: date, required: true},
				{key: "full_at", doc: "People for all points.", of: number},
			}, peopleFields),
		}}},
		{key: "best_of", doc: "Options: the best one is taken.", of: mapOf{component}},
		{key: "parts", doc: "Parts: their points are added, up to max.", of: mapOf{component}},
	},
	provenanceFields,
)

var component = &object{name: "component", fields: measureFields}

var trackedFields = append(slices.Clone(ruleFields),
	field{key: "tracks", doc: "What differs by track.", of: mapOf{&object{name: "rule", fields: ruleFields}}})

var metricRule = short{scalar: text, full: &object{name: "metric", fields: append(slices.Clone(trackedFields),
	field{key: "use", doc: "Begin with this one of rules.", of: text},
	field{key: "name", doc: "Its name, if not the one under metrics.", of: names},
	field{key: "category", doc: "Its category, if not the one under metrics.", of: categories},
)}}

var categories = oneOf{string(Performance), string(Skilling), string(CustomerSuccess)}

var trackRule = &object{name: "track", fields: withProvenance(slices.Concat(
	[]field{
		{key: "best", doc: "All of these are computed, the best is taken.", of: texts},
		{key: "classify", doc: "Facts say which of these it is.", of: texts},
		{key: "by", doc: "Which facts.", of: oneOf{string(BySellingWorkloads), string(BySegment), string(ByMarket)}},
		{key: "then", doc: "The track if the test holds.", of: text},
		{key: "otherwise", doc: "The track if not.", of: text},
		{key: "above", doc: "selling_workloads: dollars a month of a tenant in a workload.", of: amount},
		{key: "at_least", doc: "selling_workloads: how many workloads.", of: integer},
		{key: "segment", doc: "customer_segment: the segment.", of: text},
		{key: "share", doc: "customer_segment: its share of the customers.", of: &object{name: "share", fields: []field{
			{key: "above", of: share}, {key: "at_least", of: share},
		}}},
		{key: "revenue_below", doc: "customer_segment: and less than this in twelve months.", of: amount},
		{key: "countries", doc: "market: the countries; empty if they are not known.", of: texts},
		{key: "channels", doc: "Sales channels looked at (all).", of: texts},
	}, feedFields, feedsField)...,
)}

var area = &object{name: "area", fields: withProvenance(
	field{key: "name", doc: "Its name.", of: names, required: true},
	field{key: "tracks", doc: "Its tracks, or the name of a rule under tracks (a single track).", of: short{scalar: text, full: trackRule}},
	field{key: "metrics", doc: "Its metrics, in order: rules, or names of rules.", of: mapOf{metricRule}, required: true},
)}

var file = &object{name: "program", fields: []field{
	{key: "program", doc: "The program's id: mcpp.", of: text, required: true},
	{key: "version", doc: "The version: \"2023-10\".", of: text, required: true},
	{key: "extends", doc: "A built-in version that this file changes: mcpp@2023-10.", of: text},
	{key: "name", doc: "The program's name.", of: names, required: true},
	{key: "in_force", doc: "The days on which it holds.", of: period, required: true},
	{key: "provenance", doc: "Of every figure that does not say its own.", of: provenance},
	{key: "sources", doc: "Pages that figures were read from.", of: mapOf{source}},
	{key: "scoring", doc: "What all areas have in common.", of: scoring, required: true},
	{key: "qualification", doc: "The days on which a qualifying score is looked for.", of: qualification, required: true},
	{key: "excluded_offers", doc: "Offer types whose revenue never counts.", of: texts},
	{key: "csp_history", doc: "What a change of CSP owner does to the past (owner_on_D: it moves with the owner).", of: oneOf{string(OwnerOnDate), string(ByInterval)}},
	{key: "roles", doc: "Roles that earn through a partner admin link.", of: roles},
	{key: "owned_workloads", doc: "Workloads reached by owning the resource.", of: mapOf{owner}},
	{key: "workloads", doc: "Lists of workloads.", of: mapOf{workloads}},
	{key: "aliases", doc: "Other names of workloads: alias: name.", of: mapOf{text}},
	{key: "rates", doc: "Monthly consumption values, by workload.", of: mapOf{rateShape}},
	{key: "certificates", doc: "Certificates by exam code.", of: mapOf{certificate}},
	{key: "certificate_lists", doc: "Lists of certificates that rules can name.", of: mapOf{texts}},
	{key: "people", doc: "What holds for people.", of: &object{name: "people", fields: []field{
		{key: "retired_counts_months", doc: "How long a retired certificate counts on (12).", of: integer},
		{key: "links_per_year", doc: "How often a profile may be linked (3).", of: integer},
		{key: "cooling_off_days", doc: "Days between two links (30).", of: integer},
	}}},
	{key: "categories", doc: "Names of the three categories.", of: mapOf{names}},
	{key: "metrics", doc: "Names and categories of metrics.", of: mapOf{&object{name: "heading", fields: []field{
		{key: "name", doc: "Its name.", of: names, required: true},
		{key: "category", doc: "Its category.", of: categories, required: true},
	}}}},
	{key: "track_names", doc: "Names of tracks.", of: mapOf{names}},
	{key: "tracks", doc: "Ways of finding a track that areas can name.", of: mapOf{trackRule}},
	{key: "rules", doc: "Rules that metrics of several areas can use.", of: mapOf{&object{name: "shared", fields: trackedFields}}},
	{key: "areas", doc: "The solution areas, in order.", of: mapOf{area}, required: true},
}}

// schemaOf returns a shape's JSON Schema; objects are defined once, by name.
func schemaOf(s shape) map[string]any {
	if o, ok := s.(*object); ok {
		return map[string]any{"$ref": "#/$defs/" + o.name}
	}
	return maps.Clone(s.schema())
}

// nullable allows null, which takes away what a file builds on.
func nullable(schema map[string]any) map[string]any {
	switch {
	case schema["type"] == nil:
		return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
	default:
		types, ok := schema["type"].([]string)
		if !ok {
			types = []string{schema["type"].(string)}
		}
		schema["type"] = append(slices.Clone(types), "null")
		return schema
	}
}

// objectsIn lists the objects that a shape is made of, itself first.
func objectsIn(s shape) []*object {
	switch s := s.(type) {
	case *object:
		all := []*object{s}
		for _, f := range s.fields {
			all = append(all, objectsIn(f.of)...)
		}
		return all
	case listOf:
		return objectsIn(s.of)
	case mapOf:
		return objectsIn(s.of)
	case short:
		return objectsIn(s.full)
	}
	return nil
}
