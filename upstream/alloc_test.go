//go:build !race

package upstream

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
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
			a, err := r.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = a.Body.Read(buf)
			}
			a.Body.Close()
		})
		if got > 20 {
			t.Errorf("%d bytes: %v allocations, want at most 20", size, got)
		}
	}
}

// A reply of E198 holds at most 256 KiB of what the evidence sends, whatever
// the length of a photo: all that it allocates while 32 MiB pass is less.
func TestMediaAllocations(t *testing.T) {
	const pieces = 1024
	piece := []byte(strings.Repeat("QUJD", 8<<10))
	answer := envelope(eop("OK", known, appStatus("OK", "")+aifo1+photo))
	before, after, _ := strings.Cut(answer, "QUJD")
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		if _, _, err := takeRequest(br); err != nil {
			return
		}
		fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(before)+pieces*len(piece)+len(after), before)
		for range pieces {
			if _, err := nc.Write(piece); err != nil {
				return
			}
		}
		io.WriteString(nc, after)
	}).listen(t)
	m, _ := wellWorld().open(t)
	m.Eop = client(t, Config{Name: "eop", URL: url, Agenda: "A385", Ais: 385})
	a, err := m.Serve(t.Context(), question("EopFoto"))
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
