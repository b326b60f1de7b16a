package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brana/gateway/admin"
)

type quotaCmd struct {
	Get   quotaGetCmd   `cmd:"" help:"Print the quota of a caller: its limit, its use, and when it is used up."`
	Raise quotaRaiseCmd `cmd:"" help:"Raise the calls of a caller in a rolling hour for a time. It replaces an earlier raise."`
	Grant quotaRaiseCmd `cmd:"" hidden:"" help:"The former name of raise."`
	Reset quotaResetCmd `cmd:"" help:"Forget the calls of a caller in the last hour."`
}

// quotaFlags name a caller and a gateway.
type quotaFlags struct {
	Caller string `arg:"" help:"AGENDA/ROLE/OVM/AIS, as brana explain prints it."`
	Group  string `placeholder:"NAME" help:"Group of services, of a caller whose limits are for groups; get prints all groups without it."`
	Admin  string `default:"127.0.0.1:8081" placeholder:"ADDR" help:"Admin listener of the gateway (${default})."`
	JSON   bool   `name:"json" help:"Print the answer unchanged."`
}

// orderFlags are for the log: who gives an order, and why.
type orderFlags struct {
	Reason string `required:"" placeholder:"TEXT" help:"Why; the log keeps it."`
	By     string `required:"" env:"USER" placeholder:"NAME" help:"Who does it; the log keeps it."`
}

type quotaGetCmd struct{ quotaFlags }

type quotaRaiseCmd struct {
	quotaFlags
	orderFlags
	Calls int64         `required:"" placeholder:"N" help:"Number of additional calls in a rolling hour; 0 ends the raise in force."`
	Until moment        `xor:"end" placeholder:"TIME" help:"Until when, as 2026-01-31T12:00:00+01:00."`
	For   time.Duration `xor:"end" placeholder:"DURATION" help:"For how long instead, as 90m."`
}

// A moment is a time in an argument.
type moment struct{ time.Time }

// UnmarshalText reads a time with its zone (RFC 3339).
func (m *moment) UnmarshalText(text []byte) (err error) {
	if m.Time, err = time.Parse(time.RFC3339, string(text)); err != nil {
		return fmt.Errorf(
			"%q is not a time with a zone: write it as 2026-01-31T12:00:00+01:00", text,
		)
	}
	return nil
}

type quotaResetCmd struct {
	quotaFlags
	orderFlags
}

// Run prints the quota of a caller.
func (q *quotaGetCmd) Run(io stdio) error {
	c, err := q.caller()
	if err != nil {
		return exit(exitUsage, err)
	}
	query := url.Values{"agenda": {c.Agenda}, "role": {c.Role}, "ovm": {c.Ovm}, "ais": {c.Ais}}
	if q.Group != "" {
		query.Set("group", q.Group)
	}
	return q.ask(io, http.MethodGet, "/v1/quotas?"+query.Encode(), nil)
}

// Run grants extra calls and prints the quota after it. Gateways of every version have this path.
func (q *quotaRaiseCmd) Run(io stdio) error {
	switch {
	case q.For != 0:
		q.Until.Time = time.Now().Add(q.For).Round(time.Second)
	case q.Calls != 0 && q.Until.IsZero():
		return exit(
			exitUsage,
			errors.New("say with --until TIME or --for DURATION how long the extra "+
				"calls are in force"),
		)
	}
	return q.order(io, "grant", admin.Order{
		Calls:  &q.Calls,
		Until:  q.Until.Time,
		Reason: q.Reason,
		By:     q.By,
	})
}

// Run has the gateway forget what was used, and prints the quota after it.
func (q *quotaResetCmd) Run(io stdio) error {
	return q.order(io, "reset", admin.Order{Reason: q.Reason, By: q.By})
}

func (q *quotaFlags) caller() (c admin.Caller, err error) {
	parts := strings.Split(q.Caller, "/")
	if len(parts) != 4 {
		return c, fmt.Errorf(
			"%q is not a caller: write AGENDA/ROLE/OVM/AIS, as X999/XR1/12345678/999001", q.Caller,
		)
	}
	return admin.Caller{Agenda: parts[0], Role: parts[1], Ovm: parts[2], Ais: parts[3]}, nil
}

// order sends an order for the caller.
func (q *quotaFlags) order(io stdio, what string, o admin.Order) error {
	c, err := q.caller()
	if err != nil {
		return exit(exitUsage, err)
	}
	o.Caller, o.Group = c, q.Group
	body, err := json.Marshal(o)
	if err != nil {
		return exit(exitUsage, err)
	}
	return q.ask(io, http.MethodPost, "/v1/quotas/"+what, body)
}

const (
	quotaPatience = 5 * time.Second
	quotaBytes    = 64 << 10
)

// ask asks the admin listener and prints its answer.
func (q *quotaFlags) ask(out stdio, method, path string, body []byte) error {
	request, err := http.NewRequest(method, adminURL(q.Admin, path), bytes.NewReader(body))
	if err != nil {
		return exit(exitUsage, fmt.Errorf("--admin %q is not host:port", q.Admin))
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: quotaPatience}).Do(request)
	if err != nil {
		return exit(exitUnreachable, fmt.Errorf("ask %s: %w", q.Admin, err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, quotaBytes))
	if err != nil {
		return exit(exitUnreachable, fmt.Errorf("ask %s: %w", q.Admin, err))
	}
	if response.StatusCode != http.StatusOK {
		return q.refused(response.StatusCode, text)
	}
	if q.JSON {
		_, err := out.out.Write(text)
		return err
	}
	var answer struct {
		admin.Quota
		admin.Quotas
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return exit(exitUnreachable, fmt.Errorf("read the answer of %s: %w", q.Admin, err))
	}
	if answer.Groups == nil {
		answer.Groups = []*admin.Quota{&answer.Quota}
	}
	for i, quota := range answer.Groups {
		if i > 0 {
			fmt.Fprintln(out.out)
		}
		printQuota(out.out, quota)
	}
	return nil
}

// refused is the error of an answer that is no quota.
func (q *quotaFlags) refused(status int, text []byte) error {
	if status == http.StatusMisdirectedRequest {
		return exit(exitUnreachable, misdirected(q.Admin, bytes.NewReader(text)))
	}
	var e admin.Error
	if json.Unmarshal(text, &e) != nil || e.Text == "" {
		return exit(exitUnreachable,
			fmt.Errorf("%s answers %d: is it the admin listener of a gateway?", q.Admin, status))
	}
	code := exitRefused
	switch status {
	case http.StatusBadRequest:
		code = exitUsage
	case http.StatusServiceUnavailable:
		code = exitUnreachable
		e.Text += " (mode " + e.Mode + ")"
	}
	return exit(code, &e)
}

func printQuota(out io.Writer, q *admin.Quota) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-10s "+format+"\n", append([]any{name}, args...)...)
	}
	c := q.Caller
	line("caller", "%s/%s/%s/%s, policy %s", c.Agenda, c.Role, c.Ovm, c.Ais, q.Policy)
	if q.Group != "" {
		line("group", "%s, of %s", q.Group, strings.Join(q.Services, " "))
	}
	line("mode", "%s", q.Mode)
	line("limit", "%d calls an hour (%s)", q.Limit, q.Regime)
	if q.ExtraUntil != nil {
		line("extra", "%d of these until %s", q.Extra, q.ExtraUntil.Format(time.RFC3339))
	}
	line(
		"used", "%d in the last hour (%d in working hours, %d off hours)", q.Used, q.Working, q.Off,
	)
	if q.Leased > 0 {
		line("leased", "up to %d of these are held by gateways for calls to come", q.Leased)
	}
	line("remaining", "%d", q.Remaining)
	line(
		"in flight", "%d of %d slots taken, %d calls running in this gateway",
		q.Slots, q.Concurrent, q.Running,
	)
	switch {
	case q.Exhausted == nil:
		line("pace", "%d calls an hour in the last ten minutes; the quota suffices", q.Pace)
	default:
		line("pace", "%d calls an hour in the last ten minutes; used up at %s", q.Pace,
			q.Exhausted.Format(time.RFC3339))
	}
	if q.Forgotten != nil {
		line("reset", "at %s", q.Forgotten.Format(time.RFC3339))
	}
}
