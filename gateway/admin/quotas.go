package admin

import (
	"context"
	"net/http"
	"time"
)

// Accounts finds what is counted of callers.
type Accounts interface {
	// Account returns the account of a caller with a valid grant, or why there is
	// none.
	Account(c Caller) (Account, *Error)
}

// An Account is what is counted of one caller. An error of its methods says
// whether the order may have been carried out.
type Account interface {
	// Policy is the version of the policy by which the caller has its grant.
	Policy() string
	Quota(ctx context.Context) (*Quota, *Error)
	// Raise grants extra calls of a rolling hour until a moment, in the place of
	// those before. Zero calls take them back.
	Raise(ctx context.Context, calls int64, until time.Time) *Error
	// Forget forgets the calls of the hour.
	Forget(ctx context.Context) *Error
}

// A Caller is the quadruple by which calls are counted.
type Caller struct {
	Agenda string `json:"agenda"`
	Role   string `json:"role"`
	Ovm    string `json:"ovm"`
	Ais    string `json:"ais"`
}

// A Quota is what GET /v1/quotas shows of a caller.
type Quota struct {
	Caller     Caller     `json:"caller"`
	Policy     string     `json:"policy"`
	Mode       string     `json:"mode"`   // normal
	Regime     string     `json:"regime"` // of working hours, or off hours
	Limit      int64      `json:"limit"`  // calls a rolling hour now, with Extra
	Used       int64      `json:"used"`
	Working    int64      `json:"used_working_hours"`
	Off        int64      `json:"used_off_hours"`
	Leased     int64      `json:"used_in_leases"` // of Used, permits that a gateway may not have used yet
	Remaining  int64      `json:"remaining"`
	Concurrent int        `json:"concurrent"`
	Slots      int        `json:"slots"`
	Running    int        `json:"running_here"`
	Extra      int64      `json:"extra"`
	ExtraUntil *time.Time `json:"extra_until"`
	Forgotten  *time.Time `json:"forgotten"` // when an operator last reset the quota
	Pace       int64      `json:"pace"`      // calls an hour, at the rate of the last ten minutes
	Exhausted  *time.Time `json:"exhausted"` // at this pace; null: not within this hour and regime
}

// An Error is why there is no answer, or why an order was not carried out.
type Error struct {
	Text string `json:"error"`
	Mode string `json:"mode,omitempty"` // while the counts are unavailable: learning, closed, share or open

	Status int  `json:"-"` // of HTTP
	Unsure bool `json:"-"` // the order may have been carried out
}

func (e *Error) Error() string { return e.Text }

func badRequest(text string) *Error { return &Error{Text: text, Status: http.StatusBadRequest} }

func (a *admin) addQuotas(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/quotas", a.serveQuota)
	mux.HandleFunc("POST /v1/quotas/grant", a.serveOrder("quota granted", raise))
	mux.HandleFunc("POST /v1/quotas/reset", a.serveOrder("quota reset", reset))
}

func (a *admin) serveQuota(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	account, refused := a.account(Caller{q.Get("agenda"), q.Get("role"), q.Get("ovm"), q.Get("ais")})
	if refused != nil {
		answerJSON(w, refused.Status, refused)
		return
	}
	answerQuota(w, r, account)
}

// account finds the account of a caller that is named in full.
func (a *admin) account(c Caller) (Account, *Error) {
	for _, part := range []struct{ name, value string }{
		{"agenda", c.Agenda}, {"role", c.Role}, {"ovm", c.Ovm}, {"ais", c.Ais},
	} {
		if part.value == "" {
			return nil, badRequest(part.name + " is missing: a caller is agenda, role, ovm and ais")
		}
	}
	return a.Accounts.Account(c)
}

func answerQuota(w http.ResponseWriter, r *http.Request, account Account) {
	quota, refused := account.Quota(r.Context())
	if refused != nil {
		answerJSON(w, refused.Status, refused)
		return
	}
	answerJSON(w, http.StatusOK, quota)
}
