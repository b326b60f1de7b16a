package gateway

import (
	"bytes"
	"cmp"
	"mime"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

// An edgeCall is what the HTTP header says of a call.
type edgeCall struct {
	service *egon.Service
	async   bool
	route   Route // of the service
}

// checkEdge checks a call by its header alone: before the caller is asked for its
// message, or when the message is here. It refuses what an intermediary and a
// backend might read differently (RFC 9112 §6.1, §11.2), also where the library
// lets it pass.
func (c *core) checkEdge(rc *fasthttp.RequestCtx) (edgeCall, *Refusal) {
	h := &rc.Request.Header
	framed, refusal := checkLines(h.RawHeaders())
	if refusal != nil {
		return edgeCall{}, refusal
	}
	call, refusal := c.findService(h)
	switch {
	case !h.IsPost():
		return call, c.notACall(h)
	case !h.IsHTTP11(): // the end of an HTTP/1.0 answer looks like a cut
		return call, badFraming(505, "Použijte HTTP/1.1.")
	case refusal != nil:
		return call, refusal
	case !framed:
		return call, badFraming(411, "Chybí Content-Length nebo Transfer-Encoding.")
	}
	if popis := checkContentType(h.ContentType()); popis != "" {
		return call, badHTTP(415, popis)
	}
	call.route = c.routes.of(call.service)
	bound, _ := c.cfg.longest(call.route)
	switch {
	case call.route.Kind == RefuseRoute:
		return call, notOffered(call.service)
	case int64(h.ContentLength()) > bound:
		return call, c.cfg.tooLong(call.service, call.route)
	}
	return call, nil
}

// notOffered refuses a service that has no route.
func notOffered(s *egon.Service) *Refusal {
	return refuse(UnknownService, "Služba "+nameOf(s)+" není touto bránou poskytována.")
}

// nameOf names a service to its caller: by its code, or where several share an address,
// by what they share.
func nameOf(s *egon.Service) string { return cmp.Or(s.Code, s.Action) }

// notACall refuses a request that is no POST and so calls no service. A
// browser at the address of a service looks for its description.
func (c *core) notACall(h *fasthttp.RequestHeader) *Refusal {
	descriptions := "Popisy služeb (WSDL) zveřejňuje správce: " + administrator
	if c.cfg.Contracts != nil {
		_, query, _ := strings.Cut(string(h.RequestURI()), "?")
		if h.IsGet() && strings.EqualFold(query, "wsdl") {
			descriptions = "Popis (WSDL) na této adrese není. " + descriptions
		} else {
			descriptions = "Popisy služeb (WSDL) jsou na adrese " +
				c.cfg.Prefix + "/{kód služby}?wsdl"
		}
	}
	return badFraming(fasthttp.StatusMethodNotAllowed,
		"Služba se volá metodou POST. "+descriptions)
}

// administrator is where the administrator of the base registries publishes the
// WSDL of each service.
const administrator = "https://github.com/Digitalni-a-informacni-agentura/ISZRDemo"

// checkLines checks the raw header lines: each ends in CR LF, none is folded, a
// watched header stands once, and none asks for what the gateway does not do.
// framed reports whether a line gives the length of the body.
func checkLines(raw []byte) (framed bool, refusal *Refusal) {
	var seen [len(watched)]bool
	for line := range bytes.Lines(raw) {
		line, terminated := bytes.CutSuffix(line, []byte("\r\n"))
		switch {
		case !terminated:
			return false, badFraming(400, "Řádek hlavičky nekončí znaky CR LF.")
		case len(line) == 0:
			continue
		case line[0] == ' ' || line[0] == '\t':
			return false, badFraming(400, "Zalomená hlavička není přípustná.")
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.IndexByte(name, ' ') >= 0 { // for the library it is part of the name
			return false, badFraming(400, "Název hlavičky obsahuje mezeru.")
		}
		for i, w := range watched {
			if len(name) != len(w) || !strings.EqualFold(string(name), w) {
				continue
			}
			if seen[i] {
				return false, badFraming(400, "Hlavička "+w+" je v požadavku vícekrát.")
			}
			seen[i] = true
			if refusal := checkValue(i, bytes.Trim(value, " \t")); refusal != nil {
				return false, refusal
			}
		}
	}
	switch {
	case seen[contentLength] && seen[transferEncoding]:
		return false, badFraming(400,
			"Délku těla smí určovat jediná hlavička: Content-Length, nebo Transfer-Encoding.")
	case !seen[host]:
		return false, badFraming(400, "Chybí hlavička Host.")
	}
	return seen[contentLength] || seen[transferEncoding], nil
}

// The headers on which the fate of a request depends: each may stand once.
const (
	contentLength = iota
	transferEncoding
	host
	contentTypeHeader
	soapAction
	contentEncoding
	expectHeader
	trailer
)

var watched = [...]string{
	contentLength:     "Content-Length",
	transferEncoding:  "Transfer-Encoding",
	host:              "Host",
	contentTypeHeader: "Content-Type",
	soapAction:        "SOAPAction",
	contentEncoding:   "Content-Encoding",
	expectHeader:      "Expect",
	trailer:           "Trailer",
}

// checkValue checks the value of a watched header; i is its index.
func checkValue(i int, value []byte) *Refusal {
	is := func(word string) bool { return strings.EqualFold(string(value), word) }
	switch {
	case i == transferEncoding && !is("chunked"):
		return badFraming(400, "Transfer-Encoding smí být jen chunked.")
	case i == contentEncoding && !is("") && !is("identity"):
		return badHTTP(415, "Tělo požadavku nesmí být komprimováno (Content-Encoding).")
	case i == soapAction && !quoted(value):
		return badHTTP(400,
			"Hodnota hlavičky SOAPAction musí být v uvozovkách celá, nebo bez nich.")
	case i == expectHeader && !is("100-continue"):
		return badFraming(417, "Hlavička Expect smí být jen 100-continue.")
	case i == trailer:
		return badFraming(400, "Hlavička "+watched[i]+" není přípustná.")
	}
	return nil
}

// quoted reports whether a value stands in quotes, or has none.
func quoted(value []byte) bool {
	n := bytes.Count(value, []byte(`"`))
	return n == 0 || n == 2 && value[0] == '"' && value[len(value)-1] == '"'
}

// findService finds the service by the code in the path, or an internal message by the
// publisher in the path and the SOAPAction. The path is compared as it stands, without
// decoding; the only query is async.
func (c *core) findService(h *fasthttp.RequestHeader) (edgeCall, *Refusal) {
	target, refusal := originForm(string(h.RequestURI()), h.Host())
	if refusal != nil {
		return edgeCall{}, refusal
	}
	path, query, _ := strings.Cut(target, "?")
	code, found := strings.CutPrefix(path, c.cfg.Prefix+"/")
	if !found {
		return edgeCall{}, refuse(UnknownService,
			"Služby se volají na adrese "+c.cfg.Prefix+"/{kód služby}.")
	}
	if query != "" && query != "async" {
		return edgeCall{}, refuse(UnknownService, "Jediný přípustný parametr adresy je async.")
	}
	service := egon.ServiceByCode(code)
	if service == nil {
		service, refusal = c.messages.named(code, actionOf(h))
	}
	return edgeCall{service: service, async: query == "async"}, refusal
}

// actionOf is the SOAPAction of a request without its quotes; empty: it has none.
func actionOf(h *fasthttp.RequestHeader) []byte {
	return bytes.Trim(h.Peek("SOAPAction"), `" `)
}

// originForm is the request target without scheme and host (RFC 9112 §3.2).
// Absolute-form has the scheme http or https, with TLS or without, and the host that
// the header Host names.
func originForm(target string, host []byte) (string, *Refusal) {
	if strings.HasPrefix(target, "/") {
		return target, nil
	}
	scheme, rest, _ := strings.Cut(target, "://")
	if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", badFraming(400,
			"Adresa požadavku musí začínat lomítkem, http:// nebo https://.")
	}
	end := strings.IndexAny(rest+"/", "/?#")
	if !strings.EqualFold(rest[:end], string(host)) {
		return "", badFraming(400, "Adresa požadavku neodpovídá hlavičce Host.")
	}
	return rest[end:], nil
}

// checkContentType returns a sentence when the type is not text/xml in UTF-8, or
// an empty string. It checks the charset because WS-I BP 1.1 R1019 lets a backend
// prefer it to the XML declaration.
func checkContentType(value []byte) string {
	switch string(value) {
	case "":
		return "Chybí Content-Type; očekává se text/xml; charset=utf-8."
	case "text/xml; charset=utf-8", "text/xml;charset=UTF-8", "text/xml":
		return ""
	}
	kind, params, err := mime.ParseMediaType(string(value))
	switch {
	case err == nil && (kind == "multipart/related" || kind == "application/xop+xml"):
		return "Zprávy s přílohami (multipart/related, MTOM) brána nepřijímá. " +
			"Pošlete jedinou zprávu typu text/xml; charset=utf-8 " +
			"a binární hodnoty v ní jako base64."
	case err == nil && kind == "application/soap+xml":
		return "Služby se volají zprávou SOAP 1.1, jejíž Content-Type je text/xml; charset=utf-8."
	case err != nil || kind != "text/xml":
		return "Content-Type musí být text/xml; charset=utf-8."
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return "Jediné přípustné kódování v Content-Type je utf-8."
	}
	return ""
}

// ofQueue reports whether the call is one to a queue that is kept here. Such a call
// is answered at once, also with ?async: the reference client calls everything so,
// and would ask for its answers in vain.
func (c *edgeCall) ofQueue() bool {
	return c.route.Kind == LocalRoute && slices.Contains(queueServices, c.service.Code)
}
