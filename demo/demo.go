// Package demo is a made-up company to try Kizuna on: a partner in Japan with
// three locations, its customers, engineers and two competitors, and fifty months
// of what the customers used.
//
// Everything is invented and everything is fixed: the same bytes on every machine
// and on every day. Six things went wrong on purpose; see [Events].
package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/dataset"
)

// AsOf is the day that the demo is told on: the last complete month is 2023-10.
var AsOf = kizuna.NewDate(2023, 11, 15)

// Program is the version of the rules that the demo is told under.
const Program = "mcpp@2023-10"

// The partner that the demo is about, and its competitors: global accounts.
const (
	Partner  = "990001000" // 結橋情報サービス
	Nagihara = "990002000" // 凪原システムズ
	Kasumori = "990003000" // 霞杜テクノ
)

// The locations, which are what associations name.
const (
	tokyo   = "990001001"
	osaka   = "990001002"
	fukuoka = "990001003"

	nagiharaNagoya = "990002001"
	nagiharaOsaka  = "990002002"
	kasumoriTokyo  = "990003001"
)

// months is how many months of usage there are; the last is the one before AsOf.
const months = 50

var (
	lastMonth  = AsOf.Month().Add(-1)
	firstMonth = lastMonth.Add(1 - months)
)

// New returns the demo's facts.
func New() *dataset.Dataset {
	w := &world{Dataset: new(dataset.Dataset)}
	w.addPartners()
	for i := range customers {
		w.addCustomer(&customers[i])
	}
	w.addStories()
	w.addPeople()
	w.addRates()
	return w.Dataset
}

// world is the dataset being made.
type world struct{ *dataset.Dataset }

func (w *world) addPartners() {
	since := kizuna.NewDate(2015, 4, 1)
	for _, l := range [...]struct{ id, global, name string }{
		{tokyo, Partner, "結橋情報サービス 東京本社"},
		{osaka, Partner, "結橋情報サービス 大阪支社"},
		{fukuoka, Partner, "結橋情報サービス 福岡支社"},
		{nagiharaNagoya, Nagihara, "凪原システムズ 名古屋本社"},
		{nagiharaOsaka, Nagihara, "凪原システムズ 大阪営業所"},
		{kasumoriTokyo, Kasumori, "霞杜テクノ 東京本社"},
	} {
		w.Associations.Locations = append(w.Associations.Locations,
			location(l.id, l.global, l.name, since))
	}
}

// digest turns a name into bytes that look random and never change.
func digest(name ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte("kizuna demo/" + strings.Join(name, "/")))
}

// guid returns the id of a thing: a tenant, a subscription, a user. It depends on
// the thing's name only, so that adding one thing changes no other.
func guid(name ...string) string {
	b := digest(name...)
	b[6] = b[6]&0x0f | 0x80 // version 8: made in a way of one's own
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// random returns a generator for one thing's figures. PCG is specified: its
// numbers are the same everywhere and with every version of Go.
func random(name ...string) *rand.Rand {
	b := digest(append(name, "random")...)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])))
}
