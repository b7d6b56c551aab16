package azure

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/intake"
)

// envelope is the form in which Azure's own interface wraps a resource; the
// command line tool flattens most of it away.
type envelope struct {
	Properties json.RawMessage `json:"properties"`
}

// unwrap reads an element and, over it, the properties in its envelope.
func unwrap(raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return err
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil || len(e.Properties) == 0 || e.Properties[0] != '{' {
		return err
	}
	return json.Unmarshal(e.Properties, into)
}

// wellKnownRoles are the roles whose name a listing in the envelope leaves out.
// Source: Azure role-based access control docs, "Azure built-in roles".
var wellKnownRoles = map[string]string{
	"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
	"b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
	"acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
	"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
	"cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e": "Support Request Contributor",
}

func (r *reader) assignment(raw json.RawMessage) error {
	var a struct {
		PrincipalID        string `json:"principalId"`
		RoleDefinitionID   string `json:"roleDefinitionId"`
		RoleDefinitionName string `json:"roleDefinitionName"`
		Scope              string `json:"scope"`
		CreatedOn          string `json:"createdOn"`
	}
	if err := unwrap(raw, &a); err != nil {
		return err
	}
	switch {
	case a.PrincipalID == "":
		return missing("principalId")
	case a.Scope == "":
		return missing("scope")
	}
	tenant, err := r.tenant("")
	if err != nil {
		return err
	}
	role := a.RoleDefinitionName
	if role == "" {
		definition := association.Fold(a.RoleDefinitionID[strings.LastIndexByte(a.RoleDefinitionID, '/')+1:])
		if role = wellKnownRoles[definition]; role == "" {
			return kizuna.Errorf("az-role-name", "the role %q has no name here", a.RoleDefinitionID).
				WithMend("list roles with: az role assignment list --all --include-inherited -o json")
		}
	}
	if a.CreatedOn == "" {
		// Classic administrators come without a date: nothing says since when.
		r.sink.SetAside(intake.Aside{Reason: "aside.az-undated", Detail: role, At: r.at})
		return nil
	}
	from, err := kizuna.ParseInstant(a.CreatedOn)
	if err != nil {
		return err
	}
	r.note(tenant, subscriptionOf(a.Scope))
	r.keep(association.Assignment{
		Tenant: tenant, Object: a.PrincipalID, Role: role, Scope: a.Scope,
		During: kizuna.Interval{From: from, To: kizuna.Forever}, At: r.at,
	})
	return nil
}

// subscriptionOf returns the subscription that a scope lies in; "" for scopes above.
func subscriptionOf(scope string) string {
	const prefix = "/subscriptions/"
	if len(scope) < len(prefix) || !strings.EqualFold(scope[:len(prefix)], prefix) {
		return ""
	}
	id, _, _ := strings.Cut(scope[len(prefix):], "/")
	return id
}

// partner reads a partner admin link. A record survives its deletion, and the
// next link of the same identity revives it with its first date: only a record
// that never changed says when its link began; otherwise the last change does.
func (r *reader) partner(raw json.RawMessage) error {
	var p struct {
		PartnerID   string `json:"partnerId"`
		TenantID    string `json:"tenantId"`
		ObjectID    string `json:"objectId"`
		State       string `json:"state"`
		CreatedTime string `json:"createdTime"`
		UpdatedTime string `json:"updatedTime"`
		Version     number `json:"version"`
	}
	if err := unwrap(raw, &p); err != nil {
		return err
	}
	switch {
	case p.PartnerID == "":
		return missing("partnerId")
	case p.ObjectID == "":
		return missing("objectId")
	case p.CreatedTime == "":
		return missing("createdTime")
	}
	tenant, err := r.tenant(p.TenantID)
	if err != nil {
		return err
	}
	created, err := kizuna.ParseInstant(p.CreatedTime)
	if err != nil {
		return err
	}
	updated := created
	if p.UpdatedTime != "" {
		if updated, err = kizuna.ParseInstant(p.UpdatedTime); err != nil {
			return err
		}
	}
	during := kizuna.Interval{From: created, To: kizuna.Forever}
	switch {
	case strings.EqualFold(p.State, "Deleted"):
		during.To = updated
	case !strings.EqualFold(p.State, "Active"):
		return kizuna.Errorf("az-link-state", "the link's state is %q, neither Active nor Deleted", p.State).
			WithMend("print it again with: az managementpartner show -o json")
	case p.Version > 1:
		during.From = updated
	}
	r.note(tenant, p.ObjectID)
	r.keep(association.Link{Tenant: tenant, Object: p.ObjectID, Location: p.PartnerID, During: during, At: r.at})
	return nil
}

// number is a whole number that some write as a text.
type number int64

// UnmarshalJSON reads 3 and "3".
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if err != nil && string(b) != "null" {
		return err
	}
	*n = number(v)
	return nil
}

func (r *reader) attestation(raw json.RawMessage) error {
	var a struct {
		TenantID    string `json:"tenantId"`
		ObjectID    string `json:"objectId"`
		PartnerID   string `json:"partnerId"`
		Assignments []struct {
			Scope    string `json:"scope"`
			RoleName string `json:"roleName"`
		} `json:"assignments"`
	}
	if err := unwrap(raw, &a); err != nil {
		return err
	}
	if a.ObjectID == "" {
		return missing("objectId")
	}
	tenant, err := r.tenant(a.TenantID)
	if err != nil {
		return err
	}
	if r.opts.Since == nil {
		return kizuna.Errorf("az-undated", "the attestation does not say since when its link and roles hold").
			WithMend("say it, if you know: --since 2023-10-01")
	}
	during := kizuna.Interval{From: r.opts.Since.Instant(), To: kizuna.Forever}
	var records []any
	linked := a.PartnerID != "" && !strings.EqualFold(a.PartnerID, "Unavailable")
	if linked {
		records = append(records, association.Link{Tenant: tenant, Object: a.ObjectID, Location: a.PartnerID, During: during, At: r.at})
	}
	for _, role := range a.Assignments {
		if role.Scope == "" || role.RoleName == "" {
			return missing("assignments[].scope, assignments[].roleName")
		}
		records = append(records, association.Assignment{
			Tenant: tenant, Object: a.ObjectID, Role: role.RoleName, Scope: role.Scope, During: during, At: r.at,
		})
	}
	r.note(tenant, a.ObjectID)
	if !linked && len(records) == 0 {
		r.sink.SetAside(intake.Aside{Reason: "aside.az-no-link", Detail: a.ObjectID, At: r.at})
		return nil
	}
	r.keep(records...)
	return nil
}

// node is a management group, or a subscription under one.
type node struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	TenantID string `json:"tenantId"`
	Parent   *struct {
		ID string `json:"id"`
	} `json:"parent"`
	Details struct {
		Parent *struct {
			ID string `json:"id"`
		} `json:"parent"`
	} `json:"details"`
	Children []json.RawMessage `json:"children"`
}

// group reads a management group with everything under it.
func (r *reader) group(raw json.RawMessage) error {
	var top node
	if err := unwrap(raw, &top); err != nil {
		return err
	}
	if top.ID == "" {
		return missing("id")
	}
	tenant, err := r.tenant(top.TenantID)
	if err != nil {
		return err
	}
	parent := ""
	if top.Details.Parent != nil {
		parent = top.Details.Parent.ID
	}
	records, err := r.under(nil, 0, tenant, parent, &top)
	if err != nil {
		return err
	}
	r.note(tenant, top.ID[strings.LastIndexByte(top.ID, '/')+1:])
	r.keep(records...)
	return nil
}

// maxDepth bounds the depth of a tree of management groups; Azure allows six
// levels under the root.
const maxDepth = 32

// under adds a node and its children.
func (r *reader) under(records []any, depth int, tenant, parent string, n *node) ([]any, error) {
	if depth > maxDepth {
		return nil, kizuna.Errorf("az-depth", "the management groups lie more than %d deep", maxDepth).
			WithMend("check that the file is what az printed")
	}
	records = append(records, r.scope(tenant, n.ID, parent))
	for _, raw := range n.Children {
		var child node
		if err := unwrap(raw, &child); err != nil {
			return nil, err
		}
		if child.ID == "" {
			return nil, missing("children[].id")
		}
		var err error
		if records, err = r.under(records, depth+1, tenant, n.ID, &child); err != nil {
			return nil, err
		}
	}
	return records, nil
}

func (r *reader) scope(tenant, scope, parent string) association.ScopeParent {
	during := kizuna.Always
	if r.opts.Since != nil {
		during.From = r.opts.Since.Instant()
	}
	return association.ScopeParent{Tenant: tenant, Scope: scope, Parent: parent, During: during, At: r.at}
}

// entity reads a line of the flat listing of groups and subscriptions.
func (r *reader) entity(raw json.RawMessage) error {
	var n node
	if err := unwrap(raw, &n); err != nil {
		return err
	}
	if n.ID == "" {
		return missing("id")
	}
	tenant, err := r.tenant(n.TenantID)
	if err != nil {
		return err
	}
	parent := ""
	if n.Parent != nil {
		parent = n.Parent.ID
	}
	r.note(tenant, "")
	r.keep(r.scope(tenant, n.ID, parent))
	return nil
}

func (r *reader) subscription(raw json.RawMessage) error {
	var s struct {
		ID       string `json:"id"`
		TenantID string `json:"tenantId"`
		Name     string `json:"name"`
	}
	if err := unwrap(raw, &s); err != nil {
		return err
	}
	if s.ID == "" {
		return missing("id")
	}
	if s.ID == s.TenantID {
		// A sign-in without a subscription is listed under its tenant's id.
		r.sink.SetAside(intake.Aside{Reason: "aside.az-tenant-only", Detail: s.Name, At: r.at})
		return nil
	}
	tenant, err := r.tenant(s.TenantID)
	if err != nil {
		return err
	}
	id := s.ID
	if in := subscriptionOf(id); in != "" {
		id = in
	}
	r.note(tenant, "")
	r.keep(association.Subscription{ID: id, Tenant: tenant, Product: "Azure", During: kizuna.Always, At: r.at})
	return nil
}

func (r *reader) keep(records ...any) {
	r.sink.Facts(records...)
	r.sink.Kept(r.at)
}

// tenant returns the tenant that the record names, or the one of the options.
func (r *reader) tenant(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	if r.opts.Tenant != "" {
		return r.opts.Tenant, nil
	}
	return "", kizuna.Errorf("az-tenant", "the listing does not say which tenant it is from").
		WithMend("name it: --tenant ID (az account show --query tenantId prints it)")
}

func missing(name string) *kizuna.Error {
	return kizuna.Errorf("az-missing", "the record has no %s", name).
		WithMend("print it again with -o json and without --query")
}

// broken makes an error about the current element one that people can mend.
func (r *reader) broken(err error) *kizuna.Error {
	known, ok := errors.AsType[*kizuna.Error](err)
	if !ok {
		known = kizuna.Errorf("az-shape", "the record is not what az prints").
			WithMend("print it again with -o json and without --query").WithCause(err)
	}
	return known.WithRef(r.at)
}
