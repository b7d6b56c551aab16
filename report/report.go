// Package report shows scores to people: on a terminal ([Text], [Compare]) and as
// one page that needs nothing but itself ([HTML]). It computes nothing; what it
// says in words stands in the catalogue under "report." and "reason.".
package report

import (
	"strings"

	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/program"
)

// Options say how a report is written.
type Options struct {
	P     *locale.Printer
	Color bool // ANSI colors
	// Detail opens every metric; an account with a single area is always opened.
	Detail bool
	// Rules, for [Compare], name areas and metrics; nil shows their ids.
	Rules *program.Program
}

// Reason says in the reader's language why a metric has no points; what the
// catalogue does not know is shown as it is.
func Reason(p *locale.Printer, reason string) string {
	if text, ok := p.Lookup("reason." + reason); ok {
		return text
	}
	for prefix, key := range map[string]string{
		"no rate for ": "report.reason.no-rate",
		"now below ":   "report.reason.now-below",
	} {
		if rest, ok := strings.CutPrefix(reason, prefix); ok {
			return p.T(key, rest)
		}
	}
	return reason
}

// Fill names a file that would hold missing data, by its key in score.Metric.Fill:
// "revenue.azure".
func Fill(p *locale.Printer, key string) string {
	if text, ok := p.Lookup("report.fill." + key); ok {
		return text
	}
	return key
}
