package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// put writes files to a folder.
func put(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// compressed is a text as a compressed segment holds it.
func compressed(t interface {
	Helper()
	Fatal(args ...any)
}, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{
		"00000000000000000100.jsonl":         "b",
		"00000000000000000001.jsonl.zst":     "a",
		"00000000000000000100.jsonl.zst":     "twin",
		"00000000000000000200.jsonl.zst.tmp": "being made",
		"lock":                               "",
		"g1.index":                           "",
		"00000000000000000000.jsonl":         "no segment begins with line 0",
		"100.jsonl":                          "",
		"00000000000000000100.jsonl.bak":     "",
		"-0000000000000000001.jsonl":         "",
		"99999999999999999999.jsonl":         "no number of 64 bits",
		"notes.txt":                          "",
	})
	if err := os.Mkdir(filepath.Join(dir, "00000000000000000300.jsonl"), 0o750); err != nil {
		t.Fatal(err)
	}
	got, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	want := &Listing{
		Segments: []Segment{
			{First: 1, Path: in("00000000000000000001.jsonl.zst"), Compressed: true, Size: 1},
			{First: 100, Path: in("00000000000000000100.jsonl"), Size: 1},
		},
		Twins: []string{in("00000000000000000100.jsonl.zst")},
		Foreign: []string{
			in("-0000000000000000001.jsonl"), in("00000000000000000000.jsonl"),
			in("00000000000000000100.jsonl.bak"), in("00000000000000000300.jsonl"),
			in("100.jsonl"), in("99999999999999999999.jsonl"), in("notes.txt"),
		},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Segment{})); d != "" {
		t.Error(d)
	}
	if _, err := List(in("none")); err == nil || err.Error() != "no journal: there is no folder "+in("none") {
		t.Errorf("a missing folder: %v", err)
	}
}

// lines reads a segment to its end.
func lines(t testing.TB, r *Reader) (list []string, err error) {
	t.Helper()
	for {
		line, err := r.Next()
		if err != nil {
			return list, err
		}
		list = append(list, string(line))
	}
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	text := "a\n\n" + long + "\nb\n" + strings.Repeat("y", readBytes) + "\nrest"
	want := append(strings.Split(text, "\n")[:5:5], "rest")
	for name, content := range map[string]string{
		"00000000000000000001.jsonl":     text,
		"00000000000000000001.jsonl.zst": compressed(t, text),
	} {
		dir := t.TempDir()
		put(t, dir, map[string]string{name: content})
		listing, err := List(dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err := listing.Segments[0].Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := lines(t, r)
		if err != io.EOF {
			t.Errorf("%s ends with %v", name, err)
		}
		if d := cmp.Diff(want, append(got, string(r.Rest()))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if r.Number() != 5 || r.Offset() != int64(len("a\n\n")+MaxLine+len("\nb\n")) {
			t.Errorf("%s: line %d at byte %d", name, r.Number(), r.Offset())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A segment that is being written can be followed, and one that was compressed or deleted
// after it was listed is found, or missed.
func TestReaderOfALivingJournal(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "00000000000000000001.jsonl")
	put(t, dir, map[string]string{filepath.Base(name): "a\nb"})
	listing, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	segment := listing.Segments[0]
	r, err := segment.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, _ := lines(t, r)
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("c\nd\n"); err != nil {
		t.Fatal(err)
	}
	second, _ := lines(t, r)
	if d := cmp.Diff([]string{"a", "bc", "d"}, append(first, second...)); d != "" {
		t.Error(d)
	}
	put(t, dir, map[string]string{filepath.Base(name) + ".zst": compressed(t, "a\nbc\nd\n")})
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	later, err := segment.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if got, _ := lines(t, later); len(got) != 3 {
		t.Errorf("the compressed segment has %d lines", len(got))
	}
	if err := os.Remove(name + ".zst"); err != nil {
		t.Fatal(err)
	}
	if _, err := segment.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the deleted segment: %v", err)
	}
}

func TestReaderRefuses(t *testing.T) {
	whole := compressed(t, strings.Repeat("line\n", 1000))
	for name, c := range map[string]struct{ content, want string }{
		"a line without end": {
			compressed(t, "a\n"+strings.Repeat("x", 8*MaxLine)),
			":2: it is longer than 1048576 bytes, and so no line of a journal",
		},
		"a damaged file": {whole[:len(whole)-2], "the compressed file is damaged: "},
		"no zstd":        {"no zstd at all", ":1: the compressed file is damaged: "},
	} {
		dir := t.TempDir()
		put(t, dir, map[string]string{"00000000000000000001.jsonl.zst": c.content})
		listing, err := List(dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err := listing.Segments[0].Open()
		if err != nil {
			t.Fatal(err)
		}
		_, err = lines(t, r)
		var at *ReadError
		if !errors.As(err, &at) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, again := r.Next(); again != err {
			t.Errorf("%s, read again: %v", name, again)
		}
		if cap(r.buf) > 4*MaxLine {
			t.Errorf("%s: %d bytes are held", name, cap(r.buf))
		}
		r.Close()
	}
}

func TestHeaderOfASegment(t *testing.T) {
	begin := `{"seq":1,"prev":"` + strings.Repeat("0", 64) + `","type":`
	for name, c := range map[string]struct{ text, want string }{
		"a header": {begin + `"segment","format":1,"gateway":"g1"}` + "\n", ""},
		"a newer one": {
			begin + `"segment","format":2,"version":"v9"}` + "\n",
			":1: format 2, written by brana v9; this program reads formats up to 1: use a newer one",
		},
		"a record":     {begin + `"intent"}` + "\n", ":1: it is no header of a segment"},
		"nothing":      {"", ":1: it has no header: it is empty or cut off"},
		"a torn one":   {begin, ":1: it has no header: it is empty or cut off"},
		"another file": {"GIF89a\n", ":1: it is no header of a segment"},
	} {
		dir := t.TempDir()
		put(t, dir, map[string]string{segmentName(1): c.text})
		listing, err := List(dir)
		if err != nil {
			t.Fatal(err)
		}
		header, err := listing.Segments[0].Header()
		switch {
		case c.want == "" && (err != nil || header.Gateway != "g1"):
			t.Errorf("%s: %v, %v", name, header, err)
		case c.want != "" && (err == nil || err.Error() != listing.Segments[0].Path+c.want):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseLine(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	for text, want := range map[string]bool{
		`{"seq":7,"prev":"` + hash + `","type":"intent","time":""}`: true,
		`{"seq":7,"prev":"` + hash + `","type":"x"}`:                true,
		``:                                     false,
		`{"seq":`:                              false,
		`{"seq":}`:                             false,
		`{"seq":7,"prev":"` + hash + `","type`: false,
		`{"seq":7,"prev":"` + hash + `","type":"x"`:                        false,
		`{"seq":07,"prev":"` + hash + `","type":"x"}`:                      false,
		`{"seq":0,"prev":"` + hash + `","type":"x"}`:                       false,
		`{"seq":77777777777777777777,"prev":"` + hash + `","type":"x"}`:    false,
		`{"seq":7, "prev":"` + hash + `","type":"x"}`:                      false,
		`{"seq":7,"prev":"` + strings.ToUpper(hash) + `","type":"x"}`:      false,
		`{"seq":7,"prev":"` + hash[:62] + `zz","type":"x"}`:                false,
		`{"seq":7,"prev":"` + hash[:60] + `","type":"x"}`:                  false,
		`{"prev":"` + hash + `","seq":7,"type":"x"}`:                       false,
		`{"seq":7,"prev":"` + hash + `","type":"unended}`:                  false,
		"\xef\xbb\xbf" + `{"seq":7,"prev":"` + hash + `","type":"intent"}`: false,
	} {
		l, ok := ParseLine([]byte(text))
		if ok != want || ok && (l.Seq != 7 || l.Prev[0] != 10) {
			t.Errorf("ParseLine(%s) = %v, %v, want %v", text, l, ok, want)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	line := `{"seq":7,"prev":"` + strings.Repeat("0a", 32) + `","type":"intent",` + strings.Repeat("x", 500) + "}\n"
	text := strings.Repeat(line, 20000)
	for name, content := range map[string]string{
		"00000000000000000001.jsonl":     text,
		"00000000000000000002.jsonl.zst": compressed(b, text),
	} {
		b.Run(strings.SplitN(name, ".", 2)[1], func(b *testing.B) {
			dir := b.TempDir()
			put(b, dir, map[string]string{name: content})
			listing, err := List(dir)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := listing.Segments[0].Open()
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = r.Next()
				}
				r.Close()
			}
		})
	}
}

// BenchmarkHeader reads the header of a compressed segment, as a look at a folder does of each.
func BenchmarkHeader(b *testing.B) {
	m := journalOf()
	m.close()
	dir := b.TempDir()
	put(b, dir, map[string]string{segmentName(1) + ".zst": compressed(b, m.files[segmentName(1)])})
	listing, err := List(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := listing.Segments[0].Header(); err != nil {
			b.Fatal(err)
		}
	}
}
