package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// files are those of a journal, by name.
type files map[string]string

// with is the files with another text of one.
func (f files) with(name, text string) files {
	f = maps.Clone(f)
	f[name] = text
	return f
}

// without is the files without one.
func (f files) without(name string) files {
	f = maps.Clone(f)
	delete(f, name)
	return f
}

// names are the names of the files, in order.
func (f files) names() []string { return slices.Sorted(maps.Keys(f)) }

// verify verifies the journal that the files are.
func (f files) verify(o *Options) (*Verdict, error) {
	listing, folder := &Listing{}, fstest.MapFS{}
	for _, name := range f.names() {
		first, compressed, ok := parseName(name)
		if !ok {
			listing.Foreign = append(listing.Foreign, name)
			continue
		}
		folder[name] = &fstest.MapFile{Data: []byte(f[name])}
		listing.Segments = append(listing.Segments, Segment{
			First: first, Path: name, Compressed: compressed, Size: int64(len(f[name])), files: folder,
		})
	}
	return verifyListing("", listing, o)
}

// prove is what the journal proved to be: "whole", the line of its break, or an error.
func (f files) prove(o *Options) string {
	v, err := f.verify(o)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case v.Broken != nil:
		return fmt.Sprintf("%s:%d", v.Broken.Path, v.Broken.Line)
	}
	return "whole"
}

// small is a journal with all that a journal has, signed or not.
func small(key ed25519.PrivateKey) *maker {
	m := newMaker("g1", key)
	m.records(2).next(Sealed, "").records(2).next(Crashed, `{"seq":`).records(1)
	return m.next(Failed, `{"s`).records(1).end(Sealed, "")
}

// Of each changed byte the line is named. Bytes that are void count nowhere. Without a
// key nothing holds the last line, a seal, save its own form.
func TestEachByte(t *testing.T) {
	for _, c := range []struct {
		name   string
		key    ed25519.PrivateKey
		unheld bool // the last line
	}{
		{"signed", testKey(1), false},
		{"unsigned", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files(small(c.key).files)
			names := f.names()
			for n, name := range names {
				text := f[name]
				void := strings.LastIndexByte(text, '\n') + 1
				for at := range len(text) {
					want := fmt.Sprintf("%s:%d", name, 1+strings.Count(text[:at], "\n"))
					if at >= void {
						want = "whole"
					}
					last := n == len(names)-1 && at >= strings.LastIndexByte(text[:len(text)-1], '\n')+1
					changed := []byte(text)
					changed[at] ^= []byte{0x01, 0x20}[at%2]
					got := f.with(name, string(changed)).prove(&Options{})
					if got != want && !(last && c.unheld && unheldAt(text, at, got)) {
						t.Errorf("byte %d of %s, %q to %q: %s, want %s",
							at, name, text[at], changed[at], got, want)
					}
				}
			}
		})
	}
}

// unheldAt reports whether a verdict is what can be said of a byte in the last line of a
// journal without a key. Nothing holds what it says: "whole". Its hash of the line before
// contradicts that line, and either may have been changed.
func unheldAt(text string, at int, verdict string) bool {
	line := strings.LastIndexByte(text[:len(text)-1], '\n') + 1
	if at >= line+strings.Index(text[line:], `"type"`) {
		return verdict == "whole"
	}
	number := strings.Count(text[:line], "\n")
	return strings.HasSuffix(verdict, fmt.Sprintf(":%d", number))
}

// Each change of a line is named at the line. The signed journal is sealed at its end,
// so that its last line is held as well.
func TestEachLine(t *testing.T) {
	f := files(small(testKey(1)).files)
	for n, name := range f.names() {
		text := f[name]
		void := text[strings.LastIndexByte(text, '\n')+1:]
		lines := strings.SplitAfter(strings.TrimSuffix(text, void), "\n")
		lines = lines[:len(lines)-1]
		last := n == len(f)-1
		for i := range lines {
			at := func(line int) string { return fmt.Sprintf("%s:%d", name, line) }
			try := func(what, want string, changed ...[]string) {
				t.Helper()
				text := strings.Join(slices.Concat(changed...), "") + void
				if got := f.with(name, text).prove(&Options{}); got != want {
					t.Errorf("line %d of %s %s: %s, want %s", i+1, name, what, got, want)
				}
			}
			removed := at(i + 1)
			if last && i == len(lines)-1 {
				removed = "whole" // as after a crash: copies show it, see TestCopiesShowARemovedEnd
			}
			if len(lines) > 1 {
				try("removed", removed, lines[:i], lines[i+1:])
			}
			added := at(i + 2)
			if void == `{"s` && i == len(lines)-1 {
				added = "whole" // more of a write that failed may come to the disk later
			}
			try("repeated", added, lines[:i+1], lines[i:])
			try("with a blank line after it", added, lines[:i+1], []string{"\n"}, lines[i+1:])
			try("with a foreign line after it", added, lines[:i+1], []string{"# a note\n"}, lines[i+1:])
			try("replaced", at(i+1), lines[:i], []string{"{}\n"}, lines[i+1:])
			try("with a blank", at(i+1), lines[:i], []string{strings.Replace(lines[i], ",", ", ", 1)}, lines[i+1:])
			if i+1 < len(lines) {
				try("swapped with the next", at(i+1), lines[:i], lines[i+1:i+2], lines[i:i+1], lines[i+2:])
			}
		}
	}
}

// A segment that is cut off is named where it ends. The last one may end anywhere, since its
// gateway may have crashed.
func TestEachCut(t *testing.T) {
	f := files(small(testKey(1)).files)
	for n, name := range f.names() {
		text := f[name]
		void := strings.LastIndexByte(text, '\n') + 1
		for at := range text {
			want := fmt.Sprintf("%s:%d", name, 1+strings.Count(text[:at], "\n"))
			header := strings.IndexByte(text, '\n')
			if at >= void && text[void:] == `{"s` || n == len(f)-1 && at > header {
				want = "whole"
			}
			if got := f.with(name, text[:at]).prove(&Options{}); got != want {
				t.Errorf("%s cut at byte %d: %s, want %s", name, at, got, want)
			}
		}
	}
}

// Each change of a segment is named at it, or at the one that misses it.
func TestEachSegment(t *testing.T) {
	f := files(small(testKey(1)).files)
	names := f.names()
	key := &Options{Keys: []ed25519.PublicKey{public(testKey(1))}}
	for i, name := range names {
		try := func(what, want string, changed files, o *Options) {
			t.Helper()
			if got := changed.prove(o); got != want {
				t.Errorf("%s %s: %s, want %s", name, what, got, want)
			}
		}
		missed := "whole" // the end of a journal: copies show it
		if i+1 < len(names) {
			missed = names[i+1] + ":1"
		}
		try("removed", missed, f.without(name), &Options{})
		try("renamed", missed, f.without(name).with("old-"+name, f[name]), &Options{})
		lower := segmentName(uint64(500))
		try("renamed to another number", first(missed, lower+":1", i), f.without(name).with(lower, f[name]), &Options{})
		try("copied", lower+":1", f.with(lower, f[name]), &Options{})
		if i+1 < len(names) {
			swapped := f.with(name, f[names[i+1]]).with(names[i+1], f[name])
			try("swapped with the next", name+":1", swapped, &Options{})
		}
		other := small(testKey(2))
		other.gateway = "g2"
		try("of another key", name+":1", f.with(name, other.files[name]), key)
	}
}

// first is the one of two places that a verifier comes to first. That the beginning of a
// journal is gone it knows when it has looked for a record of that in all segments.
func first(a, b string, removed int) string {
	if a == "whole" || removed == 0 {
		return b
	}
	return a
}

// Lines that no fdatasync had confirmed before the disk failed may be missing: that is no
// break, and a note says so. A line that was confirmed may not.
func TestUnconfirmedLinesMayBeMissing(t *testing.T) {
	m := newMaker("g1", testKey(1)).records(5)
	m.end(Failed, "")
	m.before.Unsynced = 4
	m.begin()
	m.records(1).end(Sealed, "")
	f := files(m.files)
	name := segmentName(1)
	lines := strings.SplitAfter(f[name], "\n")
	for kept, want := range []string{2: name + ":3", 3: "whole", 4: "whole", 5: "whole", 6: "whole"} {
		if want == "" {
			continue
		}
		for what, after := range map[string]string{"cut": "", "lost pages": "\x00\x00\x00\n\x00"} {
			if kept == 6 && after != "" {
				continue // the disk did not fail these
			}
			text := strings.Join(lines[:kept], "") + after
			if got := f.with(name, text).prove(&Options{}); got != want {
				t.Errorf("%d lines are kept, %s: %s, want %s", kept, what, got, want)
			}
		}
	}
	v, err := f.with(name, strings.Join(lines[:4], "")).verify(&Options{})
	if err != nil || !slices.Contains(v.Notes, name+": numbers 5 to 6 are lost: the disk failed before it had confirmed them") {
		t.Errorf("%+v, %v", v, err)
	}
}

// A damage that the writer found at its start is a break, at the line that shows it.
func TestDamageThatTheWriterFound(t *testing.T) {
	m := newMaker("g1", testKey(1)).records(3)
	text := strings.Replace(m.text.String(), `"what":"xx"`, `"what":"yy"`, 1) // number 3
	lines := strings.SplitAfter(text, "\n")
	last := strings.TrimSuffix(lines[2], "\n")
	m.seq, m.prev = 3, sha256.Sum256([]byte(last))
	m.text.Reset()
	m.text.WriteString(strings.Join(lines[:3], ""))
	m.next(Damaged, lines[3]).records(1).end(Sealed, "")
	f := files(m.files)
	name := segmentName(1)
	if got := f.prove(&Options{}); got != name+":3" {
		t.Errorf("edited before the start: %s", got)
	}
	cut := newMaker("g1", testKey(1)).records(3)
	cut.next(Damaged, "").records(1).end(Sealed, "")
	if got := files(cut.files).prove(&Options{}); got != name+":5" {
		t.Errorf("cut before the start: %s", got)
	}
}

// An edit in a crashed segment that nobody sealed shows as long as a line follows it.
func TestEditsInAnOpenSegment(t *testing.T) {
	m := newMaker("g1", testKey(1)).records(4)
	m.close()
	name := segmentName(1)
	text := m.files[name]
	for at := range text {
		line := 1 + strings.Count(text[:at], "\n")
		changed := []byte(text)
		changed[at] ^= 1
		got := files{name: string(changed)}.prove(&Options{})
		want := fmt.Sprintf("%s:%d", name, line)
		held := line < 5 || at < strings.LastIndex(text, `"type"`) || at == len(text)-1
		switch {
		case held && got != want && !(line == 5 && got == name+":4"):
			t.Errorf("byte %d: %s, want %s", at, got, want)
		case !held && got != want && got != "whole":
			t.Errorf("byte %d of the last line: %s", at, got)
		}
	}
}
