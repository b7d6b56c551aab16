package fetch

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/badgetest"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// published serves what an issuer publishes, whatever the host is called.
type published struct {
	handler http.Handler
	asked   []string
}

func (p *published) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.String())
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func empty() verify.Evidence {
	return verify.Evidence{Documents: map[string]*did.Document{}, Lists: map[string]*verify.List{}}
}

func credential(t *testing.T, w *badgetest.World) *verify.Credential {
	t.Helper()
	c, err := verify.Read([]byte(w.Sign(w.Award()).JWT))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestADocumentAndListsAreFetched(t *testing.T) {
	w := badgetest.New(t)
	now := badgetest.At(t, "2024-02-01")
	p := &published{handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "did.json") {
			data, _ := w.Document().Encode()
			_, _ = out.Write(data)
			return
		}
		_, _ = out.Write(w.StatusList(now))
	})}
	e := empty()
	c := credential(t, w)
	if err := New(p).Evidence(t.Context(), c, e); err != nil {
		t.Fatal(err)
	}
	v, err := verify.New()
	if err != nil {
		t.Fatal(err)
	}
	r := v.Verify(c, verify.Question{Now: now, Trusted: []string{badgetest.Issuer.ID}}, e)
	if !r.Trusted || strings.Join(p.asked, " ") != "https://badges.example/kizuna/did.json https://badges.example/kizuna/status/1.json" {
		t.Errorf("%v, asked %v", r.Problem(), p.asked)
	}
}

func TestWhatIsTooLargeOrLeadsElsewhereIsNotFetched(t *testing.T) {
	w := badgetest.New(t)
	for name, handler := range map[string]http.HandlerFunc{
		"large": func(out http.ResponseWriter, _ *http.Request) { _, _ = out.Write(make([]byte, maxBytes+1)) },
		"elsewhere": func(out http.ResponseWriter, r *http.Request) {
			http.Redirect(out, r, "https://other.example/", http.StatusFound)
		},
		"in clear": func(out http.ResponseWriter, r *http.Request) {
			http.Redirect(out, r, "http://badges.example/", http.StatusFound)
		},
		"missing": func(out http.ResponseWriter, r *http.Request) { http.NotFound(out, r) },
	} {
		if err := New(&published{handler: handler}).Evidence(t.Context(), credential(t, w), empty()); kizuna.CodeOf(err) != "fetch-failed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, address := range []string{"127.0.0.1:443", "10.0.0.1:443", "[::1]:443", "169.254.1.1:443", "[fd00::1]:443", "0.0.0.0:443", "[::ffff:127.0.0.1]:443"} {
		if publicOnly("tcp", address, nil) == nil {
			t.Errorf("%s is asked", address)
		}
	}
	if err := publicOnly("tcp", "93.184.216.34:443", nil); err != nil {
		t.Error(err)
	}
}
