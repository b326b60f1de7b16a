package limits

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// remembered is how many callers the store holds in memory.
func (m *Memory) remembered() (n int) {
	for i := range m.shards {
		m.shards[i].mu.Lock()
		n += len(m.shards[i].callers)
		m.shards[i].mu.Unlock()
	}
	return n
}

func TestMemoryForgetsIdleCallers(t *testing.T) {
	clock := handsAt(t, wednesday+"10:00:00")
	m := NewMemory(czech(t), clock.now)
	key := func(shard byte, n int) (k Key) {
		k[0] = shard
		binary.BigEndian.PutUint32(k[1:], uint32(n))
		return k
	}
	busy := asker{t: t, store: m, call: Call{Key: key(7, 0), Rule: Rule{10, 10, 10}, Lifetime: 3 * time.Hour}}
	busy.admit(Admitted)
	for n := range 1000 {
		asker{t: t, store: m, call: Call{Key: key(7, 1+n), Rule: Rule{10, 10, 10}, Lifetime: time.Minute}}.spend(1)
	}
	another := asker{t: t, store: m, call: Call{Key: key(7, 2000), Rule: Rule{10, 10, 10}, Lifetime: time.Minute}}
	clock.move(Window)
	another.spend(1)
	if got := m.remembered(); got != 1002 {
		t.Errorf("%d callers remembered within the hour, want all 1002", got)
	}
	clock.move(5 * Bucket)
	clock.move(time.Minute)
	another.spend(1)
	if got := m.remembered(); got != 2 {
		t.Errorf("%d callers remembered after the hour, want the one whose call runs and the one that asked", got)
	}
	clock.move(4 * time.Hour)
	another.spend(1)
	if got := m.remembered(); got != 1 {
		t.Errorf("%d callers remembered at the end, want 1", got)
	}
}

func TestMemoryByTheClockOfTheMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := asker{t: t, store: NewMemory(czech(t), nil), call: Call{Key: KeyOf("a"), Rule: Rule{1, 1, 1}, Lifetime: time.Minute}}
		c.admit(Admitted)
		time.Sleep(c.admit(OverQuota).RetryAfter)
		c.admit(Admitted)
	})
}

func TestKeysTellPartsApart(t *testing.T) {
	seen := map[Key][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a", "b", "c"}, {"c", "b", "a"}, {"\x01a"}} {
		key := KeyOf(parts...)
		if other, taken := seen[key]; taken {
			t.Errorf("KeyOf(%q) = KeyOf(%q)", parts, other)
		}
		seen[key] = parts
	}
	// Gateways of two versions share keys in Redis: the form is fixed.
	if got, want := fmt.Sprintf("%x", KeyOf("A999", "CR1", "12345678", "999001")), "821e47aaa14c5b6bfaafb16a3b465432"; got != want {
		t.Errorf("KeyOf = %s, want %s", got, want)
	}
}
