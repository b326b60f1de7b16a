package registries

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"brana/egon"
)

// begin takes the settings of a registry and waits its latency. It reports false
// when a failure of the transport has ended the message.
func (x *exchange) begin() bool {
	x.set = x.settings.of(x.entry.Registry)
	x.fail = FailNone
	if x.set.Failure != "" && (x.set.Rate == 0 || rand.Float64() < x.set.Rate) {
		x.fail = x.set.Failure
	}
	if x.set.Down {
		x.fail = FailRefuse
	}
	wait := time.Duration(x.set.Latency)
	if x.set.Jitter > 0 {
		wait += rand.N(time.Duration(x.set.Jitter))
	}
	x.end.wait(wait)
	return !x.breakTransport()
}

// breakTransport plays the failures that need no answer of the registry. It
// reports whether it played one.
func (x *exchange) breakTransport() bool {
	switch x.fail {
	case FailRefuse, FailHang:
		hang := x.fail == FailHang
		if hang {
			x.end.hung.Add(1)
		}
		x.rc.HijackSetNoResponse(true)
		x.rc.Hijack(func(c net.Conn) {
			if hang {
				defer x.end.hung.Done()
				x.end.hold(c)
			}
		})
		x.finish(0)
	case FailHTTP500:
		x.rc.SetStatusCode(500)
		x.rc.SetContentType("text/html")
		x.rc.SetBodyString("<html><body><h1>Internal Server Error<br></body></html>")
		x.finish(500)
	case FailEmpty:
		x.rc.SetStatusCode(200)
		x.rc.SetContentType(soapType)
		x.finish(200)
	default:
		return false
	}
	return true
}

// send answers with the reply to m, changed by the failure that is played.
func (x *exchange) send(m *message, r reply) {
	x.entry.Kod, x.entry.Uses, x.entry.Hidden = r.kod, r.uses, r.hidden
	x.entry.Head = Duration(time.Since(x.entry.Start))
	if x.fail == FailFault {
		x.fault("Server", "Registr zprávu nezpracoval.")
		return
	}
	if x.fail == FailWrongNamespace {
		r.head = bytes.ReplaceAll(r.head, []byte(m.body.Space), []byte(egon.NSReg+":jiny"))
	}
	start, end := envelopeStart, bodyEnd+envelopeEnd
	if m.bare {
		start, end = "", ""
	}
	if x.fail == FailMalformed {
		end = envelopeEnd
	}
	x.rc.SetStatusCode(200)
	x.rc.SetContentType(soapType)
	head := append([]byte(start), r.head...)
	size := len(head) + len(end)
	filler := max(x.set.ReplyBytes-int64(size), 0)
	switch {
	case x.fail == FailCut:
		x.stream(func(w io.Writer) error { return cutAfter(w, head) }, -1)
	case r.stream != nil && x.set.Transfer > 0 && x.fail == FailNone:
		slow := &slowWriter{end: x.end, wait: time.Duration(x.set.Transfer) / slowParts}
		media := func(w io.Writer) error { return slow.trickle(w, r.stream) }
		x.stream(func(w io.Writer) error { return writeReply(w, head, media, end) }, -1)
	case x.fail == FailSlow:
		wait := max(time.Duration(x.set.Latency), 50*time.Millisecond)
		slow := &slowWriter{end: x.end, wait: wait}
		x.stream(func(w io.Writer) error {
			return slow.trickle(
				w, func(w io.Writer) error { return writeReply(w, head, r.stream, end) },
			)
		}, -1)
	case r.stream != nil:
		x.stream(func(w io.Writer) error { return writeReply(w, head, r.stream, end) }, -1)
	case filler > 0:
		filler = max(filler, int64(fillerLeast))
		pad := func(w io.Writer) error { return writeFiller(w, filler) }
		within := bytes.LastIndex(head, []byte("</")) // a gateway may hold back the bytes after it
		write := func(w io.Writer) error {
			return writeReply(w, head[:within], pad, string(head[within:])+end)
		}
		x.stream(write, size+int(filler))
	default:
		x.rc.SetBody(append(head, end...))
		x.finish(200)
	}
}

// cutAfter writes the first half of head and fails.
func cutAfter(w io.Writer, head []byte) error {
	if _, err := w.Write(head[:len(head)/2]); err != nil {
		return err
	}
	return errCut
}

// stream sets the answer, which is written when the handler has returned. size is
// its length in bytes, or -1 for a chunked one. The exchange ends with the stream.
func (x *exchange) stream(write func(io.Writer) error, size int) {
	b := &body{
		write: write,
		done: func(whole bool) {
			x.entry.Broken = !whole
			x.finish(200)
		},
	}
	x.rc.SetBodyStream(b, size)
}

// body is an answer that writes itself to the connection: fasthttp takes
// WriteTo for streams that say so, and flushes after each Write of a chunked
// one. An error closes the connection without the end of the answer.
type body struct {
	write func(io.Writer) error
	whole bool // it was written to its end
	done  func(whole bool)
	once  sync.Once
}

// SupportsBodyWriteTo tells fasthttp to use WriteTo.
func (b *body) SupportsBodyWriteTo() bool { return true }

// WriteTo writes the answer. A panic becomes an error, since nothing else would
// catch it here.
func (b *body) WriteTo(w io.Writer) (n int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write answer: %v\n%s", p, debug.Stack())
		}
	}()
	counted := &countWriter{w: w}
	err = b.write(counted)
	b.whole = err == nil
	return counted.n, err
}

func (b *body) Read([]byte) (int, error) { return 0, errNotRead }

// Close ends the exchange; fasthttp calls it however the writing ended.
func (b *body) Close() error {
	b.once.Do(func() { b.done(b.whole) })
	return nil
}

var (
	errNotRead = errors.New("answer is written, not read")
	errCut     = errors.New("answer cut on purpose")
)

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// slowParts is the greatest number of parts of a slow answer.
const slowParts = 20

// slowWriter waits before every part of a number of bytes, whatever the sizes of
// the writes.
type slowWriter struct {
	w    io.Writer
	end  *shutdown
	wait time.Duration
	part int
	left int // bytes that the part begun still takes
}

// trickle writes to w slowly what write writes. It calls write twice: only that
// gives the length of an answer that streams.
func (c *slowWriter) trickle(w io.Writer, write func(io.Writer) error) error {
	whole := &countWriter{w: io.Discard}
	if err := write(whole); err != nil {
		return err
	}
	c.w, c.part = w, int(whole.n)/slowParts+1
	return write(c)
}

func (c *slowWriter) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if c.left == 0 {
			c.end.wait(c.wait)
			c.left = c.part
		}
		var m int
		m, err = c.w.Write(p[n:min(len(p), n+c.left)])
		n, c.left = n+m, c.left-m
	}
	return n, err
}
