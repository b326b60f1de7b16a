package egon

import (
	"fmt"
	"unicode/utf8"

	"brana/egon/xmltext"
)

// A reason is the text of one kind of offence: for the caller in Czech, for the log in
// English. Both are formats for the same arguments: names of elements, words of
// SeznamUdaju and numbers, never personal data. Arguments that the message itself
// contains are of type sent.
type reason struct {
	kind  OffenceKind
	popis string
	err   string
}

func (r reason) offence(at int64, path string, args ...any) *Offence {
	err := fmt.Errorf(r.err, args...)
	switch r {
	case headTooLarge:
		err = exceeded{err, ErrHeadTooLarge}
	case messageTooLarge:
		err = exceeded{err, ErrMessageTooLarge}
	case tooManyItems:
		err = exceeded{err, ErrTooManyItems}
	}
	return &Offence{Kind: r.kind, Offset: at, Path: path, Popis: fmt.Sprintf(r.popis, args...),
		Err: err, ForLog: fmt.Sprintf(r.err, withoutSent(args)...)}
}

// A sent is an argument that the message itself contains, as the name of an element of
// no contract. The caller gets it, the log does not.
type sent string

// withoutSent returns the arguments with those of type sent hidden.
func withoutSent(args []any) []any {
	hidden := make([]any, len(args))
	for i, arg := range args {
		if _, theirs := arg.(sent); theirs {
			arg = "…"
		}
		hidden[i] = arg
	}
	return hidden
}

// Offences of the form of a message.
var (
	notXML = reason{Malformed,
		"Zpráva není správně utvořené XML 1.0 v kódování UTF-8, chyba je u bajtu %d. Opravte ji a odešlete znovu.",
		"read XML at byte %d"}
	otherSoap = reason{OtherVersion,
		"Obálka není SOAP 1.1. Použijte jmenný prostor " + NSEnvelope + ".",
		"root is an Envelope of another SOAP version"}
	instruction = reason{Malformed,
		"Zpráva obsahuje instrukci pro zpracování, kterou SOAP nedovoluje. Odstraňte ji.",
		"processing instruction not allowed"}
	textInEnvelope = reason{Malformed,
		"Mezi elementy obálky SOAP je text. Odstraňte jej.",
		"text between the elements of the envelope"}
	strayElement = reason{Malformed,
		"Element %s je jinde, než kde smí být, nebo je ve zprávě vícekrát. Ponechte jediný, na jeho místě a v jeho jmenném prostoru.",
		"element %s out of its place"}
	secondOperation = reason{Malformed,
		"V elementu Body je za žádostí další element %s. Ponechte jedinou žádost.",
		"second element %s in Body"}
	emptyBody = reason{Malformed,
		"Element Body je prázdný. Vložte do něj žádost.",
		"Body is empty"}
	noBody = reason{Malformed,
		"V obálce SOAP chybí element Body. Doplňte jej.",
		"Envelope has no Body"}
	shortComment = reason{Malformed,
		"Komentář začíná znakem „>“ nebo „->“, což některé programy čtou jako jeho konec. Odstraňte jej.",
		"comment begins like the end of one"}
)

// Offences of size.
var (
	headTooLarge = reason{TooLarge,
		"Začátek žádosti až po údaje, které rozhodují, je delší než %d bajtů. Zkraťte jej.",
		"head exceeds %d bytes"}
	messageTooLarge = reason{TooLarge,
		"Zpráva je delší než %d bajtů. Zkraťte ji nebo rozdělte.",
		"message exceeds %d bytes"}
	tooManyItems = reason{TooLarge,
		"SeznamUdaju má více než %d slov. Zkraťte jej.",
		"more than %d words in SeznamUdaju"}
)

// xmlReasons are the scanner's errors with a sentence of their own for the caller. Any
// other is notXML. The arguments are the byte and, of a bound, its figure.
var xmlReasons = []struct {
	err   error
	kind  OffenceKind
	popis string
	bound func(*xmltext.Bounds) int // nil: the error is not of a bound
}{
	{xmltext.ErrNameTooLong, TooLarge,
		"Jméno elementu nebo atributu u bajtu %d je delší než %d bajtů. Zkraťte je.",
		func(b *xmltext.Bounds) int { return b.NameBytes }},
	{xmltext.ErrTagTooLong, TooLarge,
		"Značka u bajtu %d je delší než %d bajtů. Zkraťte její atributy.",
		func(b *xmltext.Bounds) int { return b.TagBytes }},
	{xmltext.ErrTooManyAttributes, TooLarge,
		"Značka u bajtu %d má více než %d atributů. Odstraňte ty, které žádost nepotřebuje.",
		func(b *xmltext.Bounds) int { return b.Attrs }},
	{xmltext.ErrTooDeep, TooLarge, "Elementy jsou u bajtu %d vnořeny hlouběji než v %d úrovních.",
		func(b *xmltext.Bounds) int { return b.Depth }},
	{xmltext.ErrTooManyNamespaces, TooLarge,
		"U bajtu %d platí více než %d deklarací jmenných prostorů. Deklarujte na obálce jen ty, které žádost používá.",
		func(b *xmltext.Bounds) int { return b.Namespaces }},
	{xmltext.ErrDoctype, Malformed,
		"U bajtu %d je deklarace DOCTYPE, kterou SOAP nedovoluje. Odstraňte ji.", nil},
	{xmltext.ErrEntity, Malformed,
		"U bajtu %d je odkaz na neznámou entitu. Povoleny jsou jen amp, lt, gt, apos a quot.", nil},
	{xmltext.ErrEncoding, Malformed,
		"Zpráva není v kódování UTF-8 (bajt %d). Převeďte ji a opravte deklaraci XML.", nil},
	{xmltext.ErrCut, Malformed,
		"Zpráva je u bajtu %d uťata: končí dřív, než se uzavře její kořenový element. Odešlete ji celou.", nil},
}

// Offences of the structure of a request.
var (
	otherService = reason{Mismatch,
		"Volána je služba %[1]s, jejíž žádostí je element %[2]s z prostoru jmen „%[3]s“, v těle je ale %[4]s%[5]s. Opravte adresu nebo tělo.",
		"path names service %[1]s with element %[2]s in %[3]q, body holds %[4]s in %[6]q"}
	otherKod = reason{Mismatch,
		"Element KodSluzby má být %s, v žádosti je ale „%s“. Opravte adresu, SOAPAction nebo KodSluzby.",
		"KodSluzby should be of %s, is %s"}
	otherQuestion = reason{Mismatch,
		"Dotaz v elementu %s není dotazem služby „%s“, kterou uvádí KodSluzby. Opravte jedno z nich.",
		"question %s is not of KodSluzby %s"}
	otherReply = reason{Mismatch,
		"Odpověď služby %s má být element %s, přišel element %s.",
		"reply of %s should be %s, is %s"}
	textBetween = reason{Mismatch,
		"Odpověď obsahuje mezi elementy s údaji text.",
		"reply holds text between the elements with items"}
	unpermitted = reason{Unpermitted,
		"Odpověď obsahuje údaj %s, na který volající nemá oprávnění nebo o který nežádal.",
		"reply holds %s, which was not permitted or not asked for"}
	missingBefore = reason{Invalid,
		"Element %s chybí nebo není před elementem %s. Doplňte jej na jeho místo.",
		"element %s missing before %s"}
	missingIn = reason{Invalid,
		"Element %s chybí v elementu %s. Doplňte jej.",
		"element %s missing in %s"}
	outOfOrder = reason{Invalid,
		"Element %s je v elementu %s vícekrát nebo ve špatném pořadí. Dodržte pořadí podle schématu.",
		"element %s in %s repeated or out of order"}
	unknownElement = reason{Invalid,
		"Element %s do elementu %s nepatří, nebo má jiný jmenný prostor než podle schématu. Odstraňte jej, nebo jej opravte.",
		"element %s not known in %s"}
	unknownAttribute = reason{Invalid,
		"Atribut %s k elementu %s nepatří. Odstraňte jej, nebo jej opravte.",
		"attribute %s not known on %s"}
	otherType = reason{Invalid,
		"Atribut xsi:type u elementu %[1]s neuvádí jeho typ podle schématu; ten je %[2]s. Opravte atribut, nebo jej vynechte.",
		"xsi:type of %[1]s is not %[3]s"}
	notPlain = reason{Invalid,
		"Element %s smí obsahovat jen prostý text, bez komentáře, oddílu CDATA a vnořených elementů. Uveďte hodnotu bez nich.",
		"content of %s is not plain text"}
	attached = reason{Invalid,
		"Element xop:Include odkazuje na přílohu (MTOM), kterou zpráva nemá a mít nesmí. Vložte na jeho místo hodnotu v base64.",
		"xop:Include in a message without attachments"}
	strayText = reason{Invalid,
		"Mezi elementy žádosti je text. Odstraňte jej.",
		"text between elements"}
)

// Offences of a value. The other arguments of badValue are the expectation of the
// contract, in Czech and in English.
var (
	noValue = reason{Invalid,
		"Element %s chybí. Doplňte jej.",
		"element %s missing"}
	emptyValue = reason{Invalid,
		"Element %s je prázdný. Uveďte hodnotu.",
		"element %s empty"}
	badValue = reason{Invalid,
		"Hodnota %[1]s není platná: musí to být %[2]s.",
		"value of %[1]s is not %[3]s"}
	blankEnds = reason{Invalid,
		"Hodnota %s začíná nebo končí mezerou. Odstraňte ji.",
		"value of %s begins or ends with white space"}
	emptyOptional = reason{Invalid,
		"Nepovinný element %s je prázdný. Uveďte hodnotu, nebo jej vynechte.",
		"optional element %s empty"}
)

// Offences of the question of E198. The arguments about a word are the word, the
// evidence, and a hint with a blank before it.
var (
	unknownItem = reason{Invalid,
		"Slovo „%[1]s“ v SeznamUdaju není známá položka.%[3]s Opravte je, nebo je vynechte.",
		"word %[1]q in SeznamUdaju is not known"}
	newerItem = reason{Invalid,
		"Položku „%[1]s“ služba E198 nevydává, je až ve verzi 2 ROB. Vynechte ji ze SeznamUdaju.",
		"item %[1]q is of version 2 of ROB"}
	rosItem = reason{Invalid,
		"Položka „%[1]s“ patří do ROS, který služba E198 nečte. Vynechte ji ze SeznamUdaju.",
		"item %[1]q is of ROS"}
	otherEvidence = reason{Invalid,
		"Položka „%[1]s“ nepatří k evidenci %[2]s, která je v elementu AgendaZdroj. Uveďte %[2]sFoto nebo %[2]sPodpis.",
		"item %[1]q is not of evidence %[2]s"}
	contradiction = reason{Invalid,
		"SeznamUdaju obsahuje %[1]sCti i %[1]sNecti. Ponechte jedno z nich.",
		"SeznamUdaju has both %[1]sCti and %[1]sNecti"}
	noEvidenceItem = reason{Invalid,
		"SeznamUdaju nežádá žádný údaj z evidence. Uveďte %[1]sFoto nebo %[1]sPodpis.",
		"SeznamUdaju asks for no item of evidence %[1]s"}
	noRobItem = reason{Invalid,
		"SeznamUdaju žádá čtení z ROB (ROBCti), ale žádnou položku ROB. Uveďte je, například Jmeno a Prijmeni, nebo ROBCti vynechte.",
		"SeznamUdaju has ROBCti but no item of ROB"}
	queryCount = reason{Invalid,
		"Žádost má %d kombinací vyhledávacích údajů (Dotaz1 až Dotaz5). Uveďte právě jednu.",
		"%d search combinations, want exactly one"}
	periodReversed = reason{Invalid,
		"V elementu %s je DatumOd pozdější než DatumDo. Opravte období.",
		"period of %s ends before it begins"}
	noBirthplace = reason{Invalid,
		"V elementu Dotaz3JmPrijDatNarMN chybí místo narození. Uveďte MistoNarozeni s elementem NarozeniCr nebo NarozeniSvet.",
		"place of birth missing"}
	noDocument = reason{Invalid,
		"V elementu Dotaz5JmPrijDoklad chybí doklad. Uveďte Op nebo Cd podle evidence.",
		"document missing"}
	otherDocument = reason{Invalid,
		"Doklad %s nelze hledat v evidenci %s. Uveďte %s, nebo změňte AgendaZdroj.",
		"document %s does not belong to evidence %s, which has %s"}
)

// cut returns the first n characters of s.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
