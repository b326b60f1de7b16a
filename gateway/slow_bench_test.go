package gateway

import (
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// slowCallers is how many connections BenchmarkSlowAndMany holds.
const slowCallers = 5000

// BenchmarkSlowAndMany reports the latency of an ordinary caller alone, and while
// thousands of connections from many addresses drip their headers and messages.
// Both ends of the slow connections are in this process; bytes/conn is the growth of
// its heap and stacks for each.
func BenchmarkSlowAndMany(b *testing.B) {
	s := startGateway(b, relayTo(relayOK), unlimited)
	message := call{items: []string{"Jmeno", "Prijmeni"}}.message()
	var alone time.Duration
	b.Run("alone", func(b *testing.B) { alone = s.latency(b, message) })
	before := memory()
	slow := holdSlow(b, s)
	defer slow.end()
	perConn := (memory() - before) / slowCallers
	b.Run("beside", func(b *testing.B) {
		p99 := s.latency(b, message)
		b.ReportMetric(float64(p99)/float64(alone), "x-p99")
		b.ReportMetric(float64(perConn), "bytes/conn")
		if n := s.Connections(); n < slowCallers*9/10 { // those that were cut come again
			b.Errorf("only %d connections were held", n)
		}
	})
}

// latency makes calls one after the other and returns their 99th percentile.
func (s *testGateway) latency(b *testing.B, message []byte) time.Duration {
	w := s.dial(b)
	_ = w.SetDeadline(time.Now().Add(time.Minute))
	request := []byte(withLength("/publikace/E05", message))
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := w.Conn.Write(request); err != nil {
			b.Fatal(err)
		}
		r, err := http.ReadResponse(w.r, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != 200 {
			b.Fatal(r.StatusCode, err)
		}
		took = append(took, time.Since(start))
	}
	w.Close()
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	b.ReportMetric(float64(took[len(took)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(p99)/1e3, "p99-µs")
	return p99
}

// memory is the heap and the stacks in use.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// slowConns are connections that send a byte each every few seconds.
type slowConns struct {
	b    *testing.B
	s    *testGateway
	all  []net.Conn
	stop chan struct{}
	done sync.WaitGroup
}

// holdSlow opens the connections, each hundred from an address of its own, and
// drips on them until end is called.
func holdSlow(b *testing.B, s *testGateway) *slowConns {
	h := &slowConns{b: b, s: s, all: make([]net.Conn, slowCallers), stop: make(chan struct{})}
	for i := range h.all {
		h.open(i)
	}
	eventually(b, "all are in", func() bool { return s.Connections() >= slowCallers })
	h.done.Add(1)
	go h.drip()
	return h
}

// open opens the i-th connection and sends the beginning of a request: of half
// of them a part of the header, of the others all of it and more of the message
// than the server waits for before it begins the exchange.
func (h *slowConns) open(i int) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i/100))}}
	c, err := d.Dial("tcp", h.s.addr)
	if err != nil {
		h.b.Error(err)
		return
	}
	begin := "POST /publikace/E05 HTTP/1.1\r\nHost: x\r\nX: "
	if i%2 == 1 {
		begin = header("/publikace/E05", "Content-Length: 60000") + strings.Repeat(" ", 9<<10)
	}
	if _, err := io.WriteString(c, begin); err != nil {
		h.b.Error(err)
	}
	h.all[i] = c
}

// drip sends a byte on every connection once in five seconds; one that was cut
// comes again.
func (h *slowConns) drip() {
	defer h.done.Done()
	const batch = 10
	tick := time.NewTicker(5 * time.Second * batch / slowCallers)
	defer tick.Stop()
	for i := 0; ; i = (i + batch) % slowCallers {
		select {
		case <-h.stop:
			return
		case <-tick.C:
		}
		for j := i; j < i+batch; j++ {
			if _, err := h.all[j].Write([]byte{' '}); err != nil {
				h.all[j].Close()
				h.open(j)
			}
		}
	}
}

func (h *slowConns) end() {
	close(h.stop)
	h.done.Wait()
	for _, c := range h.all {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	eventually(h.b, "all have gone", func() bool { return h.s.Connections() == 0 })
}
