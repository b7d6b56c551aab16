package proof

import (
	"encoding/json"

	"github.com/kizuna-org/kizuna/score"
)

// AreaDigest is a digest over an account's whole score in an area and the question
// that it answers, for a decision that rests on it: "sha256:…". The same facts give it
// again, to whoever asks the same.
func AreaDigest(a *score.Answer, account, area string, scored *score.Area) (string, error) {
	q := questionOf(a, &score.Explanation{Account: account, Area: area})
	data, err := json.Marshal(struct {
		Format   string      `json:"format"`
		Question Question    `json:"question"`
		Score    *score.Area `json:"score"`
	}{Format, q, scored})
	if err != nil {
		return "", err
	}
	return digest(data)
}
