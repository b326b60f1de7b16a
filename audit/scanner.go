package audit

import (
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// A scanner knows the grammar of a line as a Recorder writes it: no blanks, no null, no
// empty list. A line of another form is odd, and then nothing more of it is read.
type scanner struct {
	text string
	at   int
	odd  bool
}

// skip takes a byte that must come next.
func (s *scanner) skip(c byte) {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return
	}
	s.odd = true
}

// more reports whether a comma comes next, and takes it.
func (s *scanner) more() bool {
	if s.odd || s.at >= len(s.text) || s.text[s.at] != ',' {
		return false
	}
	s.at++
	return true
}

// members reads an object that is not empty; read takes the value of a name.
func (s *scanner) members(read func(name string)) {
	s.skip('{')
	for first := true; first || s.more(); first = false {
		name := s.string()
		if s.skip(':'); s.odd {
			return
		}
		if read(name); s.odd {
			return
		}
	}
	s.skip('}')
}

// elements reads an array that is not empty.
func (s *scanner) elements(read func()) {
	s.skip('[')
	for first := true; first || s.more(); first = false {
		if s.odd {
			return
		}
		read()
	}
	s.skip(']')
}

// true reads the only value that a Recorder writes for a flag.
func (s *scanner) true() bool {
	if strings.HasPrefix(s.text[s.at:], "true") {
		s.at += len("true")
		return true
	}
	s.odd = true
	return false
}

// number reads digits. Numbers that might overflow are odd, and so are negative ones.
func (s *scanner) number() (n int64) {
	const maxDigits = 18
	from := s.at
	for s.at < len(s.text) && s.text[s.at]-'0' <= 9 {
		n = n*10 + int64(s.text[s.at]-'0')
		s.at++
	}
	switch digits := s.at - from; {
	case digits == 0, digits > maxDigits, digits > 1 && s.text[from] == '0':
		s.odd = true
	}
	return n
}

// string reads a JSON string. One without escapes is a part of the line.
func (s *scanner) string() string {
	if s.skip('"'); s.odd {
		return ""
	}
	from := s.at
	s.at += plain(s.text[from:])
	ascii := true
	for s.at < len(s.text) && s.text[s.at] >= utf8.RuneSelf {
		ascii = false
		s.at += foreign(s.text[s.at:])
		s.at += plain(s.text[s.at:])
	}
	if s.at == len(s.text) {
		s.odd = true
		return ""
	}
	value := s.text[from:s.at]
	if s.text[s.at] != '"' || !ascii && !utf8.ValidString(value) {
		return s.escaped(from)
	}
	s.at++
	return value
}

// escaped reads a string that is not a part of the line as it stands.
func (s *scanner) escaped(from int) (value string) {
	end := from
	for end < len(s.text) && s.text[end] != '"' {
		if s.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s.text) || json.Unmarshal([]byte(s.text[from-1:end+1]), &value) != nil {
		s.odd = true
		return ""
	}
	s.at = end + 1
	return value
}

// foreign returns the number of leading bytes that are not ASCII.
func foreign(s string) (n int) {
	for n < len(s) && s[n] >= utf8.RuneSelf {
		n++
	}
	return n
}

// plain returns the number of leading bytes that a JSON string holds as they are and
// that are ASCII. It looks at eight bytes at once.
func plain(s string) (n int) {
	for ; len(s)-n >= 8; n += 8 {
		if m := special(word(s[n:])); m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
	}
	for n < len(s) && s[n] >= 0x20 && s[n] < utf8.RuneSelf && s[n] != '"' && s[n] != '\\' {
		n++
	}
	return n
}

// word returns the first eight bytes of a string, the first one lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// special sets the high bit of each byte that is a quote, a backslash, a control or not
// ASCII. Bytes above the lowest such one may be set wrongly: subtraction borrows.
func special(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote - ones) | (slash - ones) | (w - ones*0x20) | w) & highs
}
