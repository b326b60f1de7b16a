package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// crashedJournal returns a folder with one segment that has no seal, and its text. Each
// of its five records was on the disk before the next was written.
func crashedJournal(t testing.TB) (dir string, text []byte) {
	t.Helper()
	dir = t.TempDir()
	j := opened(t, Config{Dir: dir})
	for n := range 5 {
		appended(t, j, fmt.Sprintf("r%d", n))
	}
	path := filepath.Join(dir, segmentName(1))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, j)
	dir = t.TempDir()
	leave(t, dir, text)
	return dir, text
}

// leave leaves the text of the first segment as a crash would.
func leave(t testing.TB, dir string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, segmentName(1)), text, fileMode); err != nil {
		t.Fatal(err)
	}
}

func TestEndOfASegmentIsFoundAtTheStart(t *testing.T) {
	_, whole := crashedJournal(t)
	lines := bytes.SplitAfter(whole, []byte("\n")) // header, r0 … r4, nothing
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	to := func(n int) []byte { return join(lines[:n]...) }
	zeros := make([]byte, 4096)
	edited := bytes.Replace(lines[3], []byte("r2"), []byte("XX"), 1)
	unconfirmed := bytes.Replace(lines[5], []byte(`,"synced":5`), nil, 1)
	for _, c := range []struct {
		name  string
		text  []byte
		cause string
		good  int // lines
		void  bool
	}{
		{"between two lines", whole, Crashed, 6, false},
		{"the header alone", to(1), Crashed, 1, false},
		{"a newline is missing", whole[:len(whole)-1], Crashed, 5, true},
		{"half a line", join(to(5), lines[5][:100]), Crashed, 5, true},
		{"one byte", join(to(5), []byte("{")), Crashed, 5, true},
		{"zeros", join(whole, zeros), Crashed, 6, true},
		{"zeros instead of a line", join(to(5), zeros[:len(lines[5])]), Crashed, 5, true},
		{"zeros and a newline", join(to(5), zeros[:100], []byte("\n")), Crashed, 5, true},
		{"many zeros", join(whole, make([]byte, 3<<20)), Crashed, 6, true},
		{"zeros within the last line", join(to(5), lines[5][:100], zeros[:10], lines[5][110:]), Crashed, 5, true},
		{"a hole before lines of the same batch", join(to(4), zeros[:len(lines[4])], unconfirmed), Crashed, 4, true},
		{"no line at all", join(to(6), []byte("\x00\xff\n\xfe\n")), Crashed, 6, true},

		{"a hole before lines that followed an fdatasync", join(to(4), zeros[:len(lines[4])], lines[5]), Damaged, 4, true},
		{"an edited line", join(to(3), edited, to(6)[len(to(4)):]), Damaged, 4, true},
		{"an edited line before the last", join(to(4), bytes.Replace(lines[4], []byte("r3"), []byte("XX"), 1), lines[5]),
			Damaged, 5, true},
		{"a missing line", join(to(3), lines[4], lines[5]), Damaged, 3, true},
		{"lines in another order", join(to(3), lines[4], lines[3], lines[5]), Damaged, 3, true},
		{"a line twice", join(to(4), lines[3], lines[4], lines[5]), Damaged, 4, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			leave(t, dir, c.text)
			var events []Event
			j := opened(t, Config{Dir: dir, Event: func(e Event) { events = append(events, e) }})
			next := appended(t, j, "next")
			closed(t, j)
			if after, _ := os.ReadFile(filepath.Join(dir, segmentName(1))); !bytes.Equal(after, c.text) {
				t.Error("the segment was changed")
			}
			chain := wholeChain(t, dir)
			header := chain[c.good]
			before := header.Before
			if header.Type != TypeSegment || before.Cause != c.cause || before.First != 1 ||
				before.Last != uint64(c.good) || before.Hash != header.Prev {
				t.Fatalf("%+v of line %s", before, header.raw)
			}
			size := int64(len(to(c.good)))
			if strings.Contains(c.name, "edited") {
				size = int64(len(c.text)) - before.Void.Bytes
			}
			if c.void != (before.Void != nil) || c.void && *before.Void != (Void{size, int64(len(c.text)) - size}) {
				t.Errorf("void %+v, good %d of %d bytes", before.Void, size, len(c.text))
			}
			if chain[next-1].Name != "next" {
				t.Errorf("line %d is %s", next, chain[next-1].raw)
			}
			if events[0].What != EndFound || events[0].Ending.Cause != c.cause || events[0].Segment != segmentName(1) {
				t.Errorf("the first event is %+v", events[0])
			}
		})
	}
}

func TestWhatFollowsASealIsDamage(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir})
	appended(t, j, "r")
	closed(t, j)
	path := filepath.Join(dir, segmentName(1))
	text, _ := os.ReadFile(path)
	for _, more := range []string{"", "x", "{}\n"} {
		dir := t.TempDir()
		leave(t, dir, append(text[:len(text):len(text)], more...))
		j := opened(t, Config{Dir: dir})
		closed(t, j)
		want := Sealed
		if more != "" {
			want = Damaged
		}
		header, err := Segment{Path: filepath.Join(dir, segmentName(4))}.Header()
		if err != nil || header.Before.Cause != want {
			t.Errorf("after %q: %v, %+v", more, err, header)
		}
	}
}

func TestSegmentThatWasBeingMadeIsRemoved(t *testing.T) {
	dir, _ := crashedJournal(t)
	made, foreign := segmentName(7)+extMaking, "day"+extIndex+extMaking
	for _, name := range []string{made, foreign} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"seq":7,`), fileMode); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, opened(t, Config{Dir: dir}))
	entries, _ := os.ReadDir(dir)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{segmentName(1), segmentName(7), foreign, lockName}; !slices.Equal(left, want) {
		t.Errorf("the folder holds %v, want %v", left, want)
	}
}

// Any segment is refused with a sentence, or continued by a header that
// tells the truth about it. Nothing of it is changed.
func FuzzEndOfASegment(f *testing.F) {
	_, whole := crashedJournal(f)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(bytes.Join(lines[:3], nil))
	f.Add(bytes.Join([][]byte{lines[0], lines[1], make([]byte, 100), lines[3], lines[4]}, nil))
	f.Add(bytes.Join([][]byte{lines[0], lines[2], lines[1], lines[3]}, nil))
	f.Add(bytes.Replace(whole, []byte("r2"), []byte("XX"), 1))
	f.Add(bytes.Replace(whole, []byte(`"type":"test"`), []byte(`"type":"seal"`), 1))
	f.Add([]byte("{}\n"))
	f.Add([]byte{})
	begin := whole[:bytes.Index(whole, []byte(`"type"`))]
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.HasPrefix(text, begin) {
			text = append(begin[:len(begin):len(begin)], text...) // another one is no matter of the end
		}
		dir := quickDir(t)
		leave(t, dir, text)
		j, err := Open(Config{Dir: dir})
		if err != nil {
			if !strings.Contains(err.Error(), segmentName(1)) {
				t.Errorf("the sentence does not name the file: %v", err)
			}
			return
		}
		closed(t, j)
		if after, _ := os.ReadFile(filepath.Join(dir, segmentName(1))); !bytes.Equal(after, text) {
			t.Error("the segment was changed")
		}
		listing, err := List(dir)
		if err != nil {
			t.Fatal(err)
		}
		header, err := listing.Segments[1].Header()
		if err != nil {
			t.Fatal(err)
		}
		before, size, hash := header.Before, 0, strings.Repeat("0", 64)
		for n, line := range bytes.SplitAfter(text, []byte("\n")) {
			if n == int(before.Last) {
				break
			}
			if !bytes.HasPrefix(line, fmt.Appendf(nil, `{"seq":%d,"prev":"%s",`, n+1, hash)) || !json.Valid(line) {
				t.Errorf("line %d counts: %q", n+1, line)
			}
			hash = fmt.Sprintf("%x", sha256.Sum256(bytes.TrimSuffix(line, []byte("\n"))))
			size += len(line)
		}
		void := Void{int64(size), 0}
		if before.Void != nil {
			void = *before.Void
		}
		if before.First != 1 || before.Hash != hash || listing.Segments[1].First != before.Last+1 ||
			void != (Void{int64(size), int64(len(text) - size)}) {
			t.Errorf("%+v, void %+v, after %d of %d bytes", before, void, size, len(text))
		}
	})
}
