package xmltext

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a scanner remembers of earlier documents changes nothing: it reads each
// as a new scanner does, though the same tags stood in other scopes before.
func TestMemoryChangesNothing(t *testing.T) {
	docs := []string{
		`<root xmlns:p="urn:u"><p:element/></root>`,
		`<root xmlns:p="urn:v"><p:element/></root>`,
		`<root xmlns:q="urn:u"><p:element/></root>`,
		`<root xmlns:pu="rn:u"><p:element/><pu:element/></root>`,
		`<root xmlns="urn:u"><element/><element></element></root>`,
		`<root><element/><element></element><element ></element ></root>`,
		`<root><element xmlns="urn:u"><element/></element><element xmlns="urn:u"><element/></element></root>`,
		`<root><element xmlns="urn:u"><element xmlns="urn:u"/></element></root>`,
		`<root xmlns="urn:u"><element xmlns=""><element/></element><element/></root>`,
		`<a xmlns:b="ab" xmlns:ba="b"><b:c>x</b:c></a>`,
		`<a xmlns:b="aba" xmlns:b2="b"><b:c>x</b:c></a>`,
		`<a><b:c xmlns:b="b"><b:c/></b:c><b:c/></a>`,
		`<a>]]<element/>></a>`, `<a>]]></a>`,
		`<a><a><a><a><a><a/></a></a></a></a></a>`,
		`<a><a><a><a><a/></a></a></a></a>`,
		`<a xmlns:b="b" xmlns:c="c"><d xmlns:e="e" xmlns:f="f"><g xmlns:h="h"/></d></a>`,
		`<g xmlns:h="h"/>`, `<a><g xmlns:h="h"/></a>`,
		`<a xmlns="u"><leaf>x</leaf><leaf></leaf><leaf>x<leaf>y</leaf></leaf></a>`,
		`<a><leaf>x</leaf ><leaf>x&amp;y</leaf><leaf>]]</leaf><leaf>x</leaf>]]></a>`,
		`<a xmlns="u"><p:leaf xmlns:p="v">x</p:leaf><leaf xmlns="v" xmlns:p="w">x</leaf><leaf xmlns="">x</leaf></a>`,
		`<a><leaf>x</leag></a>`, `<a><leaf>x</leaf`, `<a><leaf>x</leaf><!-- --><leaf>x<!-- --></leaf></a>`,
	}
	for i := range 3 * scopeSlots {
		docs = append(docs, fmt.Sprintf(`<a><p:c xmlns:p="urn:%d"><p:element/></p:c><p:d xmlns:p="urn:%[1]d">x</p:d></a>`, i%(scopeSlots+5)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	used := NewScanner(small)
	for range 1500 {
		doc := []byte(docs[random.IntN(len(docs))])
		cut := whole
		if random.IntN(4) == 0 {
			cut = func(int) int { return 1 + random.IntN(12) }
		}
		want, got := read(t, NewScanner(small), doc, whole), read(t, used, doc, cut)
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
			t.Fatalf("%s: %s", doc, diff)
		}
	}
}

// SkipBlank takes white space, SkipText all character data, and neither takes
// what belongs to a document that is not well-formed.
func TestSkip(t *testing.T) {
	for _, tt := range []struct {
		content     string
		blank, text int
	}{
		{" \r\n\t<b/>", 4, 4}, {"<b/>", 0, 0}, {"  x<b/>", 2, 3}, {"x", 0, 1}, {"  ", 2, 2}, {"\r", 1, 1}, {"", 0, 0}, {" &#32;<b/>", 1, 6},
		{"\n</a>", 1, 1}, {"\n<!--x-->", 1, 1}, {"x &amp", 0, 2}, {"x &amp;&nbsp;", 0, 7}, {"x\r\x00", 0, 2}, {"xž\xc5", 0, 3}, {"x\xff", 0, 1},
		{"]]", 0, 2}, {"]]>", 0, 2}, {"x]]x>]>]] >", 0, 11}, {"]]]]>", 0, 4}, {"]]&gt;>", 0, 7}, {repeat("\r", 999) + "x", 999, 1000},
	} {
		for name, skip := range map[string]func(*Scanner, []byte) int{"blank": (*Scanner).SkipBlank, "text": (*Scanner).SkipText} {
			s, want := NewScanner(DefaultBounds()), tt.blank
			if name == "text" {
				want = tt.text
			}
			if _, _, err := s.Next([]byte("<ab>"), false); err != nil {
				t.Fatal(err)
			}
			if n := skip(s, []byte(tt.content)); n != want || s.Offset() != int64(len("<ab>")+n) {
				t.Errorf("%s %q: skipped %d to offset %d, want %d", name, tt.content, n, s.Offset(), want)
			}
		}
	}
}

// A leaf is found where its start tag is remembered, and only if it is whole and
// as simple as can be.
func TestLeaf(t *testing.T) {
	s := NewScanner(DefaultBounds())
	read(t, s, []byte(`<r:root xmlns:r="urn:r"><r:leaf>x</r:leaf><leaf xmlns="urn:own" xmlns:p="p">x</leaf><many>x</many></r:root>`), whole)
	for _, tt := range []struct{ content, want string }{
		{"<r:leaf>text</r:leaf><", "{urn:r}leaf text"}, {"<r:leaf></r:leaf>", "{urn:r}leaf "}, {"<r:leaf>ž\n\t x</r:leaf>", "{urn:r}leaf ž\n\t x"},
		{`<leaf xmlns="urn:own" xmlns:p="p">text</leaf>`, "{urn:own}leaf text"}, {"<many>" + repeat("x", 300) + "</many>", "{}many " + repeat("x", 300)},
		{"<r:other>text</r:other>", ""}, {"<r:leaf >text</r:leaf>", ""}, {"<r:leaf>text</r:leaf >", ""}, {"<r:leaf>text</r:leag>", ""},
		{"<r:leaf>text</r:leaf", ""}, {"<r:leaf>text", ""}, {"<r:leaf>", ""}, {"<r:leaf/>", ""}, {"<r:leaf>a]b</r:leaf>", ""}, {"<r:leaf>&lt;</r:leaf>", ""},
		{"<r:leaf>\r</r:leaf>", ""}, {"<r:leaf>\x00</r:leaf>", ""}, {"<r:leaf>\xff</r:leaf>", ""}, {"<r:leaf><!----></r:leaf>", ""}, {"text", ""}, {"", ""},
	} {
		s.Reset()
		if _, _, err := s.Next([]byte(`<r:root xmlns:r="urn:r">`), false); err != nil {
			t.Fatal(err)
		}
		var leaf Leaf
		got, before := "", s.Offset()
		n := s.Leaf(&leaf, []byte(tt.content))
		if n > 0 {
			got = fmt.Sprintf("{%s}%s %s", leaf.Name.Space, leaf.Name.Local, leaf.Text)
		}
		if s.Offset() != before {
			t.Errorf("%.40q: looking took %d bytes", tt.content, s.Offset()-before)
		}
		s.TakeLeaf(n)
		if got != tt.want || n > 0 && (leaf.End != s.Offset() || tt.content[n-1] != '>') {
			t.Errorf("%.40q: got %q, %d bytes to %d, want %q", tt.content, got, n, leaf.End, tt.want)
		}
	}
}

// Brackets before a leaf do not end a CDATA section after it.
func TestTakeLeafParts(t *testing.T) {
	s := NewScanner(DefaultBounds())
	read(t, s, []byte(`<ab><leaf>x</leaf></ab>`), whole)
	s.Reset()
	rest := []byte(`<ab>]]<leaf>x</leaf>></ab>`)
	for range 2 {
		_, n, err := s.Next(rest, true)
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	var leaf Leaf
	n := s.Leaf(&leaf, rest)
	s.TakeLeaf(n)
	if tok, _, err := s.Next(rest[n:], true); n == 0 || err != nil || string(tok.Data) != ">" {
		t.Errorf("after a leaf of %d bytes: %q, %v", n, tok.Data, err)
	}
}

// A scanner that resumes knows all that it knew, the scope and the names of the
// open elements too, whatever it has read between.
func TestResume(t *testing.T) {
	begin, end := []byte(`<p:a xmlns:p="urn:p" xmlns="urn:d"><b><p:c xmlns:p="urn:q">`), []byte(`<p:d/>]]</p:c><p:e/></b></p:a>`)
	var c Checkpoint
	s := NewScanner(DefaultBounds())
	want := read(t, NewScanner(DefaultBounds()), slices.Concat(begin, end), whole)
	for n := 0; n < len(begin); {
		_, k, err := s.Next(begin[n:], false)
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	if !s.Save(&c) {
		t.Fatal("nothing saved")
	}
	read(t, s, []byte(`<other xmlns="urn:x" xmlns:y="urn:y"><y:other/></other>`), whole)
	s.Resume(&c)
	if s.Offset() != int64(len(begin)) || s.Path() != "/a/b/c" || s.Depth() != 3 {
		t.Errorf("resumed at %d in %s, depth %d", s.Offset(), s.Path(), s.Depth())
	}
	var names []string
	for rest := end; len(rest) > 0; {
		tok, n, err := s.Next(rest, true)
		if err != nil {
			t.Fatal(err)
		}
		if rest = rest[n:]; tok.Kind == StartElement {
			names = append(names, fmt.Sprintf("{%s}%s", tok.Name.Space, tok.Name.Local))
		}
	}
	if diff := cmp.Diff([]string{"{urn:q}d", "{urn:p}e"}, names); diff != "" || want.Err != nil {
		t.Errorf("%v: %s", want.Err, diff)
	}
}

// There is nothing to save where a token is begun or the root is not open.
func TestSaveOnlyBetweenTokens(t *testing.T) {
	for _, begin := range []string{"", " ", "<a", "<a>x]", "<a><b", "<a><!--", "<a/>"} {
		s := NewScanner(DefaultBounds())
		for rest := []byte(begin); len(rest) > 0; {
			_, n, err := s.Next(rest, false)
			if err != nil && err != ErrMore {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if s.Save(new(Checkpoint)) {
			t.Errorf("%q: saved", begin)
		}
	}
}
