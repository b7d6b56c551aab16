package claim

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/program"
)

// Evidence is a file that proves the work: a statement of work that the customer
// has signed. The file itself is kept elsewhere, under its hash.
type Evidence struct {
	Hash      string         `json:"hash"` // SHA-256 of the content, hexadecimal
	Size      int64          `json:"size"` // bytes
	MediaType string         `json:"media_type"`
	Name      string         `json:"name,omitempty"` // a Ref: file names name people
	Shows     []string       `json:"shows,omitempty"`
	SignedOn  kizuna.Date    `json:"signed_on,omitzero"` // by the customer
	Added     kizuna.Instant `json:"added,omitzero"`
}

// acknowledgement is the element whose date counts.
const acknowledgement = "acknowledgement"

// checkFile says what is wrong with a file by itself.
func checkFile(c Case) error {
	e, rules := c.Step.Evidence, &c.Rules.Evidence
	if e == nil {
		return kizuna.Errorf("claim-no-evidence", "there is no evidence to add").WithMend("name a file")
	}
	if sum, err := hex.DecodeString(e.Hash); err != nil || len(sum) != 32 || e.Size <= 0 {
		return kizuna.Errorf("claim-evidence-hash", "the evidence has no content that it could be known by").
			WithMend("give the file's SHA-256 in hexadecimal and its size")
	}
	switch {
	case e.Size > rules.MaxBytes():
		return kizuna.Errorf("claim-evidence-size", "the file has %d bytes; %d MiB are allowed", e.Size, rules.MaxMebibytes).
			WithMend("split it or save it smaller")
	case !slices.Contains(rules.MediaTypes, e.MediaType):
		return kizuna.Errorf("claim-evidence-type", "files of the type %q are not taken", e.MediaType).
			WithMend("save it as one of: %s", strings.Join(rules.MediaTypes, ", "))
	case e.SignedOn > c.Step.At.Date().AddDays(1): // somewhere on Earth it is tomorrow already
		return kizuna.Errorf("claim-evidence-future", "the signature is of %s, which is still to come", e.SignedOn).
			WithMend("correct the date of the signature")
	case slices.ContainsFunc(e.Shows, func(shown string) bool { return !slices.Contains(program.EvidenceElements(), shown) }):
		return kizuna.Errorf("claim-evidence-shows", "evidence does not show %s", strings.Join(e.Shows, ", ")).
			WithMend("it shows one or more of: %s", strings.Join(program.EvidenceElements(), ", "))
	case slices.ContainsFunc(c.Claim.Evidence, func(had Evidence) bool { return strings.EqualFold(had.Hash, e.Hash) }):
		return kizuna.Errorf("claim-evidence-twice", "this file is with the claim already").WithMend("add another file")
	}
	return nil
}

// checkEvidence says what the files lack together: every element must be shown,
// and some acknowledgement must be young enough. Its age is that at the first
// submission, so that a review does not make it old.
func checkEvidence(c Case) error {
	rules := &c.Rules.Evidence
	wanted := rules.MustShow
	if c.Claim.Role == association.UsageRole {
		wanted = slices.Concat(wanted, rules.UsageMustShow)
	}
	var signed kizuna.Date
	var lacks []string
	for _, element := range wanted {
		shown := false
		for _, e := range c.Claim.Evidence {
			if slices.Contains(e.Shows, element) {
				shown = true
				if element == acknowledgement {
					signed = max(signed, e.SignedOn)
				}
			}
		}
		if !shown {
			lacks = append(lacks, element)
		}
	}
	submitted := c.Step.At
	if c.Claim.Submitted != 0 {
		submitted = c.Claim.Submitted
	}
	switch {
	case len(lacks) > 0:
		return kizuna.Errorf("claim-evidence-incomplete", "no evidence shows %s", strings.Join(lacks, ", ")).
			WithMend("add files that show it, or say of the files what they show")
	case !slices.Contains(wanted, acknowledgement):
		return nil
	case signed == 0:
		return kizuna.Errorf("claim-evidence-undated", "the customer's acknowledgement has no date").
			WithMend("say on which day it was signed")
	case signed < submitted.Date().AddMonths(-rules.SignedWithinMonths):
		return kizuna.Errorf("claim-evidence-old", "the customer signed on %s, more than %d months before the submission", signed, rules.SignedWithinMonths).
			WithMend("have it acknowledged anew and add that")
	}
	return nil
}
