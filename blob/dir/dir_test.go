package dir_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob/blobtest"
	"github.com/kizuna-org/kizuna/blob/dir"
)

func open(t *testing.T, name string) *dir.Store {
	t.Helper()
	s, err := dir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func pathOf(root string, sum kizuna.Hash) string {
	return filepath.Join(root, sum.String()[:2], sum.String())
}

func TestDirectory(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Subject {
		root := t.TempDir()
		return blobtest.Subject{Store: open(t, root), Damage: func(t *testing.T, sum kizuna.Hash, data []byte) {
			if err := os.WriteFile(pathOf(root, sum), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

func TestOnlyTheOwnerReadsAndNobodyExecutes(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new", "blobs")
	s := open(t, root)
	ref, err := s.Put(t.Context(), strings.NewReader("#!/bin/sh\n"), 100)
	if err != nil {
		t.Fatal(err)
	}
	file := pathOf(root, ref.SHA256)
	for name, want := range map[string]fs.FileMode{root: 0o700, filepath.Dir(file): 0o700, file: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s is %v: %v", name, info.Mode(), err)
		}
	}
}

func TestNothingIsLeftOfWhatFailed(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	for _, r := range []io.Reader{strings.NewReader("too large"), iotest.ErrReader(errors.New("lost"))} {
		if _, err := s.Put(t.Context(), r, 3); err == nil {
			t.Error("it was kept")
		}
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestSweepingTakesWhatAKilledProcessLeft(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	ref, err := s.Put(t.Context(), strings.NewReader("kept"), 100)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{"unfinished-OLD": 48 * time.Hour, "unfinished-NEW": time.Minute, "notes.txt": 48 * time.Hour} {
		name = filepath.Join(root, name)
		if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Chtimes(name, time.Time{}, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep(t.Context(), now.Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"unfinished-OLD": false, "unfinished-NEW": true, "notes.txt": true} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ok, err := s.Has(t.Context(), ref.SHA256); !ok || err != nil {
		t.Errorf("what was kept is gone: %v", err)
	}
}

func TestALinkOutOfTheDirectoryIsNotFollowed(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	s := open(t, root)
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := kizuna.HashOf([]byte("secret"))
	if err := errors.Join(os.Mkdir(filepath.Dir(pathOf(root, sum)), 0o700), os.Symlink(secret, pathOf(root, sum))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), sum); kizuna.CodeOf(err) != "blob-changed" {
		t.Errorf("a linked file: %v", err)
	}
	other := kizuna.HashOf([]byte("other"))
	if err := os.Symlink(outside, filepath.Dir(pathOf(root, other))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), strings.NewReader("other"), 100); kizuna.CodeOf(err) != "blob-unwritable" {
		t.Errorf("a linked directory: %v", err)
	}
}

func TestAPlaceThatIsNoDirectoryIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Open(file); kizuna.CodeOf(err) != "blob-unwritable" {
		t.Error(err)
	}
}
