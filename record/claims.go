package record

import (
	"github.com/kizuna-org/kizuna/association"
	"github.com/kizuna-org/kizuna/association/claim"
	"github.com/kizuna-org/kizuna/store"
)

// claims is how claims are kept.
var claims = &life[claim.Claim]{
	kind: "claim",
	concerns: func(c *claim.Claim) store.Concerns {
		return store.Concerns{
			Tenant: association.Fold(c.Tenant), Location: association.Fold(c.Location), Subject: association.Fold(c.Subscription),
		}
	},
}
