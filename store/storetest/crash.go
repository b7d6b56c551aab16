package storetest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/audit"
	"github.com/kizuna-org/kizuna/store"
)

// writerEnv makes a test binary a writer: its value names the database.
const writerEnv = "KIZUNA_STORETEST_WRITER"

// Main runs the tests, or the writer that a crash test kills. TestMain calls it;
// open opens the database that a string names.
func Main(m *testing.M, open func(ctx context.Context, name string, opts store.Options) (store.Store, error)) {
	name := os.Getenv(writerEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	s, err := open(context.Background(), name, store.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	wg.Go(func() { sealUntilKilled(s) })
	for range 4 {
		wg.Go(func() { writeUntilKilled(s, os.Stdout) })
	}
	wg.Wait()
	os.Exit(1) // none ends by itself
}

// ack is what a writer says of a command that happened.
type ack struct {
	Key     string         `json:"key"`
	Receipt *store.Receipt `json:"receipt"`
}

// writeUntilKilled sends commands, and tells of each that was acknowledged.
func writeUntilKilled(s store.Store, out io.Writer) {
	for {
		key := fmt.Sprintf("%x", rand.Uint64())
		r, err := s.Write(context.Background(), command(key, key), story(key))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		line, err := json.Marshal(ack{key, r})
		if err != nil {
			panic(err)
		}
		// In one write, which a pipe takes whole or not at all.
		if _, err := out.Write(append(line, '\n')); err != nil {
			os.Exit(1)
		}
	}
}

// sealKey signs blocks; all writers have it.
var sealKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func sealUntilKilled(s store.Store) {
	for range time.Tick(5 * time.Millisecond) {
		if _, err := s.Seal(context.Background(), audit.Sealer{Signer: sealKey}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// story is a command that leaves something in every table.
func story(key string) func(store.Tx) error {
	return func(tx store.Tx) error {
		due := kizuna.Instant(1)
		first, second := record(key, 1), record(key, 2)
		second.Due = &due
		_, err := tx.Keep("about "+key, store.Concerns{}, map[string]string{"key": key})
		tx.Emit(first.Thing, store.Concerns{}, event("first"), event("second"))
		tx.Cite(kizuna.HashOf([]byte(key)))
		tx.Answer(key)
		return errors.Join(err, tx.Put(&first), tx.Put(&second), increment("shared")(tx))
	}
}

// Crash kills writers at random moments, so many times in all, and looks each time
// whether the store opens, holds all that was acknowledged, and nothing by halves.
func Crash(t *testing.T, kills int, fresh func(testing.TB) (name string, open Open)) {
	const writers, lanes = 2, 2 // writers on one database; databases at once
	for lane := range lanes {
		t.Run(fmt.Sprint("lane ", lane+1), func(t *testing.T) {
			t.Parallel()
			name, open := fresh(t)
			acknowledged := 0
			for range (kills + writers*lanes - 1) / (writers * lanes) {
				acks, err := killed(name, writers)
				if err != nil {
					t.Fatal(err)
				}
				acknowledged += len(acks)
				checkAfterCrash(t, open, acks)
				if t.Failed() {
					return
				}
			}
			if acknowledged == 0 {
				t.Error("no command was acknowledged before its writer died: nothing was tested")
			}
			verify(t, open)
		})
	}
}

// killed starts writers, kills them at a random moment, and returns what they had
// acknowledged.
func killed(name string, writers int) ([]ack, error) {
	outs, complaints := make([]*heard, writers), make([]bytes.Buffer, writers)
	running := make([]*exec.Cmd, writers)
	for i := range running {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		running[i] = exec.Command(self)
		running[i].Env = append(os.Environ(), writerEnv+"="+name)
		outs[i] = &heard{first: make(chan struct{})}
		running[i].Stdout, running[i].Stderr = outs[i], &complaints[i]
		if err := running[i].Start(); err != nil {
			return nil, err
		}
	}
	var failed error
	for i, w := range running {
		// From before the store is open until it has written for a while; however
		// slow the machine, about half of them have acknowledged something.
		if rand.IntN(2) == 0 {
			select {
			case <-outs[i].first:
			case <-time.After(time.Minute): // it cannot write, and will have said why
			}
		}
		time.Sleep(time.Duration(rand.IntN(100/writers)) * time.Millisecond)
		failed = errors.Join(failed, w.Process.Kill())
		_ = w.Wait() // it was killed
		if complaints[i].Len() > 0 {
			failed = errors.Join(failed, fmt.Errorf("a writer failed: %s", complaints[i].String()))
		}
	}
	var acks []ack
	for i := range outs {
		lines := bufio.NewScanner(&outs[i].said)
		for lines.Scan() {
			var a ack
			if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
				return nil, errors.Join(failed, err)
			}
			acks = append(acks, a)
		}
	}
	return acks, failed
}

// heard is what a writer says, and when it first did.
type heard struct {
	said  bytes.Buffer // not embedded: it would be read into past Write
	once  sync.Once
	first chan struct{}
}

func (h *heard) Write(b []byte) (int, error) {
	h.once.Do(func() { close(h.first) })
	return h.said.Write(b)
}

func checkAfterCrash(t *testing.T, open Open, acks []ack) {
	t.Helper()
	l := newLab(t, open, store.Options{})
	defer l.Close()
	for _, a := range acks {
		// Asked again it says the same, and does nothing.
		again := l.send(command(a.Key, a.Key), func(store.Tx) error {
			return refusal("acknowledged-but-lost")
		})
		a.Receipt.Repeated = true
		l.same("the receipt", again, a.Receipt)
		l.sees(store.View{Scope: store.Everything, KnownAt: a.Receipt.Recorded}, thing(a.Key), 2)
	}
	l.write(nothing) // it takes commands
}

// verify checks the whole: what each entry says is there, complete, and nothing
// else is.
func verify(t *testing.T, open Open) {
	t.Helper()
	l := newLab(t, open, store.Options{})
	if _, err := l.Seal(t.Context(), audit.Sealer{Signer: sealKey}); err != nil {
		t.Fatal(err)
	}
	key := sealKey.Public().(ed25519.PublicKey)
	report, err := audit.Verify(must(l.Trail(t.Context())).Trail, audit.Check{Key: key, Now: kizuna.MomentOf(time.Now())})
	if err != nil || !report.Intact || report.Tail != nil {
		t.Fatalf("the trail: %v, %s", err, text(report))
	}
	stories := int64(0)
	for e, err := range must(l.Trail(t.Context())).Entries {
		if err != nil {
			t.Fatal(err)
		}
		entry, err := e.Entry()
		if err != nil {
			t.Fatal(err)
		}
		switch len(entry.Things) {
		case 0: // ours
		case 3:
			stories++
		default:
			t.Errorf("half of a command: %s", e.Canonical)
		}
	}
	l.sees(everything, thing("shared"), stories)
	if events := must(l.Events(t.Context(), everything, 0, 1<<30)); int64(len(events)) != 2*stories {
		t.Errorf("%d events of %d commands", len(events), stories)
	}
	if due := must(l.Due(t.Context(), 1, 1<<30)); int64(len(due)) != stories {
		t.Errorf("%d alarms of %d commands", len(due), stories)
	}
	cited := int64(0)
	for _, err := range must(l.Trail(t.Context())).Cited {
		if err != nil {
			t.Fatal(err)
		}
		cited++
	}
	if cited != stories {
		t.Errorf("%d files cited by %d commands", cited, stories)
	}
}
