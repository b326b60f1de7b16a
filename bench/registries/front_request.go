package registries

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// The front takes requests of any size. It holds the first part. A request that
// fits into it is read whole. Of a larger one only the head is read, and the rest
// passes through the digest.
const (
	frontHeld = 1 << 20
	frontEcho = 65 << 20 // the largest request that can be echoed: it has to be held whole
)

// taken is a request as the front holds it.
type taken struct {
	held   []byte // the first part
	whole  bool   // held is the whole request
	size   int64
	digest hash.Hash
}

// take reads the request to its end and holds its first part.
func (x *exchange) take(limit int) (*taken, error) {
	t := &taken{digest: sha256.New(), whole: true}
	in := x.rc.RequestBodyStream()
	if in == nil {
		return t, nil
	}
	want := x.rc.Request.Header.ContentLength()
	held := bytes.NewBuffer(make([]byte, 0, min(max(want, 0), limit)+bytes.MinRead))
	if _, err := held.ReadFrom(io.LimitReader(in, int64(limit))); err != nil {
		return nil, err
	}
	t.held = held.Bytes()
	t.digest.Write(t.held)
	size := int64(len(t.held))
	if len(t.held) == limit {
		rest, err := io.CopyBuffer(t.digest, struct{ io.Reader }{in}, make([]byte, 64<<10))
		if err != nil {
			return nil, err
		}
		t.whole = rest == 0
		size += rest
	}
	t.size = size
	if want >= 0 && int64(want) != size {
		return nil, io.ErrUnexpectedEOF // fasthttp reports a cut body as complete
	}
	return t, nil
}

// echo answers with the request.
func (x *exchange) echo(in *taken) {
	if !in.whole {
		x.text(413, fmt.Sprintf("only %d bytes can be echoed", frontEcho))
		return
	}
	x.rc.SetStatusCode(200)
	x.rc.Response.Header.SetContentTypeBytes(x.rc.Request.Header.ContentType())
	x.rc.Response.SetBodyRaw(in.held)
	x.finish(200)
}

// message reads the request. Of one that is not held whole, it reads only the root
// of the payload and ZadostInfo.
func (t *taken) message() (*message, error) {
	if !t.whole {
		return readHead(t.held)
	}
	root, err := xmltext.Parse(t.held, xmltext.DefaultBounds())
	if err != nil {
		return nil, err
	}
	if root.Local == "Envelope" {
		return payloadOf(root)
	}
	m := messageOf(root)
	m.bare = true
	return m, nil
}

// idRoom is the number of bytes of text that may hold an id, with white space
// around it.
const idRoom = 256

var errNoHead = errors.New("no ZadostInfo in the first part")

// readHead reads the beginning of a message.
func readHead(data []byte) (*message, error) {
	s := xmltext.NewScanner(xmltext.DefaultBounds())
	m := &message{partial: true}
	depth, inBody := 0, false
	var text []byte
	for {
		tok, n, err := s.Next(data, false)
		if errors.Is(err, xmltext.ErrMore) {
			return nil, errNoHead
		}
		if err != nil {
			return nil, err
		}
		data = data[n:]
		switch tok.Kind {
		case xmltext.StartElement:
			depth++
			text = text[:0]
			if depth == 1 {
				m.bare = string(tok.Name.Local) != "Envelope"
			}
			inBody = inBody || depth == 2 && tok.Name.Is(egon.NSEnvelope, "Body")
			if m.body == nil && (m.bare || inBody && depth == 3) {
				m.body = &xmltext.Node{Space: string(tok.Name.Space), Local: string(tok.Name.Local)}
			}
		case xmltext.Text, xmltext.CData:
			if len(text) < idRoom {
				text = append(text, tok.Data[:min(len(tok.Data), idRoom)]...)
			}
		case xmltext.EndElement:
			depth--
			switch {
			case m.body == nil:
			case tok.Name.Is(egon.NSReg, "AgendaZadostId"):
				m.info.AgendaZadostId = strings.TrimSpace(string(text))
			case tok.Name.Is(egon.NSAbstract, "ZadostInfo"):
				return m, nil
			}
		}
	}
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // Read never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
