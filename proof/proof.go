// Package proof makes an explained figure checkable by others: the question, the
// explanation down to the rows, and a digest over its canonical form (RFC 8785,
// SHA-256). Whoever has the facts can compute it again; the same question over
// the same facts gives the same bytes on every machine.
package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
)

// Format is the version of the proof's own form.
const Format = "kizuna-proof-1"

// Proof is an explanation that can be checked.
type Proof struct {
	Format      string             `json:"format"`
	Question    Question           `json:"question"`
	Explanation *score.Explanation `json:"explanation"`
	Digest      string             `json:"digest"` // "sha256:…" over everything else
}

// Question is what was asked, completely: nothing is left to a default.
type Question struct {
	Program       string      `json:"program"`        // "mcpp@2023-10"
	ProgramDigest string      `json:"program_digest"` // over its rules
	AsOf          kizuna.Date `json:"as_of"`
	CSPHistory    string      `json:"csp_history"`
	Attribution   string      `json:"attribution"`
	MetricGate    string      `json:"metric_gate"`
	Account       string      `json:"account"`
	// Specialization: Area is that of a specialization, Metric one of its requirements.
	Specialization bool   `json:"specialization,omitempty"`
	Area           string `json:"area"`
	Track          string `json:"track"`
	Metric         string `json:"metric"`
	Scenario       string `json:"scenario,omitempty"` // "sha256:…" of what is assumed; "": nothing
}

// New proves an explanation of the answer.
func New(a *score.Answer, e *score.Explanation) (*Proof, error) { return NewUnder(a, e, "") }

// NewUnder is [New] for facts as a scenario has them; scenario is a hash that tells it apart.
func NewUnder(a *score.Answer, e *score.Explanation, scenario string) (*Proof, error) {
	p := &Proof{
		Format:      Format,
		Question:    questionOf(a, e),
		Explanation: e,
	}
	p.Question.Scenario = scenario
	digest, err := Digest(p)
	p.Digest = digest
	return p, err
}

func questionOf(a *score.Answer, e *score.Explanation) Question {
	q := &a.Question
	gate := "above-"
	if q.Program.Scoring.GateInclusive {
		gate = "at-least-"
	}
	return Question{
		Program: q.Program.Ref(), ProgramDigest: program.Digest(q.Program),
		AsOf: q.AsOf, CSPHistory: string(q.Program.CSPHistory), Attribution: string(q.Trust),
		MetricGate: gate + q.Program.Scoring.GateValue.String(),
		Account:    e.Account, Specialization: q.Specializations, Area: e.Area, Track: e.Track, Metric: e.Metric,
	}
}

// Digest computes the digest of a proof, leaving out the digest that it carries.
func Digest(p *Proof) (string, error) {
	plain := *p
	plain.Digest = ""
	return DigestOf(&plain)
}

// DigestOf computes the digest of anything that JSON can say.
func DigestOf(v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return digest(data)
}

func digest(data []byte) (string, error) {
	canonical, err := jcs.Transform(data)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// MaxSize bounds what [Read] takes.
const MaxSize = 256 << 20

// Read reads a proof and checks that it has not been changed since it was made.
func Read(file string, data []byte) (*Question, map[string]any, error) {
	bad := func(err error) (*Question, map[string]any, error) {
		return nil, nil, kizuna.Errorf("proof-unreadable", "%s is no proof that Kizuna wrote", file).
			WithMend("make one with: kizuna explain --json").WithCause(err)
	}
	if len(data) > MaxSize {
		return bad(nil)
	}
	var whole map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&whole); err != nil {
		return bad(err)
	}
	var head Proof
	if err := json.Unmarshal(data, &struct {
		Format   *string   `json:"format"`
		Question *Question `json:"question"`
		Digest   *string   `json:"digest"`
	}{&head.Format, &head.Question, &head.Digest}); err != nil {
		return bad(err)
	}
	if head.Format != Format {
		return bad(nil)
	}
	whole["digest"] = ""
	plain, err := json.Marshal(whole)
	if err != nil {
		return bad(err)
	}
	got, err := digest(plain)
	if err != nil {
		return bad(err)
	}
	if got != head.Digest {
		return nil, nil, kizuna.Errorf("proof-changed", "%s does not match its own digest: it was changed after it was made", file).
			WithMend("get the original, or explain the figure anew")
	}
	whole["digest"] = head.Digest
	return &head.Question, whole, nil
}

// Difference is a place where the facts now say something else than a proof.
type Difference struct {
	Path  string `json:"path"` // "explanation.components[0].tally.now"
	Proof string `json:"proof"`
	Now   string `json:"now"`
}

// Compare lists where a proof, as read, differs from one computed anew, at most
// limit places. Facts that only moved to another line of their file come last.
func Compare(read map[string]any, now *Proof, limit int) ([]Difference, error) {
	data, err := json.Marshal(now)
	if err != nil {
		return nil, err
	}
	var fresh map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&fresh); err != nil {
		return nil, err
	}
	c := comparison{limit: limit}
	c.walk("", read, fresh)
	all := append(c.facts, c.lines...)
	return all[:min(limit, len(all))], nil
}

type comparison struct {
	limit        int
	facts, lines []Difference
}

func (c *comparison) walk(path string, a, b any) {
	if len(c.facts) >= c.limit || path == "digest" {
		return
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			for _, key := range keys(x, y) {
				c.walk(strings.TrimPrefix(path+"."+key, "."), x[key], y[key])
			}
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			for i := range max(len(x), len(y)) {
				c.walk(fmt.Sprintf("%s[%d]", path, i), at(x, i), at(y, i))
			}
			return
		}
	}
	p, n := show(a), show(b)
	switch {
	case p == n:
	case !strings.Contains(path+".", ".at."):
		c.facts = append(c.facts, Difference{path, p, n})
	case len(c.lines) < c.limit:
		c.lines = append(c.lines, Difference{path, p, n})
	}
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func keys(a, b map[string]any) []string {
	var all []string
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	const most = 200
	if len(data) > most {
		return string(data[:most]) + "…"
	}
	return string(data)
}
