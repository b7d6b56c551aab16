package dataset

import (
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/people"
	"github.com/kizuna-org/kizuna/usage"
)

// Products are what subscriptions.csv may name as product.
var products = []string{"Azure", "Microsoft 365", "Dynamics 365", "Power Platform", "Other"}

func partnersTable() *schema[association.Location] {
	type R = association.Location
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "partners",
		about: both("Partner locations and the global accounts they belong to. A location that moves from one account to another has a row for each time.", "パートナーの拠点と、それが属するグローバル アカウント。別のアカウントに移った拠点は、期間ごとに 1 行を書きます。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			text("location_id", func(r *R) *string { return &r.ID }).filled().means("the location's partner id: the one that associations name", "拠点のパートナー ID。関連付けにはこの ID が使われます"),
			text("global_id", func(r *R) *string { return &r.Global }).filled().means("the global account's id: the one that is scored", "グローバル アカウントの ID。スコアはこの単位で計算します"),
			text("name", func(r *R) *string { return &r.Name }).means("the location's name", "拠点の名前"),
			text("country", func(r *R) *string { return &r.Country }).means("two-letter country code", "2 文字の国コード"),
			begin("from", during).means("since when the location belongs to the account; without this column, since ever", "このアカウントに属し始めた時点。列がなければ、初めから属するとみなします"),
			end("to", during).means("until when; empty: still", "属さなくなった時点。空なら現在も属しています"),
		},
	}
}

func customersTable() *schema[association.Customer] {
	type R = association.Customer
	return &schema[R]{
		name:  "customers",
		about: both("Customer tenants.", "顧客のテナント。"),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the tenant", "テナント"),
			text("name", func(r *R) *string { return &r.Name }).means("the customer's name", "顧客の名前"),
			text("country", func(r *R) *string { return &r.Country }).means("two-letter country code", "2 文字の国コード"),
			text("segment", func(r *R) *string { return &r.Segment }).means("SMB or Enterprise, as the vendor classes the customer; needed by programs from 2026", "ベンダーによる顧客の区分（SMB または Enterprise）。2026 年以降のプログラムで必要です"),
		},
	}
}

func subscriptionsTable() *schema[association.Subscription] {
	type R = association.Subscription
	during := func(r *R) *kizuna.Interval { return &r.During }
	agreement := text("agreement", func(r *R) *string { return &r.Agreement })
	agreement.set = func(r *R, cell string) error {
		r.Agreement = channelName(cell)
		return nil
	}
	return &schema[R]{
		name:  "subscriptions",
		about: both("What customers bought. Usage of a subscription of product Azure is Azure usage, whatever its workload.", "顧客が購入したサブスクリプション。製品が Azure のサブスクリプションの使用量は、ワークロードにかかわらず Azure の使用量です。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("subscription_id", func(r *R) *string { return &r.ID }).filled().means("the subscription", "サブスクリプション"),
			id("tenant_id", func(r *R) *string { return &r.Tenant }).required().means("the tenant that it belongs to; empty: not known", "サブスクリプションが属するテナント。空なら不明です"),
			text("product", func(r *R) *string { return &r.Product }).required().oneOf(products...).means("what it is a subscription of", "サブスクリプションの製品"),
			agreement.means("how it was bought: EA, MCA, CSP or WebDirect", "購入の契約形態（EA、MCA、CSP、WebDirect）"),
			begin("from", during).means("since when it exists; changes no count", "開始した時点。集計には影響しません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func scopesTable() *schema[association.ScopeParent] {
	type R = association.ScopeParent
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "scopes",
		about: both("Which management group a subscription or another management group lies under. Resource groups and resources are read from their paths.", "サブスクリプションや管理グループが、どの管理グループの下にあるか。リソース グループとリソースの位置はパスから読み取ります。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the tenant", "テナント"),
			id("scope", func(r *R) *string { return &r.Scope }).filled().means("the subscription or management group, as Azure writes its path", "サブスクリプションまたは管理グループ（Azure の表記によるパス）"),
			id("parent", func(r *R) *string { return &r.Parent }).required().means("the management group that it lies under; empty: none", "上位の管理グループ。空なら上位はありません"),
			begin("from", during).means("since when", "開始した時点"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func claimsTable() *schema[association.Claim] {
	type R = association.Claim
	during := func(r *R) *kizuna.Interval { return &r.During }
	role := newColumn("role", TextForm,
		func(r *R, cell string) error { r.Role = association.ClaimRole(cell); return nil },
		func(r *R) string { return string(r.Role) })
	return &schema[R]{
		name:  "cpor_claims",
		about: both("Claiming partner of record (CPOR): claims of a workload of a tenant (Microsoft 365) or of a subscription (Dynamics 365).", "CPOR（Claiming Partner of Record）の申請。テナントのワークロード（Microsoft 365）またはサブスクリプション（Dynamics 365）が対象です。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			text("claim_id", func(r *R) *string { return &r.ID }).filled().means("the claim", "申請"),
			text("location_id", func(r *R) *string { return &r.Location }).filled().means("the partner location that claims", "申請した拠点"),
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the customer's tenant", "顧客のテナント"),
			text("workload", func(r *R) *string { return &r.Workload }).means("the workload claimed; with a subscription, it narrows the claim to that workload", "対象のワークロード。サブスクリプションも書くと、その中のこのワークロードに限られます"),
			id("subscription_id", func(r *R) *string { return &r.Subscription }).means("the subscription claimed; empty: the tenant's workload", "対象のサブスクリプション。空ならテナントのワークロードが対象です"),
			role.filled().oneOf(string(association.UsageRole), string(association.PresalesRole), string(association.RevenueRole)).means("what the partner does there; it says which metrics the claim can feed", "パートナーの役割。申請がどの指標に数えられるかを決めます"),
			begin("approved_on", during).required().means("since when the claim is approved; empty: it is not, and counts nowhere", "承認された時点。空なら未承認で、どこにも数えません"),
			end("ended_on", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
		finish: func(r *R) error {
			if r.Workload == "" && r.Subscription == "" {
				return kizuna.Errorf("claim-target", "claim %q names neither a workload nor a subscription", r.ID).
					WithMend("fill in the column workload or subscription_id")
			}
			return nil
		},
	}
}

func linksTable() *schema[association.Link] {
	type R = association.Link
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "pal_links",
		about: both("Partner admin links (PAL): identities in a customer's tenant that carry a partner location's id.", "PAL（Partner Admin Link）。顧客のテナントで拠点のパートナー ID をひも付けた ID（ユーザーやサービス プリンシパル）。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the tenant that the identity signs in to", "ID がサインインするテナント"),
			id("object_id", func(r *R) *string { return &r.Object }).filled().means("the user or service principal", "ユーザーまたはサービス プリンシパル"),
			text("location_id", func(r *R) *string { return &r.Location }).filled().means("the partner location", "パートナーの拠点"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func assignmentsTable() *schema[association.Assignment] {
	type R = association.Assignment
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "role_assignments",
		about: both("Roles that people, service principals and groups hold at a scope of a tenant.", "ユーザー、サービス プリンシパル、グループがテナントのスコープで持つロール。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the tenant of the scope", "スコープのあるテナント"),
			id("object_id", func(r *R) *string { return &r.Object }).filled().means("the person, service principal or group", "ユーザー、サービス プリンシパル、またはグループ"),
			id("principal_tenant_id", func(r *R) *string { return &r.PrincipalTenant }).means("the identity's own tenant, where it is another (Lighthouse: the provider's); empty: the same", "ID の属するテナントが異なる場合のそのテナント（Lighthouse ではプロバイダーのテナント）。空なら同じテナントです"),
			text("role", func(r *R) *string { return &r.Role }).filled().means("the role's name", "ロールの名前"),
			id("scope", func(r *R) *string { return &r.Scope }).filled().means("where it holds, as Azure writes its path; / is the whole tenant", "ロールの有効なスコープ（Azure の表記によるパス）。/ はテナント全体です"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func membershipsTable() *schema[association.Membership] {
	type R = association.Membership
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "group_members",
		about: both("Who is in which group. Groups may hold groups; roles of a group count for its members.", "グループの構成員。グループは入れ子にでき、グループのロールは構成員にも及びます。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the group's tenant", "グループのテナント"),
			id("group_id", func(r *R) *string { return &r.Group }).filled().means("the group", "グループ"),
			id("object_id", func(r *R) *string { return &r.Object }).filled().means("the member: a person, service principal or group", "構成員（ユーザー、サービス プリンシパル、またはグループ）"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func ownershipsTable() *schema[association.Ownership] {
	type R = association.Ownership
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "resource_owners",
		about: both("Who made, owns or uses apps, flows, datasets and instances (Power Platform, Customer Insights).", "アプリ、フロー、データセット、インスタンスの作成者、所有者、利用者（Power Platform、Customer Insights）。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the tenant", "テナント"),
			id("scope", func(r *R) *string { return &r.Scope }).filled().means("the app, flow, dataset or instance, written as the usage rows write their scope", "アプリ、フロー、データセット、またはインスタンス（使用量の行のスコープと同じ表記）"),
			id("object_id", func(r *R) *string { return &r.Object }).filled().means("the person or service principal", "ユーザーまたはサービス プリンシパル"),
			text("relation", func(r *R) *string { return &r.Relation }).filled().oneOf("owner", "co-owner", "creator", "publisher", "user").means("what they are to it", "リソースとの関係"),
			instant("last_activity", func(r *R) **kizuna.Instant { return &r.LastActivity }).means("when they last worked on it; empty: not known", "最後に作業した時点。空なら不明です"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func appointmentsTable() *schema[association.Appointment] {
	type R = association.Appointment
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "dpor",
		about: both("Digital partners of record (DPOR), named by the customer on a subscription.", "DPOR（Digital Partner of Record）。顧客がサブスクリプションで指定したパートナー。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("subscription_id", func(r *R) *string { return &r.Subscription }).filled().means("the subscription", "サブスクリプション"),
			text("location_id", func(r *R) *string { return &r.Location }).filled().means("the partner location", "パートナーの拠点"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func resalesTable() *schema[association.Resale] {
	type R = association.Resale
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "csp",
		about: both("Subscriptions sold through the Cloud Solution Provider program (CSP).", "CSP（クラウド ソリューション プロバイダー）プログラムで販売したサブスクリプション。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			id("subscription_id", func(r *R) *string { return &r.Subscription }).filled().means("the subscription", "サブスクリプション"),
			text("tier", func(r *R) *string { return &r.Tier }).filled().oneOf("T1", "T2").means("T1: direct bill partner or indirect provider; T2: indirect reseller", "T1：直接請求パートナーまたは間接プロバイダー、T2：間接リセラー"),
			text("location_id", func(r *R) *string { return &r.Location }).filled().means("the partner location", "パートナーの拠点"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func peopleTable() *schema[people.Person] {
	type R = people.Person
	return &schema[R]{
		name:  "people",
		about: both("Professionals and their certification profiles.", "技術者と、その認定プロファイル。"),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			text("person_id", func(r *R) *string { return &r.ID }).filled().means("tells people apart; a person with two profiles has two rows", "人を見分ける ID。プロファイルを 2 つ持つ人は 2 行になります"),
			text("name", func(r *R) *string { return &r.Name }).means("the person's name", "名前"),
			text("mcid", func(r *R) *string { return &r.MCID }).required().means("the certification profile; empty: none", "認定プロファイルの ID。空ならプロファイルはありません"),
		},
	}
}

func profileLinksTable() *schema[people.ProfileLink] {
	type R = people.ProfileLink
	during := func(r *R) *kizuna.Interval { return &r.During }
	return &schema[R]{
		name:  "profile_links",
		about: both("Which partner location a certification profile is linked to.", "認定プロファイルがどの拠点にひも付いているか。"),
		start: always(during),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			text("mcid", func(r *R) *string { return &r.MCID }).filled().means("the certification profile", "認定プロファイルの ID"),
			text("location_id", func(r *R) *string { return &r.Location }).filled().means("the partner location", "パートナーの拠点"),
			begin("from", during).required().means("since when; empty: never", "開始した時点。空なら一度も有効になりません"),
			end("to", during).means("until when; empty: still", "終了した時点。空なら継続中です"),
		},
	}
}

func certificationsTable() *schema[people.Certification] {
	type R = people.Certification
	return &schema[R]{
		name:  "certifications",
		about: both("Certificates that people earned.", "取得した認定資格。"),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			text("mcid", func(r *R) *string { return &r.MCID }).filled().means("the certification profile", "認定プロファイルの ID"),
			text("certificate", func(r *R) *string { return &r.Certificate }).filled().means("the certificate's id in the program, such as AZ-104", "プログラムでの認定資格の ID（AZ-104 など）"),
			date("earned_on", func(r *R) **kizuna.Date { return &r.EarnedOn }).required().means("the day it was earned; empty: never", "取得した日。空なら未取得です"),
			date("expires_on", func(r *R) **kizuna.Date { return &r.ExpiresOn }).means("the first day on which it no longer counts; empty: it does not expire", "数えられなくなる最初の日。空なら失効しません"),
		},
	}
}

func ratesTable() *schema[usage.Rate] {
	type R = usage.Rate
	return &schema[R]{
		name:  "exchange_rates",
		about: both("What one unit of a currency was worth in a month, in US dollars.", "各月の 1 通貨単位の米ドル換算額。"),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			currency("currency", func(r *R) *string { return &r.Currency }).filled().means("three-letter currency code", "3 文字の通貨コード"),
			month("month", func(r *R) *kizuna.Month { return &r.Month }).filled().means("the month", "月"),
			decimal("usd", func(r *R) *kizuna.Decimal { return &r.USD }).filled().means("US dollars for one unit", "1 単位あたりの米ドル額"),
		},
	}
}

// currency reads a currency code, which has no case.
func currency[T any](name string, field func(*T) *string) column[T] {
	return newColumn(name, TextForm,
		func(r *T, cell string) error { *field(r) = strings.ToUpper(cell); return nil },
		func(r *T) string { return *field(r) })
}

// channelName returns the one spelling of a sales channel.
func channelName(s string) string {
	if s == "Web Direct" {
		return "WebDirect"
	}
	return s
}

// usageLine is a usage row with the memory that its pointers point to, so that
// reading a million of them allocates nothing but their texts.
type usageLine struct {
	usage.Row
	day          kizuna.Date
	revenue      kizuna.Decimal
	users, seats int64
	units        kizuna.Micro
	duplicates   [3]bool
}

func usageTable() *schema[usageLine] {
	type R = usageLine
	channel := text("channel", func(r *R) *string { return &r.Channel })
	channel.set = func(r *R, cell string) error {
		r.Channel = channelName(cell)
		return nil
	}
	return &schema[R]{
		name:  "usage",
		about: both("What customers consumed, by month or by day. Rows that are equal in all but their figures are added up.", "顧客の使用量（月単位または日単位）。数値以外がすべて等しい行は合算します。"),
		at:    func(r *R) *kizuna.Ref { return &r.At },
		columns: []column[R]{
			month("month", func(r *R) *kizuna.Month { return &r.Month }).filled().means("the month", "月"),
			usageDay().means("the day, inside the month; empty: the row is about the whole month", "月の中の日。空ならその月全体の行です"),
			id("tenant_id", func(r *R) *string { return &r.Tenant }).filled().means("the customer's tenant", "顧客のテナント"),
			id("subscription_id", func(r *R) *string { return &r.Subscription }).means("the subscription", "サブスクリプション"),
			id("scope", func(r *R) *string { return &r.Scope }).means("the resource, resource group or subscription, as Azure writes its path, or the app, flow, dataset or instance; empty: the subscription", "リソース、リソース グループ、サブスクリプション（Azure の表記によるパス）、またはアプリ、フロー、データセット、インスタンス。空ならサブスクリプション全体です"),
			text("workload", func(r *R) *string { return &r.Workload }).means("the workload, as the program names it; empty: none in particular", "プログラムでのワークロード名。空なら特定のワークロードではありません"),
			text("offer_type", func(r *R) *string { return &r.OfferType }).means("the kind of offer; some never count (Support, Internal, Benefit Program, Trial)", "オファーの種類。一部（Support、Internal、Benefit Program、Trial）は数えません"),
			channel.means("the sales channel: EA, MCA, CSP or WebDirect", "販売チャネル（EA、MCA、CSP、WebDirect）"),
			dollars().means("consumed revenue in US dollars; empty: see revenue", "消費収益（米ドル）。空なら revenue 列を使います"),
			revenue().means("consumed revenue in the currency of the column currency, where revenue_usd is empty", "currency 列の通貨による消費収益。revenue_usd が空のときに使います"),
			rowCurrency().means("three-letter code of the currency of revenue", "revenue 列の通貨（3 文字の通貨コード）"),
			count("active_users", func(r *R) **int64 { return &r.ActiveUsers }, func(r *R) *int64 { return &r.users }).means("monthly active users", "月間アクティブ ユーザー数"),
			count("paid_seats", func(r *R) **int64 { return &r.PaidSeats }, func(r *R) *int64 { return &r.seats }).means("paid available seats", "有料シート数"),
			units().means("other units that consumption rates are for; empty: active_users stands in", "消費レートの対象となるその他の単位数。空なら active_users で代用します"),
			text("source_row_id", func(r *R) *string { return &r.Asserted.SourceRow }).means("where the vendor's export attributes one usage row several times: which rows are that one", "ベンダーのエクスポートが 1 つの使用量を複数の行で関連付けている場合に、同じ使用量を示す ID"),
			text("asserted_location", func(r *R) *string { return &r.Asserted.Location }).means("the partner location that the vendor's export credits", "ベンダーのエクスポートが示す拠点"),
			text("asserted_type", func(r *R) *string { return &r.Asserted.Type }).means("and the association type for which: PAL, DPOR, CSP-T1, CSP-T2, CPOR-OSU, CPOR-OSA, CPOR-RevRec, TPOR", "その関連付けの種類（PAL、DPOR、CSP-T1、CSP-T2、CPOR-OSU、CPOR-OSA、CPOR-RevRec、TPOR）"),
			duplicate("dup_pga", 0).means("duplicate within the global account's total", "グローバル アカウント全体での重複"),
			duplicate("dup_type", 1).means("duplicate within the account's total of the type", "関連付けの種類ごとの合計での重複"),
			duplicate("dup_location", 2).means("duplicate within the location's total", "拠点の合計での重複"),
		},
		finish: finishUsage,
	}
}

func usageDay() column[usageLine] {
	return newColumn("day", DateForm,
		func(r *usageLine, cell string) (err error) {
			if cell == "" {
				return nil
			}
			if r.day, err = kizuna.ParseDate(cell); err != nil {
				return err
			}
			if r.day.Month() != r.Month {
				return kizuna.Errorf("day-outside-month", "day %s does not lie in month %s", r.day, r.Month).
					WithMend("correct the day or the month")
			}
			r.Day = &r.day
			return nil
		},
		func(r *usageLine) string {
			if r.Day == nil {
				return ""
			}
			return r.Day.String()
		})
}

// dollars, revenue and rowCurrency fill the same two fields. Dollars go first and
// the other two give way to them.
func dollars() column[usageLine] {
	return newColumn("revenue_usd", DecimalForm,
		func(r *usageLine, cell string) (err error) {
			if cell != "" {
				r.revenue, err = kizuna.ParseDecimal(cell)
				r.Revenue = &r.revenue
			}
			return err
		},
		func(r *usageLine) string {
			if r.Revenue == nil || r.Currency != "" {
				return ""
			}
			return r.Revenue.String()
		})
}

func revenue() column[usageLine] {
	return newColumn("revenue", DecimalForm,
		func(r *usageLine, cell string) (err error) {
			if cell != "" && r.Revenue == nil {
				r.revenue, err = kizuna.ParseDecimal(cell)
				r.Revenue = &r.revenue
				r.Currency = currencyMissing
			}
			return err
		},
		func(r *usageLine) string {
			if r.Revenue == nil || r.Currency == "" {
				return ""
			}
			return r.Revenue.String()
		})
}

// currencyMissing marks a row with revenue until its currency is read.
const currencyMissing = "?"

func rowCurrency() column[usageLine] {
	return newColumn("currency", TextForm,
		func(r *usageLine, cell string) error {
			if r.Currency == currencyMissing && cell != "" {
				if r.Currency = strings.ToUpper(cell); r.Currency == "USD" {
					r.Currency = ""
				}
			}
			return nil
		},
		func(r *usageLine) string { return r.Currency })
}

func finishUsage(r *usageLine) error {
	if r.Currency == currencyMissing {
		return kizuna.Errorf("currency-missing", "the row has a revenue but no currency").
			WithMend("fill in the column currency, or write dollars into revenue_usd")
	}
	return nil
}

func count(name string, field func(*usageLine) **int64, memory func(*usageLine) *int64) column[usageLine] {
	return newColumn(name, WholeForm,
		func(r *usageLine, cell string) (err error) {
			if cell != "" {
				*memory(r), err = whole(cell)
				*field(r) = memory(r)
			}
			return err
		},
		func(r *usageLine) string {
			if n := *field(r); n != nil {
				return strconv.FormatInt(*n, 10)
			}
			return ""
		})
}

func units() column[usageLine] {
	return newColumn("units", DecimalForm,
		func(r *usageLine, cell string) (err error) {
			if cell != "" {
				r.units, err = kizuna.ParseMicro(cell)
				r.Units = &r.units
			}
			return err
		},
		func(r *usageLine) string {
			if r.Units == nil {
				return ""
			}
			return r.Units.String()
		})
}

func duplicate(name string, level int) column[usageLine] {
	field := func(r *usageLine) **bool {
		return [...]**bool{&r.Asserted.DuplicateForAccount, &r.Asserted.DuplicateForType, &r.Asserted.DuplicateForLocation}[level]
	}
	return newColumn(name, FlagForm,
		func(r *usageLine, cell string) (err error) {
			if cell != "" {
				r.duplicates[level], err = flag(cell)
				*field(r) = &r.duplicates[level]
			}
			return err
		},
		func(r *usageLine) string {
			if f := *field(r); f != nil {
				return strconv.FormatBool(*f)
			}
			return ""
		})
}
