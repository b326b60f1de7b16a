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
	busy := limitstest.Asker{T: t, Store: m, Call: limits.Call{Key: key(7, 0), Rule: limitstest.Rule(10, 10, 10), Lifetime: 3 * time.Hour}}
	busy.Admit(limits.Admitted)
	for n := range 1000 {
		limitstest.Asker{T: t, Store: m, Call: limits.Call{Key: key(7, 1+n), Rule: limitstest.Rule(10, 10, 10), Lifetime: time.Minute}}.Spend(1)
	}
	another := limitstest.Asker{T: t, Store: m, Call: limits.Call{Key: key(7, 2000), Rule: limitstest.Rule(10, 10, 10), Lifetime: time.Minute}}
	clock.Move(limits.Window)
	another.Spend(1)
	if got := m.Remembered(); got != 1002 {
		t.Errorf("%d callers remembered within the hour, want all 1002", got)
	}
	clock.Move(5 * limits.Grain)
	clock.Move(time.Minute)
	another.Spend(1)
	if got := m.Remembered(); got != 2 {
		t.Errorf("%d callers remembered after the hour, want the one whose call runs and the one that asked", got)
	}
	clock.Move(4 * time.Hour)
	another.Spend(1)
	if got := m.Remembered(); got != 1 {
		t.Errorf("%d callers remembered at the end, want 1", got)
	}
}

func TestMemoryByTheClockOfTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitstest.Asker{T: t, Store: limits.NewMemory(limitstest.Czech(t), nil), Call: limits.Call{Key: limits.KeyOf("a"), Rule: limitstest.Rule(1, 1, 1), Lifetime: time.Minute}}
		c.Admit(limits.Admitted)
		time.Sleep(c.Admit(limits.OverQuota).RetryAfter)
		c.Admit(limits.Admitted)
	})
}

func TestKeysTellPartsApart(t *testing.T) {
	seen := map[limits.Key][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a", "b", "c"}, {"c", "b", "a"}, {"\x01a"}} {
		key := limits.KeyOf(parts...)
		if other, taken := seen[key]; taken {
			t.Errorf("KeyOf(%q) = KeyOf(%q)", parts, other)
		}
		seen[key] = parts
	}
	// Gateways of two versions share keys in Redis: the form is fixed.
	if got, want := fmt.Sprintf("%x", limits.KeyOf("A999", "CR1", "12345678", "999001")), "821e47aaa14c5b6bfaafb16a3b465432"; got != want {
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
	c := limitstest.Asker{T: t, Store: limits.NewMemory(limitstest.Czech(t), clock.Now), Call: limits.Call{Key: limits.KeyOf("a"), Rule: limitstest.Rule(3, 3, 3), Lifetime: time.Minute}}
	c.Spend(3)
	clock.Move(-2 * time.Hour)
	c.Admit(limits.OverQuota)
	clock.Move(2*time.Hour + limits.Window)
	c.Admit(limits.OverQuota)
	clock.Move(limits.Grain)
	c.Spend(3)
}

// The rolling hour, told by an exact log: never above the quota in any hour, and refused only when an hour and two
// buckets were full. Random times alone would not find a window that is one bucket short; jumps prefer edges.
func TestMemoryKeepsTheRollingHour(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := &limitstest.Clock{}
		calendar := limitstest.Czech(t)
		m := limits.NewMemory(calendar, clock.Now)
		if err := limitstest.NewModel(m, calendar, clock, limitstest.Rapidly(rt)).Play(); err != nil {
			rt.Fatal(err)
		}
	})
}

// Many at once, at one key: exactly the quota is admitted and never more run than may.
func TestMemoryUnderContention(t *testing.T) {
	limitstest.Contend(t, limits.NewMemory(limitstest.Czech(t), nil))
}
