// Package kizuna holds the vocabulary that every other package shares: months,
// dates and instants, half-open intervals, exact decimals and fractions, and the
// one error type. It imports the standard library only and knows no clock.
//
// Kizuna (絆, "bond") answers who works for which customer, how that is proved
// and what it earns. The one idea: every figure is a sum of what each customer,
// and each professional, contributes. See docs/design.md.
package kizuna
