package kernel

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/attribution"
	"github.com/kizuna-org/kizuna/attribution/segment"
	"github.com/kizuna-org/kizuna/program"
)

// What parts of the customers give travels from process to process as bytes: the
// same for the same tallies, in whatever order and by whomever they were counted.
//
//	message  the magic; for every kernel its sums; CRC-32C
//	sums     what was asked, as a digest; names of workloads; accounts
//	account  id; tallies; members
//	tally    measure, as the gap to the one before; now; base
//	member   measure and kind, workload, now, base
//
// Lists lead with their length and stand in order, texts with theirs; what is 0 does
// not stand there. Numbers are varints, as short as they can be.
const exchangeMagic = "KIZUNAt1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// None returns the totals of nobody, to which those of all parts may be added.
func (t *Together) None(v *segment.View) []*Totals {
	return t.totals(newWalk(v, t.kernels...))
}

// Append writes the totals of all plans, as [Together.Run] returned them.
func (t *Together) Append(dst []byte, totals []*Totals) []byte {
	start := len(dst)
	dst = append(dst, exchangeMagic...)
	for i, k := range t.kernels {
		dst = append(dst, k.digest()...)
		dst = t.sums(i, totals).append(dst)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// Add adds to totals what [Together.Append] wrote of others of the same plans. The
// errors are "totals-damaged" and "totals-other": then nothing is added.
func (t *Together) Add(totals []*Totals, data []byte) error {
	damaged := kizuna.Errorf("totals-damaged", "the totals of a part of the customers are damaged").
		WithMend("count that part again")
	end := len(data) - crc32.Size
	if end < len(exchangeMagic) || string(data[:len(exchangeMagic)]) != exchangeMagic ||
		binary.LittleEndian.Uint32(data[end:]) != crc32.Checksum(data[:end], castagnoli) {
		return damaged
	}
	received := make([]received, len(t.kernels))
	r := reader{data: data[len(exchangeMagic):end]}
	for i, k := range t.kernels {
		var ok, same bool
		if received[i], ok, same = t.sums(i, totals).receive(&r, k.digest()); !ok {
			return damaged
		} else if !same {
			return kizuna.Errorf("totals-other", "the totals of a part of the customers answer another question").
				WithMend("count all parts with the same program, day and segment")
		}
	}
	if len(r.data) != 0 {
		return damaged
	}
	for i := range received {
		t.sums(i, totals).take(&received[i])
	}
	return nil
}

// sums are those of a kernel.
func (t *Together) sums(kernel int, totals []*Totals) *sums {
	return totals[slices.IndexFunc(t.of, func(of planOf) bool { return of.kernel == kernel })].sums
}

func (t *Together) totals(w *walk) []*Totals {
	var out []*Totals
	for _, of := range t.of {
		out = append(out, w.counts[of.kernel].sums.under(of.plan))
	}
	return out
}

// digestOf is equal for kernels that answer the same questions.
func digestOf(plans []*attribution.Plan, trust attribution.Trust) []byte {
	type question struct {
		Program string
		AsOf    kizuna.Date
	}
	asked := struct {
		Trust attribution.Trust
		Plans []question
	}{Trust: trust}
	for _, p := range plans {
		asked.Plans = append(asked.Plans, question{program.Digest(p.Program), p.AsOf})
	}
	data, err := json.Marshal(asked)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(data)
	return sum[:]
}

// append writes the sums.
func (t *sums) append(dst []byte) []byte {
	accounts := make([]uint32, len(t.accounts))
	for i := range accounts {
		accounts[i] = uint32(i)
	}
	slices.SortFunc(accounts, func(a, b uint32) int { return cmp.Compare(t.accounts[a], t.accounts[b]) })
	members := t.membersByAccount()

	workloads := t.k.workloads()
	nameOf := func(m *member) string {
		e, w := ofMember(m.key)
		return workloads[w].called[t.k.measures[e.measure()].dialect].name
	}
	order := make(map[string]uint64)
	for _, of := range members {
		for i := range of {
			order[nameOf(&of[i])] = 0
		}
	}
	named := slices.Sorted(maps.Keys(order))
	dst = binary.AppendUvarint(dst, uint64(len(named)))
	for i, name := range named {
		order[name] = uint64(i)
		dst = appendText(dst, name)
	}

	var body []byte
	n := uint64(0)
	for _, account := range accounts {
		tallies, of := t.row(account), members[account]
		if len(of) == 0 && !slices.ContainsFunc(tallies, func(v int64) bool { return v != 0 }) {
			continue
		}
		n++
		body = appendText(body, t.accounts[account])
		body = appendTallies(body, tallies)
		body = appendMembers(body, of, func(m *member) uint64 { return order[nameOf(m)] })
	}
	return append(binary.AppendUvarint(dst, n), body...)
}

// membersByAccount holds the members that some customer holds up.
func (t *sums) membersByAccount() map[uint32][]member {
	out := make(map[uint32][]member)
	for i := range t.parts {
		for _, m := range t.parts[i].members.slots {
			if m.key != 0 && (m.now != 0 || m.base != 0) {
				account := uint32(accountOfMember(m.key)*parts + i)
				out[account] = append(out[account], m)
			}
		}
	}
	return out
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func appendTallies(dst []byte, tallies []int64) []byte {
	n := uint64(0)
	for i := 0; i < len(tallies); i += 2 {
		n += uint64(count(tallies[i] != 0 || tallies[i+1] != 0))
	}
	dst = binary.AppendUvarint(dst, n)
	next := 0
	for i := 0; i < len(tallies); i += 2 {
		if tallies[i] == 0 && tallies[i+1] == 0 {
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(i/2-next))
		dst = binary.AppendVarint(dst, tallies[i])
		dst = binary.AppendVarint(dst, tallies[i+1])
		next = i/2 + 1
	}
	return dst
}

func appendMembers(dst []byte, members []member, nameOf func(*member) uint64) []byte {
	type numbered struct {
		at [2]uint64
		member
	}
	list := make([]numbered, len(members))
	for i, m := range members {
		e, _ := ofMember(m.key)
		list[i] = numbered{[2]uint64{uint64(e.measure())<<1 | uint64(count(e&entryKind == inUnrated)), nameOf(&m)}, m}
	}
	slices.SortFunc(list, func(a, b numbered) int { return slices.Compare(a.at[:], b.at[:]) })
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, m := range list {
		dst = binary.AppendUvarint(dst, m.at[0])
		dst = binary.AppendUvarint(dst, m.at[1])
		dst = binary.AppendVarint(dst, int64(m.now))
		dst = binary.AppendVarint(dst, int64(m.base))
	}
	return dst
}

// reader reads a message. After something that is none, everything reads as 0.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || n > 1 && r.data[n-1] == 0 {
		r.data, r.bad = nil, true
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads how many things follow, each of which takes a byte or more.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.data, r.bad = nil, true
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	text := string(r.data[:n])
	r.data = r.data[n:]
	return text
}

// received is sums that a message holds.
type received struct {
	words   []uint64 // records of tallies
	members []placed
}

type placed struct {
	part int
	member
}

// take adds what was received.
func (t *sums) take(r *received) {
	t.addAll(r.words, 1)
	for _, m := range r.members {
		p := &t.parts[m.part]
		p.mu.Lock()
		p.members.add(m.key, m.now, m.base)
		p.mu.Unlock()
	}
}

// receive reads sums. They are damaged if ok is false; if same is, they are of another
// question or of other customers.
func (t *sums) receive(r *reader, digest []byte) (out received, ok, same bool) {
	if len(r.data) < len(digest) {
		return out, false, false
	}
	if same = bytes.Equal(r.data[:len(digest)], digest); !same {
		return out, true, false
	}
	r.data = r.data[len(digest):]
	last := ""
	names := make([]name, r.count())
	for i := range names {
		text := r.text()
		if i > 0 && text <= last {
			return out, false, false
		}
		last, names[i].workloads = text, t.k.named(text)
	}
	for i := range r.count() {
		id := r.text()
		if i > 0 && id <= last {
			return out, false, false
		}
		last = id
		account, known := t.number(id)
		same = same && known
		tallies, members := len(out.words), len(out.members)
		if !t.k.receiveTallies(r, &out, account) || !t.k.receiveMembers(r, &out, account, names) ||
			len(out.words) == tallies && len(out.members) == members {
			return out, false, false
		}
	}
	for i := range names {
		same = same && !names[i].unknown
		if !names[i].used {
			return out, false, false
		}
	}
	return out, !r.bad, same
}

// name is a name of a workload in a message.
type name struct {
	workloads     []uint32 // by dialect; noWorkload: it calls none by that name
	used, unknown bool
}

// named returns what stands for the workloads that dialects call by a name.
func (k *Kernel) named(name string) []uint32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]uint32, len(k.dialects))
	for d := range out {
		n, ok := k.dialects[d].firstOf[name]
		if !ok {
			n = noWorkload
		}
		out[d] = n
	}
	return out
}

func (k *Kernel) receiveTallies(r *reader, out *received, account uint32) (ok bool) {
	n := r.count()
	if n == 0 {
		return !r.bad
	}
	out.words = append(out.words, header(account, 3*n))
	next := uint64(0)
	for range n {
		gap, now, base := r.uvarint(), r.varint(), r.varint()
		if gap >= uint64(len(k.measures)) || next+gap >= uint64(len(k.measures)) || now == 0 && base == 0 {
			return false
		}
		out.words = append(out.words, uint64(large|entry(next+gap)<<measureShift), uint64(now), uint64(base))
		next += gap + 1
	}
	return !r.bad
}

func (k *Kernel) receiveMembers(r *reader, out *received, account uint32, names []name) (ok bool) {
	var last [2]uint64
	for i := range r.count() {
		at := [2]uint64{r.uvarint(), r.uvarint()}
		now, base := r.varint(), r.varint()
		measure, kind := at[0]>>1, inSets
		if at[0]&1 != 0 {
			kind = inUnrated
		}
		if measure >= uint64(len(k.measures)) || k.measures[measure].memberKind() != kind || at[1] >= uint64(len(names)) ||
			i > 0 && slices.Compare(at[:], last[:]) <= 0 || now == 0 && base == 0 ||
			int64(int32(now)) != now || int64(int32(base)) != base {
			return false
		}
		of := &names[at[1]]
		workload := of.workloads[k.measures[measure].dialect]
		last, of.used, of.unknown = at, true, of.unknown || workload == noWorkload
		out.members = append(out.members, placed{int(account % parts), member{
			key: memberKey(account/parts, kind|entry(measure)<<measureShift, workload),
			now: int32(now), base: int32(base),
		}})
	}
	return !r.bad
}
