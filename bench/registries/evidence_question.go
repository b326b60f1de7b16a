package registries

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// question is the question of X21 or X22. Of the fields that find the person, only
// those of one query are set.
type question struct {
	jmeno, prijmeni, typPorovnani string

	rodneCislo         string
	narozen            time.Time
	misto              *Place
	pobyt              int
	cislo, serie, druh string
	document           string // the query by document that the evidence knows

	photo, signature   bool     // asked for
	photos, signatures criteria // which of them
	cipher             Cipher
	localAifo          int  // the first number for a local AIFO
	hidden             bool // the use record is not shown to the person
}

// refusal is why a question is refused; nil: it is answered. Its text goes to the
// caller.
type refusal struct {
	system bool // the message is invalid; otherwise the evidence refuses it
	popis  string
}

func invalid(what string) *refusal {
	return &refusal{system: true, popis: "Neplatná hodnota: " + what + "."}
}

// question reads a request.
func (e *Evidence) question(body *xmltext.Node) (*question, *refusal) {
	d := e.dialect
	data := body.Child(d.space, "Dotaz").Child(egon.NSEvidence, d.data)
	if data == nil {
		return nil, invalid(d.data + " chybí")
	}
	q := &question{document: d.document, localAifo: 1}
	for _, read := range []func(*xmltext.Node) *refusal{
		q.readOptions,
		q.readCriteria,
		q.readQuery,
	} {
		if no := read(data); no != nil {
			return nil, no
		}
	}
	if from, ok := body.Child(d.space, "MapaAifo").AttrValue("lokalniAifoOd"); ok {
		n, err := strconv.ParseInt(from, 10, 31)
		if err != nil || n < 0 {
			return nil, invalid("lokalniAifoOd")
		}
		q.localAifo = int(n)
	}
	listed := body.Child(d.space, "AutorizaceInfo").Child(egon.NSReg, "SeznamUdaju")
	items := listed.Child(egon.NSEvidence, d.items)
	words := strings.Fields(items.Value())
	q.photo, q.signature = slices.Contains(words, "Foto"), slices.Contains(words, "Podpis")
	return q, e.permit(q, body, data)
}

// permit applies the evidence's own rules to a valid question.
func (e *Evidence) permit(q *question, body, data *xmltext.Node) *refusal {
	if !q.photo && !q.signature {
		return &refusal{popis: "Není požadována fotografie ani podpis."}
	}
	if q.photos != (criteria{}) || q.signatures != (criteria{}) {
		info := body.Child(e.dialect.space, "ZadostInfo")
		caller, _ := strconv.Atoi(info.Child(egon.NSReg, "Ais").Value())
		if slices.Contains(e.NoCriteriaFor, caller) {
			return &refusal{
				popis: fmt.Sprintf("AIS %d nemá povoleno použít omezovací kritéria.", caller),
			}
		}
	}
	text := strings.Fields(data.Child(egon.NSEvidence, "KlicProSifrovani").Value())
	key, err := base64.StdEncoding.DecodeString(strings.Join(text, ""))
	if err != nil {
		return invalid("KlicProSifrovani")
	}
	if q.cipher, err = NewCipher(key); err != nil {
		return &refusal{
			popis: "KlicProSifrovani není veřejný klíč RSA o délce 2048 až 8192 bitů ve " +
				"tvaru SubjectPublicKeyInfo (DER).",
		}
	}
	return nil
}

func (q *question) readOptions(data *xmltext.Node) *refusal {
	typ, given := data.AttrValue("typPorovnani")
	if !given {
		typ = Diakritika
	}
	if typ != Striktni && typ != Diakritika && typ != Ascii {
		return invalid("typPorovnani")
	}
	q.typPorovnani = typ
	hidden, given := data.AttrValue("znepristupniLog")
	var err error
	if q.hidden, err = strconv.ParseBool(hidden); err != nil && given {
		return invalid("znepristupniLog")
	}
	return nil
}

func (q *question) readCriteria(data *xmltext.Node) (no *refusal) {
	if q.photos, no = readCriteria(data.Child(egon.NSEvidence, "KriteriaProFotky")); no != nil {
		return no
	}
	q.signatures, no = readCriteria(data.Child(egon.NSEvidence, "KriteriaProPodpis"))
	return no
}

// readCriteria reads the bounds of a choice; nil and an element without
// children are none. An empty Pocet is one, by the schema.
func readCriteria(n *xmltext.Node) (c criteria, no *refusal) {
	if od := n.Child(egon.NSEvidence, "DatumOd"); od != nil {
		if c.from, no = readDate(od); no != nil {
			return c, no
		}
	}
	if do := n.Child(egon.NSEvidence, "DatumDo"); do != nil {
		if c.to, no = readDate(do); no != nil {
			return c, no
		}
	}
	if !c.from.IsZero() && !c.to.IsZero() && c.from.After(c.to) {
		return c, invalid("DatumOd je po DatumDo")
	}
	if pocet := n.Child(egon.NSEvidence, "Pocet"); pocet != nil {
		c.count = 1
		if pocet.Value() != "" {
			c.count, no = readCode(pocet)
		}
	}
	return c, no
}

// readQuery reads the one query that must stand behind the key.
func (q *question) readQuery(data *xmltext.Node) (no *refusal) {
	var query *xmltext.Node
	for _, child := range data.Children {
		if child.Space == egon.NSEvidence && strings.HasPrefix(child.Local, "Dotaz") {
			if query != nil {
				return invalid("více než jeden dotaz")
			}
			query = child
		}
	}
	q.jmeno, q.prijmeni = text(query, "Jmeno"), text(query, "Prijmeni")
	switch {
	case q.jmeno == "" || q.prijmeni == "":
		return invalid("Jmeno a Prijmeni")
	case strings.HasPrefix(query.Local, "Dotaz5") && query.Local != q.document:
		return invalid("dotaz na doklad jiné evidence")
	}
	switch query.Local {
	case "Dotaz1JmPrijRC":
		q.rodneCislo, no = required(query, "RodneCislo")
	case "Dotaz2JmPrijDatNar":
		no = q.readBirthDate(query)
	case "Dotaz3JmPrijDatNarMN":
		if no = q.readBirthDate(query); no == nil {
			no = q.readBirthplace(query.Child(egon.NSEvidence, "MistoNarozeni"))
		}
	case "Dotaz4JmPrijDatNarTP":
		if no = q.readBirthDate(query); no == nil {
			q.pobyt, no = readCode(query.Child(egon.NSEvidence, "TrvalyPobyt"))
		}
	case "Dotaz5JmPrijOP":
		q.cislo, no = required(query, "OpCislo")
		q.serie = text(query, "OpSerie")
	case "Dotaz5JmPrijDok":
		q.druh = text(query, "CdDruh")
		var cislo int
		cislo, no = readCode(query.Child(egon.NSEvidence, "CdCislo"))
		q.cislo = strconv.Itoa(cislo)
	default:
		no = invalid("neznámý dotaz")
	}
	return no
}

func (q *question) readBirthDate(query *xmltext.Node) (no *refusal) {
	q.narozen, no = readDate(query.Child(egon.NSEvidence, "DatumNarozeni"))
	return no
}

func (q *question) readBirthplace(misto *xmltext.Node) (no *refusal) {
	q.misto = &Place{}
	if cr := misto.Child(egon.NSRobTypes, "NarozeniCr"); cr != nil {
		q.misto.Kod, no = readCode(cr)
		obec, given := cr.AttrValue("obec")
		q.misto.Obec = !given || obec == "true" || obec == "1"
		return no
	}
	svet := misto.Child(egon.NSRobTypes, "NarozeniSvet")
	q.misto.MistoSvet = svet.Child(egon.NSRobTypes, "MistoSvet").Value()
	q.misto.Stat, no = readCode(svet.Child(egon.NSRobTypes, "Stat"))
	return no
}

// text returns the value of a child of the evidences' namespace, empty when it
// is absent.
func text(n *xmltext.Node, local string) string { return n.Child(egon.NSEvidence, local).Value() }

func required(n *xmltext.Node, local string) (string, *refusal) {
	value := text(n, local)
	if value == "" {
		return "", invalid(local)
	}
	return value, nil
}

// readCode reads a positive number; nil is invalid.
func readCode(n *xmltext.Node) (int, *refusal) {
	code, err := strconv.ParseInt(n.Value(), 10, 32)
	if err != nil || code < 1 {
		if n == nil {
			return 0, invalid("chybí povinný kód")
		}
		return 0, invalid(n.Local)
	}
	return int(code), nil
}

// readDate reads an xs:date; its zone is checked and does not count. nil is
// invalid.
func readDate(n *xmltext.Node) (time.Time, *refusal) {
	switch t, ok := dayIn(n.Value()); {
	case ok:
		return t, nil
	case n == nil:
		return time.Time{}, invalid("chybí povinné datum")
	}
	return time.Time{}, invalid(n.Local)
}
