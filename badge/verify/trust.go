package verify

import (
	"bytes"
	"io"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
)

// Trust says whose word counts, and for what.
type Trust struct {
	Issuers []TrustedIssuer `yaml:"issuers" json:"issuers"`
}

// TrustedIssuer is an issuer whose word counts.
type TrustedIssuer struct {
	ID string `yaml:"id" json:"id"` // did:web:learn.example
	// Certificates are what it may say that professionals earned: the ids of its
	// achievements, and the program's ids of certificates. Empty: none.
	Certificates map[string]string `yaml:"certificates,omitempty" json:"certificates,omitempty"`
	// ByCode takes an achievement's own code (humanCode) for the certificate's id.
	ByCode bool `yaml:"by_code,omitempty" json:"by_code,omitempty"`
}

const maxTrustBytes = 1 << 20

// ParseTrust reads a file that says who is trusted.
func ParseTrust(file string, data []byte) (*Trust, error) {
	if len(data) > maxTrustBytes {
		return nil, badTrust(file, nil)
	}
	in := yaml.NewDecoder(bytes.NewReader(data))
	in.KnownFields(true)
	var t Trust
	if err := in.Decode(&t); err != nil && err != io.EOF {
		return nil, badTrust(file, err)
	}
	for _, i := range t.Issuers {
		if i.ID == "" {
			return nil, badTrust(file, nil)
		}
	}
	return &t, nil
}

func badTrust(file string, cause error) error {
	return kizuna.Errorf("trust-file", "this is no list of trusted issuers").
		WithMend("write issuers: and under it - id: did:web:HOST, with by_code: true or certificates: if it certifies people").
		WithRef(kizuna.Ref{File: file}).WithCause(cause)
}

// IDs lists the issuers.
func (t *Trust) IDs() (ids []string) {
	for _, i := range t.Issuers {
		ids = append(ids, i.ID)
	}
	return ids
}

// CertificateOf returns which of the program's certificates a badge is for, by what its
// issuer may say. "trust-certificate": none.
func (t *Trust) CertificateOf(c *Credential) (string, error) {
	a := c.Achievement()
	if i := slices.IndexFunc(t.Issuers, func(i TrustedIssuer) bool { return i.ID == c.Issuer }); i >= 0 {
		if id := t.Issuers[i].Certificates[a.ID]; id != "" {
			return id, nil
		}
		if t.Issuers[i].ByCode && a.Code != "" {
			return a.Code, nil
		}
	}
	return "", kizuna.Errorf("trust-certificate", "the issuer %.120q is not trusted to certify %.120q", c.Issuer, a.Name).
		WithMend("name the achievement under certificates: in the file of --trust, or write by_code: true there")
}

// Earned returns when the achievement was earned, and the first day on which it no
// longer counts; nil: it does not end. A day that ends within it no longer counts.
func (c *Credential) Earned() (on kizuna.Date, ends *kizuna.Date, err error) {
	from, err := stamp(c.Document["awardedDate"], c.From)
	if err != nil {
		return 0, nil, err
	}
	if from == kizuna.Never {
		return 0, nil, shape(kizuna.Errorf("verify-no-award", "the badge does not say when it was awarded"))
	}
	if c.Until != kizuna.Forever {
		day := (c.Until + 1).Date()
		ends = &day
	}
	return from.Date(), ends, nil
}
