package main

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/bench/stand"
)

// BenchmarkE198 calls E198 one after another over registries of 5 ms and tells
// the median of a call, from the caller's side, beside the critical path: what
// the registries themselves say that the messages of the longest way through
// the graph took, one after another. With a large photo that takes 200 ms to
// arrive the evidence alone is the critical path, and all else is hidden.
func BenchmarkE198(b *testing.B) {
	const ms = registries.Duration(time.Millisecond)
	for _, bb := range []struct {
		name     string
		evidence registries.Settings
	}{
		{"photo of its own size", registries.Settings{Latency: 5 * ms}},
		{"4 MiB in 200 ms", registries.Settings{Latency: 5 * ms, Photo: 4 << 20, Transfer: 200 * ms}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			w := startWorld(b, func(c *config) { c.Log.Level = "error" })
			for _, name := range []string{registries.ORG, registries.ROB, registries.RUIAN} {
				w.set(name, registries.Settings{Latency: 5 * ms})
			}
			w.set(registries.EOP, bb.evidence)
			question := message(b, "E198", byBirth(special(b, "delivery address"), "--items", everything)...)
			w.post("E198", question) // connections are open and ORG has made the AIFO
			w.awaitSteps(7)
			var took, path, chain []time.Duration
			var answer bytes.Buffer // with room from the first call on
			for b.Loop() {
				w.registries.ClearLog()
				start := time.Now()
				response, err := w.client.Do(w.request("E198", bytes.NewReader(question)))
				if err != nil {
					b.Fatal(err)
				}
				answer.Reset()
				_, err = answer.ReadFrom(response.Body)
				took = append(took, time.Since(start))
				response.Body.Close()
				if err != nil || !bytes.Contains(answer.Bytes(), []byte(">OK</")) {
					b.Fatalf("%v in %.500s", err, answer.Bytes())
				}
				w.awaitSteps(6)
				whole, steps := stand.CriticalPath(w.registries.Log())
				path, chain = append(path, whole), append(chain, steps)
			}
			b.ReportMetric(median(took), "p50-ms")
			b.ReportMetric(median(path), "path-p50-ms")
			b.ReportMetric(median(chain), "chain-p50-ms")
			b.ReportMetric(median(took)/median(path), "p50/path")
		})
	}
}

// awaitSteps waits until so many messages are in the log: a streamed answer is
// logged a moment after it was read.
func (w *world) awaitSteps(n int) {
	w.t.Helper()
	for by := time.Now().Add(10 * time.Second); time.Now().Before(by); time.Sleep(time.Millisecond) {
		if len(w.registries.Log()) == n {
			return
		}
	}
	w.t.Fatalf("the registries got %s, want %d messages", w.steps(), n)
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2]) / float64(time.Millisecond)
}
