package world

import (
	"fmt"
	"strconv"

	"github.com/kizuna-org/kizuna/program"
)

// The names by which Kizuna knows what a world knows by number. Those of scopes
// are in the order of their nodes.

// TenantID is the id of a customer's tenant.
func TenantID(number uint32) string { return fmt.Sprintf("7e000000-0000-4000-8000-%012x", number) }

const firstAccount = 9_000_000_000

// AccountID is the id of a partner's global account.
func AccountID(account int) string { return fmt.Sprintf("%d", firstAccount+account) }

// AccountNumber writes the number of the account with that id.
func AccountNumber(id string) string {
	n, err := strconv.Atoi(id)
	if err != nil {
		return id
	}
	return strconv.Itoa(n - firstAccount)
}

// LocationID is the id of a partner's location.
func LocationID(l Location) string { return fmt.Sprintf("%d", 5_000_000+int(l)) }

// SubscriptionID is the id of a subscription at a node.
func SubscriptionID(n Node) string { return fmt.Sprintf("5b000000-0000-4000-8000-%012x", uint32(n)) }

// GroupScope is the scope of a management group.
func GroupScope(n Node) string {
	return fmt.Sprintf("/providers/Microsoft.Management/managementGroups/mg%010d", n)
}

// SubscriptionScope is the scope of a subscription.
func SubscriptionScope(n Node) string { return "/subscriptions/" + SubscriptionID(n) }

// credentialHome is the tenant of a partner's own identities.
func credentialHome(account int) string {
	return fmt.Sprintf("9a000000-0000-4000-8000-%012x", account)
}

// scopeOf writes the scope of a node below a subscription: of a resource group, or
// of a resource in one.
func (t *Tenant) scopeOf(n Node) string {
	for _, s := range t.Subscriptions {
		if n < s.Node || n > s.End {
			continue
		}
		scope := SubscriptionScope(s.Node)
		if n == s.Node {
			return scope
		}
		for _, g := range t.ResourceGroup {
			if n < g.Node || n > g.End {
				continue
			}
			scope += fmt.Sprintf("/resourceGroups/rg%010d", g.Node)
			if n > g.Node {
				scope += fmt.Sprintf("/providers/Microsoft.Compute/things/r%010d", n)
			}
			return scope
		}
	}
	return "/"
}

// FindProgram returns the program that worlds are made for.
func FindProgram() (*program.Program, error) {
	programs, err := program.Builtin()
	if err != nil {
		return nil, err
	}
	return program.Find(programs, Program)
}
