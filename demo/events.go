package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/program"
)

// Event is something that went wrong on purpose, with what it costs [Partner].
type Event struct {
	ID    string
	Title program.Text
	Story program.Text
	// AsOf is the day on which it costs what it costs; AsOf of the demo but for
	// what has yet to happen.
	AsOf kizuna.Date
	// Changes are what the tables would say had it not happened.
	Changes []Change
	// Costs are the points that the partner would have more, metric by metric and
	// exact, had it not happened. A negative cost is a gain. Costs of several
	// events do not add up.
	Costs []Cost
	// ByInterval are the costs under the other reading of what a change of CSP
	// owner does to the past; nil if the reading makes no difference.
	ByInterval []Cost

	// Passes are the areas that would pass had it not happened.
	Passes []string

	look string // the command line; DIR is the directory
}

// Change is a change of the rows of a table that hold all the cells.
type Change struct {
	File   string
	Rows   []Cell
	Column string
	Is     string // what the column says
	Would  string // what it would say
}

// Cell is a column and what it says.
type Cell struct{ Column, Value string }

// Cost is what a metric of an area loses on a track.
type Cost struct {
	Area, Track, Metric string
	Points              kizuna.Fraction
}

// Command is the command line that shows the event in the demo of that directory.
func (e *Event) Command(dir string) string {
	return strings.ReplaceAll(e.look, "DIR", dir)
}

func explain(area, metric string, c *customer) string {
	return fmt.Sprintf("kizuna explain --data DIR --partner %s --area %s --metric %s --customer %s",
		Partner, area, metric, tenantOf(c))
}

// Lost returns the points that each area loses, in the order of the areas; gains
// on another track are left out.
func (e *Event) Lost() []Loss {
	var out []Loss
	for _, c := range e.Costs {
		i := slices.IndexFunc(out, func(l Loss) bool { return l.Area == c.Area })
		switch {
		case c.Points.Sign() < 0:
		case i < 0:
			out = append(out, Loss{c.Area, c.Points})
		default:
			out[i].Points = out[i].Points.Add(c.Points)
		}
	}
	return out
}

// Loss is what an area loses.
type Loss struct {
	Area   string
	Points kizuna.Fraction
}

// azureAreas share three of their metrics.
var azureAreas = []string{"data-ai", "infrastructure", "digital-app-innovation"}

func inAzureAreas(metric string, points kizuna.Fraction) []Cost {
	var costs []Cost
	for _, area := range azureAreas {
		costs = append(costs, Cost{area, program.Single, metric, points})
	}
	return costs
}

// Events returns what went wrong on purpose.
func Events() []Event {
	lost, moved, shift := customerOf("kirisato"), customerOf("yunagi"), customerOf("enrai")
	disputed, outgrew := customerOf("akanegumo"), customerOf("uminari")
	return []Event{
		{
			ID: "lost-role",
			Title: program.Text{
				EN: "A partner admin link that lost its role",
				JA: "ロールを失った PAL",
			},
			Story: program.Text{
				EN: lost.name + " began on Azure in 2023-01. On 2023-08-01 the engineer's Contributor role ended with the project; the link itself is still there. Since then nothing of the customer's is covered, and it is no net customer add.",
				JA: lost.name + "は 2023 年 1 月に Azure の利用を始めました。2023 年 8 月 1 日、プロジェクトの終了とともに担当者の共同作成者 (Contributor) ロールが外れましたが、PAL のリンクは残ったままです。以後、この顧客の使用量は関連付けの対象から外れ、新規顧客としても数えられません。",
			},
			AsOf: AsOf,
			Changes: []Change{{
				File:   "role_assignments.csv",
				Rows:   []Cell{{"tenant_id", tenantOf(lost)}, {"object_id", guid("user", lost.key, osaka)}},
				Column: "to", Is: roleLost.String(), Would: "",
			}},
			Costs: inAzureAreas("net_customer_adds", kizuna.Int(10)),
			// The customer that changed owners is then an add, and three give all points.
			ByInterval: []Cost{},
			Passes:     []string{"data-ai"},
			look:       explain("data-ai", "net_customer_adds", lost),
		},
		{
			ID: "one-shift",
			Title: program.Text{
				EN: "A role held for eight hours",
				JA: "8 時間だけ付与されたロール",
			},
			Story: program.Text{
				EN: "In 2023-10 " + shift.name + " spent 12,648 dollars on security after an incident. The engineer held the role on 2023-10-17 from 09:00 to 17:00 in Tokyo: 8 of 744 hours, so 136 dollars are credited. That makes a customer add, but no deployment: Security has more than 70 points and does not pass, because one metric has none.",
				JA: shift.name + "は 2023 年 10 月、インシデント対応のためセキュリティ関連サービスに 12,648 ドルを使いました。担当者のロールは 10 月 17 日 9 時から 17 時（日本時間）までの 8 時間だけでした。1 か月 744 時間のうち 8 時間分、136 ドルだけが計上されます。新規顧客には数えられますが展開の基準には届きません。セキュリティ領域は合計が 70 点を超えているのに、0 点の指標があるため合格になりません。",
			},
			AsOf: AsOf,
			Changes: []Change{
				{
					File:   "role_assignments.csv",
					Rows:   []Cell{{"tenant_id", tenantOf(shift)}, {"object_id", guid("user", shift.key, tokyo)}},
					Column: "from", Is: shiftBegins.String(), Would: lastMonth.Day(1).String(),
				},
				{
					File:   "role_assignments.csv",
					Rows:   []Cell{{"tenant_id", tenantOf(shift)}, {"object_id", guid("user", shift.key, tokyo)}},
					Column: "to", Is: shiftEnds.String(), Would: "",
				},
			},
			Costs: []Cost{
				{"security", program.Single, "usage_growth", kizuna.Ratio(978_863, 125_000)},
				{"security", program.Single, "deployments", kizuna.Ratio(10, 3)},
			},
			Passes: []string{"security"},
			look:   explain("security", "deployments", shift),
		},
		{
			ID: "disputed-claim",
			Title: program.Text{
				EN: "A claim in dispute",
				JA: "係争中の CPOR 申請",
			},
			Story: program.Text{
				EN: "Kasumori claims Teams of " + disputed.name + " as well. Until that is decided the partner's own claim is not approved, and a claim that is not approved never counts.",
				JA: disputed.name + "の Teams は、霞杜テクノも CPOR を申請しています。決着するまで自社の申請は承認されず、承認されていない申請は数えられません。",
			},
			AsOf: AsOf,
			Changes: []Change{{
				File:   "cpor_claims.csv",
				Rows:   []Cell{{"tenant_id", tenantOf(disputed)}, {"location_id", tokyo}},
				Column: "approved_on", Is: "", Would: "2023-01-10",
			}},
			Costs: []Cost{
				{"modern-work", "smb", "net_customer_adds", kizuna.Int(2)},
				{"modern-work", "smb", "usage_growth", kizuna.Ratio(27, 10)},
				{"modern-work", "smb", "deployments", kizuna.Int(5)},
			},
			Passes: []string{"modern-work"},
			look:   "kizuna fate claim --data DIR " + disputedClaim,
		},
		{
			ID: "changed-owner",
			Title: program.Text{
				EN: "A CSP subscription that changed owners",
				JA: "CSP サブスクリプションの移管",
			},
			Story: program.Text{
				EN: moved.name + " moved its CSP subscription to Nagihara on 2023-10-01. The whole history follows the owner on the day of the question, so that even what the partner sold in 2023-09 no longer makes the customer an add.",
				JA: moved.name + "は 2023 年 10 月 1 日に CSP サブスクリプションを凪原システムズへ移しました。履歴はすべて基準日の所有者に移るため、2023 年 9 月までの自社の販売分も新規顧客の根拠にはなりません。",
			},
			AsOf: AsOf,
			Changes: []Change{
				{
					File:   "csp.csv",
					Rows:   []Cell{{"subscription_id", subscriptionOf(moved, "azure")}, {"location_id", osaka}},
					Column: "to", Is: ownerChange.String(), Would: "",
				},
				{
					File:   "csp.csv",
					Rows:   []Cell{{"subscription_id", subscriptionOf(moved, "azure")}, {"location_id", nagiharaOsaka}},
					Column: "from", Is: ownerChange.String(), Would: "",
				},
			},
			Costs:      inAzureAreas("net_customer_adds", kizuna.Int(10)),
			ByInterval: []Cost{},
			Passes:     []string{"data-ai"},
			look:       explain("infrastructure", "net_customer_adds", moved),
		},
		{
			ID: "lapsing-certificate",
			Title: program.Text{
				EN: "A certificate that lapses next month",
				JA: "来月失効する認定資格",
			},
			Story: program.Text{
				EN: lapsingName + "'s " + lapsing + " still counts, and Infrastructure passes with exactly 70 points. On 2023-12-08 it lapses.",
				JA: lapsingName + "さんの " + lapsing + " は今はまだ数えられ、インフラストラクチャ領域はちょうど 70 点で合格です。この資格は 2023 年 12 月 8 日に失効します。",
			},
			AsOf: AsOf.AddMonths(1),
			Changes: []Change{{
				File:   "certifications.csv",
				Rows:   []Cell{{"mcid", mcid(lapsingName)}, {"certificate", lapsing}},
				Column: "expires_on", Is: lapsesOn.String(), Would: lapsesOn.AddMonths(12).String(),
			}},
			Costs: []Cost{{"infrastructure", program.Single, "advanced", kizuna.Int(4)}},
			look:  fmt.Sprintf("kizuna fate certificate --data DIR --as-of %s --program %s %s %s", AsOf.AddMonths(1), Program, lapsingPerson, lapsing),
		},
		{
			ID: "outgrown",
			Title: program.Text{
				EN: "A tenant that outgrew the SMB track",
				JA: "SMB トラックを超えて成長した顧客",
			},
			Story: program.Text{
				EN: outgrew.name + " went from 290 to 320 seats in 2023-08. Over 300 it is no longer a customer of the SMB track: there it is a loss, and its users are gone. The Enterprise track gains, but its total is the lower one.",
				JA: outgrew.name + "は 2023 年 8 月に 290 シートから 320 シートに増えました。300 シートを超えると SMB トラックの対象から外れ、顧客数も利用者数も減ったことになります。エンタープライズ トラックの点は増えますが、合計では SMB トラックに届きません。",
			},
			AsOf: AsOf,
			Changes: []Change{{
				File:   "usage.csv",
				Rows:   []Cell{{"tenant_id", tenantOf(outgrew)}, {"workload", mail}},
				Column: "paid_seats", Is: "320", Would: "290",
			}},
			Costs: []Cost{
				{"modern-work", "smb", "net_customer_adds", kizuna.Int(2)},
				{"modern-work", "smb", "usage_growth", kizuna.Ratio(477, 50)},
				{"modern-work", "smb", "deployments", kizuna.Int(5)},
				{"modern-work", "enterprise", "net_customer_adds", kizuna.Int(-4)},
				{"modern-work", "enterprise", "usage_growth", kizuna.Ratio(-633, 100)},
				{"modern-work", "enterprise", "deployments", kizuna.Int(-5)},
			},
			Passes: []string{"modern-work"},
			look:   explain("modern-work", "usage_growth", outgrew),
		},
	}
}
