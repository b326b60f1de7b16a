package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// attributes takes the attributes of an element that the grammar knows. It keeps the
// element's own, passes over those of XML Schema that repeat the schema, and refuses
// any other: that would give the element another content for some reader, or the
// caller believes that it has an effect.
func (r *Reader) attributes(el *element, tok *xmltext.Token) *Offence {
	attrs := tok.Attrs()
	for i := range attrs {
		if o := r.attribute(el, tok, &attrs[i]); o != nil {
			return o
		}
	}
	return nil
}

func (r *Reader) attribute(el *element, tok *xmltext.Token, a *xmltext.Attr) *Offence {
	if string(a.Name.Space) == NSXSI {
		switch says(string(a.Name.Local), a.Value, el.declared, r.scan.Namespace) {
		case nothingNew:
			return nil
		case anotherType:
			return r.invalid(otherType, tok.Start, r.nameOf(el), el.declared.cs(), el.declared.en())
		}
	}
	for i := range el.attrs {
		known := &el.attrs[i]
		if !a.Name.Is("", known.name) {
			continue
		}
		r.from = len(r.arena)
		r.arena = append(r.arena, a.Value...)
		r.keep(known.value(&r.head), known.collapse)
		r.from = len(r.arena)
		return nil
	}
	return r.invalid(unknownAttribute, tok.Start, sent(a.Name.Local), r.nameOf(el))
}

// A saying is the meaning of an attribute of [NSXSI] for its element.
type saying uint8

const (
	nothingNew  saying = iota // none, or that of the schema
	anotherType               // a type that is not the declared one
	somethingElse
)

// says returns the meaning of an attribute of NSXSI for an element with the type t.
// namespace resolves the prefixes at its start tag.
func says(local string, value []byte, t typeName,
	namespace func(prefix []byte) ([]byte, bool)) saying {
	value = bytes.Trim(value, whiteSpace)
	switch local {
	case "schemaLocation", "noNamespaceSchemaLocation":
		return nothingNew
	case "nil":
		if string(value) == "false" || string(value) == "0" {
			return nothingNew
		}
	case "type":
		if t.isNamed(value, namespace) {
			return nothingNew
		}
		return anotherType
	}
	return somethingElse
}

// nameOf returns the name of an element. An operation has the name of its service.
func (r *Reader) nameOf(el *element) string {
	if el.name == "" {
		return r.head.Service.Request
	}
	return el.name
}
