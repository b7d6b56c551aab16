package command

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/scenario"
	"github.com/kizuna-org/kizuna/advice/watch"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/locale"
	"github.com/kizuna-org/kizuna/store"
)

// watchCmd tells what has moved since the last time asked.
type watchCmd struct {
	adviceFlags
	Peek   bool   `name:"peek" help:"help.watch-peek"`
	Events string `name:"events" type:"path" placeholder:"FILE" help:"help.watch-events"`
	Mail   string `name:"mail" type:"path" placeholder:"FILE" help:"help.watch-mail"`
	From   string `name:"mail-from" placeholder:"ADDRESS" help:"help.watch-from"`
	To     string `name:"mail-to" placeholder:"ADDRESS" help:"help.watch-to"`
	Most   int    `name:"most" default:"10" help:"help.most"`
}

// Run compares now with the last time asked, and keeps what is now for the next time.
func (c *watchCmd) Run(a *app) error {
	addresses, err := c.addresses()
	if err != nil {
		return err
	}
	now, err := clock()
	if err != nil {
		return err
	}
	at := kizuna.MomentOf(now())
	o, entry, err := c.head(a)
	if err != nil {
		return err
	}
	in, err := c.advised(a)
	if err != nil {
		return err
	}
	kept := watch.Keep(in.base.Now(), (dataset.ScenarioTables{}).Rows(&scenario.Facts{Associations: in.data.Associations, People: in.data.People}))
	kept.At, kept.Entry = at, entry
	file, err := c.file(in.account)
	if err != nil {
		return err
	}
	before, err := readKept(file)
	if err != nil {
		return err
	}
	if before == nil {
		if !c.Peek {
			if err := writeKept(file, kept); err != nil {
				return err
			}
		}
		if a.JSON {
			return a.writeJSON(a.Stdout, map[string]any{"since": nil, "at": at})
		}
		fmt.Fprintln(a.Stdout, a.P.T("watch.first", in.who()))
		return nil
	}
	concern := watch.ConcernOf(before, kept)
	recorded, err := c.recorded(a, o, before.Entry, entry, concern)
	if err != nil {
		return err
	}
	r := watch.Looked(before, kept, concern, recorded, watch.Compare(before.State, kept.State, builtinProgram))
	if err := c.tell(a, in, r, addresses); err != nil {
		return err
	}
	if c.Peek {
		return nil
	}
	return writeKept(file, kept)
}

// head looks at what a store knows now, and has everything asked at that moment.
func (c *watchCmd) head(a *app) (o *opened, entry int64, err error) {
	if !c.inStore() {
		return nil, 0, nil
	}
	if o, err = c.placeFlags.open(a); err != nil {
		return nil, 0, err
	}
	a.atEnd(o.close)
	var known kizuna.Moment
	if c.KnownAt != "" {
		if known, err = kizuna.ParseMoment(c.KnownAt); err != nil {
			return nil, 0, err
		}
	}
	entry, at, err := o.Head(a.Context, known)
	if err == nil && c.KnownAt == "" && at != 0 {
		c.KnownAt = at.String()
	}
	return o, entry, err
}

// recorded lists what a store recorded between two entries of its audit trail that
// concerns the account.
func (c *watchCmd) recorded(a *app, o *opened, after, until int64, concern *watch.Concern) (out []watch.Recorded, err error) {
	if o == nil {
		return nil, nil
	}
	const page = 1000
	for {
		events, err := o.Events(a.Context, store.View{Scope: store.Everything}, after, page)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if after = e.Entry; e.Entry > until {
				return out, nil
			}
			if !concern.Thing(e.Concerns.Tenant, e.Concerns.Subject, e.Concerns.Location, e.Concerns.Second) {
				continue
			}
			out = append(out, watch.Recorded{ID: fmt.Sprintf("%d.%d", e.Entry, e.N), Type: e.Type, Subject: e.Thing.String(), At: e.Recorded})
		}
		if len(events) == 0 {
			return out, nil
		}
	}
}

// file is where the last look at an account is kept.
func (c *watchCmd) file(account string) (string, error) {
	dir, err := c.beside("watch")
	return filepath.Join(dir, kizuna.HashOf([]byte(account)).String()[:16]+".json.zst"), err
}

// readKept reads the last look; nil if there was none.
func readKept(file string) (_ *watch.Kept, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(file, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	bad := func(err error) error {
		return kizuna.Errorf("watch-unreadable", "what was kept of the last time cannot be read").
			WithMend("delete the file: the next time begins anew").WithRef(kizuna.Ref{File: file}).WithCause(err)
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return nil, bad(err)
	}
	defer z.Close()
	k := new(watch.Kept)
	if err := json.NewDecoder(z).Decode(k); err != nil {
		return nil, bad(err)
	}
	if k.State == nil {
		return nil, bad(nil)
	}
	return k, nil
}

func writeKept(file string, k *watch.Kept) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return unwritable(file, err)
	}
	return writeWhole(file, func(w io.Writer) error {
		z, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		return errors.Join(json.NewEncoder(z).Encode(k), z.Close())
	})
}

// tell writes the report in every form that was asked for.
func (c *watchCmd) tell(a *app, in *adviceInquiry, r *watch.Report, addresses *addresses) error {
	if c.Events != "" {
		if err := writeFile(c.Events, func(w *bufio.Writer) error { return a.writeJSON(w, r.Events()) }); err != nil {
			return err
		}
	}
	if c.Mail != "" {
		if err := writeFile(c.Mail, func(w *bufio.Writer) error { return c.mail(a, w, in, r, addresses) }); err != nil {
			return err
		}
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, r)
	}
	a.warn(in.inquiry)
	c.digest(a, a.Stdout, in, r)
	return nil
}

// digest writes the report for people.
func (c *watchCmd) digest(a *app, w io.Writer, in *adviceInquiry, r *watch.Report) {
	v := in.view(a, in.question.Program, c.Most)
	v.w = w
	v.open = strings.Join(append([]string{"kizuna explain"}, c.placeArgs(in.account, &c.questionFlags, "")...), " ")
	fmt.Fprintln(w, a.P.T("advice.question", in.who(), in.question.Program.Ref(), in.question.AsOf))
	fmt.Fprintln(w, a.P.T("watch.since", r.Since.Instant()))
	m := r.Movement
	if m.Before.AsOf != m.After.AsOf {
		fmt.Fprintln(w, a.P.T("watch.day", m.Before.AsOf, m.After.AsOf))
	}
	if m.Before.Digest != m.After.Digest {
		fmt.Fprintln(w, a.P.T("watch.program", m.Before.Program, m.After.Program))
	}
	if !r.Moved() {
		fmt.Fprintln(w, a.P.T("watch.nothing"))
		return
	}
	fmt.Fprintln(w)
	v.areas(m, a.P.T("watch.column.then"), a.P.T("watch.column.now"))
	v.details(m)
	if !m.Whole {
		fmt.Fprintf(w, "\n%s\n", a.P.T("watch.not-whole"))
	}
	if r.FactsLeftOut {
		fmt.Fprintf(w, "\n%s\n", a.P.T("watch.facts-left-out", watch.MostRows))
	}
	c.happened(v, r)
	v.note(m)
}

// happened writes what happened to facts.
func (c *watchCmd) happened(v *movementView, r *watch.Report) {
	list := func(title string, n int, line func(i int) string) {
		if n == 0 {
			return
		}
		fmt.Fprintf(v.w, "\n%s\n", v.P.T(title))
		for i := range min(n, 2*v.most) {
			fmt.Fprintf(v.w, "  %s\n", line(i))
		}
		if more := n - 2*v.most; more > 0 {
			fmt.Fprintf(v.w, "  %s\n", v.P.T("explain.more", more))
		}
	}
	list("watch.facts", len(r.Facts), func(i int) string {
		f := &r.Facts[i]
		switch f.Fate {
		case watch.Added:
			return "+ " + f.Table + " (" + watch.Said(f.After) + ")"
		case watch.Removed:
			return "- " + f.Table + " (" + watch.Said(f.Before) + ")"
		}
		return "~ " + f.Table + " (" + watch.Said(f.After) + "): " + strings.Join(f.Differing(), ", ")
	})
	list("watch.usage", len(r.Usage), func(i int) string {
		u := &r.Usage[i]
		return strings.TrimSpace(u.Tenant+" "+v.name(u.Tenant)) + "  " + u.Month.String() + "  " + usedText(v.app, u.Before) + " → " + usedText(v.app, u.After)
	})
	list("watch.recorded", len(r.Recorded), func(i int) string {
		e := &r.Recorded[i]
		return e.At.String() + "  " + e.Subject + "  " + e.Type
	})
}

// addresses are whom a mail is from and to.
type addresses struct{ from, to *mail.Address }

func (c *watchCmd) addresses() (*addresses, error) {
	out := &addresses{}
	for _, of := range []struct {
		flag, text string
		to         **mail.Address
	}{{"--mail-from", c.From, &out.from}, {"--mail-to", c.To, &out.to}} {
		if of.text == "" {
			continue
		}
		address, err := mail.ParseAddress(of.text)
		if err != nil {
			return nil, kizuna.Errorf("watch-address", "%s: %q is no mail address", of.flag, of.text).
				WithMend("write a@example.com or \"Name <a@example.com>\"").WithCause(err)
		}
		*of.to = address
	}
	return out, nil
}

// mail writes the digest as a message (RFC 5322), in both languages, the reader's first.
func (c *watchCmd) mail(a *app, w io.Writer, in *adviceInquiry, r *watch.Report, to *addresses) error {
	languages := []string{a.P.Lang}
	for _, lang := range locale.Languages() {
		if lang != a.P.Lang {
			languages = append(languages, lang)
		}
	}
	var body bytes.Buffer
	var subjects []string
	for i, lang := range languages {
		p, err := locale.For(lang)
		if err != nil {
			return err
		}
		if i > 0 {
			body.WriteString("\n" + strings.Repeat("-", 64) + "\n\n")
		}
		translated := *a
		translated.P, translated.Color = p, false
		c.digest(&translated, &body, in, r)
		subjects = append(subjects, subject(&translated, in, r))
	}
	at := r.At.Time().UTC()
	id := kizuna.HashOf(fmt.Appendf(nil, "%s %d %d", in.account, r.Since, r.At)).String()[:32]
	header := [][2]string{
		{"Date", at.Format(time.RFC1123Z)},
		{"From", addressText(to.from)},
		{"To", addressText(to.to)},
		{"Message-ID", "<" + id + "@kizuna.invalid>"},
		{"Subject", encodedWords(strings.Join(subjects, " / "))},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
		{"Auto-Submitted", "auto-generated"},
	}
	for _, h := range header {
		if h[1] == "" {
			continue // whoever sends it fills it in
		}
		if _, err := fmt.Fprintf(w, "%s: %s\r\n", h[0], h[1]); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(w, "\r\n"); err != nil {
		return err
	}
	q := quotedprintable.NewWriter(w)
	_, err := q.Write(bytes.ReplaceAll(body.Bytes(), []byte("\n"), []byte("\r\n")))
	return errors.Join(err, q.Close())
}

func addressText(a *mail.Address) string {
	if a == nil {
		return ""
	}
	return a.String()
}

// encodedWords writes a header's text, folded between the encoded words (RFC 2047).
func encodedWords(text string) string {
	return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", text), "?= =?", "?=\r\n =?")
}

// subject says the most important: designations, else how many areas have moved.
func subject(a *app, in *adviceInquiry, r *watch.Report) string {
	var gained, lost, moved []string
	v := &movementView{app: a, rules: in.question.Program}
	for i := range r.Movement.Areas {
		m := &r.Movement.Areas[i]
		before, after := m.Before != nil && m.Before.Qualified, m.After != nil && m.After.Qualified
		switch {
		case after && !before:
			gained = append(gained, v.area(m.ID))
		case before && !after:
			lost = append(lost, v.area(m.ID))
		case m.Difference.Sign() != 0:
			moved = append(moved, v.area(m.ID)+" "+signedExact(m.Difference))
		}
	}
	var parts []string
	for _, of := range []struct {
		key   string
		areas []string
	}{{"watch.subject-lost", lost}, {"watch.subject-gained", gained}, {"watch.subject-moved", moved}} {
		if len(of.areas) > 0 {
			parts = append(parts, a.P.T(of.key, strings.Join(of.areas, ", ")))
		}
	}
	return a.P.T("watch.subject", in.account, cmp.Or(strings.Join(parts, "; "), a.P.T("watch.nothing")))
}
