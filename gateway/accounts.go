package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"brana/egon"
	"brana/gateway/admin"
	"brana/limits"
	"brana/policy"
)

// accounts finds the accounts of callers by the policy in force.
type accounts struct {
	policy *policy.Store
	quotas Quotas
}

// Of returns the accounts of a caller with a valid grant, one for each group of its limits.
func (a accounts) Of(c admin.Caller) ([]admin.Account, *admin.Error) {
	snapshot := a.policy.Current()
	grant, why, hint := snapshot.Grant(egon.Quadruple(c), time.Now())
	if why != policy.NoReason {
		return nil, &admin.Error{Text: ungranted(c, why, hint), Status: http.StatusNotFound}
	}
	var all []admin.Account
	for _, l := range grant.Limits {
		one := account{
			quotas: a.quotas,
			caller: c,
			call: limits.Call{
				Key:      keyOf(c.Agenda, c.Role, c.Ovm, c.Ais, l.Account()),
				Rule:     ruleOf(l),
				WhenDown: whenDown(l.WhenRedisIsDown),
			},
			group:   l.Group,
			version: snapshot.Version(),
		}
		if l.Group != "" {
			one.services = grant.InGroup(l.Group)
		}
		all = append(all, one)
	}
	return all, nil
}

// keyOf is the key under which calls of a quadruple are counted, of one of its accounts.
func keyOf(agenda, role, ovm, ais, account string) limits.Key {
	if account == "" {
		return limits.KeyOf(agenda, role, ovm, ais)
	}
	return limits.KeyOf(agenda, role, ovm, ais, account)
}

// ungranted says why a caller has no grant now.
func ungranted(c admin.Caller, why policy.Reason, hint string) string {
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
		return fmt.Sprintf("no grant of %s/%s/%s has ais %q%s",
			c.Agenda, c.Role, c.Ovm, c.Ais, hint)
	}
}

// An account is what the limits count of one caller, or of one group of its services.
type account struct {
	quotas   Quotas
	caller   admin.Caller
	call     limits.Call
	group    string // empty: all services of the caller
	services []string
	version  string // of the policy
}

// Group is the name of the group of services, empty for all services of the caller.
func (a account) Group() string { return a.group }

// Policy is the version of the policy by which the caller has its grant.
func (a account) Policy() string { return a.version }

// Quota returns what is counted now.
func (a account) Quota(ctx context.Context) (*admin.Quota, *admin.Error) {
	u, err := a.quotas.Usage(ctx, a.call)
	if err != nil {
		return nil, a.uncounted(err)
	}
	return a.quota(&u), nil
}

// Raise grants extra calls until a moment.
func (a account) Raise(ctx context.Context, calls int64, until time.Time) *admin.Error {
	return a.orderError(a.quotas.Raise(ctx, a.call, calls, until))
}

// Forget forgets the calls of the hour.
func (a account) Forget(ctx context.Context) *admin.Error {
	return a.orderError(a.quotas.Forget(ctx, a.call))
}

// orderError is why an order was not carried out, or nil.
func (a account) orderError(err error) *admin.Error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, limits.ErrExtra):
		return &admin.Error{Text: err.Error(), Status: http.StatusBadRequest}
	case errors.Is(err, limits.ErrLearning):
		return a.uncounted(err)
	}
	unsure := a.uncounted(err)
	unsure.Unsure = true
	return unsure
}

// uncounted says that the counts are unavailable, and what holds meanwhile.
func (a account) uncounted(err error) *admin.Error {
	mode := a.call.WhenDown.String()
	if errors.Is(err, limits.ErrLearning) {
		mode = "learning"
	}
	return &admin.Error{Text: err.Error(), Mode: mode, Status: http.StatusServiceUnavailable}
}

func (a account) quota(u *limits.Usage) *admin.Quota {
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return &admin.Quota{
		Caller:     a.caller,
		Group:      a.group,
		Services:   a.services,
		Policy:     a.version,
		Mode:       "normal",
		Regime:     u.Regime.String(),
		Limit:      u.Quota,
		Used:       u.Working + u.Off,
		Working:    u.Working,
		Off:        u.Off,
		Leased:     u.Leased,
		Remaining:  u.Remaining,
		Concurrent: u.Concurrent,
		Slots:      u.Slots,
		Running:    u.Running,
		Extra:      u.Extra,
		ExtraUntil: known(u.ExtraUntil),
		Forgotten:  known(u.Forgotten),
		Pace:       u.Pace,
		Exhausted:  known(u.Exhausted),
	}
}

// ruleOf is the rule of a grant in the terms of limits.
func ruleOf(l policy.Limits) limits.Rule {
	return limits.Rule{Working: l.Working, Off: l.Off, Concurrent: l.Concurrent}
}

// whenDown is the mode in which a grant has calls decided without counts.
func whenDown(mode policy.WhenDown) limits.Mode {
	switch mode {
	case policy.Share:
		return limits.Share
	case policy.Open:
		return limits.Open
	}
	return limits.Closed
}
