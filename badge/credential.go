package badge

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/badge/integrity"
	"github.com/kizuna-org/kizuna/badge/statuslist"
)

// Issuer is who awards badges.
type Issuer struct {
	ID   string `json:"id"` // did:web
	Name string `json:"name"`
}

// Base is the address under which all of the issuer's badges are published.
func (i *Issuer) Base() (string, error) { return did.Base(i.ID) }

// Subject is who is awarded a badge: a company, or a professional.
type Subject struct {
	Company string `json:"company,omitempty"` // the global account
	Name    string `json:"-"`                 // of the company; kept where it can be erased
	// MCID is a professional's learning profile; a badge holds only its salted hash.
	MCID string `json:"mcid,omitempty"`
	Salt string `json:"salt,omitempty"`
}

// Award is what a badge says.
type Award struct {
	ID      string  `json:"id"` // a UUID: see NewID
	Subject Subject `json:"subject"`

	// Achievement is the designation, or the certificate's code.
	Achievement     string   `json:"achievement"`
	Name            string   `json:"name"`
	Family          string   `json:"family,omitempty"` // the name under which customers are shown the area
	Specializations []string `json:"specializations,omitempty"`
	Program         string   `json:"program"` // by whose rules: "mcpp@2023-10"

	During kizuna.Interval `json:"during"` // from when it appears to when it no longer holds
	Entry  int             `json:"entry"`  // counts the issuer's badges; where its status stands follows
}

// Certificate reports whether it is a professional's certificate.
func (a *Award) Certificate() bool { return a.Subject.MCID != "" }

// NewID returns a fresh UUID, version 4.
func NewID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"), nil
}

// NewSalt returns what keeps a hashed identity from being tried out.
func NewSalt(random io.Reader) (string, error) {
	var b [16]byte
	_, err := io.ReadFull(random, b[:])
	return hex.EncodeToString(b[:]), err
}

// HashedIdentity is an identity as a badge holds it: it can be recognized, not read.
// Ids are compared in lower case.
func HashedIdentity(identity, salt string) string {
	return "sha256$" + kizuna.HashOf([]byte(strings.ToLower(identity)+salt)).String()
}

// The places of things under the issuer's address.
func credentialURL(base, id string) string { return base + "credentials/" + id + ".json" }

// ImageURL returns where a badge's image lies.
func ImageURL(base, id string) string { return base + "images/" + id + ".svg" }

// PageURL returns where the page lies that says whether the badge is true now.
func PageURL(base, id string) string { return base + "verify/" + id + ".html" }

// PartnerURL is under what a company is known to the issuer.
func PartnerURL(base, account string) string { return base + "partners/" + account }

// ListURL returns where the n-th status list lies, counted from 1.
func ListURL(base string, n int) string { return base + "status/" + strconv.Itoa(n) + ".json" }

// EntryOf returns where the status of the n-th badge stands, counted from 0.
func EntryOf(base string, n int) statuslist.Entry {
	return statuslist.Entry{List: ListURL(base, n/statuslist.Size+1), Index: statuslist.Place(n % statuslist.Size)}
}

// IdentityTypes of Open Badges by which subjects are named.
const (
	accountType = "accountId"
	nameType    = "name"
	mcidType    = "ext:mcid"
)

type object = map[string]any

// Document returns the award as an unsigned OpenBadgeCredential.
func (a *Award) Document(issuer Issuer) (map[string]any, error) {
	base, err := issuer.Base()
	if err != nil {
		return nil, err
	}
	achievement := object{
		"id":              base + "achievements/" + a.Achievement,
		"type":            []string{"Achievement"},
		"name":            a.Name,
		"description":     a.description(),
		"achievementType": "Badge",
		"criteria":        object{"narrative": a.criteria()},
		"image":           object{"id": ImageURL(base, a.ID), "type": "Image"},
		"inLanguage":      "en",
	}
	if a.Certificate() {
		achievement["achievementType"], achievement["humanCode"] = "Certification", a.Achievement
	}
	if len(a.Specializations) > 0 {
		// Of this badge alone, so that it has an id of its own. One text, because the
		// order, which is the company's choice, would get lost in a set.
		achievement["id"] = credentialURL(base, a.ID) + "#achievement"
		achievement["specialization"] = strings.Join(a.Specializations, "; ")
	}
	if a.Family != "" {
		achievement["tag"] = []string{a.Family}
	}
	subject := object{"type": []string{"AchievementSubject"}, "achievement": achievement}
	if a.Certificate() {
		subject["identifier"] = []object{{
			"type": "IdentityObject", "identityType": mcidType, "hashed": true,
			"identityHash": HashedIdentity(a.Subject.MCID, a.Subject.Salt), "salt": a.Subject.Salt,
		}}
	} else {
		subject["id"] = PartnerURL(base, a.Subject.Company)
		named := []object{{"type": "IdentityObject", "identityType": accountType, "hashed": false, "identityHash": a.Subject.Company}}
		if a.Subject.Name != "" {
			named = append(named, object{"type": "IdentityObject", "identityType": nameType, "hashed": false, "identityHash": a.Subject.Name})
		}
		subject["identifier"] = named
	}
	document := object{
		"@context":          []string{integrity.CredentialsContext, integrity.OpenBadgesContext},
		"id":                credentialURL(base, a.ID),
		"type":              []string{"VerifiableCredential", "OpenBadgeCredential"},
		"name":              a.Name,
		"issuer":            object{"id": issuer.ID, "type": []string{"Profile"}, "name": issuer.Name, "url": base},
		"validFrom":         stamp(a.During.From),
		"credentialSubject": subject,
		"credentialStatus":  EntryOf(base, a.Entry).Document(),
	}
	if a.During.To != kizuna.Forever {
		// The last second at which it holds: verifiers ask whether now is after it.
		document["validUntil"] = stamp(a.During.To - 1)
	}
	return plain(document)
}

// Claims returns a signed or unsigned document as the claim set of a JWT.
func Claims(document map[string]any) map[string]any {
	claims := make(map[string]any, len(document)+5)
	for key, value := range document {
		claims[key] = value
	}
	delete(claims, "proof")
	claims["jti"] = document["id"]
	if issuer, ok := document["issuer"].(object); ok {
		claims["iss"] = issuer["id"]
	} else {
		claims["iss"] = document["issuer"]
	}
	if subject, ok := document["credentialSubject"].(object); ok && subject["id"] != nil {
		claims["sub"] = subject["id"]
	}
	for claim, key := range timeClaims {
		if text, ok := document[key].(string); ok {
			if t, err := time.Parse(time.RFC3339, text); err == nil {
				claims[claim] = t.Unix()
			}
		}
	}
	return claims
}

var timeClaims = map[string]string{"nbf": "validFrom", "exp": "validUntil"}

// ListDocument returns a status list as an unsigned credential, good from at on for
// so many seconds: who keeps an older one back has nothing after that.
func ListDocument(issuer Issuer, n int, list statuslist.List, at kizuna.Instant, seconds int64) (map[string]any, error) {
	base, err := issuer.Base()
	if err != nil {
		return nil, err
	}
	url := ListURL(base, n)
	return plain(object{
		"@context":   []string{integrity.CredentialsContext},
		"id":         url,
		"type":       []string{"VerifiableCredential", "BitstringStatusListCredential"},
		"issuer":     issuer.ID,
		"validFrom":  stamp(at),
		"validUntil": stamp(at + kizuna.Instant(seconds)),
		"credentialSubject": object{
			"id": url + "#list", "type": "BitstringStatusList",
			"statusPurpose": statuslist.Revocation, "encodedList": list.Encode(),
		},
	})
}

func (a *Award) description() string {
	switch {
	case a.Certificate():
		return "The professional holds the certificate " + a.Achievement + ", " + a.Name + "."
	case a.Achievement == AllAreas:
		return "The company holds the designations of all solution areas of its partner program."
	case len(a.Specializations) > 0:
		return "The company holds the designation, with these specializations: " + strings.Join(a.Specializations, "; ") + "."
	}
	return "The company holds the designation."
}

func (a *Award) criteria() string {
	if a.Certificate() {
		return "Earned from the vendor and verified, by the rules of " + a.Program + "."
	}
	return "Qualified and enrolled by the rules of " + a.Program + "."
}

// stamp writes an instant as credentials do.
func stamp(t kizuna.Instant) string { return t.Moment().Time().Format(time.RFC3339) }

// plain makes a document of nothing but JSON's own types, as if it had been read.
func plain(document object) (map[string]any, error) {
	data, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	return integrity.Document(data)
}
