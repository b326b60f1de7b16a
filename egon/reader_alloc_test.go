//go:build !race

package egon

import (
	"slices"
	"testing"
)

// splitStep and longSplits are the offsets at which forEachCut cuts: every one, and
// the number of cuts of a long document.
const (
	splitStep  = 1
	longSplits = 400
)

// adversity is the number of repetitions of an adversary.
const adversity = 50_000

// Reading and checking a request does not allocate, nor does looking up its service and
// its words.
func TestReaderAllocations(t *testing.T) {
	r := NewReader(DefaultBounds())
	for _, tt := range []struct{ code, file string }{
		{"E198", "e198.xml"}, {"E198", "e198-bare.xml"}, {"E227", "e227.xml"}, {"E05", "e05.xml"},
		{"E100", "e100.xml"},
	} {
		doc, code := requestFile(t, tt.file), []byte(tt.code)
		allocs := testing.AllocsPerRun(100, func() {
			r.Reset(ServiceByCode(code))
			for from := 0; from < len(doc); from += 1000 {
				to := min(from+1000, len(doc))
				if err := r.Feed(doc[from:to], to == len(doc)); err != nil {
					t.Fatal(err)
				}
			}
			if o := r.Head().Check(); o != nil {
				t.Fatal(o)
			}
			for _, w := range r.Head().Items {
				_ = ItemRegister(w.Text)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.file, allocs)
		}
	}
}

func TestReplyReaderAllocations(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	doc := []byte(replyOpen + "<e:ElementWithANameThatIsLongerThanTheBufferOfTheStack/>" +
		replyWarning + replyClose)
	allocs := testing.AllocsPerRun(100, func() {
		r.Reset(ServiceByCode("E198"))
		if err := r.Feed(doc, true); err != nil || r.Kod() != Varovani {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

// Collecting the items of a reply does not allocate, nor does asking for their words.
func TestReturnedAllocations(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for _, tt := range returnedExamples {
		doc := replyWith(tt.code, tt.inner)
		words := make([]string, 0, 32)
		allocs := testing.AllocsPerRun(100, func() {
			r.Reset(ServiceByCode(tt.code))
			for from := 0; from < len(doc); from += 1000 {
				to := min(from+1000, len(doc))
				if err := r.Feed(doc[from:to], to == len(doc)); err != nil {
					t.Fatal(err)
				}
			}
			words = slices.AppendSeq(words[:0], r.Returned().Words())
		})
		if allocs != 0 {
			t.Errorf("%s %s: %v allocations, want 0", tt.code, tt.name, allocs)
		}
	}
}
