package xmltext

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"testing"
)

//go:embed testdata/request.xml
var request []byte

// dense is mostly markup: items of some 105 bytes with two attributes and two
// children, in a namespace.
func dense(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`<r:list xmlns:r="urn:example:list" xmlns="urn:example:item">`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b,
			"<item id=\"%06d\" kind=\"dense\"><r:name>Item %06d</r:name><value>%08d</value></item>\n", i, i, i*7)
	}
	b.WriteString(`</r:list>`)
	return b.Bytes()
}

// base64Text is text nodes of 64 KiB, in lines of that length unless it is 0.
func base64Text(size, line int) []byte {
	var b bytes.Buffer
	b.WriteString(`<media>`)
	for b.Len() < size {
		b.WriteString(`<photo>`)
		for n := 0; n < 64<<10; n++ {
			if line > 0 && n%line == line-1 {
				b.WriteByte('\n')
			}
			b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[n*7%64])
		}
		b.WriteString("</photo>\n")
	}
	b.WriteString(`</media>`)
	return b.Bytes()
}

func samples() []struct {
	name string
	doc  []byte
} {
	return []struct {
		name string
		doc  []byte
	}{
		{"request", request},
		{"reply", base64Text(60<<10, 0)},
		{"dense", dense(1 << 20)},
		{"base64", base64Text(4<<20, 0)},
		{"base64-lines", base64Text(4<<20, 76)},
		{"czech", []byte("<a>" + repeat("Příliš žluťoučký kůň úpěl ďábelské ódy. ", 25000) +
			"</a>")},
	}
}

func BenchmarkScan(b *testing.B) {
	for _, c := range samples() {
		b.Run(c.name+"/whole", func(b *testing.B) { benchmarkScan(b, c.doc, len(c.doc)) })
		b.Run(c.name+"/4KiB", func(b *testing.B) { benchmarkScan(b, c.doc, 4<<10) })
		b.Run(c.name+"/encoding-xml", func(b *testing.B) { benchmarkStandard(b, c.doc) })
	}
}

func benchmarkScan(b *testing.B, doc []byte, size int) {
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	s := NewScanner(DefaultBounds())
	for b.Loop() {
		if err := scan(s, doc, size); err != nil {
			b.Fatal(err)
		}
	}
}

// scan reads a document in windows of that size.
func scan(s *Scanner, doc []byte, size int) error {
	s.Reset()
	var tok Token
	for fed, window := 0, []byte(nil); ; {
		n, err := s.NextInto(&tok, window, fed == len(doc))
		switch {
		case err == ErrMore:
			window = doc[fed:min(fed+size, len(doc))]
			fed += len(window)
			continue
		case err != nil:
			return err
		case tok.Kind == End:
			return nil
		}
		window = window[n:]
	}
}

func benchmarkStandard(b *testing.B, doc []byte) {
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		d := xml.NewDecoder(bytes.NewReader(doc))
		for {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(request, DefaultBounds()); err != nil {
			b.Fatal(err)
		}
	}
}
