package xmltext

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A scanner with a memo, of all documents before or of some, reads each document
// as a scanner without one, though the same tags stood in other scopes before.
func TestMemoChangesNothing(t *testing.T) {
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
		`<a xmlns:p="ab" xmlns:qq="c"><p:d/></a>`, `<a xmlns:pa="bq" xmlns:q="c"><p:d/></a>`,
		"<a>" + repeat(`<p:d xmlns:p="aq" xmlns:q="c"/><p:d xmlns:p="a" xmlns:q="qc"/>`, 2) + "</a>",
		`<a><b:c xmlns:b="b"><b:c/></b:c><b:c/></a>`,
		`<a>]]<element/>></a>`, `<a>]]></a>`,
		`<a><a><a><a><a><a/></a></a></a></a></a>`,
		`<a><a><a><a><a/></a></a></a></a>`,
		`<a xmlns:b="b" xmlns:c="c"><d xmlns:e="e" xmlns:f="f"><g xmlns:h="h"/></d></a>`,
		`<g xmlns:h="h"/>`, `<a><g xmlns:h="h"/></a>`,
		`<a xmlns="u"><leaf>x</leaf><leaf></leaf><leaf>x<leaf>y</leaf></leaf></a>`,
		`<a><leaf>x</leaf ><leaf>x&amp;y</leaf><leaf>]]</leaf><leaf>x</leaf>]]></a>`,
		`<a xmlns="u"><p:leaf xmlns:p="v">x</p:leaf><leaf xmlns="v" xmlns:p="w">x</leaf><leaf xmlns="">x</leaf></a>`,
		`<a><leaf>x</leag></a>`, `<a><leaf>x</leaf`,
		`<a><leaf>x</leaf><!-- --><leaf>x<!-- --></leaf></a>`,
	}
	for i := range 3 * scopeSlots {
		docs = append(docs,
			fmt.Sprintf(
				`<a><p:c xmlns:p="urn:%d"><p:element/></p:c><p:d xmlns:p="urn:%[1]d">x</p:d></a>`,
				i%(scopeSlots+5)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	off, used := newScanner(small, MemoOff),
		[]*Scanner{newScanner(small, MemoAll), newScanner(small, MemoSome)}
	for range 1500 {
		doc := []byte(docs[random.IntN(len(docs))])
		cut := whole
		if random.IntN(4) == 0 {
			cut = func(int) int { return 1 + random.IntN(12) }
		}
		want := read(t, off, doc, whole)
		for _, s := range used {
			if diff := sameReading(want, read(t, s, doc, cut)); diff != "" {
				t.Fatalf("%s: %s", doc, diff)
			}
		}
	}
}

// A scanner that remembers some of the unknown has all of a document that comes
// often enough.
func TestMemoSomeLearns(t *testing.T) {
	s := NewScanner(DefaultBounds())
	begin, leaf := []byte("<root><item>"), []byte("<leaf>x</leaf>")
	doc := slices.Concat(begin, leaf, []byte("</item></root>"))
	var b Beginning
	for range 200 {
		read(t, s, doc, whole)
	}
	for range 200 {
		s.Reset()
		for n := 0; n < len(begin); {
			_, k, err := s.Next(begin[n:], false)
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		if s.Save(&b, begin) {
			break
		}
	}
	s.Reset()
	if n := s.Resume(&b, doc); n != len(begin) {
		t.Errorf("resumed after %d bytes", n)
	}
	if n := s.Leaves(leaf, func(*Leaf) bool { return true }); n != len(leaf) {
		t.Errorf("took %d bytes of a leaf", n)
	}
}

// SkipBlank takes white space, SkipText all character data. Neither takes an offence.
func TestSkip(t *testing.T) {
	for _, tt := range []struct {
		content     string
		blank, text int
	}{
		{" \r\n\t<b/>", 4, 4}, {"<b/>", 0, 0}, {"  x<b/>", 2, 3}, {"x", 0, 1}, {"  ", 2, 2},
		{"\r", 1, 1}, {"", 0, 0}, {" &#32;<b/>", 1, 6},
		{"\n</a>", 1, 1}, {"\n<!--x-->", 1, 1}, {"x &amp", 0, 2}, {"x &amp;&nbsp;", 0, 7},
		{"x\r\x00", 0, 2}, {"xž\xc5", 0, 3}, {"x\xff", 0, 1},
		{"]]", 0, 2}, {"]]>", 0, 2}, {"x]]x>]>]] >", 0, 11}, {"]]]]>", 0, 4}, {"]]&gt;>", 0, 7},
		{repeat("\r", 999) + "x", 999, 1000},
	} {
		for name, skip := range map[string]func(*Scanner, []byte) int{"blank": (*Scanner).SkipBlank,
			"text": (*Scanner).SkipText} {
			s, want := NewScanner(DefaultBounds()), tt.blank
			if name == "text" {
				want = tt.text
			}
			if _, _, err := s.Next([]byte("<ab>"), false); err != nil {
				t.Fatal(err)
			}
			if n := skip(s, []byte(tt.content)); n != want || s.Offset() != int64(len("<ab>")+n) {
				t.Errorf("%s %q: skipped %d to offset %d, want %d", name, tt.content, n, s.Offset(),
					want)
			}
		}
	}
}

// Leaves takes elements whose start tag is remembered, whole and as simple as can
// be, and the white space before them. It takes nothing of all others.
func TestLeaves(t *testing.T) {
	s := newScanner(DefaultBounds(), MemoAll)
	root := []byte(`<r:root xmlns:r="urn:r">`)
	read(t, s, slices.Concat(root,
		[]byte(
			`<r:leaf>x</r:leaf><leaf xmlns="urn:own" xmlns:p="p">x</leaf><many>x</many></r:root>`)),
		whole)
	for _, tt := range []struct {
		content, want string // of each leaf its name and text
		rest          string // that is not taken
	}{
		{"<r:leaf>text</r:leaf><", "{urn:r}leaf text;", "<"},
		{"<r:leaf></r:leaf>", "{urn:r}leaf ;", ""},
		{"<r:leaf>ž\n\t x</r:leaf>", "{urn:r}leaf ž\n\t x;", ""},
		{`<leaf xmlns="urn:own" xmlns:p="p">text</leaf>`, "{urn:own}leaf text;", ""},
		{"<many>" + repeat("x", 300) + "</many>", "{}many " + repeat("x", 300) + ";", ""},
		{" <r:leaf>a</r:leaf>\r\n<many>b</many>\t<r:other/>", "{urn:r}leaf a;{}many b;",
			"<r:other/>"},
		{"<r:leaf>a</r:leaf><r:leaf>b</r:leag>", "{urn:r}leaf a;", "<r:leaf>b</r:leag>"},
		{"<r:other>text</r:other>", "", "<r:other>text</r:other>"},
		{"<r:leaf >text</r:leaf>", "", "<r:leaf >text</r:leaf>"},
		{"<r:leaf>text</r:leaf >", "", "<r:leaf>text</r:leaf >"},
		{"<r:leaf>text</r:leaf", "", "<r:leaf>text</r:leaf"},
		{"<r:leaf>text", "", "<r:leaf>text"},
		{"<r:leaf>", "", "<r:leaf>"},
		{"<r:leaf/>", "", "<r:leaf/>"},
		{"<r:leaf>a]b</r:leaf>", "", "<r:leaf>a]b</r:leaf>"},
		{"<r:leaf>&lt;</r:leaf>", "", "<r:leaf>&lt;</r:leaf>"},
		{"<r:leaf>\r</r:leaf>", "", "<r:leaf>\r</r:leaf>"},
		{"<r:leaf>\x00</r:leaf>", "", "<r:leaf>\x00</r:leaf>"},
		{"<r:leaf>\xff</r:leaf>", "", "<r:leaf>\xff</r:leaf>"},
		{"<r:leaf><!----></r:leaf>", "", "<r:leaf><!----></r:leaf>"},
		{"text", "", "text"}, {"", "", ""},
	} {
		s.Reset()
		if _, _, err := s.Next(root, false); err != nil {
			t.Fatal(err)
		}
		got := ""
		n := s.Leaves([]byte(tt.content), func(l *Leaf) bool {
			got += fmt.Sprintf("{%s}%s %s;", l.Name.Space, l.Name.Local, l.Text)
			if l.End > int64(len(root)+len(tt.content)) ||
				tt.content[l.End-int64(len(root))-1] != '>' {
				t.Errorf("%.40q: a leaf ends at %d", tt.content, l.End)
			}
			return true
		})
		if got != tt.want || tt.content[n:] != tt.rest || s.Offset() != int64(len(root)+n) {
			t.Errorf("%.40q: leaves %q and the rest %q at %d, want %q and %q",
				tt.content, got, tt.content[n:], s.Offset(), tt.want, tt.rest)
		}
	}
}

// A leaf that is refused comes as tokens; the white space before it is taken.
func TestLeavesThatAreRefused(t *testing.T) {
	s := newScanner(DefaultBounds(), MemoAll)
	read(t, s, []byte(`<ab><leaf>x</leaf></ab>`), whole)
	s.Reset()
	rest := []byte(`<ab> <leaf>x</leaf></ab>`)
	for _, want := range []string{"start ab", "start leaf", "text x", "end leaf", "end ab"} {
		rest = rest[s.Leaves(rest, func(*Leaf) bool { return false }):]
		tok, n, err := s.Next(rest, true)
		if got := fmt.Sprintf("%v %s%s", tok.Kind, tok.Name.Local,
			tok.Data); got != want || err != nil {
			t.Fatalf("%s, %v, want %s", got, err, want)
		}
		rest = rest[n:]
	}
}

// An end tag is one byte longer than its start tag. It may be beyond the bound of tags
// where the start tag is within.
func TestEndTagsOfLeavesAreBounded(t *testing.T) {
	b := DefaultBounds()
	b.TagBytes = len("<leaf789012>")
	s, leaf := newScanner(b, MemoAll), "<leaf789012>x</leaf789012>"
	if got := read(t, s, []byte("<a>"+leaf), whole); got.Err != ErrTagTooLong {
		t.Fatal(got.Err)
	}
	s.Reset()
	if _, _, err := s.Next([]byte("<a>"), false); err != nil {
		t.Fatal(err)
	}
	if n := s.Leaves([]byte(leaf), func(*Leaf) bool { return true }); n != 0 {
		t.Errorf("took %d bytes", n)
	}
}

// Brackets before a leaf do not end a CDATA section after it.
func TestBracketsBeforeALeaf(t *testing.T) {
	s := newScanner(DefaultBounds(), MemoAll)
	read(t, s, []byte(`<ab><leaf>x</leaf></ab>`), whole)
	s.Reset()
	for _, window := range []string{`<ab>`, `]]`} {
		if _, n, err := s.Next([]byte(window), false); n != len(window) || err != nil {
			t.Fatal(n, err)
		}
	}
	rest := []byte(`<leaf>x</leaf>></ab>`)
	n := s.Leaves(rest, func(*Leaf) bool { return true })
	if tok, _, err := s.Next(rest[n:], true); n == 0 || err != nil || string(tok.Data) != ">" {
		t.Errorf("after a leaf of %d bytes: %q, %v", n, tok.Data, err)
	}
}

// A scanner that resumes has all of its state again, the scope and the names of
// the open elements included, whatever it has read between.
func TestResume(t *testing.T) {
	begin := []byte(`<p:a xmlns:p="urn:p" xmlns="urn:d"><b><p:c xmlns:p="urn:q">`)
	doc := slices.Concat(begin, []byte(`<p:d/>]]</p:c><p:e/></b></p:a>`))
	s := newScanner(DefaultBounds(), MemoAll)
	b := saved(t, s, begin)
	read(t, s, []byte(`<other xmlns="urn:x" xmlns:y="urn:y"><y:other/></other>`), whole)
	s.Reset()
	n := s.Resume(b, doc)
	if n != len(begin) || s.Offset() != int64(n) || s.Path() != "/a/b/c" || s.Depth() != 3 {
		t.Errorf("resumed at %d in %s, depth %d", s.Offset(), s.Path(), s.Depth())
	}
	var names []string
	for rest := doc[n:]; len(rest) > 0; {
		tok, n, err := s.Next(rest, true)
		if err != nil {
			t.Fatal(err)
		}
		if rest = rest[n:]; tok.Kind == StartElement {
			names = append(names, fmt.Sprintf("{%s}%s", tok.Name.Space, tok.Name.Local))
		}
	}
	if diff := cmp.Diff([]string{"{urn:q}d", "{urn:p}e"}, names); diff != "" {
		t.Error(diff)
	}
}

// A document is resumed only from its own beginning, by the scanner that saved
// it, and before anything of it was read.
func TestResumeRefuses(t *testing.T) {
	begin, doc := []byte(`<a><b>`), []byte(`<a><b></b></a>`)
	s := newScanner(DefaultBounds(), MemoAll)
	b := saved(t, s, begin)
	other := newScanner(DefaultBounds(), MemoAll)
	other.Reset()
	if n := other.Resume(b, doc); n != 0 {
		t.Errorf("another scanner resumed after %d bytes", n)
	}
	s.Reset()
	if n := s.Resume(b, []byte(`<a><c></c></a>`)) + s.Resume(b, begin[:4]) +
		s.Resume(new(Beginning), doc); n != 0 {
		t.Errorf("resumed after %d bytes of another document", n)
	}
	if _, _, err := s.Next(doc, true); err != nil {
		t.Fatal(err)
	}
	if n := s.Resume(b, doc); n != 0 {
		t.Errorf("resumed after %d bytes, in the midst of a document", n)
	}
	s.Reset()
	if _, _, err := s.Next([]byte("\x00"), true); err == nil || s.Resume(b, doc) != 0 {
		t.Errorf("resumed after an offence (%v)", err)
	}
	s.SetMemo(MemoOff)
	s.Reset()
	if n := s.Resume(b, doc); n != 0 {
		t.Errorf("resumed after %d bytes without a memo", n)
	}
}

// saved reads a beginning with s and saves it.
func saved(t *testing.T, s *Scanner, begin []byte) *Beginning {
	t.Helper()
	s.Reset()
	for n := 0; n < len(begin); {
		_, k, err := s.Next(begin[n:], false)
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	b := new(Beginning)
	if !s.Save(b, begin) {
		t.Fatal("nothing was saved")
	}
	return b
}

// Nothing is saved where a token has begun or the root is not open, nor a text
// that is not all that was read.
func TestSaveOnlyBetweenTokens(t *testing.T) {
	for _, begin := range []string{"", " ", "<a", "<a>x]", "<a><b", "<a><!--", "<a/>"} {
		s := newScanner(DefaultBounds(), MemoAll)
		s.Reset()
		for rest := []byte(begin); len(rest) > 0; {
			_, n, err := s.Next(rest, false)
			if err != nil && err != ErrMore {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if s.Save(new(Beginning), []byte(begin)) {
			t.Errorf("%q: saved", begin)
		}
	}
	s := newScanner(DefaultBounds(), MemoAll)
	s.Reset()
	if _, _, err := s.Next([]byte("<a><b>"), false); err != nil || s.Save(new(Beginning),
		[]byte("<a><b>")) {
		t.Errorf("saved a text that is longer than what was read (%v)", err)
	}
}
