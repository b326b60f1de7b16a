package xmltext

import (
	"bytes"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzChunking: however a document is cut into windows, the tokens, the verdict
// and the offset of the error are the same; and what the scanner accepts, a
// parser that is not strict accepts with it.
func FuzzChunking(f *testing.F) {
	f.Add(request, uint64(1))
	for i, doc := range []string{
		"\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?><a xmlns:p='u&#x41;' p:b=\"ž\r\n\"><p:c/>x]]&gt;</a>",
		"<a>x<![CDATA[]]]&]]]]><!-- - --><?p q??></a><!---->",
		"<!--->--><ž é='&lt;'>\r\r\n\t</ž >\n",
		"<a><b c=''></b></a><!DOCTYPE a>",
		"<a b='<'/>", "<a>]]></a>", "<a>&nbsp;</a>", "<a>\xED\xA0\x80</a>", "<\x00a\x00>\x00", "<doc/doc/",
		"<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/>", "<a xmlns=''><b xmlns='u'><c/></b></a>",
	} {
		f.Add([]byte(doc), uint64(i))
	}
	for _, b := range []Bounds{DefaultBounds(), small} {
		f.Add([]byte("<"+repeat("a", b.NameBytes)+"></"+repeat("a", b.NameBytes+1)), uint64(b.Depth))
	}
	f.Fuzz(func(t *testing.T, doc []byte, seed uint64) {
		for _, b := range []Bounds{DefaultBounds(), small} {
			s := NewScanner(b)
			want := read(t, s, doc, whole)
			random := rand.New(rand.NewPCG(seed, uint64(len(doc))))
			most := 1 + int(seed%40)
			for name, cut := range map[string]func(int) int{
				"byte by byte": func(int) int { return 1 },
				"random":       func(int) int { return 1 + random.IntN(most) },
			} {
				got := read(t, s, doc, cut)
				if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
					t.Fatalf("%s: %s", name, diff)
				}
			}
			if want.Err == nil {
				if err := standard(doc); err != nil {
					t.Fatalf("encoding/xml refuses what was accepted: %v", err)
				}
			}
		}
	})
}

// standard reads doc with encoding/xml. It knows no label of UTF-8 but that,
// and takes no name from the fifth edition.
func standard(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\xEF\xBB\xBF"))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		switch _, err := d.RawToken(); {
		case err == io.EOF, err != nil && strings.Contains(err.Error(), "invalid XML name"):
			return nil
		case err != nil:
			return err
		}
	}
}
