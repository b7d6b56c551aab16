package record_test

import (
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna/association/access"
	"github.com/kizuna-org/kizuna/association/csp"
	"github.com/kizuna-org/kizuna/association/pal"
	"github.com/kizuna-org/kizuna/company"
	"github.com/kizuna-org/kizuna/people/profile"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/store"
)

func TestMergedAccountsScoreAsOneAndNothingCountsTwice(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		l.companies()
		l.subscription("MCA", "")
		must(l.Access(ctx, l.as("customer:T1/admin"), access.Grant, record.Role{Tenant: "T1", Object: "O1", Role: "Contributor", Scope: resource}, 0))(l)
		must(l.Link(ctx, l.as("identity:T1/O1"), pal.Create, "L3"))(l)

		l.on("2023-05-10")
		must(l.Merging(ctx, l.as("partner:G1/admin"), company.OfferMerge, "G2"))(l)
		_, err := l.ConfirmMerge(ctx, l.as("partner:G1/admin"), "G2")
		l.refuses("lifecycle-action", err)
		must(l.Merging(ctx, l.as("partner:G2/admin"), company.AcceptMerge, "G2"))(l)
		_, err = l.ConfirmMerge(ctx, l.as("partner:G2/admin"), "G2")
		l.refuses("company-other", err)
		merged := must(l.ConfirmMerge(ctx, l.as("partner:G1/admin"), "G2"))(l)
		if got := types(merged.Events); got != "account.merged location.moved location.added" || merged.Value.Into != "G1" {
			t.Errorf("%s, %+v", got, merged.Value)
		}
		// The link came along, and the ended account is a location.
		if got := listOf(l.PartnerLinks(ctx, l.view("partner:G1/u"), store.Query{})); got != "t1/o1" {
			t.Errorf("G1 sees %q", got)
		}
		if got := listOf(l.Locations(ctx, l.view("partner:G1/u"), store.Query{})); got != "g2 l1 l2 l3" {
			t.Errorf("locations %q", got)
		}
		facts, persons, err := l.Facts(ctx, store.View{Scope: store.Everything})
		if err != nil {
			t.Fatal(err)
		}
		points := func(day, account string) string {
			e, err := ask(t, &facts, &persons, day).Explain(account, "infrastructure", "", "net_customer_adds", false)
			if err != nil {
				return err.Error()
			}
			return e.Score.Points.String()
		}
		if got := points("2023-05-01", "G2") + " " + points("2023-05-01", "G1"); got != "10 0" {
			t.Errorf("before the merge: %s", got)
		}
		if got := points("2023-06-01", "G2") + " " + points("2023-06-01", "G1"); got != "0 10" {
			t.Errorf("after it: %s", got)
		}
	})
}

func TestALocationIsDeletedOnceNothingNamesIt(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		ctx := t.Context()
		admin := l.as("partner:G1/admin")
		l.companies()
		l.subscription("CSP", "")
		must(l.Link(ctx, l.as("identity:T1/O1"), pal.Create, "L1"))(l)
		must(l.Sale(ctx, l.as("vendor:sales"), csp.Sell, "S1", csp.Parties{Seller: "L3", Reseller: "L1"}))(l)
		must(l.Invite(ctx, l.as("partner:L1/admin"), record.Invitation{MCID: "M1"}))(l)
		must(l.Profile(ctx, l.as("person:M1"), profile.Link, "M1", "L1"))(l)

		_, err := l.DeleteLocation(ctx, admin, "L1")
		l.refuses("location-named", err)
		if err == nil || !strings.Contains(err.Error(), "pal T1/O1, csp S1, profile M1") {
			t.Errorf("%v does not name what names it", err)
		}
		_, err = l.CloseAccount(ctx, admin, "G1")
		l.refuses("account-named", err)
		o := must(l.MoveAssociations(ctx, admin, "L1", "L2"))(l)
		if len(o.Events) != 3 || o.Events[0].Detail["by"] != "identity" || o.Events[1].Detail["by"] != "vendor" || o.Events[2].Detail["by"] != "person" {
			t.Errorf("%+v", o.Events)
		}
		must(l.Link(ctx, l.as("identity:T1/O1"), pal.Update, "L2"))(l)
		must(l.Sale(ctx, l.as("vendor:sales"), csp.ChangeReseller, "S1", csp.Parties{Seller: "L3", Reseller: "L2"}))(l)
		must(l.Profile(ctx, l.as("person:M1"), profile.Unlink, "M1", ""))(l)
		must(l.DeleteLocation(ctx, admin, "L1"))(l)
		// Nobody comes to a location that is gone.
		_, err = l.Profile(ctx, l.as("person:M1"), profile.Link, "M1", "L1")
		l.refuses("partner-id-unknown", err)
		_, err = l.DeleteLocation(ctx, l.as("partner:G2/admin"), "L3")
		l.refuses("location-named", err)
	})
}

func TestAnIdIsAnAccountsOrALocations(t *testing.T) {
	onEveryStore(t, func(t *testing.T, l *life) {
		l.companies()
		_, err := l.OpenAccount(t.Context(), l.as("operator"), "l1", "")
		l.refuses("company-id-taken", err)
		_, err = l.AddLocation(t.Context(), l.as("operator"), record.NewLocation{ID: "g2", Account: "G1"})
		l.refuses("company-id-taken", err)
	})
}
