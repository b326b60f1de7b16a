package xmltext

import "unicode/utf8"

// The functions of this file are pure as those of scan.go, and read character
// data of any kind: what interrupts a run of ordinary characters must not cost
// much more than they do.

// skipText returns the end of the character data at the beginning of b, up to
// markup, to what is not complete and to what is not allowed; brackets is how
// many ']' end the text before it, at most 2, and left how many end it.
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

// normalise copies what stands for itself at the beginning of b to out, as far
// as it has room, with each CR and each CR LF as one LF, and returns it and the
// end of it in b. It stops before stop and, in text, before markup. Text keeps
// its offsets where somebody may ask for them: no byte of it but white space
// follows a CR LF, which is one byte less in out.
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
