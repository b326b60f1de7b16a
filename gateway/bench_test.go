package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/audit/journal"
	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// A loop sends one request through Handle again and again as the server does,
// without a network: what is measured is the gateway and the library's writing
// of the answer.
type loop struct {
	g       *Gateway
	rc      fasthttp.RequestCtx
	message []byte
	body    bytes.Reader
	out     *bufio.Writer
}

func newLoop(t testing.TB, path string, message []byte, change ...func(*settings)) *loop {
	t.Helper()
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(io.Discard), zapcore.InfoLevel))
	s := newGateway(t, append([]func(*settings){func(s *settings) {
		s.parts.Log, s.parts.Limiter = log, limits.NewMemory(mustCalendar(t), nil)
	}}, change...)...)
	return (&loop{g: s.Gateway, message: message}).another(t, path)
}

// another is a loop of the same gateway and message.
func (l *loop) another(t testing.TB, path string) *loop {
	o := &loop{g: l.g, message: l.message, out: bufio.NewWriter(io.Discard)}
	o.rc.Init2(noDeadlines{}, nil, false)
	err := o.rc.Request.Header.Read(
		bufio.NewReader(bytes.NewReader([]byte(withLength(path, o.message)))),
	)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var loopPeer = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}

// noDeadlines is a connection that has no deadlines.
type noDeadlines struct{ net.Conn }

func (noDeadlines) RemoteAddr() net.Addr             { return loopPeer }
func (noDeadlines) SetReadDeadline(time.Time) error  { return nil }
func (noDeadlines) SetWriteDeadline(time.Time) error { return nil }

func (l *loop) exchange(t testing.TB) {
	l.body.Reset(l.message)
	l.rc.Request.SetBodyStream(&l.body, len(l.message))
	l.handle(t)
}

// handle serves the request that rc holds.
func (l *loop) handle(t testing.TB) {
	l.g.Handle(&l.rc)
	if err := l.rc.Response.Write(l.out); err != nil || l.rc.Response.StatusCode() != 200 {
		t.Fatalf("%d, %v", l.rc.Response.StatusCode(), err)
	}
	l.rc.Response.Reset()
}

// staticRelay answers with the same reply, out of nothing.
func staticRelay(doc []byte) func(*settings) {
	scratch := make([]byte, 64<<10)
	answer := &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: int64(len(doc))}
	body := &staticBody{}
	return relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		for {
			if _, err := m.Body.Read(scratch); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
		}
		body.Reset(doc)
		answer.Body = body
		return answer, nil
	})
}

type staticBody struct{ bytes.Reader }

func (*staticBody) Close() error { return nil }

// unlimited lifts the quota, which a benchmark would use up.
func unlimited(s *settings) {
	s.parts.Limiter = &limiterFunc{admit: admitAll}
}

func BenchmarkExchange(b *testing.B) {
	for _, c := range []struct {
		name, path string
		message    []byte
	}{
		{"relay", "/publikace/E05", call{items: []string{"Jmeno", "Prijmeni"}}.message()},
		{"relay 60 KiB", "/publikace/E05", largeMessage(60 << 10)},
		{"local", "/publikace/E227", call{code: "E227"}.message()},
		{"refused", "/publikace/E05", call{ais: "999003"}.message()},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := newLoop(b, c.path, c.message, staticRelay(replyOf("E05", egon.OK)), unlimited)
			b.SetBytes(int64(len(c.message)))
			b.ReportAllocs()
			for b.Loop() {
				l.exchange(b)
			}
		})
	}
}

// BenchmarkEdits is what the rules of a route cost a small relayed call, in processor time
// of the process: of a person as it is asked for, with two items that may not leave, with an
// item removed from the request, and with all permitted items filled into it.
func BenchmarkEdits(b *testing.B) {
	asks := func(items ...string) []byte { return call{items: items}.message() }
	clean := personReply(permittedItems)
	for _, c := range []struct {
		name           string
		message, reply []byte
		items          policy.ItemRule
		returned       egon.ReturnedRule
	}{
		{"plain", asks("Jmeno", "Prijmeni"), clean, policy.Strict, egon.ObserveReturned},
		{"refuse", asks("Jmeno", "Prijmeni"), clean, policy.Strict, egon.RefuseReturned},
		{"filter", asks("Jmeno", "Prijmeni"), clean, policy.AsIszr, egon.FilterReturned},
		{"filtered", asks("Jmeno", "Prijmeni"),
			personReply(permittedItems + foreignItem + unaskedItem), policy.AsIszr, egon.FilterReturned},
		{"removed", asks("Jmeno", "Prijmeni", "Telefon"), clean, policy.AsIszr, egon.ObserveReturned},
		{"filled", asks(), clean, policy.AsIszr, egon.ObserveReturned},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := newLoop(b, "/publikace/E05", c.message, staticRelay(c.reply), unlimited,
				func(s *settings) {
					s.cfg.Routes.Default.Items, s.cfg.Routes.Default.Returned = c.items, c.returned
				})
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				l.exchange(b)
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkRecord is what the record of use costs an exchange, with a journal in a file: in
// time, and in processor time of the process. One call at a time pays a write and a switch
// of goroutines; of many, each pays its share of a write. With os no disk is waited for.
func BenchmarkRecord(b *testing.B) {
	for _, at := range []int{1, 64} {
		for _, d := range []journal.Durability{"none", journal.System, journal.BeforeAnswer} {
			b.Run(fmt.Sprintf("calls=%d/durability=%s", at, d), func(b *testing.B) {
				change := []func(*settings){relayTo(relayOK), unlimited}
				if d != "none" {
					into, _ := recordedAs(b, d)
					change = append(change, into)
				}
				message := call{items: []string{"Jmeno", "Prijmeni"}}.message()
				shared := newLoop(b, "/publikace/E05", message, change...)
				b.ReportAllocs()
				b.SetParallelism(max(1, at/runtime.GOMAXPROCS(0)))
				before := processorTime(b)
				b.RunParallel(func(p *testing.PB) {
					l := shared.another(b, "/publikace/E05")
					for p.Next() {
						l.exchange(b)
					}
				})
				b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// processorTime is the time that all processors have worked for this process.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkLargeReply streams 64 MiB over the loopback, with its length known
// and in chunks.
func BenchmarkLargeReply(b *testing.B) {
	const size = 64 << 20
	for name, known := range map[string]bool{"length": true, "chunked": false} {
		b.Run(name, func(b *testing.B) {
			doc := largeReply(size)
			s := startGateway(
				b, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
					a := answerOf(doc)
					if !known {
						a.Length = -1
					}
					return a, nil
				}),
			)
			b.SetBytes(size)
			b.ReportAllocs()
			message := call{}.message()
			scratch := make([]byte, 256<<10)
			for b.Loop() {
				r := s.post(b, "/publikace/E05", message)
				_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, scratch)
				if err != nil || r.StatusCode != http.StatusOK {
					b.Fatal(r.StatusCode, err)
				}
			}
		})
	}
}
