package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/people"
)

// person is somebody with a certification profile.
type person struct {
	name  string
	at    string // the location that the profile is linked to
	since kizuna.Date
	held  string // certificates, earned one after another
}

// staff lists everybody with a profile. The first is person P01.
var staff = []person{
	{"相沢 美月", tokyo, day(2019, 4, 1), "AZ-104 AZ-305 AZ-700"},
	{"石黒 拓海", tokyo, day(2019, 4, 1), "AZ-104 AZ-305 AZ-400"},
	{"宇佐美 涼", tokyo, day(2020, 4, 1), "AZ-104 AZ-800+801 AZ-140"},
	{"江藤 沙織", tokyo, day(2020, 4, 1), "AZ-104 AZ-204 AZ-220"},
	{"大谷 健吾", tokyo, day(2020, 10, 1), "AZ-305 AZ-120"},
	{"柏木 里奈", tokyo, day(2021, 4, 1), "AZ-204 PL-300"},
	{"北条 直樹", tokyo, day(2021, 4, 1), "AZ-500 SC-200 SC-100"},
	{"久我 千尋", tokyo, day(2021, 4, 1), "SC-300 SC-400"},
	{"佐伯 悠斗", tokyo, day(2021, 7, 1), "DP-203 AZ-104"},
	{"椎名 彩香", tokyo, day(2021, 10, 1), "MS-900 MS-700 SC-300"},
	{"須藤 大輔", tokyo, day(2022, 4, 1), "MS-102"},
	{"瀬戸 真央", tokyo, day(2022, 4, 1), "PL-200 PL-600"},
	{"高柳 翔", tokyo, day(2022, 4, 1), "DP-300"},
	{"千葉 遥", tokyo, day(2023, 4, 1), "AZ-900"},
	{"土屋 圭介", osaka, day(2019, 4, 1), "AZ-104 AZ-700"},
	{"手塚 由佳", osaka, day(2020, 4, 1), "AZ-204 PL-400"},
	{"戸田 光", osaka, day(2020, 4, 1), "MB-800 MB-310"},
	{"中里 菜々子", osaka, day(2020, 10, 1), "MB-230 MB-210"},
	{"西脇 修平", osaka, day(2021, 4, 1), "SC-200"},
	{"野口 茜", osaka, day(2021, 4, 1), "MS-203"},
	{"長谷部 誠司", osaka, day(2021, 10, 1), "AZ-204"},
	{"東 千夏", osaka, day(2022, 4, 1), "AI-102"},
	{"藤堂 亮", osaka, day(2022, 7, 1), "AZ-104"},
	{"堀江 紗希", osaka, day(2023, 4, 1), "MS-900"},
	{"前園 武", fukuoka, day(2019, 4, 1), "AZ-104 AZ-305"},
	{"三嶋 葵", fukuoka, day(2020, 4, 1), "SC-400 SC-300"},
	{"村瀬 和也", fukuoka, day(2020, 10, 1), "MB-800"},
	{"森田 優衣", fukuoka, day(2021, 4, 1), "MD-102"},
	{"柳 慎太郎", fukuoka, day(2021, 10, 1), "PL-100 PL-200"},
	{"吉住 香織", fukuoka, day(2022, 4, 1), "AZ-104 SC-300"},
	{"若林 陸", fukuoka, day(2023, 4, 1), ""},
	{"渡会 結衣", fukuoka, day(2022, 10, 1), "MB-600"},
	{"安東 正人", nagiharaNagoya, day(2019, 4, 1), "AZ-104 AZ-305 AZ-400"},
	{"井手 琴音", nagiharaNagoya, day(2020, 4, 1), "AZ-104 AZ-305 AZ-700 DP-203"},
	{"内海 剛", nagiharaNagoya, day(2020, 4, 1), "AZ-204 AZ-140"},
	{"岡野 晴香", nagiharaOsaka, day(2021, 4, 1), "MS-102 MS-700"},
	{"加賀 一樹", nagiharaOsaka, day(2021, 10, 1), "SC-200 AZ-500 SC-100"},
	{"木戸 さくら", kasumoriTokyo, day(2020, 4, 1), "MB-800 PL-600 MB-330"},
	{"桑原 俊", kasumoriTokyo, day(2021, 4, 1), "MS-700 MS-102"},
	{"小早川 恵", kasumoriTokyo, day(2022, 4, 1), "PL-300 PL-200"},
}

// The certificate that lapses soon: see [Events].
const (
	lapsing       = "AZ-140"
	lapsingPerson = "P03"
	lapsingName   = "宇佐美 涼"
)

var lapsesOn = kizuna.NewDate(2023, 12, 8)

// moved is who changed employers: the certificates went along.
const movedName = "長谷部 誠司"

var movedOn = kizuna.NewDate(2023, 4, 1)

func mcid(name string) string {
	b := digest("person", name)
	return fmt.Sprintf("MC%08d", (int(b[0])<<16|int(b[1])<<8|int(b[2]))*5)
}

func (w *world) addPeople() {
	facts := &w.People
	for i, p := range staff {
		profile := mcid(p.name)
		facts.People = append(facts.People, people.Person{ID: fmt.Sprintf("P%02d", i+1), Name: p.name, MCID: profile})
		if p.name == movedName {
			facts.Links = append(facts.Links, people.ProfileLink{
				MCID: profile, Location: nagiharaOsaka, During: between(p.since, movedOn),
			})
			p.since = movedOn
		}
		facts.Links = append(facts.Links, people.ProfileLink{MCID: profile, Location: p.at, During: from(p.since)})
		w.certify(p, profile)
	}
}

// certify gives a person certificates, one every few months. Those that must be
// renewed every year were renewed last before AsOf.
func (w *world) certify(p person, profile string) {
	r := random("certificates", p.name)
	next := p.since.AddDays(20 + r.IntN(40))
	for certificate := range strings.FieldsSeq(p.held) {
		earned := next
		next = next.AddDays(40 + r.IntN(60))
		c := people.Certification{MCID: profile, Certificate: certificate, EarnedOn: &earned}
		if !slices.Contains(lasting, certificate) {
			expires := kizuna.NewDate(2024, 2, 1).AddDays(r.IntN(240))
			if certificate == lapsing && p.name == lapsingName {
				expires = lapsesOn
			}
			c.ExpiresOn = &expires
		}
		w.People.Certifications = append(w.People.Certifications, c)
	}
}

// lasting are certificates that do not expire.
var lasting = []string{"MS-900", "AZ-900", "MB-600"}
