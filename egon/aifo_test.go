package egon

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"brana/egon/xmltext"
)

// aifosIn returns the AIFO that a reader finds in windows of a size.
func aifosIn(r *AifoReader, doc []byte, size int) (found []string) {
	r.Reset(func(aifo []byte) { found = append(found, string(aifo)) })
	for from := 0; from < len(doc); from += size {
		_, _ = r.Write(doc[from:min(from+size, len(doc))])
	}
	return found
}

func mapOf(globals ...string) string {
	doc := `<m xmlns="urn:x" xmlns:r="` + NSReg + `"><r:MapaAifo>`
	for _, g := range globals {
		doc += `<r:PrevodAifo><r:LokalniAifo>1</r:LokalniAifo><r:GlobalniAifo>` + g +
			`</r:GlobalniAifo></r:PrevodAifo>`
	}
	return doc + `</r:MapaAifo></m>`
}

func TestAifoOfAMessage(t *testing.T) {
	request := AppendRequest(nil, &Request{Service: ServiceByCode("E08"), Enveloped: true,
		Info: testZadostInfo(), Inner: []byte(strings.TrimSuffix(strings.TrimPrefix(
			mapOf("AAAA"), "<m xmlns=\"urn:x\" xmlns:r=\""+NSReg+"\">"), "</m>"))})
	request = []byte(strings.Replace(string(request), "<r:MapaAifo",
		"<r:MapaAifo xmlns:r='"+NSReg+"'", 1))
	for _, tt := range []struct {
		name, doc string
		want      []string
	}{
		{"none", mapOf(), nil},
		{"two", mapOf("AAAA", "BB+/="), []string{"AAAA", "BB+/="}},
		{"the same twice", mapOf("AAAA", "AAAA"), []string{"AAAA", "AAAA"}},
		{"white space", mapOf(" AA\n\tAA "), []string{"AAAA"}},
		{"in pieces", mapOf("A<!-- x -->A<![CDATA[A]]>&#65;"), []string{"AAAA"}},
		{"empty", mapOf("", " "), nil},
		{"too long", mapOf(strings.Repeat("A", 65), strings.Repeat("B", 64)),
			[]string{strings.Repeat("B", 64)}},
		{"of another namespace", strings.ReplaceAll(mapOf("AAAA"), NSReg, "urn:y"), nil},
		{"before a syntax error", mapOf("AAAA") + "<" + mapOf("BBBB"), []string{"AAAA"}},
		{"before the end of the message", strings.Split(mapOf("AAAA", "BBBB"), "BBB")[0],
			[]string{"AAAA"}},
		{"a request", string(request), []string{"AAAA"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := NewAifoReader(xmltext.DefaultBounds())
			r.scan.SetMemo(xmltext.MemoAll)
			for _, size := range []int{len(tt.doc), len(tt.doc), 1, 3, 50} {
				if diff := cmp.Diff(tt.want, aifosIn(r, []byte(tt.doc), size)); diff != "" {
					t.Errorf("in windows of %d bytes: %s", size, diff)
				}
			}
		})
	}
}

// Windows and what is remembered of tags change nothing.
func TestAifoDoNotDependOnWindows(t *testing.T) {
	off, memo := NewAifoReader(xmltext.DefaultBounds()), NewAifoReader(xmltext.DefaultBounds())
	off.scan.SetMemo(xmltext.MemoOff)
	memo.scan.SetMemo(xmltext.MemoAll)
	piece := rapid.SampledFrom([]string{"A", "B ", "\n", "&#67;", "<![CDATA[D]]>", "<x>E</x>",
		"<r:GlobalniAifo>F</r:GlobalniAifo>", "<r:GlobalniAifo/>", "<!--G-->", ""})
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(mapOf(strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "first"), ""),
			strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "second"), "")))
		want := aifosIn(off, doc, len(doc))
		for range 2 {
			size := rapid.IntRange(1, len(doc)).Draw(t, "window")
			if diff := cmp.Diff(want, aifosIn(memo, doc, size)); diff != "" {
				t.Fatalf("in windows of %d bytes: %s\n%s", size, diff, doc)
			}
		}
	})
}
