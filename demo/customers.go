package demo

import "github.com/kizuna-org/kizuna"

// customer is a customer tenant and what it uses.
type customer struct {
	key, name string
	size      string
	azure     *azure
	office    []seats // Microsoft 365
	business  *business
}

// The segments.
const (
	smb        = "SMB"
	enterprise = "Enterprise"
)

// azure is an Azure subscription with its services.
type azure struct {
	since, until kizuna.Month // until: the first month without usage; 0: still
	usd          int64        // a month, at the start
	growth       int64        // thousandths a month
	mix          mix
	agreement    string
	yen          bool         // billed in yen
	security     int64        // dollars a month of security services besides; 0: none
	guarded      kizuna.Month // since when; 0: since 2021-04
	ties         []tie
}

// seats are paid seats of Microsoft 365 workloads, used by a share that changes.
type seats struct {
	since     kizuna.Month
	paid      int64
	active    [2]int64 // percent of the seats: at the start, at the end
	workloads string   // separated by semicolons
	reseller  string   // location that sells the subscription; "": bought under EA
	ties      []tie
}

// business are business applications of one subscription.
type business struct {
	since   kizuna.Month
	apps    []app
	channel string
	ties    []tie
}

// app is one business application.
type app struct {
	sold, used string   // the workload as revenue and as usage reports call it; "": not in that report
	usd        int64    // a month
	users      [2]int64 // at the start, at the end
}

// tie binds a partner's location to what a customer uses.
type tie struct {
	how   how
	of    string      // location
	since kizuna.Date // 0: since the first day of the usage
}

// how is the kind of an association, and for partner admin links the way in which
// the linked identity comes by its role.
type how int

const (
	byUser       how = iota // PAL: a user with a role at the subscription
	byGroup                 // PAL: a group with a role at the subscription
	byManagement            // PAL: a role at a management group above it
	byResources             // PAL: a role at one resource group only
	byLighthouse            // PAL: a service principal of the partner's own tenant
	byOwning                // PAL: owner of apps and flows
	byDPOR
	byCSP      // direct bill partner
	byIndirect // indirect reseller
	byClaim    // CPOR, usage
	byRevenue  // CPOR, revenue
	bySelling  // CPOR, presales
)

func pal(of string) tie     { return tie{how: byUser, of: of} }
func group(of string) tie   { return tie{how: byGroup, of: of} }
func manage(of string) tie  { return tie{how: byManagement, of: of} }
func light(of string) tie   { return tie{how: byLighthouse, of: of} }
func rg(of string) tie      { return tie{how: byResources, of: of} }
func dpor(of string) tie    { return tie{how: byDPOR, of: of} }
func csp(of string) tie     { return tie{how: byCSP, of: of} }
func t2(of string) tie      { return tie{how: byIndirect, of: of} }
func claim(of string) tie   { return tie{how: byClaim, of: of} }
func revenue(of string) tie { return tie{how: byRevenue, of: of} }
func presale(of string) tie { return tie{how: bySelling, of: of} }
func owns(of string) tie    { return tie{how: byOwning, of: of} }

func (t tie) from(d kizuna.Date) tie {
	t.since = d
	return t
}

func bc(usd, was, now int64) app {
	return app{"Business Central", "Business Central", usd, [2]int64{was, now}}
}
func sales(usd, was, now int64) app {
	return app{"Sales", "Common data service (Customer Engagement)", usd, [2]int64{was, now}}
}
func service(usd int64) app { return app{sold: "Customer Service", usd: usd} }
func finance(usd, was, now int64) app {
	return app{"Finance", "Finance & Operations", usd, [2]int64{was, now}}
}
func apps(usd, was, now int64) app { return app{"Power Apps", "Power App", usd, [2]int64{was, now}} }
func flows(usd, was, now int64) app {
	return app{"Power Automate", "Power Automate", usd, [2]int64{was, now}}
}

const (
	mail    = "Exchange"
	suite   = "Exchange;Teams;SharePoint;ProPlus"
	teams   = "Teams"
	guarded = "Azure Active Directory Premium;Microsoft Defender for Office 365"
	devices = "Intune"
)

// customers are all customers, in the order of the tables. What happens to some
// of them besides is told by addStories.
var customers = []customer{
	// --- long-standing customers of the partner, mostly Azure
	{key: "shiomino", name: "汐見野食品株式会社", size: smb,
		azure:  &azure{since: in(2019, 9), usd: 2600, growth: 19, mix: web, agreement: "EA", security: 310, ties: []tie{pal(tokyo)}},
		office: []seats{{since: in(2020, 4), paid: 120, active: [2]int64{35, 62}, workloads: suite, ties: []tie{claim(tokyo)}}}},
	{key: "narusehara", name: "鳴瀬原物流株式会社", size: enterprise,
		azure:  &azure{since: in(2019, 9), usd: 7400, growth: 16, mix: lift, agreement: "EA", security: 640, ties: []tie{manage(tokyo), rg(nagiharaNagoya).from(day(2021, 6, 1))}},
		office: []seats{{since: in(2019, 9), paid: 640, active: [2]int64{48, 66}, workloads: suite, ties: []tie{claim(tokyo)}}}},
	{key: "ashibe", name: "葦辺医療器株式会社", size: smb,
		azure: &azure{since: in(2019, 9), usd: 1900, growth: 21, mix: data, agreement: "MCA", ties: []tie{group(osaka)}}},
	{key: "kumoisaka", name: "雲居坂印刷株式会社", size: smb,
		azure:  &azure{since: in(2019, 11), usd: 1500, growth: 17, mix: lift, agreement: "CSP", yen: true, ties: []tie{csp(osaka)}},
		office: []seats{{since: in(2020, 2), paid: 85, active: [2]int64{44, 58}, workloads: suite, reseller: osaka}}},
	{key: "tokioka", name: "朱鷺丘建設株式会社", size: enterprise,
		azure:    &azure{since: in(2019, 9), usd: 5200, growth: 18, mix: lift, agreement: "EA", security: 420, ties: []tie{pal(tokyo), dpor(tokyo).from(day(2020, 7, 1))}},
		office:   []seats{{since: in(2020, 1), paid: 410, active: [2]int64{36, 52}, workloads: suite, ties: []tie{dpor(tokyo)}}},
		business: &business{since: in(2021, 4), channel: "EA", apps: []app{sales(1900, 40, 58), service(800)}, ties: []tie{claim(tokyo), revenue(tokyo)}}},
	{key: "kusunoura", name: "楠ノ浦化成株式会社", size: enterprise,
		azure: &azure{since: in(2019, 9), usd: 8800, growth: 15, mix: data, agreement: "EA", security: 700, ties: []tie{manage(osaka), light(nagiharaOsaka)}}},
	{key: "tsukishiro", name: "月代野精機株式会社", size: smb,
		azure:    &azure{since: in(2020, 3), usd: 2100, growth: 20, mix: cloudNative, agreement: "EA", security: 140, guarded: in(2023, 3), ties: []tie{light(tokyo)}},
		business: &business{since: in(2020, 7), channel: "CSP", apps: []app{bc(1400, 23, 31)}, ties: []tie{csp(osaka), claim(osaka)}}},
	{key: "kogamozawa", name: "学校法人小鴨沢学園", size: smb,
		azure:  &azure{since: in(2020, 4), usd: 1300, growth: 19, mix: web, agreement: "MCA", security: 95, guarded: in(2023, 1), ties: []tie{pal(fukuoka)}},
		office: []seats{{since: in(2020, 4), paid: 260, active: [2]int64{30, 71}, workloads: "Exchange;Teams", ties: []tie{claim(fukuoka)}}, {since: in(2021, 4), paid: 260, active: [2]int64{18, 55}, workloads: devices, ties: []tie{claim(fukuoka)}}}},
	{key: "akarisato", name: "灯里野不動産株式会社", size: smb,
		azure: &azure{since: in(2020, 1), usd: 1400, growth: 18, mix: web, agreement: "CSP", yen: true, ties: []tie{t2(fukuoka), csp(kasumoriTokyo)}}},
	{key: "kazehaya", name: "風早原電装株式会社", size: enterprise,
		azure:    &azure{since: in(2019, 9), usd: 6100, growth: 19, mix: cloudNative, agreement: "EA", security: 560, ties: []tie{group(tokyo), pal(kasumoriTokyo).from(day(2022, 2, 1))}},
		business: &business{since: in(2020, 10), channel: "EA", apps: []app{finance(3200, 90, 117), apps(900, 30, 44), flows(600, 18, 27)}, ties: []tie{claim(tokyo), revenue(tokyo), owns(tokyo)}}},
	{key: "hasumisaka", name: "蓮見坂出版株式会社", size: smb,
		azure:  &azure{since: in(2020, 6), usd: 1700, growth: 17, mix: web, agreement: "MCA", security: 130, ties: []tie{pal(tokyo)}},
		office: []seats{{since: in(2020, 6), paid: 95, active: [2]int64{52, 64}, workloads: suite, ties: []tie{claim(tokyo)}}}},
	{key: "wakaayu", name: "若鮎川水産株式会社", size: smb,
		azure: &azure{since: in(2020, 9), usd: 1250, growth: 20, mix: web, agreement: "CSP", yen: true, ties: []tie{csp(fukuoka)}}},
	{key: "chigusano", name: "千草野酒造株式会社", size: smb,
		office:   []seats{{since: in(2020, 9), paid: 42, active: [2]int64{38, 57}, workloads: suite, reseller: fukuoka}},
		business: &business{since: in(2021, 1), channel: "CSP", apps: []app{bc(700, 9, 13)}, ties: []tie{csp(fukuoka), claim(fukuoka)}}},
	{key: "suzune", name: "鈴音浜観光株式会社", size: smb,
		azure:  &azure{since: in(2020, 11), usd: 420, growth: 9, mix: web, agreement: "MCA", ties: []tie{pal(fukuoka)}},
		office: []seats{{since: in(2020, 11), paid: 64, active: [2]int64{28, 47}, workloads: "Exchange;Teams", ties: []tie{claim(fukuoka)}}}},
	{key: "fujinami", name: "藤波原薬品株式会社", size: enterprise,
		azure:  &azure{since: in(2019, 9), usd: 9200, growth: 17, mix: data, agreement: "EA", security: 780, ties: []tie{manage(tokyo), pal(nagiharaNagoya).from(day(2020, 10, 1))}},
		office: []seats{{since: in(2019, 9), paid: 880, active: [2]int64{50, 63}, workloads: suite, ties: []tie{claim(tokyo), dpor(nagiharaNagoya)}}, {since: in(2021, 10), paid: 880, active: [2]int64{22, 41}, workloads: guarded, ties: []tie{claim(tokyo)}}}},
	{key: "aomine", name: "青嶺野繊維株式会社", size: smb,
		azure: &azure{since: in(2020, 5), usd: 1500, growth: 16, mix: lift, agreement: "EA", ties: []tie{dpor(osaka)}}},
	{key: "hoshifuri", name: "星降里運輸株式会社", size: enterprise,
		azure:  &azure{since: in(2019, 9), usd: 4300, growth: 20, mix: lift, agreement: "EA", security: 380, ties: []tie{light(fukuoka)}},
		office: []seats{{since: in(2020, 3), paid: 520, active: [2]int64{33, 49}, workloads: suite, ties: []tie{claim(fukuoka)}}}},
	{key: "hanaikada", name: "花筏荘ホテルズ株式会社", size: smb,
		azure:  &azure{since: in(2020, 12), usd: 1350, growth: 18, mix: web, agreement: "MCA", security: 120, guarded: in(2022, 12), ties: []tie{pal(fukuoka)}},
		office: []seats{{since: in(2021, 1), paid: 175, active: [2]int64{30, 52}, workloads: "Exchange;Teams", ties: []tie{claim(fukuoka), claim(kasumoriTokyo)}}}},
	{key: "suiu", name: "翠雨原農産株式会社", size: smb,
		azure: &azure{since: in(2021, 2), usd: 1200, growth: 19, mix: data, agreement: "EA", ties: []tie{rg(fukuoka), pal(fukuoka)}}},
	{key: "gyokkyo", name: "玉響堂楽器株式会社", size: smb,
		azure:  &azure{since: in(2020, 8), usd: 1600, growth: 18, mix: cloudNative, agreement: "EA", security: 150, ties: []tie{group(tokyo)}},
		office: []seats{{since: in(2020, 8), paid: 110, active: [2]int64{48, 66}, workloads: suite, ties: []tie{claim(tokyo)}}}},
	{key: "shiranami", name: "白波崎造船所株式会社", size: enterprise,
		azure:    &azure{since: in(2019, 9), usd: 5600, growth: 17, mix: lift, agreement: "EA", security: 520, ties: []tie{manage(fukuoka)}},
		business: &business{since: in(2021, 7), channel: "EA", apps: []app{finance(2400, 60, 88)}, ties: []tie{claim(fukuoka), revenue(fukuoka)}}},
	{key: "yukimibashi", name: "雪見橋乳業株式会社", size: smb,
		azure:    &azure{since: in(2020, 10), usd: 1450, growth: 19, mix: web, agreement: "CSP", yen: true, ties: []tie{csp(osaka)}},
		business: &business{since: in(2021, 10), channel: "CSP", apps: []app{bc(900, 15, 18), apps(300, 12, 17)}, ties: []tie{csp(osaka), claim(osaka), owns(osaka)}}},
	{key: "enrai", name: "遠雷野通信株式会社", size: enterprise,
		azure:  &azure{since: in(2020, 1), usd: 6400, growth: 18, mix: cloudNative, agreement: "EA", ties: []tie{dpor(tokyo)}},
		office: []seats{{since: in(2020, 1), paid: 470, active: [2]int64{41, 58}, workloads: suite, ties: []tie{dpor(tokyo)}}}},
	// --- new on Azure within the year
	{key: "kirisato", name: "霧ヶ里製作所株式会社", size: smb,
		azure: &azure{since: in(2023, 1), usd: 3900, growth: 12, mix: lift, agreement: "EA"}},
	{key: "yunagi", name: "夕凪坂商事株式会社", size: smb,
		azure: &azure{since: in(2023, 2), usd: 2900, growth: 15, mix: web, agreement: "CSP"}},
	{key: "hatsushimo", name: "初霜野冷凍株式会社", size: smb,
		azure: &azure{since: in(2022, 12), usd: 1900, growth: 22, mix: data, agreement: "EA", security: 160, ties: []tie{pal(tokyo)}}},
	{key: "usurai", name: "薄氷谷硝子株式会社", size: smb,
		azure: &azure{since: in(2023, 3), usd: 1650, growth: 24, mix: web, agreement: "CSP", yen: true, ties: []tie{csp(osaka)}}},
	{key: "iwashimizu", name: "岩清水沢メディカル株式会社", size: smb,
		azure:  &azure{since: in(2023, 5), usd: 2300, growth: 26, mix: cloudNative, agreement: "MCA", security: 210, ties: []tie{group(fukuoka)}},
		office: []seats{{since: in(2023, 4), paid: 76, active: [2]int64{22, 45}, workloads: suite, ties: []tie{claim(fukuoka)}}}},
	{key: "magaribi", name: "篝火谷鋳造株式会社", size: smb, // left in spring
		azure: &azure{since: in(2020, 2), until: in(2023, 6), usd: 1500, growth: 8, mix: lift, agreement: "EA", ties: []tie{pal(osaka)}}},
	// --- Microsoft 365
	{key: "uminari", name: "海鳴岬保険サービス株式会社", size: smb},
	{key: "akanegumo", name: "茜雲野アパレル株式会社", size: smb},
	{key: "nowaki", name: "野分沢工務店株式会社", size: smb,
		office: []seats{{since: in(2021, 2), paid: 58, active: [2]int64{30, 38}, workloads: suite, ties: []tie{claim(osaka)}}}},
	{key: "ishidoro", name: "石灯野窯業株式会社", size: smb,
		office: []seats{{since: in(2021, 6), paid: 36, active: [2]int64{20, 44}, workloads: "Exchange;Teams", ties: []tie{claim(fukuoka)}}}},
	{key: "utsusemi", name: "空蝉堂ゲームス株式会社", size: smb,
		azure:  &azure{since: in(2021, 3), usd: 780, growth: 4, mix: cloudNative, agreement: "MCA", ties: []tie{pal(tokyo)}},
		office: []seats{{since: in(2021, 3), paid: 132, active: [2]int64{61, 78}, workloads: suite, ties: []tie{claim(tokyo)}}}},
	{key: "takebayashi", name: "竹林庵製菓株式会社", size: smb,
		office: []seats{{since: in(2022, 12), paid: 48, active: [2]int64{20, 37}, workloads: "Exchange;Teams", ties: []tie{claim(osaka)}}}},
	{key: "kakitsubata", name: "杜若野紙業株式会社", size: smb,
		office: []seats{{since: in(2023, 1), paid: 66, active: [2]int64{16, 34}, workloads: "Exchange;Teams", ties: []tie{claim(osaka)}}}},
	{key: "yamabukizaka", name: "山吹坂自動車販売株式会社", size: smb,
		office: []seats{{since: in(2023, 2), paid: 118, active: [2]int64{18, 33}, workloads: teams, ties: []tie{claim(tokyo)}}, {since: in(2023, 2), paid: 118, active: [2]int64{4, 11}, workloads: guarded, ties: []tie{claim(tokyo)}}}},
	{key: "hatoba", name: "波止場町倉庫株式会社", size: smb,
		office: []seats{{since: in(2023, 3), paid: 90, active: [2]int64{15, 29}, workloads: teams, ties: []tie{claim(fukuoka)}}, {since: in(2023, 3), paid: 90, active: [2]int64{3, 12}, workloads: devices, ties: []tie{claim(fukuoka)}}}},
	{key: "oborozuki", name: "朧月夜旅行株式会社", size: smb,
		office: []seats{{since: in(2023, 4), paid: 52, active: [2]int64{24, 36}, workloads: teams, ties: []tie{claim(fukuoka)}}, {since: in(2023, 5), paid: 52, active: [2]int64{2, 9}, workloads: guarded, ties: []tie{claim(fukuoka)}}}},
	{key: "samidare", name: "五月雨野設計株式会社", size: smb,
		office: []seats{{since: in(2022, 11), paid: 74, active: [2]int64{48, 70}, workloads: suite, ties: []tie{claim(tokyo)}}}},
	{key: "sagiri", name: "狭霧野化粧品株式会社", size: smb,
		office: []seats{{since: in(2023, 6), paid: 105, active: [2]int64{19, 31}, workloads: teams, ties: []tie{claim(tokyo)}}, {since: in(2023, 6), paid: 105, active: [2]int64{5, 13}, workloads: guarded, ties: []tie{claim(tokyo)}}}},
	{key: "shinryoku", name: "深緑野リース株式会社", size: smb,
		office: []seats{{since: in(2021, 9), paid: 96, active: [2]int64{24, 37}, workloads: suite, ties: []tie{claim(osaka)}}, {since: in(2022, 1), paid: 96, active: [2]int64{20, 44}, workloads: guarded, ties: []tie{claim(osaka)}}}},
	{key: "tasogare", name: "黄昏坂書房株式会社", size: smb,
		office: []seats{{since: in(2021, 12), paid: 28, active: [2]int64{40, 52}, workloads: suite, reseller: tokyo}}},
	{key: "suikyo", name: "水鏡野光学株式会社", size: smb,
		azure:    &azure{since: in(2021, 5), usd: 1600, growth: 17, mix: data, agreement: "EA", ties: []tie{pal(osaka)}},
		business: &business{since: in(2023, 1), channel: "CSP", apps: []app{bc(620, 4, 6)}, ties: []tie{csp(osaka), claim(osaka)}}},
	// --- business applications
	{key: "engawa", name: "縁側工房住宅株式会社", size: smb,
		business: &business{since: in(2021, 2), channel: "CSP", apps: []app{sales(900, 25, 41), service(300), flows(280, 10, 14)}, ties: []tie{csp(tokyo), claim(tokyo), owns(tokyo)}}},
	{key: "sasameyuki", name: "細雪谷製糖株式会社", size: smb,
		business: &business{since: in(2022, 12), channel: "EA", apps: []app{finance(1200, 30, 54)}, ties: []tie{claim(osaka), revenue(osaka)}}},
	{key: "inahohara", name: "稲穂原農機株式会社", size: smb,
		business: &business{since: in(2021, 5), channel: "CSP", apps: []app{bc(1100, 16, 21), apps(260, 12, 14)}, ties: []tie{csp(fukuoka), claim(fukuoka), owns(fukuoka)}}},
	{key: "rurinuma", name: "瑠璃沼鉱業株式会社", size: enterprise,
		azure:    &azure{since: in(2020, 7), usd: 3900, growth: 16, mix: data, agreement: "EA", ties: []tie{pal(nagiharaNagoya)}},
		business: &business{since: in(2022, 4), channel: "EA", apps: []app{finance(2800, 70, 96)}, ties: []tie{presale(tokyo), claim(kasumoriTokyo), revenue(kasumoriTokyo)}}},
	{key: "watayuki", name: "綿雪堂寝具株式会社", size: smb,
		business: &business{since: in(2023, 2), channel: "WebDirect", apps: []app{apps(320, 15, 27), flows(180, 9, 14)}, ties: []tie{owns(tokyo), owns(kasumoriTokyo), presale(tokyo)}}},
	// --- customers of the competitors, some of them shared
	{key: "kokorei", name: "木霊山林業株式会社", size: smb,
		azure: &azure{since: in(2020, 3), usd: 1800, growth: 14, mix: data, agreement: "EA", ties: []tie{pal(nagiharaNagoya)}}},
	{key: "kokeshimizu", name: "苔清水野飲料株式会社", size: smb,
		azure: &azure{since: in(2020, 9), usd: 2200, growth: 15, mix: web, agreement: "CSP", ties: []tie{csp(nagiharaOsaka)}}},
	{key: "gyosho", name: "暁鐘堂警備株式会社", size: smb,
		azure:  &azure{since: in(2021, 1), usd: 1700, growth: 13, mix: lift, agreement: "EA", security: 250, ties: []tie{pal(nagiharaNagoya)}},
		office: []seats{{since: in(2021, 1), paid: 150, active: [2]int64{33, 51}, workloads: suite, ties: []tie{claim(nagiharaNagoya)}}}},
	{key: "hayasegawa", name: "早瀬原電力サービス株式会社", size: enterprise,
		azure: &azure{since: in(2019, 9), usd: 7600, growth: 12, mix: data, agreement: "EA", security: 600, ties: []tie{manage(nagiharaNagoya)}}},
	{key: "tsurubane", name: "鶴羽原航空貨物株式会社", size: enterprise,
		azure:  &azure{since: in(2022, 12), usd: 3400, growth: 20, mix: cloudNative, agreement: "EA", ties: []tie{group(nagiharaOsaka)}},
		office: []seats{{since: in(2021, 8), paid: 390, active: [2]int64{38, 55}, workloads: "Exchange;Teams", ties: []tie{claim(nagiharaOsaka)}}}},
	{key: "muragumo", name: "群雲台データ株式会社", size: smb,
		azure: &azure{since: in(2023, 2), usd: 2700, growth: 21, mix: data, agreement: "MCA", ties: []tie{pal(nagiharaNagoya), pal(kasumoriTokyo)}}},
	{key: "tsubametobi", name: "燕飛原工具株式会社", size: smb,
		business: &business{since: in(2021, 3), channel: "CSP", apps: []app{bc(1000, 17, 24)}, ties: []tie{csp(kasumoriTokyo), claim(kasumoriTokyo)}}},
	{key: "futabano", name: "双葉野幼児教育株式会社", size: smb,
		office: []seats{{since: in(2022, 9), paid: 82, active: [2]int64{25, 49}, workloads: "Exchange;Teams", ties: []tie{claim(kasumoriTokyo)}}}},
	{key: "shiosai", name: "潮騒岬マリン株式会社", size: smb,
		business: &business{since: in(2022, 2), channel: "CSP", apps: []app{sales(760, 20, 31), apps(240, 9, 15)}, ties: []tie{csp(kasumoriTokyo), claim(kasumoriTokyo), owns(kasumoriTokyo)}}},
	{key: "ichonamiki", name: "銀杏野病院サービス株式会社", size: smb,
		office: []seats{{since: in(2021, 4), paid: 210, active: [2]int64{34, 57}, workloads: suite, reseller: kasumoriTokyo}}},
	{key: "okanohi", name: "丘の灯里介護株式会社", size: smb,
		office:   []seats{{since: in(2022, 3), paid: 70, active: [2]int64{26, 39}, workloads: "Exchange;Teams", reseller: kasumoriTokyo}},
		business: &business{since: in(2023, 3), channel: "CSP", apps: []app{apps(310, 11, 24)}, ties: []tie{csp(kasumoriTokyo), owns(kasumoriTokyo)}}},
}
