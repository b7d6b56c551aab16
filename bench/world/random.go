package world

import "math"

// random is SplitMix64: small, fast, and the same on every machine.
type random struct{ state uint64 }

func newRandom(seed, stream uint64) random {
	r := random{seed*0x9E3779B97F4A7C15 ^ stream*0xD1B54A32D192ED03}
	r.next()
	r.next()
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (r *random) below(n int) int { return int((r.next() >> 32) * uint64(n) >> 32) }

// one reports true once in n times.
func (r *random) one(n int) bool { return r.below(n) == 0 }

func (r *random) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

// bell is nearly normal, with a standard deviation of 0.71.
func (r *random) bell() float64 {
	return r.unit() + r.unit() + r.unit() + r.unit() + r.unit() + r.unit() - 3
}

// rank draws from 0 to n-1 by Zipf's law.
func (r *random) rank(n int) int {
	return min(int(math.Exp(r.unit()*math.Log(float64(n)+1)))-1, n-1)
}

// few draws a count around a mean, most often 0.
func (r *random) few(mean float64) int {
	return int(math.Log(1-r.unit()) / math.Log(mean/(1+mean)))
}

func pick[T any](r *random, of []T) T { return of[r.below(len(of))] }
