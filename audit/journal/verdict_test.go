package journal

import (
	"strings"
	"testing"
)

// whole verifies a journal that must be whole.
func whole(t *testing.T, dir string, o *Options) *Verdict {
	t.Helper()
	v, err := Verify(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if v.Broken != nil {
		t.Fatalf("broken: %v", v.Broken)
	}
	return v
}

func TestVerifyAnUntouchedJournal(t *testing.T) {
	m := newMaker("g1", testKey(1))
	m.records(5).next(Sealed, "").records(3).next(Crashed, `{"seq":`).records(2)
	m.next(Failed, "x\n\x00").records(1).end(Sealed, "")
	v := whole(t, m.write(t), &Options{})
	if v.Records != 11 || v.Segments != 4 || v.First != 1 || v.Last != 17 {
		t.Errorf("%+v", v)
	}
	t.Log(strings.Join(v.Notes, "\n"))
}

func TestVerifyAJournalWhoseBeginningWasDeleted(t *testing.T) {
	m := newMaker("g1", nil)
	m.records(5).next(Sealed, "").records(3).next(Crashed, "").records(2)
	m.remove().remove().next(Sealed, "").records(1)
	v := whole(t, m.write(t), &Options{})
	if v.Records != 5 || v.Segments != 2 || v.First != 12 {
		t.Errorf("%+v", v)
	}
	want := "numbers 1 to 11 were deleted, the last of them at 2026-11-29T08:00:"
	if !strings.HasPrefix(v.Notes[0], want) {
		t.Errorf("notes: %q", v.Notes)
	}
}
