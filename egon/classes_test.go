package egon

import (
	"bytes"
	"strings"
	"testing"
)

// byteClasses are fillings of a message.
var byteClasses = []struct{ name, text string }{
	{"letter", "a"}, {"CR", "\r"}, {"LF", "\n"}, {"CRLF", "\r\n"}, {"TAB", "\t"}, {"blank", " "},
	{"entity", "&amp;"}, {"decimal", "&#65;"}, {"hexadecimal", "&#x10FFFF;"},
	{"bracket", "]"}, {"brackets", "]]]x"}, {"greater", ">"}, {"hyphen", "- "}, {"question", "?"},
	{"quote", `"`}, {"apostrophe", "'"},
	{"2-byte", "ž"}, {"3-byte", "€"}, {"4-byte", "😀"},
	{"CR-TAB", "\r\t"}, {"CR-letter", "\ra"}, {"CRLF-letter", "\r\na"}, {"entity-letter", "&lt;a"},
	{"bracket-letter", "]a"},
	{"letter-2-byte", "až"}, {"CR-3-byte", "\r€"}, {"blank-letter", " a"}, {"entity-CR", "&gt;\r"},
}

// bytePlaces are places of a filling. Each makes a message of about size bytes.
var bytePlaces = []struct {
	name string
	fill func(text string, size int) []byte
}{
	{"tail", func(text string, size int) []byte {
		return around([]byte("<x>" + fill(text, size) +
			"</x>"))
	}},
	{"between", func(text string, size int) []byte {
		return around([]byte("<x>" + strings.Repeat("<y/>"+fill(text, 4<<10), size/4096) + "</x>"))
	}},
	{"comment", func(text string, size int) []byte {
		return around([]byte("<x><!-- " +
			fill(text, size) + " --></x>"))
	}},
	{"cdata", func(text string, size int) []byte {
		return around([]byte("<x><![CDATA[" + fill(text, size) + "]]></x>"))
	}},
	{"attribute", func(text string, size int) []byte {
		return around([]byte("<x>" + strings.Repeat(`<y a="`+fill(text, 8<<10)+`"/>`, size/8192) +
			"</x>"))
	}},
	{"tag", func(text string, size int) []byte {
		return around([]byte("<x>" + strings.Repeat("<y"+fill(text, 4<<10)+"></y"+fill(text,
			4<<10)+">", size/8192) + "</x>"))
	}},
	{"value", func(text string, _ int) []byte {
		return bytes.Replace(around(nil), []byte("</reg:Ais>"),
			[]byte("</reg:Ais><reg:Subjekt>"+fill(text, 48<<10)+"</reg:Subjekt>"), 1)
	}},
	{"header", func(text string, _ int) []byte {
		return bytes.Join([][]byte{[]byte(`<s:Envelope xmlns:s="` + NSEnvelope + `"><s:Header><h>` +
			fill(text, 48<<10) + "</h></s:Header><s:Body>"),
			around(nil), []byte("</s:Body></s:Envelope>")}, nil)
	}},
	{"prolog", func(text string, size int) []byte {
		return append([]byte(fill(text, min(size, 48<<10))), around(nil)...)
	}},
	{"epilog", func(text string, size int) []byte {
		return append(around(nil),
			fill(text, size)...)
	}},
}

func fill(text string, size int) string { return strings.Repeat(text, size/len(text)) }

// BenchmarkByteClasses measures the speed of reading by the filling and its place.
// Combinations that are no message are left out. No sender may find one that is much
// slower than the others.
func BenchmarkByteClasses(b *testing.B) {
	r, s := NewReader(DefaultBounds()), ServiceByCode("E05")
	for _, place := range bytePlaces {
		for _, class := range byteClasses {
			doc := place.fill(class.text, 256<<10)
			r.Reset(s)
			if r.Feed(doc, true) != nil {
				continue
			}
			b.Run(place.name+"/"+class.name, func(b *testing.B) {
				measure(b, doc, func() error {
					r.Reset(s)
					return r.Feed(doc, true)
				})
			})
		}
	}
}

// BenchmarkByteByByte measures the cost of a byte that comes alone.
func BenchmarkByteByByte(b *testing.B) {
	r, s := NewReader(DefaultBounds()), ServiceByCode("E05")
	for _, place := range bytePlaces {
		for _, class := range byteClasses {
			doc := place.fill(class.text, 16<<10)
			r.Reset(s)
			if r.Feed(doc, true) != nil {
				continue
			}
			b.Run(place.name+"/"+class.name, func(b *testing.B) {
				for b.Loop() {
					r.Reset(s)
					for i := range doc {
						if err := r.Feed(doc[i:i+1], i+1 == len(doc)); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(doc)),
					"ns/byte")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
