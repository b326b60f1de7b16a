package load

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"

	"brana/egon"
)

func ico(*Book, Person) ([]byte, error) {
	return []byte(
		`<Zadost xmlns="urn:cz:isvs:ros:schemas:RosCtiIco:v1"><Ico>00007064</Ico></Zadost>`,
	), nil
}

func rights(*Book, Person) ([]byte, error) {
	return egon.AppendRightsQuestion(nil, &egon.RightsQuery{
		Agenda:       []byte("X999"),
		AgendovaRole: []byte("XR1"),
		Ovm:          []byte("12345678"),
	}), nil
}

// errNotFound means that a person has no value of the search key of a scenario.
var errNotFound = errors.New("the person has nothing to be found by")

func media(b *Book, p Person) ([]byte, error) {
	return b.media(p, egon.MediaQuery{
		AgendaZdroj:   []byte("Eop"),
		Kind:          egon.Dotaz2JmPrijDatNar,
		DatumNarozeni: []byte(p.Narozen),
	})
}

func mediaByNumber(b *Book, p Person) ([]byte, error) {
	if p.RodneCislo == "" {
		return nil, errNotFound
	}
	return b.media(p, egon.MediaQuery{
		AgendaZdroj: []byte("Eop"),
		Kind:        egon.Dotaz1JmPrijRC,
		RodneCislo:  []byte(p.RodneCislo),
	})
}

func mediaByCard(b *Book, p Person) ([]byte, error) {
	if p.CisloOp == "" {
		return nil, errNotFound
	}
	return b.media(p, egon.MediaQuery{
		AgendaZdroj: []byte("Eop"),
		Kind:        egon.Dotaz5JmPrijDokladOp,
		OpCislo:     []byte(p.CisloOp),
	})
}

func mediaByDocument(b *Book, p Person) ([]byte, error) {
	if p.CisloPasu == "" {
		return nil, errNotFound
	}
	return b.media(p, egon.MediaQuery{
		AgendaZdroj: []byte("Ecd"),
		Kind:        egon.Dotaz5JmPrijDokladCd,
		CdCislo:     []byte(p.CisloPasu),
	})
}

// media is a question for a person, with the key of the book.
func (b *Book) media(p Person, q egon.MediaQuery) ([]byte, error) {
	if p.Jmeno == "" {
		return nil, errors.New("a person without a name")
	}
	if b.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return nil, err
		}
		b.key = []byte(base64.StdEncoding.EncodeToString(spki))
	}
	q.Queries, q.Klic, q.Jmeno, q.Prijmeni = 1, b.key, []byte(p.Jmeno), []byte(p.Prijmeni)
	return egon.AppendMediaQuestion(nil, &q), nil
}

// search is a question of E05 for a person.
func search(_ *Book, p Person) ([]byte, error) {
	if p.Jmeno == "" {
		return nil, errors.New("a person without a name")
	}
	var b bytes.Buffer
	b.WriteString(`<z:Zadost xmlns:z="urn:cz:isvs:iszr:schemas:IszrRobCtiPodleUdaju:v1" ` +
		`xmlns:rod="` + egon.NSRobData + `"><z:RobCtiPodleUdajuData>`)
	for _, leaf := range [][2]string{
		{"DatumNarozeni", p.Narozen},
		{"Jmeno", p.Jmeno},
		{"Prijmeni", p.Prijmeni},
	} {
		b.WriteString("<rod:" + leaf[0] + ">")
		if err := xml.EscapeText(&b, []byte(leaf[1])); err != nil {
			return nil, err
		}
		b.WriteString("</rod:" + leaf[0] + ">")
	}
	b.WriteString("</z:RobCtiPodleUdajuData></z:Zadost>")
	return b.Bytes(), nil
}
