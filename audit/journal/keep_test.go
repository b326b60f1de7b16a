package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// folderOf is the names of the files in a folder.
func folderOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A pen is the journal that a Keeper writes its records to; they become durable late.
type pen struct {
	*maker
	err     error
	durable uint64
}

func (p *pen) Append(fields []byte, await bool) (uint64, error) {
	if p.err != nil {
		return 0, p.err
	}
	p.line(raw("{"+string(fields)+"}"), false)
	return p.seq, nil
}

func (p *pen) Durable() (uint64, hash) { return p.durable, hash{} }

type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// journalOf makes a journal of four closed segments and an open one.
func journalOf() *maker {
	m := newMaker("g1", testKey(1))
	for range 4 {
		m.records(3).next(Sealed, "")
	}
	return m.records(2)
}

// A segment goes when its time is over, a record of that is on the disk, and it is the oldest
// of the closed ones.
func TestSegmentsAreDeletedAfterTheirTime(t *testing.T) {
	m := journalOf()
	p := &pen{maker: m}
	dir := t.TempDir()
	put(t, dir, m.files)
	open := segmentName(m.first)
	put(t, dir, map[string]string{open: m.text.String()})
	var events []string
	k := newKeeper(KeepConfig{Dir: dir, Keep: time.Hour, Event: func(e Event) {
		events = append(events, string(e.What)+" "+e.Segment)
	}}, p)
	pass := func(now time.Time) []string {
		k.now = func() time.Time { return now }
		if err := k.pass(t.Context()); err != nil {
			t.Error(err)
		}
		return folderOf(t, dir)
	}
	all := folderOf(t, dir)
	third := time.Time{}
	for _, s := range mustList(t, dir)[2:3] {
		h, err := s.Header()
		if err != nil {
			t.Fatal(err)
		}
		third = h.Time
	}
	if got := pass(third.Add(time.Hour - time.Minute)); !cmp.Equal(got, all) || len(events) > 0 {
		t.Errorf("before its time: %v, %v", got, events)
	}
	if got := pass(third.Add(time.Hour)); !cmp.Equal(got, all) {
		t.Errorf("before the record is durable: %v", got)
	}
	p.durable = p.seq - 1
	if got := pass(third.Add(time.Hour)); !cmp.Equal(got, all) {
		t.Errorf("when the line before the record is durable: %v", got)
	}
	p.durable = p.seq
	for range 2 {
		pass(third.Add(time.Hour))
		p.durable = p.seq
	}
	if got := folderOf(t, dir); !cmp.Equal(got, all[2:]) {
		t.Errorf("after the time of two segments: %v", got)
	}
	put(t, dir, map[string]string{open: m.text.String()})
	if v := whole(t, dir, &Options{}); v.First != 11 || !strings.HasPrefix(v.Notes[1], "numbers 1 to 10 were deleted") {
		t.Errorf("%+v", v)
	}
	for range 10 {
		pass(third.Add(1000 * time.Hour))
		p.durable = p.seq
	}
	if got := folderOf(t, dir); !cmp.Equal(got, []string{open}) {
		t.Errorf("the open segment alone is kept for ever: %v", got)
	}
	if len(events) != 4 {
		t.Errorf("events: %q", events)
	}
}

func mustList(t *testing.T, dir string) []Segment {
	t.Helper()
	listing, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return listing.Segments
}

// Nothing is deleted that cannot be recorded, or whose successor is another segment's.
func TestSegmentsStayWithoutARecord(t *testing.T) {
	m := journalOf()
	p := &pen{maker: m, err: errors.New("the disk is full")}
	dir := t.TempDir()
	put(t, dir, m.files)
	before := folderOf(t, dir)
	k := newKeeper(KeepConfig{Dir: dir, Keep: time.Second}, p)
	if err := k.pass(t.Context()); !errors.Is(err, p.err) {
		t.Errorf("pass: %v", err)
	}
	p.err = nil
	segments := mustList(t, dir)
	if err := os.Remove(segments[1].Path); err != nil {
		t.Fatal(err)
	}
	if err := k.pass(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing is deleted") {
		t.Errorf("pass over a gap: %v", err)
	}
	if got := folderOf(t, dir); len(got) != len(before)-1 {
		t.Errorf("%v", got)
	}
}

// All closed segments but the newest are compressed, and the journal stays whole.
func TestSegmentsAreCompressed(t *testing.T) {
	m := journalOf()
	p := &pen{maker: m}
	dir := m.write(t)
	var size int64
	k := newKeeper(KeepConfig{Dir: dir, Compress: true, CompressAfter: time.Hour, Event: func(e Event) { size = e.Bytes }}, p)
	now := m.now.Add(-time.Minute)
	k.now = func() time.Time { return now }
	before := folderOf(t, dir)
	if err := k.pass(t.Context()); err != nil || !cmp.Equal(before, folderOf(t, dir)) {
		t.Errorf("too early: %v, %v", folderOf(t, dir), err)
	}
	now = m.now.Add(time.Hour)
	if err := k.pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := append([]string{}, before...)
	for i := range 3 {
		want[i] += ".zst"
	}
	got := folderOf(t, dir)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	info, err := os.Stat(filepath.Join(dir, got[2]))
	if err != nil || info.Mode().Perm() != fileMode || info.Size() != size {
		t.Errorf("%v, %v; the event says %d bytes", info, err, size)
	}
	whole(t, dir, &Options{})
}

// Compression that was interrupted anywhere leaves a whole journal, and is done again.
func TestInterruptedCompression(t *testing.T) {
	name := segmentName(1)
	for state, leave := range map[string]func(plain string) map[string]string{
		"while it wrote":             func(string) map[string]string { return map[string]string{name + ".zst.tmp": "half"} },
		"before the plain file went": func(p string) map[string]string { return map[string]string{name + ".zst": compressed(t, p)} },
		"with a wrong file":          func(string) map[string]string { return map[string]string{name + ".zst": "half"} },
	} {
		m := journalOf()
		dir := m.write(t)
		put(t, dir, leave(m.files[name]))
		whole(t, dir, &Options{})
		k := newKeeper(KeepConfig{Dir: dir, Compress: true}, &pen{maker: m})
		if err := k.pass(t.Context()); err != nil {
			t.Errorf("interrupted %s: %v", state, err)
		}
		if got := folderOf(t, dir); got[0] != name+".zst" || len(got) != 5 {
			t.Errorf("interrupted %s: %v", state, got)
		}
		v := whole(t, dir, &Options{})
		if v.Segments != 5 {
			t.Errorf("interrupted %s: %+v", state, v)
		}
	}
	m := journalOf()
	dir := m.write(t)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := compress(ended, mustList(t, dir)[0]); !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	whole(t, dir, &Options{})
}

// A compressed file whose name is taken does not replace the plain one, and nothing is left
// of it.
func TestCompressionThatFails(t *testing.T) {
	m := journalOf()
	dir := m.write(t)
	if err := os.MkdirAll(filepath.Join(dir, segmentName(1)+".zst", "x"), 0o750); err != nil {
		t.Fatal(err)
	}
	failsToCompress(t, dir, m, "file exists")
}

// failsToCompress compresses the first segment of a folder, where that must fail.
func failsToCompress(t *testing.T, dir string, m *maker, want string) {
	t.Helper()
	s := mustList(t, dir)[0]
	if _, err := compress(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := os.Lstat(s.Path + ".zst" + extMaking); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the unfinished file is there: %v", err)
	}
	if text, err := os.ReadFile(s.Path); err != nil || string(text) != m.files[segmentName(1)] {
		t.Errorf("the plain file has changed: %v", err)
	}
}

// What was written is compared with what it reads as.
func TestCompressedTextIsThatOfThePlainFile(t *testing.T) {
	m := journalOf()
	s := mustList(t, m.write(t))[0]
	made := s.Path + ".zst"
	sum, err := writeCompressed(t.Context(), s.Path, made)
	if err != nil || sum != sha256.Sum256([]byte(m.files[segmentName(1)])) {
		t.Errorf("written: %x, %v", sum, err)
	}
	if again, err := readCompressed(t.Context(), made); err != nil || again != sum {
		t.Errorf("read: %x, %v, want %x", again, err, sum)
	}
	put(t, filepath.Dir(made), map[string]string{filepath.Base(made): compressed(t, "another text")})
	if again, err := readCompressed(t.Context(), made); err != nil || again == sum {
		t.Errorf("another text reads the same: %v", err)
	}
	if _, err := readCompressed(t.Context(), s.Path); err == nil {
		t.Error("a plain file is read as a compressed one")
	}
}

// A journal that is written is kept by a Keeper, and stays whole.
func TestKeeperOfAJournal(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(Config{Dir: dir, Gateway: "g1", Key: testKey(1), Size: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := j.Append([]byte(`"type":"test","text":"`+strings.Repeat("x", 200)+`"`), true); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan Event, 100)
	k := StartKeeper(KeepConfig{Dir: dir, Compress: true, Event: func(e Event) { done <- e }}, j)
	if e := <-done; e.What != SegmentCompressed {
		t.Errorf("%+v", e)
	}
	k.Close()
	k = StartKeeper(KeepConfig{Dir: dir, Keep: time.Nanosecond, Event: func(e Event) { done <- e }}, j)
	for e := range done {
		if e.What == SegmentDeleted && len(mustList(t, dir)) < 3 {
			break
		}
	}
	k.Close()
	v := whole(t, dir, &Options{})
	if v.First == 1 || len(v.Notes) == 0 {
		t.Errorf("%+v", v)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole(t, dir, &Options{})
}
