package gateway

import (
	"bytes"
	"mime"
	"strings"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

// An edgeCall is what the HTTP message itself says of a call.
type edgeCall struct {
	service *egon.Service
	async   bool
}

// checkEdge checks the HTTP message before a byte of its body is looked at. It
// refuses whatever an intermediary and a backend might read differently
// (RFC 9112 §6.1, §11.2), although the library lets some of it pass.
func (g *Gateway) checkEdge(rc *fasthttp.RequestCtx) (edgeCall, *Refusal) {
	h := &rc.Request.Header
	if r := checkLines(h.RawHeaders()); r != nil {
		return edgeCall{}, r
	}
	call, refusal := g.findService(h)
	if refusal != nil {
		return call, refusal
	}
	switch {
	case !h.IsPost():
		return call, badHTTP(405, "Služba se volá metodou POST.")
	case len(h.Peek("Content-Encoding")) > 0:
		return call, badHTTP(415, "Tělo požadavku nesmí být komprimováno (Content-Encoding).")
	case len(h.Peek("Upgrade")) > 0:
		return call, badHTTP(400, "Hlavička Upgrade není přípustná.")
	case len(h.Peek("Trailer")) > 0:
		return call, badHTTP(400, "Hlavička Trailer není přípustná.")
	case len(h.Peek("Expect")) > 0 && !strings.EqualFold(string(h.Peek("Expect")), "100-continue"):
		return call, badHTTP(417, "Hlavička Expect smí být jen 100-continue.")
	}
	if popis := checkContentType(string(h.ContentType())); popis != "" {
		return call, badHTTP(415, popis)
	}
	action := strings.Trim(string(h.Peek("SOAPAction")), `" `)
	if action != "" && action != call.service.Action {
		return call, refuse(ServiceMismatch, "SOAPAction neodpovídá službě "+call.service.Code+"; očekává se "+call.service.Action+".")
	}
	return call, nil
}

func badHTTP(status int, popis string) *Refusal {
	r := refuse(BadHTTP, popis)
	r.Status, r.Hangup = status, true
	return r
}

// checkLines checks the raw header lines: each ends in CR LF, none is folded,
// and the body is framed by one header at most.
func checkLines(raw []byte) *Refusal {
	framings := 0
	for line := range bytes.Lines(raw) {
		if !bytes.HasSuffix(line, []byte("\r\n")) {
			return badHTTP(400, "Řádek hlavičky nekončí znaky CR LF.")
		}
		if line[0] == ' ' || line[0] == '\t' {
			return badHTTP(400, "Zalomená hlavička není přípustná.")
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) || bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			framings++
		}
	}
	if framings > 1 {
		return badHTTP(400, "Délku těla smí určovat jediná hlavička: Content-Length, nebo Transfer-Encoding.")
	}
	return nil
}

// findService finds the service by the code in the path. The path is compared
// as it stands, without decoding; the only query is async.
func (g *Gateway) findService(h *fasthttp.RequestHeader) (edgeCall, *Refusal) {
	target := string(h.RequestURI())
	if rest, absolute := strings.CutPrefix(target, "http"); absolute {
		_, rest, _ = strings.Cut(rest, "://")
		if target, absolute = strings.CutPrefix(rest, string(h.Host())); !absolute {
			return edgeCall{}, badHTTP(400, "Adresa požadavku neodpovídá hlavičce Host.")
		}
	}
	path, query, _ := strings.Cut(target, "?")
	code, found := strings.CutPrefix(path, g.cfg.Prefix+"/")
	if !found {
		return edgeCall{}, refuse(UnknownService, "Služby se volají na adrese "+g.cfg.Prefix+"/{kód služby}.")
	}
	if query != "" && query != "async" {
		return edgeCall{}, refuse(UnknownService, "Jediný přípustný parametr adresy je async.")
	}
	service := egon.ServiceByCode(code)
	if service == nil {
		if near := egon.ServiceByCode(strings.ToUpper(code)); near != nil {
			return edgeCall{}, refuse(UnknownService, "Kód služby se píše "+near.Code+".")
		}
		return edgeCall{}, refuse(UnknownService, "Služba s tímto kódem v katalogu není.")
	}
	return edgeCall{service: service, async: query == "async"}, nil
}

// checkContentType returns a sentence when the type is not text/xml in UTF-8.
// The charset is checked because WS-I BP 1.1 R1019 lets a backend prefer it to
// the XML declaration.
func checkContentType(value string) string {
	if value == "" {
		return "Chybí Content-Type; očekává se text/xml; charset=utf-8."
	}
	kind, params, err := mime.ParseMediaType(value)
	if err != nil || kind != "text/xml" {
		return "Content-Type musí být text/xml; charset=utf-8."
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "Jediné přípustné kódování v Content-Type je utf-8."
	}
	return ""
}
