package command

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

const verifiers = "../../badge/verifiers"

// others is the script command "others BADGE SITE [REASON]": software that others wrote
// accepts the badge by what is published, or refuses it for the reason. Where it is not
// installed it is left out; where CI is set it must be there.
func others(ts *testscript.TestScript, _ bool, args []string) {
	_, missing := exec.LookPath("node")
	if missing == nil {
		_, missing = os.Stat(filepath.Join(verifiers, "node_modules/jose"))
	}
	if missing != nil {
		if os.Getenv("CI") != "" {
			ts.Fatalf("the verifiers of others are not here: %v", missing)
		}
		ts.Logf("left out, the verifiers of others are not here (npm ci in badge/verifiers brings them): %v", missing)
		return
	}
	document := json.RawMessage(ts.ReadFile(filepath.Join(args[1], ".well-known/did.json")))
	lists := make(map[string]json.RawMessage)
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "status", "*.json"))
	ts.Check(err)
	for _, name := range found {
		data, err := os.ReadFile(name)
		ts.Check(err)
		var head struct{ ID string }
		ts.Check(json.Unmarshal(data, &head))
		lists[head.ID] = data
	}
	question, err := json.Marshal(map[string]any{"cases": []any{map[string]any{
		"document": json.RawMessage(ts.ReadFile(args[0])), "didDocument": document, "lists": lists, "now": ts.Getenv("KIZUNA_NOW"),
	}}})
	ts.Check(err)
	node := exec.Command("node", "check.mjs")
	node.Dir, node.Stdin = verifiers, bytes.NewReader(question)
	answer, err := node.Output()
	ts.Check(err)
	var verdicts []struct {
		OK    bool
		Error string
	}
	ts.Check(json.Unmarshal(answer, &verdicts))
	want := strings.Join(args[2:], "")
	if v := verdicts[0]; v.OK != (want == "") || !strings.Contains(v.Error, want) {
		ts.Fatalf("they say %v, %s; want %q", v.OK, v.Error, want)
	}
}
