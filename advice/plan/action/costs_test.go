package action_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/advice/plan/action"
	"github.com/kizuna-org/kizuna/advice/remedy"
)

func TestTheDefaultCostsAreAFile(t *testing.T) {
	c, err := action.ParseCosts("mine.yaml", action.DefaultFile())
	if err != nil {
		t.Fatal(err)
	}
	if c.Unit.EN != "days of effort" || c.Associations[remedy.Claim] != (action.Effort{Cost: 100, Takes: 30}) ||
		len(c.Growth) != 3 || c.Nearest.Cmp(kizuna.Ratio(3, 4)) != 0 {
		t.Errorf("read %+v", c)
	}
}

func TestWhatAFileOfCostsDoesNotSayStays(t *testing.T) {
	c, err := action.ParseCosts("mine.yaml", []byte("associations: {claim: {cost: 2.25}}\ncertificates: {AZ-104: {cost: 1, takes: 5}}\ntimes: {Contoso: 200%}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Associations[remedy.Claim] != (action.Effort{Cost: 225, Takes: 30}) || c.Associations[remedy.Link].Takes != 7 ||
		c.Certificates["AZ-104"] != (action.Effort{Cost: 100, Takes: 5}) || c.Times["contoso"].Cmp(kizuna.Int(2)) != 0 {
		t.Errorf("read %+v", c)
	}
}

func TestWhatAValidationCostsIsNotGuessed(t *testing.T) {
	if c := action.Default(); len(c.Validation) > 0 {
		t.Errorf("guessed: %+v", c.Validation)
	}
	c, err := action.ParseCosts("mine.yaml", []byte("validation: {audit: {cost: 15.5}, reference: {takes: 30}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	audit, reference := c.Validation[action.Audit], c.Validation[action.Reference]
	if *audit.Cost != 1550 || audit.Takes != nil || reference.Cost != nil || *reference.Takes != 30 {
		t.Errorf("read %+v", c.Validation)
	}
}

func TestWrongCostsNameTheirPlace(t *testing.T) {
	for _, c := range []struct{ file, at, says string }{
		{"unit: [a]", "c.yaml:1:7", "a text is expected"},
		{"unit: {fr: jours}", "c.yaml:1:8", `"fr" is not known`},
		{"associations:\n  clam: {cost: 1}", "c.yaml:2:3", `"clam" is not known`},
		{"people:\n  profile: {cost: -1}", "c.yaml:2:19", "is no cost"},
		{"people:\n  profile: {cost: 0.001}", "c.yaml:2:19", "is no cost"},
		{"people:\n  profile: {takes: 9999}", "c.yaml:2:20", "no number of days"},
		{"growth:\n  - {percent: 10, cost: 4}\n  - {percent: 5, cost: 6}", "c.yaml:3:5", "higher than the one before"},
		{"nearest: often", "c.yaml:1:10", "is no share"},
		{"unit: a\nunit: b", "c.yaml:2:1", "stands here twice"},
		{"validation:\n  survey: {cost: 1}", "c.yaml:2:3", `"survey" is not known`},
		{"validation:\n  audit: {cost: much}", "c.yaml:2:17", "is no cost"},
		{"leave_out: none", "c.yaml:1:12", "a list is expected"},
	} {
		_, err := action.ParseCosts("c.yaml", []byte(c.file))
		var e *kizuna.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Code, "costs-") || e.At.String() != c.at || !strings.Contains(e.Message, c.says) || e.Mend == "" {
			t.Errorf("%q: %v at %v", c.file, err, e)
		}
	}
	if _, err := action.ParseCosts("c.yaml", []byte("a: [")); kizuna.CodeOf(err) != "costs-yaml" {
		t.Error(err)
	}
}

func FuzzParseCosts(f *testing.F) {
	f.Add(action.DefaultFile())
	f.Add([]byte("growth: [{percent: 1, cost: 0.5}]\nneeds: {A: [B]}\n"))
	f.Add([]byte("validation: {audit: {cost: 15.5}, reference: {takes: 30}}\n"))
	f.Add([]byte("times: &a {x: 1/2}\nunit: *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := action.ParseCosts("c.yaml", data)
		if err != nil && !strings.HasPrefix(kizuna.CodeOf(err), "costs-") {
			t.Fatal(err)
		}
		for _, s := range c.Growth {
			if err == nil && (s.Percent <= 0 || s.Cost < 0) {
				t.Fatal(s)
			}
		}
	})
}
