package limits

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// chance draws a number in [0, n): from rapid, which shrinks, or from a seed, for mutants that must be caught.
type chance func(n int) int

func rapidly(t *rapid.T) chance {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "chance") }
}

// The rolling hour, told by an exact log: never above the quota in any hour, and refused only when an hour and two
// buckets were full. Random times alone would not find a window that is one bucket short; jumps prefer edges.
func TestMemoryKeepsTheRollingHour(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := &hands{}
		calendar := czech(t)
		m := NewMemory(calendar, clock.now)
		if err := newModel(m, calendar, clock, rapidly(rt)).play(); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestRedisKeepsTheRollingHour(t *testing.T) {
	clock := &hands{}
	r := newRedis(t, startServer(t), clock)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(r, r.calendar, clock, rapidly(rt))
		m.late = leased
		n++
		m.call.Key = KeyOf(fmt.Sprint(n))
		if err := m.play(); err != nil {
			rt.Fatal(err)
		}
	})
}

// model is an exact log of one caller beside a store.
type model struct {
	store    store
	calendar *Calendar
	clock    *hands
	chance   chance
	call     Call
	late     time.Duration
	log      []made
	running  []held

	many   int    // so many times the calls, the quotas and the slots
	moody  bool   // the rule changes, too
	before func() // each admission; nil: nothing
	paid   int    // calls admitted from pockets
}

type held struct {
	slot    Slot
	expires int64
}

type made struct {
	at int64
	in Regime
}

func newModel(s store, calendar *Calendar, clock *hands, chance chance) *model {
	rule := Rule{int64(1 + chance(6)), int64(1 + chance(6)), 1 + chance(4)}
	lifetimes := [...]time.Duration{time.Millisecond, Bucket, time.Minute, Window, 2 * Window}
	m := &model{store: s, calendar: calendar, clock: clock, chance: chance, many: 1,
		call: Call{Key: KeyOf("model"), Rule: rule, Lifetime: lifetimes[chance(len(lifetimes))]}}
	// Half past: an edge of regimes is ahead within the hour, or behind, or there is none.
	hours := [...]int{5, 6, 7, 10, 15, 16, 17}
	day := time.Date(2026, 3, 4, hours[chance(len(hours))], 30, chance(60), 0, calendar.zone)
	for day.UnixMilli() <= clock.millis.Load() { // no gateway's clock goes back
		day = day.AddDate(0, 0, 7)
	}
	clock.set(day.UnixMilli())
	return m
}

// draw draws a rule.
func (m *model) draw() {
	m.call.Rule = Rule{int64(m.many * (1 + m.chance(6))), int64(m.many * (1 + m.chance(6))), m.many * (1 + m.chance(4))}
}

func (m *model) play() error {
	for range 40 {
		var err error
		switch m.chance(8) {
		case 0, 1, 2:
			for range (1 + m.chance(6)) * m.many {
				if _, err = m.admit(); err != nil {
					break
				}
			}
		case 3:
			for range m.many {
				err = errors.Join(err, m.release())
			}
			if err == nil {
				err = m.renew()
			}
			if m.moody {
				m.draw()
			}
		case 4:
			err = m.waitAsTold()
		default:
			m.jump()
		}
		if err != nil {
			return fmt.Errorf("%v, rule %+v, lifetime %v: %w", m.clock.now().In(m.calendar.zone), m.call.Rule, m.call.Lifetime, err)
		}
	}
	return nil
}

// jump moves the clock to where mistakes are: edges of buckets, of hours since a call, of regimes, of lifetimes.
func (m *model) jump() {
	now := m.clock.millis.Load()
	to := now
	switch m.chance(6) {
	case 0:
		to = (now/smallMillis + 1 + int64(m.chance(3))) * smallMillis
	case 1:
		to = now + int64(m.chance(1_200_000))
	case 2:
		to = m.calendar.NextChange(m.clock.now()).UnixMilli()
		if to > now+2*Window.Milliseconds() {
			to = now
		}
	case 3:
		to = now + m.call.Lifetime.Milliseconds()
	default:
		if len(m.log) > 0 {
			call := m.log[m.chance(len(m.log))].at
			edges := [...]int64{call, call - call%smallMillis, call - call%smallMillis + smallMillis}
			to = edges[m.chance(len(edges))] + (Window + m.late).Milliseconds()
		}
	}
	m.clock.set(max(now, to-1+int64(m.chance(3))))
}

func (m *model) admit() (Decision, error) {
	now := m.clock.millis.Load()
	in := m.calendar.Regime(m.clock.now())
	m.running = slices.DeleteFunc(m.running, func(h held) bool { return h.expires <= now })
	if m.before != nil {
		m.before()
	}
	d, err := m.store.Admit(context.Background(), m.call)
	if err != nil {
		return d, err
	}
	switch d.Verdict {
	case Admitted:
		m.log = append(m.log, made{now, in})
		if slices.ContainsFunc(m.running, func(h held) bool { return h.slot == d.Slot }) {
			return d, fmt.Errorf("slot %v was given twice", d.Slot)
		}
		m.running = append(m.running, held{d.Slot, now + m.call.Lifetime.Milliseconds()})
		if hour, most := m.since(now-Window.Milliseconds(), in); hour[in] > m.call.Rule.quota(in) || hour[0]+hour[1] > most {
			return d, fmt.Errorf("%v calls within an hour, %v of them now in %v", hour, most, in)
		}
	case OverQuota:
		hour, most := m.since(now-(Window+2*Bucket+m.late).Milliseconds()+1, in)
		if hour[in] < m.call.Rule.quota(in) && hour[0]+hour[1] < most {
			return d, fmt.Errorf("refused over quota in %v with only %v calls in an hour and two buckets", in, hour)
		}
	case OverConcurrency:
		if len(m.running) < m.call.Rule.Concurrent {
			return d, fmt.Errorf("refused over concurrency with only %d calls running", len(m.running))
		}
	}
	pocket := d.Slot.place>>pocketBits > 0
	if pocket {
		m.paid++
	}
	if len(m.running) > m.call.Rule.Concurrent && d.Verdict == Admitted {
		return d, fmt.Errorf("%d run of %d", len(m.running), d.Concurrent)
	}
	if d.Running != len(m.running) && !pocket || pocket && (d.Running < 1 || d.Running > d.Concurrent) {
		return d, fmt.Errorf("told %d running of %d, are %d", d.Running, d.Concurrent, len(m.running))
	}
	if d.Remaining < 0 || d.Remaining > d.Quota {
		return d, fmt.Errorf("told %d remaining of %d", d.Remaining, d.Quota)
	}
	return d, nil
}

// since counts the calls from a moment on, and the most there may be of them and one call in a regime.
func (m *model) since(from int64, in Regime) (hour counts, most int64) {
	most = m.call.Rule.quota(in)
	for _, call := range m.log {
		if call.at >= from {
			hour[call.in]++
			most = max(most, m.call.Rule.quota(call.in))
		}
	}
	return hour, most
}

func (m *model) release() error {
	if len(m.running) == 0 {
		return nil
	}
	at := m.chance(len(m.running))
	slot := m.running[at].slot
	m.running = slices.Delete(m.running, at, at+1)
	return m.store.Release(context.Background(), slot)
}

func (m *model) renew() error {
	now := m.clock.millis.Load()
	if len(m.running) == 0 {
		return nil
	}
	h := &m.running[m.chance(len(m.running))]
	if h.expires > now { // one that is over stays so
		h.expires = max(h.expires, now+m.call.Lifetime.Milliseconds())
	}
	return m.store.Renew(context.Background(), h.slot, m.call.Lifetime)
}

// waitAsTold holds RetryAfter to its word: a moment earlier is too early, then is not.
func (m *model) waitAsTold() error {
	d, err := m.admit()
	if err != nil || d.Verdict != OverQuota {
		return err
	}
	m.clock.move(d.RetryAfter - time.Millisecond)
	early, err := m.admit()
	if err != nil {
		return err
	}
	if early.Verdict != OverQuota {
		return fmt.Errorf("told to wait %v, but was %v a moment earlier", d.RetryAfter, early.Verdict)
	}
	m.clock.move(time.Millisecond)
	then, err := m.admit()
	if err == nil && then.Verdict == OverQuota {
		err = fmt.Errorf("waited %v as told and was refused again", d.RetryAfter)
	}
	return err
}
