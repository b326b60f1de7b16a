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

// Chance draws a number in [0, n): from rapid, which shrinks, or from a seed, for mutants that must be caught.
type Chance func(n int) int

// Rapidly draws from rapid.
func Rapidly(t *rapid.T) Chance {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "chance") }
}

// Model is an exact log of one caller beside a store.
type Model struct {
	Store    Store
	calendar *limits.Calendar
	clock    *Clock
	chance   Chance
	Call     limits.Call
	Late     time.Duration
	log      []made
	running  []held

	Many   int                        // so many times the calls, the quotas and the slots
	Moody  bool                       // the rule changes, too
	Before func()                     // each admission; nil: nothing
	Vague  func(limits.Decision) bool // tells whether what a decision says of running calls is late; nil: none is
}

type held struct {
	slot    limits.Slot
	expires int64
}

type made struct {
	at int64
	in limits.Regime
}

// NewModel draws a rule and a moment, and moves the clock there.
func NewModel(s Store, calendar *limits.Calendar, clock *Clock, chance Chance) *Model {
	rule := Rule(int64(1+chance(6)), int64(1+chance(6)), 1+chance(4))
	lifetimes := [...]time.Duration{time.Millisecond, limits.Grain, time.Minute, limits.Window, 2 * limits.Window}
	m := &Model{Store: s, calendar: calendar, clock: clock, chance: chance, Many: 1,
		Call: limits.Call{Key: limits.KeyOf("model"), Rule: rule, Lifetime: lifetimes[chance(len(lifetimes))]}}
	// Half past: an edge of regimes is ahead within the hour, or behind, or there is none.
	hours := [...]int{5, 6, 7, 10, 15, 16, 17}
	day := time.Date(2026, 3, 4, hours[chance(len(hours))], 30, chance(60), 0, Zone())
	for day.UnixMilli() <= clock.Millis() { // no gateway's clock goes back
		day = day.AddDate(0, 0, 7)
	}
	clock.Set(day.UnixMilli())
	return m
}

// Draw draws a rule.
func (m *Model) Draw() {
	m.Call.Rule = Rule(int64(m.Many*(1+m.chance(6))), int64(m.Many*(1+m.chance(6))), m.Many*(1+m.chance(4)))
}

// Play calls, gives back, renews and waits; it returns what should not have been.
func (m *Model) Play() error {
	for range 40 {
		var err error
		switch m.chance(8) {
		case 0, 1, 2:
			for range (1 + m.chance(6)) * m.Many {
				if _, err = m.admit(); err != nil {
					break
				}
			}
		case 3:
			for range m.Many {
				err = errors.Join(err, m.release())
			}
			if err == nil {
				err = m.renew()
			}
			if m.Moody {
				m.Draw()
			}
		case 4:
			err = m.waitAsTold()
		default:
			m.jump()
		}
		if err != nil {
			return fmt.Errorf("%v, rule %+v, lifetime %v: %w", m.clock.Now().In(Zone()), m.Call.Rule, m.Call.Lifetime, err)
		}
	}
	return nil
}

// grain is that of a small quota, in milliseconds.
const grain = int64(time.Second / time.Millisecond)

// jump moves the clock to where mistakes are: edges of buckets, of hours since a call, of regimes, of lifetimes.
func (m *Model) jump() {
	now := m.clock.Millis()
	to := now
	switch m.chance(6) {
	case 0:
		to = (now/grain + 1 + int64(m.chance(3))) * grain
	case 1:
		to = now + int64(m.chance(1_200_000))
	case 2:
		to = m.calendar.NextChange(m.clock.Now()).UnixMilli()
		if to > now+2*limits.Window.Milliseconds() {
			to = now
		}
	case 3:
		to = now + m.Call.Lifetime.Milliseconds()
	default:
		if len(m.log) > 0 {
			call := m.log[m.chance(len(m.log))].at
			edges := [...]int64{call, call - call%grain, call - call%grain + grain}
			to = edges[m.chance(len(edges))] + (limits.Window + m.Late).Milliseconds()
		}
	}
	m.clock.Set(max(now, to-1+int64(m.chance(3))))
}

func (m *Model) admit() (limits.Decision, error) {
	now := m.clock.Millis()
	in := m.calendar.Regime(m.clock.Now())
	m.running = slices.DeleteFunc(m.running, func(h held) bool { return h.expires <= now })
	if m.Before != nil {
		m.Before()
	}
	d, err := m.Store.Admit(context.Background(), m.Call)
	if err != nil {
		return d, err
	}
	switch d.Verdict {
	case limits.Admitted:
		m.log = append(m.log, made{now, in})
		if slices.ContainsFunc(m.running, func(h held) bool { return h.slot == d.Slot }) {
			return d, fmt.Errorf("slot %v was given twice", d.Slot)
		}
		m.running = append(m.running, held{d.Slot, now + m.Call.Lifetime.Milliseconds()})
		if hour, most := m.since(now-limits.Window.Milliseconds(), in); hour[in] > m.Call.Rule.Quota(in) || hour[0]+hour[1] > most {
			return d, fmt.Errorf("%v calls within an hour, %v of them now in %v", hour, most, in)
		}
	case limits.OverQuota:
		hour, most := m.since(now-(limits.Window+2*limits.Grain+m.Late).Milliseconds()+1, in)
		if hour[in] < m.Call.Rule.Quota(in) && hour[0]+hour[1] < most {
			return d, fmt.Errorf("refused over quota in %v with only %v calls in an hour and two buckets", in, hour)
		}
	case limits.OverConcurrency:
		if len(m.running) < m.Call.Rule.Concurrent {
			return d, fmt.Errorf("refused over concurrency with only %d calls running", len(m.running))
		}
	}
	vague := m.Vague != nil && m.Vague(d)
	if len(m.running) > m.Call.Rule.Concurrent && d.Verdict == limits.Admitted {
		return d, fmt.Errorf("%d run of %d", len(m.running), d.Concurrent)
	}
	if d.Running != len(m.running) && !vague || vague && (d.Running < 1 || d.Running > d.Concurrent) {
		return d, fmt.Errorf("told %d running of %d, are %d", d.Running, d.Concurrent, len(m.running))
	}
	if d.Remaining < 0 || d.Remaining > d.Quota {
		return d, fmt.Errorf("told %d remaining of %d", d.Remaining, d.Quota)
	}
	return d, nil
}

// since counts the calls from a moment on, and the most there may be of them and one call in a regime.
func (m *Model) since(from int64, in limits.Regime) (hour limits.Counts, most int64) {
	most = m.Call.Rule.Quota(in)
	for _, call := range m.log {
		if call.at >= from {
			hour[call.in]++
			most = max(most, m.Call.Rule.Quota(call.in))
		}
	}
	return hour, most
}

func (m *Model) release() error {
	if len(m.running) == 0 {
		return nil
	}
	at := m.chance(len(m.running))
	slot := m.running[at].slot
	m.running = slices.Delete(m.running, at, at+1)
	return m.Store.Release(context.Background(), slot)
}

func (m *Model) renew() error {
	now := m.clock.Millis()
	if len(m.running) == 0 {
		return nil
	}
	h := &m.running[m.chance(len(m.running))]
	if h.expires > now { // one that is over stays so
		h.expires = max(h.expires, now+m.Call.Lifetime.Milliseconds())
	}
	return m.Store.Renew(context.Background(), h.slot, m.Call.Lifetime)
}

// waitAsTold holds RetryAfter to its word: a moment earlier is too early, then is not.
func (m *Model) waitAsTold() error {
	d, err := m.admit()
	if err != nil || d.Verdict != limits.OverQuota {
		return err
	}
	m.clock.Move(d.RetryAfter - time.Millisecond)
	early, err := m.admit()
	if err != nil {
		return err
	}
	if early.Verdict != limits.OverQuota {
		return fmt.Errorf("told to wait %v, but was %v a moment earlier", d.RetryAfter, early.Verdict)
	}
	m.clock.Move(time.Millisecond)
	then, err := m.admit()
	if err == nil && then.Verdict == limits.OverQuota {
		err = fmt.Errorf("waited %v as told and was refused again", d.RetryAfter)
	}
	return err
}
