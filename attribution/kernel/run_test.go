package kernel_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/kernel"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/dataset"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/program"
)

// The worlds are data sets with the answers of an independent scorer. They stand
// beside the project, not in it.
const worlds = "../../../shared/domain/worlds"

func TestTheKernelCountsWorldsAndTheDemo(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(worlds, "w*"))
	if err != nil {
		t.Fatal(err)
	}
	example := filepath.Join(t.TempDir(), "demo")
	if err := demo.Write(example, false); err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(dirs, example) {
		d, err := dataset.Load(context.Background(), dir, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := &attribution.Facts{Associations: &d.Associations, Usage: d.Ledger, Rates: d.Rates}
		v := viewOf(t, built(t, f))
		for _, p := range programs(t) {
			for _, asOf := range days {
				k := compiled(t, p, asOf, "")
				want := attribution.NewBook(k.Plan, f).Total()
				for workers := range 4 {
					if d := difference(want, counted(t, k, v, kernel.Options{Workers: workers + 1})); d != "" {
						t.Fatalf("%s, %s on %s: %s", dir, p.Ref(), asOf, d)
					}
				}
			}
		}
	}
}

var largeShape = shape{least: 1, alpha: 1.2, rows: 30_000, partners: 100}

const largeSeed = 7

// large is a segment of several blocks.
func large(t *testing.T) (data []byte, tenants int) {
	t.Helper()
	var out bytes.Buffer
	b := segment.NewBuilder(&out)
	m := maker{shape: largeShape, b: b, r: largeSeed}
	m.names(t)
	for ; m.total < m.rows; tenants++ {
		if err := b.Add(m.tenant(tenants)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), tenants
}

func opened(t *testing.T, data []byte) *segment.Segment {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.segment")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func latestRules(t *testing.T) *kernel.Kernel {
	t.Helper()
	all, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, all[len(all)-1], kizuna.NewDate(2023, 11, 15), "")
}

func TestWorkersAndPartsNeverMatter(t *testing.T) {
	data, tenants := large(t)
	v, k := viewOf(t, opened(t, data)), latestRules(t)
	if blocks := v.Newest().Blocks(); blocks < 4 {
		t.Fatalf("%d blocks", blocks)
	}
	done, of := 0, 0
	want := counted(t, k, v, kernel.Options{Workers: 1, Progress: func(d, o int) {
		if d < done {
			t.Errorf("progress goes back from %d to %d", done, d)
		}
		done, of = d, o
	}})
	if done != tenants || of != tenants || len(want) == 0 {
		t.Errorf("%d of %d done, of %d; %d tallies", done, of, tenants, len(want))
	}
	for workers := 2; workers <= 4; workers++ {
		if d := difference(want, counted(t, k, v, kernel.Options{Workers: workers})); d != "" {
			t.Errorf("%d workers: %s", workers, d)
		}
	}
	sum := attribution.Contribution{}
	for part := range 3 {
		sum.Add(counted(t, k, v, kernel.Options{Part: part, Of: 3}))
	}
	if d := difference(want, sum); d != "" {
		t.Errorf("three parts: %s", d)
	}
}

func TestARunStopsWhenItIsCancelled(t *testing.T) {
	data, _ := large(t)
	ctx, cancel := context.WithCancel(context.Background())
	blocks := 0
	_, err := latestRules(t).Run(ctx, viewOf(t, opened(t, data)), kernel.Options{Workers: 1, Progress: func(int, int) {
		blocks++
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || blocks != 1 {
		t.Errorf("%v after %d blocks", err, blocks)
	}
}

func TestARunNamesADamagedBlock(t *testing.T) {
	data, _ := large(t)
	data[len(data)/3] ^= 4
	s := opened(t, data)
	_, err := latestRules(t).Run(context.Background(), viewOf(t, s), kernel.Options{})
	if kizuna.CodeOf(err) != "segment-damaged-block" {
		t.Error(err)
	}
	if got := s.Check(); got == nil || err == nil || got.Error() != err.Error() {
		t.Errorf("the check says %v, the run %v", got, err)
	}
}
