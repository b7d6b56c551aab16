package site_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/bake"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/site"
	"github.com/kizuna-org/kizuna/badge/statuslist"
	"github.com/kizuna-org/kizuna/badge/verify"
	"github.com/kizuna-org/kizuna/program"
)

// published is a site with a badge that holds, one that was taken back, a mistake and a
// professional's.
func published(t *testing.T) (*badgetest.World, map[string][]byte, []badge.Badge) {
	t.Helper()
	w := badgetest.New(t)
	issued := func(a badge.Award, id string, entry int, revoked *badge.Revocation) badge.Badge {
		a.ID, a.Entry = id, entry
		return badge.Badge{Award: a, State: badge.Issued, Issued: a.During.From, Revoked: revoked, Signed: w.Sign(a)}
	}
	named := w.Award()
	named.Subject.Name = `<b>結橋</b> & "Co"`
	named.Specializations = []string{"Analytics on Microsoft Azure"}
	badges := []badge.Badge{
		issued(named, "a", 0, nil),
		issued(w.Award(), "b", 1, &badge.Revocation{At: badgetest.At(t, "2024-01-15"), Because: badge.Withdrawn}),
		issued(w.Award(), "c", 2, &badge.Revocation{At: badgetest.At(t, "2024-01-15"), Because: badge.Mistake}),
		issued(w.Certificate(), "d", 3, nil),
	}
	list := statuslist.New()
	list.Set(statuslist.Place(1))
	files := make(map[string][]byte)
	s := site.Site{
		Issuer: badgetest.Issuer, Ring: w.Ring, Signer: w.Signer, At: badgetest.At(t, "2024-02-01"), ListSeconds: 86400,
		File: func(name string, data []byte) error { files[name] = data; return nil },
	}
	err := errors.Join(s.Document(), s.List(1, list), s.Partner(named.Subject.Company, badges[:3]))
	for i := range badges {
		err = errors.Join(err, s.Badge(&badges[i]))
	}
	if err != nil {
		t.Fatal(err)
	}
	return w, files, badges
}

func TestWhatIsPublishedIsAllThatAVerifierNeeds(t *testing.T) {
	_, files, badges := published(t)
	d, err := did.Parse(files["did.json"])
	if err != nil {
		t.Fatal(err)
	}
	e := verify.Evidence{
		Documents: map[string]*did.Document{d.ID: d},
		Lists:     map[string]*verify.List{"https://badges.example/kizuna/status/1.json": verify.NewList(files["status/1.json"])},
	}
	verifier, err := verify.New()
	if err != nil {
		t.Fatal(err)
	}
	q := verify.Question{Now: badgetest.At(t, "2024-02-01"), Trusted: []string{d.ID}}
	for _, b := range badges {
		for _, name := range []string{"credentials/" + b.ID + ".json", "credentials/" + b.ID + ".jwt", "images/" + b.ID + ".svg", "images/" + b.ID + "-mono.png"} {
			c, err := verify.Read(files[name])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if r := verifier.Verify(c, q, e); r.Trusted != (b.ID != "b") {
				t.Errorf("%s: %v", name, r.Problem())
			}
		}
		if baked, err := bake.Unbake(files["images/"+b.ID+".png"]); err != nil || baked != b.Signed.JWT {
			t.Errorf("%s: %v", b.ID, err)
		}
	}
}

func TestAStatementSaysWhatWasTrueWhen(t *testing.T) {
	_, files, _ := published(t)
	for id, want := range map[string]string{
		"a": "true 2023-11-02 2024-11-02", "b": "false 2023-11-02 2024-01-15", "c": "false never", "d": "true 2023-05-20 2024-05-20",
	} {
		var s site.Statement
		if err := json.Unmarshal(files["verify/"+id+".json"], &s); err != nil {
			t.Fatal(err)
		}
		got := map[bool]string{true: "true", false: "false"}[s.TrueNow] + " never"
		if s.True != nil {
			got = strings.Fields(got)[0] + " " + s.True.From.String() + " " + s.True.To.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

// Every page has its language, one heading, a way to the other language, no script, and
// says nothing that is not there in the other.
func TestPagesCanBeReadByEverybody(t *testing.T) {
	_, files, _ := published(t)
	pages := 0
	for name, data := range files {
		if path.Ext(name) != ".html" {
			continue
		}
		pages++
		lang := "en"
		if strings.HasSuffix(name, ".ja.html") {
			lang = "ja"
		}
		root, err := html.Parse(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		count := make(map[string]int)
		var links []string
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			count[n.Data]++
			for _, a := range n.Attr {
				switch {
				case n.Data == "html" && a.Key == "lang" && a.Val != lang:
					t.Errorf("%s is marked %s", name, a.Val)
				case n.Data == "a" && a.Key == "href":
					links = append(links, path.Join(path.Dir(name), a.Val))
				case n.Data == "img" && a.Key == "alt" && a.Val == "":
					t.Errorf("%s: a picture without a text", name)
				}
			}
		}
		if count["h1"] != 1 || count["main"] != 1 || count["script"] != 0 || count["b"] != 0 {
			t.Errorf("%s: %v", name, count)
		}
		for _, link := range links {
			if files[link] == nil {
				t.Errorf("%s leads to %s, which is not there", name, link)
			}
		}
	}
	if pages != 10 {
		t.Errorf("%d pages", pages)
	}
	for name, word := range map[string]string{
		"verify/a.html": "True when this page was written", "verify/b.ja.html": "内容が成り立たなくなったため", "verify/c.html": "issued by mistake",
		"partners/990001000/index.ja.html": "結橋",
	} {
		if !bytes.Contains(files[name], []byte(word)) {
			t.Errorf("%s does not say %q", name, word)
		}
	}
	if slices.ContainsFunc([]string{"verify/d.html", "verify/d.json"}, func(name string) bool { return bytes.Contains(files[name], []byte("MC-77")) }) {
		t.Error("the pages name a professional's profile")
	}
}

func TestALetterCarriesWhatItSays(t *testing.T) {
	w := badgetest.New(t)
	l := &badge.Letter{
		ID: "1", Company: "900", Name: "結橋 & Co", During: kizuna.Interval{From: badgetest.At(t, "2024-01-10"), To: badgetest.At(t, "2024-02-09")},
		Lines: []badge.Line{{Designation: "data-ai", Name: program.Text{EN: "Solutions Partner for Data & AI", JA: "データ & AI"}, Until: badgetest.At(t, "2024-11-02")}},
	}
	page, err := site.Letter(l, w.Signer)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := site.LetterToken(page)
	if !ok {
		t.Fatalf("%s", page)
	}
	c, err := verify.Read([]byte(token))
	if err != nil {
		t.Fatal(err)
	}
	verifier, _ := verify.New()
	for on, want := range map[string]string{"2024-02-08T23:59:59Z": "", "2024-02-09": "verify-expired"} {
		r := verifier.Verify(c, verify.Question{Now: badgetest.At(t, on), Company: "900", Trusted: []string{badgetest.Issuer.ID}}, w.Evidence(0))
		if got := r.Problem(); got == nil && want != "" || got != nil && got.Code != want {
			t.Errorf("%s: %v", on, got)
		}
	}
	for _, words := range []string{`lang="ja"`, "データ &amp; AI", "結橋 &amp; Co", "good through 2024-02-08", "(through 2024-11-01)"} {
		if !bytes.Contains(page, []byte(words)) {
			t.Errorf("the letter does not say %q", words)
		}
	}
}

// A list that was published is kept for half of its time, as long as it says what is.
func TestAListIsCurrentForHalfOfItsTime(t *testing.T) {
	w, files, _ := published(t)
	file := files[site.ListName(1)]
	list := statuslist.New()
	list.Set(statuslist.Place(1))
	at := badgetest.At(t, "2024-02-01")
	s := site.Site{Issuer: badgetest.Issuer, Ring: w.Ring, Signer: w.Signer, ListSeconds: 86400}
	current := func(on kizuna.Instant, file []byte, list statuslist.List) bool {
		s.At = on
		return s.Current(file, list)
	}
	if !current(at, file, list) || !current(at+43200, file, list) {
		t.Error("it is no longer current")
	}
	if current(at+43201, file, list) || current(at-1, file, list) || current(at, nil, list) || current(at, file, statuslist.New()) {
		t.Error("it is of another time, or says something else")
	}
	w.Rotate(2, at)
	if s.Ring, s.Signer = w.Ring, w.Signer; current(at, file, list) {
		t.Error("another key signs now")
	}
}
