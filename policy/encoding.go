package policy

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// byteOrderMark may stand before any text; it says nothing in UTF-8.
var byteOrderMark = []byte("\ufeff")

// PlainText returns a text of a file without its byte order mark. Its error says
// where the text is not UTF-8, and how to mend it.
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

// wide reports whether a text is in UTF-16, with a mark or without: what
// stands at the beginning of our files is ASCII.
func wide(text []byte) bool {
	return len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff || text[0] == 0 || text[1] == 0)
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
	return problem{Place{file, number, col}, fmt.Sprintf("the byte 0x%02X is not UTF-8, so the file may be in Windows-1250: save it as UTF-8, as iconv -f CP1250 -t UTF-8 does", line[at])}
}
