package egon

import (
	"time"

	"brana/egon/xmltext"
)

// The writers of this package append markup with prefixes only. They declare no default
// namespace around foreign bytes, so an element that is spliced from another document
// keeps its meaning.
//
// The simulators in bench/registries write XML by code of their own, and so do not
// repeat a fault of this package: they are the other side in tests.
const (
	soapOpen  = `<s:Envelope xmlns:s="` + NSEnvelope + `"><s:Body>`
	soapClose = `</s:Body></s:Envelope>`
)

// chars is raw text for the writers.
type chars interface{ string | []byte }

// leaf appends <name>value</name>.
func leaf[T chars](dst []byte, name string, value T) []byte {
	dst = open(dst, name)
	dst = xmltext.AppendText(dst, value)
	return shut(dst, name)
}

// timeLayout is xs:dateTime with the seven fractional digits of the bus.
const timeLayout = "2006-01-02T15:04:05.0000000Z07:00"

// moment appends <name>t</name>.
func moment(dst []byte, name string, t time.Time) []byte {
	dst = open(dst, name)
	dst = t.AppendFormat(dst, timeLayout)
	return shut(dst, name)
}

// optional appends <name>value</name>, or nothing for a value that is absent.
func optional(dst []byte, name string, value []byte) []byte {
	if value == nil {
		return dst
	}
	return leaf(dst, name, value)
}

func open(dst []byte, name string) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	return append(dst, '>')
}

func shut(dst []byte, name string) []byte {
	dst = append(dst, '<', '/')
	dst = append(dst, name...)
	return append(dst, '>')
}

// attr appends an attribute with the blank before it.
func attr[T chars](dst []byte, name string, value T) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	dst = xmltext.AppendAttr(dst, value)
	return append(dst, '"')
}

// optionalAttr appends an attribute, or nothing when value is empty: no attribute of
// these messages may be empty.
func optionalAttr[T chars](dst []byte, name string, value T) []byte {
	if len(value) == 0 {
		return dst
	}
	return attr(dst, name, value)
}
