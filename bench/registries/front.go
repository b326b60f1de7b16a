package registries

import (
	"fmt"
	"io"
	"strings"

	"brana/egon"
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

// frontReply is a reply of a service with nothing but its header.
func frontReply(service *egon.Service, m *message, kod string, details ...detail) reply {
	d := newDoc()
	d.open("r:"+service.Response, "xmlns:r", service.Namespace, "xmlns:abs", egon.NSAbstract,
		"xmlns:reg", egon.NSReg)
	d.odpovedInfo("abs:OdpovedInfo", m, kod, details...)
	d.shut("r:" + service.Response)
	return reply{head: d, kod: kod}
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
