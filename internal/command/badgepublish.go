package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/site"
	"github.com/kizuna-org/kizuna/record/publish"
)

// publishFlags say where what is issued is published at once.
type publishFlags struct {
	Publish string `name:"publish" type:"path" placeholder:"DIR" help:"help.badge-publish-dir"`
	listFlags
}

type listFlags struct {
	ListDays int `name:"list-days" default:"7" placeholder:"N" help:"help.badge-list-days"`
}

// publisher publishes to a directory for a web server to read.
func (f *listFlags) publisher(o *opened, issuer *issuerFile, signer *badge.Signer, dir string) (*publish.Publisher, error) {
	if f.ListDays < 1 || f.ListDays > 366 {
		return nil, kizuna.Errorf("badge-list-days", "a status list cannot be good for %d days", f.ListDays).
			WithMend("write 1 to 366, and publish more often than that")
	}
	now, err := instantNow()
	if err != nil {
		return nil, err
	}
	write := fileWriter(dir)
	return &publish.Publisher{
		Source: o,
		Site: &site.Site{
			Issuer: issuer.Issuer, Ring: issuer.ring(), Signer: signer,
			At: now, ListSeconds: int64(f.ListDays) * 86400, File: write,
		},
		Issuer: issuer.ID, Read: fileReader(dir), Write: write,
	}, nil
}

// publish writes what changes with one badge, if it is to be published at once.
func (f *publishFlags) publish(ctx context.Context, o *opened, issuer *issuerFile, signer *badge.Signer, b *badge.Badge) error {
	if f.Publish == "" {
		return nil
	}
	p, err := f.publisher(o, issuer, signer, f.Publish)
	if err != nil {
		return err
	}
	return p.Same(ctx, b)
}

func fileReader(dir string) func(string) []byte {
	return func(name string) []byte {
		data, err := readBounded(filepath.Join(dir, filepath.FromSlash(name)), maxEvidenceBytes)
		if err != nil {
			return nil // it is written anew
		}
		return data
	}
}

// fileWriter writes files under a directory for a web server to read, each whole or
// not at all.
func fileWriter(dir string) func(string, []byte) error {
	return func(name string, data []byte) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return unwritable(path, err)
		}
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			return nil
		}
		if err := writeWhole(path, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return err
		}
		return os.Chmod(path, fs.FileMode(0o644))
	}
}

type badgePublishCmd struct {
	storeFlags
	issuerFlags
	Dir string `arg:"" name:"dir" type:"path" help:"help.badge-publish-dir"`
	listFlags
}

// Run writes all that the issuer publishes.
func (c *badgePublishCmd) Run(a *app) (err error) {
	issuer, signer, err := c.signing(&c.storeFlags)
	if err != nil {
		return err
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	p, err := c.publisher(o, issuer, signer, c.Dir)
	if err != nil {
		return err
	}
	wrote, err := p.Everything(a.Context)
	if err != nil {
		return err
	}
	base, err := issuer.Base()
	if err != nil {
		return err
	}
	if a.JSON {
		return a.writeJSON(a.Stdout, map[string]any{"dir": c.Dir, "address": base, "badges": wrote.Badges})
	}
	return lines(a.Stdout, a.P.T("badge.published", wrote.Badges, c.Dir, base))
}
