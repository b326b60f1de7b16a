package upstream

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"brana/egon/xmltext"
)

// Reading any block of an evidence ends. Without an error it gives a well-formed block of a
// well-formed answer, however that arrived.
func FuzzEvidence(f *testing.F) {
	f.Add(appStatus("OK", "") + aifo1 + "<s:Fotky>A</s:Fotky>")
	f.Add(appStatus("OK", "") + aifo1 + "<s:Podpisy/><!-- --><s:Fotky/>")
	f.Add(appStatus("VAROVANI", ""))
	f.Add("</EopOdpovedV1><EopOdpovedV1>")
	read := func(r io.Reader) ([]byte, error) {
		e, err := evidenceOf(r)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(e)
	}
	f.Fuzz(func(t *testing.T, block string) {
		doc := []byte(envelope(eop("OK", known, block)))
		got, err := read(bytes.NewReader(doc))
		again, errAgain := read(iotest.OneByteReader(bytes.NewReader(doc)))
		if (err == nil) != (errAgain == nil) || err == nil && !bytes.Equal(got, again) {
			t.Fatalf("at once %q, %v; byte by byte %q, %v", got, err, again, errAgain)
		}
		if err != nil {
			return
		}
		if _, err := xmltext.Parse(doc, xmltext.DefaultBounds()); err != nil {
			t.Fatalf("taken for whole: %v", err)
		}
		if len(got) == 0 {
			return
		}
		if _, err := xmltext.Parse(got, xmltext.DefaultBounds()); err != nil {
			t.Fatalf("%v in block %q", err, got)
		}
	})
}
