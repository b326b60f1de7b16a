package xmltext

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// The prefixes and URIs are few, so that they shadow each other often. An empty prefix
// is the default namespace. Only that may be bound to an empty URI.
var (
	somePrefix = rapid.SampledFrom([]string{"", "p", "q", "ž"})
	someURI    = rapid.SampledFrom([]string{"", "u", "urn:&<\"> ", "v"})
	someName   = rapid.SampledFrom([]string{"a", "b", "Žádost", "x-1"})
	someText   = rapid.StringOfN(rapid.RuneFrom([]rune("ab &<>\"'\r\n\t]ž€\U0001F600")), 0, 12, -1)
)

// drawElement draws an element, writes it to doc and returns its tree. scope has the
// URIs of the prefixes outside it.
func drawElement(t *rapid.T, doc *[]byte, scope map[string]string, depth int) *Node {
	bound := map[string]string{}
	for p, u := range scope {
		bound[p] = u
	}
	var tail []byte // what follows the name in the start tag
	for _, p := range rapid.SliceOfNDistinct(somePrefix, 0, 2, rapid.ID).Draw(t, "prefixes") {
		u := someURI.Draw(t, "uri")
		if p == "" {
			tail = append(tail, ` xmlns="`...)
		} else if tail = fmt.Appendf(tail, ` xmlns:%s="`, p); u == "" {
			u = "w"
		}
		tail = append(AppendAttr(tail, u), '"')
		bound[p] = u
	}
	qname := func(what string, attr bool) (written, space, local string) {
		local = someName.Draw(t, what)
		p := somePrefix.Draw(t, "prefix of "+what)
		if u, ok := bound[p]; p != "" && ok {
			return p + ":" + local, u, local
		}
		if attr {
			return local, "", local
		}
		return local, bound[""], local
	}
	written, space, local := qname("element", false)
	n := &Node{Space: space, Local: local}
	for range rapid.IntRange(0, 3).Draw(t, "attributes") {
		written, space, local := qname("attribute", true)
		if hasAttr(n, space, local) {
			continue
		}
		value := someText.Draw(t, "value")
		tail = append(AppendAttr(fmt.Appendf(tail, "\n%s = \"", written), value), '"')
		n.Attrs = append(n.Attrs, NodeAttr{space, local, value})
	}
	*doc = append(append(append(append(*doc, '<'), written...), tail...), '>')
	for range rapid.IntRange(0, 4-depth).Draw(t, "children") {
		text := someText.Draw(t, "text")
		*doc = append(AppendText(*doc, text), "<!-- - -->"...)
		n.Text += text
		n.Children = append(n.Children, drawElement(t, doc, bound, depth+1))
	}
	*doc = append(append(append(*doc, "</"...), written...), '>')
	return n
}

func hasAttr(n *Node, space, local string) bool {
	for _, a := range n.Attrs {
		if a.Space == space && a.Local == local {
			return true
		}
	}
	return false
}

func sameTree(want, got *Node) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(Node{}),
		cmpopts.IgnoreFields(Node{}, "Parted"), cmpopts.EquateEmpty())
}

// A tree that is written and read again is the same, with a memo and without. An
// element that is spliced under other ancestors keeps its meaning.
func TestTreeProperty(t *testing.T) {
	off, all := newScanner(DefaultBounds(), MemoOff), newScanner(DefaultBounds(), MemoAll)
	rapid.Check(t, func(t *rapid.T) {
		var doc []byte
		want := drawElement(t, &doc, nil, 0)
		root, err := Parse(doc, DefaultBounds())
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if diff := sameTree(want, root); diff != "" {
			t.Fatalf("%s: %s", doc, diff)
		}
		plain := read(t, off, doc, whole)
		for range 2 { // the second time with a memo of the first
			if diff := sameReading(plain, read(t, all, doc, whole)); diff != "" {
				t.Fatalf("%s: %s", doc, diff)
			}
		}
		part := root
		for len(part.Children) > 0 && rapid.Bool().Draw(t, "down") {
			part = rapid.SampledFrom(part.Children).Draw(t, "child")
		}
		host := []byte(`<host xmlns="other" xmlns:p="other" xmlns:q="another" xmlns:ž="third">`)
		host = append(part.Splice(host), "</host>"...)
		moved, err := Parse(host, DefaultBounds())
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		if diff := sameTree(part, moved.Children[0]); diff != "" {
			t.Fatalf("%s\n%s: %s", doc, host, diff)
		}
	})
}
