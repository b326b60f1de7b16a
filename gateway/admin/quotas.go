package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"
)

// quotas serves /v1/quotas.
type quotas struct {
	accounts Accounts
	log      *zap.Logger
}

// serve answers with the quota of a caller, of one group of its services or of each.
func (q quotas) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	c := Caller{
		Agenda: query.Get("agenda"),
		Role:   query.Get("role"),
		Ovm:    query.Get("ovm"),
		Ais:    query.Get("ais"),
	}
	all, refused := q.of(c)
	if group := query.Get("group"); refused == nil && (len(all) == 1 || group != "") {
		var one Account
		if one, refused = pick(all, group); refused == nil {
			answerQuota(w, r, one)
			return
		}
	}
	if refused != nil {
		answerJSON(w, refused.Status, refused)
		return
	}
	answerQuotas(w, r, all)
}

// account finds the account of a caller that is named in full, of a group of its services.
func (q quotas) account(c Caller, group string) (Account, *Error) {
	all, refused := q.of(c)
	if refused != nil {
		return nil, refused
	}
	return pick(all, group)
}

// of finds the accounts of a caller that is named in full.
func (q quotas) of(c Caller) ([]Account, *Error) {
	for _, part := range []struct{ name, value string }{
		{"agenda", c.Agenda}, {"role", c.Role}, {"ovm", c.Ovm}, {"ais", c.Ais},
	} {
		if part.value == "" {
			return nil, badRequest(part.name + " is missing: a caller is agenda, role, ovm and ais")
		}
	}
	return q.accounts.Of(c)
}

// pick returns the account of a group. Without a name it is the only account.
func pick(all []Account, group string) (Account, *Error) {
	var names []string
	for _, one := range all {
		if one.Group() == group || group == "" && len(all) == 1 {
			return one, nil
		}
		names = append(names, one.Group())
	}
	groups := strings.Join(names, " and ")
	switch {
	case group == "":
		return nil, badRequest("the limits of this caller are for the groups " + groups +
			": name one of them")
	case len(all) == 1 && groups == "":
		return nil, badRequest("this caller has one quota for all its services: name no group")
	}
	return nil, &Error{
		Text:   fmt.Sprintf("no limits of this caller are for the group %q; it has %s", group, groups),
		Status: http.StatusNotFound,
	}
}

func answerQuota(w http.ResponseWriter, r *http.Request, account Account) {
	quota, refused := account.Quota(r.Context())
	if refused != nil {
		answerJSON(w, refused.Status, refused)
		return
	}
	answerJSON(w, http.StatusOK, quota)
}

// answerQuotas answers with all quotas of a caller, or with the first error.
func answerQuotas(w http.ResponseWriter, r *http.Request, all []Account) {
	var answer Quotas
	for _, one := range all {
		quota, refused := one.Quota(r.Context())
		if refused != nil {
			answerJSON(w, refused.Status, refused)
			return
		}
		answer.Groups = append(answer.Groups, quota)
	}
	answerJSON(w, http.StatusOK, &answer)
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that left reads nothing
}
