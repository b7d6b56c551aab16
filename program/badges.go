package program

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// BadgeRules govern badges: what a company may show of its designations, and when.
// Package badge lives by them.
type BadgeRules struct {
	Name   Text // of a designation; {area} stands for the area's name
	AllSix Text // of the badge for holding every area
	// AppearsAfterHours is how long after a change of status its badge appears.
	AppearsAfterHours int
	// ClosedDuring lists the times after an anniversary in which there are no badges:
	// "renewal_window", "grace".
	ClosedDuring []string
	Variants     []string // of the image: "color", "black_and_white"
	// AlignedOnly: a specialization is shown on badges of aligned designations only.
	AlignedOnly bool
	// LetterDays is how many days a letter is good; DesignationsFirst: in it no
	// specialization stands before a designation.
	LetterDays        int
	DesignationsFirst bool
	Families          *BadgeFamilies `json:",omitempty"` // nil: there are none yet

	// Provenance of each figure, by its key in the program file.
	Provenance map[string]Provenance
}

// BadgeFamilies are the names under which customers are shown areas.
type BadgeFamilies struct {
	From kizuna.Date
	Of   []BadgeFamily
}

// BadgeFamily is one such name and its areas.
type BadgeFamily struct {
	Name  Text
	Areas []string
}

// The times in which there may be no badges.
const (
	RenewalWindow = "renewal_window" // the days after an anniversary in which to renew
	Grace         = "grace"          // further days in which the vendor looks at a renewal
)

// FamilyOn returns the name under which customers are shown the area on the day.
func (b *BadgeRules) FamilyOn(area string, day kizuna.Date) (Text, bool) {
	if b.Families == nil || day < b.Families.From {
		return Text{}, false
	}
	i := slices.IndexFunc(b.Families.Of, func(f BadgeFamily) bool { return slices.Contains(f.Areas, area) })
	if i < 0 {
		return Text{}, false
	}
	return b.Families.Of[i].Name, true
}

// NameOf returns the name of an area's designation.
func (b *BadgeRules) NameOf(area *Area) Text {
	in := func(pattern, name string) string { return strings.ReplaceAll(pattern, "{area}", name) }
	return Text{EN: in(b.Name.EN, area.Name.EN), JA: in(b.Name.In("ja"), area.Name.In("ja"))}
}

// The grammar.

var badgesShape = &object{name: "badges", fields: withProvenance(
	field{key: "designation", doc: "What a designation is called; {area} stands for the area's name.", of: namesShape, required: true},
	field{key: "all_six", doc: "What the badge for all areas is called.", of: namesShape, required: true},
	field{key: "appears", doc: "When a badge appears.", of: &object{name: "badge_appears", fields: withProvenance(
		field{key: "after_hours", doc: "Hours after a change of status (24).", of: integerShape},
	)}},
	field{key: "closed", doc: "When there are no badges.", of: &object{name: "badge_closed", fields: withProvenance(
		field{key: "during", doc: "Times after the anniversary.", of: listOf{oneOf{RenewalWindow, Grace}}},
	)}},
	field{key: "images", doc: "What the images are like.", of: &object{name: "badge_images", fields: withProvenance(
		field{key: "variants", doc: "In color, or black and white.", of: listOf{oneOf{"color", "black_and_white"}}},
	)}},
	field{key: "shown_on", doc: "On which badges specializations are shown.", of: &object{name: "badge_shown_on", fields: withProvenance(
		field{key: "specializations", doc: "On those of aligned designations, or on any (aligned).", of: oneOf{"aligned", "any"}},
	)}},
	field{key: "letter", doc: "The dated letter.", of: &object{name: "badge_letter", fields: withProvenance(
		field{key: "valid_days", doc: "How long it is good (30).", of: integerShape},
		field{key: "designations_first", doc: "No specialization stands before a designation (true).", of: booleanShape},
	)}},
	field{key: "families", doc: "Names under which customers are shown areas.", of: &object{name: "badge_families", fields: withProvenance(
		field{key: "since", doc: "From this day on.", of: dateShape, required: true},
		field{key: "names", doc: "The names, by ids of your own.", required: true, of: mapOf{&object{name: "badge_family", fields: []field{
			{key: "name", doc: "Its name.", of: namesShape, required: true},
			{key: "areas", doc: "Its areas.", of: textsShape, required: true},
		}}}},
	)}},
)}

// badges reads the rules for badges, when the areas are known; a program without them
// has none.
func (b *builder) badges(n *node) *BadgeRules {
	if n == nil {
		return nil
	}
	around := b.provenanceOf(n, b.provenance)
	r := &BadgeRules{Name: namesOf(n.get("designation")), AllSix: namesOf(n.get("all_six")), Provenance: make(map[string]Provenance)}
	for _, e := range n.fields() {
		switch e.key {
		case "basis", "sources", "note":
		case "designation", "all_six":
			r.Provenance[e.key] = around
		default:
			r.Provenance[e.key] = b.provenanceOf(e.value, around)
		}
	}
	if !strings.Contains(r.Name.EN, "{area}") || !strings.Contains(r.Name.In("ja"), "{area}") {
		b.report(n.place("designation"), kizuna.Errorf("program-badge-name", "without {area} all badges have the same name").
			WithMend("write {en: 'Solutions Partner for {area}'}"))
	}
	r.AppearsAfterHours = b.atLeast(n.get("appears"), "after_hours", 0, 24)
	r.ClosedDuring = b.distinct(n.get("closed").get("during"))
	r.Variants = b.distinct(n.get("images").get("variants"))
	r.AlignedOnly = textOf(n.get("shown_on").get("specializations")) != "any"
	letter := n.get("letter")
	r.LetterDays = b.atLeast(letter, "valid_days", 1, 30)
	first := letter.get("designations_first")
	r.DesignationsFirst = first == nil || isTrue(first)
	if families := n.get("families"); families != nil {
		r.Families = b.badgeFamilies(families)
	}
	return r
}

func (b *builder) badgeFamilies(n *node) *BadgeFamilies {
	f := &BadgeFamilies{From: mustDate(n.get("since"))}
	taken := make(map[string]bool)
	for _, e := range n.get("names").fields() {
		areas := e.value.get("areas")
		family := BadgeFamily{Name: namesOf(e.value.get("name")), Areas: b.areaIDs(areas)}
		for i, area := range family.Areas {
			if taken[area] {
				b.report(areas.items[i].at, kizuna.Errorf("program-twice", "%q stands here twice", clip(area)).WithMend("keep one of the two"))
			}
		}
		for _, area := range family.Areas { // twice in one family b.areaIDs has told
			taken[area] = true
		}
		f.Of = append(f.Of, family)
	}
	return f
}

// Figures lists the rules in the file's order.
func (b *BadgeRules) Figures() []Figure {
	var out []Figure
	add := func(section, key, value string, names ...string) {
		out = append(out, Figure{Key: key, Value: value, Names: names, Provenance: b.Provenance[section]})
	}
	add("designation", "designation", b.Name.EN)
	add("all_six", "all_six", b.AllSix.EN)
	add("appears", "appears / after_hours", fmt.Sprint(b.AppearsAfterHours))
	add("closed", "closed / during", "", b.ClosedDuring...)
	add("images", "images / variants", "", b.Variants...)
	add("shown_on", "shown_on / specializations", map[bool]string{true: "aligned", false: "any"}[b.AlignedOnly])
	add("letter", "letter / valid_days", fmt.Sprint(b.LetterDays))
	add("letter", "letter / designations_first", fmt.Sprint(b.DesignationsFirst))
	if b.Families != nil {
		add("families", "families / since", b.Families.From.String())
		for _, f := range b.Families.Of {
			add("families", "families / "+f.Name.EN, "", f.Areas...)
		}
	}
	return out
}
