package limits

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An exchange is one Admit and one Release. Sub-benchmarks by how many callers share the work.
func BenchmarkMemory(b *testing.B) {
	m := NewMemory(czech(b), nil)
	b.Run("one caller", func(b *testing.B) {
		call := benchCall("a")
		b.ReportAllocs()
		for b.Loop() {
			exchange(b, m, call)
		}
	})
	b.Run("one caller, parallel", func(b *testing.B) {
		call := benchCall("a")
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				exchange(b, m, call)
			}
		})
	})
	b.Run("1024 callers, parallel", func(b *testing.B) {
		calls := make([]Call, 1024)
		for i := range calls {
			calls[i] = benchCall(string(rune('a' + i)))
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				exchange(b, m, calls[i%len(calls)])
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		call := benchCall(rand.Text())
		call.Rule.Working, call.Rule.Off = 1, 1
		exchange(b, m, call)
		b.ReportAllocs()
		for b.Loop() {
			if d, err := m.Admit(context.Background(), call); err != nil || d.Verdict != OverQuota {
				b.Fatal(d, err)
			}
		}
	})
}

// The ledger beside one script for each decision, in one run: decisions a second and commands of Redis for each.
func BenchmarkRedis(b *testing.B) {
	s := startServer(b)
	b.Run("script for each decision", func(b *testing.B) {
		r := newRedis(b, s, nil)
		var number atomic.Int64
		b.ReportAllocs()
		b.SetParallelism(16)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			shard := lanes + int(number.Add(1)) // requests of one gateway to one shard would have to wait for each other
			gateway := rand.Text()
			for seq := int64(1); pb.Next(); seq++ {
				q := &request{Gateway: gateway, Seq: seq, Policy: "p", Trust: true, Settled: true, Alone: true, Epoch: 1,
					Entries: []entry{{key: KeyOf("each"), Rule: [3]int64{1 << 40, 1 << 40, 1 << 20}, Need: 1, Slots: 1, Life: 1000}}}
				if _, err := r.send(shard, q); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		b.ReportMetric(1, "commands/decision")
	})
	r := newRedis(b, s, nil)
	large := benchCall("large")
	b.Run("one large caller", func(b *testing.B) { share(b, r, 1, func() { exchange(b, r, large) }) })
	b.Run("one large caller, 16 at once on each core", func(b *testing.B) { share(b, r, 16, func() { exchange(b, r, large) }) })
	calls := make([]Call, 10_000)
	for i := range calls {
		calls[i] = Call{Key: KeyOf(fmt.Sprint("ordinary", i)), Rule: Rule{1 << 20, 1 << 20, 20}, Lifetime: time.Minute}
	}
	var n atomic.Int64
	next := func() { exchange(b, r, calls[n.Add(1)%int64(len(calls))]) }
	for range 20 * len(calls) { // their rates are learned
		next()
	}
	b.Run("10000 callers", func(b *testing.B) { share(b, r, 16, next) })
	b.Run("refused", func(b *testing.B) {
		r := newRedis(b, s, nil)
		call := Call{Key: KeyOf(rand.Text()), Rule: Rule{1, 1, 20}, Lifetime: time.Minute}
		exchange(b, r, call)
		share(b, r, 1, func() {
			if d, err := r.Admit(context.Background(), call); err != nil || d.Verdict != OverQuota {
				b.Error(d, err)
			}
		})
	})
}

// share lets many goroutines make decisions and reports what they cost.
func share(b *testing.B, r *Redis, parallelism int, decide func()) {
	b.ReportAllocs()
	b.SetParallelism(parallelism)
	before := r.sent.Load()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			decide()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(float64(r.sent.Load()-before)/float64(b.N), "commands/decision")
}

// Ten thousand ordinary callers with one call a second each, as a country has at its peak.
func BenchmarkOrdinaryCallers(b *testing.B) {
	s := startServer(b)
	r := newRedis(b, s, nil)
	calls := make([]Call, 10_000)
	for i := range calls {
		calls[i] = Call{Key: KeyOf(fmt.Sprint("ordinary", i)), Rule: Rule{10_000, 10_000, 20}, Lifetime: time.Minute}
	}
	for b.Loop() {
		play(b, r, calls, 10*time.Second) // rates are learned
		before := r.sent.Load()
		decisions := play(b, r, calls, 10*time.Second)
		b.ReportMetric(float64(decisions)/10, "decisions/s")
		b.ReportMetric(float64(r.sent.Load()-before)/float64(decisions), "commands/decision")
	}
}

// play lets each caller call once a second, evenly.
func play(b *testing.B, r *Redis, calls []Call, length time.Duration) (decisions int) {
	var group sync.WaitGroup
	for start := time.Now(); time.Since(start) < length; time.Sleep(time.Millisecond) {
		for due := int(time.Since(start).Seconds() * float64(len(calls))); decisions < due; decisions++ {
			call := calls[decisions%len(calls)]
			group.Go(func() { exchange(b, r, call) })
		}
	}
	group.Wait()
	return decisions
}

func benchCall(name string) Call {
	return Call{Key: KeyOf(name), Rule: Rule{1 << 40, 1 << 40, 1 << 20}, Lifetime: time.Minute}
}

func exchange(b *testing.B, s store, call Call) {
	d, err := s.Admit(context.Background(), call)
	if err != nil || d.Verdict != Admitted {
		b.Fatal(d, err)
	}
	if err := s.Release(context.Background(), d.Slot); err != nil {
		b.Fatal(err)
	}
}
