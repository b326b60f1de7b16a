package xmltext

import (
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	root, err := Parse([]byte(`<?xml version="1.0"?><e:Envelope xmlns:e="urn:e"><!--x-->
 <e:Body a="1" e:a="2" b=" x&#9;"> one<i/> &amp; <![CDATA[two ]]><?p?></e:Body><i/><e:i/><i>3</i></e:Envelope>`), DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	body := root.Child("urn:e", "Body")
	for _, c := range []struct{ what, got, want string }{
		{"root", root.Space + " " + root.Local, "urn:e Envelope"},
		{"text", body.Text, " one & two "},
		{"value", body.Value(), "one & two"},
		{"value of none", root.Child("", "Body").Value(), ""},
		{"value of none in none", root.Child("", "Body").Child("", "i").Value(), ""},
		{"second of its name", root.All("", "i")[1].Value(), "3"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
	if v, ok := body.AttrValue("a"); v != "1" || !ok {
		t.Errorf("attribute a = %q, %t", v, ok)
	}
	if v, ok := body.AttrValue("c"); v != "" || ok {
		t.Errorf("attribute c = %q, %t", v, ok)
	}
	if _, err := Parse([]byte(`<a>`), DefaultBounds()); !errors.Is(err, ErrCut) {
		t.Errorf("cut document: %v", err)
	}
}

func TestSplice(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"no namespace", `<r><x a="1">y</x></r>`, `<x xmlns="" a="1">y</x>`},
		{"default of an ancestor", `<r xmlns="u"><q><x/></q></r>`, `<x xmlns="u"/>`},
		{"default undone", `<r xmlns="u"><q xmlns=""><x/></q></r>`, `<x xmlns=""/>`},
		{"own default", `<r xmlns="u"><x xmlns="v"/></r>`, `<x xmlns="v"/>`},
		{"prefix in content", `<r xmlns:p="u" xmlns:q="v"><q:x t="p:T">p:y</q:x></r>`,
			`<q:x xmlns:p="u" xmlns:q="v" xmlns="" t="p:T">p:y</q:x>`},
		{"innermost wins", `<r xmlns:p="u"><q xmlns:p="v"><p:x/></q></r>`,
			`<p:x xmlns:p="v" xmlns=""/>`},
		{"own wins", `<r xmlns:p="u"><p:x xmlns:p="v" ></p:x></r>`,
			`<p:x xmlns="" xmlns:p="v" ></p:x>`},
		{"escaped URI", `<r xmlns:p="a&amp;&quot;b&lt;"><p:x/></r>`,
			`<p:x xmlns:p="a&amp;&quot;b&lt;" xmlns=""/>`},
		{"verbatim", "<r><x\n a = '1' ><!--c-->&#65;<![CDATA[<]]></x ></r>",
			"<x xmlns=\"\"\n a = '1' ><!--c-->&#65;<![CDATA[<]]></x >"},
		{"xml is never declared",
			`<r xmlns:xml="http://www.w3.org/XML/1998/namespace"><x xml:lang="cs"/></r>`,
			`<x xmlns="" xml:lang="cs"/>`},
	} {
		root, err := Parse([]byte(c.doc), DefaultBounds())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := find(root, "x").Splice(nil); string(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	var none *Node
	if got := none.Splice([]byte("kept")); string(got) != "kept" {
		t.Errorf("splice of none = %q", got)
	}
}

// SpliceOf leaves out all that keep does not ask for, whatever it is.
func TestSpliceOf(t *testing.T) {
	kept := func(n *Node) bool { return n.Local != "c" }
	for _, c := range []struct{ name, doc, want string }{
		{"children", `<r><x><a/><b>1<c/></b><c/><a>2</a></x></r>`,
			`<x xmlns=""><a/><b>1<c/></b><a>2</a></x>`},
		{"text, comments and attributes",
			"<r><x y='1'> z<!--c--><a/>&#65;<![CDATA[<]]><c/>z</x ></r>", `<x xmlns=""><a/></x>`},
		{"namespaces", `<r xmlns:p="u"><p:x xmlns:q="v&amp;" y="1"><q:a p:b="p:c"/></p:x></r>`,
			`<p:x xmlns:q="v&amp;" xmlns:p="u" xmlns=""><q:a p:b="p:c"/></p:x>`},
		{"nothing", `<r xmlns="u"><x a="1"/></r>`, `<x xmlns="u"></x>`},
	} {
		root, err := Parse([]byte(c.doc), DefaultBounds())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := find(root, "x").SpliceOf(nil, kept); string(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func find(n *Node, local string) *Node {
	if n.Local == local {
		return n
	}
	for _, c := range n.Children {
		if f := find(c, local); f != nil {
			return f
		}
	}
	return nil
}

func TestAppend(t *testing.T) {
	for _, c := range []struct{ in, text, attr string }{
		{"", "", ""},
		{"Žluťoučký kůň", "Žluťoučký kůň", "Žluťoučký kůň"},
		{`<a b="c'">&`, `&lt;a b="c'"&gt;&amp;`, `&lt;a b=&quot;c'&quot;&gt;&amp;`},
		{"]]>", "]]&gt;", "]]&gt;"},
		{"\t\r\n", "\t&#13;\n", "&#9;&#13;&#10;"},
		{"a\x00\x1Fb", "a\uFFFD\uFFFDb", "a\uFFFD\uFFFDb"},
		{"\xFF\xC5x\xED\xA0\x80\xEF\xBF\xBE", "\uFFFD\uFFFDx\uFFFD\uFFFD\uFFFD\uFFFD",
			"\uFFFD\uFFFDx\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"\U0001F600\uFFFD", "\U0001F600\uFFFD", "\U0001F600\uFFFD"},
	} {
		if got := AppendText([]byte("x"), c.in); string(got) != "x"+c.text {
			t.Errorf("AppendText(%q) = %q, want %q", c.in, got[1:], c.text)
		}
		if got := AppendAttr([]byte("x"), []byte(c.in)); string(got) != "x"+c.attr {
			t.Errorf("AppendAttr(%q) = %q, want %q", c.in, got[1:], c.attr)
		}
	}
}

// A node knows whether its text is one plain piece, and the bindings of prefixes in
// it.
func TestPartedTextAndPrefixesOfNodes(t *testing.T) {
	root, err := Parse(
		[]byte(
			`<!-- a --><r xmlns="u" xmlns:p="v"><a>x</a><b>x<!-- --></b><c><![CDATA[x]]></c><d xmlns:p="w"/></r>`), DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	for i, parted := range []bool{false, true, true, false} {
		if n := root.Children[i]; n.Parted != parted {
			t.Errorf("%s: parted %v", n.Local, n.Parted)
		}
	}
	for _, c := range []struct {
		node        *Node
		prefix, uri string
	}{{root, "", "u"}, {root, "p", "v"}, {root.Children[3], "p", "w"}, {root.Children[3], "", "u"},
		{root, "q", ""}} {
		if uri, bound := c.node.Namespace(c.prefix); uri != c.uri || bound != (c.uri != "") {
			t.Errorf("%q in %s is %q, %v", c.prefix, c.node.Local, uri, bound)
		}
	}
}
