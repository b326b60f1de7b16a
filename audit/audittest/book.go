package audittest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"brana/audit/journal"
)

// A Book writes a journal line by line. Unlike a [journal.Journal] it also writes what a
// crash, a failing disk or a forger would leave.
type Book struct {
	Dir string

	first  uint64 // of the segment that is open
	text   bytes.Buffer
	seq    uint64
	prev   [sha256.Size]byte
	before *journal.Ending
}

// NewBook begins a journal in a folder.
func NewBook(dir string) *Book {
	b := &Book{Dir: dir}
	b.begin()
	return b
}

func (b *Book) begin() {
	b.first = b.seq + 1
	b.text.Reset()
	b.own(&journal.Header{
		Type: journal.TypeSegment, Format: journal.Format, Gateway: "g1", Version: "test",
		Time: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Before: b.before,
	})
}

// own writes a line of the journal itself.
func (b *Book) own(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types of the journal are encoded always
	}
	b.Line(string(text[1 : len(text)-1]))
}

// Line writes a line with these fields, and returns its sequence number.
func (b *Book) Line(fields string) uint64 { return b.Altered(fields, fields) }

// Altered writes a line whose fields were others when it was chained. If these are empty,
// the line was removed.
func (b *Book) Altered(was, is string) uint64 {
	b.seq++
	begin := fmt.Sprintf(`{"seq":%d,"prev":"%s",`, b.seq, hex.EncodeToString(b.prev[:]))
	b.prev = sha256.Sum256([]byte(begin + was + "}"))
	if is != "" {
		b.text.WriteString(begin + is + "}\n")
	}
	return b.seq
}

// Raw writes bytes that are no line of the chain: a torn line has no newline.
func (b *Book) Raw(text string) { b.text.WriteString(text) }

// Void writes lines as they are in a batch that was never confirmed: the next segment does
// not count them.
func (b *Book) Void(fields ...string) {
	seq, prev := b.seq, b.prev
	for _, f := range fields {
		b.Line(f)
	}
	b.seq, b.prev = seq, prev
}

// Seal ends the segment well and begins the next one.
func (b *Book) Seal(cause string) error {
	b.own(&journal.Seal{
		Type: journal.TypeSeal, First: b.first, Count: b.seq - b.first + 1, Cause: cause,
		Time: time.Date(2026, 11, 29, 13, 0, 0, 0, time.UTC),
	})
	return b.End(journal.Sealed)
}

// End ends the segment in one of the ways of a [journal.Ending] and begins the next one.
func (b *Book) End(cause string) error {
	if err := b.Flush(); err != nil {
		return err
	}
	b.before = &journal.Ending{
		First: b.first, Last: b.seq, Hash: hex.EncodeToString(b.prev[:]), Cause: cause,
	}
	b.begin()
	return nil
}

// Flush writes the open segment to its file, which the next Flush overwrites.
func (b *Book) Flush() error {
	path := b.Path(b.first, false)
	if err := os.WriteFile(path+".tmp", b.text.Bytes(), 0o640); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// Path returns the path of the segment that begins with a line.
func (b *Book) Path(first uint64, compressed bool) string {
	name := fmt.Sprintf("%020d.jsonl", first)
	if compressed {
		name += ".zst"
	}
	return filepath.Join(b.Dir, name)
}

// Compress compresses the segments that have ended.
func (b *Book) Compress() error {
	listing, err := journal.List(b.Dir)
	if err != nil {
		return err
	}
	for _, s := range listing.Segments {
		if s.Compressed || s.First == b.first {
			continue
		}
		if err := compress(s.Path); err != nil {
			return err
		}
	}
	return nil
}

func compress(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".zst", w.EncodeAll(text, nil), 0o640); err != nil {
		return err
	}
	return os.Remove(path)
}

// Script writes what the lines of a text say. A line that begins with a brace is a record
// without seq and prev; a blank line and one with # say nothing. Others are commands:
//
//	seal CAUSE             end the segment with a seal, as "seal size"
//	end CAUSE              end the segment without one, as "end crashed"
//	void RECORD            a record of a batch that was never confirmed
//	removed RECORD         a record that was there
//	altered OLD NEW RECORD a record in which OLD has become NEW
//	raw TEXT               a line that is none of the chain
//	torn TEXT              the same, without a newline
//	compress               compress the segments that have ended
func (b *Book) Script(text string) error {
	for line := range strings.Lines(text) {
		if err := b.command(strings.TrimRight(line, "\n")); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return b.Flush()
}

func (b *Book) command(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	inside := func(record string) string {
		return strings.TrimSuffix(strings.TrimPrefix(record, "{"), "}")
	}
	switch {
	case line == "", word == "#":
	case strings.HasPrefix(line, "{"):
		b.Line(inside(line))
	case word == "seal":
		return b.Seal(rest)
	case word == "end":
		return b.End(rest)
	case word == "void":
		b.Void(inside(rest))
	case word == "removed":
		b.Altered(inside(rest), "")
	case word == "altered":
		args := strings.SplitN(rest, " ", 3)
		b.Altered(inside(args[2]), strings.ReplaceAll(inside(args[2]), args[0], args[1]))
	case word == "raw":
		b.Raw(rest + "\n")
	case word == "torn":
		b.Raw(rest)
	case word == "compress":
		return b.Compress()
	default:
		return fmt.Errorf("no command %q", word)
	}
	return nil
}
