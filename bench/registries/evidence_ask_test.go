package registries

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"brana/egon"
	"brana/egon/media"
	"brana/egon/xmltext"
)

// mediaRequest has the parts of a question to an evidence.
type mediaRequest struct {
	ecd      bool
	items    string // "Foto" when empty
	options  string // attributes of the question
	criteria string
	key      []byte  // of the tests when nil
	query    string  // with the prefix q for the evidences' namespace
	as       staging // how the answer is played
}

var testBounds = xmltext.Bounds{NameBytes: 1 << 10, TagBytes: 16 << 10, Attrs: 64, Depth: 64, Namespaces: 64}

// request writes the message, valid by its schema if the parts are.
func (a mediaRequest) request(t testing.TB) []byte {
	t.Helper()
	x := "Eop"
	if a.ecd {
		x = "Ecd"
	}
	if a.items == "" {
		a.items = "Foto"
	}
	if a.key == nil {
		a.key = spki(t, &testKey().PublicKey)
	}
	return fmt.Appendf(nil, `<m:Ais%[1]sMediaSyncCtiPodleUdaju xmlns:m="urn:cz:isvs:ais%[2]s:schemas:Ais%[1]sMediaCtiPodleUdaju:v1"
	xmlns="%[3]s" xmlns:q="%[4]s" xmlns:rob="%[5]s" verzeZadosti="1.0.0">
	<m:ZadostInfo><CasZadosti>2026-01-05T10:00:00+01:00</CasZadosti><Agenda>X999</Agenda><AgendovaRole>XR1</AgendovaRole><Ovm>12345678</Ovm>
	<Ais>999001</Ais><AgendaZadostId>82682c54-7bd2-4231-89df-6231832a8e21</AgendaZadostId><IszrZadostId>2829d020-af4c-13c8-9851-1c37d859c002</IszrZadostId></m:ZadostInfo>
	<m:AutorizaceInfo><SeznamUdaju><q:Ais%[1]sSeznamUdaju> %[6]s </q:Ais%[1]sSeznamUdaju></SeznamUdaju></m:AutorizaceInfo>
	<m:MapaAifo lokalniAifoOd="1"/>
	<m:Dotaz><q:Ais%[1]sMediaCtiPodleUdajuData %[7]s>%[8]s<q:KlicProSifrovani>%[9]s</q:KlicProSifrovani>%[10]s</q:Ais%[1]sMediaCtiPodleUdajuData></m:Dotaz>
	</m:Ais%[1]sMediaSyncCtiPodleUdaju>`,
		x, strings.ToLower(x), egon.NSReg, egon.NSEvidence, egon.NSRobTypes, a.items, a.options, a.criteria,
		base64.StdEncoding.EncodeToString(a.key), a.query)
}

// mediaReply is a reply of an evidence, read back.
type mediaReply struct {
	raw        []byte
	kod, sub   string // of the system
	ais, why   string // of the evidence: VysledekAisKod and VysledekSubKod
	aifo       string // the global one
	photos     []string
	signatures []string // dates of issue, in the order in which they came
	pictures   [][]byte // decrypted
}

func ask(t testing.TB, p *Population, a mediaRequest) mediaReply {
	t.Helper()
	e := NewEOP(p, "A102", 2)
	if a.ecd {
		e = NewECD(p, "A103", 3)
	}
	return e.ask(t, a)
}

func (e *Evidence) ask(t testing.TB, a mediaRequest) mediaReply {
	t.Helper()
	body, err := xmltext.Parse(a.request(t), testBounds)
	if err != nil {
		t.Fatalf("parse request: %v", err)
	}
	r := e.handle(body, a.as)
	whole := bytes.NewBuffer(bytes.Clone(r.head))
	if r.stream != nil {
		if err := r.stream(whole); err != nil {
			t.Fatalf("stream: %v", err)
		}
	}
	return e.read(t, whole.Bytes(), r)
}

func (e *Evidence) read(t testing.TB, raw []byte, r reply) mediaReply {
	t.Helper()
	root, err := xmltext.Parse(raw, testBounds)
	if err != nil {
		t.Fatalf("parse reply: %v\n%s", err, raw)
	}
	d := e.dialect
	status := root.Child(d.space, "OdpovedInfo").Child(egon.NSReg, "Status")
	data := root.Child(d.space, d.answer).Child(d.space, d.answer+"V1")
	application := data.Child(egon.NSEvidence, "AisAplikacniStatus")
	g := mediaReply{
		raw:  raw,
		kod:  status.Child(egon.NSReg, "VysledekKod").Value(),
		sub:  status.Child(egon.NSReg, "VysledekDetail").Child(egon.NSReg, "VysledekSubKod").Value(),
		ais:  text(application, "VysledekAisKod"),
		why:  text(application.Child(egon.NSEvidence, "VysledekDetail"), "VysledekSubKod"),
		aifo: root.Child(d.space, "MapaAifo").Child(egon.NSReg, "PrevodAifo").Child(egon.NSReg, "GlobalniAifo").Value(),
	}
	if g.kod != r.kod {
		t.Errorf("the reply says %s, its message %s", r.kod, g.kod)
	}
	for _, kind := range []struct {
		outer, inner string
		dates        *[]string
	}{{"Fotky", "Fotka", &g.photos}, {"Podpisy", "Podpis", &g.signatures}} {
		for _, n := range data.All(egon.NSEvidence, kind.outer) {
			*kind.dates = append(*kind.dates, text(n, "DatumVydani"))
			der, err := base64.StdEncoding.DecodeString(text(n, kind.inner))
			if err != nil {
				t.Fatalf("%s: %v", kind.inner, err)
			}
			picture, err := media.Decrypt(testKey(), der)
			if err != nil {
				t.Fatalf("%s: %v", kind.inner, err)
			}
			g.pictures = append(g.pictures, picture)
		}
	}
	return g
}

// person returns the special person with a surname.
func person(t testing.TB, p *Population, prijmeni string) *Person {
	t.Helper()
	i := slices.IndexFunc(p.All(), func(x *Person) bool { return x.Prijmeni == prijmeni && x.Special != "" })
	if i < 0 {
		t.Fatalf("nobody is called %s", prijmeni)
	}
	return p.All()[i]
}

// q wraps the parts of a query, names first.
func q(kind, jmeno, prijmeni string, more ...string) string {
	s := fmt.Sprintf("<q:%s><q:Jmeno>%s</q:Jmeno><q:Prijmeni>%s</q:Prijmeni>", kind, jmeno, prijmeni)
	for i := 0; i < len(more); i += 2 {
		s += fmt.Sprintf("<q:%[1]s>%[2]s</q:%[1]s>", more[i], more[i+1])
	}
	return s + "</q:" + kind + ">"
}

func (p *Person) byBirthDate() string {
	return q("Dotaz2JmPrijDatNar", p.Jmeno, p.Prijmeni, "DatumNarozeni", p.Narozen.Format("2006-01-02"))
}

const (
	prague3 = `<rob:NarozeniCr obec="false">35</rob:NarozeniCr>`
	abroad  = `<rob:NarozeniSvet><rob:MistoSvet>dresden</rob:MistoSvet><rob:Stat>276</rob:Stat></rob:NarozeniSvet>`
)

func xmllint(t *testing.T, schema string, payload []byte) {
	t.Helper()
	command := exec.Command("xmllint", "--noout", "--nonet", "--huge", "--schema", schema, "-")
	command.Stdin = bytes.NewReader(payload)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s\n%.3000s", err, out, payload)
	}
}
