package registries

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The ways of comparing names (TypPorovnaniType of RobTypy). An unknown or
// empty one is the default.
const (
	Striktni   = "striktni"   // accents and case count
	Diakritika = "diakritika" // accents count, case does not; the default
	Ascii      = "ascii"      // neither counts
)

// Fold returns s in the form in which two names that agree under typPorovnani
// are the same string. Text composed and decomposed always agrees.
func Fold(s, typPorovnani string) string {
	switch typPorovnani {
	case Striktni:
		return norm.NFC.String(s)
	case Ascii:
		return strings.ToLower(strings.Map(dropMark, norm.NFD.String(s)))
	default:
		return strings.ToLower(norm.NFC.String(s))
	}
}

func dropMark(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

// Equal reports whether two names agree under typPorovnani.
func Equal(a, b, typPorovnani string) bool {
	return a == b || Fold(a, typPorovnani) == Fold(b, typPorovnani)
}

// The names of persons, as ROB writes them.
var (
	mensNames = strings.Fields(`JIŘÍ JAN PETR JOSEF PAVEL MARTIN JAROSLAV TOMÁŠ MIROSLAV ZDENĚK FRANTIŠEK VÁCLAV MICHAL
		MILAN KAREL JAKUB LUKÁŠ DAVID VLADIMÍR LADISLAV ONDŘEJ ROMAN STANISLAV MAREK RADEK DANIEL ANTONÍN VOJTĚCH FILIP
		ADAM MATĚJ DOMINIK ALEŠ BOŘIVOJ JAROMÍR LIBOR RUDOLF ŠTĚPÁN BOHUMIL ZBYNĚK`)
	womensNames = strings.Fields(`MARIE JANA EVA HANA ANNA LENKA KATEŘINA VĚRA LUCIE ALENA PETRA VERONIKA JAROSLAVA TEREZA
		MARTINA MICHAELA JITKA HELENA LUDMILA ZDEŇKA IVANA MONIKA ELIŠKA ZUZANA MARKÉTA JARMILA BARBORA JIŘINA MARCELA KRISTÝNA
		DANA ŠÁRKA VLASTA BOŽENA DAGMAR NATÁLIE KLÁRA ADÉLA NIKOLA ŽANETA`)

	// surnames holds the man's form and the woman's.
	surnames = pairs(`NOVÁK NOVÁKOVÁ SVOBODA SVOBODOVÁ NOVOTNÝ NOVOTNÁ DVOŘÁK DVOŘÁKOVÁ ČERNÝ ČERNÁ PROCHÁZKA PROCHÁZKOVÁ
		KUČERA KUČEROVÁ VESELÝ VESELÁ HORÁK HORÁKOVÁ NĚMEC NĚMCOVÁ POKORNÝ POKORNÁ MAREK MARKOVÁ POSPÍŠIL POSPÍŠILOVÁ
		HÁJEK HÁJKOVÁ JELÍNEK JELÍNKOVÁ KRÁL KRÁLOVÁ RŮŽIČKA RŮŽIČKOVÁ BENEŠ BENEŠOVÁ FIALA FIALOVÁ SEDLÁČEK SEDLÁČKOVÁ
		DOLEŽAL DOLEŽALOVÁ ZEMAN ZEMANOVÁ KOLÁŘ KOLÁŘOVÁ KREJČÍ KREJČÍ NAVRÁTIL NAVRÁTILOVÁ ČERMÁK ČERMÁKOVÁ URBAN URBANOVÁ
		VANĚK VAŇKOVÁ BLAŽEK BLAŽKOVÁ KŘÍŽ KŘÍŽOVÁ KRATOCHVÍL KRATOCHVÍLOVÁ KOVÁŘ KOVÁŘOVÁ KOPECKÝ KOPECKÁ BARTOŠ BARTOŠOVÁ
		VLČEK VLČKOVÁ MUSIL MUSILOVÁ ŠIMEK ŠIMKOVÁ POLÁK POLÁKOVÁ KONEČNÝ KONEČNÁ MALÝ MALÁ ČECH ČECHOVÁ KADLEC KADLECOVÁ
		ŠTĚPÁNEK ŠTĚPÁNKOVÁ STANĚK STAŇKOVÁ HOLUB HOLUBOVÁ SOUKUP SOUKUPOVÁ ŠŤASTNÝ ŠŤASTNÁ MAREŠ MAREŠOVÁ MORAVEC MORAVCOVÁ
		SÝKORA SÝKOROVÁ TICHÝ TICHÁ VALENTA VALENTOVÁ VÁVRA VÁVROVÁ MATOUŠEK MATOUŠKOVÁ ŘÍHA ŘÍHOVÁ BLÁHA BLÁHOVÁ
		ŠEVČÍK ŠEVČÍKOVÁ BUREŠ BUREŠOVÁ HRUŠKA HRUŠKOVÁ MAŠEK MAŠKOVÁ DUŠEK DUŠKOVÁ PAVLÍK PAVLÍKOVÁ HAVLÍČEK HAVLÍČKOVÁ
		JANDA JANDOVÁ HRUBÝ HRUBÁ MACH MACHOVÁ MÜLLER MÜLLEROVÁ LIŠKA LIŠKOVÁ ŽÁK ŽÁKOVÁ TOMAN TOMANOVÁ KUBÍČEK KUBÍČKOVÁ
		ŘEZNÍČEK ŘEZNÍČKOVÁ SLAVÍK SLAVÍKOVÁ VÍTEK VÍTKOVÁ ZÁRUBA ZÁRUBOVÁ OTÁHAL OTÁHALOVÁ ĎURIŠ ĎURIŠOVÁ JEŽEK JEŽKOVÁ
		ŇORBA ŇORBOVÁ KOŘÍNEK KOŘÍNKOVÁ HLAVÁČ HLAVÁČOVÁ BRZOBOHATÝ BRZOBOHATÁ SKOČDOPOLE SKOČDOPOLOVÁ`)
)

// pairs reads a list of words two by two.
func pairs(list string) [][2]string {
	words := strings.Fields(list)
	made := make([][2]string, len(words)/2)
	for i := range made {
		made[i] = [2]string{words[2*i], words[2*i+1]}
	}
	return made
}
