// Package azure reads what administrators can print of Azure with its command
// line tool: role assignments, partner admin links, management groups and
// subscriptions, as JSON. Each becomes records of package association.
//
// These listings say what is, not what was: an assignment or a link that ended
// is not in them, and some carry no dates at all (see [Options].Since). What
// ended belongs into the plain tables.
package azure

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
)

// The kinds of listing.
const (
	RoleAssignments   = "az/role-assignments"    // az role assignment list --all --include-inherited
	ManagementPartner = "az/management-partner"  // az managementpartner show
	Attestation       = "az/pal-attestation"     // what partners hand out as proof of their links
	ManagementGroup   = "az/management-group"    // az account management-group show --expand --recurse
	Entities          = "az/management-entities" // az account management-group entities list
	Subscriptions     = "az/subscriptions"       // az account list
)

// Options fill in what a listing leaves out.
type Options struct {
	// Tenant is the tenant of a listing that does not name it.
	Tenant string
	// Since is from when on undated links and roles of an attestation hold;
	// without it they are refused. It also begins what management groups are said
	// to hold, which otherwise is for ever.
	Since *kizuna.Date
}

// Detect tells the kind of a listing from its beginning; "" if it is none of ours.
// The beginning may be cut off anywhere.
func Detect(start []byte) string {
	first, ok := firstObject(start)
	if !ok {
		return ""
	}
	kind, _ := kindOf(first)
	return kind
}

// firstObject reads the names and plain values of the first object, as far as
// they go.
func firstObject(start []byte) (*object, bool) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(start, []byte("\ufeff"))))
	for {
		token, err := d.Token()
		if err != nil {
			return nil, false
		}
		switch token {
		case json.Delim('['):
			continue
		case json.Delim('{'):
		default:
			return nil, false
		}
		break
	}
	var o object
	depth, name, envelope := 0, "", false
	for {
		token, err := d.Token()
		if err != nil {
			if name != "" {
				o.set(name, "") // its value is cut off
			}
			return &o, o.names > 0
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				// The envelope of a list, and that of a resource, count as the object.
				if depth == 0 && name == "value" && t == '[' {
					return firstValue(d)
				}
				envelope = depth == 0 && name == "properties" && t == '{'
				if depth == 0 {
					o.set(name, "")
				}
				depth++
			} else if depth--; depth < 0 {
				return &o, true
			} else if depth == 0 {
				envelope = false
			}
			name = ""
		case string:
			if inside := depth == 0 || envelope && depth == 1; inside && name == "" {
				name = t
				continue
			} else if inside {
				o.set(name, t)
			}
			name = ""
		default:
			if (depth == 0 || envelope && depth == 1) && name != "" {
				o.set(name, "")
			}
			name = ""
		}
	}
}

func firstValue(d *json.Decoder) (*object, bool) {
	var raw json.RawMessage
	if !d.More() || d.Decode(&raw) != nil {
		return nil, false
	}
	return firstObject(raw)
}

// object is what can be told of a JSON object at a glance.
type object struct {
	names int
	has   map[string]string // lower-case name to text
}

func (o *object) set(name, text string) {
	if o.has == nil {
		o.has = make(map[string]string)
	}
	o.names++
	o.has[strings.ToLower(name)] = strings.ToLower(text)
}

func (o *object) all(names ...string) bool {
	for _, name := range names {
		if _, ok := o.has[name]; !ok {
			return false
		}
	}
	return true
}

func kindOf(o *object) (kind string, ok bool) {
	switch {
	case o.all("partneradminlink", "objectid"):
		return Attestation, true
	case o.all("partnerid", "objectid", "state"):
		return ManagementPartner, true
	case o.all("principalid", "scope") && (o.all("roledefinitionid") || o.all("roledefinitionname")):
		return RoleAssignments, true
	case isManagementGroup(o.has["type"]) && o.all("children"),
		isManagementGroup(o.has["type"]) && o.all("details"):
		return ManagementGroup, true
	case (isManagementGroup(o.has["type"]) || o.has["type"] == "/subscriptions") && o.all("parent"):
		return Entities, true
	case o.all("cloudname", "tenantid", "id"):
		return Subscriptions, true
	}
	return "", false
}

func isManagementGroup(kind string) bool {
	return strings.EqualFold(strings.TrimPrefix(kind, "/providers/"), "Microsoft.Management/managementGroups")
}

// reader hands the elements of one listing to the sink.
type reader struct {
	opts Options
	sink intake.Sink
	at   kizuna.Ref
	// What the listing speaks for.
	tenants, places map[string]bool
}

// note remembers whom the listing speaks for: the tenant, and within it an
// identity, a subscription or a group.
func (r *reader) note(tenant, place string) {
	r.tenants[association.Fold(tenant)] = true
	r.places[association.Fold(place)] = true
}

// source names whom the listing speaks for, so that a newer one replaces it.
func (r *reader) source() string {
	tenant, ok := only(r.tenants)
	if !ok {
		return ""
	}
	if place, ok := only(r.places); ok && place != "" {
		return tenant + "/" + place
	}
	return tenant
}

func only(set map[string]bool) (string, bool) {
	if len(set) != 1 {
		return "", false
	}
	for one := range set {
		return one, true
	}
	return "", false
}

// element reads one element of a listing and closes it in the sink.
func (r *reader) element(kind string, raw json.RawMessage) {
	var err error
	switch kind {
	case RoleAssignments:
		err = r.assignment(raw)
	case ManagementPartner:
		err = r.partner(raw)
	case Attestation:
		err = r.attestation(raw)
	case ManagementGroup:
		err = r.group(raw)
	case Entities:
		err = r.entity(raw)
	case Subscriptions:
		err = r.subscription(raw)
	}
	if err != nil {
		r.sink.Refuse(r.broken(err))
	}
}
