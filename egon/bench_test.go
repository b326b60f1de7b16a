package egon

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

// BenchmarkRead measures the work of the gateway on a message: it scans it, resolves its
// namespaces, reads and checks its head, or follows a reply to its status. The figure of
// encoding/xml beside each is for tokens only.
func BenchmarkRead(b *testing.B) {
	request := requestExample(b)
	for _, bench := range []struct {
		name, code string
		doc        []byte
	}{
		{"request", "E198", request},
		{"dense", "E05", around(denseItems(1 << 20))},
		{"base64", "E05", around(photo(4 << 20))},
	} {
		r, s := NewReader(DefaultBounds()), ServiceByCode(bench.code)
		b.Run(bench.name+"/reader", func(b *testing.B) {
			measure(b, bench.doc, func() error {
				r.Reset(s)
				if err := r.Feed(bench.doc, true); err != nil {
					return err
				}
				if o := r.Head().Check(); o != nil {
					return o
				}
				return nil
			})
		})
		b.Run(bench.name+"/encoding-xml", func(b *testing.B) { measureStandard(b, bench.doc) })
	}
	reply := []byte(replyOpen + replyWarning + "<x>" + string(photo(60<<10)) + "</x>" + replyClose)
	r, s := NewReplyReader(DefaultBounds()), ServiceByCode("E198")
	b.Run("reply/reader", func(b *testing.B) {
		measure(b, reply, func() error {
			r.Reset(s)
			return r.Feed(reply, true)
		})
	})
	b.Run("reply/encoding-xml", func(b *testing.B) { measureStandard(b, reply) })
}

// BenchmarkReply measures the reading of replies whose items are collected: of one person,
// of many, and with a large photo. All of them leave, or some are removed.
func BenchmarkReply(b *testing.B) {
	for _, bench := range []struct {
		name, code string
		doc        []byte
		granted    string
	}{
		{"person", "E05", personsReply("E05", 1), ""},
		{"person/permitted", "E05", personsReply("E05", 1), personHolds},
		{"person/removed", "E05", personsReply("E05", 1), "Jmeno"},
		{"persons", "E08", personsReply("E08", 1000), ""},
		{"persons/permitted", "E08", personsReply("E08", 1000), personHolds},
		{"persons/removed", "E08", personsReply("E08", 1000), "Jmeno"},
		{"photo", "E198", photoReply(64 << 20), ""},
		{"photo/removed", "E198", photoReply(64 << 20), personHolds},
	} {
		r, s := NewReplyReader(DefaultBounds()), ServiceByCode(bench.code)
		var e Expectation
		if bench.granted != "" {
			e = Expectation{Rule: FilterReturned, Rights: granted(bench.granted)}
		}
		b.Run(bench.name, func(b *testing.B) {
			measure(b, bench.doc, func() error {
				r.Reset(s)
				r.Expect(e)
				for from := 0; from < len(bench.doc); from += 32 << 10 {
					to := min(from+32<<10, len(bench.doc))
					if err := r.Feed(bench.doc[from:to], to == len(bench.doc)); err != nil {
						return err
					}
					r.Leave(len(r.Edits()))
				}
				return nil
			})
		})
	}
}

// personsReply returns a reply of E05 or E08 with that many persons.
func personsReply(code string, persons int) []byte {
	s := ServiceByCode(code)
	doc := openReply(nil, s, true)
	doc = appendOdpovedInfo(doc, "abs:OdpovedInfo", &OdpovedInfo{Status: Status{Kod: OK}})
	doc = fmt.Appendf(doc, "<e:RobOdpoved><e:%sDataResponse>", s.Request)
	doc = append(doc, `<d:RobAplikacniStatus xmlns:d="`+NSRobData+`" xmlns="`+NSRobTypes+`">`+
		`<VysledekRobKodType>OK</VysledekRobKodType></d:RobAplikacniStatus>`...)
	for i := range persons {
		doc = fmt.Appendf(doc, `<Osoba xmlns="`+NSRobData+`"><AdresaPobytu>1234%04d</AdresaPobytu>`+
			`<Aifo>%d</Aifo><DatovaSchranka xsi:nil="true" xmlns:xsi="`+NSXSI+`"/>`+
			`<DatumNarozeni>1977-05-03</DatumNarozeni><Jmeno>ZORAN</Jmeno>`+
			`<MistoNarozeni><b:NarozeniCr xmlns:b="`+NSRobTypes+`">554782</b:NarozeniCr>`+
			`</MistoNarozeni><Prijmeni>VOSAHLO</Prijmeni><Obcanstvi>203</Obcanstvi></Osoba>`,
			i, i+1)
	}
	doc = fmt.Appendf(doc, "</e:%sDataResponse></e:RobOdpoved>", s.Request)
	return closeReply(doc, s, true)
}

// photoReply returns a reply of E198 with one photo of that many bytes.
func photoReply(size int) []byte {
	src, _ := SourceOf([]byte("Eop"))
	doc := AppendMediaHead(nil, true, &OdpovedInfo{Status: Status{Kod: OK}},
		&MediaBlocks{Source: src})
	doc = append(doc, `<a:EopOdpovedV1 xmlns:a="`+NSEop+`" xmlns="`+NSEvidence+`"><Aifo>1</Aifo>`+
		`<Fotky><Fotka>`...)
	doc = append(doc, bytes.TrimSuffix(photo(size)[len("<p>"):], []byte("</p>"))...)
	doc = append(doc, `</Fotka></Fotky></a:EopOdpovedV1>`...)
	return AppendMediaTail(doc, true, src)
}

// BenchmarkMemo measures the gain of the memo where requests are alike, and its cost
// where more kinds of them take turns than it has room for. Four services are called by
// clients each of which names and declares prefixes in its own way.
func BenchmarkMemo(b *testing.B) {
	for _, clients := range []int{1, 3, 8, 32} {
		var codes []string
		var docs [][]byte
		for c := range clients {
			prefix := fmt.Sprintf("reg%d", c)
			written := strings.NewReplacer("<reg:", "<"+prefix+":", "</reg:", "</"+prefix+":",
				"xmlns:reg=", "xmlns:"+prefix+"=",
				"xmlns=", fmt.Sprintf("xmlns:c%d='u' xmlns=", c))
			for _, code := range []string{"E198", "E05", "E227", "E100"} {
				codes = append(codes, code)
				docs = append(docs, []byte(written.Replace(string(requestFile(b,
					strings.ToLower(code)+".xml")))))
			}
		}
		for _, use := range []xmltext.MemoUse{xmltext.MemoSome, xmltext.MemoOff} {
			b.Run(fmt.Sprintf("kinds=%d/memo=%t", len(docs), use != xmltext.MemoOff),
				func(b *testing.B) {
					r, i := newReader(use), 0
					b.ReportAllocs()
					for b.Loop() {
						i = (i + 1) % len(docs)
						r.Reset(ServiceByCode(codes[i]))
						if err := r.Feed(docs[i], true); err != nil {
							b.Fatal(err)
						}
					}
				})
		}
	}
}

func measure(b *testing.B, doc []byte, read func() error) {
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
}

func measureStandard(b *testing.B, doc []byte) {
	measure(b, doc, func() error {
		for d := xml.NewDecoder(bytes.NewReader(doc)); ; {
			if _, err := d.Token(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}

// requestExample returns the example of the reference data. Without these it is the
// request of E198 in testdata, which has two more declarations.
func requestExample(b *testing.B) []byte {
	file := filepath.Join("testdata", "requests", "e198.xml")
	if folder := os.Getenv("BRANA_SHARED"); folder != "" {
		file = filepath.Join(folder, "examples", "e198-envelope.xml")
	}
	doc, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	return doc
}

// around returns a request with a question, of a service that the gateway relays.
func around(question []byte) []byte {
	doc, err := os.ReadFile(filepath.Join("testdata", "requests", "e05.xml"))
	if err != nil {
		panic(err)
	}
	return bytes.Replace(doc, []byte("<x/>"), question, 1)
}

// denseItems is mostly markup: items of some 105 bytes with two attributes and
// two children.
func denseItems(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`<x xmlns:r="urn:example:list">`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b,
			"<item id=\"%06d\" kind=\"dense\"><r:name>Item %06d</r:name><value>%08d</value></item>\n", i, i, i*7)
	}
	b.WriteString(`</x>`)
	return b.Bytes()
}

// photo returns an element with size bytes of base64.
func photo(size int) []byte {
	digits := []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
	return append(append([]byte("<p>"), bytes.Repeat(digits, size/len(digits))...), "</p>"...)
}
