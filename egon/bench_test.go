package egon

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkRead measures what the gate does with a message: scan it, resolve its
// namespaces, read and check its head, or follow a reply to its status. Beside
// each stands encoding/xml, which only makes tokens of it.
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
	b.Run("request/unlike-the-last", func(b *testing.B) {
		// More beginnings than a Reader remembers, and tags of its own in each.
		r, s, docs := NewReader(DefaultBounds()), ServiceByCode("E198"), make([][]byte, 2*beginningCount)
		for i := range docs {
			docs[i] = bytes.ReplaceAll(request, []byte("xmlns="), fmt.Appendf(nil, "xmlns:p%d='u' xmlns=", i))
		}
		i := 0
		measure(b, request, func() error {
			i = (i + 1) % len(docs)
			r.Reset(s)
			return r.Feed(docs[i], true)
		})
	})
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

// requestExample is the example of the reference data, or without those the
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

// around puts a question into a request of a service that the gate relays.
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
		fmt.Fprintf(&b, "<item id=\"%06d\" kind=\"dense\"><r:name>Item %06d</r:name><value>%08d</value></item>\n", i, i, i*7)
	}
	b.WriteString(`</x>`)
	return b.Bytes()
}

// photo is an element with that much base64.
func photo(size int) []byte {
	digits := []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
	return append(append([]byte("<p>"), bytes.Repeat(digits, size/len(digits))...), "</p>"...)
}
