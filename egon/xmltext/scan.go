package xmltext

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The functions of this file are pure: bytes in, positions out. They have no state
// and never look before the position that they get.

// Eight bytes at a time: every value has its byte repeated eight times.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// marked marks, in the highest bit of each byte of x, '<', '&' and the byte that
// third repeats. Only the lowest mark is exact: a borrow may add marks above it.
func marked(x, third uint64) uint64 {
	lt, amp, third := x^('<'*ones), x^('&'*ones), x^third
	return (lt-ones)&^lt | (amp-ones)&^amp | (third-ones)&^third
}

// controls marks the controls and the bytes beyond ASCII as marked does. With lines
// LF is no control. All its marks are exact: low is x without the highest bits, so
// nothing carries from byte to byte.
func controls(x uint64, lines bool) uint64 {
	low := x &^ highs
	marks := ^(low + (0x80-' ')*ones)
	if lines {
		marks &= low ^ '\n'*ones + ^uint64(highs)
	}
	return marks | x
}

// shortRun is the number of bytes that are read eight at a time. After them a
// search block by block is worth its start.
const shortRun = 96

// scanText returns the end of the character data at b[i:] that stands for itself:
// complete legal characters without '<', '&', ']' and CR.
func scanText(b []byte, i int) int {
	limit := min(len(b)-8, i+shortRun)
	for i <= limit {
		x := binary.LittleEndian.Uint64(b[i:])
		m := (marked(x, ']'*ones) | controls(x, true)) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if b[i] == '<' {
			return i
		}
		size := charSize(b, i)
		if size == 0 {
			return i
		}
		i += size
	}
	if i <= len(b)-8 {
		return scanBlocks(b, i, ']', true)
	}
	for i < len(b) {
		if class[b[i]]&plainText != 0 {
			i++
			continue
		}
		size := charSize(b, i)
		if size == 0 {
			return i
		}
		i += size
	}
	return i
}

// charSize returns the length of the character at b[i] if it is TAB, LF or a
// complete legal one beyond ASCII, else 0.
func charSize(b []byte, i int) int {
	c := b[i]
	switch {
	case c == '\n' || c == '\t':
		return 1
	case c < 0xC2:
		return 0
	case c < 0xE0:
		if i+1 < len(b) && b[i+1]&0xC0 == 0x80 {
			return 2
		}
		return 0
	}
	r, size := utf8.DecodeRune(b[i:])
	if size == 1 || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return size
}

// scanBlocks returns the end of the run of complete legal characters at b[i:]
// without CR and stop, and with markup also without '<' and '&'. It searches in
// blocks that grow, so a run that ends early does not pay for the length of b.
func scanBlocks(b []byte, i int, stop byte, markup bool) int {
	for block := 256; i < len(b); block = min(2*block, 8<<10) {
		end := min(i+block, len(b))
		found := end
		if k := bytes.IndexByte(b[i:end], stop); k >= 0 {
			found = i + k
		}
		if markup {
			if k := bytes.IndexByte(b[i:found], '<'); k >= 0 {
				found = i + k
			}
			if k := bytes.IndexByte(b[i:found], '&'); k >= 0 {
				found = i + k
			}
		}
		i = scanLegal(b, i, found)
		if i < end {
			return i
		}
	}
	return i
}

// scanLegal returns the end of the run of complete legal characters without CR that
// begins at b[i]. It looks no further than the character that crosses end. After a
// letter beyond ASCII it goes in small steps for a while: in Czech text the next
// one is near.
func scanLegal(b []byte, i, end int) int {
	for i < end {
		for ; i+32 <= end; i += 32 {
			w := b[i : i+32 : i+32]
			x0, x1 := binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:])
			x2, x3 := binary.LittleEndian.Uint64(w[16:]), binary.LittleEndian.Uint64(w[24:])
			if (x0|(x0-' '*ones)|x1|(x1-' '*ones)|
				x2|(x2-' '*ones)|x3|(x3-' '*ones))&highs != 0 {
				break
			}
		}
		for near := min(end, i+32); i < near; {
			if i+8 <= end {
				x := binary.LittleEndian.Uint64(b[i:])
				m := (x | (x - ' '*ones)) & highs
				if m == 0 {
					i += 8
					continue
				}
				i += bits.TrailingZeros64(m) / 8
			}
			switch c := b[i]; {
			case c >= ' ' && c < utf8.RuneSelf:
				i++
			case c >= 0xC2 && c < 0xE0 && i+1 < len(b) && b[i+1]&0xC0 == 0x80:
				i += 2
			default:
				size := charSize(b, i)
				if size == 0 {
					return i
				}
				i += size
			}
		}
	}
	return i
}

// scanValue returns the end of the run at b[i:] that stands for itself in an
// attribute value: no white space but the blank, no '<', no '&', no quote.
func scanValue(b []byte, i int, quote byte) int {
	third := uint64(quote) * ones
	for i < len(b) {
		for ; i+8 <= len(b); i += 8 {
			x := binary.LittleEndian.Uint64(b[i:])
			if m := (marked(x, third) | controls(x, false)) & highs; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
		}
		if i == len(b) {
			return i
		}
		if c := b[i]; class[c]&plainAttr != 0 || (c == '"' || c == '\'') && c != quote {
			i++
			continue
		}
		if b[i] < utf8.RuneSelf {
			return i
		}
		size := charSize(b, i)
		if size == 0 {
			return i
		}
		i += size
	}
	return i
}

// scanPiece returns the end of the certain content at b[i:]: complete legal
// characters without CR, up to the delimiter closing or to bytes that may become
// it. In a comment "--" ends it too.
func scanPiece(b []byte, i int, closing string) int {
	stop, run := closing[0], len(closing)-1
	for {
		if i = scanBlocks(b, i, stop, false); i == len(b) || b[i] != stop {
			return i
		}
		end := i + 1
		for end < len(b) && b[end] == stop {
			end++
		}
		switch {
		case stop == '-' && end-i > 1:
			return i
		case end == len(b), end-i >= run && b[end] == '>':
			return max(i, end-run)
		}
		i = end
	}
}

// skipSpace returns the end of the white space at b[i:].
func skipSpace(b []byte, i int) int {
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	return i
}

// charOffence returns the offence of the character at b[i], at which a run of legal
// characters stopped: errShort if it is only not complete.
func charOffence(b []byte, i int) (int, error) {
	if b[i] < utf8.RuneSelf {
		return i, ErrBadChar
	}
	if !utf8.FullRune(b[i:]) {
		return i, errShort
	}
	if r, size := utf8.DecodeRune(b[i:]); r == utf8.RuneError && size == 1 {
		return i, ErrNotUTF8
	}
	return i, ErrBadChar
}

// isChar reports whether r is of the production Char (§2.2).
func isChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xD800:
		return true
	}
	return r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// scanLiteral returns the end of lit if it stands at b[i:], errShort if b ends
// inside it, and wrong otherwise.
func scanLiteral(b []byte, i int, lit string, wrong error) (int, error) {
	rest := b[i:]
	if len(rest) >= len(lit) {
		if string(rest[:len(lit)]) == lit {
			return i + len(lit), nil
		}
		return i, wrong
	}
	if string(rest) == lit[:len(rest)] {
		return len(b), errShort
	}
	return i, wrong
}

// maxReference bounds a reference in bytes, and so its leading zeros.
const maxReference = 64

// scanReference reads the reference whose '&' is b[i], and returns its character
// and its end. With an error it returns i, or len(b) for errShort.
func scanReference(b []byte, i int) (r rune, end int, err error) {
	rest := b[i:min(i+maxReference, len(b))]
	if len(rest) > 1 && rest[1] == '#' {
		r, end, err = scanCharRef(rest)
	} else {
		r, end, err = scanEntity(rest)
	}
	switch {
	case err == nil:
		return r, i + end, nil
	case err == errShort && len(rest) < maxReference:
		return 0, len(b), errShort
	case err == errShort:
		err = ErrCharRef
	}
	return 0, i, err
}

func scanEntity(b []byte) (rune, int, error) {
	for _, e := range [...]struct {
		name string
		r    rune
	}{{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}} {
		end, err := scanLiteral(b, 0, e.name, ErrEntity)
		if err != ErrEntity {
			return e.r, end, err
		}
	}
	return 0, 0, ErrEntity
}

// scanCharRef reads "&#65;" or "&#x41;". It stops as soon as the value is no
// character, so that it cannot overflow.
func scanCharRef(b []byte) (rune, int, error) {
	i, base := 2, rune(10)
	if len(b) > 2 && b[2] == 'x' {
		i, base = 3, 16
	}
	first, r := i, rune(0)
	for ; i < len(b); i++ {
		d := digit(b[i])
		if d >= base {
			break
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, 0, ErrCharRef
		}
	}
	switch {
	case i == len(b):
		return 0, 0, errShort
	case i == first || b[i] != ';' || !isChar(r):
		return 0, 0, ErrCharRef
	}
	return r, i + 1, nil
}

// digit returns the value of a hexadecimal digit, and 16 for any other byte.
func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return 16
}
