package policy

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// byteOrderMark may stand before any text. In UTF-8 it means nothing.
var byteOrderMark = []byte("\ufeff")

// PlainText returns the text of a file without its byte order mark. Its error names
// the place where the text is not UTF-8, and the remedy.
func PlainText(file string, text []byte) ([]byte, error) {
	if wide(text) {
		return nil, problem{Place{file, 1, 1}, inUTF16}
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	for line, rest := 1, text; ; line++ {
		one, more, found := bytes.Cut(rest, []byte("\n"))
		if !utf8.Valid(one) {
			return nil, notUTF8(file, line, one)
		}
		if !found {
			return text, nil
		}
		rest = more
	}
}

const inUTF16 = "the file is in UTF-16: save it as UTF-8, as iconv -f UTF-16 -t UTF-8 does"

// wide reports whether a text is in UTF-16, with a mark or without: our files begin
// with ASCII.
func wide(text []byte) bool {
	if len(text) < 2 {
		return false
	}
	a, b := text[0], text[1]
	return a == 0xff && b == 0xfe || a == 0xfe && b == 0xff || a == 0 || b == 0
}

// notUTF8 names the first byte of a line that is not UTF-8.
func notUTF8(file string, number int, line []byte) problem {
	col, at := 1, 0
	for {
		r, n := utf8.DecodeRune(line[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		col, at = col+1, at+n
	}
	text := fmt.Sprintf("the byte 0x%02X is not UTF-8, so the file may be in Windows-1250: "+
		"save it as UTF-8, as iconv -f CP1250 -t UTF-8 does", line[at])
	return problem{Place{file, number, col}, text}
}
