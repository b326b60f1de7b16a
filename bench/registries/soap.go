package registries

import (
	"errors"
	"fmt"
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// message is a request that was read: the payload and the facts of its header.
type message struct {
	body   *xmltext.Node
	info   zadostInfo
	action string  // SOAPAction without quotes
	media  staging // as the settings ask for it
	entry  *Entry

	bare    bool // without an Envelope; the reply goes without one too
	partial bool // only the root of body and the header are known
	more    bool // the reply has all items, asked for or not

	bareItems bool   // the items of E227 are listed without Polozka
	aiseoURL  string // where the front calls AISEO; empty: in the process
}

// zadostInfo has the values of a request's header that the registries use. Absent
// values are empty.
type zadostInfo struct {
	Agenda, AgendovaRole, Ovm, Ais, AgendaZadostId, IszrZadostId string
}

// staging has the settings for the media of one answer.
type staging struct {
	photo    int  // size of a photo in bytes before encryption, 0 for the person's own
	withheld bool // FailWithheld
	more     bool // photos and signatures, asked for or not
}

// system returns the system that the header names.
func (z zadostInfo) system() System { return System{z.Agenda, atoi(z.Ais)} }

// triple returns the key of the header in the table of rights.
func (z zadostInfo) triple() string { return z.Agenda + "/" + z.AgendovaRole + "/" + z.Ovm }

var errNotSoap = errors.New("not a SOAP 1.1 Envelope with one element in its Body")

// readMessage finds the payload of a SOAP 1.1 message. The message borrows
// from data.
func readMessage(data []byte) (*message, error) {
	root, err := xmltext.Parse(data, xmltext.DefaultBounds())
	if err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return payloadOf(root)
}

// payloadOf returns the message in an Envelope.
func payloadOf(root *xmltext.Node) (*message, error) {
	if root.Space != egon.NSEnvelope || root.Local != "Envelope" {
		return nil, errNotSoap
	}
	body := root.Child(egon.NSEnvelope, "Body")
	if body == nil || len(body.Children) != 1 {
		return nil, errNotSoap
	}
	return messageOf(body.Children[0]), nil
}

// messageOf reads the header of a payload: in the payload's own namespace
// between the bus and a registry, in the bus's before it.
func messageOf(payload *xmltext.Node) *message {
	info := payload.Child(payload.Space, "ZadostInfo")
	if info == nil {
		info = payload.Child(egon.NSAbstract, "ZadostInfo")
	}
	value := func(local string) string { return info.Child(egon.NSReg, local).Value() }
	return &message{
		body: payload,
		info: zadostInfo{
			Agenda:         value("Agenda"),
			AgendovaRole:   value("AgendovaRole"),
			Ovm:            value("Ovm"),
			Ais:            value("Ais"),
			AgendaZadostId: value("AgendaZadostId"),
			IszrZadostId:   value("IszrZadostId"),
		},
	}
}

// actionOf returns the SOAPAction of a payload sent to a registry: the name of
// its root, for ORG without the suffix Request.
func actionOf(payload *xmltext.Node) string {
	if payload.Space == egon.NSOrg {
		return strings.TrimSuffix(payload.Local, "Request")
	}
	return payload.Local
}

// The bytes around a payload.
const (
	envelopeStart = `<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="` +
		egon.NSEnvelope + `"><soapenv:Body>`
	bodyEnd     = `</soapenv:Body>`
	envelopeEnd = `</soapenv:Envelope>`
	soapType    = "text/xml; charset=utf-8"
)

// faultText returns a whole SOAP 1.1 message with a Fault.
func faultText(code, text string) []byte {
	d := doc(envelopeStart)
	d.open("soapenv:Fault")
	d.leaf("faultcode", "soapenv:"+code)
	d.leaf("faultstring", text)
	d.shut("soapenv:Fault")
	return append(d, bodyEnd+envelopeEnd...)
}

// doc is XML under construction. Names carry the prefixes that its root
// declares; attrs are names and values in turn, an empty value leaves the
// attribute out.
type doc []byte

// newDoc makes an empty one with room for a common answer.
func newDoc() doc { return make(doc, 0, 3<<10) }

func (d *doc) open(name string, attrs ...string) {
	d.tag(name, attrs)
	*d = append(*d, '>')
}

func (d *doc) empty(name string, attrs ...string) {
	d.tag(name, attrs)
	*d = append(*d, '/', '>')
}

func (d *doc) tag(name string, attrs []string) {
	*d = append(append(*d, '<'), name...)
	for i := 0; i < len(attrs); i += 2 {
		if attrs[i+1] == "" {
			continue
		}
		*d = append(append(append(*d, ' '), attrs[i]...), '=', '"')
		*d = append(xmltext.AppendAttr(*d, attrs[i+1]), '"')
	}
}

func (d *doc) shut(name string) {
	*d = append(append(append(*d, '<', '/'), name...), '>')
}

func (d *doc) leaf(name, text string, attrs ...string) {
	d.open(name, attrs...)
	*d = xmltext.AppendText(*d, text)
	d.shut(name)
}

// detail is one VysledekDetail of a system status.
type detail struct {
	subKod, popis string
	registr       string // who reports it: ROB, ORG, RUIAN or ISZR; may be empty
	ais           int    // or the information system that reports it; 0: none
}

// odpovedInfo writes the header of a reply as the element name.
func (d *doc) odpovedInfo(name string, m *message, kod string, details ...detail) {
	d.open(name)
	d.leaf("reg:CasOdpovedi", timeNow())
	d.open("reg:Status")
	d.leaf("reg:VysledekKod", kod)
	for _, x := range details {
		d.open("reg:VysledekDetail")
		d.leaf("reg:VysledekSubKod", x.subKod)
		if x.popis != "" {
			d.leaf("reg:VysledekPopis", x.popis)
		}
		switch {
		case x.registr != "":
			d.open("reg:Puvodce")
			d.leaf("reg:Registr", x.registr)
			d.shut("reg:Puvodce")
		case x.ais != 0:
			d.open("reg:Puvodce")
			d.leaf("reg:Ais", itoa(x.ais))
			d.shut("reg:Puvodce")
		}
		d.shut("reg:VysledekDetail")
	}
	d.shut("reg:Status")
	id := m.info.AgendaZadostId
	if !isID(id) {
		id = nilID
	}
	d.leaf("reg:AgendaZadostId", id)
	if isID(m.info.IszrZadostId) {
		d.leaf("reg:IszrZadostId", m.info.IszrZadostId)
	}
	d.shut(name)
}

// chyba is the reply of a registry that broke down over m: OdpovedInfo, and what
// the schema demands beside it.
func (m *message) chyba(extra func(*message, *doc)) reply {
	root := strings.TrimSuffix(m.body.Local, "Request") + "Response"
	d := newDoc()
	d.open(root, "xmlns", m.body.Space, "xmlns:reg", egon.NSReg)
	d.odpovedInfo("OdpovedInfo", m, egon.Chyba, detail{
		subKod: "SPECIFIKACE V POPISU",
		popis:  "Registr zprávu nezpracoval.",
	})
	if extra != nil {
		extra(m, &d)
	}
	d.shut(root)
	return reply{head: d, kod: egon.Chyba}
}
