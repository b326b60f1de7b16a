package xmltext

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A reading is all that a caller of the scanner learns from a document.
type reading struct {
	Tokens []string
	Offset int64 // of the error, or the length of the document
	Err    error // a sentinel, or nil
	Path   string
}

// A failer is a test, of package testing or of rapid.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// read feeds doc in windows and returns the reading. cut returns the length of the
// next window; it gets the number of bytes that are left.
func read(t failer, s *Scanner, doc []byte, cut func(left int) int) reading {
	t.Helper()
	s.Reset()
	r := recorder{t: t}
	for fed, window := 0, []byte(nil); ; {
		if s.findLeaf(window) > 0 {
			r.expectLeaf(&s.leaf)
		}
		tok, n, err := s.Next(window, fed == len(doc))
		switch {
		case n < 0 || n > len(window):
			t.Fatalf("took %d of %d bytes", n, len(window))
		case err == ErrMore:
			if n != len(window) {
				t.Fatalf("ErrMore after %d of %d bytes", n, len(window))
			}
			// A fresh slice: bytes that were borrowed from the last window are gone.
			k := max(1, cut(len(doc)-fed))
			for i := range window {
				window[i] = '#'
			}
			window = append([]byte(nil), doc[fed:min(fed+k, len(doc))]...)
			fed += len(window)
			continue
		case err != nil:
			var se *SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("error %v is no SyntaxError", err)
			}
			if _, n, again := s.Next(window, true); again != err || n != 0 {
				t.Fatalf("failed scanner answers %v and takes %d", again, n)
			}
			return reading{r.done(), se.Offset, se.Err, se.Path}
		}
		r.add(tok, s)
		window = window[n:]
		if r.count%3 == 0 && s.Save(&r.saved, doc[:s.Offset()]) {
			s.Reset()
			s.Resume(&r.saved, doc)
		}
		if tok.Kind == End {
			return reading{r.done(), s.Offset(), nil, s.Path()}
		}
	}
}

// A recorder writes tokens down and joins pieces of one item. It checks that a leaf
// equals its tokens.
type recorder struct {
	wantLeaf string // of the leaf that was found, until its end tag
	wantText string
	saved    Beginning
	count    int
	t        failer
	lines    []string
	kind     Kind
	data     []byte
	start    int64
	end      int64
	target   string
}

func (r *recorder) add(tok Token, s *Scanner) {
	if gap := tok.Start - r.end; gap < 0 || gap > 0 && s.Depth() > 1 {
		r.t.Fatalf("%v begins at %d after %d", tok.Kind, tok.Start, r.end)
	}
	if tok.Kind != r.kind || tok.Kind == StartElement || tok.Kind == EndElement {
		r.flush()
		r.kind, r.start = tok.Kind, tok.Start
	}
	r.end = tok.End
	r.data = append(r.data, tok.Data...)
	r.count++
	if r.wantLeaf != "" {
		r.addToLeaf(tok)
	}
	switch tok.Kind {
	case ProcInst:
		r.target = string(tok.Name.Local)
	case StartElement, EndElement:
		r.data = fmt.Appendf(nil, "{%s}%s:%s depth=%d empty=%t", tok.Name.Space, tok.Name.Prefix,
			tok.Name.Local, s.Depth(), tok.Empty)
		for _, b := range tok.Namespaces() {
			r.data = fmt.Appendf(r.data, " xmlns:%s=%q", b.Prefix, b.URI)
		}
		for _, a := range tok.Attrs() {
			r.data = fmt.Appendf(r.data, " {%s}%s:%s=%q", a.Name.Space, a.Name.Prefix, a.Name.Local,
				a.Value)
		}
	}
}

func (r *recorder) expectLeaf(l *Leaf) {
	r.wantLeaf = fmt.Sprintf("{%s}%s:%s to %d", l.Name.Space, l.Name.Prefix, l.Name.Local, l.End)
	r.wantText = string(l.Text)
}

// addToLeaf checks the next token of the leaf that was found: a start tag without
// attributes, all its text, its end tag.
func (r *recorder) addToLeaf(tok Token) {
	switch {
	case tok.Kind == StartElement && len(tok.Attrs()) == 0 && !tok.Empty:
	case tok.Kind == Text && !tok.Ref && strings.HasPrefix(r.wantText, string(tok.Data)):
		r.wantText = r.wantText[len(tok.Data):]
	case tok.Kind == EndElement:
		if got := fmt.Sprintf("{%s}%s:%s to %d", tok.Name.Space, tok.Name.Prefix, tok.Name.Local,
			tok.End); got != r.wantLeaf || r.wantText != "" {
			r.t.Fatalf("the leaf %s, text left %q, ends as %s", r.wantLeaf, r.wantText, got)
		}
		r.wantLeaf = ""
	default:
		r.t.Fatalf("the leaf %s has a token %v %q", r.wantLeaf, tok.Kind, tok.Data)
	}
}

func (r *recorder) flush() {
	if r.kind != 0 {
		r.lines = append(r.lines, fmt.Sprintf("%d-%d %v %s%q", r.start, r.end, r.kind, r.target,
			r.data))
	}
	r.kind, r.data, r.target = 0, r.data[:0], ""
}

func (r *recorder) done() []string {
	r.flush()
	return r.lines
}

func whole(left int) int { return left }

// sameReading compares readings; sentinels are compared as values.
func sameReading(want, got reading) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b error) bool { return a == b }))
}

// newScanner returns a scanner that remembers as much as u says.
func newScanner(b Bounds, u MemoUse) *Scanner {
	s := NewScanner(b)
	s.SetMemo(u)
	return s
}

// everyCut reads doc whole, byte by byte and cut in two at every position, and
// fails unless all readings are the same, which it returns. The first is made
// without a memo, the others by s.
func everyCut(t testing.TB, s *Scanner, doc []byte) reading {
	t.Helper()
	want := read(t, newScanner(s.Bounds(), MemoOff), doc, whole)
	check := func(name string, cut func(int) int) {
		t.Helper()
		got := read(t, s, doc, cut)
		if diff := sameReading(want, got); diff != "" {
			t.Fatalf("%s: %s\n%.200q", name, diff, doc)
		}
	}
	check("whole", whole)
	check("byte by byte", func(int) int { return 1 })
	for at := 1; at < len(doc); at++ {
		check(fmt.Sprintf("cut at %d", at), func(left int) int {
			if left == len(doc) {
				return at
			}
			return left
		})
	}
	return want
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }
