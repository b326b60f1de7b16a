package admin

import (
	"context"
	"net/http"
	"time"
)

// Accounts finds what is counted of callers.
type Accounts interface {
	// Of returns the accounts of a caller with a valid grant, one for each group of
	// services that has limits of its own, or why there is none.
	Of(c Caller) ([]Account, *Error)
}

// An Account is what is counted of one caller, or of one group of its services. An
// error of its methods says whether the order may have been carried out.
type Account interface {
	// Group is the name of the group, empty for all services of the caller.
	Group() string
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
	Group      string     `json:"group,omitempty"`    // of services; empty: all of the caller
	Services   []string   `json:"services,omitempty"` // of the group
	Policy     string     `json:"policy"`
	Mode       string     `json:"mode"`   // normal
	Regime     string     `json:"regime"` // of working hours, or off hours
	Limit      int64      `json:"limit"`  // calls a rolling hour now, with Extra
	Used       int64      `json:"used"`
	Working    int64      `json:"used_working_hours"`
	Off        int64      `json:"used_off_hours"`
	Leased     int64      `json:"used_in_leases"` // of Used, perhaps not used yet
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

// Quotas is what GET /v1/quotas shows of a caller whose limits are for groups of services,
// when it names none of them.
type Quotas struct {
	Groups []*Quota `json:"groups"`
}

// An Error is why there is no answer, or why an order was not carried out.
type Error struct {
	Text string `json:"error"`
	// Mode is learning, closed, share or open while the counts are unavailable.
	Mode string `json:"mode,omitempty"`

	Status int  `json:"-"` // of HTTP
	Unsure bool `json:"-"` // the order may have been carried out
}

func (e *Error) Error() string { return e.Text }

func badRequest(text string) *Error { return &Error{Text: text, Status: http.StatusBadRequest} }
