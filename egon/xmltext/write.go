package xmltext

import "unicode/utf8"

// AppendText appends s as character data. Characters of markup become references, and
// so does CR, which a reader would take for a line end. Illegal characters and bytes
// that are not UTF-8 become U+FFFD. So the result is always well-formed.
func AppendText[T ~string | ~[]byte](dst []byte, s T) []byte { return appendEscaped(dst, s, false) }

// AppendAttr appends s as an attribute value that stands between double quotes. It is
// as [AppendText], and keeps TAB and LF from becoming blanks.
func AppendAttr[T ~string | ~[]byte](dst []byte, s T) []byte { return appendEscaped(dst, s, true) }

// plain are the characters that stand for themselves everywhere.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '&' && c != '<' && c != '>' && c != '"'
	}
	return t
}()

func appendEscaped[T ~string | ~[]byte](dst []byte, s T, attr bool) []byte {
	done := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		escape, size := "", 1
		switch c := s[i]; {
		case c == '&':
			escape = "&amp;"
		case c == '<':
			escape = "&lt;"
		case c == '>':
			escape = "&gt;"
		case c == '\r':
			escape = "&#13;"
		case c == '"' && attr:
			escape = "&quot;"
		case c == '\t' && attr:
			escape = "&#9;"
		case c == '\n' && attr:
			escape = "&#10;"
		case c < ' ' && c != '\t' && c != '\n':
			escape = "\uFFFD"
		case c >= utf8.RuneSelf:
			var r rune
			r, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if !isChar(r) || r == utf8.RuneError {
				escape = "\uFFFD"
			}
		}
		if escape != "" {
			dst = append(append(dst, s[done:i]...), escape...)
			done = i + size
		}
		i += size
	}
	return append(dst, s[done:]...)
}
