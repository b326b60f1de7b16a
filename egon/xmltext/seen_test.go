package xmltext

import (
	"fmt"
	"math/rand/v2"
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
	}
	for i := range 3 * scopeSlots {
		docs = append(docs, fmt.Sprintf(`<a><p:c xmlns:p="urn:%d"><p:element/></p:c></a>`, i%(scopeSlots+5)))
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

// SkipBlank takes white space before markup only, and never what belongs to a
// document that is not well-formed.
func TestSkipBlank(t *testing.T) {
	for _, tt := range []struct {
		content string
		want    int
	}{
		{" \r\n\t<b/>", 4}, {"<b/>", 0}, {"  x<b/>", 0}, {"x", 0}, {"  ", 0}, {"", 0}, {" &#32;<b/>", 0}, {"\n</a>", 1}, {"\n<!--x-->", 1},
	} {
		s := NewScanner(DefaultBounds())
		if _, _, err := s.Next([]byte("<ab>"), false); err != nil {
			t.Fatal(err)
		}
		if n := s.SkipBlank([]byte(tt.content)); n != tt.want || s.Offset() != int64(len("<ab>")+n) {
			t.Errorf("%q: skipped %d to offset %d, want %d", tt.content, n, s.Offset(), tt.want)
		}
	}
}
