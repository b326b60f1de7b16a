package registries

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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

// front is the information system of the base registries: it serves the eGON
// services from the registries of the same server, without the network.
type front struct {
	org    *org
	rob    *rob
	ruian  *ruian
	aiseo  *aiseo
	rights func() map[string][]Right // by triple
}

// answers are the services that the front answers with data. Any other service is
// answered with a bare OdpovedInfo.
func (f *front) answers() map[string]func(*message) reply {
	return map[string]func(*message) reply{
		"E05":  f.robCtiPodleUdaju,
		"E278": f.robCtiPodleUdaju,
		"E183": f.robOverHromadneAifo,
		"E158": f.aiseoZtotozneni,
		"E159": f.aiseoCtiAifo,
		"E171": f.aiseoCtiAifo,
		"E270": f.aiseoCtiAifo,
		"E160": f.aiseoCtiPodleUdaju,
		"E172": f.aiseoCtiPodleUdaju,
		"E227": f.vypisOpravneniPolozky,
	}
}

// front answers one message to /publikace/{code}.
func (x *exchange) front(code string) {
	x.entry.Registry, x.entry.Step, x.entry.Action = Front, code, soapAction(x.rc)
	if string(x.rc.Method()) != "POST" {
		x.text(405, "POST a SOAP 1.1 message")
		return
	}
	limit := frontHeld
	if x.s.Settings(Front).Echo {
		limit = frontEcho
	}
	in, err := x.take(limit)
	if err != nil {
		x.text(400, err.Error())
		return
	}
	x.rc.Response.Header.Set("X-Request-Sha256", hex.EncodeToString(in.digest.Sum(nil)))
	if !x.begin() {
		return
	}
	if x.set.Mirror {
		x.set.ReplyBytes = max(x.set.ReplyBytes, in.size)
	}
	if x.set.Echo {
		x.echo(in)
		return
	}
	service := egon.ServiceByCode(code)
	if service == nil {
		x.fault("Client", "Neznámá služba.")
		return
	}
	m, err := in.message()
	if err != nil {
		x.fault("Client", "Zpráva není čitelná: "+err.Error())
		return
	}
	x.serveFront(service, m)
}

func (x *exchange) serveFront(service *egon.Service, m *message) {
	m.entry, m.action, m.bareItems = &x.entry, x.entry.Action, x.set.BareItems
	if !isID(m.info.IszrZadostId) {
		m.info.IszrZadostId = newID()
	}
	x.entry.AgendaZadostId, x.entry.IszrZadostId = m.info.AgendaZadostId, m.info.IszrZadostId
	answer := x.s.front[service.Code]
	switch {
	case m.body.Local != service.Request || m.body.Space != service.Namespace,
		m.action != "" && m.action != service.Action:
		x.send(m, frontReply(service, m, egon.Chyba, detail{subKod: "NEVALIDNI ZADOST", registr: "ISZR"}))
	case x.fail == FailChyba:
		x.send(m, frontReply(service, m, egon.Chyba, detail{subKod: "NENI K DISPOZICI", registr: "ISZR"}))
	case answer == nil || m.partial:
		x.send(m, frontReply(service, m, egon.OK))
	default:
		x.send(m, answer(m))
	}
}

// frontReply is a reply of a service with nothing but its header.
func frontReply(service *egon.Service, m *message, kod string, details ...detail) reply {
	d := newDoc()
	d.open("r:"+service.Response, "xmlns:r", service.Namespace, "xmlns:abs", egon.NSAbstract,
		"xmlns:reg", egon.NSReg)
	d.odpovedInfo("abs:OdpovedInfo", m, kod, details...)
	d.shut("r:" + service.Response)
	return reply{head: d, kod: kod}
}

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

// filler is a comment that makes a reply longer; a reply is filled with whole
// ones and a shorter one.
const (
	commentStart, commentEnd = "<!--", "-->"
	fillerSize               = 4096
	fillerLeast              = len(commentStart + commentEnd)
)

// writeFiller writes comments of n bytes together, n being 0 or at least fillerLeast.
func writeFiller(w io.Writer, n int64) error {
	one := commentStart + strings.Repeat("brana ", fillerSize)
	block := []byte(strings.Repeat(one[:fillerSize-len(commentEnd)]+commentEnd, 16))
	for ; n >= int64(len(block))+fillerSize; n -= int64(len(block)) {
		if _, err := w.Write(block); err != nil {
			return err
		}
	}
	for n > 0 {
		size := min(n, fillerSize)
		if rest := n - size; rest > 0 && rest < int64(fillerLeast) {
			size -= int64(fillerLeast)
		}
		if _, err := io.WriteString(w, one[:int(size)-len(commentEnd)]+commentEnd); err != nil {
			return err
		}
		n -= size
	}
	return nil
}
