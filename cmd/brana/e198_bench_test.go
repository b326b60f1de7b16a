package main

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/bench/stand"
	"brana/cmd/brana/config"
)

// BenchmarkE198 calls E198 one after another over registries of 5 ms. It reports the
// median of a call at the caller beside the critical path: the sum of the times, by
// the log of the registries, of the messages on the longest way through the graph.
// With a large photo that takes 200 ms to arrive, the evidence alone is the critical
// path, and all else is hidden.
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
			w := startWorld(b, func(c *config.Config) { c.Log.Level = "error" })
			for _, name := range []string{registries.ORG, registries.ROB, registries.RUIAN} {
				w.set(name, registries.Settings{Latency: 5 * ms})
			}
			w.set(registries.EOP, bb.evidence)
			question := message(b, "E198", byBirth(special(b, "delivery address"), "--items", everything)...)
			w.post("E198", question) // connections are open and ORG has made the AIFO
			w.awaitSteps(7)
			caller := w.plainCaller()
			call := w.onTheWire("E198", question)
			var took, path, chain []time.Duration
			for b.Loop() {
				w.registries.ClearLog()
				start := time.Now()
				answer := caller.ask(call)
				took = append(took, time.Since(start))
				if !bytes.Contains(answer, []byte(">OK</")) {
					b.Fatalf("%.500s", answer)
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

// A plainCaller calls on one connection from one goroutine. A client with goroutines
// of its own would add the time in which it passes an answer on.
type plainCaller struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
	answer bytes.Buffer // with room from the first call on
}

func (w *world) plainCaller() *plainCaller {
	w.t.Helper()
	conn := w.dial()
	return &plainCaller{t: w.t, conn: conn, reader: bufio.NewReader(conn)}
}

// onTheWire is a call with its header.
func (w *world) onTheWire(service string, message []byte) []byte {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.request(service, bytes.NewReader(message)).Write(&b); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

// ask returns the answer to a call, valid until the next one.
func (c *plainCaller) ask(call []byte) []byte {
	c.t.Helper()
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second)) // a hang is a failure
	if _, err := c.conn.Write(call); err != nil {
		c.t.Fatal(err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	c.answer.Reset()
	if _, err := c.answer.ReadFrom(response.Body); err != nil {
		c.t.Fatal(err)
	}
	return c.answer.Bytes()
}

// awaitSteps waits until n messages are in the log: a streamed answer is logged a
// moment after it was read.
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
