package upstream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"brana/egon"
)

// The cost of a call that is relayed, with a body whose length is known or not.
// The other side is in the same process and does next to nothing.
func BenchmarkRelay(b *testing.B) {
	for _, bb := range []struct {
		name string
		size int
		len  bool
		end  string // of a request
	}{{"2KiB", 2 << 10, true, "x"}, {"2KiB chunked", 2 << 10, false, "0\r\n\r\n"}, {"1MiB", 1 << 20,
		true, "!"}} {
		b.Run(bb.name, func(b *testing.B) {
			body := strings.Repeat("x", bb.size-1) + bb.end[:1]
			r := NewRelay(client(b, Config{URL: answeringAfter(bb.end, ok(body)).listen(b)}))
			buf := make([]byte, 64<<10)
			b.SetBytes(int64(bb.size))
			b.ReportAllocs()
			for b.Loop() {
				m := &egon.Message{Service: e05, Length: -1, Body: strings.NewReader(body)}
				if bb.len {
					m.Length = int64(bb.size)
				}
				a, _, err := r.Send(b.Context(), m, nil)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = a.Body.Read(buf)
				}
				a.Body.Close()
			}
		})
	}
}

// answeringAfter answers whenever what it reads ends with end, and allocates
// nothing for it.
func answeringAfter(end, answer string) rawFake {
	out, last := []byte(answer), []byte(end)
	return func(nc net.Conn, _ *bufio.Reader) {
		buf := make([]byte, 64<<10)
		for {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			if bytes.HasSuffix(buf[:n], last) {
				nc.Write(out)
			}
		}
	}
}

// The cost of splicing photos, per byte of them.
func BenchmarkEvidence(b *testing.B) {
	for _, size := range []int{20 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			doc := envelope(eop("OK", known, appStatus("OK", "")+aifo1+strings.Replace(photo,
				"QUJD", strings.Repeat("QUJD", size/4), 1)))
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				e, err := evidenceOf(strings.NewReader(doc))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
