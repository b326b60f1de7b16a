//go:build !race

package egon

import (
	"slices"
	"strings"
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
		{"E100", "e100.xml"}, {"X11", "messages/x11.xml"}, {"O08", "messages/o08.xml"},
		{"X21", "messages/x21.xml"}, {"G27", "messages/g27.xml"},
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

// Judging a reply does not allocate, nor does removing items from it.
func TestFilterAllocations(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for _, tt := range filteredReplies {
		doc := replyHeaded(tt.code, tt.info, tt.inner)
		if strings.Contains(tt.removed, "?") || strings.Contains(tt.name, "more than text") {
			continue // the name of an unknown element, and a list that is written anew
		}
		for _, rule := range []ReturnedRule{ObserveReturned, FilterReturned} {
			e := Expectation{Rule: rule, Rights: granted(tt.granted)}
			allocs := testing.AllocsPerRun(100, func() {
				r.Reset(ServiceByCode(tt.code))
				r.Expect(e)
				if err := r.Feed(doc, true); err != nil {
					t.Fatal(err)
				}
				r.Leave(len(r.Edits()))
			})
			if allocs != 0 {
				t.Errorf("%s %s, %s: %v allocations, want 0", tt.code, tt.name, rule, allocs)
			}
		}
	}
}

// A photo that is removed is given up as it comes, and edits that have left are forgotten.
func TestFilteringHoldsNothing(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for _, tt := range []struct {
		code string
		doc  []byte
	}{
		{"E198", photoReply(4 << 20)},
		{"E08", personsReply("E08", 10000)},
	} {
		r.Reset(ServiceByCode(tt.code))
		r.Expect(Expectation{Rule: FilterReturned, Rights: granted("")})
		const window = 32 << 10
		for from := 0; from < len(tt.doc); from += window {
			to := min(from+window, len(tt.doc))
			if err := r.Feed(tt.doc[from:to], to == len(tt.doc)); err != nil {
				t.Fatal(err)
			}
			r.Seal()
			if held := int64(to) - r.Releasable(); held > 1<<10 {
				t.Fatalf("%s: %d bytes are held at byte %d", tt.code, held, to)
			}
			r.Leave(len(r.Edits()))
		}
		if n := cap(r.items.edits.list); n > 4*window/len("<rod:Jmeno>x</rod:Jmeno>") {
			t.Errorf("%s: room for %d edits is left", tt.code, n)
		}
		if r.Removed().Empty() {
			t.Errorf("%s: nothing was removed", tt.code)
		}
	}
}
