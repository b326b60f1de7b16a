package xmltext

import (
	"bytes"
	"strings"
	"sync"
)

// A Node is an element of a small document that is held whole, without comments and
// processing instructions.
type Node struct {
	Space, Local string
	Attrs        []NodeAttr
	Text         string // all its own character data joined, with its white space
	Parted       bool   // it contains a comment or a CDATA section
	Children     []*Node

	parent     *Node
	declared   []declaration
	doc        string
	start, end int64 // its bytes in doc
	nameEnd    int64 // the end of the name in its start tag
}

// A NodeAttr is an ordinary attribute of a [Node].
type NodeAttr struct{ Space, Local, Value string }

type declaration struct{ prefix, uri string }

// Parse reads a complete document, keeps a copy of it, and returns its root element.
// Its errors are those of [Scanner.Next]. A tree takes a multiple of its document in
// memory, so the caller bounds the length of doc.
func Parse(doc []byte, b Bounds) (*Node, error) {
	p, ok := parsers.Get().(*parser)
	if ok && p.scan.bounds == b {
		p.scan.Reset()
	} else {
		p = &parser{scan: NewScanner(b)}
	}
	defer parsers.Put(p)
	p.doc, p.text = doc, string(doc)
	root, err := p.read()
	p.forget()
	return root, err
}

// parsers are used again: a scanner that has read a document knows the start tags of
// the next one like it.
var parsers sync.Pool

// A parser makes a tree of a document. Strings of the tree that equal their place in
// the document share its memory.
type parser struct {
	scan *Scanner
	doc  []byte
	text string // the same

	open   []unfinished
	closed []*Node // children of open elements
	nodes  []Node  // free ones
	lists  []*Node // free room for lists of children
}

// An unfinished is an open element. Its text is one piece, or several in pieces.
type unfinished struct {
	node   *Node
	first  int // index in closed of its first child
	text   string
	pieces []byte
}

func (p *parser) read() (*Node, error) {
	var tok Token
	at := &Node{} // above the root
	p.open, p.closed = p.open[:0], p.closed[:0]
	for rest := p.doc; ; {
		n, err := p.scan.NextInto(&tok, rest, true)
		if err != nil {
			return nil, err
		}
		rest = rest[n:]
		switch tok.Kind {
		case StartElement:
			at = p.begin(at, &tok)
		case Text, CData:
			p.open[len(p.open)-1].add(p, &tok)
			at.Parted = at.Parted || tok.Kind == CData
		case Comment:
			at.Parted = true
		case EndElement:
			p.end(&tok)
			at = at.parent
		case End:
			root := p.closed[0]
			root.parent = nil
			return root, nil
		}
	}
}

// forget drops all references to memory of the tree.
func (p *parser) forget() {
	p.doc, p.text, p.nodes, p.lists = nil, "", nil, nil
	clear(p.closed[:cap(p.closed)])
	for i := range p.open[:cap(p.open)] {
		o := &p.open[:cap(p.open)][i]
		o.node, o.text = nil, ""
	}
}

// begin makes the element of a start tag.
func (p *parser) begin(parent *Node, tok *Token) *Node {
	n := p.node()
	n.parent, n.doc, n.start = parent, p.text, tok.Start
	n.nameEnd = tok.Start + int64(len("<")+len(tok.Name.Local))
	if len(tok.Name.Prefix) > 0 {
		n.nameEnd += int64(len(tok.Name.Prefix) + len(":"))
	}
	n.Local = p.text[n.nameEnd-int64(len(tok.Name.Local)) : n.nameEnd]
	for _, b := range tok.Namespaces() {
		n.declared = append(n.declared, declaration{p.share(tok, b.Prefix), p.share(tok, b.URI)})
	}
	n.Space = n.spaceIn(tok.Name.Space)
	for _, a := range tok.Attrs() {
		n.Attrs = append(n.Attrs, NodeAttr{n.spaceIn(a.Name.Space), p.share(tok, a.Name.Local),
			p.share(tok, a.Value)})
	}
	if len(p.open) < cap(p.open) {
		p.open = p.open[:len(p.open)+1]
	} else {
		p.open = append(p.open, unfinished{})
	}
	o := &p.open[len(p.open)-1]
	o.node, o.first, o.text, o.pieces = n, len(p.closed), "", o.pieces[:0]
	return n
}

// chunk is the number of nodes that are made at once.
const chunk = 32

func (p *parser) node() *Node {
	if len(p.nodes) == 0 {
		p.nodes = make([]Node, chunk)
	}
	n := &p.nodes[0]
	p.nodes = p.nodes[1:]
	return n
}

// share returns b, a name or value of a start tag, as a part of the document if the
// same bytes stand in the tag, else copied.
func (p *parser) share(tok *Token, b []byte) string {
	if i := bytes.Index(p.doc[tok.Start:tok.End], b); i >= 0 {
		return p.text[tok.Start:][i : i+len(b)]
	}
	return string(b)
}

// spaceIn returns the namespace uri of a name in the start tag of n. It shares the
// string of the parent or of a declaration if one is equal.
func (n *Node) spaceIn(uri []byte) string {
	if len(uri) == 0 {
		return ""
	}
	if n.parent.Space == string(uri) {
		return n.parent.Space
	}
	for at := n; at != nil; at = at.parent {
		for _, d := range at.declared {
			if d.uri == string(uri) {
				return d.uri
			}
		}
	}
	return string(uri)
}

// add adds a piece of text.
func (o *unfinished) add(p *parser, tok *Token) {
	whole := p.text[tok.Start:tok.End]
	switch {
	case len(tok.Data) == 0:
	case o.text == "" && len(o.pieces) == 0 && whole == string(tok.Data):
		o.text = whole
	default:
		if o.text != "" {
			o.pieces, o.text = append(o.pieces, o.text...), ""
		}
		o.pieces = append(o.pieces, tok.Data...)
	}
}

// end finishes the innermost open element.
func (p *parser) end(tok *Token) {
	o := &p.open[len(p.open)-1]
	n := o.node
	n.end, n.Text = tok.End, o.text
	if len(o.pieces) > 0 {
		n.Text = string(o.pieces)
	}
	if children := p.closed[o.first:]; len(children) > 0 {
		if len(p.lists) < len(children) {
			p.lists = make([]*Node, max(chunk, len(children)))
		}
		n.Children = p.lists[:copy(p.lists, children):len(children)]
		p.lists = p.lists[len(children):]
	}
	p.closed = append(p.closed[:o.first], n)
	p.open = p.open[:len(p.open)-1]
}

// Namespace returns the URI that the innermost declaration in scope binds to prefix,
// and whether there is one. An empty prefix is the default namespace. It is for
// QNames in values.
func (n *Node) Namespace(prefix string) (uri string, bound bool) {
	for at := n; at != nil; at = at.parent {
		for _, d := range at.declared {
			if d.prefix == prefix {
				return d.uri, true
			}
		}
	}
	return "", false
}

// Child returns the first child element of that name. It returns nil if there is none
// or if n is nil, so calls can be chained.
func (n *Node) Child(space, local string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Local == local && c.Space == space {
			return c
		}
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

// AttrValue returns the value of the attribute of that name without a namespace, and
// whether the element has it.
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

// Splice appends the bytes of the element as they stand in its document. To its start
// tag it adds all namespace declarations of the ancestors that the element does not
// make itself: prefixes may stand in content, unseen. If there is no default
// namespace, it declares that too. So the result means the same in any place.
func (n *Node) Splice(dst []byte) []byte {
	if n == nil {
		return dst
	}
	dst = append(dst, n.doc[n.start:n.nameEnd]...)
	dst = appendDeclared(dst, n.inScope()[len(n.declared):])
	return append(dst, n.doc[n.nameEnd:n.end]...)
}

// SpliceOf is Splice of the element with only those child elements for which keep
// returns true. Its attributes, its own text and everything else between its children
// are left out.
func (n *Node) SpliceOf(dst []byte, keep func(child *Node) bool) []byte {
	name := n.doc[n.start+1 : n.nameEnd]
	dst = append(append(dst, '<'), name...)
	dst = append(appendDeclared(dst, n.inScope()), '>')
	for _, c := range n.Children {
		if keep(c) {
			dst = append(dst, n.doc[c.start:c.end]...)
		}
	}
	return append(append(append(dst, "</"...), name...), '>')
}

// inScope returns the namespace declarations in scope in the element: its own first,
// and always one of the default namespace.
func (n *Node) inScope() []declaration {
	all := append(make([]declaration, 0, len(n.declared)+8), n.declared...)
	for p := n.parent; p != nil; p = p.parent {
		for _, d := range p.declared {
			if !binds(all, d.prefix) && d.prefix != "xml" {
				all = append(all, d)
			}
		}
	}
	if !binds(all, "") {
		all = append(all, declaration{})
	}
	return all
}

func appendDeclared(dst []byte, ds []declaration) []byte {
	for _, d := range ds {
		dst = append(dst, " xmlns"...)
		if d.prefix != "" {
			dst = append(append(dst, ':'), d.prefix...)
		}
		dst = append(AppendAttr(append(dst, `="`...), d.uri), '"')
	}
	return dst
}

func binds(ds []declaration, prefix string) bool {
	for _, d := range ds {
		if d.prefix == prefix {
			return true
		}
	}
	return false
}
