package egon

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"brana/egon/xmltext"
)

// newReader returns a Reader that remembers as much as u says.
func newReader(u xmltext.MemoUse) *Reader {
	r := NewReader(DefaultBounds())
	r.scan.SetMemo(u)
	return r
}

// released feeds a request that is cut at the given offsets, the last of which is its
// length. It returns the number of bytes that may leave after each window.
func released(r *Reader, service string, doc []byte, cuts []int) (after []int64) {
	r.Reset(ServiceByCode(service))
	from := 0
	for _, cut := range cuts {
		err := r.Feed(doc[from:cut], cut == len(doc))
		after = append(after, r.Releasable())
		if from = cut; err != nil {
			break
		}
	}
	return after
}

// damaged returns a copy of doc with a bit of one byte turned, or none.
func damaged(doc []byte, at int, bit uint) []byte {
	doc = bytes.Clone(doc)
	if at < len(doc) {
		doc[at] ^= 1 << bit
	}
	return doc
}

// A Reader with a memo of all requests before, or of some, reads each request as
// a Reader without one.
func TestMemoChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	off, cases := newReader(xmltext.MemoOff), shortCases(t)
	used := []*Reader{newReader(xmltext.MemoAll), newReader(xmltext.MemoSome)}
	for range 4000 {
		c := cases[random.IntN(len(cases))]
		service := c.Service
		if random.IntN(8) == 0 {
			service = serviceCodes[random.IntN(len(serviceCodes))]
		}
		doc := damaged(c.Doc, random.IntN(2*len(c.Doc)+1), random.UintN(7))
		whole := []int{len(doc)}
		want := feedRequest(t, off, service, doc, whole)
		for _, r := range used {
			if got := feedRequest(t, r, service, doc, whole); got != want {
				t.Fatalf("%s as %s (-off +used):\n%s", c.Name, service, cmp.Diff(want, got))
			}
		}
	}
}

// However requests are cut, the bytes that may leave after each window do not depend on
// the memo.
func TestMemoReleasesTheSame(t *testing.T) {
	off, all, cases := newReader(xmltext.MemoOff), newReader(xmltext.MemoAll), shortCases(t)
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "requests") {
			c := rapid.SampledFrom(cases).Draw(t, "case")
			at := rapid.IntRange(0, 2*len(c.Doc)).Draw(t, "damaged at")
			doc := damaged(c.Doc, at, rapid.UintRange(0, 6).Draw(t, "bit"))
			cuts := rapid.SliceOfN(rapid.IntRange(0, len(doc)), 0, 8).Draw(t, "cuts")
			slices.Sort(cuts)
			cuts = append(cuts, len(doc))
			want, got := released(off, c.Service, doc, cuts), released(all, c.Service, doc, cuts)
			if !slices.Equal(want, got) {
				t.Fatalf("%s cut at %v: %v bytes without a memo, %v with one", c.Name, cuts, want,
					got)
			}
		}
	})
}

// A block of the SOAP Header that must be understood is found in each request.
func TestDemandsAreFoundEachTime(t *testing.T) {
	r := newReader(xmltext.MemoAll)
	body := bytes.TrimSpace(requestFile(t, "e05.xml"))
	doc := slices.Concat([]byte(`<s:Envelope xmlns:s="`+NSEnvelope+`"><s:Header>`+
		`<a:Token xmlns:a="urn:a" s:mustUnderstand="1"/></s:Header><s:Body>`), body,
		[]byte(`</s:Body></s:Envelope>`))
	for range 3 {
		r.Reset(ServiceByCode("E05"))
		if err := r.Feed(doc, true); err != nil || r.Head().Demanded != "Token" {
			t.Errorf("%v, demanded %q", err, r.Head().Demanded)
		}
	}
}

// The beginning of a request that came before is not read again. The beginning of
// another request, or of one for another service, is.
func TestBeginningsAreResumed(t *testing.T) {
	r, doc := newReader(xmltext.MemoAll), requestFile(t, "e05.xml")
	begun := int64(bytes.Index(doc, []byte("<abs:ZadostInfo>")) + len("<abs:ZadostInfo>"))
	resumed := func(code string, doc []byte) int {
		r.Reset(ServiceByCode(code))
		return r.resume(doc)
	}
	if n := resumed("E05", doc); n != 0 {
		t.Errorf("a new Reader resumed after %d bytes", n)
	}
	r.Reset(ServiceByCode("E05"))
	if err := r.Feed(doc, true); err != nil {
		t.Fatal(err)
	}
	if n := resumed("E05", doc); int64(n) != begun || r.Releasable() != begun {
		t.Errorf("resumed after %d bytes, %d may leave, want %d", n, r.Releasable(), begun)
	}
	if n := resumed("E198", doc); n != 0 {
		t.Errorf("as a request for another service, resumed after %d bytes", n)
	}
	if n := resumed("E05", doc[:begun-1]); n != 0 {
		t.Errorf("resumed after %d bytes of a window that is shorter", n)
	}
}
