package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/internal/sqlstore"
)

const page = 4096

// logged is a store whose log begins anew after 64 pages, and its log.
type logged struct {
	*testing.T
	*sqlstore.DB
	log     string
	written int
}

func newLogged(t *testing.T) *logged {
	file := filepath.Join(t.TempDir(), "kizuna.db")
	s, err := openWith(t.Context(), file, 64, store.Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(file + "-wal"); err == nil {
			t.Error("the log is left behind")
		}
	})
	return &logged{T: t, DB: s, log: file + "-wal"}
}

// write commits something that takes about ten pages.
func (l *logged) write() {
	l.Helper()
	l.written++
	thing := store.Thing{Kind: "thing", ID: fmt.Sprint(l.written)}
	body := `"` + strings.Repeat("x", 6*page) + `"`
	_, err := l.Write(l.Context(), store.Command{Action: "test"}, func(tx store.Tx) error {
		return tx.Put(&store.Record{Thing: thing, Version: 1, Body: []byte(body)})
	})
	if err != nil {
		l.Fatal(err)
	}
}

func (l *logged) pages() int {
	info, err := os.Stat(l.log)
	if err != nil {
		l.Fatal(err)
	}
	return int(info.Size() / page)
}

// until waits for something that happens in the background.
func (l *logged) until(what string, holds func() bool) {
	l.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			l.Fatalf("%s: it has %d pages", what, l.pages())
		}
	}
}

// A log that had to hold everything would take thousands of pages.
func TestTheLogStaysShortBesideAReader(t *testing.T) {
	l := newLogged(t)
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, _, err := l.Head(t.Context(), 0); err != nil {
				t.Error(err)
				return
			}
		}
	})
	// It began anew if more was written than it has room for.
	l.until("the log never begins anew", func() bool {
		l.write()
		return 6*l.written > 20*64 && 6*l.written > 2*l.pages()
	})
	close(done)
	reader.Wait()
}

func TestAnIdleLogIsEmptied(t *testing.T) {
	l := newLogged(t)
	for range 3 {
		l.write()
		l.until("the log is not emptied", func() bool { return l.pages() == 0 })
	}
}

func TestAReaderKeepsNobodyWaiting(t *testing.T) {
	l := newLogged(t)
	l.write()
	v := store.View{Scope: store.Everything}
	for _, err := range l.Find(t.Context(), v, store.Query{Kind: "thing"}) {
		if err != nil {
			t.Fatal(err)
		}
		// While the old state is read, the log goes on, and nothing else has to wait.
		for l.pages() < 5*64 {
			l.write()
		}
	}
	l.until("the log is not emptied when nobody reads any more", func() bool { return l.pages() == 0 })
}
