package xmltext

import (
	"strings"
	"sync"
)

// A Node is an element of a small document that is held whole. Comments and
// processing instructions are not in it. It refers to the document it was read
// from, which must not be written to as long as the tree is in use.
type Node struct {
	Space, Local string
	Attrs        []NodeAttr
	Text         string // all its own character data joined, white space kept
	Children     []*Node

	parent     *Node
	declared   []declaration
	doc        []byte
	start, end int64 // its bytes in doc
	nameEnd    int64 // where the name in its start tag ends
}

// A NodeAttr is an ordinary attribute of a [Node].
type NodeAttr struct{ Space, Local, Value string }

type declaration struct{ prefix, uri string }

// Parse reads a complete document and returns its root element. Errors are
// those of [Scanner.Next]. A tree takes a multiple of its document in memory:
// it is for the caller to bound the length of doc.
func Parse(doc []byte, b Bounds) (*Node, error) {
	s := borrow(b)
	defer used.Put(s)
	top := &Node{}
	at := top
	texts := make([][]byte, 1, 16) // of top and of each open element
	for rest := doc; ; {
		tok, n, err := s.Next(rest, true)
		if err != nil {
			return nil, err
		}
		rest = rest[n:]
		switch tok.Kind {
		case StartElement:
			at = at.add(tok, doc)
			if len(texts) < cap(texts) {
				texts = texts[:len(texts)+1] // with the buffer of an element that is closed
				texts[len(texts)-1] = texts[len(texts)-1][:0]
			} else {
				texts = append(texts, nil)
			}
		case Text, CData:
			texts[len(texts)-1] = append(texts[len(texts)-1], tok.Data...)
		case EndElement:
			at.end, at.Text = tok.End, string(texts[len(texts)-1])
			at, texts = at.parent, texts[:len(texts)-1]
		case End:
			root := top.Children[0]
			root.parent = nil
			return root, nil
		}
	}
}

// used holds scanners of Parse: one that has read a document knows the start
// tags of the next one like it.
var used sync.Pool

// borrow returns a scanner at the beginning of a document, for used.
func borrow(b Bounds) *Scanner {
	if s, ok := used.Get().(*Scanner); ok && s.bounds == b {
		s.Reset()
		return s
	}
	return NewScanner(b)
}

// add makes the element of a start tag a child of n.
func (n *Node) add(tok Token, doc []byte) *Node {
	space := n.Space // mostly that of the parent
	if space != string(tok.Name.Space) {
		space = string(tok.Name.Space)
	}
	child := &Node{
		Space: space, Local: string(tok.Name.Local),
		parent: n, doc: doc, start: tok.Start,
		nameEnd: tok.Start + int64(len("<")+len(tok.Name.Local)),
	}
	if len(tok.Name.Prefix) > 0 {
		child.nameEnd += int64(len(tok.Name.Prefix) + len(":"))
	}
	for _, a := range tok.Attrs() {
		child.Attrs = append(child.Attrs, NodeAttr{string(a.Name.Space), string(a.Name.Local), string(a.Value)})
	}
	for _, b := range tok.Namespaces() {
		child.declared = append(child.declared, declaration{string(b.Prefix), string(b.URI)})
	}
	n.Children = append(n.Children, child)
	return child
}

// Child returns the first child element of that name, nil if there is none or
// if n is nil, so that calls can be chained.
func (n *Node) Child(space, local string) *Node {
	if all := n.All(space, local); len(all) > 0 {
		return all[0]
	}
	return nil
}

// All returns the child elements of that name in document order.
func (n *Node) All(space, local string) (all []*Node) {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Local == local && c.Space == space {
			all = append(all, c)
		}
	}
	return all
}

// AttrValue returns the value of the attribute of that name in no namespace,
// and whether the element has it.
func (n *Node) AttrValue(local string) (string, bool) {
	if n != nil {
		for _, a := range n.Attrs {
			if a.Local == local && a.Space == "" {
				return a.Value, true
			}
		}
	}
	return "", false
}

// Value returns the text without the XML white space around it, "" if n is nil.
func (n *Node) Value() string {
	if n == nil {
		return ""
	}
	return strings.Trim(n.Text, " \t\r\n")
}

// Splice appends the bytes of the element as they stand in its document, with
// the namespace declarations of its ancestors added to its start tag, all that
// it does not make itself: prefixes may stand in content, where nobody sees
// them. Where no default namespace holds, it says so. Thus the result means
// the same wherever it is put.
func (n *Node) Splice(dst []byte) []byte {
	return n.SpliceWithout(dst, func(*Node) bool { return false })
}

// SpliceWithout is Splice that leaves out the child elements for which drop is
// true.
func (n *Node) SpliceWithout(dst []byte, drop func(child *Node) bool) []byte {
	if n == nil {
		return dst
	}
	dst = append(dst, n.doc[n.start:n.nameEnd]...)
	seen := append([]declaration(nil), n.declared...)
	for p := n.parent; p != nil; p = p.parent {
		for _, d := range p.declared {
			if !binds(seen, d.prefix) && d.prefix != "xml" {
				seen = append(seen, d)
			}
		}
	}
	if !binds(seen, "") {
		seen = append(seen, declaration{})
	}
	for _, d := range seen[len(n.declared):] {
		dst = append(dst, " xmlns"...)
		if d.prefix != "" {
			dst = append(append(dst, ':'), d.prefix...)
		}
		dst = append(AppendAttr(append(dst, `="`...), d.uri), '"')
	}
	from := n.nameEnd
	for _, c := range n.Children {
		if drop(c) {
			dst = append(dst, n.doc[from:c.start]...)
			from = c.end
		}
	}
	return append(dst, n.doc[from:n.end]...)
}

func binds(ds []declaration, prefix string) bool {
	for _, d := range ds {
		if d.prefix == prefix {
			return true
		}
	}
	return false
}
