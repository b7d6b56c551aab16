// Package fetch gets what verifying a badge needs from the network, within bounds:
// HTTPS alone, public hosts alone, so many bytes and so much time.
package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/verify"
)

// Bounds of what is fetched.
const (
	maxBytes = 4 << 20 // a status list of others may be large
	maxTime  = 10 * time.Second
	maxLists = 8
)

// Fetcher gets documents and lists.
type Fetcher struct{ client *http.Client }

// New returns a fetcher; transport, if not nil, takes the place of the one that
// reaches public hosts only.
func New(transport http.RoundTripper) *Fetcher {
	if transport == nil {
		d := net.Dialer{Timeout: maxTime, Control: publicOnly}
		transport = &http.Transport{DialContext: d.DialContext, TLSHandshakeTimeout: maxTime, DisableKeepAlives: true}
	}
	return &Fetcher{&http.Client{Transport: transport, Timeout: maxTime, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || r.URL.Scheme != "https" || r.URL.Host != via[0].URL.Host {
			return errors.New("it leads elsewhere")
		}
		return nil
	}}}
}

// publicOnly keeps a badge from having us ask hosts of our own network.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return errors.New("the address is not a public one")
	}
	return nil
}

// Evidence fetches the issuer's document and the status lists that a credential
// names, unless they are at hand.
func (f *Fetcher) Evidence(ctx context.Context, c *verify.Credential, e verify.Evidence) error {
	if e.Documents[c.Issuer] == nil {
		address, err := did.DocumentURL(c.Issuer)
		if err != nil {
			return err
		}
		data, err := f.get(ctx, address)
		if err != nil {
			return err
		}
		document, err := did.Parse(data)
		if err != nil {
			return err
		}
		e.Documents[c.Issuer] = document
	}
	for i, entry := range c.Entries {
		if e.Lists[entry.List] != nil || i >= maxLists {
			continue
		}
		data, err := f.get(ctx, entry.List)
		if err != nil {
			return err
		}
		e.Lists[entry.List] = verify.NewList(data)
	}
	return nil
}

func (f *Fetcher) get(ctx context.Context, address string) ([]byte, error) {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.User != nil {
		return nil, failed(address, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, failed(address, err)
	}
	request.Header.Set("Accept", "application/json, application/vc+jwt;q=0.9, */*;q=0.1")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, failed(address, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxBytes+1))
	if err != nil || response.StatusCode != http.StatusOK || len(data) > maxBytes {
		return nil, failed(address, err)
	}
	return data, nil
}

func failed(address string, cause error) error {
	return kizuna.Errorf("fetch-failed", "%.200q could not be fetched", address).
		WithMend("try again later, or bring it with --evidence; only public HTTPS addresses are asked").WithCause(cause)
}
