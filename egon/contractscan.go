package egon

import (
	"bytes"
	"fmt"

	"brana/egon/xmltext"
)

// The namespaces of a WSDL 1.1 with a binding to SOAP 1.1, and of schemas.
const (
	nsWSDL     = "http://schemas.xmlsoap.org/wsdl/"
	nsWSDLSoap = "http://schemas.xmlsoap.org/wsdl/soap/"
	nsSchema   = "http://www.w3.org/2001/XMLSchema"
)

// contractBounds are wider than those of messages: the operator owns the files.
var contractBounds = xmltext.Bounds{
	NameBytes:  1 << 10,
	TagBytes:   64 << 10,
	Attrs:      256,
	Depth:      256,
	Namespaces: 256,
}

// A finding is the part of a WSDL or schema that ReadContracts uses.
type finding struct {
	action string // soapAction of its last soap:operation
	links  []link // in the order of the document
}

// A link is an attribute that leads to another document, or to the service itself.
type link struct {
	from, to int // of the value in the document
	value    string
	address  bool
}

// scanContract proves that a document is XML, and finds its links.
func scanContract(file string, doc []byte) (f finding, err error) {
	scan := xmltext.NewScanner(contractBounds)
	var tok xmltext.Token
	for rest := doc; tok.Kind != xmltext.End; {
		n, err := scan.NextInto(&tok, rest, true)
		if err != nil {
			return f, fmt.Errorf("%s: %w", file, err)
		}
		rest = rest[n:]
		if tok.Kind == xmltext.StartElement {
			f.take(&tok, doc)
		}
	}
	return f, nil
}

func (f *finding) take(tok *xmltext.Token, doc []byte) {
	space, local := string(tok.Name.Space), string(tok.Name.Local)
	switch {
	case space == nsWSDLSoap && local == "operation":
		if action, ok := tok.Attr("", "soapAction"); ok {
			f.action = string(action)
		}
	case space == nsWSDLSoap && local == "address", space == nsWSDL && local == "import":
		f.link(tok, doc, "location", local == "address")
	case space == nsSchema && (local == "import" || local == "include" || local == "redefine"):
		f.link(tok, doc, "schemaLocation", false)
	}
}

func (f *finding) link(tok *xmltext.Token, doc []byte, name string, address bool) {
	value, ok := tok.Attr("", name)
	if !ok {
		return
	}
	at := int(tok.Start)
	from, to := valueIn(doc[at:tok.End], name)
	f.links = append(f.links, link{at + from, at + to, string(value), address})
}

// valueIn returns the place of an attribute's value in a start tag. The tag is
// well-formed and has the attribute.
func valueIn(tag []byte, name string) (from, to int) {
	at := bytes.IndexAny(tag, " \t\r\n")
	for {
		at += len(tag[at:]) - len(bytes.TrimLeft(tag[at:], " \t\r\n"))
		equals := at + bytes.IndexByte(tag[at:], '=')
		from = equals + 1 + bytes.IndexAny(tag[equals+1:], `"'`) + 1
		to = from + bytes.IndexByte(tag[from:], tag[from-1])
		if string(bytes.TrimRight(tag[at:equals], " \t\r\n")) == name {
			return from, to
		}
		at = to + 1
	}
}
