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
		switch string(a.Name.Local) {
		case "schemaLocation", "noNamespaceSchemaLocation":
			return nil
		case "nil":
			if v := bytes.Trim(a.Value, whiteSpace); string(v) == "false" || string(v) == "0" {
				return nil
			}
		case "type":
			if r.declares(el.declared, a.Value) {
				return nil
			}
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
	return r.invalid(unknownAttribute, tok.Start, string(a.Name.Local), r.nameOf(el))
}

// nameOf returns the name of an element; that of an operation is the service's.
func (r *Reader) nameOf(el *element) string {
	if el.name == "" {
		return r.head.Service.Request
	}
	return el.name
}

// declares reports whether a QName, its prefix resolved in the scope of the
// innermost start tag, names the type.
func (r *Reader) declares(t typeName, qname []byte) bool {
	qname = bytes.Trim(qname, whiteSpace)
	prefix, local, prefixed := bytes.Cut(qname, []byte(":"))
	if !prefixed {
		prefix, local = nil, qname
	}
	space, bound := r.scan.Namespace(prefix)
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
