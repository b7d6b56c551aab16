package partnercenter

import (
	"strings"

	"github.com/kizuna-org/kizuna"
)

// attributions are the spellings of attribution types, folded, and the
// association types that they mean.
var attributions = map[string]string{
	"partneradminlink": "PAL",
	"pal":              "PAL",

	"partnerofrecord":        "DPOR",
	"digitalpartnerofrecord": "DPOR",
	"dpor":                   "DPOR",
	"por":                    "DPOR",

	"csptier1":       "CSP-T1",
	"cspt1":          "CSP-T1",
	"csp1":           "CSP-T1",
	"tier1":          "CSP-T1",
	"cspdirect":      "CSP-T1",
	"cspdirectbill":  "CSP-T1",
	"csptier2":       "CSP-T2",
	"cspt2":          "CSP-T2",
	"csp2":           "CSP-T2",
	"tier2":          "CSP-T2",
	"cspindirect":    "CSP-T2",
	"cspreseller":    "CSP-T2",
	"indirectseller": "CSP-T2",

	"transactingpartnerofrecord": "TPOR",
	"transactingpartner":         "TPOR",
	"tpor":                       "TPOR",

	"claimingpartnerofrecord": "CPOR",
	"cpor":                    "CPOR",
	"cporosu":                 "CPOR-OSU",
	"osu":                     "CPOR-OSU",
	"cporusage":               "CPOR-OSU",
	"cporosa":                 "CPOR-OSA",
	"osa":                     "CPOR-OSA",
	"cporpresales":            "CPOR-OSA",
	"cporrevrec":              "CPOR-RevRec",
	"revrec":                  "CPOR-RevRec",
	"cporrevrecperformance":   "CPOR-RevRec",
	"revrecperformance":       "CPOR-RevRec",
	"cporrevenue":             "CPOR-RevRec",
}

// unsummed are attribution types that Microsoft leaves out of every sum.
// Source: Partner Center docs, "Azure usage report".
var unsummed = map[string]bool{
	"partnerasendcustomer": true,
	"endcustomer":          true,
	"dealregistration":     true,
}

var folder = strings.NewReplacer(" ", "", "-", "", "_", "", ".", "", "(", "", ")", "", "/", "")

func fold(s string) string { return strings.ToLower(folder.Replace(s)) }

// assert fills in the attribution that the row carries. Plain says what plain CPOR
// means in the report. counts is false, and the fate is the row's, if it is never
// summed or cannot be understood.
func (in *input) assert(plain string, amount *kizuna.Decimal) (f fate, counts bool) {
	spelled := in.text(attribution)
	if spelled == "" {
		return kept, true // then one's own associations decide
	}
	folded := fold(spelled)
	if unsummed[folded] {
		return aside("aside.attribution-not-summed", spelled, amount), false
	}
	t, ok := attributions[folded]
	if !ok {
		return in.refuse(attribution, kizuna.Errorf("partnercenter-attribution", "%s is no attribution type: %q", in.name(attribution), clip(spelled)).
			WithMend("it is Partner admin link, Partner of record, CSP Tier 1, CSP Tier 2, Transacting partner of record or CPOR")), false
	}
	if t == "CPOR" {
		t = plain
	}
	if t == "PAL" && readerRole(in.text(adminType)) {
		return aside("aside.reader-role", in.text(adminType), amount), false
	}
	a := &in.row.Asserted
	a.Type = t
	if a.Location = in.text(location); a.Location == "" {
		a.Location = in.text(profileAccount)
	}
	if a.Location == "" {
		return in.missing(location), false
	}
	for i, f := range [...]field{duplicateForAccount, duplicateForType, duplicateForLocation} {
		flag, set, ok := parseFlag(in.text(f))
		if !ok {
			return in.refuse(f, kizuna.Errorf("partnercenter-flag", "%s is neither 0 nor 1: %q", in.name(f), clip(in.text(f))).
				WithMend("write 0 or False where the row counts, 1 or True where another one does")), false
		}
		if set {
			in.numbers.duplicate[i] = flag
			*[...]**bool{&a.DuplicateForAccount, &a.DuplicateForType, &a.DuplicateForLocation}[i] = &in.numbers.duplicate[i]
		}
	}
	return kept, true
}

// oneUsage names the usage that the row asserts, in reports that repeat a row for
// each attribution without saying which of them keeps it. Rows of one customer,
// subscription, workload and month that have the name in common are one usage.
func (in *input) oneUsage(name string) {
	if in.row.Asserted.Type != "" {
		in.row.Asserted.SourceRow = name
	}
}

// readerRole: an identity that may only look earns nothing by its link, though the
// usage is listed. Source: Partner Center docs, "Reconciliation FAQ".
func readerRole(role string) bool {
	return strings.Contains(strings.ToLower(role), "reader")
}

func parseFlag(s string) (flag, set, ok bool) {
	switch strings.ToLower(s) {
	case "":
		return false, false, true
	case "0", "false", "no", "n", "0.0":
		return false, true, true
	case "1", "true", "yes", "y", "1.0":
		return true, true, true
	}
	return false, false, false
}

// channels are the spellings of sales channels.
var channels = map[string]string{
	"ea":                         "EA",
	"enterprise":                 "EA",
	"enterpriseagreement":        "EA",
	"volumelicensing":            "EA",
	"csp":                        "CSP",
	"cloudsolutionprovider":      "CSP",
	"csptier1":                   "CSP",
	"csptier2":                   "CSP",
	"cspdirect":                  "CSP",
	"cspindirect":                "CSP",
	"webdirect":                  "WebDirect",
	"direct":                     "WebDirect",
	"mosp":                       "WebDirect",
	"payasyougo":                 "WebDirect",
	"mca":                        "MCA",
	"mcae":                       "MCA",
	"microsoftcustomeragreement": "MCA",
}

// channelOf returns the sales channel as programs name it, or as it stands.
func channelOf(s string) string {
	if c, ok := channels[fold(s)]; ok {
		return c
	}
	return s
}
