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

// atRest counts the callers of a shard that are at rest, and all others.
func (sh *shard) atRest() (idle, others int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return len(sh.dormant), len(sh.callers) + len(sh.unreplayed)
}

// Callers at rest are told to a ledger that has forgotten them, a request at a time, and rest
// again; one that calls finds what it had used. Each request but the last says that there is more
// to tell.
func TestCallersAtRestAreTold(t *testing.T) {
	const callers = 3*batch + 1
	s := startServer(t)
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	const heard = "local request = cjson.decode(ARGV[1])\n"
	r := newRedisOf(t, s, clock, strings.Replace(ledgerSource, heard, heard+"redis.call('RPUSH', 'heard:' .. KEYS[1], ARGV[1])\n", 1))
	call := func(n int) limits.Call {
		key := limits.KeyOf(fmt.Sprint(n))
		key[0] = 7
		return limits.Call{Key: key, Rule: rule(10, 10, 10), Lifetime: time.Second}
	}
	sh := &r.shards[7]
	for n := range callers {
		limitstest.Caller{T: t, Store: r, Call: call(n)}.Spend(4)
	}
	rest := func(want int) {
		t.Helper()
		limitstest.Eventually(t, "the callers rest", func() bool {
			clock.Move(time.Second)
			idle, others := sh.atRest()
			return idle == want && others == 0
		})
	}
	rest(callers)

	s.command("FLUSHALL")
	limitstest.Eventually(t, "the loss is noticed", func() bool { clock.Move(time.Second); return downOf(r, call(0).Key) })
	// One calls while all are to be told.
	if d, err := r.Admit(t.Context(), call(0)); err == nil {
		t.Errorf("decision %+v of a ledger that is learning", d)
	}
	limitstest.Eventually(t, "the ledger has learned", func() bool {
		clock.Move(time.Second)
		return r.Ready(t.Context()) == nil
	})
	told := tellings(t, s, r.keys(7, nil)[0])
	if n := len(told); n < callers/batch || told[n-1] || slices.Contains(told[:n-1], false) {
		t.Errorf("requests that told of callers said that there was more: %v", told)
	}
	rest(callers)
	for n := range callers {
		c := limitstest.Caller{T: t, Store: r, Call: call(n)}
		c.Spend(6)
		c.Admit(limits.OverQuota)
	}

	clock.Move(forgetAfter)
	limitstest.Eventually(t, "nobody is remembered", func() bool {
		clock.Move(time.Minute)
		idle, others := sh.atRest()
		return idle+others == 0
	})
}

// tellings are, of the requests of a shard since the loss that told of callers, whether there was
// more to tell.
func tellings(t *testing.T, s *server, shard string) (all []bool) {
	t.Helper()
	lines, err := s.client(t).LRange(t.Context(), "heard:"+shard, 0, -1).Result()
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

// settled makes callers that have called, given back what was left and come to rest, without a
// ledger.
func settled(callers int) *shard {
	sh := &shard{callers: map[limits.Key]*caller{}, dormant: map[limits.Key]*dormant{}}
	for n := range callers {
		call := limits.Call{Key: limits.KeyOf(fmt.Sprint(n)), Rule: rule(10_000, 10_000, 20), Lifetime: time.Minute}
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
		if verdict, place, done := c.admit(2, &call, limits.WorkingHours, 1); verdict == limits.Admitted && done {
			c.release(uint64(place), 1)
		}
		now := 3 * limits.Lease.Milliseconds()
		hears(now, allotment{})
		if now *= 2; !c.parks(now) {
			panic("a caller that holds nothing does not rest")
		}
		sh.park(c, now)
	}
	if len(sh.dormant) != callers {
		panic("nothing is left of callers that have called")
	}
	return sh
}

// What a caller at rest costs: a budget, of which a change is a reviewed line.
func TestCallersAtRestAreSmall(t *testing.T) {
	const callers, budget = 100_000, 200 // bytes each
	if got := heapOf(func() any { return settled(callers) }) / callers; got > budget {
		t.Errorf("a caller at rest takes %d bytes, budget %d", got, budget)
	} else {
		t.Logf("a caller at rest takes %d bytes", got)
	}
}

// What a million callers of an hour cost, beside what each would if it did not rest.
func BenchmarkCallersAtRest(b *testing.B) {
	for _, callers := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(heapOf(func() any { return settled(callers) }))/float64(callers), "bytes/caller")
			}
		})
	}
	b.Run("awake", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(heapOf(func() any {
				sh := settled(10_000)
				for n := range 10_000 {
					sh.revive(limits.KeyOf(fmt.Sprint(n)))
				}
				return sh
			}))/10_000, "bytes/caller")
		}
	})
}

// heapOf is how many bytes of the heap live on in what is made.
func heapOf(make func() any) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	runtime.ReadMemStats(&before)
	made := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(made)
	return int(after.HeapAlloc - before.HeapAlloc)
}
