package kernel

// What a tenant contributes to an account travels as words: entries, each a measure
// and what is added to its tally. The top two bits say which:
//
//	small    measure 14 bits, now 24, base 24, both signed
//	large    measure 14 bits; then a word of now and one of base
//	sets     measure 14 bits, workload 24, now 12, base 12, signed: how many hold it up
//	unrated  the same, now is how many
//
// A record is a word with the account and the number of words that follow, then
// the entries.
type entry uint64

const (
	small entry = iota << 62
	large
	inSets
	inUnrated

	entryKind    = entry(3) << 62
	measureShift = 48
	measureMask  = 1<<14 - 1
	smallBits    = 24
	memberBits   = 12
)

func (e entry) measure() int { return int(e >> measureShift & measureMask) }

// small returns the two numbers of a small entry.
func (e entry) small() (now, base int64) {
	return int64(e<<16) >> 40, int64(e<<40) >> 40
}

// member returns the workload and the two counts of a set's entry.
func (e entry) member() (workload uint32, now, base int32) {
	return uint32(e >> (2 * memberBits) & (1<<24 - 1)), int32(int64(e<<40) >> 52), int32(int64(e<<52) >> 52)
}

// takeAway makes entries take away from another measure's tally.
func takeAway(entries []uint64, measure int) {
	for i := 0; i < len(entries); i++ {
		e := entry(entries[i])
		e = e&^(measureMask<<measureShift) | entry(measure)<<measureShift
		switch e & entryKind {
		case small:
			now, base := e.small()
			e = e&^(1<<(2*smallBits)-1) | pair(-now, -base, smallBits)
		case large:
			entries[i+1], entries[i+2] = -entries[i+1], -entries[i+2]
		default:
			_, now, base := e.member()
			e = e&^(1<<(2*memberBits)-1) | pair(int64(-now), int64(-base), memberBits)
		}
		entries[i] = uint64(e)
		if e&entryKind == large {
			i += 2
		}
	}
}

// pair packs two signed numbers.
func pair(now, base int64, bits int) entry {
	mask := entry(1)<<bits - 1
	return entry(now)&mask<<bits | entry(base)&mask
}

func (w *worker) emit(measure int, now, base int64) {
	if now == 0 && base == 0 {
		return
	}
	head := entry(measure) << measureShift
	const limit = 1 << (smallBits - 1)
	if -limit < now && now < limit && -limit < base && base < limit { // so that both signs fit
		w.out = append(w.out, uint64(small|head|pair(now, base, smallBits)))
		return
	}
	w.out = append(w.out, uint64(large|head), uint64(now), uint64(base))
}

// emitMember names a workload in a measure's sets, or among those without a rate.
func (w *worker) emitMember(kind entry, measure int, workload uint32, now, base int64) {
	if now == 0 && base == 0 {
		return
	}
	w.out = append(w.out, uint64(kind|entry(measure)<<measureShift|entry(workload)<<(2*memberBits)|pair(now, base, memberBits)))
}

func header(account uint32, words int) uint64 { return uint64(account)<<32 | uint64(words) }
