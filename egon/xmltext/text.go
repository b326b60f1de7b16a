package xmltext

import "unicode/utf8"

// The functions of this file are pure, as those of scan.go, and read character data
// of any kind. Bytes that interrupt a run of ordinary characters must not cost much
// more than these.

// skipText returns the end of the character data at the beginning of b. It ends at
// markup, at an incomplete item and at an offence. brackets is the number of ']' at
// the end of the text before, at most 2, and left the number at its own end.
func skipText(b []byte, brackets uint8) (n int, left uint8) {
	for n < len(b) {
		end := n
		switch c := b[n]; {
		case c == ']':
			brackets = min(brackets+1, 2)
			n++
			continue
		case c == '>' && brackets == 2:
			return n, brackets
		case c == '&':
			_, to, err := scanReference(b, n)
			if err != nil {
				return n, brackets
			}
			end = to
		case class[c]&space != 0:
			end = skipSpace(b, n)
		default:
			end = scanText(b, n)
		}
		if end == n {
			return n, brackets
		}
		n, brackets = end, 0
	}
	return n, brackets
}

// normalise copies characters that stand for themselves from the beginning of b to
// out, as far as it has room, with each CR and each CR LF as one LF. It returns out
// and the end of these characters in b. It stops before stop and, in text, before
// markup. A CR LF is one byte less in out, so in text only white space follows it:
// the offset of every other byte stays that of the document.
func normalise(out, b []byte, stop byte, text bool) ([]byte, int) {
	n, paired := 0, false
	for n < len(b) && len(out) <= cap(out)-utf8.UTFMax {
		c := b[n]
		switch {
		case c == '\r':
			if n+1 == len(b) {
				return out, n
			}
			if b[n+1] == '\n' {
				n, paired = n+1, text
			}
			out = append(out, '\n')
			n++
		case c == stop, text && (c == '<' || c == '&'), paired && class[c]&space == 0:
			return out, n
		case c >= ' ' && c < utf8.RuneSelf:
			out = append(out, c)
			n++
		default:
			size := charSize(b, n)
			if size == 0 {
				return out, n
			}
			out = append(out, b[n:n+size]...)
			n += size
		}
	}
	return out, n
}
