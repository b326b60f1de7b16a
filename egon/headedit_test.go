package egon

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// listRequest is a request of E05 with this text after ZadostInfo.
func listRequest(autorizace string) []byte {
	return []byte(`<e:RobCtiPodleUdaju xmlns:e="urn:cz:isvs:iszr:schemas:IszrRobCtiPodleUdaju:v1"` +
		` xmlns:a="` + NSAbstract + `" xmlns:r="` + NSReg + `"><a:ZadostInfo>` +
		`<r:AgendaZadostId>22baf59b-a397-4835-8d9a-83e9116a7fc4</r:AgendaZadostId>` +
		"</a:ZadostInfo>" + autorizace + "<e:Zadost><![CDATA[the rest]]></e:Zadost></e:RobCtiPodleUdaju>")
}

// readHead reads a whole request of E05.
func readHead(t testing.TB, doc []byte) *Head {
	t.Helper()
	r := NewReader(DefaultBounds())
	r.Reset(ServiceByCode("E05"))
	if err := r.Feed(doc, true); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return r.Head()
}

// edited is a message under edits, each of which begins where the one before ended or
// behind it.
func edited(t rapid.TB, doc []byte, edits ...Edit) []byte {
	t.Helper()
	var out []byte
	from := int64(0)
	for _, e := range edits {
		if e.At < from || e.End < e.At || e.End > int64(len(doc)) {
			t.Fatalf("edit [%d, %d) of %d bytes after one that ended at %d", e.At, e.End, len(doc), from)
		}
		out = append(append(out, doc[from:e.At]...), e.Text...)
		from = e.End
	}
	return append(out, doc[from:]...)
}

func among(words string) func([]byte) bool {
	return func(word []byte) bool { return slices.Contains(strings.Fields(words), string(word)) }
}

// Words leave with the white space before the next word; the last one with that after the
// word before. Every other byte of the list stays.
func TestWithoutTakesWordsOut(t *testing.T) {
	for _, tt := range []struct{ name, list, removed, want string }{
		{"the first", "Jmeno Prijmeni Doklad", "Jmeno", "Prijmeni Doklad"},
		{"one between", "Jmeno Doklad Prijmeni", "Doklad", "Jmeno Prijmeni"},
		{"the last", "Jmeno Prijmeni Doklad", "Doklad", "Jmeno Prijmeni"},
		{"two that follow each other", "Jmeno Doklad Aifo Prijmeni", "Aifo Doklad", "Jmeno Prijmeni"},
		{"two apart", "Doklad Jmeno Aifo", "Aifo Doklad", "Jmeno"},
		{"each of its kind", "Doklad Jmeno Doklad", "Doklad", "Jmeno"},
		{"white space at the ends", "\n  Doklad\n  Jmeno\n  Aifo\n", "Doklad Aifo", "\n  Jmeno\n"},
		{"lines that end with CR LF", "Jmeno\r\nDoklad\r\nPrijmeni", "Doklad", "Jmeno\r\nPrijmeni"},
		{"references in the word", "Jmeno Dokl&#97;d Prijmeni", "Doklad", "Jmeno Prijmeni"},
		{"a reference at its end", "Jmeno Dokla&#100; Prijmeni", "Doklad", "Jmeno Prijmeni"},
		{"references in the others", "Jm&#x65;no Doklad", "Doklad", "Jm&#x65;no"},
		{"blanks as references", "Jmeno&#32;Doklad&#10;Prijmeni", "Doklad", "Jmeno&#32;Prijmeni"},
		{"all", " Doklad Aifo ", "Doklad Aifo", "  "},
		{"control words stay", "ROBCti Doklad RUIANCti", "Doklad", "ROBCti RUIANCti"},
		{"none", "Jmeno Prijmeni", "Doklad", "Jmeno Prijmeni"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := func(list string) string {
				return string(listRequest("<a:AutorizaceInfo><a:SeznamUdaju>" + list +
					"</a:SeznamUdaju></a:AutorizaceInfo>"))
			}
			doc := []byte(in(tt.list))
			got := edited(t, doc, readHead(t, doc).Without(among(tt.removed))...)
			if diff := cmp.Diff(in(tt.want), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithFillsTheList(t *testing.T) {
	const (
		open = "<a:AutorizaceInfo>"
		shut = "</a:AutorizaceInfo>"
		list = "<a:SeznamUdaju>Jmeno Prijmeni</a:SeznamUdaju>"
		most = "<a:MaximalniPocetZaznamu>5</a:MaximalniPocetZaznamu>"
		deft = ` xmlns="` + NSAbstract + `"`
	)
	for _, tt := range []struct{ name, autorizace, want string }{
		{"one empty tag", open + "<a:SeznamUdaju/>" + shut, open + list + shut},
		{"one empty tag with a blank", open + most + "<a:SeznamUdaju />" + shut,
			open + most + "<a:SeznamUdaju >Jmeno Prijmeni</a:SeznamUdaju>" + shut},
		{"nothing between two tags", open + "<a:SeznamUdaju></a:SeznamUdaju>" + shut, open + list + shut},
		{"white space alone", open + "<a:SeznamUdaju>\n </a:SeznamUdaju >" + shut,
			open + "<a:SeznamUdaju>\n Jmeno Prijmeni</a:SeznamUdaju >" + shut},
		{"control words", open + "<a:SeznamUdaju>ROBCti</a:SeznamUdaju>" + shut,
			open + "<a:SeznamUdaju>ROBCti Jmeno Prijmeni</a:SeznamUdaju>" + shut},
		{"the default namespace", "<AutorizaceInfo" + deft + "><SeznamUdaju/></AutorizaceInfo>",
			"<AutorizaceInfo" + deft + "><SeznamUdaju>Jmeno Prijmeni</SeznamUdaju></AutorizaceInfo>"},
		{"a prefix of its own", open + `<x:SeznamUdaju xmlns:x="` + NSAbstract + `"/>` + shut,
			open + `<x:SeznamUdaju xmlns:x="` + NSAbstract + `">Jmeno Prijmeni</x:SeznamUdaju>` + shut},
		{"no list", open + most + shut, open + most + list + shut},
		{"no list and no child", "<a:AutorizaceInfo/>", open + list + shut},
		{"no list, in the default namespace", "<AutorizaceInfo" + deft + "/>",
			"<AutorizaceInfo" + deft + "><SeznamUdaju>Jmeno Prijmeni</SeznamUdaju></AutorizaceInfo>"},
		{"no AutorizaceInfo", "\n", "<AutorizaceInfo" + deft +
			"><SeznamUdaju>Jmeno Prijmeni</SeznamUdaju></AutorizaceInfo>\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := listRequest(tt.autorizace)
			got := edited(t, doc, readHead(t, doc).With([]string{"Jmeno", "Prijmeni"}))
			if diff := cmp.Diff(string(listRequest(tt.want)), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			readHead(t, got)
		})
	}
}

// A filled list stands in its place by the schema of every service that reads persons.
func TestFilledRequestsAgainstTheSchemas(t *testing.T) {
	o := newOracle(t)
	var unread []string
	for _, s := range Services() {
		if s.Reads == 0 || s.Code == "E198" { // which is never filled
			continue
		}
		doc := AppendRequest(nil, &Request{Service: s, Info: testZadostInfo()})
		r := NewReader(DefaultBounds())
		r.Reset(s)
		if err := r.Feed(doc, true); err != nil {
			t.Fatalf("%s: %v", s.Code, err)
		}
		doc = edited(t, doc, r.Head().With([]string{"Jmeno"}))
		complaints := strings.Join(o.complaints("egon/xsd/"+s.Action+".xsd", doc), "\n")
		switch {
		case strings.Contains(complaints, "Schemas parser error"):
			unread = append(unread, s.Code)
		case !strings.Contains(complaints, s.Request+"': Missing child element(s)."),
			strings.Contains(complaints, "}AutorizaceInfo': "),
			strings.Contains(complaints, "}SeznamUdaju': "):
			t.Errorf("%s: want the Zadost missing and nothing else: %s", s.Code, complaints)
		}
	}
	// The published sets of these lack types.
	if diff := cmp.Diff([]string{"E172", "E256", "E257", "E258", "E259"}, unread); diff != "" {
		t.Errorf("schemas that cannot be read (-want +got):\n%s", diff)
	}
}

// rewriteRequest edits a request that the Reader accepts: it takes out the words of the
// list that removed chooses, or adds words. Then a plain parser finds what it found before
// in every place but the list, and there exactly the words that were wanted; and so does
// the Reader.
func rewriteRequest(t rapid.TB, code string, doc []byte, removed uint64, added []string) {
	t.Helper()
	r := NewReader(DefaultBounds())
	r.Reset(ServiceByCode(code))
	if r.Feed(doc, true) != nil {
		return
	}
	before, err := parseRequest(doc)
	if err != nil || len(r.Head().Items)+len(added) > r.bounds.Items {
		return // it is stricter than XML with namespaces asks, or knows no such encoding
	}
	h := r.Head()
	var want []string
	var edits []Edit
	if len(added) > 0 {
		want = append(wordsOf(h), added...)
		edits = append(edits, h.With(added))
	} else {
		gone := func(word []byte) bool { return removed>>(len(word)%64)&1 != 0 }
		want = slices.DeleteFunc(wordsOf(h), func(word string) bool { return gone([]byte(word)) })
		edits = h.Without(gone)
	}
	out := edited(t, doc, edits...)
	after, err := parseRequest(out)
	if err != nil {
		t.Fatalf("%v in\n%s\nmade of\n%s", err, out, doc)
	}
	if got := after.takeList(before, len(added) > 0); !slices.Equal(got, want) {
		t.Fatalf("words %q, want %q in\n%s\nmade of\n%s", got, want, out, doc)
	}
	before.takeList(before, false)
	if diff := cmp.Diff(before.lines(nil), after.lines(nil)); diff != "" {
		t.Fatalf("more than the list has changed (-before +after):\n%s\n%s", diff, out)
	}
	r.Reset(ServiceByCode(code))
	if err := r.Feed(out, true); err != nil {
		t.Fatalf("the Reader refuses %s: %v", out, err)
	}
	if got := wordsOf(r.Head()); !slices.Equal(got, want) {
		t.Fatalf("the Reader finds %q, want %q in\n%s", got, want, out)
	}
}

func wordsOf(h *Head) (words []string) {
	for _, w := range h.Items {
		words = append(words, string(w.Text))
	}
	return words
}

// FuzzRewriteRequest: edits of a request change nothing but the words of its list.
func FuzzRewriteRequest(f *testing.F) {
	for i, c := range shortCases(f) {
		f.Add(c.Service, c.Doc, uint64(i)*0x9E3779B97F4A7C15, i%3 == 0)
	}
	for _, c := range []string{"", "<a:AutorizaceInfo/>",
		"<a:AutorizaceInfo><a:SeznamUdaju/></a:AutorizaceInfo>",
		"<a:AutorizaceInfo><a:SeznamUdaju>Jmeno\r\nDokl&#97;d&#32;Aifo</a:SeznamUdaju>" +
			"</a:AutorizaceInfo>"} {
		f.Add("E05", listRequest(c), uint64(1)<<5, true)
		f.Add("E05", listRequest(c), uint64(1)<<5|1<<4, false)
	}
	f.Fuzz(func(t *testing.T, code string, doc []byte, removed uint64, add bool) {
		s := ServiceByCode(code)
		if s == nil {
			return
		}
		var added []string
		if add && s.Reads != 0 {
			added = []string{"Jmeno", "Prijmeni"}
		}
		if s.Internal() {
			rewriteMessage(t, s, doc, removed, added)
			return
		}
		rewriteRequest(t, code, doc, removed, added)
	})
}

// Edited lists of any writing have exactly the words that were wanted.
func TestEditedListsReadAsWanted(t *testing.T) {
	words := []string{"Jmeno", "Prijmeni", "Doklad", "Aifo", "ROBCti", "MistoNarozeni", "Bok"}
	blank := rapid.SampledFrom([]string{" ", "\n", "\r\n", "\t", "\r", "  \n", "&#32;", "&#13;",
		"\r\n\r\n "})
	rapid.Check(t, func(t *rapid.T) {
		var list strings.Builder
		for _, word := range rapid.SliceOfN(rapid.SampledFrom(words), 0, 12).Draw(t, "words") {
			list.WriteString(blank.Draw(t, "blank"))
			at := rapid.IntRange(0, len(word)).Draw(t, "reference")
			if at < len(word) {
				list.WriteString(word[:at])
				list.Write(appendReference(nil, word[at]))
				word = word[at+1:]
			}
			list.WriteString(word)
		}
		forms := []string{"", "<a:AutorizaceInfo/>", "<a:AutorizaceInfo> </a:AutorizaceInfo>",
			"<a:AutorizaceInfo><a:SeznamUdaju/></a:AutorizaceInfo>",
			"<AutorizaceInfo xmlns='" + NSAbstract + "'>\n<SeznamUdaju >" + list.String() +
				"</SeznamUdaju\n></AutorizaceInfo>"}
		doc := listRequest(rapid.SampledFrom(forms).Draw(t, "form"))
		var added []string
		if rapid.Bool().Draw(t, "add") {
			added = []string{"Telefon"}
		}
		rewriteRequest(t, "E05", doc, rapid.Uint64().Draw(t, "removed"), added)
	})
}

func appendReference(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '&', '#', 'x', digits[c>>4], digits[c&15], ';')
}
