package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// MaxLine is the length of the longest line of a journal in bytes, without its newline.
const MaxLine = 1 << 20

type hash = [sha256.Size]byte

// A Line is the beginning of a line, which every line has.
type Line struct {
	Seq  uint64
	Prev hash   // hash of the line before
	Type []byte // part of the line
}

const (
	lineBegin = `{"seq":`
	lineChain = `,"prev":"`
	lineType  = `","type":"`
)

// ParseLine reads the beginning of a line, as a journal writes it, without its newline.
// It reports whether there is one, and a brace at the end.
func ParseLine(b []byte) (l Line, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(lineBegin))
	if !ok || b[len(b)-1] != '}' {
		return l, false
	}
	n := 0
	for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
		l.Seq = l.Seq*10 + uint64(rest[n]-'0')
		n++
	}
	if n == 0 || n >= digits || rest[0] == '0' {
		return l, false
	}
	if rest, ok = bytes.CutPrefix(rest[n:], []byte(lineChain)); !ok || len(rest) < 2*sha256.Size {
		return l, false
	}
	if !lower(rest[:2*sha256.Size]) {
		return l, false
	}
	if _, err := hex.Decode(l.Prev[:], rest[:2*sha256.Size]); err != nil {
		return l, false
	}
	if rest, ok = bytes.CutPrefix(rest[2*sha256.Size:], []byte(lineType)); !ok {
		return l, false
	}
	l.Type, _, ok = bytes.Cut(rest, []byte{'"'})
	return l, ok
}

// lower reports whether hex digits are written as the journal writes them.
func lower(digits []byte) bool {
	for _, c := range digits {
		if 'A' <= c && c <= 'F' {
			return false
		}
	}
	return true
}

const gluedText = "another line begins in it at byte %d, without a newline before"

// innerLine is where a second line begins within a line; 0: nowhere. In JSON text that the
// gateway writes a quotation mark within a string has a backslash before it.
func innerLine(line []byte) int {
	if len(line) == 0 {
		return 0
	}
	return bytes.Index(line[1:], []byte(lineBegin)) + 1
}
