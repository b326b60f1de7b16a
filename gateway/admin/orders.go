package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
)

// An Order is what an operator asks to be done to the quota of a caller. Calls
// and Until belong to a grant.
type Order struct {
	Caller
	Group  string    `json:"group,omitempty"` // empty: the caller's only account
	Calls  *int64    `json:"calls,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
}

const (
	orderBytes  = 16 << 10
	reasonBytes = 500
	byBytes     = 100
)

// serveOrder serves one kind of order. The log has a line for each that was
// carried out, or may have been, with who asked for it and why.
func (q quotas) serveOrder(
	done string, do func(context.Context, Account, *Order) *Error,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		order, refused := readOrder(w, r)
		var account Account
		if refused == nil {
			account, refused = q.account(order.Caller, order.Group)
		}
		if refused == nil {
			refused = do(r.Context(), account, order)
			if refused == nil || refused.Unsure {
				q.logOrder(done, account.Policy(), order, r.RemoteAddr, refused)
			}
		}
		if refused == nil {
			answerQuota(w, r, account)
			return
		}
		answer := *refused
		if refused.Unsure {
			answer.Text = "it may have been done, repeating it does no harm: " + refused.Text
		}
		answerJSON(w, refused.Status, &answer)
	}
}

// readOrder reads an order, or says what is wrong with it.
func readOrder(w http.ResponseWriter, r *http.Request) (*Order, *Error) {
	// A page in an operator's browser cannot send this type elsewhere.
	contentType := r.Header.Get("Content-Type")
	if kind, _, _ := mime.ParseMediaType(contentType); kind != "application/json" {
		return nil, badRequest(fmt.Sprintf("Content-Type is %q, not application/json", contentType))
	}
	var o Order
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, orderBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return nil, badRequest(fmt.Sprintf("read the order: %v", err))
	}
	if d.More() {
		return nil, badRequest("read the order: something follows it")
	}
	if refused := checkText("reason", o.Reason, reasonBytes); refused != nil {
		return nil, refused
	}
	if refused := checkText("by", o.By, byBytes); refused != nil {
		return nil, refused
	}
	return &o, nil
}

// checkText checks a text of an order that goes to the log.
func checkText(name, text string, most int) *Error {
	switch {
	case strings.TrimSpace(text) == "":
		return badRequest(name + " is missing: the log says who did it and why")
	case len(text) > most:
		return badRequest(fmt.Sprintf("%s is longer than %d bytes", name, most))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return badRequest(name + " holds control characters")
	}
	return nil
}

func raise(ctx context.Context, a Account, o *Order) *Error {
	switch {
	case o.Calls == nil:
		return badRequest("calls is missing: " +
			"how many more a rolling hour may hold, or 0 to take them back")
	case *o.Calls != 0 && o.Until.IsZero():
		example := time.Now().Add(time.Hour).Format(time.RFC3339)
		return badRequest("until is missing: write it as " + example)
	case *o.Calls == 0:
		now, refused := a.Quota(ctx)
		if refused != nil {
			return refused
		}
		if now.Extra == 0 {
			return &Error{Text: "no extra calls are in force", Status: http.StatusConflict}
		}
		if now.ExtraUntil != nil {
			o.Until = *now.ExtraUntil
		}
	}
	return a.Raise(ctx, *o.Calls, o.Until)
}

func reset(ctx context.Context, a Account, o *Order) *Error {
	if o.Calls != nil || !o.Until.IsZero() {
		return badRequest("calls and until belong to a grant; a reset forgets all that was used")
	}
	return a.Forget(ctx)
}

// logOrder writes the line of an order that was carried out, or may have been;
// err is why that is not known.
func (q quotas) logOrder(done, policy string, o *Order, from string, err *Error) {
	fields := []zap.Field{
		zap.Dict("caller",
			zap.String("agenda", o.Agenda),
			zap.String("role", o.Role),
			zap.String("ovm", o.Ovm),
			zap.String("ais", o.Ais)),
		zap.String("by", o.By),
		zap.String("from", from),
		zap.String("reason", o.Reason),
		zap.String("policy", policy),
	}
	if o.Group != "" {
		fields = append(fields, zap.String("group", o.Group))
	}
	if o.Calls != nil {
		fields = append(fields, zap.Int64("calls", *o.Calls), zap.Time("until", o.Until))
	}
	if err != nil {
		q.log.Warn(done+", perhaps", append(fields, zap.Error(err))...)
		return
	}
	q.log.Info(done, fields...)
}
