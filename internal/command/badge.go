package command

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/bake"
	"github.com/kizuna-org/kizuna/badge/site"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// badgeCmd is about badges: designations and certificates that others can check.
type badgeCmd struct {
	Offers  badgeOffersCmd  `cmd:"" help:"help.badge-offers"`
	Issue   badgeIssueCmd   `cmd:"" help:"help.badge-issue"`
	List    badgeListCmd    `cmd:"" help:"help.badge-list"`
	Show    badgeShowCmd    `cmd:"" help:"help.badge-show"`
	Export  badgeExportCmd  `cmd:"" help:"help.badge-export"`
	Revoke  badgeRevokeCmd  `cmd:"" help:"help.badge-revoke"`
	Review  badgeReviewCmd  `cmd:"" help:"help.badge-review"`
	Letter  badgeLetterCmd  `cmd:"" help:"help.badge-letter"`
	Publish badgePublishCmd `cmd:"" help:"help.badge-publish"`
	Verify  badgeVerifyCmd  `cmd:"" help:"help.badge-verify"`
	Bake    badgeBakeCmd    `cmd:"" help:"help.badge-bake"`
	Unbake  badgeUnbakeCmd  `cmd:"" help:"help.badge-unbake"`
	Keys    badgeKeysCmd    `cmd:"" help:"help.badge-keys-cmd"`
}

// toldFlags say how a company stands, for an operator whose memberships are elsewhere.
type toldFlags struct {
	Told string `name:"told" type:"path" placeholder:"FILE" help:"help.badge-told"`
}

const maxToldBytes = 1 << 20

// read reads the file; nil if none is named.
func (f *toldFlags) read() (*badge.Company, error) {
	if f.Told == "" {
		return nil, nil
	}
	data, err := readBounded(f.Told, maxToldBytes)
	if err != nil {
		return nil, err
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	c := new(badge.Company)
	if err := in.Decode(c); err != nil {
		return nil, kizuna.Errorf("badge-told-file", "this does not say how a company stands").
			WithMend("see docs/badges.md for its form").WithRef(kizuna.Ref{File: f.Told}).WithCause(err)
	}
	return c, nil
}

// readBounded reads a file that is not larger than it may be.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if int64(len(data)) > limit {
		return nil, kizuna.Errorf("file-too-large", "%s is larger than %d bytes", name, limit).
			WithMend("check that it is the right file")
	}
	return data, nil
}

type badgeOffersCmd struct {
	lookFlags
	toldFlags
	Company string `arg:"" name:"company" help:"help.badge-company"`
}

// Run shows which badges a company may have now, and why not the others.
func (c *badgeOffersCmd) Run(a *app) error {
	told, err := c.toldFlags.read()
	if err != nil {
		return err
	}
	return look(a, &c.lookFlags, func(l *looking) ([]record.BadgeOffer, error) {
		return l.BadgeOffers(l.ctx, l.view, l.actor, c.Company, told)
	}, func(_ *looking, offers []record.BadgeOffer) error {
		g := a.grid("badge", "from", "to", "why-not")
		for _, o := range offers {
			if o.Problem != nil {
				g.Row(o.Designation, "", "", a.P.Error(o.Problem))
				continue
			}
			g.Row(o.Designation, begins(o.During), ends(o.During), "")
		}
		return a.show(g)
	})
}

type badgeIssueCmd struct {
	askFlags
	issuerFlags
	toldFlags
	Company         string   `name:"company" placeholder:"ID" help:"help.badge-company"`
	Designation     string   `name:"designation" placeholder:"AREA|all" help:"help.badge-designation"`
	Specializations []string `name:"specialization" sep:"none" placeholder:"NAME" help:"help.badge-specialization"`
	MCID            string   `name:"mcid" placeholder:"MCID" help:"help.badge-mcid"`
	Certificate     string   `name:"certificate" placeholder:"CODE" help:"help.certificate-id"`
	Out             string   `name:"out" type:"path" placeholder:"FILE" help:"help.badge-out"`
	publishFlags
}

// Run issues a badge.
func (c *badgeIssueCmd) Run(a *app) error {
	if (c.Company == "") == (c.MCID == "") || (c.Designation == "") != (c.Company == "") || (c.Certificate == "") != (c.MCID == "") {
		return kizuna.Errorf("badge-whose", "a badge is a company's for a designation, or a professional's for a certificate").
			WithMend("name --company and --designation, or --mcid and --certificate")
	}
	told, err := c.toldFlags.read()
	if err != nil {
		return err
	}
	form := record.BadgeForm{
		Company: c.Company, Designation: c.Designation, Specializations: c.Specializations, Told: told,
		MCID: c.MCID, Certificate: c.Certificate,
	}
	if form.ID, err = badge.NewID(rand.Reader); err != nil {
		return err
	}
	if form.Salt, err = badge.NewSalt(rand.Reader); err != nil {
		return err
	}
	issuer, signer, err := c.signing(&c.storeFlags)
	if err != nil {
		return err
	}
	return tellAll(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[badge.Badge], error) {
		done, err := o.IssueBadge(a.Context, ask, signer, issuer.current(), form)
		if err != nil {
			return nil, err
		}
		if c.Out != "" {
			if err := writeBadge(c.Out, &done.Value, issuer.Issuer, false); err != nil {
				return nil, err
			}
		}
		return done, c.publishFlags.publish(a.Context, o, issuer, signer, &done.Value)
	}, func(o *record.Outcome[badge.Badge]) error {
		return a.showOutcome(o.Thing, o.Version, o.Events, o.Repeated)
	})
}

// writeBadge writes a badge in the form that the file's name says.
func writeBadge(name string, b *badge.Badge, issuer badge.Issuer, mono bool) error {
	if b.Signed.JWT == "" {
		return kizuna.Errorf("badge-erased", "what was signed of the badge %s was erased", b.ID).WithMend("issue a new one")
	}
	var data []byte
	var err error
	switch kind := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), "."); kind {
	case "json":
		data = b.Signed.Document
	case "jwt":
		data = []byte(b.Signed.JWT)
	case "svg", "png":
		data, err = site.Image(b, issuer, kind, mono)
	default:
		err = kizuna.Errorf("badge-form", "%q is not a form that a badge has", filepath.Base(name)).
			WithMend("let the file's name end in .json, .jwt, .svg or .png")
	}
	if err != nil {
		return err
	}
	return writeWhole(name, func(w io.Writer) error { _, err := w.Write(data); return err })
}

type badgeListCmd struct {
	lookFlags
	Company string `name:"company" placeholder:"ID" help:"help.badge-company"`
	MCID    string `name:"mcid" placeholder:"MCID" help:"help.badge-mcid"`
}

// Run lists badges.
func (c *badgeListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[badge.Badge], error) {
		return all(l.Badges(l.ctx, l.view, store.Query{Location: association.Fold(c.Company), Subject: association.Fold(c.MCID)}))
	}, func(_ *looking, found []*record.Item[badge.Badge]) error {
		g := a.grid("id", "badge", "whose", "from", "to", "state")
		for _, item := range found {
			b := &item.Value
			g.Row(b.ID, b.Achievement, cmp.Or(b.Subject.Company, b.Subject.MCID), begins(b.During), ends(b.During), a.state(b.State))
		}
		return a.show(g)
	})
}

// badgeID is the id of a badge, named by it or by a file that holds the badge.
func badgeID(a *app, name string) (string, error) {
	if _, err := os.Stat(name); err != nil {
		return name, nil
	}
	_, c, err := readBadge(a, name)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(path.Base(c.ID), ".json"), nil
}

type badgeShowCmd struct {
	lookFlags
	ID string `arg:"" name:"badge" help:"help.badge-id"`
	On string `name:"on" placeholder:"INSTANT" help:"help.badge-on"`
}

// badgeTruth says of a badge what was and is true.
type badgeTruth struct {
	*record.Item[badge.Badge]
	True *kizuna.Interval `json:"true,omitempty"` // nil: it never was
	On   kizuna.Instant   `json:"on"`
	Held bool             `json:"true_on"`
}

// Run shows a badge, and whether it is true now, or was on a day.
func (c *badgeShowCmd) Run(a *app) error {
	now, err := instantNow()
	if err != nil {
		return err
	}
	on, err := optionalInstant(c.On, now)
	if err != nil {
		return err
	}
	id, err := badgeID(a, c.ID)
	if err != nil {
		return err
	}
	return look(a, &c.lookFlags, func(l *looking) (*badgeTruth, error) {
		item, err := l.Badge(l.ctx, l.view, id)
		if err != nil {
			return nil, err
		}
		t := &badgeTruth{Item: item, On: on, Held: item.Value.TrueAt(on)}
		if during := item.Value.True(); !during.Empty() {
			t.True = &during
		}
		return t, nil
	}, func(_ *looking, t *badgeTruth) error {
		b := &t.Value
		if err := a.head(t.Thing, t.Version, b.State); err != nil {
			return err
		}
		answer := a.P.T("badge.false-on", on)
		if t.Held {
			answer = a.P.T("badge.true-on", on)
		}
		g := a.grid("what", "value")
		g.Row(a.P.T("badge.name"), b.Name)
		g.Row(a.P.T("badge.whose"), cmp.Or(b.Subject.Company, b.Subject.MCID))
		for _, s := range b.Specializations {
			g.Row(a.P.T("badge.specialization"), s)
		}
		if t.True != nil {
			g.Row(a.P.T("badge.true"), begins(*t.True)+" – "+ends(*t.True))
		}
		if b.Revoked != nil {
			g.Row(a.P.T("badge.revoked"), b.Revoked.At.String()+"  "+a.P.T("badge.because."+b.Revoked.Because))
		}
		g.Row(a.P.T("badge.key"), b.Key)
		return errors.Join(lines(a.Stdout, answer), a.show(g))
	})
}

type badgeExportCmd struct {
	lookFlags
	issuerFlags
	ID   string `arg:"" name:"badge" help:"help.badge-id"`
	Out  string `name:"out" required:"" type:"path" placeholder:"FILE" help:"help.badge-out"`
	Mono bool   `name:"mono" help:"help.badge-mono"`
}

// Run writes a badge to a file.
func (c *badgeExportCmd) Run(a *app) error {
	dir, err := c.dir(&c.storeFlags)
	if err != nil {
		return err
	}
	issuer, err := readIssuer(dir)
	if err != nil {
		return err
	}
	id, err := badgeID(a, c.ID)
	if err != nil {
		return err
	}
	return look(a, &c.lookFlags, func(l *looking) (map[string]string, error) {
		item, err := l.Badge(l.ctx, l.view, id)
		if err != nil {
			return nil, err
		}
		return map[string]string{"id": item.Value.ID, "file": c.Out}, writeBadge(c.Out, &item.Value, issuer.Issuer, c.Mono)
	}, func(_ *looking, wrote map[string]string) error {
		return lines(a.Stdout, a.P.T("badge.wrote", wrote["file"]))
	})
}

type badgeRevokeCmd struct {
	askFlags
	issuerFlags
	ID      string `arg:"" name:"badge" help:"help.badge-id"`
	Because string `name:"because" required:"" enum:"replaced,withdrawn,mistake,on-request,key-revoked" placeholder:"WORD" help:"help.badge-because"`
	publishFlags
}

// Run takes a badge back.
func (c *badgeRevokeCmd) Run(a *app) error {
	id, err := badgeID(a, c.ID)
	if err != nil {
		return err
	}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[badge.Badge], error) {
		done, err := o.RevokeBadge(a.Context, ask, id, c.Because)
		if err != nil || c.Publish == "" {
			return done, err
		}
		issuer, signer, err := c.signing(&c.storeFlags)
		if err != nil {
			return nil, err
		}
		return done, c.publishFlags.publish(a.Context, o, issuer, signer, &done.Value)
	})
}

type badgeReviewCmd struct {
	askFlags
	issuerFlags
}

// reviewedBadges is how a review ended.
type reviewedBadges struct {
	Looked  int      `json:"looked"`
	Revoked []string `json:"revoked,omitempty"` // ids
}

func (v *reviewedBadges) add(some *record.Reviewed) {
	v.Looked += some.Looked
	v.Revoked = append(v.Revoked, some.Revoked...)
}

// Run takes back every badge whose reason has gone.
func (c *badgeReviewCmd) Run(a *app) error {
	dir, err := c.dir(&c.storeFlags)
	if err != nil {
		return err
	}
	issuer, err := readIssuer(dir)
	if err != nil {
		return err
	}
	return tellAll(a, &c.askFlags, func(o *opened, ask record.Ask) (v *reviewedBadges, err error) {
		v = &reviewedBadges{}
		return v, o.ReviewBadges(a.Context, ask, issuer.ring(), store.Query{}, v.add)
	}, func(v *reviewedBadges) error {
		return lines(a.Stdout, append([]string{a.P.T("badge.reviewed", v.Looked, len(v.Revoked))}, v.Revoked...)...)
	})
}

type badgeLetterCmd struct {
	lookFlags
	issuerFlags
	toldFlags
	Company string   `arg:"" name:"company" help:"help.badge-company"`
	Lines   []string `name:"line" sep:"none" placeholder:"AREA|NAME" help:"help.badge-line"`
	Out     string   `name:"out" required:"" type:"path" placeholder:"FILE" help:"help.badge-letter-out"`
}

// Run writes a dated letter on what a company holds.
func (c *badgeLetterCmd) Run(a *app) error {
	told, err := c.toldFlags.read()
	if err != nil {
		return err
	}
	_, signer, err := c.signing(&c.storeFlags)
	if err != nil {
		return err
	}
	id, err := badge.NewID(rand.Reader)
	if err != nil {
		return err
	}
	return look(a, &c.lookFlags, func(l *looking) (*badge.Letter, error) {
		letter, err := l.BadgeLetter(l.ctx, l.view, l.actor, id, c.Company, c.Lines, told)
		if err != nil {
			return nil, err
		}
		page, err := site.Letter(letter, signer)
		if err != nil {
			return nil, err
		}
		return letter, writeWhole(c.Out, func(w io.Writer) error { _, err := w.Write(page); return err })
	}, func(_ *looking, letter *badge.Letter) error {
		return lines(a.Stdout, a.P.T("badge.letter-written", c.Out, letter.During.From.Date(), (letter.During.To-1).Date()))
	})
}

type badgeBakeCmd struct {
	Image      string `arg:"" name:"image" type:"path" help:"help.badge-image"`
	Credential string `arg:"" name:"credential" type:"path" help:"help.badge-credential"`
	Out        string `name:"out" required:"" type:"path" placeholder:"FILE" help:"help.badge-bake-out"`
}

// Run puts a credential into an image of one's own.
func (c *badgeBakeCmd) Run(a *app) error {
	image, err := readBounded(c.Image, bake.MaxBytes)
	if err != nil {
		return err
	}
	credential, err := readBounded(c.Credential, bake.MaxBytes)
	if err != nil {
		return err
	}
	baked, err := bake.Bake(image, strings.TrimSpace(string(credential)))
	if err != nil {
		return err
	}
	if err := writeWhole(c.Out, func(w io.Writer) error { _, err := w.Write(baked); return err }); err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]string{"file": c.Out})
	}
	return lines(a.Stdout, a.P.T("badge.wrote", c.Out))
}

type badgeUnbakeCmd struct {
	Image string `arg:"" name:"image" type:"path" help:"help.badge-image"`
}

// Run writes the credential that is in an image.
func (c *badgeUnbakeCmd) Run(a *app) error {
	image, err := readBounded(c.Image, bake.MaxBytes)
	if err != nil {
		return err
	}
	credential, err := bake.Unbake(image)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]string{"credential": credential})
	}
	return lines(a.Stdout, credential)
}
