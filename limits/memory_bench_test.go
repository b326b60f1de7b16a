package limits_test

import (
	"context"
	"crypto/rand"
	"testing"

	"brana/limits"
	"brana/limits/limitstest"
)

// Each operation is one Admit and one Release. The sub-benchmarks differ in the number of callers.
func BenchmarkMemory(b *testing.B) {
	m := limits.NewMemory(limitstest.Czech(b), nil)
	b.Run("one caller", func(b *testing.B) {
		call := limitstest.LargeCall("a")
		b.ReportAllocs()
		for b.Loop() {
			limitstest.Exchange(b, m, call)
		}
	})
	b.Run("one caller, parallel", func(b *testing.B) {
		call := limitstest.LargeCall("a")
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				limitstest.Exchange(b, m, call)
			}
		})
	})
	b.Run("1024 callers, parallel", func(b *testing.B) {
		calls := make([]limits.Call, 1024)
		for i := range calls {
			calls[i] = limitstest.LargeCall(string(rune('a' + i)))
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				limitstest.Exchange(b, m, calls[i%len(calls)])
			}
		})
	})
	b.Run("refused", func(b *testing.B) {
		call := limitstest.LargeCall(rand.Text())
		call.Rule.Working, call.Rule.Off = 1, 1
		limitstest.Exchange(b, m, call)
		b.ReportAllocs()
		for b.Loop() {
			if d, err := m.Admit(context.Background(), call); err != nil || d.Verdict != limits.OverQuota {
				b.Fatal(d, err)
			}
		}
	})
}
