package proof_test

import (
	"testing"

	"github.com/kizuna-org/kizuna/proof"
)

func TestFactsThatMovedToAnotherLineComeLast(t *testing.T) {
	read := map[string]any{
		"format":   proof.Format,
		"question": map[string]any{"account": "G1", "at": map[string]any{"line": 12}},
	}
	differences, err := proof.Compare(read, &proof.Proof{Format: proof.Format, Question: proof.Question{Account: "G2"}}, 100)
	if err != nil || len(differences) < 3 {
		t.Fatalf("got %v, %v", differences, err)
	}
	if d := differences[0]; d.Path != "question.account" || d.Proof != `"G1"` || d.Now != `"G2"` {
		t.Errorf("first comes %+v", d)
	}
	if last := differences[len(differences)-1]; last.Path != "question.at" {
		t.Errorf("last comes %+v", last)
	}
	few, err := proof.Compare(read, &proof.Proof{Format: proof.Format}, 2)
	if err != nil || len(few) != 2 {
		t.Errorf("got %v, %v; want no more than asked for", few, err)
	}
}
