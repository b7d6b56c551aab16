package main

import (
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

// A step with a slip would be found only when its turn comes.
func TestEveryStepIsACommandThatThereIs(t *testing.T) {
	for _, size := range []string{"try", "normal", "full"} {
		for _, prototype := range []string{".", "nowhere"} {
			cmd := suiteCmd{Size: size, Cores: 2, Data: "d", Results: "r", Python: "p", Prototype: prototype}
			steps := cmd.steps()
			for _, step := range steps {
				var c commands
				k, err := kong.New(&c, kong.Vars{"sets": ""})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := k.Parse(slices.Concat(step, cmd.places(step[0]))); err != nil {
					t.Errorf("%v: %v", step, err)
				}
			}
			if last := steps[len(steps)-1]; last[0] != "report" {
				t.Errorf("%s ends with %v", size, last)
			}
			if has := slices.ContainsFunc(steps, func(s []string) bool { return s[0] == "prototype" }); has != (prototype == "." && size != "try") {
				t.Errorf("%s, prototype %s: %v", size, prototype, has)
			}
		}
	}
}
