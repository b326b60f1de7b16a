package egon

// The writers below and in the other files append markup with prefixes only
// and never declare a default namespace around foreign bytes, so that an
// element spliced from another document means what it meant there.
const (
	soapOpen  = `<s:Envelope xmlns:s="` + NSEnvelope + `"><s:Body>`
	soapClose = `</s:Body></s:Envelope>`
)

// chars is text that the writers take, raw.
type chars interface{ string | []byte }

// leaf appends <name>value</name>.
func leaf[T chars](dst []byte, name string, value T) []byte {
	dst = open(dst, name)
	dst = appendText(dst, value)
	return shut(dst, name)
}

// optional appends <name>value</name>, or nothing when the value was absent.
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
	dst = appendText(dst, value)
	return append(dst, '"')
}

// optionalAttr appends an attribute, or nothing when value is empty: no
// attribute of the messages written here may be empty.
func optionalAttr[T chars](dst []byte, name string, value T) []byte {
	if len(value) == 0 {
		return dst
	}
	return attr(dst, name, value)
}

// appendText appends value so that a parser reads it back unchanged from text and
// from an attribute alike.
func appendText[T chars](dst []byte, value T) []byte {
	for i := 0; i < len(value); i++ {
		switch c := value[i]; c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\t':
			dst = append(dst, "&#9;"...)
		case '\n':
			dst = append(dst, "&#10;"...)
		case '\r':
			dst = append(dst, "&#13;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
