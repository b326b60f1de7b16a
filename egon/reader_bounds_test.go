package egon

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func requestFile(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", "requests", name))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestReaderBounds(t *testing.T) {
	e198, e05 := requestFile(t, "e198-short.xml"), requestFile(t, "e05.xml")
	edit := func(doc []byte, from, to string) []byte {
		return bytes.Replace(doc, []byte(from),
			[]byte(to), 1)
	}
	headEnd := bytes.Index(e198, []byte("</Zadost>")) + len("</Zadost>")

	tests := []struct {
		name, service string
		doc           []byte
		bounds        Bounds
		want          string
		offset        int64 // of the offence
	}{
		{"head as long as allowed", "E198", e198, Bounds{HeadBytes: headEnd, Items: 5}, "accept",
			0},
		{"head one byte longer", "E198", e198, Bounds{HeadBytes: headEnd - 1, Items: 5},
			fmt.Sprintf("too large head exceeds %d bytes", headEnd-1), int64(headEnd - 1)},
		{"endless comment in the head", "E198",
			edit(e198, "<Agenda ", "<!--"+strings.Repeat("x", 70000)+"--><Agenda "),
			DefaultBounds(), "too large head exceeds 65536 bytes", 65536},
		{"endless white space before the head", "E198",
			append(bytes.Repeat([]byte(" "), 70000), e05...),
			DefaultBounds(), "too large head exceeds 65536 bytes", 65536},
		{"endless value", "E198", edit(e198, "AQID", strings.Repeat("AQID", 20000)),
			DefaultBounds(), "too large head exceeds 65536 bytes", 65536},
		{"endless tail", "E05", edit(e05, "<x/>", strings.Repeat("<x/>", 50000)), DefaultBounds(),
			"accept", 0},
		{"message as long as allowed", "E198", e198,
			Bounds{HeadBytes: 9999, Items: 5, TotalBytes: int64(len(e198))}, "accept", 0},
		{"message one byte longer", "E198", e198,
			Bounds{HeadBytes: 9999, Items: 5, TotalBytes: int64(len(e198)) - 1},
			"too large message exceeds 2004 bytes", int64(len(e198)) - 1},
		{"message shorter than the head may be", "E198", e198,
			Bounds{HeadBytes: 9999, Items: 5, TotalBytes: 100},
			"too large message exceeds 100 bytes", 100},
		{"one word too many", "E198", e198, Bounds{HeadBytes: 9999, Items: 4},
			"too large more than 4 words in SeznamUdaju",
			int64(bytes.Index(e198, []byte("RUIANCti")))},
		{"deep tail", "E05", edit(e05, "<x/>", strings.Repeat("<x>", 200)), DefaultBounds(),
			"too large elements nest too deep", 0},
		{"long name", "E05", edit(e05, "<x/>", "<"+strings.Repeat("x", 300)+"/>"), DefaultBounds(),
			"too large name is too long", 0},
		{"many attributes", "E05", edit(e05, "<x/>", "<x"+strings.Repeat(" a='1'", 65)+"/>"),
			DefaultBounds(), "too large too many attributes", 0},
		{"long attribute", "E05", edit(e05, "<x/>", "<x a='"+strings.Repeat("x", 20000)+"'/>"),
			DefaultBounds(), "too large tag is too long", 0},
	}
	for _, tt := range tests {
		if tt.bounds.XML.Depth == 0 {
			tt.bounds.XML = DefaultBounds().XML
		}
		r := NewReader(tt.bounds)
		for _, size := range []int{len(tt.doc), 1, 1000} {
			var cuts []int
			for to := size; to < len(tt.doc); to += size {
				cuts = append(cuts, to)
			}
			got := feedRequest(t, r, tt.service, tt.doc, append(cuts, len(tt.doc)))
			if got.verdict() != tt.want || tt.offset > 0 && got.Offset != tt.offset {
				t.Errorf("%s, in windows of %d bytes: %s at byte %d, want %s at byte %d",
					tt.name, size, got.verdict(), got.Offset, tt.want, tt.offset)
			}
		}
	}
}

// The refusal of an offence in ZadostInfo, and of another service's body, echoes the
// AgendaZadostId that comes after it.
func TestRefusalsKnowTheRequestID(t *testing.T) {
	const id = "32b10f47-cdca-4ef1-b54d-30f2447780e3"
	doc := requestFile(t, "e198-bare.xml")
	r := NewReader(DefaultBounds())
	for name, broken := range map[string][]byte{
		"repeated": bytes.Replace(doc, []byte("<reg:Agenda>"),
			[]byte("<reg:Agenda/><reg:Agenda>"), 1),
		"unknown": bytes.Replace(doc, []byte("<reg:Agenda>"),
			[]byte("<reg:X><reg:Y/></reg:X><reg:Agenda>"), 1),
		"text": bytes.Replace(doc, []byte("<reg:Agenda>"), []byte("x<reg:Agenda>"), 1),
		"other body": bytes.ReplaceAll(doc, []byte("AgendaMediaDataCtiPodleUdaju"),
			[]byte("JinaSluzba")),
		"in the items": bytes.Replace(doc, []byte("<abs:SeznamUdaju>"),
			[]byte("<abs:SeznamUdaju><a/>"), 1),
	} {
		r.Reset(ServiceByCode("E198"))
		if err := r.Feed(broken, true); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if got := string(r.RequestID()); got != id {
			t.Errorf("%s: RequestID() = %q, want %q", name, got, id)
		}
		if r.Head() != nil || r.Enveloped() {
			t.Errorf("%s: head %v is known, enveloped %v", name, r.Head(), r.Enveloped())
		}
	}
}

// The head is known as soon as no later byte can change it, and no sooner.
func TestHeadIsKnownEarly(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, tt := range []struct{ code, file, until string }{
		{"E198", "e198.xml", "</Zadost>"},
		{"E227", "e227.xml", "</e:Zadost>"},
		{"E05", "e05.xml", "</abs:AutorizaceInfo>"},
		{"E100", "e100.xml", "</ZadostInfo>"},
	} {
		doc := requestFile(t, tt.file)
		end := bytes.Index(doc, []byte(tt.until)) + len(tt.until)
		r.Reset(ServiceByCode(tt.code))
		if err := r.Feed(doc[:end-1], false); err != nil || r.Head() != nil {
			t.Errorf("%s: head %v known before %s, err %v", tt.code, r.Head(), tt.until, err)
		}
		if err := r.Feed(doc[end-1:end], false); err != nil || r.Head() == nil ||
			r.Head().Offset != int64(end) {
			t.Errorf("%s: head %v not known after %s at %d, err %v", tt.code, r.Head(), tt.until,
				end, err)
		}
	}
}

// A Reader can be used again after any request.
func TestResetForgets(t *testing.T) {
	used, fresh := NewReader(DefaultBounds()), func() *Reader { return NewReader(DefaultBounds()) }
	cases := requestCases(t)
	for i, c := range cases {
		before := cases[(i*7+3)%len(cases)]
		used.Reset(ServiceByCode(before.Service))
		_ = used.Feed(before.Doc[:len(before.Doc)*2/3], false) // left in the middle, or refused
		got := feedRequest(t, used, c.Service, c.Doc, []int{len(c.Doc)})
		if want := feedRequest(t, fresh(), c.Service, c.Doc, []int{len(c.Doc)}); got != want {
			t.Errorf("%s after %s: %v, want %v", c.Name, before.Name, got, want)
		}
	}
}

// The number of frames of a Reader is the depth of the deepest grammar.
func TestGrammarsFitTheFrames(t *testing.T) {
	var depth func(*element) int
	depth = func(el *element) int {
		deepest := 0
		for i, kid := range el.kids {
			deepest = max(deepest, depth(kid))
			if i > 0 && kid.rank < el.kids[i-1].rank || kid.rank < 1 {
				t.Errorf("%s in %s is out of order", kid.name, el.name)
			}
			if kid.text == noText && kid.kids == nil || kid.text != noText && kid.kids != nil {
				t.Errorf("%s may have neither text nor elements, or both", kid.name)
			}
		}
		return 1 + deepest
	}
	deepest := 0
	for _, o := range []*operation{&mediaOperation, &rightsOperation, &anyOperation,
		&asyncAnswerOperation, &mismatched} {
		deepest = max(deepest, depth(&o.element))
	}
	if deepest != maxFrames {
		t.Errorf("the deepest grammar has %d levels, a Reader has %d frames", deepest, maxFrames)
	}
}
