package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// attributes takes the attributes of an element that the grammar knows: its own,
// which are kept, and those of XML Schema that say nothing the schema does not.
// Any other would give the element another content for some reader, or is one
// that the caller believes to have an effect.
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

// A saying is what an attribute of [NSXSI] says of its element.
type saying uint8

const (
	nothingNew  saying = iota // what the schema says, or nothing
	anotherType               // a type that is not the declared one
	somethingElse
)

// says tells what an attribute of NSXSI says of an element with the type t;
// namespace resolves the prefixes at its start tag.
func says(local string, value []byte, t typeName, namespace func(prefix []byte) ([]byte, bool)) saying {
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

// nameOf returns the name of an element; that of an operation is the service's.
func (r *Reader) nameOf(el *element) string {
	if el.name == "" {
		return r.head.Service.Request
	}
	return el.name
}

// isNamed reports whether a QName names the type.
func (t typeName) isNamed(qname []byte, namespace func(prefix []byte) ([]byte, bool)) bool {
	prefix, local, prefixed := bytes.Cut(qname, []byte(":"))
	if !prefixed {
		prefix, local = nil, qname
	}
	space, bound := namespace(prefix)
	return (bound || !prefixed) && t.local != "" && string(local) == t.local && string(space) == t.space
}

// cs and en name the type for the refusal and for the log.
func (t typeName) cs() string {
	if t.local == "" {
		return "typ beze jména, který xsi:type uvést nemůže"
	}
	return t.local + " z prostoru jmen „" + t.space + "“"
}

func (t typeName) en() string {
	if t.local == "" {
		return "of a type without a name"
	}
	return t.local
}
