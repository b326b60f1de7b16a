//go:build !race

package upstream

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"brana/egon"
)

// What a relayed call may allocate, its message and the test's own reader
// included, whatever the length of the bodies; a collection in the middle of a
// long one empties the pools.
func TestRelayAllocations(t *testing.T) {
	for _, size := range []int{2 << 10, 64 << 10, 8 << 20} {
		body := strings.Repeat("x", size-1) + "!"
		r := NewRelay(client(t, Config{URL: answeringAfter("!", ok(body)).listen(t)}))
		buf := make([]byte, 32<<10)
		got := testing.AllocsPerRun(100, func() {
			m := &egon.Message{Service: e05, Length: int64(size), Body: strings.NewReader(body)}
			a, _, err := r.Send(t.Context(), m, nil)
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = a.Body.Read(buf)
			}
			a.Body.Close()
		})
		if got > 14 {
			t.Errorf("%d bytes: %v allocations, want at most 14", size, got)
		}
	}
}

// A reply of E198 holds at most 256 KiB of the evidence's answer, whatever the length of a
// photo: it allocates less while 32 MiB pass.
func TestMediaAllocations(t *testing.T) {
	const pieces = 1024
	piece := []byte(strings.Repeat("QUJD", 8<<10))
	answer := envelope(eop("OK", known, appStatus("OK", "")+aifo1+photo))
	before, after, _ := strings.Cut(answer, "QUJD")
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
			len(before)+pieces*len(piece)+len(after), before)
		for range pieces {
			if _, err := nc.Write(piece); err != nil {
				return
			}
		}
		io.WriteString(nc, after)
	}).listen(t)
	m, _ := allWell().start(t)
	m.Eop = client(t, Config{Name: "eop", URL: url, Agenda: "A385", Ais: 385})
	a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	buf := make([]byte, 32<<10)
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	n := 0
	for err == nil {
		var k int
		k, err = a.Body.Read(buf)
		n += k
	}
	runtime.ReadMemStats(&end)
	if err != io.EOF || n < pieces*len(piece) {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	if got := end.TotalAlloc - start.TotalAlloc; got > 128<<10 {
		t.Errorf("%d bytes allocated while %d passed", got, n)
	}
}

// While ROB does not answer, an evidence that sends 200 MiB is held back by its
// own socket: the call holds 256 KiB of it. When ROB has answered, all of it
// goes through, byte for byte.
func TestMediaWaitInTheSocket(t *testing.T) {
	const pieces = 6400
	piece := []byte(strings.Repeat("QUJD", 8<<10)) // 32 KiB
	before, after, _ := strings.Cut(envelope(eop("OK", known, appStatus("OK", "")+aifo1+photo)),
		"QUJD")
	var sent atomic.Int64
	eopURL := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		_ = nc.(*net.TCPConn).SetWriteBuffer(64 << 10)
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s",
			len(before)+pieces*len(piece)+len(after), before)
		for i := range pieces {
			piece[0] = byte('A' + i%26) // each piece has its number
			n, err := nc.Write(piece)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
		io.WriteString(nc, after)
	}).listen(t)
	asked, release := make(chan struct{}), make(chan struct{})
	robURL := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		close(asked)
		<-release
		io.WriteString(nc, ok(envelope(allWell()["O25"])))
	}).listen(t)
	m, _ := allWell().start(t)
	m.Eop = client(t, Config{Name: "eop", URL: eopURL, Agenda: "A385", Ais: 385,
		ReceiveBuffer: 64 << 10})
	m.Rob = client(t, Config{Name: "rob", URL: robURL, Agenda: "A999", Ais: 1})

	heap := func() int64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	idle := heap()
	served := make(chan *egon.Answer)
	go func() {
		a, _, err := m.Serve(t.Context(), e198Head("EopFoto"), nil)
		if err != nil {
			t.Error(err)
		}
		served <- a
	}()
	<-asked
	waitUntilStill(t, &sent)
	// Linux doubles the size that was set for each socket.
	if n := sent.Load(); n < aheadBytes || n > 256<<10+4*64<<10+int64(len(piece)) {
		t.Errorf("the evidence has sent %d bytes while ROB was silent", n)
	}
	if grown := heap() - idle; grown > 512<<10 {
		t.Errorf("the heap grew by %d KiB while ROB was silent", grown>>10)
	}
	close(release)
	a := <-served
	if a == nil {
		return
	}
	defer a.Body.Close()
	body := bufio.NewReaderSize(a.Body, 32<<10)
	for tag := ""; !strings.HasSuffix(tag, "<s:Fotka>"); {
		var err error
		if tag, err = body.ReadString('>'); err != nil {
			t.Fatal(err)
		}
	}
	got := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{got},
		io.LimitReader(body, pieces*int64(len(piece))), make([]byte, 32<<10)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(body); err != nil ||
		!strings.HasPrefix(string(rest), "</s:Fotka>") ||
		!strings.HasSuffix(string(rest), "Envelope>") {
		t.Errorf("behind the photo: %q, %v", rest, err)
	}
	if grown := heap() - idle; grown > 512<<10 {
		t.Errorf("the heap grew by %d KiB in all", grown>>10)
	}
	want := sha256.New()
	for i := range pieces {
		piece[0] = byte('A' + i%26)
		want.Write(piece)
	}
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("another photo came out than went in")
	}
}

// waitUntilStill waits until a count stands still.
func waitUntilStill(t *testing.T, count *atomic.Int64) {
	t.Helper()
	last, still := int64(-1), 0
	waitFor(t, "the sender to be held back", func() bool {
		if n := count.Load(); n == last {
			still++
		} else {
			last, still = n, 0
		}
		return still == 50
	})
}
