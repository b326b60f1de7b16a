package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// A Quota is what /v1/quotas says of a caller.
type Quota struct {
	Caller     QuotaCaller `json:"caller"`
	Policy     string      `json:"policy"`
	Mode       string      `json:"mode"` // normal; learning, closed, share or open when the counts cannot be had
	Regime     string      `json:"regime"`
	Limit      int64       `json:"limit"` // calls a rolling hour now, with Extra
	Used       int64       `json:"used"`
	Working    int64       `json:"used_working_hours"`
	Off        int64       `json:"used_off_hours"`
	Leased     int64       `json:"used_in_leases"` // of Used, those that a gateway may not have used yet
	Remaining  int64       `json:"remaining"`
	Concurrent int         `json:"concurrent"`
	Slots      int         `json:"slots"`
	Running    int         `json:"running_here"`
	Extra      int64       `json:"extra"`
	ExtraUntil *time.Time  `json:"extra_until"`
	Forgotten  *time.Time  `json:"forgotten"` // when what was used was last forgotten
	Pace       int64       `json:"pace"`      // calls an hour, of the last ten minutes
	Exhausted  *time.Time  `json:"exhausted"` // at this pace; null: not within this hour and regime
}

// QuotaCaller is a quadruple.
type QuotaCaller struct {
	Agenda string `json:"agenda"`
	Role   string `json:"role"`
	Ovm    string `json:"ovm"`
	Ais    string `json:"ais"`
}

// A QuotaOrder is what an operator asks for. Calls and Until belong to a grant.
type QuotaOrder struct {
	QuotaCaller
	Calls  *int64    `json:"calls,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
}

// A QuotaError is why there is no answer.
type QuotaError struct {
	Text string `json:"error"`
	Mode string `json:"mode,omitempty"` // of a Quota, when the counts cannot be had

	status int
}

func (e *QuotaError) Error() string { return e.Text }

const (
	orderBytes  = 16 << 10
	reasonBytes = 500
	byBytes     = 100
)

func (g *Gateway) serveQuotas(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/quotas", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		g.tellQuota(w, r, QuotaCaller{q.Get("agenda"), q.Get("role"), q.Get("ovm"), q.Get("ais")})
	})
	mux.HandleFunc("POST /v1/quotas/grant", g.order("quota granted", g.grantQuota))
	mux.HandleFunc("POST /v1/quotas/reset", g.order("quota reset", g.resetQuota))
}

// account is a caller with a valid grant, as the limits know it.
type account struct {
	limits.Call
	version string
}

func (g *Gateway) account(c QuotaCaller) (account, *QuotaError) {
	for _, part := range []struct{ name, value string }{{"agenda", c.Agenda}, {"role", c.Role}, {"ovm", c.Ovm}, {"ais", c.Ais}} {
		if part.value == "" {
			return account{}, &QuotaError{Text: part.name + " is missing: a caller is agenda, role, ovm and ais", status: http.StatusBadRequest}
		}
	}
	snapshot := g.parts.Policy.Current()
	grant, why, hint := snapshot.Grant(egon.Quadruple(c), time.Now())
	if why != policy.NoReason {
		return account{}, &QuotaError{Text: c.ungranted(why, hint), status: http.StatusNotFound}
	}
	return account{limits.Call{Key: limits.KeyOf(c.Agenda, c.Role, c.Ovm, c.Ais), Rule: ruleOf(grant.Limits),
		WhenDown: whenDown(grant.Limits.WhenRedisIsDown)}, snapshot.Version()}, nil
}

// ungranted says why a caller has no grant now.
func (c QuotaCaller) ungranted(why policy.Reason, hint string) string {
	if hint != "" {
		hint = "; it would be " + hint
	}
	switch why {
	case policy.UnknownAgenda:
		return fmt.Sprintf("no grant of this environment has agenda %q%s", c.Agenda, hint)
	case policy.UnknownRole:
		return fmt.Sprintf("no grant of agenda %s has role %q%s", c.Agenda, c.Role, hint)
	case policy.UnknownOvm:
		return fmt.Sprintf("no grant of %s/%s has ovm %q%s", c.Agenda, c.Role, c.Ovm, hint)
	case policy.NotYetValid:
		return "the grant of this caller is not valid yet"
	case policy.Expired:
		return "the grant of this caller is no longer valid"
	default:
		return fmt.Sprintf("no grant of %s/%s/%s has ais %q%s", c.Agenda, c.Role, c.Ovm, c.Ais, hint)
	}
}

// tellQuota answers with the quota of a caller.
func (g *Gateway) tellQuota(w http.ResponseWriter, r *http.Request, c QuotaCaller) {
	a, refused := g.account(c)
	if refused == nil {
		var u limits.Usage
		if u, refused = g.usage(r.Context(), a); refused == nil {
			answerJSON(w, http.StatusOK, quotaOf(c, a, &u))
			return
		}
	}
	answerJSON(w, refused.status, refused)
}

func (g *Gateway) usage(ctx context.Context, a account) (limits.Usage, *QuotaError) {
	u, err := g.parts.Quotas.Usage(ctx, a.Call)
	if err != nil {
		return u, a.uncounted(err)
	}
	return u, nil
}

// uncounted is that the counts could not be had, and what holds meanwhile.
func (a account) uncounted(err error) *QuotaError {
	mode := a.WhenDown.String()
	if errors.Is(err, limits.ErrLearning) {
		mode = "learning"
	}
	return &QuotaError{Text: err.Error(), Mode: mode, status: http.StatusServiceUnavailable}
}

func quotaOf(c QuotaCaller, a account, u *limits.Usage) Quota {
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return Quota{Caller: c, Policy: a.version, Mode: "normal", Regime: u.Regime.String(), Limit: u.Quota,
		Used: u.Working + u.Off, Working: u.Working, Off: u.Off, Leased: u.Leased, Remaining: u.Remaining,
		Concurrent: u.Concurrent, Slots: u.Slots, Running: u.Running, Extra: u.Extra, ExtraUntil: known(u.ExtraUntil),
		Forgotten: known(u.Forgotten), Pace: u.Pace, Exhausted: known(u.Exhausted)}
}

// order serves what an operator asks to be done. What was done, or may have
// been, is a line of the log with who asked for it and why.
func (g *Gateway) order(done string, do func(context.Context, account, *QuotaOrder) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		order, refused := readOrder(w, r)
		var a account
		if refused == nil {
			a, refused = g.account(order.QuotaCaller)
		}
		if refused != nil {
			answerJSON(w, refused.status, refused)
			return
		}
		err := do(r.Context(), a, order)
		switch {
		case errors.As(err, &refused):
		case errors.Is(err, limits.ErrExtra):
			refused = &QuotaError{Text: err.Error(), status: http.StatusBadRequest}
		case errors.Is(err, limits.ErrLearning):
			refused = a.uncounted(err)
		default:
			g.logOrder(done, a, order, r.RemoteAddr, err)
			if err == nil {
				g.tellQuota(w, r, order.QuotaCaller)
				return
			}
			refused = a.uncounted(fmt.Errorf("it may have been done, look before you ask again: %w", err))
		}
		answerJSON(w, refused.status, refused)
	}
}

// readOrder reads an order and says what in it is wrong.
func readOrder(w http.ResponseWriter, r *http.Request) (*QuotaOrder, *QuotaError) {
	wrong := func(format string, args ...any) (*QuotaOrder, *QuotaError) {
		return nil, &QuotaError{Text: fmt.Sprintf(format, args...), status: http.StatusBadRequest}
	}
	// A page in an operator's browser cannot send this type elsewhere.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return wrong("Content-Type is %q, not application/json", r.Header.Get("Content-Type"))
	}
	var o QuotaOrder
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, orderBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return wrong("read the order: %v", err)
	}
	if d.More() {
		return wrong("read the order: something follows it")
	}
	for _, text := range []struct {
		name, value string
		most        int
	}{{"reason", o.Reason, reasonBytes}, {"by", o.By, byBytes}} {
		switch {
		case strings.TrimSpace(text.value) == "":
			return wrong("%s is missing: the log says who did it and why", text.name)
		case len(text.value) > text.most:
			return wrong("%s is longer than %d bytes", text.name, text.most)
		case !utf8.ValidString(text.value) || strings.ContainsFunc(text.value, unicode.IsControl):
			return wrong("%s holds control characters", text.name)
		}
	}
	return &o, nil
}

func (g *Gateway) grantQuota(ctx context.Context, a account, o *QuotaOrder) error {
	switch {
	case o.Calls == nil:
		return &QuotaError{Text: "calls is missing: how many more a rolling hour may hold, or 0 to take them back", status: http.StatusBadRequest}
	case *o.Calls != 0 && o.Until.IsZero():
		return &QuotaError{Text: "until is missing: write it as " + time.Now().Add(time.Hour).Format(time.RFC3339), status: http.StatusBadRequest}
	case *o.Calls == 0:
		u, refused := g.usage(ctx, a)
		if refused != nil {
			return refused
		}
		if u.Extra == 0 {
			return &QuotaError{Text: "no extra calls are in force", status: http.StatusConflict}
		}
		o.Until = u.ExtraUntil
	}
	return g.parts.Quotas.Raise(ctx, a.Call, *o.Calls, o.Until)
}

func (g *Gateway) resetQuota(ctx context.Context, a account, o *QuotaOrder) error {
	if o.Calls != nil || !o.Until.IsZero() {
		return &QuotaError{Text: "calls and until belong to a grant; a reset forgets all that was used", status: http.StatusBadRequest}
	}
	return g.parts.Quotas.Forget(ctx, a.Call)
}

func (g *Gateway) logOrder(done string, a account, o *QuotaOrder, from string, err error) {
	fields := []zap.Field{zap.Dict("caller", zap.String("agenda", o.Agenda), zap.String("role", o.Role), zap.String("ovm", o.Ovm), zap.String("ais", o.Ais)),
		zap.String("by", o.By), zap.String("from", from), zap.String("reason", o.Reason), zap.String("policy", a.version)}
	if o.Calls != nil {
		fields = append(fields, zap.Int64("calls", *o.Calls), zap.Time("until", o.Until))
	}
	if err != nil {
		g.parts.Log.Warn(done+", perhaps", append(fields, zap.Error(err))...)
		return
	}
	g.parts.Log.Info(done, fields...)
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that left reads nothing
}
