package egon

import "bytes"

// An extent is where an element of the head stands in the message. It borrows from the Reader.
type extent struct {
	name  []byte // as it is written, with its prefix
	begin int64  // offset after its start tag
	end   int64  // offset of its end tag
	after int64  // offset after its end tag; 0: the message lacks the element
	empty bool   // it is written as one tag, <a/>, and both offsets are after it
}

// appended is the edit that puts markup or text at the end of the element's content.
func (x *extent) appended(text []byte) Edit {
	if !x.empty {
		return Edit{At: x.end, End: x.end, Text: text}
	}
	text = append([]byte{'>'}, text...)
	return Edit{At: x.after - int64(len("/>")), End: x.after, Text: shut(text, string(x.name))}
}

// prepended is the edit that puts markup before the element's content.
func (x *extent) prepended(text []byte) Edit {
	if x.empty {
		return x.appended(text)
	}
	return Edit{At: x.begin, End: x.begin, Text: text}
}

// holds reports whether a word stands in the element.
func (x *extent) holds(w *Word) bool { return x.begin <= w.Offset && w.Offset < x.end }

// sibling returns the name local in the namespace of the element, as it is written inside.
func (x *extent) sibling(local string) string {
	prefix := x.name[:bytes.IndexByte(x.name, ':')+1]
	return string(prefix) + local
}
