package limits

import (
	"context"
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
		call := benchCall("refused")
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

func BenchmarkRedis(b *testing.B) {
	s := startServer(b)
	r := newRedis(b, s, nil)
	b.Run("one caller", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			exchange(b, r, benchCall("a"))
		}
	})
	b.Run("one caller, parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				exchange(b, r, benchCall("a"))
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		call := benchCall("refused")
		call.Rule.Working, call.Rule.Off = 1, 1
		exchange(b, r, call)
		b.ReportAllocs()
		for b.Loop() {
			if d, err := r.Admit(context.Background(), call); err != nil || d.Verdict != OverQuota {
				b.Fatal(d, err)
			}
		}
	})
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
