package statuslist

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
)

func TestEveryPlaceIsMetOnce(t *testing.T) {
	met := make([]bool, Size)
	for n := range Size {
		if met[Place(n)] {
			t.Fatalf("%d is met twice", Place(n))
		}
		met[Place(n)] = true
	}
}

func TestAListComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := New()
		set := rapid.SliceOfN(rapid.IntRange(0, Size-1), 0, 50).Draw(t, "set")
		for _, i := range set {
			l.Set(i)
		}
		back, err := Decode(l.Encode())
		if err != nil || !bytes.Equal(back, l) {
			t.Fatal(err)
		}
		for _, i := range set {
			if on, err := back.Get(i); !on || err != nil {
				t.Fatalf("%d is not set: %v", i, err)
			}
		}
	})
}

// The first bit of the standard's own example is the leftmost one.
func TestBitsCountFromTheLeft(t *testing.T) {
	l := New()
	l.Set(0)
	l.Set(9)
	if l[0] != 0x80 || l[1] != 0x40 {
		t.Errorf("%x", l[:2])
	}
}

func packed(size int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(make([]byte, size))
	_ = w.Close()
	return "u" + base64.RawURLEncoding.EncodeToString(b.Bytes())
}

func TestWhatIsNoListIsRefused(t *testing.T) {
	for name, encoded := range map[string]string{
		"empty": "", "no gzip": "uAAAA", "another base": "z" + packed(Size / 8)[1:], "short": packed(Size/8 - 1), "a bomb": packed(maxSize/8 + 1),
	} {
		if _, err := Decode(encoded); kizuna.CodeOf(err) != "status-list" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, i := range []int{-1, Size} {
		if _, err := New().Get(i); kizuna.CodeOf(err) != "status-index" {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func FuzzStatusList(f *testing.F) {
	f.Add(New().Encode())
	f.Add(packed(10))
	f.Fuzz(func(t *testing.T, encoded string) {
		l, err := Decode(encoded)
		if err != nil {
			return
		}
		if _, err := l.Get(len(l)*8 - 1); err != nil {
			t.Fatal(err)
		}
	})
}
