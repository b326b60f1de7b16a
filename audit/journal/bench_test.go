package journal

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkAppend measures an exchange: a line that its call waits for, and one that nobody
// waits for, of the usual length. Beside the time it reports the processor time of the
// process and the fdatasyncs of an exchange.
func BenchmarkAppend(b *testing.B) {
	intent, outcome := benchLine(900), benchLine(300)
	for _, callers := range []int{1, 4, 32, 128} {
		for _, durability := range []Durability{BeforeAnswer, Interval, System} {
			b.Run(fmt.Sprintf("%s/callers=%d", durability, callers), func(b *testing.B) {
				j := opened(b, Config{Dir: b.TempDir(), Durability: durability})
				b.ReportAllocs()
				b.SetParallelism((callers + 1) / 2)
				began, cpu := time.Now(), processorTime()
				var ran atomic.Int32
				b.RunParallel(func(pb *testing.PB) {
					if int(ran.Add(1)) > callers {
						return
					}
					for pb.Next() {
						if _, err := j.Append(intent, true); err != nil {
							b.Error(err)
						}
						if _, err := j.Append(outcome, false); err != nil {
							b.Error(err)
						}
					}
				})
				cpu = processorTime() - cpu
				b.ReportMetric(float64(cpu)/float64(b.N), "cpu-ns/op")
				b.ReportMetric(float64(j.Stats().Syncs)/float64(b.N), "syncs/op")
				b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "op/s")
			})
		}
	}
}

// BenchmarkAppendFree measures a line that nobody waits for.
func BenchmarkAppendFree(b *testing.B) {
	j := opened(b, Config{Dir: b.TempDir()})
	line := benchLine(900)
	b.ReportAllocs()
	for b.Loop() {
		for {
			if _, err := j.Append(line, false); err == nil {
				break
			}
			time.Sleep(time.Millisecond) // the disk is slower than this loop
		}
	}
}

func benchLine(bytes int) []byte {
	line := record("")
	for len(line) < bytes-chainBytes {
		line = fmt.Appendf(line, `,"field%d":"value of it"`, len(line))
	}
	return line
}

func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
