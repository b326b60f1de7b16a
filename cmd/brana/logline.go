package main

import (
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// A lineEncoder writes lines of JSON that a terminal shows as they are. It escapes
// characters that steer a terminal, break the line or turn its direction. JSON
// itself demands only the first thirty-two to be escaped.
type lineEncoder struct{ zapcore.Encoder }

// Clone is used by With, which must not fall back to the library's encoder.
func (e lineEncoder) Clone() zapcore.Encoder { return lineEncoder{e.Encoder.Clone()} }

// EncodeEntry encodes a line.
func (e lineEncoder) EncodeEntry(entry zapcore.Entry,
	fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err == nil && !ascii(line.Bytes()) {
		escape(line)
	}
	return line, err
}

// ascii reports whether a text is ASCII without DEL, as most lines are. It tests
// eight bytes at a time.
func ascii(text []byte) bool {
	const high, low = 0x8080808080808080, 0x0101010101010101
	for len(text) >= 8 {
		b := uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
			uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
		if (b|(b+low))&high != 0 { // from 0x7f on a byte has its highest bit, or gets it
			return false
		}
		text = text[8:]
	}
	for _, c := range text {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

// escape escapes what [steers]. In a line of JSON such characters stand within
// strings only.
func escape(line *buffer.Buffer) {
	text := line.String()
	line.Reset()
	from := 0
	for i, r := range text {
		if !steers(r) {
			continue
		}
		line.AppendString(text[from:i])
		from = i + utf8.RuneLen(r)
		if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
			fmt.Fprintf(line, `\u%04x\u%04x`, high, low)
		} else {
			fmt.Fprintf(line, `\u%04x`, r)
		}
	}
	line.AppendString(text[from:])
}

// steers reports whether a character steers how a text looks: controls (U+007F to
// U+009F), formats (as U+202E, which turns the direction), separators of lines
// and paragraphs, and characters without a meaning.
func steers(r rune) bool {
	return r >= 0x7f &&
		(unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) ||
			unicode.In(r, unicode.Noncharacter_Code_Point))
}
