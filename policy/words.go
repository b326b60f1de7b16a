package policy

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"brana/egon"
)

// A source is where the right to a word of SeznamUdaju comes from.
type source uint8

const (
	anySource   source = iota // a word beyond the vocabulary: of the grant or the matrix
	matrixOnly                // an item of ROB or ROS
	grantOnly                 // an item of AISEO, EOP or ECD
	controlWord               // no item: it needs no right
)

// The longest codes, in characters (RegTypy 1.23.0, KodAgendyType,
// AgendovaRoleType, KodOvmType); the schemas do not bound items.
const (
	longestAgenda = 15
	longestRole   = 15
	longestOvm    = 36
	longestItem   = 64
)

// sourceOf returns where the right to a word comes from, by the word alone.
func sourceOf[T string | []byte](word T) source {
	switch egon.ItemRegister(word) {
	case egon.ROB, egon.ROBv2, egon.ROS:
		return matrixOnly
	case egon.EOP, egon.ECD:
		return grantOnly
	}
	if _, ok := egon.ParseControl(word); ok {
		return controlWord
	}
	return anySource
}

// sourceFor returns where the right to a word of a service comes from. A service that reads
// only registers whose items grants give has words of these registers, also where ROB has the
// same word (seed AISEO, steps 3 and 7). A service of ROB and ROS has no free words of theirs.
func sourceFor[T string | []byte](s *egon.Service, word T) source {
	by := sourceOf(word)
	switch {
	case by == controlWord, s.Reads == 0:
		return by
	case s.Reads&^egon.Granted == 0:
		return grantOnly
	case by == anySource && s.Reads&egon.Granted == 0:
		return matrixOnly
	}
	return by
}

// has reports whether a word is among sorted words.
func has[T string | []byte](sorted []string, word T) bool { return find(sorted, word) >= 0 }

// find returns the place of a word in sorted words, or -1. It never allocates, however long
// the word is.
func find[T string | []byte](sorted []string, word T) int {
	lo, hi := 0, len(sorted)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); sorted[mid] < string(word) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(sorted) && sorted[lo] == string(word) {
		return lo
	}
	return -1
}

// codeCharacters names the characters of a code in advice.
const codeCharacters = "letters, digits, dots, hyphens, underscores and colons"

// isCode reports whether text is an NMTOKEN of at most that many characters.
func isCode(text string, most int) bool {
	return text != "" && utf8.RuneCountInString(text) <= most &&
		!strings.ContainsFunc(text, notInCode)
}

func notInCode(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '-' <= r && r <= ':' && r != '/', r == '_':
		return false
	}
	return r < utf8.RuneSelf || r == utf8.RuneError ||
		!unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

// positive reads a positive number in plain decimal digits.
func positive(text string) (int64, bool) {
	i, err := strconv.ParseInt(text, 10, 64)
	return i, err == nil && i > 0 && strconv.FormatInt(i, 10) == text
}
