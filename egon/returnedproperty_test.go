package egon

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"brana/egon/xmltext"
)

// In any reply, and cut in any way: the items are those that a plain
// reader of the whole document finds by the text of the table.
func TestReturnedIsWhatAPlainReaderFinds(t *testing.T) {
	off, memo := NewReplyReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	off.scan.SetMemo(xmltext.MemoOff)
	memo.scan.SetMemo(xmltext.MemoAll)
	sections := returnedSections()
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(servicesWithReplies(sections)).Draw(t, "service")
		doc := replyWith(code, drawInside(t, replies().roots[code]))
		want := plainReturned(t, sections, code, doc)
		for _, r := range []*ReplyReader{off, memo, memo} {
			size := rapid.SampledFrom([]int{1, 2, 3, 5, 8, 40, len(doc)}).Draw(t, "window")
			if got := returnedIn(t, r, code, doc, size); got != want {
				t.Fatalf("in windows of %d bytes %q, a plain reader %q in\n%s", size, got, want, doc)
			}
		}
	})
}

// FuzzReturned: windows and memories do not change what was returned.
func FuzzReturned(f *testing.F) {
	for _, tt := range returnedExamples {
		f.Add(string(replyWith(tt.code, tt.inner)), tt.code, uint8(7))
	}
	off, memo := NewReplyReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	off.scan.SetMemo(xmltext.MemoOff)
	memo.scan.SetMemo(xmltext.MemoAll)
	f.Fuzz(func(t *testing.T, doc, code string, step uint8) {
		if replyOf(code) == nil {
			return
		}
		read := func(r *ReplyReader, size int) (string, bool) {
			whole := feedReply(t, r, code, doc, size)
			return whole + inOrder(slices.Collect(r.Returned().Words())), r.Done()
		}
		want, whole := read(off, len(doc)+1)
		for _, size := range []int{len(doc) + 1, len(doc) + 1, 1 + int(step)} {
			if got, _ := read(memo, size); whole && got != want {
				t.Errorf("in windows of %d bytes %q, at once %q", size, got, want)
			}
		}
	})
}

func servicesWithReplies(sections []*returnedSection) (codes []string) {
	for _, s := range sections {
		if s.is == "reply" {
			codes = append(codes, s.name)
		}
	}
	return codes
}

// returnedIn is returnedOf for a property.
func returnedIn(t *rapid.T, r *ReplyReader, code string, doc []byte, size int) string {
	r.Reset(replyOf(code))
	for from := 0; from < len(doc); from += size {
		to := min(from+size, len(doc))
		if err := r.Feed(doc[from:to], to == len(doc)); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
	}
	return inOrder(slices.Collect(r.Returned().Words()))
}

// drawInside draws the content of a place: children that have rows, and others.
func drawInside(t *rapid.T, p *replyPlace) string {
	var b strings.Builder
	for range rapid.SampledFrom([]int{1, 2, 3, 1, 2, 3, 0}).Draw(t, "children") {
		b.WriteString(rapid.SampledFrom([]string{"", "\n ", "<!-- c -->"}).Draw(t, "between"))
		n := rapid.IntRange(0, len(p.rows)-1).Draw(t, "row")
		switch rapid.IntRange(0, 15).Draw(t, "known") {
		case 14:
			writeElement(&b, "urn:cizi", "Jmeno", drawContent(t))
			continue
		case 15:
			writeElement(&b, NSRobData, "Nove", drawContent(t))
			continue
		}
		switch {
		case p.rows[n].is == isPlace:
			row := p.rows[n]
			writeElement(&b, row.space, row.local, drawInside(t, row.inside))
		default:
			row := p.rows[n]
			writeElement(&b, row.space, row.local, drawContent(t))
		}
	}
	return b.String()
}

func writeElement(b *strings.Builder, space, local, content string) {
	for prefix, known := range replies().spaces {
		if known == space {
			b.WriteString("<" + prefix + ":" + local + ">" + content + "</" + prefix + ":" + local + ">")
			return
		}
	}
	b.WriteString("<" + local + " xmlns='" + space + "'>" + content + "</" + local + ">")
}

func drawContent(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
		"", " ", "\n", "x", "Jmeno", "Doklad Jmeno ", "Doklad Jmeno", "<![CDATA[]]>", "<![CDATA[ ]]>",
		"<![CDATA[y]]>", "&#32;", "&amp;", "<!-- c -->", "<rod:Jmeno/>", "<rod:Jmeno>z</rod:Jmeno>",
		"<rod:Osoba><rod:Aifo> </rod:Aifo></rod:Osoba>",
	}), 0, 3).Draw(t, "content"), "")
}

// A plainElement is an element of a document that encoding/xml has read.
type plainElement struct {
	space, local string
	text         string // of it and of all inside it
	marked       bool   // there is a comment or an attribute
	children     []*plainElement

	start, content, close, end int64 // of its tags: the first byte, and the one behind them
}

func plainRead(t *rapid.T, doc []byte) *plainElement {
	root, err := plainTree(doc)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// plainReturned returns the items of a bare reply.
func plainReturned(t *rapid.T, sections []*returnedSection, code string, doc []byte) string {
	p := plainReader{sections, map[string]bool{}}
	p.reply(code, plainRead(t, doc))
	words := []string{}
	for w := range p.found {
		words = append(words, w)
	}
	return inOrder(words)
}

type plainReader struct {
	sections []*returnedSection
	found    map[string]bool
}

func (p plainReader) section(is, name string) *returnedSection {
	for _, s := range p.sections {
		if s.is == is && s.name == name {
			return s
		}
	}
	return nil
}

func (p plainReader) reply(code string, operation *plainElement) {
	s := replyOf(code)
	for _, c := range slices.Concat(p.unknownData(code, operation),
		p.strays(s, operation, p.pathsOf(code), 0)) {
		if strings.Trim(c.text, whiteSpace) != "" {
			p.found["?"+c.local] = true
		}
	}
	for _, row := range p.section("reply", code).rows {
		at := []*plainElement{operation}
		for step := range strings.SplitSeq(row[0], "/") {
			space, local := s.Namespace, step
			if prefix, name, ok := strings.Cut(step, ":"); ok {
				space, local = replies().spaces[prefix], name
			}
			var next []*plainElement
			for _, e := range at {
				for _, c := range e.children {
					if c.space == space && c.local == local {
						next = append(next, c)
					}
				}
			}
			at = next
		}
		for _, e := range at {
			p.inside(row[1], e)
		}
	}
}

// unknownData returns the data in a reply to an internal message to which no row leads.
func (p plainReader) unknownData(code string, operation *plainElement) (all []*plainElement) {
	s := replyOf(code)
	if !s.Internal() || s.Reads == 0 {
		return nil
	}
	rows := p.section("reply", code).rows
	first, _, _ := strings.Cut(rows[0][0], "/")
	for _, data := range along(s, operation, []string{first}) {
		for _, c := range data.children {
			leads := slices.ContainsFunc(rows, func(row []string) bool {
				steps := strings.Split(row[0], "/")
				return slices.Contains(along(s, data, steps[1:2]), c)
			})
			if !leads {
				all = append(all, c)
			}
		}
	}
	return all
}

// pathsOf returns the steps of each row of a reply.
func (p plainReader) pathsOf(code string) (paths [][]string) {
	for _, row := range p.section("reply", code).rows {
		paths = append(paths, strings.Split(row[0], "/"))
	}
	return paths
}

// strays returns the elements on these paths that are on none, and in no list of those that
// hold no items.
func (p plainReader) strays(
	s *Service, e *plainElement, paths [][]string, depth int,
) (all []*plainElement) {
	for _, c := range e.children {
		var further [][]string
		on, known := false, replies().outside[c.local]
		for _, path := range paths {
			space, local := s.Namespace, path[0]
			if prefix, name, ok := strings.Cut(local, ":"); ok {
				space, local = replies().spaces[prefix], name
			}
			known = known && local != c.local
			if c.is(space, local) {
				on = true
				if len(path) > 1 {
					further = append(further, path[1:])
				}
			}
		}
		switch {
		case on:
			all = append(all, p.strays(s, c, further, depth+1)...)
		case depth == 1 && s.Internal() && s.Reads != 0: // see unknownData
		case !known:
			all = append(all, c)
		}
	}
	if len(paths) == 0 {
		return nil // a record
	}
	return all
}

func (p plainReader) inside(record string, e *plainElement) {
	if record != "reply" {
		p.record(p.section("record", record), e)
		return
	}
	for _, c := range e.children {
		s := ServiceByRequest(c.space, strings.TrimSuffix(c.local, "Response"))
		if s != nil && !s.Internal() && s.Code != "E100" && p.section("reply", s.Code) != nil {
			p.reply(s.Code, c)
		} else if s == nil && strings.Trim(c.text, whiteSpace) != "" {
			p.found["?"+c.local] = true
		}
	}
}

func (p plainReader) record(s *returnedSection, e *plainElement) {
	for _, c := range e.children {
		row := []string{"", "?"}
		for _, r := range s.rows {
			space, local := s.space(), r[0]
			if prefix, name, ok := strings.Cut(local, ":"); ok {
				space, local = prefix, name
			}
			if local == c.local && replies().spaces[space] == c.space {
				row = r
			}
		}
		value := strings.Trim(c.text, whiteSpace) != ""
		switch {
		case row[1] == ">":
			p.record(p.section("record", row[2]), c)
		case row[1] == "*":
			p.list(c)
		case row[1] == "-" || !value:
		case row[1] == "?":
			p.found["?"+c.local] = true
		case row[1] == "=", row[1] == "!":
			p.found[c.local] = true
		default:
			p.found[row[1]] = true
		}
	}
}

func (p plainReader) list(c *plainElement) {
	for word := range strings.FieldsSeq(c.text) {
		if !utf8.ValidString(word) || word != "Jmeno" && word != "Doklad" {
			word = "?" + c.local
		}
		p.found[word] = true
	}
}
