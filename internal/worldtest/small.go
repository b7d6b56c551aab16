package worldtest

import (
	"testing"

	"github.com/kizuna-org/kizuna/program"
)

// small has specializations that ask for little, so that worlds of two customers and three
// people can come to them.
const small = `
program: mcpp
version: small
extends: mcpp@2023-10
specializations:
  catalog:
    storage:
      name: {en: Storage, ja: ストレージ}
      designations: {any_of: [data-ai, modern-work]}
      validation: references
      unknown: [offers]
      requirements:
        consumption:
          name: {en: Consumption, ja: 消費}
          category: performance
          change: gross
          window: {trailing: 3}
          workloads: azure
          through: [CSP, DPOR, PAL]
          all_of:
            revenue: {sum: revenue, full_at: 3000}
            customers: {count: tenants, by: revenue, full_at: 2}
        administrators: {name: {en: Administrators, ja: 管理者}, category: skilling, full_at: 2, counted: [AZ-104, AZ-305]}
    adoption:
      name: {en: Adoption, ja: 定着}
      designations: {all_of: [infrastructure, modern-work]}
      validation: audit
      requirements:
        growth:
          category: customer_success
          name: {en: Growth, ja: 伸び}
          best_of:
            users: {sum: users, full_at: 40, workloads: modern-work, through: [CPOR-OSU, CSP]}
            money: {sum: revenue, change: percent, full_at: 20, workloads: azure, through: [CSP, DPOR, PAL], window: {trailing: 3}}
`

// Small returns a program with two specializations, "storage" and "adoption", that these
// worlds can come to.
func Small(tb testing.TB) *program.Program {
	tb.Helper()
	p, err := program.Parse("small.yaml", []byte(small))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
