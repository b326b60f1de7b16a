package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"

	"brana/egon"
)

// BenchmarkChunks measures a message that comes in chunks of a size, without a
// network: what a byte costs that comes alone in its chunk, and what framing
// costs one that does not.
func BenchmarkChunks(b *testing.B) {
	message := largeMessage(256 << 10)
	for _, size := range []int{1, 16, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			wire := []byte(header("/publikace/E05", "Transfer-Encoding: chunked"))
			for from := 0; from < len(message); from += size {
				wire = append(wire, chunk(message[from:min(from+size, len(message))])...)
			}
			wire = append(wire, "0\r\n\r\n"...)
			l := newLoop(
				b, "/publikace/E05", message, staticRelay(replyOf("E05", egon.OK)), unlimited,
			)
			in, r := bufio.NewReaderSize(nil, readBufferBytes), bytes.NewReader(nil)
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(wire)
				in.Reset(r)
				if err := l.rc.Request.Header.Read(in); err != nil {
					b.Fatal(err)
				}
				err := l.rc.Request.ContinueReadBodyStream(in, l.g.cfg.InlineLimit, false)
				if err != nil {
					b.Fatal(err)
				}
				l.handle(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64((len(message)+size-1)/size), "ns/chunk")
		})
	}
}
