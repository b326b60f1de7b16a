package limits_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

func TestMemoryForgetsIdleCallers(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	m := limits.NewMemory(limitstest.Czech(t), clock.Now)
	key := func(shard byte, n int) (k limits.Key) {
		k[0] = shard
		binary.BigEndian.PutUint32(k[1:], uint32(n))
		return k
	}
	caller := func(n int) limitstest.Caller {
		c := limitstest.NewCaller(t, m, "", limitstest.Rule(10, 10, 10))
		c.Call.Key = key(7, n)
		return c
	}
	busy := caller(0)
	busy.Call.Lifetime = 3 * time.Hour
	busy.Admit(limits.Admitted)
	for n := range 1000 {
		caller(1 + n).Spend(1)
	}
	another := caller(2000)
	clock.Move(limits.Window)
	another.Spend(1)
	if got := m.Remembered(); got != 1002 {
		t.Errorf("%d callers remembered within the hour, want all 1002", got)
	}
	clock.Move(5 * limits.Grain)
	clock.Move(time.Minute)
	another.Spend(1)
	if got := m.Remembered(); got != 2 {
		t.Errorf("%d callers remembered after the hour, want the busy one and the last one", got)
	}
	clock.Move(4 * time.Hour)
	another.Spend(1)
	if got := m.Remembered(); got != 1 {
		t.Errorf("%d callers remembered at the end, want 1", got)
	}
}

func TestMemoryByTheClockOfTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limits.NewMemory(limitstest.Czech(t), nil)
		c := limitstest.NewCaller(t, m, "a", limitstest.Rule(1, 1, 1))
		c.Admit(limits.Admitted)
		time.Sleep(c.Admit(limits.OverQuota).RetryAfter)
		c.Admit(limits.Admitted)
	})
}

func TestKeysDistinguishTheirParts(t *testing.T) {
	seen := map[limits.Key][]string{}
	for _, parts := range [][]string{
		{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a", "b", "c"}, {"c", "b", "a"}, {"\x01a"},
	} {
		key := limits.KeyOf(parts...)
		if other, taken := seen[key]; taken {
			t.Errorf("KeyOf(%q) = KeyOf(%q)", parts, other)
		}
		seen[key] = parts
	}
	// Gateways of two versions share keys in Redis: their form is fixed.
	const want = "821e47aaa14c5b6bfaafb16a3b465432"
	if got := fmt.Sprintf("%x", limits.KeyOf("A999", "CR1", "12345678", "999001")); got != want {
		t.Errorf("KeyOf = %s, want %s", got, want)
	}
}

func TestMemory(t *testing.T) {
	limitstest.Contract(t, limitstest.Traits{}, func(t *testing.T, clock *limitstest.Clock) limitstest.Store {
		return limits.NewMemory(limitstest.Czech(t), clock.Now)
	})
}

func TestMemoryOfAClockThatStepsBack(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	m := limits.NewMemory(limitstest.Czech(t), clock.Now)
	c := limitstest.NewCaller(t, m, "a", limitstest.Rule(3, 3, 3))
	c.Spend(3)
	clock.Move(-2 * time.Hour)
	c.Admit(limits.OverQuota)
	clock.Move(2*time.Hour + limits.Window)
	c.Admit(limits.OverQuota)
	clock.Move(limits.Grain)
	c.Spend(3)
}

// By an exact log no hour is ever above the quota, and a call is refused only when an hour and two
// buckets were full. Random times alone would not find a window that is one bucket short, so the
// clock jumps to where buckets end.
func TestMemoryKeepsTheRollingHour(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := &limitstest.Clock{}
		calendar := limitstest.Czech(t)
		m := limits.NewMemory(calendar, clock.Now)
		if err := limitstest.NewOracle(m, calendar, clock, limitstest.FromRapid(rt)).Run(); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestMemoryUnderContention(t *testing.T) {
	limitstest.Contend(t, limits.NewMemory(limitstest.Czech(t), nil))
}
