package audit

import "iter"

// inOrder lets through what rises and names the number of what does not. Of two
// that stand the wrong way round the misplaced one is that without which the rest
// still rises, as far as one look ahead can tell.
func inOrder[T any](seq iter.Seq2[T, error], number func(T) int64, misplaced func(int64)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if seq == nil {
			return
		}
		var (
			held T
			have bool
			last int64 // let through
		)
		for v, err := range seq {
			if err != nil {
				yield(v, err)
				return
			}
			switch n := number(v); {
			case n <= last || have && n == number(held):
				misplaced(n)
				continue
			case have && n < number(held):
				misplaced(number(held))
			case have:
				last = number(held)
				if !yield(held, nil) {
					return
				}
			}
			held, have = v, true
		}
		if have {
			yield(held, nil)
		}
	}
}
