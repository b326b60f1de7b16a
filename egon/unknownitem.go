package egon

import (
	"fmt"
	"strings"
	"unicode"
)

// furtherItems are words of the registries' own enumerations only (RegTypy 1.23.0,
// RobUdajType and RosUdajType). No source says whether SeznamUdaju may have them, so
// none of them counts as unknown.
var furtherItems = map[string]bool{
	"AdresaUradu": true, "Bok": true, "DatovaSchranka": true, "Dereference": true, "Editor": true,
	"PoskytnutiPoskytnuti": true, "PoskytnutiVyuziti": true, "PotlaceniZnepristupneni": true,
	"TypOsoby": true, "UdajeVerze2": true, "VerejnaProspesnost": true,
	"VydatNeaktivniZaznamy": true, "VypisProSpravce": true, "VyuzitiPoskytnuti": true,
	"Zmeny": true, "ZmenyProDS": true, "ZnepristupniLog": true, "Znepristupneni": true,
}

// UnknownItem reports whether a word of SeznamUdaju is no item of any register of the
// service: it has a character that no item has or, for services of ROB, ROS and AISEO, it
// is in none of their lists. The items of the other registers are not published as lists,
// so none of them is unknown. It is meant for refusals.
func UnknownItem(s *Service, word string) bool {
	if _, odd := oddRune(word); odd {
		return true
	}
	if s.ReadsAiseo() {
		return !IsAiseoItem(word) && !wordOf(word).control
	}
	reads := strings.HasPrefix(s.Action, "IszrRob") || strings.HasPrefix(s.Action, "IszrRos") ||
		s.Namespace == NSMedia
	return reads && wordOf(word) == &noItem && !furtherItems[word]
}

// ListedItem reports whether a word of SeznamUdaju is in a list: in the vocabulary, in the
// registries' own enumerations, or in the table of what replies hold. Another word may be
// an item that no list has, or anything else.
func ListedItem(word string) bool {
	if _, returned := replies().index[word]; returned {
		return true
	}
	return wordOf(word) != &noItem || furtherItems[word]
}

// oddRune returns the first character of a word that no item has. Items of the schemas
// have ASCII letters and digits, and others would be names all the same.
func oddRune(word string) (odd rune, found bool) {
	for _, r := range word {
		if r >= unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) &&
			!strings.ContainsRune("_-.:", r) {
			return r, true
		}
	}
	return 0, false
}

// OddCharacter returns the first character of a word that no item has, in the form
// U+00A0, or "".
func OddCharacter(word string) string {
	r, found := oddRune(word)
	if !found {
		return ""
	}
	return fmt.Sprintf("%U", r)
}

// LegibleWord returns a word of SeznamUdaju for the text of a refusal: cut to a length
// above the longest item, and with numbers in the place of invisible characters.
func LegibleWord(word string) string {
	word = cut(word, longestWord)
	if strings.IndexFunc(word, unseen) < 0 {
		return word
	}
	var b strings.Builder
	for _, r := range word {
		if unseen(r) {
			fmt.Fprintf(&b, "[%U]", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

const longestWord = 64

func unseen(r rune) bool { return !unicode.IsPrint(r) || unicode.IsMark(r) }
