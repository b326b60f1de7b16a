package upstream

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"mime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

// A reply is an answer whose body is still on the connection. Its holder closes it. Close
// may come at any time and from anywhere, also while a Read waits. It closes the connection
// unless the body has been read to its end.
type reply struct {
	status      int
	contentType string
	encoding    string
	length      int64 // or -1

	ctx      context.Context // bounds the body too
	call     *call
	giveBack func(reuse bool)
	unwatch  func() bool // stops the watch on the context; false: the watch has acted

	mu      sync.Mutex // guards the following, once the head is read
	conn    *conn
	pool    *fasthttp.HostClient // where reader comes from
	reader  *bufio.Reader        // nil until the message was sent
	resp    *fasthttp.Response
	chunked bool
	keep    bool  // the connection may carry another call
	err     error // sticky result of Read; io.EOF: the body was read whole
	closed  atomic.Bool
}

// readHead waits for the head of the answer. The message was sent to its end, or not.
func (r *reply) readHead(sent bool) error {
	r.reader = r.pool.AcquireReader(r.conn)
	r.resp.StreamBody = true
	r.resp.Header.SetNoDefaultContentType(true)
	if err := r.resp.ReadLimitBody(r.reader, 0); err != nil {
		return err
	}
	h := &r.resp.Header
	r.status = h.StatusCode()
	r.contentType = typeOf(h.ContentType())
	r.encoding = string(h.ContentEncoding())
	r.length = int64(max(h.ContentLength(), -1))
	r.chunked = h.ContentLength() == -1
	r.keep = sent && !r.resp.ConnectionClose()
	if r.resp.BodyStream() == nil {
		r.length, r.err = 0, io.EOF
	}
	return nil
}

// failed makes err, which came at a stage, the error of the call.
func (r *reply) failed(at stage, err error) *egon.CallError {
	return r.call.failed(r.ctx, r.conn, at, err)
}

// Read reads the body. Its errors are *egon.CallError. A body that is cut, also between two
// chunks, ends with one.
func (r *reply) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return 0, errClosed
	}
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.resp.BodyStream().Read(p)
	if err == io.EOF && r.chunked && r.conn.ended {
		err = io.ErrUnexpectedEOF // the last chunk never came
	}
	switch {
	case err == io.EOF:
		r.err = io.EOF
	case err != nil:
		r.err = r.failed(reading, err)
	}
	return n, r.err
}

// readWhole reads a body of at most that many bytes.
func (r *reply) readWhole(most int) ([]byte, error) {
	if r.length > int64(most) {
		return nil, r.failed(judging, fixedErrorf("the answer is longer than %d bytes", most))
	}
	var b bytes.Buffer
	b.Grow(int(max(r.length, 0)) + bytes.MinRead) // ReadFrom needs that room to see the end
	if _, err := b.ReadFrom(io.LimitReader(r, int64(most)+1)); err != nil {
		return nil, err
	}
	if b.Len() > most {
		return nil, r.failed(judging, fixedErrorf("the answer is longer than %d bytes", most))
	}
	return b.Bytes(), nil
}

// Close ends the call.
func (r *reply) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	if !r.mu.TryLock() {
		_ = r.conn.Close() // wakes the Read that waits
		r.mu.Lock()
		r.keep = false
	}
	defer r.mu.Unlock()
	whole := r.err == io.EOF && r.reader.Buffered() == 0
	unwatched := r.unwatch()
	if r.reader != nil {
		_ = r.resp.CloseBodyStream()
		r.pool.ReleaseReader(r.reader)
	}
	fasthttp.ReleaseResponse(r.resp)
	r.giveBack(unwatched && r.keep && whole)
	return nil
}

// acceptable returns nil for an answer of the contract: plain XML, with a status of success
// or of an error. 201 and 202 are success like 200 when they bring a whole answer (WS-I
// Basic Profile 1.1, R1124). Other statuses below 400 are no answer to a call.
func (r *reply) acceptable() error {
	switch {
	case r.status < fasthttp.StatusOK,
		r.status > fasthttp.StatusAccepted && r.status < 400:
		return fixedErrorf("the answer has HTTP status %d", r.status)
	case r.contentType == "":
		return fixedErrorf("the answer has no Content-Type (HTTP status %d)", r.status)
	case !isXML(r.contentType):
		return "the answer is not XML in UTF-8 but of " + typeNamed(r.contentType) +
			fixedErrorf(" (HTTP status %d)", r.status)
	case r.encoding != "" && !strings.EqualFold(r.encoding, "identity"):
		return fixedError("the answer has a content encoding that nobody asked for")
	}
	return nil
}

// commonTypes are the Content-Types of nearly all answers.
var commonTypes = [...]string{
	"text/xml; charset=utf-8",
	"text/xml;charset=UTF-8",
	"text/xml;charset=utf-8",
	"text/xml; charset=UTF-8",
	"text/xml",
}

// typeOf returns a Content-Type as a string. A common one needs no memory.
func typeOf(value []byte) string {
	for _, t := range commonTypes {
		if string(value) == t {
			return t
		}
	}
	return string(value)
}

// isXML reports whether a Content-Type promises XML in UTF-8.
func isXML(contentType string) bool {
	if slices.Contains(commonTypes[:], contentType) {
		return true
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return kind == "text/xml" || kind == "application/xml" || kind == "application/soap+xml"
}

// Bounds of the named parts of a Content-Type, in bytes.
const (
	maxTypeNamed    = 64
	maxCharsetNamed = 32
)

// typeNamed returns a Content-Type for the log: its type and its charset, of each the
// characters of a token (RFC 9110, section 5.6.2) up to a bound. Other parameters may hold
// anything and are left out; the name says when one of them is malformed.
func typeNamed(contentType string) fixedError {
	kind, params, _ := strings.Cut(contentType, ";")
	named := "Content-Type " + tokenOf(kind, maxTypeNamed)
	if _, _, err := mime.ParseMediaType(contentType); err != nil {
		named = "malformed " + named
	}
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "charset") {
			return named + "; charset=" + tokenOf(value, maxCharsetNamed)
		}
	}
	return named
}

// tokenOf returns the characters of s that a token may have, and the slash of a type.
func tokenOf(s string, most int) fixedError {
	const marks = "!#$%&'*+-.^_`|~/"
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < most; i++ {
		c := s[i]
		alphanumeric := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if alphanumeric || strings.IndexByte(marks, c) >= 0 {
			b.WriteByte(c)
		}
	}
	return fixedError(b.String())
}
