package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/bake"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/fetch"
	"github.com/kizuna-org/kizuna/badge/site"
	"github.com/kizuna-org/kizuna/badge/verify"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/record"
)

// exitUntrusted is the code for a badge that is valid, of an issuer that nothing says
// is trusted.
const exitUntrusted = 3

// errUntrusted ends a command with exitUntrusted after it has said why itself.
var errUntrusted = errors.New("the issuer is not trusted")

// evidenceFlags say where what a badge relies on is found, and who is trusted.
type evidenceFlags struct {
	Keys     string   `name:"badge-keys" env:"KIZUNA_BADGE_KEYS" placeholder:"DIR" help:"help.badge-keys-own"`
	Evidence []string `name:"evidence" sep:"none" type:"path" placeholder:"FILE|DIR" help:"help.badge-evidence"`
	Trust    string   `name:"trust" type:"path" placeholder:"FILE" help:"help.badge-trust"`
	Fetch    bool     `name:"fetch" help:"help.badge-fetch"`
}

// trust reads who is trusted: the file says so, and an issuer of our own is.
func (f *evidenceFlags) trust() (*verify.Trust, error) {
	t := &verify.Trust{}
	if f.Trust != "" {
		data, err := readBounded(f.Trust, did.MaxBytes)
		if err != nil {
			return nil, err
		}
		if t, err = verify.ParseTrust(f.Trust, data); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// gather collects the evidence for a badge, from files, from our own issuer and, if
// asked for, from the network. Trusted are the issuers whose word counts.
func (f *evidenceFlags) gather(a *app, c *verify.Credential) (e verify.Evidence, trusted []string, err error) {
	e = verify.Evidence{Documents: make(map[string]*did.Document), Lists: make(map[string]*verify.List)}
	t, err := f.trust()
	if err != nil {
		return e, nil, err
	}
	trusted = t.IDs()
	if f.Keys != "" {
		issuer, err := readIssuer(f.Keys)
		if err != nil {
			return e, nil, err
		}
		ring := issuer.ring()
		if e.Documents[issuer.ID], err = ring.Document(); err != nil {
			return e, nil, err
		}
		trusted = append(trusted, issuer.ID)
	}
	for _, name := range f.Evidence {
		if err := addEvidence(e, name); err != nil {
			return e, nil, err
		}
	}
	if f.Fetch {
		err = fetch.New(nil).Evidence(a.Context, c, e)
	}
	return e, trusted, err
}

const maxEvidenceBytes = 4 << 20

// addEvidence takes a did.json or a status list, or all of a published directory.
func addEvidence(e verify.Evidence, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return unreadable(name, err)
	}
	if !info.IsDir() {
		return addEvidenceFile(e, name)
	}
	for _, pattern := range []string{"did.json", ".well-known/did.json", "status/*"} {
		found, err := filepath.Glob(filepath.Join(name, pattern))
		if err != nil {
			return err
		}
		for _, file := range found {
			if err := addEvidenceFile(e, file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func addEvidenceFile(e verify.Evidence, name string) error {
	data, err := readBounded(name, maxEvidenceBytes)
	if err != nil {
		return err
	}
	var head struct {
		ID      string            `json:"id"`
		Methods []json.RawMessage `json:"verificationMethod"`
	}
	if json.Unmarshal(data, &head) == nil && head.Methods != nil {
		d, err := did.Parse(data)
		if err != nil {
			return err
		}
		e.Documents[d.ID] = d
		return nil
	}
	id := head.ID
	if id == "" {
		if c, err := verify.ReadList(data); err == nil {
			id = c.ID
		}
	}
	if id == "" {
		return kizuna.Errorf("badge-evidence", "this is neither an issuer's document nor a status list").
			WithMend("bring did.json, or what the badge names under credentialStatus").WithRef(kizuna.Ref{File: name})
	}
	e.Lists[id] = verify.NewList(data)
	return nil
}

// readBadge reads a badge, an image or a letter; "-" is what comes in.
func readBadge(a *app, name string) (data []byte, c *verify.Credential, err error) {
	if name == "-" {
		data, err = io.ReadAll(io.LimitReader(a.Stdin, bake.MaxBytes))
	} else {
		data, err = readBounded(name, bake.MaxBytes)
	}
	if err != nil {
		return nil, nil, err
	}
	if head := bytes.ToLower(data[:min(len(data), 64)]); bytes.HasPrefix(head, []byte("<!doctype html")) {
		if token, ok := site.LetterToken(data); ok {
			data = []byte(token)
		}
	}
	c, err = verify.Read(data)
	return data, c, err
}

type badgeVerifyCmd struct {
	evidenceFlags
	File    string `arg:"" name:"badge" help:"help.badge-file"`
	Company string `name:"company" placeholder:"ID" help:"help.badge-must-company"`
	MCID    string `name:"mcid" placeholder:"MCID" help:"help.badge-must-mcid"`
	On      string `name:"on" placeholder:"INSTANT" help:"help.badge-verify-on"`
}

// Run checks a badge and says of each check how it went.
func (c *badgeVerifyCmd) Run(a *app) error {
	_, read, err := readBadge(a, c.File)
	if err != nil {
		return err
	}
	report, err := c.verify(a, read, verify.Question{Company: c.Company, MCID: c.MCID}, c.On)
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, report)
	} else {
		err = a.showVerified(report)
	}
	switch {
	case err != nil:
		return err
	case !report.Valid:
		return errProblems
	case !report.Trusted:
		return errUntrusted
	}
	return nil
}

func (f *evidenceFlags) verify(a *app, c *verify.Credential, q verify.Question, on string) (*verify.Report, error) {
	evidence, trusted, err := f.gather(a, c)
	if err != nil {
		return nil, err
	}
	q.Trusted = trusted
	if q.Now, err = instantNow(); err != nil {
		return nil, err
	}
	if on != "" {
		at, err := kizuna.ParseInstant(on)
		if err != nil {
			return nil, err
		}
		q.On = &at
	}
	verifier, err := verify.New()
	if err != nil {
		return nil, err
	}
	return verifier.Verify(c, q, evidence), nil
}

func (a *app) showVerified(r *verify.Report) error {
	answer := a.P.T("badge.invalid")
	switch {
	case r.Trusted:
		answer = a.P.T("badge.trusted")
	case r.Valid:
		answer = a.P.T("badge.untrusted")
	}
	what := []string{answer, strings.TrimSpace(r.Achievement.Name + "  " + r.Achievement.Specialization), r.Subject, r.Issuer}
	if err := lines(a.Stdout, slices.DeleteFunc(what, func(s string) bool { return s == "" })...); err != nil {
		return err
	}
	g := a.grid("check", "result")
	for _, c := range r.Checks {
		result := a.P.T("badge.check-held")
		if c.Problem != nil {
			result = a.P.Error(c.Problem)
		}
		g.Row(a.P.T("badge.check."+c.Name), result)
	}
	return a.show(g)
}

type certificateProveCmd struct {
	askFlags
	evidenceFlags
	File string `arg:"" name:"badge" help:"help.badge-file"`
	MCID string `name:"mcid" placeholder:"MCID" help:"help.certificate-prove-mcid"`
}

// Run takes a certificate from a signed credential, after it was verified: a second
// way beside the import of an export for it to count.
func (c *certificateProveCmd) Run(a *app) error {
	ask, err := c.ask()
	if err != nil {
		return err
	}
	mcid := c.MCID
	if mcid == "" {
		mcid = ask.Actor.ID
	}
	data, read, err := readBadge(a, c.File)
	if err != nil {
		return err
	}
	report, err := c.verify(a, read, verify.Question{MCID: mcid}, "")
	if err != nil {
		return err
	}
	if problem := report.Problem(); problem != nil {
		return problem
	}
	proven, err := c.proven(read, mcid, data, report)
	if err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[certificate.Certificate], error) {
		return o.ProveCertificate(a.Context, ask, *proven)
	})
}

func (c *certificateProveCmd) proven(read *verify.Credential, mcid string, data []byte, r *verify.Report) (*record.Proven, error) {
	trust, err := c.trust()
	if err != nil {
		return nil, err
	}
	if c.Keys != "" { // what we issued ourselves names certificates as the program does
		issuer, err := readIssuer(c.Keys)
		if err != nil {
			return nil, err
		}
		trust.Issuers = append(trust.Issuers, verify.TrustedIssuer{ID: issuer.ID, ByCode: true})
	}
	id, err := trust.CertificateOf(read)
	if err != nil {
		return nil, err
	}
	p := &record.Proven{MCID: mcid, Certificate: id, Proof: certificate.Proof{
		Issuer: read.Issuer, Credential: read.ID, SHA256: kizuna.HashOf(data), Verified: r.On,
	}}
	p.Earned, p.Ends, err = read.Earned()
	return p, err
}
