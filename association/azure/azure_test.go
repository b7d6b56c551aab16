package azure_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/azure"
	"github.com/kizuna-org/kizuna/intake"
	"github.com/kizuna-org/kizuna/usage"
)

// list is a sink that keeps everything.
type list struct {
	records  []any
	kept     int
	aside    []intake.Aside
	problems []*kizuna.Error
}

func (l *list) Usage(*usage.Row)         {}
func (l *list) Facts(records ...any)     { l.records = append(l.records, records...) }
func (l *list) Kept(kizuna.Ref)          { l.kept++ }
func (l *list) SetAside(a intake.Aside)  { l.aside = append(l.aside, a) }
func (l *list) Refuse(err *kizuna.Error) { l.problems = append(l.problems, err) }

func read(t *testing.T, text string, opts azure.Options) (*list, intake.Description) {
	t.Helper()
	var l list
	d, err := azure.Read(context.Background(), strings.NewReader(text), "x.json", opts, &l)
	if err != nil {
		t.Fatal(err)
	}
	return &l, d
}

const (
	assignment = `{
  "condition": null,
  "createdBy": "b0b",
  "createdOn": "2023-03-01T10:20:30.400000+00:00",
  "id": "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/a1",
  "principalId": "o1",
  "principalType": "User",
  "roleDefinitionId": "/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
  "roleDefinitionName": "Contributor",
  "scope": "/subscriptions/s1/resourceGroups/rg"
}`
	link = `{"createdTime": "2023-02-16T14:44:35.818407Z", "etag": 1, "id": "/providers/microsoft.managementpartner/partners/314159",
 "name": "314159", "objectId": "o1", "partnerId": "314159", "partnerName": "P", "state": "Active", "tenantId": "t1",
 "type": "Microsoft.ManagementPartner/partners", "updatedTime": "2023-02-16T14:44:35.818407Z", "version": 1}`
)

func show(records []any) string {
	var b strings.Builder
	for _, r := range records {
		switch r := r.(type) {
		case association.Assignment:
			fmt.Fprintf(&b, "%s is %s at %s of %s [%s,%s)\n", r.Object, r.Role, r.Scope, r.Tenant, r.During.From, r.During.To)
		case association.Link:
			fmt.Fprintf(&b, "%s of %s links %s [%s,%s)\n", r.Object, r.Tenant, r.Location, r.During.From, r.During.To)
		case association.ScopeParent:
			fmt.Fprintf(&b, "%s under %q of %s\n", r.Scope, r.Parent, r.Tenant)
		case association.Subscription:
			fmt.Fprintf(&b, "%s of %s: %s\n", r.ID, r.Tenant, r.Product)
		}
	}
	return b.String()
}

func TestListingsBecomeRecords(t *testing.T) {
	since := kizuna.NewDate(2023, 1, 1)
	tests := []struct {
		name, text   string
		opts         azure.Options
		kind, source string
		want         string
	}{
		{"role assignments", "[" + assignment + "]", azure.Options{Tenant: "T1"}, azure.RoleAssignments, "t1/s1",
			"o1 is Contributor at /subscriptions/s1/resourceGroups/rg of T1 [2023-03-01T10:20:30Z,)\n"},
		{"role assignments in the envelope", `{"value":[{"id":"x","name":"x","properties":{"roleDefinitionId":"/a/roleDefinitions/8E3AF657-a8ff-443c-a75c-2fe8c4bcb635","principalId":"o","scope":"/","createdOn":"2023-01-01T00:00:00Z"}}]}`,
			azure.Options{Tenant: "t"}, azure.RoleAssignments, "t", "o is Owner at / of t [2023-01-01,)\n"},
		{"a link", link, azure.Options{}, azure.ManagementPartner, "t1/o1", "o1 of t1 links 314159 [2023-02-16T14:44:35Z,)\n"},
		{"links one after another", link + "\n" + strings.Replace(link, `"o1"`, `"o2"`, 1), azure.Options{}, azure.ManagementPartner, "t1",
			"o1 of t1 links 314159 [2023-02-16T14:44:35Z,)\no2 of t1 links 314159 [2023-02-16T14:44:35Z,)\n"},
		{"a deleted link closes", strings.NewReplacer(`"Active"`, `"Deleted"`, `"updatedTime": "2023-02-16T14:44:35.818407Z"`, `"updatedTime": "2023-05-01T00:00:00Z"`).Replace(link), azure.Options{}, azure.ManagementPartner, "t1/o1",
			"o1 of t1 links 314159 [2023-02-16T14:44:35Z,2023-05-01)\n"},
		{"a link that was changed is certain since then", `{"id":"x","properties":{"partnerId":"1","tenantId":"t","objectId":"o","version":"57","createdTime":"2018-01-20T01:23:40Z","updatedTime":"2018-02-11T00:00:00Z","state":"Active"}}`,
			azure.Options{}, azure.ManagementPartner, "t/o", "o of t links 1 [2018-02-11,)\n"},
		{"an attestation", `{"tenantId":"t","objectId":"o","partnerAdminLink":"/providers/microsoft.managementpartner/partners/7","partnerId":"7","assignments":[{"scope":"/subscriptions/s","roleName":"Owner"}]}`,
			azure.Options{Since: &since}, azure.Attestation, "t/o", "o of t links 7 [2023-01-01,)\no is Owner at /subscriptions/s of t [2023-01-01,)\n"},
		{"an attestation without a link", `{"tenantId":"t","objectId":"o","partnerAdminLink":"Unavailable","partnerId":"Unavailable","assignments":[{"scope":"/","roleName":"Owner"}]}`,
			azure.Options{Since: &since}, azure.Attestation, "t/o", "o is Owner at / of t [2023-01-01,)\n"},
		{"a management group", `{"id":"/providers/Microsoft.Management/managementGroups/alz","name":"alz","tenantId":"t","type":"Microsoft.Management/managementGroups","details":{"parent":{"id":"/providers/Microsoft.Management/managementGroups/t"}},
			"children":[{"id":"/providers/Microsoft.Management/managementGroups/prod","type":"Microsoft.Management/managementGroups","children":[{"id":"/subscriptions/s","type":"/subscriptions","children":null}]}]}`,
			azure.Options{}, azure.ManagementGroup, "t/alz",
			"/providers/Microsoft.Management/managementGroups/alz under \"/providers/Microsoft.Management/managementGroups/t\" of t\n" +
				"/providers/Microsoft.Management/managementGroups/prod under \"/providers/Microsoft.Management/managementGroups/alz\" of t\n" +
				"/subscriptions/s under \"/providers/Microsoft.Management/managementGroups/prod\" of t\n"},
		{"entities", `[{"id":"/subscriptions/s","name":"s","parent":{"id":"/providers/Microsoft.Management/managementGroups/alz"},"tenantId":"t","type":"/subscriptions"},
			{"id":"/providers/Microsoft.Management/managementGroups/t","parent":null,"tenantId":"t","type":"Microsoft.Management/managementGroups"}]`,
			azure.Options{}, azure.Entities, "t",
			"/subscriptions/s under \"/providers/Microsoft.Management/managementGroups/alz\" of t\n/providers/Microsoft.Management/managementGroups/t under \"\" of t\n"},
		{"subscriptions", `[{"cloudName":"AzureCloud","homeTenantId":"t","id":"s","isDefault":true,"name":"n","state":"Enabled","tenantId":"t","user":{"name":"u"}}]`,
			azure.Options{}, azure.Subscriptions, "t", "s of t: Azure\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, d := read(t, tt.text, tt.opts)
			if d.Kind != tt.kind || d.Source != tt.source || len(l.problems) > 0 {
				t.Errorf("%+v, %v", d, l.problems)
			}
			if got := show(l.records); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestBrokenRecordsAreRefusedWithTheirLine(t *testing.T) {
	tests := []struct {
		name, text, code string
		line             int
	}{
		{"no tenant", "[" + assignment + "]", "az-tenant", 1},
		{"no date for an attestation", "\n" + `{"tenantId":"t","objectId":"o","partnerAdminLink":"x","partnerId":"7"}`, "az-undated", 2},
		{"no scope", "[\n" + link + ",\n\n{\"objectId\":\"o\"}]", "az-missing", 6},
		{"another shape", "[\n" + link + ",\n\"text\"]", "az-shape", 5},
		{"a state that nobody knows", strings.Replace(link, "Active", "Sleeping", 1), "az-link-state", 1},
		{"a date", strings.Replace(link, "2023-02-16T14:44:35.818407Z", "16/02/2023", 1), "date", 1},
		{"a role without a name", `{"properties":{"roleDefinitionId":"/x/123","principalId":"o","scope":"/"}}`, "az-tenant", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := read(t, tt.text, azure.Options{})
			if len(l.problems) != 1 || l.problems[0].Code != tt.code || l.problems[0].At.Line != tt.line || l.problems[0].Mend == "" {
				t.Errorf("got %v", l.problems)
			}
		})
	}
}

func TestTreesAreOnlySoDeep(t *testing.T) {
	tree := `{"id":"x","type":"/subscriptions","children":[]}`
	for range 40 {
		tree = `{"id":"g","type":"Microsoft.Management/managementGroups","tenantId":"t","children":[` + tree + `]}`
	}
	l, _ := read(t, tree, azure.Options{})
	if len(l.problems) != 1 || l.problems[0].Code != "az-depth" {
		t.Errorf("got %v", l.problems)
	}
}

func TestTextThatIsNoListingIsAnError(t *testing.T) {
	for code, text := range map[string]string{
		"az-unknown": `{"error":{"code":"NotFound"}}`,
		"az-json":    "[" + link + ",\n" + link[:100],
		"az-long":    `[{"principalId":"o","roleDefinitionId":"r","scope":"` + strings.Repeat("x", 17<<20) + `"}]`,
	} {
		_, err := azure.Read(context.Background(), strings.NewReader(text), "x.json", azure.Options{Tenant: "t"}, new(list))
		if kizuna.CodeOf(err) != code {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestWhatAdministratorsRecordedIsRead(t *testing.T) {
	read := func(name string) map[string]json.RawMessage {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "domain", "api-vectors", "managementpartner", name))
		if err != nil {
			t.Skip("the recordings are not on this machine")
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	since := kizuna.NewDate(2023, 1, 1)
	for _, text := range []json.RawMessage{read("pal-attestation.json")["examples"], read("later-2026-bodies.json")["az_output_flattened"]} {
		var l list
		d, err := azure.Read(context.Background(), strings.NewReader(string(text)), "x.json", azure.Options{Since: &since}, &l)
		if err != nil || len(l.problems) > 0 || l.kept == 0 {
			t.Errorf("%+v: %v, %v", d, err, l.problems)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("[" + assignment + "]")
	f.Add(link + link)
	f.Add(`{"value":[` + link + `]}`)
	f.Add(`{"id":"g","type":"Microsoft.Management/managementGroups","children":[{"id":"s","children":null}]}`)
	f.Add(`[{"id":"/subscriptions/s","parent":{"id":"g"},"type":"/subscriptions"}]`)
	f.Add(`[{"cloudName":"c","tenantId":"t","id":"s"}, 1, [`)
	f.Fuzz(func(t *testing.T, text string) {
		since := kizuna.NewDate(2023, 1, 1)
		var l list
		_, err := azure.Read(context.Background(), strings.NewReader(text), "x", azure.Options{Tenant: "t", Since: &since}, &l)
		if err != nil && kizuna.CodeOf(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
		if l.kept == 0 && len(l.records) > 0 {
			t.Error("records of no row")
		}
		for _, p := range l.problems {
			if p.At.Line < 1 || p.At.Line > 1+strings.Count(text, "\n") {
				t.Errorf("no such line: %v", p)
			}
		}
	})
}
