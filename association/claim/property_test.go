package claim_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/lifecycle"
	"github.com/kizuna-org/kizuna/lifecycle/lifecycletest"
)

// market is what two partners do at random with claims on a few things.
type market struct {
	*rapid.T
	rules  claim.Rules
	now    kizuna.Instant
	claims []claim.Claim
}

func (m *market) others(i int) []claim.Claim {
	return slices.Delete(slices.Clone(m.claims), i, i+1)
}

// step draws a step that has a fair chance: most others are refused.
func (m *market) step(i int) claim.Step {
	c := &m.claims[i]
	actions := claim.Machine().Actions(c.State, lifecycle.Roles()...)
	if rapid.IntRange(0, 9).Draw(m.T, "onward") > 0 { // or else most claims end early
		actions = slices.DeleteFunc(actions, func(a lifecycle.Action) bool {
			return a == claim.Lose || a == claim.DateSubscription || a == claim.ExpireSubscription || a == claim.AddEvidence && len(c.Evidence) > 0
		})
	}
	if len(actions) == 0 || rapid.IntRange(0, 9).Draw(m.T, "wild") == 0 {
		actions = claim.Machine().AllActions()
	}
	s := claim.Step{
		Action: rapid.SampledFrom(actions).Draw(m.T, "action"), At: m.now,
		Comment: rapid.SampledFrom([]string{"t1", "t1", ""}).Draw(m.T, "comment"), Rivals: m.others(i),
		Ends: m.now + kizuna.Instant(rapid.IntRange(-40, 400).Draw(m.T, "ends"))*24*hour,
	}
	roles := claim.Machine().Actors(c.State, s.Action)
	if len(roles) == 0 || rapid.IntRange(0, 9).Draw(m.T, "stranger") == 0 {
		roles = lifecycle.Roles()
	}
	s.Actor.Role = rapid.SampledFrom(roles).Draw(m.T, "role")
	s.Actor.Company = map[bool]string{true: "T1", false: c.Location}[s.Actor.Role == lifecycle.Customer || s.Actor.Role == lifecycle.Owner]
	d := m.details()
	if s.Action == claim.Create {
		s.Actor.Company = d.Location
	} else {
		d.Location, d.Subscription = c.Location, c.Subscription
	}
	s.Details = &d
	s.Evidence = statement(m.T, byte(rapid.IntRange(0, 255).Draw(m.T, "file")), m.now.Date().AddDays(-30).String())
	switch s.Action {
	case claim.Ask:
		s.Reasons = claim.AskReasons()[:1]
	case claim.Reject:
		s.Reasons = claim.RejectReasons()[1:2]
	}
	return s
}

func (m *market) details() claim.Details {
	d := onSubscription
	d.Location = rapid.SampledFrom([]string{"L1", "L2"}).Draw(m.T, "location")
	d.Subscription = rapid.SampledFrom([]string{"S1", "s1", "S2"}).Draw(m.T, "subscription")
	return d
}

func TestWhateverTwoPartnersDoOneThingHasOneHolder(t *testing.T) {
	sets := []claim.Rules{rulesOf(t, "mcpp@2022-10", "JP"), rulesOf(t, "mcpp@2023-10", "US")}
	overAll := *sets[1].ClaimRules
	overAll.OnePerRole = false
	sets = append(sets, claim.Rules{ClaimRules: &overAll, Days: sets[1].Days})
	reached := make(map[lifecycle.State]bool)
	rapid.Check(t, func(r *rapid.T) {
		m := &market{T: r, rules: rapid.SampledFrom(sets).Draw(r, "rules"), now: at(t, "2023-10-02")}
		for i := range 4 {
			m.claims = append(m.claims, claim.Claim{ID: fmt.Sprint("c", i+1)})
		}
		for range rapid.IntRange(40, 160).Draw(r, "steps") {
			m.now += kizuna.Instant(rapid.IntRange(0, 12).Draw(r, "hours")*rapid.IntRange(0, 12).Draw(r, "more")) * hour
			i := rapid.IntRange(0, len(m.claims)-1).Draw(r, "which")
			if rapid.IntRange(0, 5).Draw(r, "arbitrate") == 0 {
				m.arbitrate(i)
			} else {
				m.apply(i)
			}
			if rapid.Bool().Draw(r, "tick") {
				m.tick()
			}
			m.check()
			for _, c := range m.claims {
				reached[c.State] = true
			}
		}
	})
	for _, s := range claim.Machine().States {
		if !reached[s] {
			t.Errorf("no sequence reached %q", s.Name())
		}
	}
}

func (m *market) apply(i int) {
	before := m.claims[i]
	s := m.step(i)
	after, events, err := claim.Apply(before, s, m.rules)
	again, _, _ := claim.Apply(before, s, m.rules)
	switch {
	case !reflect.DeepEqual(after, again):
		m.Fatalf("%s gives two results", s.Action)
	case err != nil && (!reflect.DeepEqual(after, before) || len(events) > 0 || kizuna.CodeOf(err) == ""):
		m.Fatalf("%s was refused and did something: %v", s.Action, err)
	case err == nil && len(events) == 0:
		m.Fatalf("%s told nothing", s.Action)
	case err == nil && (before.State == claim.Final || before.State == claim.Ended):
		m.Fatalf("%s of what is %s", s.Action, before.State)
	}
	m.claims[i] = after
}

func (m *market) arbitrate(i int) {
	s := claim.Step{Actor: reviewer, At: m.now, Rivals: m.others(i)}
	var losers []claim.Claim
	for _, o := range m.others(i) {
		if claim.Conflict(&m.claims[i], &o, m.rules.OnePerRole) && rapid.Bool().Draw(m.T, "loses") {
			losers = append(losers, o)
		}
	}
	won, lost, _, err := claim.Arbitrate(m.claims[i], losers, s, m.rules)
	if err != nil {
		return
	}
	m.claims[i] = won
	for _, l := range lost {
		at := slices.IndexFunc(m.claims, func(c claim.Claim) bool { return c.ID == l.ID })
		m.claims[at] = l
	}
}

func (m *market) tick() {
	for i := range m.claims {
		after, _, err := claim.Settle(m.claims[i], m.now, m.rules)
		if err != nil && kizuna.CodeOf(err) != "calendar-range" {
			m.Fatalf("%+v: %v", m.claims[i], err)
		}
		between, _, err1 := claim.Settle(m.claims[i], m.now-kizuna.Instant(rapid.IntRange(0, 60).Draw(m.T, "days"))*24*hour, m.rules)
		if late, _, err2 := claim.Settle(between, m.now, m.rules); err == nil && err1 == nil && err2 == nil && !reflect.DeepEqual(late, after) {
			m.Fatalf("a tick in between makes a difference:\n%+v\n%+v", late, after)
		}
		m.claims[i] = after
		if due, action, ok := after.Due(); err == nil && ok && due <= m.now {
			m.Fatalf("%s is still due at %s", action, due)
		}
	}
}

func (m *market) check() {
	approved := make(map[string]string)
	held := make(map[string][]association.Claim)
	for i := range m.claims {
		c := &m.claims[i]
		key := c.Key(m.rules.OnePerRole)
		if c.State == claim.Approved {
			if other := approved[key]; other != "" {
				m.Fatalf("%s and %s are both approved", other, c.ID)
			}
			approved[key] = c.ID
		}
		if c.Disputes > 1 {
			m.Fatalf("%s was disputed %d times", c.ID, c.Disputes)
		}
		var spells lifecycle.Spells
		for _, spell := range c.Spells {
			spells = append(spells, spell.Spell)
		}
		lifecycletest.CheckSpells(m, spells, c.State == claim.Approved)
		for _, f := range c.Facts() {
			for _, g := range held[key] {
				if !f.During.Intersect(g.During).Empty() {
					m.Fatalf("%s held %v and %s held %v", f.ID, f.During, g.ID, g.During)
				}
			}
			held[key] = append(held[key], f)
		}
		if c.State != lifecycle.None {
			lifecycletest.CheckJSON(m, *c)
		}
	}
}
