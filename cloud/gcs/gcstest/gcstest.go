// Package gcstest plays Google Cloud Storage for tests.
package gcstest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/storage/v1"
)

// Bucket is the bucket "evidence" of a service that does what Google's documentation of
// its JSON API says and refuses what it does not: whole uploads and those in chunks, the
// checksum of what arrives, reading, listing and deleting.
type Bucket struct {
	URL string // of the service

	mu      sync.Mutex
	kept    map[string][]byte
	uploads map[string]*upload
	chunks  int
	busy    bool
	breaks  bool
}

// upload is one in chunks that is not finished.
type upload struct {
	storage.Object
	arrived []byte
}

// Keep keeps an object, behind the service's back.
func (b *Bucket) Keep(name string, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[name] = data
}

// Kept returns what is kept, by name.
func (b *Bucket) Kept() map[string][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.kept)
}

// Chunks returns how many chunks of uploads have arrived.
func (b *Bucket) Chunks() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.chunks
}

// Busy has the next call answered with "try again".
func (b *Bucket) Busy() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = true
}

// BreakOff has the next reading of content break off in the middle.
func (b *Bucket) BreakOff() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.breaks = true
}

// Serve runs the service on this machine until the test ends, and has the environment
// name it.
func Serve(t *testing.T) *Bucket {
	t.Helper()
	b := &Bucket{kept: make(map[string][]byte), uploads: make(map[string]*upload)}
	const objects = "/storage/v1/b/evidence/o"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+objects, func(w http.ResponseWriter, r *http.Request) { answer(w, map[string]string{"kind": "storage#objects"}) })
	mux.HandleFunc("GET "+objects+"/{name}", b.get)
	mux.HandleFunc("DELETE "+objects+"/{name}", b.remove)
	mux.HandleFunc("POST /upload"+objects, b.insert)
	mux.HandleFunc("POST /upload"+objects+"/{id}", b.chunk)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fail(w, http.StatusNotFound) })
	server := httptest.NewServer(b.oneByOne(mux))
	t.Cleanup(server.Close)
	b.URL = server.URL
	t.Setenv("STORAGE_EMULATOR_HOST", b.URL)
	return b
}

func (b *Bucket) oneByOne(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.busy {
			b.busy = false
			fail(w, http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (b *Bucket) get(w http.ResponseWriter, r *http.Request) {
	data, ok := b.kept[r.PathValue("name")]
	switch {
	case !ok:
		fail(w, http.StatusNotFound)
	case r.URL.Query().Get("alt") == "media":
		b.send(w, r, data)
	default:
		answer(w, storage.Object{Name: r.PathValue("name"), Size: uint64(len(data))})
	}
}

func (b *Bucket) send(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("X-Goog-Stored-Content-Length", strconv.Itoa(len(data)))
	if !b.breaks {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		return
	}
	b.breaks = false
	w.WriteHeader(http.StatusOK) // without a length
	_, _ = w.Write(data[:len(data)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (b *Bucket) remove(w http.ResponseWriter, r *http.Request) {
	if _, ok := b.kept[r.PathValue("name")]; !ok {
		fail(w, http.StatusNotFound)
		return
	}
	delete(b.kept, r.PathValue("name"))
	w.WriteHeader(http.StatusNoContent)
}

func (b *Bucket) insert(w http.ResponseWriter, r *http.Request) {
	u := new(upload)
	switch r.URL.Query().Get("uploadType") {
	case "multipart":
		_, how, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		parts := multipart.NewReader(r.Body, how["boundary"])
		for _, read := range []func(io.Reader) error{
			func(part io.Reader) error { return json.NewDecoder(part).Decode(&u.Object) },
			func(part io.Reader) (err error) { u.arrived, err = io.ReadAll(part); return err },
		} {
			var part *multipart.Part
			if err == nil {
				part, err = parts.NextPart()
			}
			if err == nil {
				err = read(part)
			}
		}
		if err != nil {
			fail(w, http.StatusBadRequest)
			return
		}
		b.finish(w, u)
	case "resumable":
		if err := json.NewDecoder(r.Body).Decode(&u.Object); err != nil {
			fail(w, http.StatusBadRequest)
			return
		}
		id := strconv.Itoa(len(b.uploads))
		b.uploads[id] = u
		w.Header().Set("Location", (&url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path + "/" + id}).String())
	default:
		fail(w, http.StatusBadRequest)
	}
}

// chunk takes "bytes FIRST-LAST/TOTAL", where TOTAL is * before the last chunk.
func (b *Bucket) chunk(w http.ResponseWriter, r *http.Request) {
	u, ok := b.uploads[r.PathValue("id")]
	data, _ := io.ReadAll(r.Body)
	where, total, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Content-Range"), "bytes "), "/")
	first := 0
	if ok && where != "*" {
		_, err := fmt.Sscanf(where, "%d-", &first)
		ok = err == nil && first == len(u.arrived) && where == fmt.Sprintf("%d-%d", first, first+len(data)-1)
	}
	if !ok || total == "*" && (len(data) == 0 || len(data)%(256<<10) != 0) {
		fail(w, http.StatusBadRequest)
		return
	}
	b.chunks++
	u.arrived = append(u.arrived, data...)
	if total == "*" {
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(u.arrived)-1))
		if r.Header.Get("X-GUploader-No-308") != "yes" {
			w.WriteHeader(http.StatusPermanentRedirect)
		}
		w.Header().Set("X-Http-Status-Code-Override", "308")
		return
	}
	if total != strconv.Itoa(len(u.arrived)) {
		fail(w, http.StatusBadRequest)
		return
	}
	delete(b.uploads, r.PathValue("id"))
	b.finish(w, u)
}

func (b *Bucket) finish(w http.ResponseWriter, u *upload) {
	sum := crc32.Checksum(u.arrived, crc32.MakeTable(crc32.Castagnoli))
	if u.Crc32c != base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum)) || u.Name == "" {
		fail(w, http.StatusBadRequest)
		return
	}
	b.kept[u.Name] = u.arrived
	answer(w, u.Object)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":"%s"}}`, code, http.StatusText(code))
}
