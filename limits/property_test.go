package limits

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
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
		n++
		m.call.Key = KeyOf(fmt.Sprint(n))
		if err := m.play(); err != nil {
			rt.Fatal(err)
		}
	})
}

// The test of the test: every mutant of the script has to be caught, and the script itself has to pass.
func TestMutantsAreCaught(t *testing.T) {
	s := startServer(t)
	for _, mutant := range []struct{ name, from, to string }{
		{"the window is a bucket short", "LIVE = 10000, 361", "LIVE = 10000, 360"},
		{"the window is two buckets long", "LIVE = 10000, 361", "LIVE = 10000, 363"},
		{"calls over quota count", "verdict = OVER_QUOTA\n", "verdict = OVER_QUOTA; calls[regime] = calls[regime] + 1\n"},
		{"calls over concurrency count", "verdict = OVER_CONCURRENCY\n", "verdict = OVER_CONCURRENCY; calls[regime] = calls[regime] + 1\n"},
		{"refused calls take slots", "if verdict == ADMITTED then", "if true then"},
		{"one call too many", "if room(calls, regime) <= 0", "if room(calls, regime) < 0"},
		{"one slot too many", "running >= tonumber", "running > tonumber"},
		{"regimes add up", "math.min(quota[r] - counts[r], most - counts[0] - counts[1])", "quota[r] - counts[r]"},
		{"regimes are not told apart", "math.min(quota[r] - counts[r], most - counts[0] - counts[1])", "most - counts[0] - counts[1]"},
		{"old calls stay counted", "calls = without(calls, oldest)", ""},
		{"old calls leave twice", "redis.call('LTRIM', KEYS[2], gone, -1)", ""},
		{"slots do not expire", "'(' .. now, '+inf'", "'-inf', '+inf'"},
		{"slots expire a moment late", "'(' .. now, '+inf'", "now, '+inf'"},
		{"the wait is of the wrong regime", "[0] = wait(0), [1] = wait(1)", "[0] = wait(1), [1] = wait(0)"},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			source := strings.ReplaceAll(admitSource, mutant.from, mutant.to)
			if source == admitSource {
				t.Fatalf("admit.lua has no %q to mutate", mutant.from)
			}
			err := playSeeds(t, s, source)
			if err == nil {
				t.Error("the property holds for the mutant")
			}
			if _, broken := errors.AsType[redis.Error](err); broken {
				t.Errorf("the mutant does not run: %v", err)
			}
			t.Log(err)
		})
	}
	t.Run("the script itself is not one", func(t *testing.T) {
		if err := playSeeds(t, s, admitSource); err != nil {
			t.Error(err)
		}
	})
}

// playSeeds returns the first violation in a fixed set of episodes.
func playSeeds(t *testing.T, s *server, source string) error {
	clock := &hands{}
	r := newRedis(t, s, clock)
	r.script = redis.NewScript(source)
	for seed := range uint64(150) {
		m := newModel(r, r.calendar, clock, rand.New(rand.NewPCG(seed, 1)).IntN)
		m.call.Key = KeyOf(fmt.Sprint(seed))
		if err := m.play(); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// model is an exact log of one caller beside a store.
type model struct {
	store    store
	calendar *Calendar
	clock    *hands
	chance   chance
	call     Call
	log      []made
	running  []held
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
	m := &model{s, calendar, clock, chance, Call{KeyOf("model"), rule, lifetimes[chance(len(lifetimes))]}, nil, nil}
	// Half past: an edge of regimes is ahead within the hour, or behind, or there is none.
	hours := [...]int{5, 6, 7, 10, 15, 16, 17}
	clock.millis.Store(time.Date(2026, 3, 4, hours[chance(len(hours))], 30, chance(60), 0, calendar.zone).UnixMilli())
	return m
}

func (m *model) play() error {
	for range 40 {
		var err error
		switch m.chance(8) {
		case 0, 1, 2:
			for range 1 + m.chance(6) {
				if _, err = m.admit(); err != nil {
					break
				}
			}
		case 3:
			err = m.release()
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
		to = (now/bucketMillis + 1 + int64(m.chance(3))) * bucketMillis
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
			edges := [...]int64{call, call - call%bucketMillis, call - call%bucketMillis + bucketMillis}
			to = edges[m.chance(len(edges))] + Window.Milliseconds()
		}
	}
	m.clock.millis.Store(max(now, to-1+int64(m.chance(3))))
}

func (m *model) admit() (Decision, error) {
	now := m.clock.millis.Load()
	in := m.calendar.Regime(m.clock.now())
	m.running = slices.DeleteFunc(m.running, func(h held) bool { return h.expires <= now })
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
		hour, most := m.since(now-(Window+2*Bucket).Milliseconds()+1, in)
		if hour[in] < m.call.Rule.quota(in) && hour[0]+hour[1] < most {
			return d, fmt.Errorf("refused over quota in %v with only %v calls in an hour and two buckets", in, hour)
		}
	case OverConcurrency:
		if len(m.running) < m.call.Rule.Concurrent {
			return d, fmt.Errorf("refused over concurrency with only %d calls running", len(m.running))
		}
	}
	if d.Running != len(m.running) || d.Running > m.call.Rule.Concurrent {
		return d, fmt.Errorf("told %d running of %d, are %d", d.Running, d.Concurrent, len(m.running))
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

// The two stores answer alike, word for word, through changes of the rule and small steps back of the clock as well.
func TestMemoryAndRedisDecideAlike(t *testing.T) {
	clock := &hands{}
	r := newRedis(t, startServer(t), clock)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		chance := rapidly(rt)
		m := newModel(r, r.calendar, clock, chance) // for its start, its rule and its jumps
		memory := NewMemory(czech(t), clock.now)
		n++
		keys := [...]Key{KeyOf(fmt.Sprint(n), "a"), KeyOf(fmt.Sprint(n), "b")}
		var slots [][2]Slot
		for range 60 {
			switch chance(6) {
			case 0, 1, 2:
				call := m.call
				call.Key = keys[chance(len(keys))]
				if chance(8) == 0 {
					m.call.Rule = Rule{int64(1 + chance(6)), int64(1 + chance(6)), 1 + chance(4)}
				}
				local, _ := memory.Admit(t.Context(), call)
				shared, err := r.Admit(t.Context(), call)
				if err != nil {
					rt.Fatal(err)
				}
				slots = append(slots, [2]Slot{local.Slot, shared.Slot})
				m.log = append(m.log, made{at: clock.millis.Load()})
				local.Slot, shared.Slot = Slot{}, Slot{}
				if local != shared {
					rt.Fatalf("at %v for %+v:\nmemory %+v\nredis  %+v", clock.now(), call, local, shared)
				}
			case 3:
				if len(slots) > 0 {
					pair := slots[chance(len(slots))]
					_ = memory.Release(t.Context(), pair[0])
					_ = r.Release(t.Context(), pair[1])
				}
			case 4:
				clock.move(-time.Duration(chance(20_000)) * time.Millisecond)
			default:
				m.jump()
			}
		}
	})
}
