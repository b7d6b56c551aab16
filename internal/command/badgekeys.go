package command

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/badge"
	"github.com/kizuna-org/kizuna/badge/did"
)

// The issuer of badges lies in a directory of its own: issuer.json says who it is and
// lists the public keys it ever had; beside it each private key has a file that only
// its owner can read.

const issuerFileName = "issuer.json"

// issuerFile is what issuer.json holds.
type issuerFile struct {
	badge.Issuer
	Keys []did.RingKey `json:"keys"`
}

func (i *issuerFile) ring() did.Ring { return did.Ring{ID: i.ID, Keys: i.Keys} }

type issuerFlags struct {
	Keys string `name:"badge-keys" env:"KIZUNA_BADGE_KEYS" placeholder:"DIR" help:"help.badge-keys"`
}

// dir is where the issuer lies: beside an SQLite store unless said otherwise.
func (f *issuerFlags) dir(s *storeFlags) (string, error) {
	if f.Keys != "" {
		return f.Keys, nil
	}
	if s == nil || s.Store == "" || s.postgres() {
		return "", kizuna.Errorf("badge-no-keys", "nothing says where the issuer's keys lie").
			WithMend("name the directory with --badge-keys")
	}
	return s.file() + ".badges", nil
}

// signing returns the issuer and its signer.
func (f *issuerFlags) signing(s *storeFlags) (*issuerFile, *badge.Signer, error) {
	dir, err := f.dir(s)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := readIssuer(dir)
	if err != nil {
		return nil, nil, err
	}
	signer, err := issuer.signer(dir)
	return issuer, signer, err
}

func readIssuer(dir string) (*issuerFile, error) {
	name := filepath.Join(dir, issuerFileName)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, kizuna.Errorf("badge-no-issuer", "%s holds no issuer of badges", dir).
			WithMend("make one: kizuna badge keys init --did did:web:HOST --name NAME").WithCause(err)
	}
	if err != nil {
		return nil, unreadable(name, err)
	}
	var i issuerFile
	if err := json.Unmarshal(data, &i); err != nil {
		return nil, kizuna.Errorf("badge-issuer-file", "%s is not what describes an issuer", name).
			WithMend("restore it from a backup; without its list of keys old badges cannot be verified").WithCause(err)
	}
	if _, err := i.Base(); err != nil {
		return nil, err
	}
	return &i, nil
}

func (i *issuerFile) write(dir string) error {
	return writeWhole(filepath.Join(dir, issuerFileName), func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(i)
	})
}

// signer reads the private key that signs now.
func (i *issuerFile) signer(dir string) (*badge.Signer, error) {
	ring := i.ring()
	current, err := ring.Current()
	if err != nil {
		return nil, err
	}
	key, err := readPrivateKey(keyName(dir, did.Multikey(current)))
	if err != nil {
		return nil, err
	}
	return badge.NewSigner(i.Issuer, ring, key)
}

// current names the key that signs now.
func (i *issuerFile) current() string {
	if len(i.Keys) == 0 {
		return ""
	}
	return i.Keys[len(i.Keys)-1].Public
}

func keyName(dir, multikey string) string { return filepath.Join(dir, multikey+".key") }

// newBadgeKey makes a private key for the owner's eyes only, before anything names it.
func newBadgeKey(dir string) (ed25519.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	data, err := audit.EncodePrivateKey(private)
	if err == nil {
		_, err = writeNew(keyName(dir, did.Multikey(public)), data, 0o600)
	}
	return public, err
}

type badgeKeysCmd struct {
	Init   badgeKeysInitCmd   `cmd:"" help:"help.badge-keys-init"`
	List   badgeKeysListCmd   `cmd:"" help:"help.badge-keys-list"`
	Rotate badgeKeysRotateCmd `cmd:"" help:"help.badge-keys-rotate"`
	Revoke badgeKeysRevokeCmd `cmd:"" help:"help.badge-keys-revoke"`
}

// keyDirFlags name the directory, with the store's place as a hint.
type keyDirFlags struct {
	issuerFlags
	Store string `name:"store" env:"KIZUNA_STORE" placeholder:"DSN" help:"help.store"`
}

func (f *keyDirFlags) place() (string, error) { return f.dir(&storeFlags{Store: f.Store}) }

type badgeKeysInitCmd struct {
	keyDirFlags
	DID  string `name:"did" required:"" placeholder:"did:web:HOST" help:"help.badge-did"`
	Name string `name:"name" required:"" placeholder:"TEXT" help:"help.badge-issuer-name"`
}

// Run makes an issuer with its first key.
func (c *badgeKeysInitCmd) Run(a *app) error {
	dir, err := c.place()
	if err != nil {
		return err
	}
	i := &issuerFile{Issuer: badge.Issuer{ID: c.DID, Name: c.Name}}
	if _, err := i.Base(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unwritable(dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, issuerFileName)); err == nil {
		return kizuna.Errorf("badge-issuer-exists", "%s holds an issuer already", dir).
			WithMend("change its key with: kizuna badge keys rotate")
	}
	return i.rotate(a, dir)
}

// rotate gives the issuer a new key, which is written before anything names it.
func (i *issuerFile) rotate(a *app, dir string) error {
	now, err := instantNow()
	if err != nil {
		return err
	}
	public, err := newBadgeKey(dir)
	if err != nil {
		return err
	}
	i.Keys = i.ring().Rotate(public, now).Keys
	if err := i.write(dir); err != nil {
		return err
	}
	return i.show(a)
}

func instantNow() (kizuna.Instant, error) {
	now, err := clock()
	if err != nil {
		return 0, err
	}
	return kizuna.MomentOf(now()).Instant(), nil
}

// show lists the issuer's keys; private ones are nowhere shown.
func (i *issuerFile) show(a *app) error {
	if a.JSON {
		return a.writeJSON(a.Stdout, i)
	}
	if err := lines(a.Stdout, a.P.T("badge.issuer", i.Name, i.ID)); err != nil {
		return err
	}
	g := a.grid("key", "since", "state")
	for n, k := range i.Keys {
		state := a.P.T("badge.key.retired")
		switch {
		case k.Revoked != nil:
			state = a.P.T("badge.key.revoked", k.Revoked.Moment().Time().Format(time.RFC3339))
		case n == len(i.Keys)-1:
			state = a.P.T("badge.key.signs")
		}
		g.Row(k.Public, k.Since.Moment().Time().Format(time.RFC3339), state)
	}
	return a.show(g)
}

type badgeKeysListCmd struct{ keyDirFlags }

// Run lists the keys.
func (c *badgeKeysListCmd) Run(a *app) error {
	_, i, err := c.open()
	if err != nil {
		return err
	}
	return i.show(a)
}

func (f *keyDirFlags) open() (dir string, i *issuerFile, err error) {
	if dir, err = f.place(); err == nil {
		i, err = readIssuer(dir)
	}
	return dir, i, err
}

type badgeKeysRotateCmd struct{ keyDirFlags }

// Run brings in a new key; what the old one signed goes on verifying.
func (c *badgeKeysRotateCmd) Run(a *app) error {
	dir, i, err := c.open()
	if err != nil {
		return err
	}
	return i.rotate(a, dir)
}

type badgeKeysRevokeCmd struct {
	keyDirFlags
	Key string `arg:"" name:"key" help:"help.badge-key"`
}

// Run takes trust from a key that fell into other hands, and makes a new one if it
// was the one that signs.
func (c *badgeKeysRevokeCmd) Run(a *app) error {
	dir, i, err := c.open()
	if err != nil {
		return err
	}
	now, err := instantNow()
	if err != nil {
		return err
	}
	was := i.current()
	ring, err := i.ring().Revoke(c.Key, now)
	if err != nil {
		return err
	}
	i.Keys = ring.Keys
	if c.Key == was {
		return i.rotate(a, dir)
	}
	if err := i.write(dir); err != nil {
		return err
	}
	return i.show(a)
}
