package xmltext

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The pieces of documents bind few prefixes to few URIs, so that the same tags stand in
// many scopes. Few are offences.
var (
	somePiece = rapid.SampledFrom([]string{
		manyScopes, manyScopes, manyScopes,
		`<elem>`, `<elem/>`, `<p:elem>`, `<p:elem/>`, `<qq:elem/>`, `<p:e/>`, `<elem >`,
		`<elem xmlns="u"/>`, `<elem xmlns="">`, `<p:elem xmlns:p="v">`, `<elem xmlns:qq="c">`,
		`<elem xmlns:p='u'/>`, `<elem xmlns:p="&#117;">`, `<elem xmlns:p="u" a="&lt;">`,
		`<elem p:type="p:name">`, `<elem a="1" p:a="2"/>`,
		`<p:elem xmlns:p="aq" xmlns:q="c"/>`, `<p:elem xmlns:p="a" xmlns:q="qc"/>`,
		`<leaf></leaf>`, `<leaf>text</leaf>`, `<leaf xmlns="u">text</leaf>`,
		`<p:leaf>text</p:leaf>`, `<leaf>a&amp;b</leaf>`,
		`<leaf>text</leaf >`, `<leaf>a]]b</leaf>`, `text`, "\n\t", `]]`, `>`, `<!-- -->`, `ž`,
	})
	someRoot = rapid.SampledFrom([]string{
		`<elem xmlns:p="u">`, `<elem xmlns:p="v">`, `<elem xmlns="u" xmlns:p="u">`,
		`<elem xmlns:p="ab" xmlns:qq="c">`, `<elem xmlns:p="a" xmlns:bqq="c">`,
		"\uFEFF<elem xmlns:p='u'>", `<?xml version="1.0"?><elem xmlns:p="w">`,
	})
	someEnding = rapid.SampledFrom([]string{"", "", "", "</elem>", "<", "x", "\x00", "\xff"})
)

// manyScopes is a leaf with one of more declarations than a scanner remembers.
const manyScopes = `<p:leaf xmlns:p="%d">text</p:leaf>`

// drawDocument draws a document, most of whose end tags are right.
func drawDocument(t *rapid.T) []byte {
	doc := []byte(someRoot.Draw(t, "root"))
	for range rapid.IntRange(0, 12).Draw(t, "pieces") {
		if rapid.IntRange(0, 3).Draw(t, "closes") == 0 {
			doc = closed(doc)
		}
		piece := somePiece.Draw(t, "piece")
		if piece == manyScopes {
			piece = fmt.Sprintf(piece, rapid.IntRange(0, 2*scopeSlots).Draw(t, "uri"))
		}
		doc = append(doc, piece...)
	}
	for depth := len(openIn(doc)); depth > 0; depth-- {
		doc = closed(doc)
	}
	return append(doc, someEnding.Draw(t, "ending")...)
}

// openIn returns the names of the elements that doc leaves open, if it is well-formed.
func openIn(doc []byte) (names []string) {
	s := newScanner(DefaultBounds(), MemoOff)
	for rest := doc; ; {
		tok, n, err := s.Next(rest, false)
		if err != nil {
			return names
		}
		rest = rest[n:]
		switch tok.Kind {
		case StartElement:
			name := string(tok.Name.Local)
			if len(tok.Name.Prefix) > 0 {
				name = string(tok.Name.Prefix) + ":" + name
			}
			names = append(names, name)
		case EndElement:
			names = names[:len(names)-1]
		}
	}
}

// closed returns doc with an end tag of its innermost element.
func closed(doc []byte) []byte {
	if open := openIn(doc); len(open) > 0 {
		return fmt.Appendf(doc, "</%s>", open[len(open)-1])
	}
	return doc
}

// scopeOf returns the bindings in scope, in the order of their prefixes.
func scopeOf(s *Scanner) string {
	var all []string
	for _, b := range s.InScope(nil) {
		all = append(all, fmt.Sprintf("%s=%s", b.Prefix, b.URI))
	}
	slices.Sort(all)
	return fmt.Sprintf("%s %d %q", s.Path(), s.Depth(), all)
}

// A shortReading is what a caller learns who takes leaves and skips white space: it has a
// part of the scopes and tags of the whole document, by their offsets, and its end.
type shortReading struct {
	scopes map[int64]string
	tags   map[int64]string
	end    string
}

// readShort reads doc in windows that end at cuts. With begun, it resumes from one of
// these where it can, takes leaves, and saves beginnings.
func readShort(s *Scanner, doc []byte, cuts []int, begun []Beginning) shortReading {
	s.Reset()
	r := shortReading{scopes: map[int64]string{}, tags: map[int64]string{}}
	for from, rest := 0, append(cuts, len(doc)); r.end == ""; rest = rest[1:] {
		window := doc[from:rest[0]]
		from = rest[0]
		for i := range begun {
			window = window[s.Resume(&begun[i], window):]
		}
		r.readWindow(s, window, len(rest) == 1, func() {
			if len(begun) > 0 {
				s.Save(&begun[int(s.Offset())%len(begun)], doc[:s.Offset()])
			}
		}, len(begun) > 0)
	}
	return r
}

// readWindow reads on to the end of the window, and calls save after each start tag.
func (r *shortReading) readWindow(s *Scanner, window []byte, last bool, save func(), leaves bool) {
	for {
		if leaves {
			window = window[s.Leaves(window, func(*Leaf) bool { return true }):]
		}
		if s.state != inEmpty {
			r.scopes[s.Offset()] = scopeOf(s)
		}
		tok, n, err := s.Next(window, last)
		window = window[n:]
		switch {
		case err == ErrMore:
			return
		case err != nil:
			r.end = err.Error()
			return
		case tok.Kind == End:
			r.end = fmt.Sprint("end at ", tok.End)
			return
		case tok.Kind == StartElement:
			r.tags[tok.End] = fmt.Sprintf("{%s}%s %q", tok.Name.Space, tok.Name.Local, tok.Attrs())
			save()
		}
	}
}

// However documents follow each other, whole, cut or with offences, a scanner that
// resumes, takes leaves and remembers tags finds the scopes, names, attributes, offences
// and ends of one that does not.
func TestMemoOfManyDocuments(t *testing.T) {
	bounds := small
	bounds.Depth, bounds.Namespaces = 7, 20
	off := newScanner(bounds, MemoOff)
	rapid.Check(t, func(t *rapid.T) {
		used := []*Scanner{newScanner(bounds, MemoAll), newScanner(bounds, MemoSome)}
		begun := [][]Beginning{make([]Beginning, 5), make([]Beginning, 5)}
		var docs [][]byte
		for range 8 {
			docs = append(docs, drawDocument(t))
		}
		for range 4 * len(docs) {
			doc := rapid.SampledFrom(docs).Draw(t, "document")
			cuts := rapid.SliceOfN(rapid.IntRange(0, len(doc)), 0, 4).Draw(t, "cuts")
			slices.Sort(cuts)
			want := readShort(off, doc, cuts, nil)
			for i, s := range used {
				got := readShort(s, doc, cuts, begun[i])
				if got.end != want.end {
					t.Fatalf("%q cut at %v: %s, want %s", doc, cuts, got.end, want.end)
				}
				for at, tag := range got.tags {
					if tag != want.tags[at] {
						t.Fatalf("%q cut at %v: %s to %d, want %s", doc, cuts, tag, at, want.tags[at])
					}
				}
				for at, scope := range got.scopes {
					if whole, read := want.scopes[at]; read && scope != whole {
						t.Fatalf("%q cut at %v: %s at %d, want %s", doc, cuts, scope, at, whole)
					}
				}
			}
		}
	})
}
