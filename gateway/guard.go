package gateway

import (
	"io"
	"math"
	"sync"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

const (
	windowBytes  = 32 << 10  // what one read of a body asks for
	pooledBytes  = 64 << 10  // larger buffers are not kept
	minHeldBytes = 256 << 10 // what a guard may hold at least: a head, an unfinished tag, the closing part
	contentType  = "text/xml; charset=utf-8"
)

// maxHeld is how many bytes a guard may hold: a message that is read whole and
// the bytes that show that it is too long for that, and whatever the bounds of a
// message let stay open.
func (g *Gateway) maxHeld() int {
	b := &g.cfg.Bounds
	return max(minHeldBytes, g.cfg.InlineLimit+windowBytes, b.HeadBytes+b.XML.TagBytes+windowBytes)
}

// A scanner proves a message while it flows; *egon.Reader and
// *egon.ReplyReader are scanners.
type scanner interface {
	Feed(window []byte, last bool) error
	Done() bool
	Releasable() int64
}

// A guard reads a message through a scanner and hands out only bytes that are
// proven: never past an offence, and the closing part only when the whole
// document is proven. Its error is sticky and comes without bytes, so that no
// writer mistakes a broken message for a complete one.
//
// buf[start:len] holds the bytes received and not handed out; base is the
// offset of buf[0] in the message.
type guard struct {
	scan   scanner
	src    io.Reader // nil: there is no body
	length int64     // Content-Length, or -1
	got    int64     // bytes received
	base   int64
	buf    *[]byte
	start  int
	limit  int                       // bytes held at most
	broken func(*guard, error) error // says that the message ended before its end
	err    error
	cut    bool // the wire is at no known place in the message

	caller *fasthttp.RequestCtx // who sends; nil for a reply
	sender patience
}

// done reports whether the whole message was received and proven.
func (g *guard) done() bool { return g.scan != nil && g.scan.Done() }

// received reports whether nothing of the message is left on the wire.
func (g *guard) received() bool { return g.done() || g.length >= 0 && g.got >= g.length }

// size is how many bytes the message has, or -1 as long as that is not known.
func (g *guard) size() int64 {
	if g.done() {
		return g.got
	}
	return g.length
}

// whole is the message of which all was received and nothing handed out.
func (g *guard) whole() []byte { return *g.buf }

// ready is how many bytes may be handed out now.
func (g *guard) ready() int64 {
	return min(g.scan.Releasable(), g.base+int64(len(*g.buf))) - g.base - int64(g.start)
}

// next returns up to most proven bytes; they are the guard's own, valid until
// its next use.
func (g *guard) next(most int) ([]byte, error) {
	for {
		if g.err != nil {
			return nil, g.err
		}
		if n := g.ready(); n > 0 {
			from := g.start
			g.start += int(min(n, int64(most)))
			return (*g.buf)[from:g.start], nil
		}
		if g.done() {
			return nil, io.EOF
		}
		if err := g.fill(); err != nil {
			return nil, err
		}
	}
}

// Read hands out proven bytes.
func (g *guard) Read(p []byte) (int, error) {
	b, err := g.next(len(p))
	return copy(p, b), err
}

// WriteTo writes the message to w from the guard's own buffer, without a copy.
func (g *guard) WriteTo(w io.Writer) (written int64, err error) {
	for err == nil {
		var b []byte
		if b, err = g.next(math.MaxInt); err == nil {
			var n int
			n, err = w.Write(b)
			written += int64(n)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return written, err
}

// room makes space for the next bytes: what was handed out is forgotten, and
// when that is nothing the buffer grows, within its bound.
func (g *guard) room() ([]byte, error) {
	b := *g.buf
	if g.start > 0 {
		g.base += int64(g.start)
		b = b[:copy(b, b[g.start:])]
		g.start = 0
	}
	if len(b) < cap(b) {
		return b, nil
	}
	if cap(b) >= g.limit {
		return nil, &egon.Offence{Kind: egon.TooLarge, Offset: g.got,
			Popis: "Část zprávy, kterou je třeba držet v paměti, je příliš velká.", Err: errHeld}
	}
	grown := make([]byte, len(b), min(2*cap(b), g.limit))
	copy(grown, b)
	return grown, nil
}

// fill receives the next bytes and has them scanned.
func (g *guard) fill() error {
	if g.err != nil {
		return g.err
	}
	g.err = g.receive()
	return g.err
}

func (g *guard) receive() error {
	if g.src == nil || g.length == 0 {
		return g.scan.Feed(nil, true)
	}
	b, err := g.room()
	if err != nil {
		return err
	}
	n, err := g.read(b[len(b):cap(b)])
	window := b[len(b) : len(b)+n]
	*g.buf = b[:len(b)+n]
	g.got += int64(n)
	last := g.length >= 0 && g.got >= g.length
	if n > 0 || last {
		if err := g.scan.Feed(window, last); err != nil {
			return err
		}
	}
	switch {
	case err == nil || last:
		return nil
	case err == io.EOF && g.length < 0 && !(g.caller != nil && hasEnded(g.caller.Conn())):
		return g.scan.Feed(nil, true)
	case err == io.EOF: // fasthttp says a plain EOF when a body is cut, also between two chunks
		err = io.ErrUnexpectedEOF
	}
	g.cut = true
	return g.broken(g, err)
}

// read reads from the source, and from a caller no longer than it may take. The
// first read is under the server's own deadline. Of a body of known length it
// gets what the server has read ahead, and goes on: a message that has come
// whole is scanned in one piece.
func (g *guard) read(p []byte) (int, error) {
	if g.caller == nil {
		return g.src.Read(p)
	}
	if g.got == 0 {
		n, err := g.src.Read(p)
		if err == nil && n == readAhead && g.length > readAhead {
			n, err = g.src.Read(p[readAhead:])
			n += readAhead
		}
		return n, slow(err)
	}
	if err := g.caller.SetReadDeadline(g.sender.begin(g.got)); err != nil {
		return 0, err
	}
	n, err := g.src.Read(p)
	g.sender.end()
	return n, slow(err)
}

// release gives the buffer back.
func (g *guard) release(pool *sync.Pool) {
	if g.buf == nil {
		return
	}
	if cap(*g.buf) <= pooledBytes {
		*g.buf = (*g.buf)[:0]
		pool.Put(g.buf)
	}
	g.buf = nil
	if g.err == nil {
		g.err = io.ErrClosedPipe
	}
}
