package watch_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice"
	"github.com/kizuna-org/kizuna/advice/watch"
	"github.com/kizuna-org/kizuna/demo"
	"github.com/kizuna-org/kizuna/internal/worldtest"
	"github.com/kizuna-org/kizuna/program"
	"github.com/kizuna-org/kizuna/score"
	"github.com/kizuna-org/kizuna/usage"
)

func drawBase(t *rapid.T, q score.Question) *advice.Base {
	w := worldtest.DrawMixed(t)
	b, err := advice.New(q, "G1", &advice.Facts{
		Associations: w.Associations, People: worldtest.DrawPeople(t), Coverage: worldtest.Everything{}, Usage: advice.UsageOf(w.Usage, w.Rates),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noProgram(string) *program.Program { return nil }

// FuzzCompare reads states that were kept, and damaged: nothing is said of who moved what,
// or something, but nothing breaks.
func FuzzCompare(f *testing.F) {
	programs, err := program.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	q := score.Question{Program: programs[0], AsOf: kizuna.NewDate(2023, 11, 15)}
	d := demo.New()
	b, err := advice.New(q, demo.Partner, &advice.Facts{
		Associations: &d.Associations, People: &d.People, Coverage: d.Coverage(), Usage: advice.UsageOf(usage.Collect(d.Usage[:200]), d.Rates),
	})
	if err != nil {
		f.Fatal(err)
	}
	now := watch.Of(b.Now())
	data, err := json.Marshal(now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.ReplaceAll(data, []byte(`"measure":1`), []byte(`"measure":999`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := new(watch.State)
		if err := json.Unmarshal(data, kept); err != nil {
			return
		}
		watch.Compare(kept, now, noProgram)
		watch.Compare(now, kept, noProgram)
	})
}

// What has moved is the difference of two scores: of every area and metric, and of every
// customer, whose differences add up where it says so. A state that was kept says the
// same as one that was not. Who alone has moved makes the whole difference.
func TestWhatHasMovedIsTheDifference(t *testing.T) {
	programs, err := program.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := score.Question{Program: rapid.SampledFrom(programs).Draw(t, "program"), AsOf: kizuna.NewDate(2023, 11, 15)}
		first, second := drawBase(t, q), drawBase(t, q)
		before, after := watch.Of(first.Now()), watch.Of(second.Now())
		m := watch.Compare(before, after, noProgram)

		x, y := first.Now().Score(), second.Now().Score()
		people, customers := make(map[string]bool), make(map[string]bool)
		for _, area := range m.Areas {
			a, _ := x.Areas.Get(area.ID)
			b, _ := y.Areas.Get(area.ID)
			if area.Difference.Cmp(b.Total.Sub(a.Total)) != 0 || area.Before.Qualified != a.Qualified || area.After.Qualified != b.Qualified {
				t.Fatalf("%+v", area)
			}
			moved := make(map[string]kizuna.Fraction)
			for _, metric := range area.Metrics {
				moved[metric.Track+" "+metric.ID] = metric.Difference
				for _, c := range metric.Components {
					var now, base kizuna.Fraction
					for _, of := range c.Customers {
						now, base = now.Add(of.Difference.Now), base.Add(of.Difference.Base)
						customers[of.Tenant] = true
					}
					if sums := now.Cmp(c.Difference.Now) == 0 && base.Cmp(c.Difference.Base) == 0; c.Additive != sums {
						t.Fatalf("%+v", c)
					}
				}
				for _, p := range metric.People {
					people[p.Person] = true
				}
			}
			for _, track := range b.Tracks {
				old, _ := a.Tracks.Get(track.Name)
				for _, metric := range track.Value.Metrics {
					was, _ := old.Metrics.Get(metric.Name)
					if moved[track.Name+" "+metric.Name].Cmp(metric.Value.Points.Sub(was.Points)) != 0 {
						t.Fatalf("%s %s %s", area.ID, track.Name, metric.Name)
					}
				}
			}
		}
		for _, area := range m.Areas {
			if len(people)+len(customers) == 1 && area.Difference.Sign() != 0 && (len(area.Marginal) != 1 || area.Marginal[0].Points.Cmp(area.Difference) != 0) {
				t.Fatalf("one has moved %v %v, %+v", people, customers, area)
			}
		}

		data, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		kept := new(watch.State)
		if err := json.Unmarshal(data, kept); err != nil {
			t.Fatal(err)
		}
		again := watch.Compare(kept, after, noProgram)
		u, errU := json.Marshal(m)
		v, errV := json.Marshal(again)
		if errU != nil || errV != nil || string(u) != string(v) {
			t.Fatalf("%v %v\n%s\n%s", errU, errV, u, v)
		}
		if same := watch.Compare(kept, before, noProgram); same.Moved() {
			t.Fatalf("%+v", same)
		}
		if !reflect.DeepEqual(x.Areas, y.Areas) && !m.Moved() {
			t.Fatal("the scores differ, and nothing has moved")
		}
	})
}
