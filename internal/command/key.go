package command

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// The key that seals the audit trail lies in a file of its own. Beside it lies the
// public key with which the trail began, from which all trust follows (.pub), and,
// while the key is being changed, the one that comes next (.next).

// keyFile is where the key lies; "": nowhere.
func (f *storeFlags) keyFile() string {
	if f.Key == "" && !f.postgres() {
		return f.file() + ".key"
	}
	return f.Key
}

// signingKey reads the key; nil if there is none at the usual place.
func (f *storeFlags) signingKey() (ed25519.PrivateKey, error) {
	name := f.keyFile()
	if name == "" {
		return nil, nil
	}
	key, err := readPrivateKey(name)
	if errors.Is(err, fs.ErrNotExist) && f.Key == "" {
		return nil, nil
	}
	return key, err
}

func readPrivateKey(name string) (ed25519.PrivateKey, error) {
	data, err := readKeyFile(name)
	if err != nil {
		return nil, err
	}
	return audit.DecodePrivateKey(data)
}

func readPublicKey(name string) (ed25519.PublicKey, error) {
	data, err := readKeyFile(name)
	if err != nil {
		return nil, err
	}
	return audit.DecodePublicKey(data)
}

func readKeyFile(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return data, nil
}

// firstKey is the public key with which the trail begins.
func (f *storeFlags) firstKey(o *opened) (ed25519.PublicKey, error) {
	if name := f.keyFile(); name != "" {
		key, err := readPublicKey(name + ".pub")
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
	}
	if o.key == nil {
		return nil, noAuditKey()
	}
	return o.key.Public().(ed25519.PublicKey), nil
}

// makeKey makes the key of a store that has none yet.
func (f *storeFlags) makeKey() (made bool, err error) {
	name := f.keyFile()
	if name == "" {
		return false, nil
	}
	key, made, err := newKey(name)
	if err != nil || !made {
		return made, err
	}
	return true, writePublicKey(name+".pub", key.Public().(ed25519.PublicKey))
}

// newKey makes a key for the owner's eyes only, unless the file is there.
func newKey(name string) (key ed25519.PrivateKey, made bool, err error) {
	_, key, err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, false, err
	}
	data, err := audit.EncodePrivateKey(key)
	if err == nil {
		made, err = writeNew(name, data, 0o600)
	}
	return key, made, err
}

func writePublicKey(name string, key ed25519.PublicKey) error {
	data, err := audit.EncodePublicKey(key)
	if err == nil {
		_, err = writeNew(name, data, 0o644)
	}
	return err
}

// rotate brings in a new key: the old one seals a block that introduces it, then
// the new one takes its place. What was begun and broken off is brought to its end.
func (f *storeFlags) rotate(ctx context.Context, o *opened) error {
	if o.key == nil {
		return noAuditKey()
	}
	name := f.keyFile()
	// The trail's beginning must stay known when its key is gone.
	if err := writePublicKey(name+".pub", o.key.Public().(ed25519.PublicKey)); err != nil {
		return err
	}
	next, made, err := newKey(name + ".next")
	if err == nil && !made {
		next, err = readPrivateKey(name + ".next")
	}
	if err != nil {
		return err
	}
	if err := o.introduce(ctx, next, !made); err != nil {
		return err
	}
	if err := os.Rename(name+".next", name); err != nil {
		return unwritable(name, err)
	}
	o.key = next
	_, err = o.seal(ctx)
	return err
}

// introduce seals a block with which the next key takes over; begun says that it
// may have been sealed already.
func (o *opened) introduce(ctx context.Context, next ed25519.PrivateKey, begun bool) error {
	for {
		if err := o.Note(ctx, lifecycle.Actor{Role: lifecycle.System, ID: "audit"}, "audit.rotate-key"); err != nil {
			return err
		}
		block, err := o.Seal(ctx, audit.Sealer{Signer: o.key, Next: next.Public().(ed25519.PublicKey)})
		if begun && kizuna.CodeOf(err) == "audit-key-not-introduced" {
			return nil
		}
		if err != nil || block != nil {
			return err
		}
	}
}

// seal seals all that no block holds yet and returns how many blocks it took.
func (o *opened) seal(ctx context.Context) (blocks int, err error) {
	for {
		block, err := o.Seal(ctx, audit.Sealer{Signer: o.key})
		if err != nil || block == nil {
			return blocks, err
		}
		blocks++
	}
}
