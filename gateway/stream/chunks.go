package stream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
)

// A chunked is the body of a request that comes in chunks. It looks at the
// framing before the HTTP library reads it, and refuses what RFC 9112 §7.1 does
// not allow. The library lets blanks after a size pass, extensions of any form and
// length, and trailers that end in a bare LF. An intermediary may take each of
// these for another length of the message.
type chunked struct {
	body  io.Reader     // the library's, without the framing
	wire  *bufio.Reader // from which the library reads the body
	left  int64         // bytes of the open chunk
	ahead int           // bytes of the line before it; they stay on the wire until it is read
	ended bool          // the last chunk was seen
	err   error
}

// Chunks returns a reader of a body in chunks that refuses malformed framing by a
// [*FramingError]. body is the stream of the HTTP library, before its first
// byte is read. Reading a stream of another type, which shows no framing, is
// [ErrUnknownBody].
func Chunks(body io.Reader) io.Reader {
	c := &chunked{body: body, wire: wireOf(body)}
	if c.wire == nil {
		c.err = ErrUnknownBody
	}
	return c
}

// ErrUnknownBody says that the HTTP library does not show the framing of chunks.
var ErrUnknownBody = errors.New("the HTTP library does not show the framing of chunks")

// A FramingError is a body whose end may be somewhere else than it seems. Popis
// says to the caller, in Czech, what is wrong.
type FramingError struct{ Popis string }

func (e *FramingError) Error() string { return "the framing in chunks is malformed" }

func malformed(popis string) error { return &FramingError{popis} }

// The bounds of the framing.
const (
	maxChunkLine  = 256 // bytes of the size of a chunk with its extensions
	maxSizeDigits = 15  // of a size in base 16, as many as the library reads
)

// Read reads from a chunk, and from those behind it that are here already: a piece
// that is read alone is verified alone and goes on alone. No byte that follows
// malformed framing is read. io.EOF comes after the trailer section.
func (c *chunked) Read(p []byte) (n int, err error) {
	n, err = c.one(p)
	for err == nil && n < len(p) && c.left == 0 && c.another() {
		var more int
		more, err = c.one(p[n:])
		n += more
	}
	return n, err
}

// one reads from one chunk. The library takes the last byte of a chunk and the CR
// LF behind it at once.
func (c *chunked) one(p []byte) (int, error) {
	for c.err == nil && c.left == 0 && !c.ended {
		c.err = c.open()
	}
	switch {
	case c.err != nil:
		return 0, c.err
	case c.left > 0:
		p = p[:min(int64(len(p)), c.left)]
		n, here := int64(len(p)), int64(c.wire.Buffered()-c.ahead)
		if n == c.left && n > 1 && here < n+int64(len("\r\n")) {
			p = p[:n-1]
		} else if n == c.left {
			if came, err := c.closed(p); err != nil {
				return came, err
			}
		}
	}
	n, err := c.body.Read(p)
	c.left, c.ahead = c.left-int64(n), 0
	if c.ended && err != io.EOF { // all trailers are here, so their arrival has not failed
		c.err = malformed("Za posledním blokem (chunk) stojí pole, které tam být nesmí.")
		err = c.err
	}
	return n, err
}

// closed waits for the rest of the chunk and for the CR LF behind it, and takes
// nothing off the wire. When they do not come, p holds the n bytes of the chunk
// that did.
func (c *chunked) closed(p []byte) (n int, err error) {
	seen, err := c.wire.Peek(c.ahead + len(p) + len("\r\n"))
	seen = seen[min(c.ahead, len(seen)):]
	n = copy(p, seen)
	switch {
	case err == io.EOF:
		c.err = io.ErrUnexpectedEOF
	case err != nil:
		c.err = err
	case string(seen[n:]) != "\r\n":
		c.err = malformed("Blok (chunk) nekončí znaky CR LF, nebo je delší, než uvádí jeho délka.")
	}
	return n, c.err
}

// another reports whether a whole and well-formed chunk has come, so that reading
// it waits for nothing.
func (c *chunked) another() bool {
	seen, _ := c.wire.Peek(c.wire.Buffered()) // what is buffered is there
	line, data, _ := bytes.Cut(seen, []byte("\r\n"))
	size, err := chunkSize(line)
	return err == nil && size > 0 && size+int64(len("\r\n")) <= int64(len(data))
}

// open reads the line that begins the next chunk, and behind the last chunk the
// trailers. Both stay on the wire.
func (c *chunked) open() error {
	line, err := c.line(0, maxChunkLine)
	if err != nil {
		return err
	}
	c.left, err = chunkSize(line)
	if err != nil || c.left > 0 {
		c.ahead = len(line) + len("\r\n")
		return err
	}
	for from, size := 0, -1; size != 0; {
		from += len(line) + len("\r\n")
		if line, err = c.line(from, c.wire.Size()); err != nil {
			return err
		}
		if size = len(line); size > 0 && !isField(line) {
			return malformed("Pole za posledním blokem (chunk) není správně vytvořeno.")
		}
	}
	c.ended = true
	return nil
}

// line waits for the line that begins after from bytes of the wire, and returns it
// without its CR LF. It takes nothing off the wire.
func (c *chunked) line(from, most int) ([]byte, error) {
	for ahead := from + 1; ; ahead = c.wire.Buffered() + 1 {
		_, err := c.wire.Peek(ahead)
		seen, _ := c.wire.Peek(c.wire.Buffered()) // what is buffered is there
		line, _, found := bytes.Cut(seen[min(from, len(seen)):], []byte("\n"))
		switch {
		case len(line) > most, errors.Is(err, bufio.ErrBufferFull):
			return nil, malformed("Řádek mezi bloky (chunk) je příliš dlouhý.")
		case !found && err == io.EOF:
			return nil, io.ErrUnexpectedEOF
		case !found && err != nil:
			return nil, err
		case !found:
			continue
		}
		line, cr := bytes.CutSuffix(line, []byte("\r"))
		if !cr {
			return nil, malformed("Řádek mezi bloky (chunk) nekončí znaky CR LF.")
		}
		return line, nil
	}
}

// chunkSize reads chunk-size [ chunk-ext ] without blanks, which only an old
// grammar allowed.
func chunkSize(line []byte) (int64, error) {
	digits, extensions, extended := bytes.Cut(line, []byte(";"))
	if len(digits) > maxSizeDigits {
		digits = nil
	}
	size, err := strconv.ParseUint(string(digits), 16, 63)
	switch {
	case err != nil:
		return 0, malformed("Délka bloku (chunk) není šestnáctkové číslo bez mezer.")
	case extended && !areExtensions(extensions):
		return 0, malformed("Rozšíření bloku (chunk) není správně vytvořeno.")
	}
	return int64(size), nil
}

// areExtensions reports whether b is a list of name[=value] with semicolons
// between; a value is a token or in quotes.
func areExtensions(b []byte) bool {
	for {
		n := tokenLen(b)
		if n == 0 {
			return false
		}
		if b = b[n:]; len(b) > 0 && b[0] == '=' {
			b = b[1:]
			if n = max(tokenLen(b), quotedLen(b)); n == 0 {
				return false
			}
			b = b[n:]
		}
		switch {
		case len(b) == 0:
			return true
		case b[0] != ';':
			return false
		}
		b = b[1:]
	}
}

// isField reports whether a line is a field of its own: name, colon, and no
// control in its value (RFC 9110 §5.5).
func isField(line []byte) bool {
	n := tokenLen(line)
	return n > 0 && n < len(line) && line[n] == ':' && !bytes.ContainsFunc(line[n:], isControl)
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }

// tokenLen is the length of the token that b begins with (RFC 9110 §5.6.2).
func tokenLen(b []byte) int {
	for i, c := range b {
		letter := c|' ' >= 'a' && c|' ' <= 'z'
		if !letter && (c < '0' || c > '9') && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return i
		}
	}
	return len(b)
}

// quotedLen is the length of the quoted string that b begins with, 0 for none
// (RFC 9110 §5.6.4).
func quotedLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	escaped := false
	for i, c := range b[1:] {
		switch {
		case isControl(rune(c)):
			return 0
		case c == '"' && !escaped:
			return i + len(`""`)
		}
		escaped = c == '\\' && !escaped
	}
	return 0
}

// wireOf is the reader from which the library's stream of a body reads. The library
// does not export it. nil: the stream is of another type than expected.
func wireOf(body io.Reader) *bufio.Reader {
	stream := reflect.Indirect(reflect.ValueOf(body))
	if stream.Kind() != reflect.Struct {
		return nil
	}
	field := stream.FieldByName("reader")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*bufio.Reader]() {
		return nil
	}
	return (*bufio.Reader)(field.UnsafePointer())
}
