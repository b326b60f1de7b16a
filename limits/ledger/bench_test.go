package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

// The ledger beside one script for each decision, in one run. It reports decisions a second, and
// commands to Redis for each decision.
func BenchmarkRedis(b *testing.B) {
	s := startServer(b)
	large := limitstest.LargeCall("large")
	b.Run("script for each decision", func(b *testing.B) {
		eachAsks(b, newRedis(b, s, nil), []limits.Call{large})
	})
	b.Run("INCRBY and EXPIRE for each decision", func(b *testing.B) {
		eachCounts(b, s.client(b), []limits.Call{large})
	})
	b.Run("rate.Allow", func(b *testing.B) {
		l := rate.NewLimiter(1e12, 1<<40)
		measure(b, 1, func() int64 { return 0 }, same(func() {
			if !l.Allow() {
				b.Error("refused")
			}
		}))
	})
	r := newRedis(b, s, nil)
	b.Run("one large caller", func(b *testing.B) {
		share(b, r, 1, func() { limitstest.Exchange(b, r, large) })
	})
	b.Run("one large caller, 16 at once on each core", func(b *testing.B) {
		share(b, r, 16, func() { limitstest.Exchange(b, r, large) })
	})
	b.Run("one large caller at four gateways", func(b *testing.B) {
		var gateways []*Store
		for range 4 {
			gateways = append(gateways, newRedis(b, s, nil))
		}
		var next atomic.Int64
		sent := func() (all int64) {
			for _, g := range gateways {
				all += g.script.sent.Load()
			}
			return all
		}
		measure(b, 16, sent, same(func() { limitstest.Exchange(b, gateways[next.Add(1)%4], large) }))
	})
	b.Run("latency of Admit, 64 at once", func(b *testing.B) { latency(b, r, large) })
	calls := make([]limits.Call, 10_000)
	for i := range calls {
		calls[i] = newCaller(b, r, fmt.Sprint("ordinary", i), rule(1<<20, 1<<20, 20)).Call
	}
	var n atomic.Int64
	next := func() { limitstest.Exchange(b, r, calls[n.Add(1)%int64(len(calls))]) }
	for range 20 * len(calls) { // so that the rates of calls are known
		next()
	}
	b.Run("10000 callers", func(b *testing.B) { share(b, r, 16, next) })
	b.Run("refused", func(b *testing.B) {
		r := newRedis(b, s, nil)
		call := limits.Call{Key: limits.KeyOf(rand.Text()), Rule: rule(1, 1, 20), Lifetime: time.Minute}
		limitstest.Exchange(b, r, call)
		share(b, r, 1, func() {
			if d, err := r.Admit(context.Background(), call); err != nil || d.Verdict != limits.OverQuota {
				b.Error(d, err)
			}
		})
	})
}

// What stripes earn: one large caller of 64 goroutines, with them and with all calls at the shard.
func BenchmarkStripes(b *testing.B) {
	s := startServer(b)
	for _, with := range []struct {
		name     string
		striping striping
	}{{"stripes", usualStriping()}, {"no stripes", striping{}}} {
		r := newRedis(b, s, nil)
		r.striping = with.striping
		large := limitstest.LargeCall(with.name)
		for range 100_000 { // its rate is learned
			limitstest.Exchange(b, r, large)
		}
		b.Run(with.name, func(b *testing.B) {
			share(b, r, 64/runtime.GOMAXPROCS(0), func() { limitstest.Exchange(b, r, large) })
		})
		b.Run(with.name+", latency of Admit", func(b *testing.B) { latency(b, r, large) })
	}
}

// share measures decisions that many goroutines make.
func share(b *testing.B, r *Store, parallelism int, decide func()) {
	measure(b, parallelism, r.script.sent.Load, same(decide))
}

// same makes all goroutines decide alike.
func same(decide func()) func() func() { return func() func() { return decide } }

// measure runs deciders in many goroutines, one in each, and reports what a decision costs. sent
// returns the number of commands that Redis was sent until now. On a shared machine the processor
// time of this process says more than the decisions a second.
func measure(b *testing.B, parallelism int, sent func() int64, decider func() func()) {
	b.ReportAllocs()
	b.SetParallelism(parallelism)
	before, began := sent(), cpu(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		decide := decider()
		for pb.Next() {
			decide()
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((cpu(b)-began).Nanoseconds())/float64(b.N), "cpu-ns/decision")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(max(0, float64(sent()-before))/float64(b.N), "commands/decision")
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// latency reports percentiles of the time of a decision.
func latency(b *testing.B, r *Store, call limits.Call) {
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	var all []time.Duration
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var took []time.Duration
		for pb.Next() {
			start := time.Now()
			d, err := r.Admit(context.Background(), call)
			took = append(took, time.Since(start))
			if err != nil || d.Verdict != limits.Admitted {
				b.Error(d, err)
			}
			_ = r.Release(context.Background(), d.Slot)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, took...)
	})
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2]), "p50-ns")
	b.ReportMetric(float64(all[len(all)*99/100]), "p99-ns")
}

// Ten thousand ordinary callers with one call a second each, as a country has at its peak. Beside
// them, as fast as possible, one script and one INCRBY with EXPIRE for each decision.
func BenchmarkOrdinaryCallers(b *testing.B) {
	s := startServer(b)
	calls := ordinaryCalls(10_000)
	b.Run("leases", func(b *testing.B) {
		r := newRedis(b, s, nil)
		for b.Loop() {
			callEachSecond(b, r, calls, 10*time.Second) // so that the rates of calls are known
			before := r.script.sent.Load()
			decisions := callEachSecond(b, r, calls, 10*time.Second)
			b.ReportMetric(float64(decisions)/10, "decisions/s")
			b.ReportMetric(float64(r.script.sent.Load()-before)/float64(decisions), "commands/decision")
		}
	})
	b.Run("script for each decision", func(b *testing.B) { eachAsks(b, newRedis(b, s, nil), calls) })
	b.Run("INCRBY and EXPIRE for each decision", func(b *testing.B) { eachCounts(b, s.client(b), calls) })
}

func ordinaryCalls(n int) []limits.Call {
	calls := make([]limits.Call, n)
	for i := range calls {
		calls[i] = limits.Call{
			Key: limits.KeyOf(fmt.Sprint("ordinary", i)), Rule: rule(10_000, 10_000, 20),
			Lifetime: time.Minute,
		}
	}
	return calls
}

// eachAsks runs the script for each call.
func eachAsks(b *testing.B, r *Store, calls []limits.Call) {
	var number, next, sent atomic.Int64
	measure(b, 16, sent.Load, func() func() {
		// Each goroutine has a shard: requests of one gateway to one shard wait for each other.
		shard := shardCount + int(number.Add(1))
		gateway, seq := rand.Text(), int64(0)
		return func() {
			seq++
			sent.Add(1)
			call := &calls[next.Add(1)%int64(len(calls))]
			q := &request{
				Gateway: gateway, Seq: seq, Policy: "p",
				Trust: true, Settled: true, Alone: true, Epoch: 1,
				Entries: []entry{{
					key:  call.Key,
					Rule: [3]int64{call.Rule.Working, call.Rule.Off, int64(call.Rule.Concurrent)},
					Need: 1, Slots: 1, Life: 1000,
				}},
			}
			if _, err := r.script.send(shard, q); err != nil {
				b.Error(err)
			}
		}
	})
}

// eachCounts counts each call in a fixed window, which admits twice the quota.
func eachCounts(b *testing.B, client *redis.Client, calls []limits.Call) {
	var next, sent atomic.Int64
	measure(b, 16, sent.Load, same(func() {
		sent.Add(2)
		window := string(calls[next.Add(1)%int64(len(calls))].Key[:])
		p := client.Pipeline()
		p.IncrBy(context.Background(), window, 1)
		p.Expire(context.Background(), window, limits.Window)
		if _, err := p.Exec(context.Background()); err != nil {
			b.Error(err)
		}
	}))
}

// The time of a request that replays callers to a ledger that has lost its memory.
func BenchmarkReplay(b *testing.B) {
	s := startServer(b)
	for _, minutes := range []int64{1, 60} {
		for _, callers := range []int{1, batch} {
			b.Run(fmt.Sprintf("%d minutes of %d callers", minutes, callers), func(b *testing.B) {
				r := newRedis(b, s, nil)
				seq := int64(0)
				for b.Loop() {
					seq++
					q := &request{
						Gateway: "g", Seq: seq, Policy: "p",
						Trust: true, Settled: true, Alone: true, Epoch: 1, Replaying: true,
					}
					for i := range callers {
						q.Entries = append(q.Entries, unreplayedEntry(fmt.Sprint(seq, i), minutes))
					}
					if _, err := r.script.send(shardCount, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// unreplayedEntry replays a caller with one call in each of some minutes, of which the ledger knows
// nothing.
func unreplayedEntry(name string, minutes int64) entry {
	e := entry{key: limits.KeyOf(name), Rule: [3]int64{10_000, 10_000, 20}, Net: &limits.Counts{minutes}}
	first := time.Now().UnixMilli() + marginMillis + 2*journalMillis
	for minute := range minutes {
		e.Journal = append(e.Journal, [3]int64{first + minute*journalMillis, 1, 0})
	}
	return e
}

// callEachSecond makes one call of each caller a second, evenly, for a while.
func callEachSecond(t testing.TB, r *Store, calls []limits.Call, length time.Duration) (decisions int) {
	var group sync.WaitGroup
	for start := time.Now(); time.Since(start) < length; time.Sleep(time.Millisecond) {
		for due := int(time.Since(start).Seconds() * float64(len(calls))); decisions < due; decisions++ {
			call := calls[decisions%len(calls)]
			group.Go(func() { limitstest.Exchange(t, r, call) })
		}
	}
	group.Wait()
	return decisions
}
