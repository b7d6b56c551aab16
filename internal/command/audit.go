package command

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/record"
)

// auditCmd proves that the record is what was recorded.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"help.audit-verify"`
	Export auditExportCmd `cmd:"" help:"help.audit-export"`
	Seal   auditSealCmd   `cmd:"" help:"help.audit-seal"`
	Key    auditKeyCmd    `cmd:"" help:"help.audit-key-cmd"`
}

type auditVerifyCmd struct {
	optionalStoreFlags
	File   string   `name:"file" placeholder:"EXPORT" help:"help.audit-file"`
	Public string   `name:"public-key" placeholder:"FILE" help:"help.audit-public"`
	Heads  []string `name:"head" placeholder:"N:HASH" help:"help.audit-head"`
}

// Run reports what is not as it was recorded; the exit code is 1 if anything is.
func (c *auditVerifyCmd) Run(a *app) error {
	now, err := clock()
	if err != nil {
		return err
	}
	check := audit.Check{Now: kizuna.MomentOf(now())}
	for _, text := range c.Heads {
		head, err := parseHead(text)
		if err != nil {
			return err
		}
		check.Heads = append(check.Heads, head)
	}
	if c.Public != "" {
		if check.Key, err = readPublicKey(c.Public); err != nil {
			return err
		}
	}
	var found *record.Verification
	if c.File != "" {
		found, err = verifyExport(c.File, check)
	} else {
		found, err = c.verifyStore(a, check)
	}
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, found)
	} else {
		err = a.showVerification(found, c.File != "")
	}
	if err == nil && !found.Intact {
		err = errProblems
	}
	return err
}

func verifyExport(name string, check audit.Check) (*record.Verification, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	export, err := audit.OpenExport(name, f, info.Size())
	if err != nil {
		return nil, err
	}
	report, err := export.Verify(check)
	return &record.Verification{Report: report}, err
}

func (c *auditVerifyCmd) verifyStore(a *app, check audit.Check) (*record.Verification, error) {
	flags, err := c.required()
	if err != nil {
		return nil, err
	}
	o, err := flags.open(a)
	if err != nil {
		return nil, err
	}
	if check.Key == nil {
		check.Key, err = flags.firstKey(o)
	}
	var found *record.Verification
	if err == nil {
		found, err = o.Audit(a.Context, check)
	}
	return found, cmp.Or(err, o.close())
}

// optionalStoreFlags name a store that a file may take the place of.
type optionalStoreFlags struct {
	Store string `name:"store" env:"KIZUNA_STORE" placeholder:"DSN" help:"help.store"`
	Blobs string `name:"blobs" env:"KIZUNA_BLOBS" placeholder:"DIR|URL" help:"help.blobs"`
	Key   string `name:"audit-key" env:"KIZUNA_AUDIT_KEY" placeholder:"FILE" help:"help.audit-key"`
}

func (f *optionalStoreFlags) required() (*storeFlags, error) {
	if f.Store == "" {
		return nil, kizuna.Errorf("audit-what", "nothing to verify is named").WithMend("name a store or an export: --store DSN or --file FILE")
	}
	return &storeFlags{Store: f.Store, Blobs: f.Blobs, Key: f.Key}, nil
}

// parseHead reads N:HASH as verify prints it.
func parseHead(text string) (h audit.Head, err error) {
	number, hash, _ := strings.Cut(text, ":")
	h.Number, err = strconv.ParseInt(number, 10, 64)
	if err == nil {
		h.Hash, err = kizuna.ParseHash(hash)
	}
	if err != nil {
		return h, kizuna.Errorf("audit-head", "%q names no block", text).
			WithMend("write NUMBER:HASH, as kizuna audit verify prints it").WithCause(err)
	}
	return h, nil
}

func (a *app) showVerification(v *record.Verification, export bool) error {
	verdict := "audit.intact"
	if !v.Intact {
		verdict = "audit.not-intact"
	}
	texts := []string{a.P.T(verdict), "  " + a.P.T("audit.counts", v.Entries, v.Proved, v.Blocks, v.Content)}
	for _, f := range v.Findings {
		texts = append(texts, "  "+a.finding(f))
	}
	if v.More > 0 {
		texts = append(texts, "  "+a.P.T("audit.more", v.More))
	}
	if t := v.Tail; t != nil {
		texts = append(texts, "  "+a.P.T("audit.tail", numbers(t.First, t.Last), t.Entries, t.Seconds))
	}
	if v.Head != nil {
		texts = append(texts, "  "+a.P.T("audit.head", fmt.Sprintf("%d:%s", v.Head.Number, v.Head.Hash)))
	}
	switch {
	case export:
		texts = append(texts, "  "+a.P.T("audit.no-content"))
	case !v.Files:
		texts = append(texts, "  "+a.P.T("audit.no-files"))
	}
	if !v.Trusted {
		texts = append(texts, "  "+a.P.T("audit.not-trusted"))
	}
	return lines(a.Stdout, texts...)
}

func numbers(from, to int64) string { return audit.Finding{From: from, To: to}.Numbers() }

// finding says what is wrong, in the reader's language.
func (a *app) finding(f audit.Finding) string {
	text, _ := a.P.Lookup("audit." + string(f.Kind))
	if strings.Contains(text, "%[2]s") {
		return fmt.Sprintf(text, f.Numbers(), f.Subject)
	}
	return fmt.Sprintf(text, f.Numbers())
}

type auditExportCmd struct {
	storeFlags
	File string `arg:"" name:"file" help:"help.audit-export-file"`
}

// Run writes the trail to a file that is whole or not there; - is the output.
func (c *auditExportCmd) Run(a *app) error {
	o, err := c.open(a)
	if err != nil {
		return err
	}
	defer o.close()
	now, err := clock()
	if err != nil {
		return err
	}
	header := audit.Header{ExportedAt: kizuna.MomentOf(now())}
	key, err := c.firstKey(o)
	if err != nil {
		return err
	}
	header.Key = key
	trail, err := o.Trail(a.Context)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return audit.WriteExport(w, header, trail.Trail) }
	if c.File == "-" {
		return write(a.Stdout)
	}
	if err := writeWhole(c.File, write); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]string{"file": c.File})
	}
	return lines(a.Stdout, a.P.T("audit.exported", c.File))
}

type auditSealCmd struct{ storeFlags }

// Run seals what no block holds yet.
func (c *auditSealCmd) Run(a *app) error {
	o, err := c.open(a)
	if err != nil {
		return err
	}
	if o.key == nil {
		return errors.Join(noAuditKey(), o.close())
	}
	blocks, err := o.seal(a.Context)
	if err = cmp.Or(err, o.close()); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]int{"blocks": blocks})
	}
	return lines(a.Stdout, a.P.T("audit.sealed", blocks))
}

func noAuditKey() error {
	return kizuna.Errorf("audit-no-key", "there is no key that seals this audit trail").
		WithMend("name it: --audit-key FILE; or make one with: kizuna migrate")
}

type auditKeyCmd struct {
	storeFlags
	Rotate bool `name:"rotate" help:"help.audit-rotate"`
}

// Run prints the public key with which the trail begins, or brings in a new key.
func (c *auditKeyCmd) Run(a *app) error {
	o, err := c.open(a)
	if err != nil {
		return err
	}
	if c.Rotate {
		err = c.rotate(a.Context, o)
	}
	var first ed25519.PublicKey
	if err == nil {
		first, err = c.firstKey(o)
	}
	if err = cmp.Or(err, o.close()); err != nil {
		return err
	}
	pem, err := audit.EncodePublicKey(first)
	if err != nil {
		return err
	}
	firstID, err := audit.KeyID(first)
	if err != nil {
		return err
	}
	current, err := c.signingKey()
	if err != nil {
		return err
	}
	id := firstID
	if current != nil {
		if id, err = audit.KeyID(current.Public().(ed25519.PublicKey)); err != nil {
			return err
		}
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"public_key": string(pem), "first": firstID, "current": id})
	}
	if _, err := a.Stdout.Write(pem); err != nil || id == firstID {
		return err
	}
	return lines(a.Stderr, a.P.T("audit.key-current", id))
}
