package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/store"
	"github.com/kizuna-org/kizuna/store/sqlite"
)

// However many ids a question names, and however many things there are of its kinds,
// SQLite looks only at what bears one of the ids.
func TestQuestionsAboutSomeDoNotReadAll(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "kizuna.db"), store.Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ids := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprint("id", i))
		}
		return out
	}
	for _, also := range [][]store.Kind{nil, {"b", "c", "d"}} {
		for _, known := range []kizuna.Moment{0, 7} {
			for index, questions := range map[string][]store.Query{
				"records_tenant":  {{Tenant: "id"}, {Tenants: ids(1)}, {Tenants: ids(2)}, {Tenants: ids(8)}, {Tenants: ids(500)}},
				"records_subject": {{Subject: "id"}, {Subjects: ids(1)}, {Subjects: ids(64)}, {Tenant: "id", Subject: "id"}},
				"records_second":  {{Location: "id"}},
			} {
				for _, q := range questions {
					q.Kind, q.Also = "a", also
					plan, err := s.PlanOf(t.Context(), store.View{Scope: store.Everything, KnownAt: known}, q)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(strings.Join(plan, "\n"), index) {
						t.Errorf("%d kinds, %s: not by %s:\n%s", 1+len(also), fmt.Sprintf("%.60v", q), index, strings.Join(plan, "\n"))
					}
				}
			}
		}
	}
}

// What no database can hold is not there, whatever it is asked by.
func TestWhatCannotBeStoredIsNotFound(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "kizuna.db"), store.Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, id := range []string{"", "a\x00b", "\xff"} {
		questions := []store.Query{{Tenants: []string{id}}, {Subjects: []string{id}}}
		if id != "" { // otherwise nothing is asked for
			questions = append(questions, store.Query{Tenant: id}, store.Query{Subject: id}, store.Query{Location: id})
		}
		for _, q := range questions {
			q.Kind = "a"
			for _, err := range s.Find(t.Context(), store.View{Scope: store.Everything}, q) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
}
