package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/blob/blobtest"

	"github.com/kizuna-org/kizuna/cloud/gcs"
	"github.com/kizuna-org/kizuna/cloud/gcs/gcstest"
)

func TestBucket(t *testing.T) {
	for name, chunk := range map[string]int{"InOnePiece": 16 << 20, "InChunks": 256 << 10} {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blobtest.Subject {
				b := gcstest.Serve(t)
				s := open(t)
				s.InChunks(chunk)
				return blobtest.Subject{Store: s, Damage: func(t *testing.T, sum kizuna.Hash, data []byte) {
					b.Keep(place(sum), data)
				}}
			})
		})
	}
}

// open opens what the program would.
func open(t *testing.T) *gcs.Store {
	t.Helper()
	s, err := gcs.OpenURL(t.Context(), "gs://evidence/kizuna")
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	return s.(*gcs.Store)
}

func place(sum kizuna.Hash) string { return path.Join("kizuna", sum.String()[:2], sum.String()) }

func TestWhatIsLargeIsSentInChunks(t *testing.T) {
	b := gcstest.Serve(t)
	s := open(t)
	s.InChunks(256 << 10)
	data := bytes.Repeat([]byte("evidence"), 100_000) // 3.05 chunks
	ref, err := s.Put(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil || b.Chunks() != 4 || !bytes.Equal(b.Kept()[place(ref.SHA256)], data) {
		t.Errorf("%d chunks: %v", b.Chunks(), err)
	}
}

// A service that is busy is asked again, and not for ever.
func TestABusyServiceIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, busy := range []int{1, 5, 6} {
			service := &busyService{left: busy}
			_, err := gcs.Again(t.Context(), service.call)
			if wanted := min(busy+1, 6); (err == nil) != (busy < 6) || service.calls != wanted {
				t.Errorf("busy %d times: %d calls, %v", busy, service.calls, err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		if _, err := gcs.Again(ctx, (&busyService{left: 9}).call); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

type busyService struct{ left, calls int }

func (s *busyService) call(...googleapi.CallOption) (int, error) {
	s.calls++
	if s.left--; s.left >= 0 {
		return 0, &googleapi.Error{Code: 503}
	}
	return 1, nil
}

func TestABusyBucketLosesNothing(t *testing.T) {
	b := gcstest.Serve(t)
	s := open(t)
	letter := kizuna.HashOf([]byte("letter"))
	for _, step := range []func(sum kizuna.Hash) error{
		func(kizuna.Hash) error { _, err := s.Put(t.Context(), strings.NewReader("letter"), 10); return err },
		func(sum kizuna.Hash) error {
			r, err := s.Open(t.Context(), sum)
			if err == nil {
				err = r.Close()
			}
			return err
		},
		func(sum kizuna.Hash) error { return s.Delete(t.Context(), sum) },
	} {
		b.Busy()
		if err := step(letter); err != nil {
			t.Error(err, errors.Unwrap(err))
		}
	}
	if len(b.Kept()) > 0 {
		t.Error("it was not deleted")
	}
}

func TestWhatBreaksOffIsReadToItsEnd(t *testing.T) {
	b := gcstest.Serve(t)
	s := open(t)
	data := bytes.Repeat([]byte("evidence"), 100_000)
	ref, err := s.Put(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	b.BreakOff()
	r, err := s.Open(t.Context(), ref.SHA256)
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes: %v", len(got), len(data), err)
	}
}

func TestABucketThatIsNotThereIsNotMade(t *testing.T) {
	gcstest.Serve(t)
	if _, err := gcs.OpenURL(t.Context(), "gs://other"); kizuna.CodeOf(err) != "blob-no-bucket" {
		t.Error(err)
	}
}

func TestAPlaceIsAURLWithoutKeys(t *testing.T) {
	for text, want := range map[string]gcs.Place{
		"gs://b":      {Bucket: "b"},
		"gs://b/p/q/": {Bucket: "b", Prefix: "p/q"},
	} {
		if got, err := gcs.ParseURL(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, code := range map[string]string{
		"gs://":            "blob-gcs-url",
		"s3://b":           "blob-gcs-url",
		"gs://b?key=hush":  "blob-gcs-url",
		"gs://id:hush@b/p": "blob-url-keys",
		"gs://b/hush%zz":   "blob-url-unreadable",
	} {
		if _, err := gcs.ParseURL(text); kizuna.CodeOf(err) != code || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
