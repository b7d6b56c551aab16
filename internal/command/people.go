package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/people/certificate"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

// peopleCmd is about professionals: their learning profiles and certificates.
type peopleCmd struct {
	Invite      peopleInviteCmd  `cmd:"" help:"help.people-invite"`
	Withdraw    peopleCompanyCmd `cmd:"" help:"help.people-withdraw"`
	Decline     peoplePersonCmd  `cmd:"" help:"help.people-decline"`
	Link        peoplePersonCmd  `cmd:"" help:"help.people-link"`
	Unlink      peopleUnlinkCmd  `cmd:"" help:"help.people-unlink"`
	ReportLeft  peopleCompanyCmd `cmd:"" help:"help.people-report-left"`
	Retract     peopleCompanyCmd `cmd:"" help:"help.people-retract"`
	Merge       peopleMergeCmd   `cmd:"" help:"help.people-merge"`
	Certificate certificateCmd   `cmd:"" help:"help.people-certificate"`
	List        peopleListCmd    `cmd:"" help:"help.people-list"`
	Show        peopleShowCmd    `cmd:"" help:"help.people-show"`
}

// AfterApply fills in which step each command is.
func (c *peopleCmd) AfterApply() error {
	c.Withdraw.action, c.ReportLeft.action, c.Retract.action = profile.Withdraw, profile.ReportLeft, profile.RetractReport
	c.Decline.action, c.Link.action = profile.Decline, profile.Link
	return nil
}

type peopleInviteCmd struct {
	askFlags
	MCID     string `arg:"" name:"mcid" help:"help.people-mcid"`
	Location string `name:"location" placeholder:"ID" help:"help.people-location"`
	Person   string `name:"person" placeholder:"ID" help:"help.people-person"`
	Name     string `name:"name" placeholder:"NAME" help:"help.people-name"`
	Email    string `name:"email" placeholder:"ADDRESS" help:"help.people-email"`
}

// Run invites a person.
func (c *peopleInviteCmd) Run(a *app) error {
	in := record.Invitation{MCID: c.MCID, Location: c.Location, Person: c.Person, Name: c.Name, Email: c.Email}
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[record.Profile], error) {
		return o.Invite(a.Context, ask, in)
	})
}

type peopleCompanyCmd struct {
	askFlags
	MCID     string `arg:"" name:"mcid" help:"help.people-mcid"`
	Location string `name:"location" placeholder:"ID" help:"help.people-location"`
	action   lifecycle.Action
}

// Run does what a company may do about a profile.
func (c *peopleCompanyCmd) Run(a *app) error {
	return a.profileStep(&c.askFlags, c.action, c.MCID, c.Location)
}

type peoplePersonCmd struct {
	askFlags
	Location string `arg:"" name:"location" help:"help.people-location"`
	action   lifecycle.Action
}

// Run does what a person may do about the own profile.
func (c *peoplePersonCmd) Run(a *app) error {
	return a.profileStep(&c.askFlags, c.action, "", c.Location)
}

type peopleUnlinkCmd struct{ askFlags }

// Run unlinks the own profile from the company.
func (c *peopleUnlinkCmd) Run(a *app) error {
	return a.profileStep(&c.askFlags, profile.Unlink, "", "")
}

// profileStep does a step on a profile, the actor's own if none is named.
func (a *app) profileStep(f *askFlags, action lifecycle.Action, mcid, location string) error {
	return tell(a, f, func(o *opened, ask record.Ask) (*record.Outcome[record.Profile], error) {
		if mcid == "" {
			mcid = ask.Actor.ID
		}
		return o.Profile(a.Context, ask, action, mcid, location)
	})
}

type peopleMergeCmd struct {
	askFlags
	Survivor  string `arg:"" name:"survivor" help:"help.people-survivor"`
	Duplicate string `arg:"" name:"duplicate" help:"help.people-duplicate"`
}

// Run makes one profile of two.
func (c *peopleMergeCmd) Run(a *app) error {
	return tell(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Outcome[record.Profile], error) {
		return o.MergeProfiles(a.Context, ask, c.Survivor, c.Duplicate)
	})
}

type peopleListCmd struct {
	lookFlags
	Location string `name:"location" placeholder:"ID" help:"help.people-location"`
}

// Run lists profiles.
func (c *peopleListCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) ([]*record.Item[record.Profile], error) {
		return all(l.Profiles(l.ctx, l.view, store.Query{Location: association.Fold(c.Location)}))
	}, a.showProfiles)
}

func (a *app) showProfiles(l *looking, found []*record.Item[record.Profile]) error {
	var refs []string
	for _, item := range found {
		refs = append(refs, item.Value.References()...)
	}
	names, err := l.Names(l.ctx, l.view, refs...)
	if err != nil {
		return err
	}
	g := a.grid("profile", "name", "location", "since", "state")
	for _, item := range found {
		v := &item.Value
		name, since := "", ""
		for _, ref := range v.References() {
			if names[ref]["name"] != "" {
				name = names[ref]["name"]
			}
		}
		if n := len(v.Spells); n > 0 && v.Location() != "" {
			since = begins(v.Spells[n-1].During)
		}
		g.Row(v.MCID, name, v.Location(), since, a.state(v.State))
	}
	return a.show(g)
}

type peopleShowCmd struct {
	lookFlags
	MCID string `arg:"" name:"mcid" help:"help.people-mcid"`
}

// Run shows a profile with its certificates.
func (c *peopleShowCmd) Run(a *app) error {
	return look(a, &c.lookFlags, func(l *looking) (*record.Person, error) {
		return l.Person(l.ctx, l.view, c.MCID)
	}, a.showPerson)
}

func (a *app) showPerson(_ *looking, p *record.Person) error {
	if err := a.head(p.Thing, p.Version, p.Value.State); err != nil {
		return err
	}
	for _, name := range p.Names {
		fmt.Fprintf(a.Stdout, "%s\n", strings.TrimSpace(name["name"]+"  "+name["email"]))
	}
	if p.NextLink != nil {
		fmt.Fprintln(a.Stdout, a.P.T("people.next-link", p.NextLink))
	}
	spells := a.grid("location", "from", "to", "ended")
	for _, s := range p.Value.Spells {
		spells.Row(s.Location, begins(s.During), ends(s.During), a.ended(lifecycle.Action(s.Ended)))
	}
	if err := a.section(spells, a.P.T("list.past")); err != nil {
		return err
	}
	invitations := a.grid("location", "from", "to", "ended")
	for _, in := range p.Value.Invitations {
		invitations.Row(in.Location, begins(in.During), ends(in.During), a.ended(lifecycle.Action(in.Ended)))
	}
	if err := a.section(invitations, a.P.T("people.invitations")); err != nil {
		return err
	}
	held := a.grid("certificate", "earned", "ends", "state")
	for _, c := range p.Certificates {
		for i, t := range c.Terms {
			state := ""
			if i == len(c.Terms)-1 {
				state = a.state(c.State)
			}
			held.Row(c.Certificate, t.Earned.String(), dayText(t.Ends), state)
		}
		if c.Claim != nil {
			held.Row(c.Certificate, c.Claim.Earned.String(), dayText(c.Claim.Ends), a.state(c.State))
		}
	}
	return a.section(held, a.P.T("people.certificates"))
}

func dayText(d *kizuna.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// certificateCmd is about certificates that people earned.
type certificateCmd struct {
	Claim   certificateOwnCmd    `cmd:"" help:"help.certificate-claim"`
	Dismiss certificateStepCmd   `cmd:"" help:"help.certificate-dismiss"`
	Import  certificateImportCmd `cmd:"" help:"help.certificate-import"`
	Prove   certificateProveCmd  `cmd:"" help:"help.certificate-prove"`
	Renew   certificateDatedCmd  `cmd:"" help:"help.certificate-renew"`
	Revoke  certificateDatedCmd  `cmd:"" help:"help.certificate-revoke"`
}

// AfterApply fills in which step each command is.
func (c *certificateCmd) AfterApply() error {
	c.Dismiss.action, c.Renew.action, c.Revoke.action = certificate.Dismiss, certificate.Renew, certificate.Revoke
	return nil
}

type certificateOwnCmd struct {
	askFlags
	Certificate string `arg:"" name:"certificate" help:"help.certificate-id"`
	On          string `name:"on" placeholder:"DATE" help:"help.certificate-on"`
	Ends        string `name:"ends" placeholder:"DATE" help:"help.certificate-ends"`
}

// Run says that one has earned a certificate. It counts once an export says so too.
func (c *certificateOwnCmd) Run(a *app) error {
	return a.certificateStep(&c.askFlags, certificate.Claim, "", c.Certificate, c.On, c.Ends)
}

type certificateStepCmd struct {
	askFlags
	MCID        string `arg:"" name:"mcid" help:"help.people-mcid"`
	Certificate string `arg:"" name:"certificate" help:"help.certificate-id"`
	action      lifecycle.Action
}

// Run does a step that needs no date.
func (c *certificateStepCmd) Run(a *app) error {
	return a.certificateStep(&c.askFlags, c.action, c.MCID, c.Certificate, "", "")
}

type certificateDatedCmd struct {
	certificateStepCmd
	On   string `name:"on" placeholder:"DATE" help:"help.certificate-on"`
	Ends string `name:"ends" placeholder:"DATE" help:"help.certificate-ends"`
}

// Run does a step as the vendor says.
func (c *certificateDatedCmd) Run(a *app) error {
	return a.certificateStep(&c.askFlags, c.action, c.MCID, c.Certificate, c.On, c.Ends)
}

// certificateStep does a step on a profile's certificate, the actor's own if no
// profile is named.
func (a *app) certificateStep(f *askFlags, action lifecycle.Action, mcid, id, on, ends string) error {
	earned, err := optionalDate(on)
	if err != nil {
		return err
	}
	end, err := optionalDate(ends)
	if err != nil {
		return err
	}
	var day kizuna.Date
	if earned != nil {
		day = *earned
	}
	return tell(a, f, func(o *opened, ask record.Ask) (*record.Outcome[certificate.Certificate], error) {
		if mcid == "" {
			mcid = ask.Actor.ID
		}
		return o.Certificate(a.Context, ask, action, mcid, id, day, end)
	})
}

type certificateImportCmd struct {
	askFlags
	File string `arg:"" name:"file" type:"path" help:"help.certificate-file"`
}

// Run takes the certificates of an export of the vendor's.
func (c *certificateImportCmd) Run(a *app) error {
	rows, err := a.readCertificates(c.File)
	if err != nil {
		return err
	}
	return tellAll(a, &c.askFlags, func(o *opened, ask record.Ask) (*record.Verified, error) {
		return o.Verify(a.Context, ask, rows)
	}, func(v *record.Verified) error {
		fmt.Fprintln(a.Stdout, a.P.T("people.verified", v.Earned, v.Renewed, v.Unchanged))
		return a.showEvents(v.Events)
	})
}

// readCertificates reads a file of any kind that holds certificates, by way of a
// data directory that is there for the moment: files come in by one door.
func (a *app) readCertificates(name string) (rows []people.Certification, err error) {
	dir, err := os.MkdirTemp("", "kizuna-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	account, err := dataset.Import(a.Context, dir, []string{name}, dataset.ImportOptions{Strict: true})
	if err != nil {
		return nil, err
	}
	for _, f := range account.Files {
		if f.Error != nil {
			return nil, f.Error
		}
		if len(f.Problems) > 0 {
			return nil, f.Problems[0]
		}
	}
	d, err := dataset.Load(a.Context, dir, dataset.Options{})
	if err != nil {
		return nil, err
	}
	if len(d.People.Certifications) == 0 {
		return nil, kizuna.Errorf("certificate-export-empty", "%s holds no certificates", name).
			WithMend("import an export of the vendor's, or a table certifications.csv")
	}
	return d.People.Certifications, nil
}
