//go:build !race

package xmltext

import "testing"

// A scanner that is used again allocates nothing, however the document is cut.
func TestAllocations(t *testing.T) {
	odd := []byte(
		"\xEF\xBB\xBF<?xml version='1.0'?><!--c--><a xmlns:p='urn:&#116;' p:b='\r\n&lt;'>x&amp;\r\n<![CDATA[y]]]><?t u?><p:c/></a>")
	s := NewScanner(DefaultBounds())
	for name, doc := range map[string][]byte{"request": request, "odd": odd,
		"dense": dense(64 << 10)} {
		for _, size := range []int{len(doc), 1000, 7, 1} {
			if n := testing.AllocsPerRun(3, func() {
				if err := scan(s, doc, size); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s in windows of %d: %v allocations", name, size, n)
			}
		}
	}
}
