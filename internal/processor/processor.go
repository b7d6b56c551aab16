// Package processor tells benchmarks what they cost, whatever else the machine does.
package processor
