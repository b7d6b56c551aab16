package claim

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/lifecycle"
)

// Conflict reports whether two claims are on the same thing: the same workload of
// a tenant, or the same subscription, for each role or over all roles.
func Conflict(a, b *Claim, onePerRole bool) bool {
	return a.ID != b.ID && a.Key(onePerRole) == b.Key(onePerRole)
}

// underWay are the states of claims that were submitted and are not decided.
var underWay = []lifecycle.State{Submitted, UnderReview, ActionRequired, Disputed, Arbitration}

// MustArbitrate lists those of the other claims because of which the claim cannot
// simply be approved: one that is approved, and one that is under way and was
// submitted before it. Who came first goes first; who came later, and wants what
// another has or may yet get, is weighed against it.
func MustArbitrate(c *Claim, others []Claim, onePerRole bool) []string {
	return contending(c, others, onePerRole, func(o *Claim) bool {
		return o.State == Approved || slices.Contains(underWay, o.State) &&
			cmp.Or(cmp.Compare(o.Submitted, c.Submitted), cmp.Compare(o.ID, c.ID)) < 0
	})
}

func contending(c *Claim, others []Claim, onePerRole bool, contends func(*Claim) bool) []string {
	var ids []string
	for i := range others {
		if Conflict(c, &others[i], onePerRole) && contends(&others[i]) {
			ids = append(ids, others[i].ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// heldAfter reports whether a claim was approved at the instant or later.
func (c *Claim) heldAfter(at kizuna.Instant) bool {
	return slices.ContainsFunc(c.Spells, func(s Spell) bool { return s.During.To > at && !s.During.Empty() })
}

func checkUncontested(c Case) error {
	ids := MustArbitrate(c.Claim, c.Step.Rivals, c.Rules.OnePerRole)
	if c.Step.Action == Win { // only who holds it stands in the way of a decision
		ids = contending(c.Claim, c.Step.Rivals, c.Rules.OnePerRole, func(o *Claim) bool { return o.State == Approved })
	}
	ids = append(ids, contending(c.Claim, c.Step.Rivals, c.Rules.OnePerRole, func(o *Claim) bool {
		return o.State != Approved && o.heldAfter(c.Step.At)
	})...)
	if len(ids) > 0 {
		return kizuna.Errorf("claim-contested", "the same is held or was claimed earlier by %s", strings.Join(slices.Compact(ids), ", ")).
			WithMend("open an arbitration and decide between them")
	}
	return nil
}

func checkRivals(c Case) error {
	if len(contenders(c)) == 0 {
		return kizuna.Errorf("claim-uncontested", "nobody else holds or claims the same").WithMend("decide the claim by itself")
	}
	return nil
}

// contenders are the rivals that an arbitration weighs a claim against.
func contenders(c Case) []string {
	return contending(c.Claim, c.Step.Rivals, c.Rules.OnePerRole, func(o *Claim) bool {
		return o.State == Approved || slices.Contains(underWay, o.State)
	})
}

// Arbitrate decides between claims on the same thing: the losers end at the
// instant at which the winner begins. A winner that was approved already stays so.
// Step names the reviewer, the time, the comment, and in Rivals every other claim
// on the same thing; what is named as a loser is lost whatever its state says there.
// Either all of it happens or nothing.
func Arbitrate(winner Claim, losers []Claim, step Step, rules Rules) (won Claim, lost []Claim, events []lifecycle.Event, err error) {
	rest := step.Rivals
	step.Rivals = append(slices.Clip(rest), winner)
	for i := range losers {
		loser := &losers[i]
		if !Conflict(&winner, loser, rules.OnePerRole) {
			return winner, losers, nil, kizuna.Errorf("claim-no-conflict", "%s and %s do not claim the same", winner.ID, loser.ID).
				WithMend("decide each by itself")
		}
		step.Action = Lose
		after, caused, err := Apply(*loser, step, rules)
		if err != nil {
			return winner, losers, nil, err
		}
		lost, events = append(lost, after), append(events, caused...)
		rest = slices.DeleteFunc(slices.Clone(rest), func(o Claim) bool { return o.ID == after.ID })
	}
	step.Action, step.Rivals = Win, slices.Concat(rest, lost)
	won, caused, err := Apply(winner, step, rules)
	if err != nil {
		return winner, losers, nil, err
	}
	return won, lost, append(events, caused...), nil
}
