package xmltext

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// small are bounds at whose edges the cases are short.
var small = Bounds{NameBytes: 12, TagBytes: 200, Attrs: 4, Depth: 5, Namespaces: 4}

func TestAccepts(t *testing.T) {
	for name, doc := range map[string]string{
		"element":                        `<a></a>`,
		"empty element":                  `<a/>`,
		"byte order mark":                "\xEF\xBB\xBF<a/>",
		"mark and declaration":           "\xEF\xBB\xBF<?xml version='1.0'?><a/>",
		"declaration":                    `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a/>`,
		"declaration, any case":          `<?xml version="1.0" encoding='uTf-8'?><a/>`,
		"declaration, spaced":            "<?xml \r\n version\t=\n'1.0'  standalone = 'no' ?>\n<a/>",
		"white space around":             " \r\n\t<a/> \r\n\t",
		"white space before a comment":   "\n<!--x--><a/>",
		"comments around":                `<!--x--><a/><!--y-->`,
		"comment in element":             `<a>x<!-- - <b> &amp; ]]> <!DOCTYPE x> -->y</a>`,
		"comment that begins with >":     `<a><!--> --></a>`,
		"comment that begins with ->":    `<a><!---> --></a>`,
		"empty comment":                  `<a><!----></a>`,
		"instructions":                   `<?p?><a><?q  r s?t ?><?xml-style a?></a><?u ?>`,
		"instruction of xmlish name":     `<?xml-style x?><a/>`,
		"CDATA":                          `<a><![CDATA[<b>&x;]] ]>]]]]></a>`,
		"CDATA that names a DOCTYPE":     `<a><![CDATA[<!DOCTYPE a>]]></a>`,
		"empty CDATA":                    `<a>x<![CDATA[]]>y</a>`,
		"two CDATA":                      `<a><![CDATA[x]]><![CDATA[y]]></a>`,
		"brackets in text":               `<a>]]]] ]] > ]></a>`,
		"brackets around markup":         `<a>]]<b/>></a>`,
		"brackets around a reference":    `<a>]]&#62;]]&gt;></a>`,
		"greater-than in text":           `<a>x > y</a>`,
		"greater-than in attribute":      `<a b="x>y" c='>'/>`,
		"quotes in attributes":           `<a b="it's" c='"'/>`,
		"references":                     `<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x41;&#x10FFFF;</a>`,
		"leading zeros":                  `<a>&#0000000000000065;&#x00000000000041;</a>`,
		"CR by reference":                `<a b="&#13;&#10;">&#13;&#xA;</a>`,
		"line ends":                      "<a b='1\r\n2\r3\n4\t5'>1\r\n2\r3\r\r\n\n</a>",
		"white space in tags":            "<a\r\n b = 'x'\tc\n=\n'y' ><d\n/></a\r\n>",
		"DEL and C1":                     "<a>\x7F\xC2\x80\xC2\x9F</a>",
		"every length of UTF-8":          "<a b='\xC5\xBE\xE2\x82\xAC\xF0\x9F\x98\x80'>\xC5\xBE\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBD</a>",
		"characters after surrogates":    "<a>\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\xF0\x9F\xBF\xBE</a>",
		"Czech names":                    `<Žádost číslo="1"><p·x/></Žádost>`,
		"name characters":                `<_a-b.c1 d-.="x"/>`,
		"attribute that begins xmlns":    `<a xmlnsx="1" xmlns="u"/>`,
		"local name xmlns":               `<a xmlns:p="u" p:xmlns="1"/>`,
		"declaration after use":          `<p:a p:b="1" xmlns:p="u"/>`,
		"prefix rebound":                 `<p:a xmlns:p="u"><p:a xmlns:p="v"/><p:b/></p:a>`,
		"default namespace undone":       `<a xmlns="u"><b xmlns=""><c/></b><d/></a>`,
		"same local name, two prefixes":  `<p:a xmlns:p="u"><a xmlns:q="v" p:b="1" q:b="2" b="3"/></p:a>`,
		"default is not for attributes":  `<a xmlns="u" xmlns:p="u" p:b="1" b="2"/>`,
		"xml prefix":                     `<a xml:lang="cs" xml:space='preserve'/>`,
		"xml prefix declared":            `<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="cs"/>`,
		"URI by reference":               `<p:a xmlns:p="urn:&#116;"/>`,
		"URI with a blank":               `<a xmlns=" urn:t"/>`,
		"text that is long":              `<a>` + repeat("0123456789abcdef", 64) + `</a>`,
		"Czech text that is long":        `<a>` + repeat("Příliš žluťoučký kůň\n", 40) + `</a>`,
		"name at its bound":              `<` + repeat("a", 12) + `/>`,
		"tag at its bound":               `<a b="` + repeat("x", 192) + `"></a>`,
		"attributes at their bound":      `<a b="" c="" d="" e=""/>`,
		"depth at its bound":             `<a><a><a><a><a/></a></a></a></a>`,
		"namespaces at their bound":      `<a xmlns:b="b" xmlns:c="c"><d xmlns:e="e" xmlns:f="f"/><d xmlns:e="e" xmlns:f="f"/></a>`,
		"more than a bound, not at once": `<a><b c="" d=""/><b c="" d=""/><b c="" d=""/></a>`,
	} {
		t.Run(name, func(t *testing.T) {
			got := everyCut(t, NewScanner(small), []byte(doc))
			if got.Err != nil {
				t.Errorf("%q: %v at %d", doc, got.Err, got.Offset)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	for _, c := range []struct {
		doc    string
		want   error
		offset int64
	}{
		// Rule 1: UTF-8, decided from bytes.
		{"", ErrCut, 0},
		{" \n", ErrCut, 2},
		{"\xEF\xBB\xBF", ErrCut, 3},
		{"\xEF\xBB", ErrCut, 2},
		{"\xEF\xBB<a/>", ErrEncoding, 0},
		{"\xEF\xBB\xBF\xEF\xBB\xBF<a/>", ErrOutside, 3},
		{" \xEF\xBB\xBF<a/>", ErrOutside, 1},
		{"\xFE\xFF\x00<\x00a\x00/\x00>", ErrEncoding, 0},
		{"\xFF\xFE<\x00a\x00/\x00>\x00", ErrEncoding, 0},
		{"<\x00a\x00/\x00>\x00", ErrEncoding, 1},
		{"<a\"\x00", ErrTag, 2},
		{"\x00<\x00a\x00/\x00>", ErrEncoding, 0},
		{"<a>\x00</a>", ErrEncoding, 3},
		{"<ab>\x00</ab>", ErrBadChar, 4},
		{"\x4C\x6F\xA7\x94", ErrOutside, 0},
		{`<?xml version="1.0" encoding="iso-8859-2"?><a/>`, ErrEncoding, 30},
		{`<?xml version="1.0" encoding="utf-16"?><a/>`, ErrEncoding, 30},
		{`<?xml version="1.0" encoding="utf-80"?><a/>`, ErrEncoding, 30},
		{`<?xml version="1.0" encoding=""?><a/>`, ErrEncoding, 30},
		// Rule 2: characters.
		{"<a>x\xC0\x80</a>", ErrNotUTF8, 4},
		{"<a>\xE0\x80\x80</a>", ErrNotUTF8, 3},
		{"<a>\xED\xA0\x80</a>", ErrNotUTF8, 3},
		{"<a>\xF4\x90\x80\x80</a>", ErrNotUTF8, 3},
		{"<a>\xC5</a>", ErrNotUTF8, 3},
		{"<a>\xE2\x82</a>", ErrNotUTF8, 3},
		{"<a>" + repeat("x", 300) + "\xE2\x28\xA1</a>", ErrNotUTF8, 303},
		{"<a>\xEF\xBF\xBE</a>", ErrBadChar, 3},
		{"<a>\xEF\xBF\xBF</a>", ErrBadChar, 3},
		{"<a>x\x01</a>", ErrBadChar, 4},
		{"<a>" + repeat("x", 300) + "\x1F</a>", ErrBadChar, 303},
		{"<a b='\x0B'/>", ErrBadChar, 6},
		{"<a b='\xEF\xBF\xBF'/>", ErrBadChar, 6},
		{"<a b='\xFF'/>", ErrNotUTF8, 6},
		{"<a\xFF/>", ErrNotUTF8, 2},
		{"<!--\x02--><a/>", ErrBadChar, 4},
		{"<a><![CDATA[x\xFF]]></a>", ErrNotUTF8, 13},
		{"<?p \x03?><a/>", ErrBadChar, 4},
		{`<?xml version="1.1"?><a/>`, ErrVersion, 15},
		{`<?xml version="2.0"?><a/>`, ErrVersion, 15},
		{`<?xml version="1.00"?><a/>`, ErrVersion, 15},
		{`<?xml version=""?><a/>`, ErrVersion, 15},
		// The XML declaration.
		{` <?xml version="1.0"?><a/>`, ErrReservedTarget, 3},
		{`<?xml version="1.0"?><?xml version="1.0"?><a/>`, ErrReservedTarget, 23},
		{`<a><?xml version="1.0"?></a>`, ErrReservedTarget, 5},
		{`<a/><?xml version="1.0"?>`, ErrReservedTarget, 6},
		{`<?XML version="1.0"?><a/>`, ErrReservedTarget, 2},
		{`<a><?xMl x?></a>`, ErrReservedTarget, 5},
		{`<?xml?><a/>`, ErrReservedTarget, 2},
		{`<?xml ?><a/>`, ErrDeclaration, 6},
		{`<?xml encoding="utf-8"?><a/>`, ErrDeclaration, 6},
		{`<?xml encoding="utf-8" version="1.0"?><a/>`, ErrDeclaration, 6},
		{`<?xml version="1.0" standalone="yes" encoding="utf-8"?><a/>`, ErrDeclaration, 37},
		{`<?xml version="1.0" standalone="Yes"?><a/>`, ErrDeclaration, 32},
		{`<?xml version="1.0"encoding="utf-8"?><a/>`, ErrDeclaration, 19},
		{`<?xml version="1.0" version="1.0"?><a/>`, ErrDeclaration, 20},
		{`<?xml version="1.0' ?><a/>`, ErrVersion, 15},
		{`<?xml version=1.0?><a/>`, ErrDeclaration, 14},
		{`<?xml version "1.0"?><a/>`, ErrDeclaration, 14},
		{`<?xml version="1.0"><a/>`, ErrDeclaration, 19},
		{`<?xml version="1.0"?`, ErrCut, 20},
		{`<?xml version="1.0"` + repeat(" ", 300) + `?><a/>`, ErrTagTooLong, 200},
		// Rule 3: no document type declaration, in the grammar and not by search.
		{`<!DOCTYPE a><a/>`, ErrDoctype, 0},
		{`<!doctype a><a/>`, ErrDoctype, 0},
		{`<!DocType a [<!ENTITY e "x">]><a>&e;</a>`, ErrDoctype, 0},
		{`<a><!DOCTYPE a></a>`, ErrDoctype, 3},
		{`<a/><!DOCTYPE a>`, ErrDoctype, 4},
		{`<a>x<!ELEMENT a ANY></a>`, ErrMarkup, 4},
		{`<!DOCTYPF a><a/>`, ErrMarkup, 0},
		{`<! DOCTYPE a><a/>`, ErrMarkup, 0},
		{`<a><!></a>`, ErrMarkup, 3},
		{`<a><!-x--></a>`, ErrMarkup, 3},
		{`<a><![cdata[x]]></a>`, ErrMarkup, 3},
		{`<a><![INCLUDE[x]]></a>`, ErrMarkup, 3},
		{`<![CDATA[x]]><a/>`, ErrOutside, 0},
		{`<a/><![CDATA[x]]>`, ErrTrailing, 4},
		{`<!DOCT`, ErrCut, 6},
		// Comments and instructions.
		{`<a><!-- -- --></a>`, ErrComment, 8},
		{`<a><!----->--></a>`, ErrComment, 7},
		{`<a><!-- x ---></a>`, ErrComment, 10},
		{`<a><!---></a>`, ErrCut, 13},
		{`<a><!--></a>`, ErrCut, 12},
		{`<a><!-- x --`, ErrCut, 12},
		{`<a><? x?></a>`, ErrName, 5},
		{`<a><?p:q x?></a>`, ErrInstruction, 6},
		{`<a><?p+x?></a>`, ErrInstruction, 6},
		{`<a><?p?x?></a>`, ErrInstruction, 6},
		{`<a><?p x></a>`, ErrCut, 13},
		{"<a><?" + repeat("p", 200) + " x?></a>", ErrTagTooLong, 203},
		// Rule 4: references.
		{`<a>&nbsp;</a>`, ErrEntity, 3},
		{`<a>x & y</a>`, ErrEntity, 5},
		{`<a>&;</a>`, ErrEntity, 3},
		{`<a>&lt</a>`, ErrEntity, 3},
		{`<a>&LT;</a>`, ErrEntity, 3},
		{`<a>&amp`, ErrCut, 7},
		{`<a>&#;</a>`, ErrCharRef, 3},
		{`<a>&#x;</a>`, ErrCharRef, 3},
		{`<a>&#X41;</a>`, ErrCharRef, 3},
		{`<a>&#12a;</a>`, ErrCharRef, 3},
		{`<a>&#0;</a>`, ErrCharRef, 3},
		{`<a>&#8;</a>`, ErrCharRef, 3},
		{`<a>&#xD800;</a>`, ErrCharRef, 3},
		{`<a>&#xFFFE;</a>`, ErrCharRef, 3},
		{`<a>&#x110000;</a>`, ErrCharRef, 3},
		{`<a>&#99999999999999999999;</a>`, ErrCharRef, 3},
		{`<a>&#` + repeat("0", 80) + `65;</a>`, ErrCharRef, 3},
		{`<a b="&x;"/>`, ErrEntity, 6},
		{`<a b="x & y"/>`, ErrEntity, 8},
		{`<a b="&#1;"/>`, ErrCharRef, 6},
		{`&amp;<a/>`, ErrOutside, 0},
		// Text.
		{`<a>x]]>y</a>`, ErrCDataEnd, 6},
		{`<a>]]]]></a>`, ErrCDataEnd, 7},
		{`<a>` + repeat("x", 300) + `]]></a>`, ErrCDataEnd, 305},
		{`<a>&amp;]]></a>`, ErrCDataEnd, 10},
		{`<a><![CDATA[x]]>]]></a>`, ErrCDataEnd, 18},
		// Tags and names.
		{`<a b="<"/>`, ErrLessThan, 6},
		{`<a b='x<y>z'/>`, ErrLessThan, 7},
		{`<a b="1"c="2"/>`, ErrTag, 8},
		{`<a b/>`, ErrTag, 4},
		{`<a b=1/>`, ErrTag, 5},
		{`<a b="1" "2"/>`, ErrName, 9},
		{`<a / >`, ErrTag, 3},
		{`<a b="1>`, ErrCut, 8},
		{`<a <b/>`, ErrName, 3},
		{`<a/a/`, ErrTag, 2},
		{`<a b=c d`, ErrTag, 5},
		{`<a></a b`, ErrTag, 7},
		{`<a></b `, ErrMismatchedTag, 3},
		{`<a`, ErrCut, 2},
		{`<`, ErrCut, 1},
		{`<>`, ErrName, 1},
		{`< a/>`, ErrName, 1},
		{`<1a/>`, ErrName, 1},
		{`<-a/>`, ErrName, 1},
		{`<a b!="1"/>`, ErrTag, 4},
		{`<:a/>`, ErrName, 1},
		{`<a:/>`, ErrName, 3},
		{`<a:b:c/>`, ErrName, 4},
		{`<a:1/>`, ErrName, 3},
		{`<a :b=""/>`, ErrName, 3},
		{`<a xmlns:="u"/>`, ErrName, 9},
		{"<a\xF0\x90\x80\x80/>", ErrName, 2},
		{"<\xC2\xB7/>", ErrName, 1},
		{"<a\xC3\x97/>", ErrName, 2},
		{"<a\xE2\x82", ErrCut, 4},
		{`<a></b>`, ErrMismatchedTag, 3},
		{`<a></ab>`, ErrMismatchedTag, 3},
		{`<ab></a>`, ErrMismatchedTag, 4},
		{`<a></a:a>`, ErrMismatchedTag, 3},
		{`<p:a xmlns:p="u" xmlns:q="u"></q:a>`, ErrMismatchedTag, 29},
		{`<a><b></a></b>`, ErrMismatchedTag, 6},
		{`</a>`, ErrMismatchedTag, 0},
		{`<a></ a>`, ErrName, 5},
		{`<a></a b="1">`, ErrTag, 7},
		{`<a></a/>`, ErrTag, 6},
		{`<a></a<b>`, ErrTag, 6},
		{`<a></a`, ErrCut, 6},
		{`<a></>`, ErrName, 5},
		// Rule 6: namespaces.
		{`<a b="1" b="2"/>`, ErrDuplicateAttribute, 9},
		{`<a xmlns="u" xmlns="u"/>`, ErrDuplicateAttribute, 13},
		{`<a xmlns:p="u" xmlns:p="v"/>`, ErrDuplicateAttribute, 15},
		{`<a p:b="1" xmlns:p="u" xmlns:q="u" q:b="2"/>`, ErrDuplicateAttribute, 35},
		{`<a xmlns:p="urn:t" xmlns:q="urn:&#116;" p:b="1" q:b="2"/>`, ErrDuplicateAttribute, 48},
		{`<p:a/>`, ErrUnboundPrefix, 1},
		{`<a p:b="1"/>`, ErrUnboundPrefix, 3},
		{`<a><b xmlns:p="u"/><p:c/></a>`, ErrUnboundPrefix, 20},
		{`<a><d xmlns:p="w"><b xmlns="u"></b></d><b xmlns="u"><p:c/></b></a>`, ErrUnboundPrefix,
			53},
		{`<a xmlns:b="b" xmlns:c="c" xmlns:d="d"><p:x xmlns:e="e"/></a>`, ErrUnboundPrefix, 40},
		{`<v:/>`, ErrName, 3},
		{`<a xmlns:p=""/>`, ErrNamespace, 3},
		{`<a xmlns:xml="u"/>`, ErrNamespace, 3},
		{`<a xmlns:xmlns="u"/>`, ErrNamespace, 3},
		{`<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, ErrNamespace, 3},
		{`<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, ErrNamespace, 3},
		{`<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`, ErrNamespace, 3},
		{`<a xmlns="http://www.w3.org/2000/xmlns/"/>`, ErrNamespace, 3},
		{`<xmlns:a/>`, ErrUnboundPrefix, 1},
		// Rules 7 and 11: one root, and nothing after it.
		{`x<a/>`, ErrOutside, 0},
		{`<a/>x`, ErrTrailing, 4},
		{`<a/><b/>`, ErrTrailing, 4},
		{`<a/><1`, ErrTrailing, 4},
		{`<a></a></a>`, ErrTrailing, 7},
		{"<a/>\n\x00", ErrTrailing, 5},
		{`<a/>&amp;`, ErrTrailing, 4},
		{`<a/><!--`, ErrCut, 8},
		{`<a/><`, ErrCut, 5},
		{`<a>`, ErrCut, 3},
		{`<a>x`, ErrCut, 4},
		{"<a>\r", ErrCut, 4},
		{"<a>\xC5", ErrCut, 4},
		{`<a><![CDATA[x]]`, ErrCut, 15},
		// Rule 10: bounds.
		{`<` + repeat("a", 13) + `/>`, ErrNameTooLong, 13},
		{`<` + repeat("a", 12) + "\xC5>", ErrNotUTF8, 13},
		{`<a ` + repeat("b", 13) + `=""/>`, ErrNameTooLong, 15},
		{`<abcdef:abcdef/>`, ErrNameTooLong, 13},
		{`<` + repeat("a", 300), ErrNameTooLong, 13},
		{`<a></` + repeat("a", 300), ErrNameTooLong, 17},
		{`<a b="` + repeat("x", 300) + `"/>`, ErrTagTooLong, 200},
		{`<a b="` + repeat("&#x41;", 60) + `"/>`, ErrTagTooLong, 200},
		{`<a` + repeat(" ", 300) + `/>`, ErrTagTooLong, 200},
		{`<a></a` + repeat(" ", 300) + `>`, ErrTagTooLong, 203},
		{`<a b="` + repeat("x>", 300), ErrTagTooLong, 200},
		{`<a b="` + repeat("x", 300) + `<`, ErrTagTooLong, 200},
		{`<a b="" c="" d="" e="" f=""/>`, ErrTooManyAttributes, 23},
		{`<a xmlns="u" c="" d="" e="" f="" g=""/>`, ErrTooManyAttributes, 33},
		{`<a><a><a><a><a><a/></a></a></a></a></a>`, ErrTooDeep, 15},
		{`<a xmlns:b="b" xmlns:c="c"><d xmlns:e="e" xmlns:f="f"><g xmlns="g"/></d></a>`,
			ErrTooManyNamespaces, 57},
	} {
		t.Run(strings.ReplaceAll(c.doc[:min(len(c.doc), 60)], "/", "∕"), func(t *testing.T) {
			got := everyCut(t, NewScanner(small), []byte(c.doc))
			if got.Err != c.want || got.Offset != c.offset {
				t.Errorf("%q:\n got %v at %d\nwant %v at %d", c.doc, got.Err, got.Offset, c.want,
					c.offset)
			}
		})
	}
}

// A document that is cut short at any byte is refused at that byte.
func TestCutAnywhere(t *testing.T) {
	doc := []byte(
		"\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?>\r\n<!--é--><p:a xmlns:p='u&amp;' p:b='ž&#x41;\r\n'>" +
			"ž&lt;]]\r\n<![CDATA[]]&]]><c/><?t u ?>\U0001F600</p:a >")
	s := NewScanner(DefaultBounds())
	if r := everyCut(t, s, doc); r.Err != nil {
		t.Fatal(r.Err)
	}
	for end := range doc {
		if got := everyCut(t, s, doc[:end]); got.Err != ErrCut || got.Offset != int64(end) {
			t.Errorf("cut at %d: %v at %d", end, got.Err, got.Offset)
		}
	}
}

func TestTokens(t *testing.T) {
	doc := "<?xml version='1.0'?>\n<p:a xmlns:p='urn:&#116;' xmlns='d' p:x='1\r\n2' y=' &lt; '>\r\n" +
		"]]&gt;<b/><!--c--><![CDATA[<\r\n]]><?t  u?></p:a>\n"
	want := []string{
		`0-21 declaration " version='1.0'"`,
		`22-80 start "{urn:t}p:a depth=1 empty=false xmlns:p=\"urn:t\" xmlns:=\"d\" {urn:t}p:x=\"1 2\" {}:y=\" < \""`,
		`80-88 text "\n]]>"`,
		`88-92 start "{d}:b depth=2 empty=true"`,
		`92-92 end "{d}:b depth=1 empty=true"`,
		`92-100 comment "c"`,
		`100-115 cdata "<\n"`,
		`115-123 instruction t"u"`,
		`123-129 end "{urn:t}p:a depth=0 empty=false"`,
		`130-130 document end ""`,
	}
	got := everyCut(t, NewScanner(DefaultBounds()), []byte(doc))
	if diff := cmp.Diff(want, got.Tokens); diff != "" {
		t.Error(diff)
	}
}

// Siblings that repeat declarations byte by byte get their bindings, whatever was
// declared between them.
func TestRepeatedDeclarations(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{`<a><b xmlns="u"></b><b xmlns="u"><c/></b></a>`, "{}a {u}b {u}b {u}c"},
		{`<a><b xmlns="u"></b><b xmlns="v" x="1"></b><b xmlns="u"><c/></b></a>`,
			"{}a {u}b {v}b @{}x {u}b {u}c"},
		{`<a><b xmlns="u"></b><b xmlns="v"/><b xmlns="u"></b></a>`, "{}a {u}b {v}b {u}b"},
		{`<a><b xmlns="u"><b xmlns="u"><b xmlns=""></b><b xmlns=""></b></b></b></a>`,
			"{}a {u}b {u}b {}b {}b"},
		{`<a><p:b xmlns:p="u"></p:b><d x="1"><p:b xmlns:p="u"></p:b></d><p:b xmlns:p="u"></p:b></a>`, "{}a {u}b {}d @{}x {u}b {u}b"},
		{`<a><b xmlns="u"><c xmlns="v"></c><c xmlns="v"></c></b><b xmlns="u"></b></a>`,
			"{}a {u}b {v}c {v}c {u}b"},
		{`<a><b xmlns="u&#65;&lt;"></b><b xmlns="u&#65;&lt;"></b></a>`, "{}a {uA<}b {uA<}b"},
	} {
		doc := []byte(c.doc)
		s := NewScanner(DefaultBounds())
		if r := everyCut(t, s, doc); r.Err != nil {
			t.Errorf("%s: %v at %d", doc, r.Err, r.Offset)
			continue
		}
		if got := strings.Join(scannedNames(t, s, doc), " "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", doc, got, c.want)
		}
	}
}
