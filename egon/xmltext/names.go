package xmltext

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Classes of ASCII bytes. A byte can be of several.
const (
	nameStart = 1 << iota // may begin an NCName
	nameByte              // may stand in an NCName
	space                 // white space (XML 1.0 §2.3)
	plainText             // stands for itself in character data
	plainAttr             // stands for itself in an attribute value, whatever its quotes
)

// class is constant: no code writes to it.
var class = classes()

func classes() (t [256]uint8) {
	for c := range 0x80 {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
			t[c] = nameStart | nameByte
		case c >= '0' && c <= '9', c == '-', c == '.':
			t[c] = nameByte
		}
		if c >= ' ' && c != '<' && c != '&' {
			if c != ']' {
				t[c] |= plainText
			}
			if c != '"' && c != '\'' {
				t[c] |= plainAttr
			}
		}
	}
	t['\t'] |= plainText | space
	t['\n'] |= plainText | space
	t['\r'] |= space
	t[' '] |= space
	return t
}

// unnamed marks, in the highest bit of each byte of x, the bytes that cannot stand
// in an ASCII NCName. To add 0x80-c to seven bits sets the eighth if they are at
// least c, and never carries into the next byte.
func unnamed(x uint64) uint64 {
	const seven = ^uint64(highs)
	low := x & seven
	lower := low | ' '*ones
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones)
	digit := (low + (0x80-'-')*ones) &^ (low + (0x80-'9'-1)*ones) & (low ^ '/'*ones + seven)
	score := ^(low ^ '_'*ones + seven)
	return (^(letter | digit | score) | x) & highs
}

// scanASCII returns the end of the ASCII bytes at b[i:] that may stand in an NCName.
func scanASCII(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := unnamed(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && class[b[i]]&nameByte != 0 {
		i++
	}
	return i
}

// scanName returns the end of the NCName that begins at b[i]. With an error it
// returns the position of the offending or incomplete character.
func scanName(b []byte, i int) (int, error) {
	if i == len(b) {
		return i, errShort
	}
	first := i
	if class[b[i]]&nameStart != 0 {
		i = scanASCII(b, i+1)
	}
	for i < len(b) && (b[i] >= utf8.RuneSelf || class[b[i]]&nameByte != 0) {
		r, size := rune(b[i]), 1
		if b[i] >= utf8.RuneSelf {
			if r, size = utf8.DecodeRune(b[i:]); r == utf8.RuneError && size == 1 {
				return charOffence(b, i)
			}
		}
		if !isNameRune(r, i == first) {
			return i, ErrName
		}
		i += size
	}
	switch {
	case i == len(b):
		return i, errShort
	case i == first:
		return i, ErrName
	}
	return i, nil
}

// scanQName returns the end of the QName that begins at b[i] and the length of its
// prefix, 0 for none. Its errors are those of [scanName].
func scanQName(b []byte, i int) (end, prefix int, err error) {
	end, err = scanName(b, i)
	if err != nil || b[end] != ':' {
		return end, 0, err
	}
	prefix = end - i
	end, err = scanName(b, end+1)
	if err == nil && b[end] == ':' {
		err = ErrName
	}
	return end, prefix, err
}

// isNameRune reports whether r is a NameStartChar, or not first a NameChar, of the
// fifth edition (§2.3). The colon is none: only a QName has it. Characters beyond
// the Basic Multilingual Plane are none: the parsers behind a gateway refuse them.
func isNameRune(r rune, first bool) bool {
	if r < utf8.RuneSelf {
		want := uint8(nameByte)
		if first {
			want = nameStart
		}
		return class[r]&want != 0
	}
	switch {
	case r >= 0xC0 && r <= 0x2FF:
		return r != 0xD7 && r != 0xF7
	case r >= 0x370 && r <= 0x1FFF:
		return r != 0x37E
	case r == 0x200C, r == 0x200D,
		r >= 0x2070 && r <= 0x218F,
		r >= 0x2C00 && r <= 0x2FEF,
		r >= 0x3001 && r <= 0xD7FF,
		r >= 0xF900 && r <= 0xFDCF,
		r >= 0xFDF0 && r <= 0xFFFD:
		return true
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return !first
	}
	return false
}
