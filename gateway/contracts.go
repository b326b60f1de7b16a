package gateway

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

// publish answers a GET of a WSDL or a schema that is offered here, and reports
// whether it did: {prefix}/E198?wsdl, {prefix}/wsdl/egon/xsd/…. Any other request is
// a call, or is refused as one.
func (x *exchange) publish() (done bool, err error) {
	if x.cfg.Contracts == nil || !x.rc.IsGet() {
		return false, nil
	}
	doc, err := x.contract(&x.rc.Request.Header)
	if doc == nil || err != nil {
		return false, err
	}
	x.published = true
	return true, x.take(answered(doc, ""))
}

// contract returns the document that a request asks for, or nil. The path is
// compared, as it stands, with the names of the files that were read at the start;
// it never reaches a file system.
func (c *core) contract(h *fasthttp.RequestHeader) ([]byte, error) {
	if framed, refusal := checkLines(h.RawHeaders()); refusal != nil || framed {
		return nil, nil // it has a body, or its framing is in doubt
	}
	path, query, asked := strings.Cut(string(h.RequestURI()), "?")
	name, found := strings.CutPrefix(path, c.cfg.Prefix+"/")
	file, isSchema := strings.CutPrefix(name, egon.SchemaFolder+"/")
	switch {
	case !found:
		return nil, nil
	case isSchema && !asked:
		return c.cfg.Contracts.Schema(file), nil
	case strings.EqualFold(query, "wsdl"):
		return c.wsdl(egon.ServiceByCode(name), string(h.Host()))
	}
	return nil, nil
}

// wsdl returns the WSDL of a service that has a route, or nil.
func (c *core) wsdl(s *egon.Service, host string) ([]byte, error) {
	if s == nil || c.routes.of(s).Kind == RefuseRoute {
		return nil, nil
	}
	base, refusal := c.baseURL(host)
	if refusal != nil {
		return nil, refusal
	}
	return c.cfg.Contracts.AppendWSDL(nil, s, base+"/"+s.Code), nil
}

// baseURL is the URL of the services for callers: the one that the operator has set,
// or the one by which this request came, if its Host can be in a URL.
func (c *core) baseURL(host string) (string, *Refusal) {
	if c.cfg.PublicURL != "" {
		return c.cfg.PublicURL, nil
	}
	if !isHost(host) {
		return "", badFraming(400, "Hlavička Host není jméno ani adresa serveru.")
	}
	scheme := "http://"
	if c.cfg.TLS != nil {
		scheme = "https://"
	}
	return scheme + host + c.cfg.Prefix, nil
}

// isHost reports whether the value of Host is a name or an address, with a port or
// without (RFC 9110 §7.2). A name has letters, digits, hyphens, underscores and dots
// alone, so that nothing in it has a meaning in a URL or in XML.
func isHost(value string) bool {
	name, port := value, "1"
	if at := strings.LastIndexByte(value, ':'); at > strings.LastIndexByte(value, ']') {
		name, port = value[:at], value[at+1:]
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && address.Is6() && address.Zone() == "" && strings.HasSuffix(name, "]")
	}
	outside := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && !(r >= '0' && r <= '9') && r != '-' && r != '_' && r != '.'
	}
	return name != "" && len(name) <= 253 && strings.IndexFunc(name, outside) < 0
}
