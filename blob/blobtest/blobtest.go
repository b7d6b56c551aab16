// Package blobtest holds what every store of blobs must do.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob"
)

// Subject is a store that is empty, and the way to damage it behind its back.
type Subject struct {
	blob.Store
	Damage func(t *testing.T, sum kizuna.Hash, data []byte)
}

// Run runs the suite.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"WhatWasPutIsGivenBack":            givenBack,
		"TheSameContentIsKeptOnce":         keptOnce,
		"TheLimitIsTheLastSizeTaken":       limit,
		"AnEndlessReaderIsRefused":         endless,
		"AReaderThatFailsKeepsNothing":     failingReader,
		"ACancelledContextStopsEverything": cancelled,
		"CancellingWhileReadingStops":      cancelledWhileReading,
		"WhatIsNotThereIsMissing":          missing,
		"DeletedIsGone":                    deleted,
		"DamageIsNeverHandedOutAsGood":     damaged,
		"PuttingAgainMendsDamage":          mended,
		"ManyPutAtOnce":                    concurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

const most = 1 << 20

// content is not the same in any two places.
func content(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(i ^ i>>8 ^ size)
	}
	return out
}

func put(t *testing.T, s blob.Store, data []byte) blob.Ref {
	t.Helper()
	ref, err := s.Put(t.Context(), bytes.NewReader(data), most)
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	return ref
}

func read(ctx context.Context, s blob.Store, sum kizuna.Hash) ([]byte, error) {
	r, err := s.Open(ctx, sum)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

func has(t *testing.T, s blob.Store, sum kizuna.Hash) bool {
	t.Helper()
	ok, err := s.Has(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func givenBack(t *testing.T, s Subject) {
	for _, size := range []int{0, 1, 511, 512, 513, 32 << 10, 32<<10 + 1, most} {
		want := content(size)
		ref := put(t, s, want)
		if ref != (blob.Ref{SHA256: kizuna.HashOf(want), Size: int64(size)}) {
			t.Errorf("%d bytes are kept as %+v", size, ref)
		}
		if got, err := read(t.Context(), s, ref.SHA256); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes come back as %d: %v", size, len(got), err)
		}
		r, err := s.Open(t.Context(), ref.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func keptOnce(t *testing.T, s Subject) {
	first, second := put(t, s, content(100)), put(t, s, content(100))
	if first != second {
		t.Errorf("%+v, then %+v", first, second)
	}
	if err := s.Delete(t.Context(), first.SHA256); err != nil || has(t, s, first.SHA256) {
		t.Errorf("deleted once it is still there: %v", err)
	}
}

func limit(t *testing.T, s Subject) {
	data := content(1000)
	if _, err := s.Put(t.Context(), bytes.NewReader(data), 999); kizuna.CodeOf(err) != "blob-too-large" {
		t.Errorf("a byte too many: %v", err)
	}
	if has(t, s, kizuna.HashOf(data)) || has(t, s, kizuna.HashOf(data[:999])) {
		t.Error("what is too large was kept")
	}
	if _, err := s.Put(t.Context(), bytes.NewReader(data), 1000); err != nil {
		t.Errorf("as large as allowed: %v", err)
	}
}

type zeros struct{ read int }

func (z *zeros) Read(p []byte) (int, error) {
	z.read += len(p)
	return len(p), nil
}

func endless(t *testing.T, s Subject) {
	var z zeros
	if _, err := s.Put(t.Context(), &z, 1000); kizuna.CodeOf(err) != "blob-too-large" || z.read > most {
		t.Errorf("%d bytes were read: %v", z.read, err)
	}
}

func failingReader(t *testing.T, s Subject) {
	lost := errors.New("connection lost")
	data := content(100 << 10)
	r := io.MultiReader(bytes.NewReader(data), iotest.ErrReader(lost))
	if _, err := s.Put(t.Context(), r, most); !errors.Is(err, lost) || kizuna.CodeOf(err) != "" {
		t.Errorf("%v", err)
	}
	if has(t, s, kizuna.HashOf(data)) {
		t.Error("half a file was kept")
	}
}

func cancelled(t *testing.T, s Subject) {
	ref := put(t, s, content(10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, errPut := s.Put(ctx, bytes.NewReader(content(20)), most)
	_, errOpen := s.Open(ctx, ref.SHA256)
	_, errHas := s.Has(ctx, ref.SHA256)
	for i, err := range []error{errPut, errOpen, errHas, s.Delete(ctx, ref.SHA256)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if !has(t, s, ref.SHA256) || has(t, s, kizuna.HashOf(content(20))) {
		t.Error("something was changed")
	}
}

// readerFunc reads by calling itself.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func cancelledWhileReading(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reads := 0
	_, err := s.Put(ctx, readerFunc(func(p []byte) (int, error) {
		if reads++; reads == 3 {
			cancel()
		}
		return min(len(p), 100), nil
	}), most)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v after %d reads", err, reads)
	}

	ref := put(t, s, content(most))
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	r, err := s.Open(ctx, ref.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
}

func missing(t *testing.T, s Subject) {
	sum := kizuna.HashOf([]byte("never put in"))
	if _, err := s.Open(t.Context(), sum); kizuna.CodeOf(err) != "blob-missing" {
		t.Errorf("%v", err)
	}
	if has(t, s, sum) {
		t.Error("it is there")
	}
	if err := s.Delete(t.Context(), sum); err != nil {
		t.Errorf("deleting it: %v", err)
	}
}

func deleted(t *testing.T, s Subject) {
	gone, stays := put(t, s, content(10)), put(t, s, content(11))
	if err := s.Delete(t.Context(), gone.SHA256); err != nil {
		t.Fatal(err)
	}
	if has(t, s, gone.SHA256) || !has(t, s, stays.SHA256) {
		t.Error("not that one")
	}
	if _, err := s.Open(t.Context(), gone.SHA256); kizuna.CodeOf(err) != "blob-missing" {
		t.Errorf("%v", err)
	}
	put(t, s, content(10))
	if _, err := read(t.Context(), s, gone.SHA256); err != nil {
		t.Errorf("put in again: %v", err)
	}
}

func damaged(t *testing.T, s Subject) {
	for _, size := range []int{1, 100, 100 << 10} {
		good := content(size)
		ref := put(t, s, good)
		flipped := slices.Clone(good)
		flipped[size/2] ^= 1
		for name, bad := range map[string][]byte{"flipped": flipped, "cut": good[:size-1], "empty": {}, "longer": append(slices.Clone(good), 0)} {
			s.Damage(t, ref.SHA256, bad)
			if got, err := read(t.Context(), s, ref.SHA256); kizuna.CodeOf(err) != "blob-changed" || len(got) > 0 && len(got) >= len(bad) {
				t.Errorf("%d bytes, %s: all %d bytes are handed out: %v", size, name, len(got), err)
			}
		}
	}
}

func mended(t *testing.T, s Subject) {
	ref := put(t, s, content(100))
	s.Damage(t, ref.SHA256, []byte("bad"))
	put(t, s, content(100))
	if got, err := read(t.Context(), s, ref.SHA256); err != nil || !bytes.Equal(got, content(100)) {
		t.Errorf("%v", err)
	}
}

func concurrent(t *testing.T, s Subject) {
	var wait sync.WaitGroup
	for i := range 32 {
		wait.Go(func() {
			data := content(1000 + i%4) // each content by several at once
			ref, err := s.Put(t.Context(), bytes.NewReader(data), most)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := read(t.Context(), s, ref.SHA256); err != nil || !bytes.Equal(got, data) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}
