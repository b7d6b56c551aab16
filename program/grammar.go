package program

import (
	"maps"
	"slices"
)

// The grammar of program files, from the small to the whole. What a key must
// hold stands here; what the keys mean together is checked where it is built.

var namesShape = short{scalar: textShape, full: &object{name: "text", fields: []field{
	{key: "en", doc: "English", of: textShape, required: true},
	{key: "ja", doc: "Japanese", of: textShape},
}}}

var textsShape = listOf{textShape}

// provenanceFields say where a figure comes from and how sure it is.
var provenanceFields = []field{
	{key: "basis", doc: "How sure the figures here are.", of: oneOf{string(Established), string(Likely), string(Inferred), string(Unknown)}},
	{key: "sources", doc: "Where they were read: keys of sources.", of: textsShape},
	{key: "note", doc: "What a reader should know about them.", of: textShape},
}

func withProvenance(fields ...field) []field { return slices.Concat(fields, provenanceFields) }

var provenanceShape = &object{name: "provenance", fields: provenanceFields}

var sourceShape = &object{name: "source", fields: []field{
	{key: "title", doc: "The page's title and whose it is.", of: textShape, required: true},
	{key: "date", doc: "The page's date, as precise as it is known.", of: textShape},
	{key: "note", doc: "What of it was used.", of: textShape},
	{key: "url", doc: "Where it can be read.", of: textShape},
}}

var periodShape = &object{name: "period", fields: []field{
	{key: "from", doc: "First day.", of: dateShape, required: true},
	{key: "to", doc: "Last day; nothing while it is open.", of: dateShape},
}}

var limitsShape = &object{name: "limits", fields: []field{
	{key: "above", doc: "More than this.", of: amountShape},
	{key: "at_least", doc: "This or more.", of: amountShape},
	{key: "below", doc: "Less than this.", of: amountShape},
	{key: "at_most", doc: "This or less.", of: amountShape},
}}

var scoringShape = &object{name: "scoring", fields: withProvenance(
	field{key: "total", doc: "What the metrics of an area add up to.", of: numberShape, required: true},
	field{key: "pass", doc: "The total that passes.", of: numberShape, required: true},
	field{key: "every_metric", doc: "What every metric needs besides.", required: true, of: &object{name: "gate", fields: []field{
		{key: "above", doc: "More than this many points.", of: numberShape},
		{key: "at_least", doc: "This many points or more.", of: numberShape},
	}}},
	field{key: "whole_points", doc: "Round every metric's points down to whole ones.", of: booleanShape},
	field{key: "decimals", doc: "Decimals shown, rounded half up.", of: &object{name: "decimals", fields: []field{
		{key: "metric", doc: "Of a metric's points (1).", of: integerShape},
		{key: "total", doc: "Of an area's total (0).", of: integerShape},
	}}},
)}

var dayShape = &object{name: "day", fields: []field{
	{key: "months", doc: "So many months later; earlier if negative.", of: integerShape},
	{key: "on", doc: "Then that month's first or last day.", of: oneOf{"first", "last"}},
	{key: "days", doc: "Then so many days later.", of: integerShape},
}}

var dayRangeShape = &object{name: "days", fields: []field{
	{key: "from", doc: "First day, counted from the day of the question or the anniversary.", of: dayShape, required: true},
	{key: "to", doc: "Last day.", of: dayShape, required: true},
}}

var qualificationShape = &object{name: "qualification", fields: withProvenance(
	field{key: "not_enrolled", doc: "Days around the day of the question.", of: dayRangeShape, required: true},
	field{key: "enrolled", doc: "Days around the anniversary.", of: dayRangeShape, required: true},
	field{key: "enroll_within_days", doc: "How long enrolling is open after qualifying.", of: integerShape},
)}

var rolesShape = &object{name: "roles", fields: withProvenance(
	field{key: "eligible", doc: "The only roles that earn.", of: textsShape},
	field{key: "exclude_containing", doc: "Every role earns but those whose name holds one of these words.", of: textsShape},
)}

var ownerShape = &object{name: "owner", fields: withProvenance(
	field{key: "by", doc: "Relations to the resource that earn.", required: true, of: listOf{oneOf{"owner", "co-owner", "creator", "publisher", "user"}}},
	field{key: "credit", doc: "latest: of several accounts only the one active last.", of: oneOf{"all", "latest"}},
)}

var workloadsShape = &object{name: "workloads", fields: withProvenance(
	field{key: "name", doc: "The list's name.", of: namesShape},
	field{key: "family", doc: "The kind of file that reports their usage.", of: oneOf{string(AzureFamily), string(M365Family), string(BusinessFamily)}},
	field{key: "names", doc: "The workloads.", of: textsShape},
	field{key: "product", doc: "Instead of names: everything in subscriptions of this product.", of: textShape},
	field{key: "except", doc: "But not these.", of: textsShape},
	field{key: "extends", doc: "Everything on this list,", of: textShape},
	field{key: "plus", doc: "and these.", of: textsShape},
)}

var rateEntryShape = short{scalar: rateShape, full: &object{name: "rate", fields: withProvenance(
	field{key: "rate", doc: "Monthly consumption value of one unit, or unknown.", of: rateShape, required: true},
	field{key: "unit", doc: "What is counted (MAU).", of: textShape},
	field{key: "includes", doc: "Products behind the workload.", of: textsShape},
)}}

var certificateShape = short{scalar: textShape, full: &object{name: "certificate", fields: []field{
	{key: "name", doc: "Its name.", of: textShape, required: true},
	{key: "retired", doc: "Day of retirement.", of: dateShape},
	{key: "counts_through", doc: "Last day on which it counts.", of: dateShape},
	{key: "stops_counting", doc: "First day on which it does not count.", of: dateShape},
	{key: "note", of: textShape},
}}}

var feedShape = &object{name: "feed", fields: feedFields}

var feedFields = []field{
	{key: "workloads", doc: "A list of workloads, by name.", of: textShape},
	{key: "through", doc: "Association types through which they count.", of: textsShape},
}

var feedsField = []field{{key: "feeds", doc: "Several lists of workloads, each with its association types.", of: listOf{feedShape}}}

// measureFields say what is measured, how much of it gives all points, and how many.
var measureFields = slices.Concat(
	[]field{
		{key: "max", doc: "Points at most.", of: numberShape},
		{key: "full_at", doc: "The progress that gives them all; less gives its share.", of: numberShape},
		{key: "step", doc: "Only whole steps of so much progress earn.", of: numberShape},
		{key: "change", doc: "net: now less a year before (net). percent: of the value a year before. gross: now alone.", of: oneOf{string(Net), string(Percent), string(Gross)}},
		{key: "count", doc: "Count these ...", of: oneOf{string(Tenants), string(Pairs), string(Workloads)}},
		{key: "by", doc: "... by looking at this.", of: quantitiesShape},
		{key: "sum", doc: "Or add this up.", of: quantitiesShape},
		{key: "window", doc: "The months looked at (the last one, against the same a year before).", of: &object{name: "window", fields: []field{
			{key: "months", doc: "Any of so many months suffices.", of: integerShape},
			{key: "trailing", doc: "So many months are added up.", of: integerShape},
			{key: "back", doc: "Months between now and the value compared with (12; 0 if gross).", of: integerShape},
		}}},
	},
	feedFields, feedsField,
	[]field{
		{key: "channels", doc: "Sales channels that count (all).", of: textsShape},
		{key: "amount", doc: "How much of it: by default more than 0.", of: limitsShape},
		{key: "seats", doc: "Only tenants with so many paid seats of some workload.", of: limitsShape},
		{key: "stays_after_growth", doc: "A tenant that outgrew the range still counts if it was in it before.", of: booleanShape},
		{key: "active_share", doc: "Least share of paid seats that must be active: 40%.", of: shareShape},
		{key: "active_share_above", doc: "Instead: more than this share of paid seats.", of: shareShape},
		{key: "share_of", doc: "Whose share: that of the whole tenant, or of some covered workload (tenant).", of: oneOf{"tenant", "workload"}},
		{key: "new_share_at_most", doc: "Leave out new tenants that were more active than this when they came.", of: shareShape},
		{key: "new_share_below", doc: "Instead: so much or more.", of: shareShape},
		{key: "since_association", doc: "Only growth since the association began.", of: booleanShape},
		{key: "floor", doc: "Below these sums a percentage gives no points.", of: &object{name: "floor", fields: []field{
			{key: "now", doc: "Least sum now.", of: amountShape},
			{key: "base", doc: "Least sum before.", of: amountShape},
		}}},
	},
)

var quantitiesShape = oneOf{string(Revenue), string(ActiveUsers), string(PaidSeats), string(Consumption)}

var certificateListShape = short{scalar: textShape, full: textsShape}

// peopleFields say which certificates are counted.
var peopleFields = []field{
	{key: "counted", doc: "Certificates: each person counts once. A list, or the name of one.", of: certificateListShape},
	{key: "per_person", doc: "Points of each counted person, in place of full_at.", of: numberShape},
	{key: "steps_in_order", doc: "A step gives its own points only if those before it are met.", of: booleanShape},
	{key: "steps", doc: "What must all be met first.", of: listOf{&object{name: "step", fields: []field{
		{key: "people", doc: "So many people ...", of: integerShape, required: true},
		{key: "any_of", doc: "... with any one of these certificates.", of: certificateListShape, required: true},
		{key: "points", doc: "Points that the step itself gives, once.", of: numberShape},
	}}}},
}

var ruleFields = slices.Concat(
	measureFields, peopleFields,
	[]field{
		{key: "unit", doc: "What progress is counted in.", of: textShape},
		{key: "changes", doc: "What becomes of a people rule later, oldest first.", of: listOf{&object{
			name: "change", fields: slices.Concat([]field{
				{key: "from", doc: "In force from this day on.", of: dateShape, required: true},
				{key: "full_at", doc: "People for all points.", of: numberShape},
			}, peopleFields),
		}}},
		{key: "best_of", doc: "Options: the best one is taken.", of: mapOf{componentShape}},
		{key: "parts", doc: "Parts: their points are added, up to max.", of: mapOf{componentShape}},
		{key: "all_of", doc: "Parts that must all be full for all points: each gives an equal share.", of: mapOf{componentShape}},
		{key: "losses_offset", doc: "A part that lost takes points from the others.", of: booleanShape},
	},
	provenanceFields,
)

var componentShape = &object{name: "component", fields: measureFields}

var trackedFields = append(slices.Clone(ruleFields),
	field{key: "tracks", doc: "What differs by track.", of: mapOf{&object{name: "rule", fields: ruleFields}}})

var metricRuleShape = short{scalar: textShape, full: &object{name: "metric", fields: append(slices.Clone(trackedFields),
	field{key: "use", doc: "Begin with this one of rules.", of: textShape},
	field{key: "name", doc: "Its name, if not the one under metrics.", of: namesShape},
	field{key: "category", doc: "Its category, if not the one under metrics.", of: categoriesShape},
)}}

var categoriesShape = oneOf{string(Performance), string(Skilling), string(CustomerSuccess)}

var trackRuleShape = &object{name: "track", fields: withProvenance(slices.Concat(
	[]field{
		{key: "best", doc: "All of these are computed, the best is taken.", of: textsShape},
		{key: "classify", doc: "Facts say which of these it is.", of: textsShape},
		{key: "by", doc: "Which facts.", of: oneOf{string(BySellingWorkloads), string(BySegment), string(ByMarket)}},
		{key: "then", doc: "The track if the test holds.", of: textShape},
		{key: "otherwise", doc: "The track if not.", of: textShape},
		{key: "above", doc: "selling_workloads: dollars a month of a tenant in a workload.", of: amountShape},
		{key: "at_least", doc: "selling_workloads: how many workloads.", of: integerShape},
		{key: "count", doc: "selling_workloads: a workload once, or once for every tenant (workloads).", of: oneOf{string(Workloads), string(Pairs)}},
		{key: "decides", doc: "selling_workloads: the months in which it must hold (both).", of: oneOf{"both", string(LastMonth), string(EitherMonth)}},
		{key: "segment", doc: "customer_segment: the segment.", of: textShape},
		{key: "share", doc: "customer_segment: its share of the customers.", of: &object{name: "share", fields: []field{
			{key: "above", of: shareShape}, {key: "at_least", of: shareShape},
		}}},
		{key: "revenue_below", doc: "customer_segment: and less than this in twelve months.", of: amountShape},
		{key: "countries", doc: "market: the countries; empty if they are not known.", of: textsShape},
		{key: "channels", doc: "Sales channels looked at (all).", of: textsShape},
	}, feedFields, feedsField)...,
)}

var areaShape = &object{name: "area", fields: withProvenance(
	field{key: "name", doc: "Its name.", of: namesShape, required: true},
	field{key: "tracks", doc: "Its tracks, or the name of a rule under tracks (a single track).", of: short{scalar: textShape, full: trackRuleShape}},
	field{key: "metrics", doc: "Its metrics, in order: rules, or names of rules.", of: mapOf{metricRuleShape}, required: true},
)}

var fileShape = &object{name: "program", fields: []field{
	{key: "program", doc: "The program's id: mcpp.", of: textShape, required: true},
	{key: "version", doc: "The version: \"2023-10\".", of: textShape, required: true},
	{key: "extends", doc: "A built-in version that this file changes: mcpp@2023-10.", of: textShape},
	{key: "name", doc: "The program's name.", of: namesShape, required: true},
	{key: "in_force", doc: "The days on which it holds.", of: periodShape, required: true},
	{key: "provenance", doc: "Of every figure that does not say its own.", of: provenanceShape},
	{key: "sources", doc: "Pages that figures were read from.", of: mapOf{sourceShape}},
	{key: "scoring", doc: "What all areas have in common.", of: scoringShape, required: true},
	{key: "qualification", doc: "The days on which a qualifying score is looked for.", of: qualificationShape, required: true},
	{key: "excluded_offers", doc: "Offer types whose revenue never counts.", of: textsShape},
	{key: "csp_history", doc: "What a change of CSP owner does to the past (owner_on_D: it moves with the owner).", of: oneOf{string(OwnerOnDate), string(ByInterval)}},
	{key: "roles", doc: "Roles that earn through a partner admin link.", of: rolesShape},
	{key: "owned_workloads", doc: "Workloads reached by owning the resource.", of: mapOf{ownerShape}},
	{key: "workloads", doc: "Lists of workloads.", of: mapOf{workloadsShape}},
	{key: "aliases", doc: "Other names of workloads: alias: name.", of: mapOf{textShape}},
	{key: "rates", doc: "Monthly consumption values, by workload.", of: mapOf{rateEntryShape}},
	{key: "certificates", doc: "Certificates by exam code.", of: mapOf{certificateShape}},
	{key: "certificate_lists", doc: "Lists of certificates that rules can name.", of: mapOf{textsShape}},
	{key: "people", doc: "What holds for people.", of: &object{name: "people", fields: []field{
		{key: "retired_counts_months", doc: "How long a retired certificate counts on (12).", of: integerShape},
		{key: "links_per_year", doc: "How often a profile may be linked (3).", of: integerShape},
		{key: "cooling_off_days", doc: "Days between two links (30).", of: integerShape},
		{key: "leavers_count_through", doc: "Day of the next month through which leavers count (0: to their removal).", of: integerShape},
	}}},
	{key: "claims", doc: "What holds for claims of a partner of record (CPOR).", of: claimsShape},
	{key: "membership", doc: "How designations are entered into, renewed and lost.", of: membershipShape},
	{key: "badges", doc: "What holds for badges.", of: badgesShape},
	{key: "categories", doc: "Names of the three categories.", of: mapOf{namesShape}},
	{key: "metrics", doc: "Names and categories of metrics.", of: mapOf{&object{name: "heading", fields: []field{
		{key: "name", doc: "Its name.", of: namesShape, required: true},
		{key: "category", doc: "Its category.", of: categoriesShape, required: true},
	}}}},
	{key: "track_names", doc: "Names of tracks.", of: mapOf{namesShape}},
	{key: "tracks", doc: "Ways of finding a track that areas can name.", of: mapOf{trackRuleShape}},
	{key: "rules", doc: "Rules that metrics of several areas can use.", of: mapOf{&object{name: "shared", fields: trackedFields}}},
	{key: "areas", doc: "The solution areas, in order.", of: mapOf{areaShape}, required: true},
	{key: "specializations", doc: "What is certified beyond designations.", of: specializationsShape},
	{key: "benefits", doc: "What a partner is given.", of: benefitsShape},
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
