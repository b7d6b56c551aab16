package oracle_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/bench/oracle"
	"github.com/kizuna-org/kizuna/bench/world"
	"github.com/kizuna-org/kizuna/program"
)

func TestTheTextIsTheSameEveryTime(t *testing.T) {
	p, err := world.FindProgram()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range oracle.Dialects {
		first, err := oracle.Text(p, world.AsOf, d)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, _ := oracle.Text(p, world.AsOf, d); again != first {
				t.Errorf("%s: another text", name)
			}
		}
	}
}

func TestAProgramWithARuleThatTheTextDoesNotKnowIsRefused(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for ref, why := range map[string]string{
		"mcpp@2023-10": "", "mcpp@2023-12": "", "mcpp@2022-10": "a track by market", "mcpp@2026-07": "a track by customer_segment",
	} {
		p, err := program.Find(programs, ref)
		if err != nil {
			t.Fatal(err)
		}
		_, err = oracle.Text(p, world.AsOf, oracle.Dialects["duckdb"])
		if why == "" && err != nil || why != "" && (!errors.Is(err, oracle.ErrUnknownRule) || !strings.Contains(err.Error(), why)) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestDigestsDoNotCareForOrderAndSpelling(t *testing.T) {
	write := func(tally, points, totals string) string {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"tally": tally, "members": "1,2,Storage,3,0,0\n", "points": points, "totals": totals, "areas": totals,
		} {
			if err := os.WriteFile(dir+"/"+name+".csv", []byte("header\n"+text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	digest := func(dir string) string {
		d, err := oracle.Digest(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d["tally"] + d["members"] + d["points"] + d["totals"] + d["areas"]
	}
	one := digest(write("1,2,3,4\n5,6,7,8\n9,9,0,0\n", "1,a,b,c,10,30\n", "1,a,b,4,2,true\n"))
	if two := digest(write("5,6,7,8\n1,2,3,4\n", "1,a,b,c,1,3\n", "1,a,b,2,1,t\n")); two != one {
		t.Errorf("%s and %s", one, two)
	}
	if other := digest(write("5,6,7,8\n1,2,3,5\n", "1,a,b,c,1,3\n", "1,a,b,2,1,t\n")); other == one {
		t.Error("another figure, the same digest")
	}
}
