package egon

import (
	"unicode"
	"unicode/utf8"
)

// A valueType is a simple type of the contract.
type valueType struct {
	valid       func([]byte) bool // of a value that is not empty
	cs, en      string            // the expectation
	noBlankEnds bool              // white space at an end has a sentence of its own
	maybeEmpty  bool
}

// The types of RegTypy 1.23.0, AisSeTypy and RobTypy. E198 is stricter for its search
// values: they are as rob:JmenoType, never blank at an end.
var (
	dateTimeType = &valueType{valid: isDateTime,
		cs: "datum a čas, například 2026-01-31T12:00:00+01:00", en: "an xs:dateTime"}
	dateType = &valueType{valid: isDate, cs: "datum, například 2026-01-31", en: "an xs:date",
		noBlankEnds: true}
	codeType = &valueType{valid: func(v []byte) bool { return isToken(v, 15) },
		cs: "kód o nejvýše 15 znacích bez mezer", en: "an NMTOKEN of at most 15 characters"}
	ovmType = &valueType{valid: func(v []byte) bool { return isToken(v, 36) },
		cs: "kód o nejvýše 36 znacích bez mezer", en: "an NMTOKEN of at most 36 characters"}
	uuidType = &valueType{valid: isUUID[[]byte],
		cs: "UUID, například a75167b3-b260-49a0-aac6-4d763538b259", en: "a UUID"}
	text2Type = &valueType{valid: func(v []byte) bool { return isText(v, 2) },
		cs: "text o nejvýše 2 znacích", en: "text of at most 2 characters", noBlankEnds: true}
	text4Type = &valueType{valid: func(v []byte) bool { return utf8.RuneCount(v) <= 4 },
		cs: "text o nejvýše 4 znacích", en: "text of at most 4 characters", maybeEmpty: true}
	text65Type = &valueType{valid: func(v []byte) bool { return isText(v, 65) },
		cs: "text o nejvýše 65 znacích", en: "text of at most 65 characters"}
	text100Type = &valueType{valid: func(v []byte) bool { return isText(v, 100) },
		cs: "text o nejvýše 100 znacích", en: "text of at most 100 characters"}
	text255Type = &valueType{valid: func(v []byte) bool { return isText(v, 255) },
		cs: "text o nejvýše 255 znacích", en: "text of at most 255 characters"}
	nameType = &valueType{valid: func(v []byte) bool { return isText(v, 100) },
		cs: "neprázdný text na jednom řádku o nejvýše 100 znacích",
		en: "one line of 1 to 100 characters", noBlankEnds: true}
	base64Type = &valueType{valid: func(v []byte) bool { return base64Bytes(v) > 0 },
		cs: "neprázdný base64", en: "base64 and not empty"}
	checksumType = &valueType{valid: func(v []byte) bool { return base64Bytes(v) == 64 },
		cs: "64 bajtů v base64", en: "base64 of 64 bytes"}

	aisType      = intBetween(1, 9999999, "číslo od 1 do 9999999", "an integer from 1 to 9999999")
	countType    = intBetween(1, maxInt, "celé číslo, nejméně 1", "an integer of at least 1")
	intType      = intBetween(-maxInt-1, maxInt, "celé číslo", "an xs:int")
	localityType = intBetween(2, 999998,
		"kód obce nebo pražského obvodu v RÚIAN, číslo od 2 do 999998",
		"an integer from 2 to 999998")
	addressType = intBetween(1, 999999998, "kód adresního místa v RÚIAN, číslo od 1 do 999999998",
		"an integer from 1 to 999999998")
	stateType = intBetween(0, 999, "číselný kód státu, nejvýše tři číslice",
		"an integer from 0 to 999")

	anyType = &valueType{valid: func([]byte) bool { return true }}

	sourceType     = oneOf("Eop nebo Ecd", "Eop or Ecd", "Eop", "Ecd")
	comparisonType = oneOf("striktni, diakritika nebo ascii", "striktni, diakritika or ascii",
		"striktni", "diakritika", "ascii")
	booleanType = oneOf("true, false, 1 nebo 0", "true, false, 1 or 0", "true", "false", "1",
		"0")
)

const maxInt = 1<<31 - 1

func intBetween(low, high int, cs, en string) *valueType {
	return &valueType{valid: func(v []byte) bool {
		n, ok := parseInt(v)
		return ok && n >= low && n <= high
	}, cs: cs, en: en, noBlankEnds: true}
}

func oneOf(cs, en string, words ...string) *valueType {
	return &valueType{valid: func(v []byte) bool {
		for _, w := range words {
			if string(v) == w {
				return true
			}
		}
		return false
	}, cs: cs, en: en}
}

// parseInt reads the lexical form of xs:int.
func parseInt(v []byte) (n int, ok bool) {
	negative := v[0] == '-'
	if negative || v[0] == '+' {
		v = v[1:]
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = 10*n + int(c-'0'); n > maxInt+1 {
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, len(v) > 0 && n <= maxInt
}

// isToken reports whether v is an NMTOKEN of at most limit characters. Beyond ASCII any
// letter, mark or digit passes: no code and so no grant has one.
func isToken(v []byte, limit int) bool {
	n := 0
	for i := 0; i < len(v); n++ {
		c := v[i]
		if c < utf8.RuneSelf {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
				c == '-' || c == '.' || c == '_' || c == ':') {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(v[i:])
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			return false
		}
		i += size
	}
	return n <= limit
}

// isText reports whether v is one line of at most limit characters that is not blank and
// has no white space at an end.
func isText(v []byte, limit int) bool {
	if white(v[0]) || white(v[len(v)-1]) || len(v) > limit && utf8.RuneCount(v) > limit {
		return false
	}
	for _, c := range v {
		if c == '\n' || c == '\r' {
			return false
		}
	}
	return true
}

// blank reports whether v is nothing but XML white space.
func blank(v []byte) bool {
	for _, c := range v {
		if !white(c) {
			return false
		}
	}
	return true
}

const nilUUID = "00000000-0000-0000-0000-000000000000"

// isUUID reports whether v has the form of reg:UuidType.
func isUUID[T chars](v T) bool {
	if len(v) != len(nilUUID) {
		return false
	}
	for i := range len(v) {
		if dash := nilUUID[i] == '-'; dash != (v[i] == '-') || !dash && !isHex(v[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// collapse removes white space at the ends of b and makes one blank of each
// run of it inside (XML Schema, whiteSpace=collapse). It works in place.
func collapse(b []byte) []byte {
	if collapsed(b) {
		return b
	}
	n, pending := 0, false
	for i, c := range b {
		if white(c) {
			pending = n > 0
			continue
		}
		if pending {
			b[n], n, pending = ' ', n+1, false
		}
		if n != i {
			b[n] = c
		}
		n++
	}
	return b[:n:n]
}

// collapsed reports whether collapse has nothing to do. Only white space is as low as
// the blank among the legal characters.
func collapsed(b []byte) bool {
	last := byte(' ')
	for _, c := range b {
		if c <= ' ' && (c != ' ' || last == ' ') {
			return false
		}
		last = c
	}
	return last != ' ' || len(b) == 0
}
