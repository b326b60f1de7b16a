package limitstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"brana/limits"

	"pgregory.net/rapid"
)

// Chance draws a number in [0, n). It comes from rapid, which shrinks failures, or from a seed,
// where a mutant must be caught.
type Chance func(n int) int

// FromRapid draws from rapid.
func FromRapid(t *rapid.T) Chance {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "chance") }
}

// An Oracle makes random calls of one caller at a store and judges each decision by an exact log of
// the calls.
type Oracle struct {
	Store    Store
	calendar *limits.Calendar
	clock    *Clock
	chance   Chance
	Call     limits.Call
	Late     time.Duration // see Traits
	log      []loggedCall
	running  []runningCall

	Scale      int    // multiplies the calls, the quotas and the slots
	RuleVaries bool   // the rule is drawn anew from time to time
	Before     func() // is called before each admission; nil: nothing
	// RunningLags returns whether Running of a decision may lag behind; nil: it never does.
	RunningLags func(limits.Decision) bool
}

type runningCall struct {
	slot    limits.Slot
	expires int64
}

type loggedCall struct {
	at int64
	in limits.Regime
}

// NewOracle draws a rule and a moment, and moves the clock there.
func NewOracle(s Store, calendar *limits.Calendar, clock *Clock, chance Chance) *Oracle {
	rule := Rule(int64(1+chance(6)), int64(1+chance(6)), 1+chance(4))
	lifetimes := [...]time.Duration{
		time.Millisecond, limits.Grain, time.Minute, limits.Window, 2 * limits.Window,
	}
	lifetime := lifetimes[chance(len(lifetimes))]
	o := &Oracle{
		Store: s, calendar: calendar, clock: clock, chance: chance, Scale: 1,
		Call: limits.Call{Key: limits.KeyOf("oracle"), Rule: rule, Lifetime: lifetime},
	}
	// At half past an hour, the regime changed less than an hour ago, or will within it, or
	// neither.
	hours := [...]int{5, 6, 7, 10, 15, 16, 17}
	day := time.Date(2026, 3, 4, hours[chance(len(hours))], 30, chance(60), 0, Zone())
	for day.UnixMilli() <= clock.Millis() { // clocks of gateways never go back
		day = day.AddDate(0, 0, 7)
	}
	clock.Set(day.UnixMilli())
	return o
}

// DrawRule draws a rule.
func (o *Oracle) DrawRule() {
	working, off, concurrent := 1+o.chance(6), 1+o.chance(6), 1+o.chance(4)
	o.Call.Rule = Rule(int64(o.Scale*working), int64(o.Scale*off), o.Scale*concurrent)
}

// Run makes, ends and renews calls and waits, at random. It returns the first wrong decision as an
// error.
func (o *Oracle) Run() error {
	for range 40 {
		var err error
		switch o.chance(8) {
		case 0, 1, 2:
			for range (1 + o.chance(6)) * o.Scale {
				if _, err = o.admit(); err != nil {
					break
				}
			}
		case 3:
			for range o.Scale {
				err = errors.Join(err, o.release())
			}
			if err == nil {
				err = o.renew()
			}
			if o.RuleVaries {
				o.DrawRule()
			}
		case 4:
			err = o.waitRetryAfter()
		default:
			o.jump()
		}
		if err != nil {
			return fmt.Errorf("%v, rule %+v, lifetime %v: %w",
				o.clock.Now().In(Zone()), o.Call.Rule, o.Call.Lifetime, err)
		}
	}
	return nil
}

// grain is the width of a bucket of a small quota, in milliseconds.
const grain = int64(time.Second / time.Millisecond)

// jump moves the clock to where mistakes would show: the ends of buckets, of hours since a call, of
// regimes and of lifetimes.
func (o *Oracle) jump() {
	now := o.clock.Millis()
	to := now
	switch o.chance(6) {
	case 0:
		to = (now/grain + 1 + int64(o.chance(3))) * grain
	case 1:
		to = now + int64(o.chance(1_200_000))
	case 2:
		to = o.calendar.NextChange(o.clock.Now()).UnixMilli()
		if to > now+2*limits.Window.Milliseconds() {
			to = now
		}
	case 3:
		to = now + o.Call.Lifetime.Milliseconds()
	default:
		if len(o.log) > 0 {
			call := o.log[o.chance(len(o.log))].at
			edges := [...]int64{call, call - call%grain, call - call%grain + grain}
			to = edges[o.chance(len(edges))] + (limits.Window + o.Late).Milliseconds()
		}
	}
	o.clock.Set(max(now, to-1+int64(o.chance(3))))
}

func (o *Oracle) admit() (limits.Decision, error) {
	now := o.clock.Millis()
	in := o.calendar.Regime(o.clock.Now())
	o.running = slices.DeleteFunc(o.running, func(c runningCall) bool { return c.expires <= now })
	if o.Before != nil {
		o.Before()
	}
	d, err := o.Store.Admit(context.Background(), o.Call)
	if err != nil {
		return d, err
	}
	switch d.Verdict {
	case limits.Admitted:
		o.log = append(o.log, loggedCall{now, in})
		if slices.ContainsFunc(o.running, func(c runningCall) bool { return c.slot == d.Slot }) {
			return d, fmt.Errorf("slot %v was given twice", d.Slot)
		}
		o.running = append(o.running, runningCall{d.Slot, now + o.Call.Lifetime.Milliseconds()})
		hour, most := o.since(now-limits.Window.Milliseconds(), in)
		if hour[in] > o.Call.Rule.Quota(in) || hour[0]+hour[1] > most {
			return d, fmt.Errorf("%v calls within an hour, want %v at most in %v", hour, most, in)
		}
	case limits.OverQuota:
		hour, most := o.since(now-(limits.Window+2*limits.Grain+o.Late).Milliseconds()+1, in)
		if hour[in] < o.Call.Rule.Quota(in) && hour[0]+hour[1] < most {
			return d, fmt.Errorf("refused over quota in %v with %v calls in an hour and two buckets", in, hour)
		}
	case limits.OverConcurrency:
		if len(o.running) < o.Call.Rule.Concurrent {
			return d, fmt.Errorf("refused over concurrency with %d calls running", len(o.running))
		}
	}
	lags := o.RunningLags != nil && o.RunningLags(d)
	if len(o.running) > o.Call.Rule.Concurrent && d.Verdict == limits.Admitted {
		return d, fmt.Errorf("%d run of %d", len(o.running), d.Concurrent)
	}
	if d.Running != len(o.running) && !lags || lags && (d.Running < 1 || d.Running > d.Concurrent) {
		return d, fmt.Errorf("field Running is %d of %d, %d run", d.Running, d.Concurrent, len(o.running))
	}
	if d.Remaining < 0 || d.Remaining > d.Quota {
		return d, fmt.Errorf("field Remaining is %d of %d", d.Remaining, d.Quota)
	}
	return d, nil
}

// since counts the calls from a moment on. most is how many there may be if the last is in a
// regime.
func (o *Oracle) since(from int64, in limits.Regime) (hour limits.Counts, most int64) {
	most = o.Call.Rule.Quota(in)
	for _, call := range o.log {
		if call.at >= from {
			hour[call.in]++
			most = max(most, o.Call.Rule.Quota(call.in))
		}
	}
	return hour, most
}

func (o *Oracle) release() error {
	if len(o.running) == 0 {
		return nil
	}
	at := o.chance(len(o.running))
	slot := o.running[at].slot
	o.running = slices.Delete(o.running, at, at+1)
	return o.Store.Release(context.Background(), slot)
}

func (o *Oracle) renew() error {
	now := o.clock.Millis()
	if len(o.running) == 0 {
		return nil
	}
	c := &o.running[o.chance(len(o.running))]
	if c.expires > now { // a slot that is over stays free
		c.expires = max(c.expires, now+o.Call.Lifetime.Milliseconds())
	}
	return o.Store.Renew(context.Background(), c.slot, o.Call.Lifetime)
}

// waitRetryAfter checks RetryAfter: a call is refused a millisecond earlier, and is not refused
// then.
func (o *Oracle) waitRetryAfter() error {
	d, err := o.admit()
	if err != nil || d.Verdict != limits.OverQuota {
		return err
	}
	o.clock.Move(d.RetryAfter - time.Millisecond)
	early, err := o.admit()
	if err != nil {
		return err
	}
	if early.Verdict != limits.OverQuota {
		return fmt.Errorf("RetryAfter was %v, but a millisecond earlier the verdict is %v", d.RetryAfter, early.Verdict)
	}
	o.clock.Move(time.Millisecond)
	then, err := o.admit()
	if err == nil && then.Verdict == limits.OverQuota {
		err = fmt.Errorf("RetryAfter was %v, and the call is refused again", d.RetryAfter)
	}
	return err
}
