package ledger

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// countDormant counts the dormant callers of a shard, and all others.
func (sh *shard) countDormant() (dormant, others int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return len(sh.dormant), len(sh.callers) + len(sh.unreplayed)
}

// Dormant callers are replayed to a ledger that has forgotten them, some in each request, and are
// dormant again. One that calls finds what it had used. Each replay except for the last announces
// more.
func TestDormantCallersAreReplayed(t *testing.T) {
	t.Parallel()
	const callers = 3*batch + 1
	s := startServer(t)
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	const decoded = "local request = cjson.decode(ARGV[1])\n"
	const record = "redis.call('RPUSH', 'requests:' .. KEYS[1], ARGV[1])\n"
	r := newRedisOf(t, s, clock, strings.Replace(ledgerSource, decoded, decoded+record, 1))
	call := func(n int) limits.Call {
		key := limits.KeyOf(fmt.Sprint(n))
		key[0] = 7
		return limits.Call{Key: key, Rule: rule(10, 10, 10), Lifetime: time.Second}
	}
	sh := &r.shards[7]
	for n := range callers {
		limitstest.Caller{T: t, Store: r, Call: call(n)}.Spend(4)
	}
	park := func(want int) {
		t.Helper()
		limitstest.Eventually(t, "the callers are dormant", func() bool {
			clock.Move(time.Second)
			dormant, others := sh.countDormant()
			return dormant == want && others == 0
		})
	}
	park(callers)

	s.command("FLUSHALL")
	limitstest.Eventually(t, "the loss is noticed", func() bool {
		clock.Move(time.Second)
		return downOf(r, call(0).Key)
	})
	// One calls before it is replayed.
	if d, err := r.Admit(t.Context(), call(0)); err == nil {
		t.Errorf("decision %+v of a ledger that is learning", d)
	}
	limitstest.Eventually(t, "the ledger has learned", func() bool {
		clock.Move(time.Second)
		return r.Ready(t.Context()) == nil
	})
	announced := announcements(t, s, r.script.keys(7, nil)[0])
	n := len(announced)
	if n < callers/batch || announced[n-1] || slices.Contains(announced[:n-1], false) {
		t.Errorf("replays announced more: %v, want all but the last to", announced)
	}
	park(callers)
	for n := range callers {
		c := limitstest.Caller{T: t, Store: r, Call: call(n)}
		c.Spend(6)
		c.Admit(limits.OverQuota)
	}

	clock.Move(forgetAfter)
	limitstest.Eventually(t, "no caller is remembered", func() bool {
		clock.Move(time.Minute)
		dormant, others := sh.countDormant()
		return dormant+others == 0
	})
}

// announcements returns, for each request to a shard that replayed callers, whether it announced
// more.
func announcements(t *testing.T, s *server, shard string) (all []bool) {
	t.Helper()
	lines, err := s.client(t).LRange(t.Context(), "requests:"+shard, 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		var q request
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(q.Entries, func(e entry) bool { return e.Net != nil }) {
			all = append(all, q.Replaying)
		}
	}
	return all
}

// dormantShard makes callers that have called, given back what was left and become dormant,
// without a ledger.
func dormantShard(callers int) *shard {
	sh := &shard{callers: map[limits.Key]*caller{}, dormant: map[limits.Key]*dormant{}}
	for n := range callers {
		call := limits.Call{
			Key: limits.KeyOf(fmt.Sprint(n)), Rule: rule(10_000, 10_000, 20), Lifetime: time.Minute,
		}
		c := sh.caller(&call)
		sh.adopt(c, &call, 1)
		c.waiting = 1
		hears := func(now int64, got allotment) {
			q := &request{Seq: now, Entries: []entry{c.entry(now, limits.WorkingHours, 1)}}
			a := &answer{now: now, allotments: []allotment{got}}
			c.apply(0, &reply{q: q, a: a, sent: now, heard: now, until: now + leaseMillis}, false)
		}
		hears(1, allotment{permits: 4, leaves: limits.Longest.Milliseconds(), slots: 5})
		c.waiting = 0
		verdict, place, done := c.admit(2, &call, limits.WorkingHours, 1)
		if verdict == limits.Admitted && done {
			c.release(uint64(place), 1)
		}
		now := 3 * limits.Lease.Milliseconds()
		hears(now, allotment{})
		if now *= 2; !c.parks(now) {
			panic("a caller that holds nothing is not parked")
		}
		sh.park(c, now)
	}
	if len(sh.dormant) != callers {
		panic("nothing is left of callers that have called")
	}
	return sh
}

// The budget is the memory of a dormant caller. Raising it is a reviewed change.
func TestDormantCallersAreSmall(t *testing.T) {
	const callers, budget = 100_000, 200 // bytes each
	if got := heapOf(func() any { return dormantShard(callers) }) / callers; got > budget {
		t.Errorf("a dormant caller takes %d bytes, budget %d", got, budget)
	} else {
		t.Logf("a dormant caller takes %d bytes", got)
	}
}

// The memory of a million callers of an hour, and of callers that are not dormant.
func BenchmarkDormantCallers(b *testing.B) {
	for _, callers := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			for b.Loop() {
				bytes := heapOf(func() any { return dormantShard(callers) })
				b.ReportMetric(float64(bytes)/float64(callers), "bytes/caller")
			}
		})
	}
	b.Run("awake", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(heapOf(func() any {
				sh := dormantShard(10_000)
				for n := range 10_000 {
					sh.revive(limits.KeyOf(fmt.Sprint(n)))
				}
				return sh
			}))/10_000, "bytes/caller")
		}
	})
}

// heapOf is the number of bytes on the heap that a value keeps.
func heapOf(make func() any) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // frees what finalizers and pools held
	runtime.ReadMemStats(&before)
	made := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(made)
	return int(after.HeapAlloc - before.HeapAlloc)
}
