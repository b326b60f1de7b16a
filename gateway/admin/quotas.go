package admin

import (
	"encoding/json"
	"net/http"

	"go.uber.org/zap"
)

// quotas serves /v1/quotas.
type quotas struct {
	accounts Accounts
	log      *zap.Logger
}

// serve answers with the quota of a caller.
func (q quotas) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	account, refused := q.account(Caller{
		Agenda: query.Get("agenda"),
		Role:   query.Get("role"),
		Ovm:    query.Get("ovm"),
		Ais:    query.Get("ais"),
	})
	if refused != nil {
		answerJSON(w, refused.Status, refused)
		return
	}
	answerQuota(w, r, account)
}

// account finds the account of a caller that is named in full.
func (q quotas) account(c Caller) (Account, *Error) {
	for _, part := range []struct{ name, value string }{
		{"agenda", c.Agenda}, {"role", c.Role}, {"ovm", c.Ovm}, {"ais", c.Ais},
	} {
		if part.value == "" {
			return nil, badRequest(part.name + " is missing: a caller is agenda, role, ovm and ais")
		}
	}
	return q.accounts.Account(c)
}

func answerQuota(w http.ResponseWriter, r *http.Request, account Account) {
	quota, refused := account.Quota(r.Context())
	if refused != nil {
		answerJSON(w, refused.Status, refused)
		return
	}
	answerJSON(w, http.StatusOK, quota)
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that left reads nothing
}
