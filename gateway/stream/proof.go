package stream

import (
	"errors"
	"io"
	"math"
	"time"

	"brana/egon"
)

// MinHeld is the lowest useful bound of the bytes that a [Proof] holds: a head, an
// unfinished tag and the closing part fit.
const MinHeld = 256 << 10

// ReadAhead is the number of bytes of a body that the server reads before anybody
// asks for them, at least one. A message that is cut there gets the server's own
// answer, without anything about the message.
const ReadAhead = 1

// ErrHeld says that a message has more bytes to hold back than the bound.
var ErrHeld = errors.New("more bytes to hold back than the bound")

// A Verifier proves a message while it flows; *egon.Reader and
// *egon.ReplyReader are verifiers.
type Verifier interface {
	Feed(window []byte, last bool) error
	Done() bool        // the whole document is proven
	Releasable() int64 // bytes that may go on, counted from the beginning of the message
}

// A Sender is the connection over which a message comes.
type Sender interface {
	SetReadDeadline(t time.Time) error
	Ended() bool // the sender has closed its side, and a read has met that end
}

// A Source is a message that arrives, and what it is read by.
type Source struct {
	Verifier Verifier  // nil: the message is not read, only drained
	Body     io.Reader // nil: there is no body
	Length   int64     // Content-Length, or -1
	Hold     int       // bytes held at most

	Sender   Sender // nil: reads have no deadline of their own
	Patience Patience
	Watch    io.Writer // takes the bytes that are received; nil: nobody wants them

	// Broken makes the error of a message that ended before its end.
	Broken func(p *Proof, err error) error
}

// A Proof reads a message through its verifier and hands out only bytes that are
// proven: never past an offence, and the closing part only when the whole
// document is proven. Its error is sticky and comes without bytes, so that no
// writer mistakes a broken message for a complete one.
//
// The zero value holds nothing. [Proof.Begin] lends it a buffer, [Proof.Release]
// gives the buffer back. It is not safe for use by several goroutines at once.
//
// buf[start:raw] holds the bytes that may be handed out, as they leave; buf[raw:len]
// those behind them, as they arrived. base is the offset of buf[raw] in the message.
type Proof struct {
	src   Source
	buf   *[]byte
	got   int64 // bytes received
	base  int64
	start int
	raw   int
	err   error
	cut   bool // the wire is at no known place in the message

	editor Editor // nil: the message leaves as it arrived
	begun  bool   // the first edit has taken effect
	delta  int64  // bytes by which edits have made longer what may be handed out
}

// Begin begins to read a message. buf is empty and has some capacity; the Proof
// holds it until Release.
func (p *Proof) Begin(src Source, buf *[]byte) { *p = Proof{src: src, buf: buf} }

// Release gives the buffer back to the pool that it came from. A later use of the
// Proof is an error, a second Release does nothing.
func (p *Proof) Release(to interface{ Put(buf *[]byte) }) {
	if p.buf == nil {
		return
	}
	to.Put(p.buf)
	p.buf = nil
	if p.err == nil {
		p.err = io.ErrClosedPipe
	}
}

// Err is why the message cannot be read on, or nil. The end of a message that is
// proven is no error.
func (p *Proof) Err() error { return p.err }

// Cut reports whether the message broke off, so that the wire is at no known
// place in it.
func (p *Proof) Cut() bool { return p.cut }

// Done reports whether the whole message was received and proven.
func (p *Proof) Done() bool { return p.src.Verifier != nil && p.src.Verifier.Done() }

// Arrived reports whether nothing of the message is left on the wire.
func (p *Proof) Arrived() bool { return p.Done() || p.src.Length >= 0 && p.got >= p.src.Length }

// Received is how many bytes of the message were received.
func (p *Proof) Received() int64 { return p.got }

// Declared is the Content-Length of the message, or -1.
func (p *Proof) Declared() int64 { return p.src.Length }

// Size is how many bytes the message has, or -1 as long as that is not known.
func (p *Proof) Size() int64 {
	if p.Done() {
		return p.got
	}
	return p.src.Length
}

// Whole is the whole message: all of it was received, nothing was handed out or
// edited. The bytes are the Proof's own, valid until its next use.
func (p *Proof) Whole() []byte { return *p.buf }

// Ready is how many bytes may be handed out now.
func (p *Proof) Ready() int64 {
	p.advance()
	return int64(p.raw - p.start)
}

// Next returns up to most proven bytes, and io.EOF after the last. They are the
// Proof's own, valid until its next use.
func (p *Proof) Next(most int) ([]byte, error) {
	for {
		if p.err != nil {
			return nil, p.err
		}
		n := p.Ready()
		switch {
		case p.err != nil:
			return nil, p.err
		case n > 0:
			from := p.start
			p.start += int(min(n, int64(most)))
			return (*p.buf)[from:p.start], nil
		case p.Done():
			return nil, io.EOF
		}
		if err := p.Fill(); err != nil {
			return nil, err
		}
	}
}

// Read hands out proven bytes.
func (p *Proof) Read(b []byte) (int, error) {
	proven, err := p.Next(len(b))
	return copy(b, proven), err
}

// WriteTo writes the message to w from the Proof's own buffer, without a copy.
func (p *Proof) WriteTo(w io.Writer) (written int64, err error) {
	for err == nil {
		var b []byte
		if b, err = p.Next(math.MaxInt); err == nil {
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

// Fill receives the next bytes and has them verified.
func (p *Proof) Fill() error {
	if p.err != nil {
		return p.err
	}
	p.err = p.receive()
	return p.err
}

func (p *Proof) receive() error {
	verifier, length := p.src.Verifier, p.src.Length
	if p.src.Body == nil || length == 0 {
		return verifier.Feed(nil, true)
	}
	b, err := p.room()
	if err != nil {
		return err
	}
	n, err := p.read(b[len(b):cap(b)])
	window := b[len(b) : len(b)+n]
	*p.buf = b[:len(b)+n]
	p.got += int64(n)
	if p.src.Watch != nil {
		_, _ = p.src.Watch.Write(window)
	}
	last := length >= 0 && p.got >= length
	if n > 0 || last {
		if err := verifier.Feed(window, last); err != nil {
			return err
		}
	}
	switch {
	case err == nil || last:
		return nil
	case err == io.EOF && length < 0 && !(p.src.Sender != nil && p.src.Sender.Ended()):
		return verifier.Feed(nil, true)
	case err == io.EOF: // the HTTP library returns it for a cut body too, also between two chunks
		err = io.ErrUnexpectedEOF
	}
	p.cut = true
	return p.src.Broken(p, err)
}

// room makes space for the next bytes. Bytes that were handed out or removed are
// forgotten; when there are none, the buffer grows within its bound.
func (p *Proof) room() ([]byte, error) {
	if p.editor != nil {
		if p.advance(); p.err != nil {
			return nil, p.err
		}
	}
	b := *p.buf
	if p.start > 0 {
		b = b[:copy(b, b[p.start:])]
		p.raw -= p.start
		p.start = 0
	}
	if len(b) < cap(b) {
		return b, nil
	}
	if cap(b) >= p.src.Hold {
		return nil, &egon.Offence{
			Kind:   egon.TooLarge,
			Offset: p.got,
			Popis:  "Část zprávy, kterou je třeba držet v paměti, je příliš velká.",
			Err:    ErrHeld,
		}
	}
	grown := make([]byte, len(b), min(2*cap(b), p.src.Hold))
	copy(grown, b)
	return grown, nil
}

// read reads from the body, and from a sender no longer than its patience lasts.
// The first read is under the server's own deadline. Of a body of known length it
// gets what the server has read ahead, and goes on: a message that has come whole
// is verified in one piece.
func (p *Proof) read(b []byte) (int, error) {
	src := &p.src
	if src.Sender == nil {
		return src.Body.Read(b)
	}
	if p.got == 0 {
		n, err := src.Body.Read(b)
		if err == nil && n == ReadAhead && src.Length > ReadAhead {
			n, err = src.Body.Read(b[ReadAhead:])
			n += ReadAhead
		}
		return n, MarkSlow(err)
	}
	if err := src.Sender.SetReadDeadline(src.Patience.Begin(p.got)); err != nil {
		return 0, err
	}
	n, err := src.Body.Read(b)
	src.Patience.End()
	return n, MarkSlow(err)
}

// TimeLeft is how long the rest of the message may take to arrive.
func (p *Proof) TimeLeft() time.Duration {
	switch {
	case p.Arrived():
		return 0
	case p.src.Length < 0:
		return LongestUpload
	default:
		return min(LongestUpload, p.src.Patience.Idle+p.src.Patience.earned(p.src.Length))
	}
}

// Drain reads off what of the message is still on the wire, at most the bytes
// given and for at most the time given, and reports whether nothing is left: what
// is unread must never be taken for the next message.
func (p *Proof) Drain(most int64, within time.Duration) bool {
	switch {
	case p.Arrived() || p.src.Body == nil:
		return true
	case p.cut:
		return false
	}
	rest := int64(-1)
	if p.src.Length >= 0 {
		rest = p.src.Length - p.got
	}
	if rest > most {
		return false
	}
	_ = p.src.Sender.SetReadDeadline(time.Now().Add(within)) // if it is closed, the read fails
	n, err := io.Copy(io.Discard, io.LimitReader(p.src.Body, most+1))
	return err == nil && n <= most && (rest < 0 || n == rest)
}
