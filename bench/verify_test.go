package main

import (
	"testing"

	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/dataset"
)

func TestTheKernelCountsSmallWorldsAsTheClearFormDoes(t *testing.T) {
	p, err := world.FindProgram()
	if err != nil {
		t.Fatal(err)
	}
	catalog := world.NewCatalog(p)
	for seed := range uint64(3) {
		c := world.Tiny(seed, 100)
		got, err := askKernel(t.Context(), &c, catalog, p)
		if err != nil {
			t.Fatal(err)
		}
		want := oracle.Naive(p, world.AsOf, c.Dataset(catalog))
		for _, d := range oracle.Differences(got, want, 10) {
			t.Errorf("seed %d: %s", seed, d)
		}
	}
}

func TestAWorldWrittenAsPlainTablesIsTheSameWorld(t *testing.T) {
	p, err := world.FindProgram()
	if err != nil {
		t.Fatal(err)
	}
	catalog := world.NewCatalog(p)
	c := world.Tiny(7, 40)
	d := c.Dataset(catalog)
	dir := t.TempDir()
	if err := dataset.Write(dir, d); err != nil {
		t.Fatal(err)
	}
	read, err := dataset.Load(t.Context(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range oracle.Differences(oracle.Naive(p, world.AsOf, read), oracle.Naive(p, world.AsOf, d), 10) {
		t.Error(difference)
	}
}
