package xmltext

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzChunking: however a document is cut into windows, and whatever is
// remembered, the tokens, the verdict and the offset of the error are the same.
// A parser that is not strict accepts all that the scanner accepts, with the same
// names.
func FuzzChunking(f *testing.F) {
	f.Add(request, uint64(1))
	for i, doc := range []string{
		"\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?><a xmlns:p='u&#x41;' p:b=\"ž\r\n\"><p:c/>x]]&gt;</a>",
		"<a>x<![CDATA[]]]&]]]]><!-- - --><?p q??></a><!---->",
		"<!--->--><ž é='&lt;'>\r\r\n\t</ž >\n",
		"<a><b c=''></b></a><!DOCTYPE a>",
		"<a b='<'/>", "<a>]]></a>", "<a>&nbsp;</a>", "<a>\xED\xA0\x80</a>", "<\x00a\x00>\x00",
		"<doc/doc/",
		"<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/>", "<a xmlns=''><b xmlns='u'><c/></b></a>",
	} {
		f.Add([]byte(doc), uint64(i))
	}
	for _, b := range []Bounds{DefaultBounds(), small} {
		f.Add([]byte("<"+repeat("a", b.NameBytes)+"></"+repeat("a", b.NameBytes+1)),
			uint64(b.Depth))
	}
	f.Fuzz(func(t *testing.T, doc []byte, seed uint64) {
		for _, b := range []Bounds{DefaultBounds(), small} {
			s := newScanner(b, MemoAll)
			want := read(t, newScanner(b, MemoOff), doc, whole)
			random := rand.New(rand.NewPCG(seed, uint64(len(doc))))
			most := 1 + int(seed%40)
			for name, cut := range map[string]func(int) int{
				"whole":        whole,
				"whole again":  whole,
				"byte by byte": func(int) int { return 1 },
				"random":       func(int) int { return 1 + random.IntN(most) },
			} {
				got := read(t, s, doc, cut)
				if diff := sameReading(want, got); diff != "" {
					t.Fatalf("%s: %s", name, diff)
				}
			}
			if want.Err == nil {
				names, err := standardNames(doc)
				if err != nil {
					t.Fatalf("encoding/xml refuses what was accepted: %v", err)
				}
				// encoding/xml does not normalise the white space of attributes.
				blanks := cmp.Transformer("blanks", func(name string) []byte {
					return bytes.Map(func(r rune) rune {
						if r < ' ' {
							return ' '
						}
						return r
					}, []byte(name))
				})
				if diff := cmp.Diff(names, scannedNames(t, s, doc),
					blanks); names != nil && diff != "" {
					t.Fatalf("encoding/xml understands other names: %s", diff)
				}
			}
		}
	})
}

// scannedNames returns the expanded names of all elements and attributes.
func scannedNames(t *testing.T, s *Scanner, doc []byte) []string {
	s.Reset()
	names := []string{}
	for {
		tok, n, err := s.Next(doc, true)
		if err != nil {
			t.Fatal(err)
		}
		doc = doc[n:]
		switch tok.Kind {
		case StartElement:
			names = append(names, fmt.Sprintf("{%s}%s", tok.Name.Space, tok.Name.Local))
			for _, a := range tok.Attrs() {
				names = append(names, fmt.Sprintf("@{%s}%s", a.Name.Space, a.Name.Local))
			}
		case End:
			return names
		}
	}
}

// standardNames is scannedNames by encoding/xml. For names of the fifth edition, which
// that library refuses, it returns nil.
func standardNames(doc []byte) ([]string, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\xEF\xBB\xBF"))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	names := []string{}
	for {
		tok, err := d.Token()
		switch {
		case err == io.EOF:
			return names, nil
		case err != nil && strings.Contains(err.Error(), "invalid XML name"):
			return nil, nil
		case err != nil:
			return nil, err
		}
		if e, ok := tok.(xml.StartElement); ok {
			names = append(names, fmt.Sprintf("{%s}%s", e.Name.Space, e.Name.Local))
			for _, a := range e.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					names = append(names, fmt.Sprintf("@{%s}%s", a.Name.Space, a.Name.Local))
				}
			}
		}
	}
}
