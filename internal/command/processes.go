package command

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
)

// processFlags have the customers counted by several processes of this program, each
// of which counts its part and writes the totals to its standard output. It is the
// way to more machines: whoever starts the same command with --part somewhere else
// may add up what it writes.
type processFlags struct {
	Processes int    `name:"processes" default:"1" help:"help.fleet-processes"`
	Part      string `name:"part" hidden:"" placeholder:"I/N" help:"help.fleet-part"`
	Attached  bool   `name:"attached" hidden:"" help:"help.fleet-attached"`
}

// part reads --part: the number, from 0, and of how many.
func (f *processFlags) part() (number, of int, err error) {
	if _, err := fmt.Sscanf(f.Part, "%d/%d", &number, &of); err != nil || number < 0 || number >= of {
		return 0, 0, kizuna.Errorf("fleet-part", "%q is no part of the customers", f.Part).
			WithMend("write 0/4 for the first of four")
	}
	return number, of, nil
}

// errSent ends a command that has written what it was asked for.
var errSent = errors.New("the totals were written")

// What a part writes are frames: a letter, then for progress two varints, for the
// totals their length and bytes.
const (
	progressFrame = 'p'
	totalsFrame   = 't'
)

// send counts a part and writes frames. It ends when nobody listens any more, or the
// parent that it is attached to has ended.
func (f *processFlags) send(a *app, k *kernel.Together, v *segment.View) error {
	number, of, err := f.part()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(a.Context)
	defer cancel()
	if f.Attached {
		go func() { // until the parent ends
			_, _ = io.Copy(io.Discard, a.Stdin)
			cancel()
		}()
	}
	out := bufio.NewWriter(a.Stdout)
	shown := 0
	totals, err := k.Run(ctx, v, kernel.Options{
		Part: number, Of: of, Workers: max(1, runtime.GOMAXPROCS(0)/of),
		Progress: func(done, all int) {
			if done-shown < all/100 {
				return
			}
			shown = done
			frame := binary.AppendUvarint([]byte{progressFrame}, uint64(done))
			_, _ = out.Write(binary.AppendUvarint(frame, uint64(all)))
			if out.Flush() != nil {
				cancel()
			}
		},
	})
	if err != nil {
		return err
	}
	message := k.Append(nil, totals)
	_, _ = out.Write(binary.AppendUvarint([]byte{totalsFrame}, uint64(len(message))))
	_, _ = out.Write(message)
	return cmp.Or(out.Flush(), errSent)
}

// gather starts the processes and adds up what they write.
func (f *processFlags) gather(a *app, k *kernel.Together, v *segment.View, progress func(done, of int)) ([]*kernel.Totals, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(a.Context)
	defer cancel(nil)
	g := gathering{k: k, totals: k.None(v), done: make([][2]int, f.Processes), progress: progress}
	var wait sync.WaitGroup
	for i := range f.Processes {
		c := exec.CommandContext(ctx, program, append(slices.Clone(a.Args), fmt.Sprintf("--part=%d/%d", i, f.Processes), "--attached")...)
		wait.Go(func() {
			if err := g.one(c, i); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	return g.totals, context.Cause(ctx)
}

// gathering is the sum of what several processes write.
type gathering struct {
	k        *kernel.Together
	progress func(done, of int)

	mu     sync.Mutex // of what follows, and of calls of progress
	totals []*kernel.Totals
	done   [][2]int // by part: how many customers, of how many
}

// one runs a process to its end. Its standard input stays open: when it closes, this
// process has ended.
func (g *gathering) one(c *exec.Cmd, part int) error {
	var complained bytes.Buffer
	c.Stderr = &complained
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	message, read := g.read(bufio.NewReader(out), part)
	if read != nil {
		_, _ = io.Copy(io.Discard, out)
	}
	_ = in.Close()
	if err := cmp.Or(c.Wait(), read); err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(complained.String()), "\n")
		return kizuna.Errorf("fleet-process", "the process that counts part %d of %d has failed: %s", part+1, len(g.done), said).
			WithMend("run it again with fewer --processes").WithCause(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.k.Add(g.totals, message)
}

// read reads frames up to the totals.
func (g *gathering) read(r *bufio.Reader, part int) ([]byte, error) {
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		switch kind {
		case progressFrame:
			of, err := binary.ReadUvarint(r)
			if err != nil {
				return nil, err
			}
			g.show(part, int(n), int(of))
		case totalsFrame:
			var message bytes.Buffer
			_, err := io.CopyN(&message, r, int64(n))
			return message.Bytes(), err
		default:
			return nil, fmt.Errorf("%q is no frame", kind)
		}
	}
}

func (g *gathering) show(part, done, of int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done[part] = [2]int{done, of}
	done, of = 0, 0
	for _, d := range g.done {
		done, of = done+d[0], of+d[1]
	}
	g.progress(done, of)
}
