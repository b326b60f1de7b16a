package registries

import (
	"fmt"

	"brana/egon"
)

// aiseoCtiPodleUdaju2 answers E172 with the identifiers of whom AISEO found.
func (f *front) aiseoCtiPodleUdaju2(m *message) reply {
	query := m.body.Child(m.body.Space, "Zadost").Child(m.body.Space, "AiseoCtiPodleUdaju2Data")
	how, _ := query.AttrValue("typPorovnani")
	s := aiseoSearch{kod: egon.Varovani, subKod: "SPECIFIKACE V POPISU", popis: "Chybí právě jedna kombinace údajů."}
	if query != nil && len(query.Children) == 1 {
		s = f.aiseo.search(query.Children[0], how)
	}
	t := translation{targetKnown: f.org.knows(m.info.system())}
	for _, p := range s.mapa(f.aiseo.system) {
		t.add(f.org, p, f.aiseo.system, m.info.system(), true)
	}
	kod, details := t.outcome(s.kod)
	d := newDoc()
	frontRoot(&d, m, m.body.Local+"Response")
	d.odpovedInfo("abs:OdpovedInfo", m, kod, details...)
	if kod != egon.Chyba {
		t.mapa(&d)
		t.odpoved(&d)
	}
	d.open("r:AiseoOdpoved")
	d.open("r:AiseoCtiPodleUdaju2DataResponse", "xmlns", nsAiseo2)
	s.status(&d)
	d.shut("r:AiseoCtiPodleUdaju2DataResponse")
	d.shut("r:AiseoOdpoved")
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: kod}
}

// The triples that have rights to items, and the items, as the sample of E227
// has them (seed E227 §12.1).
var (
	rightsOf = map[string]bool{"A1185/CR8359/00372498": true, "X999/XR1/12345678": true, "A999/CTENAR/12345678": true}
	rights   = [][2]string{
		{"Prijmeni", "101-1-1"}, {"Obcanstvi", "101-1-10"}, {"Doklad", "101-1-11"}, {"DatovaSchrankaROB", "101-1-12"},
		{"Jmeno", "101-1-2"}, {"AdresaPobytu", "101-1-3"}, {"DorucovaciAdresa", "101-1-4"}, {"DatumNarozeni", "101-1-5"},
		{"MistoNarozeni", "101-1-6"}, {"Ico", "102-1-1"}, {"AdresaSidla", "102-1-14"},
	}
)

// vypisOpravneniPolozky answers E227.
func (f *front) vypisOpravneniPolozky(m *message) reply {
	data := m.body.Child(m.body.Space, "Zadost").Child(m.body.Space, "IszrVypisOpravneniPolozkyData")
	value := func(local string) string { return data.Child(egon.NSRightsData, local).Value() }
	triple := value("Agenda") + "/" + value("AgendovaRole") + "/" + value("Ovm")
	kod := egon.Varovani
	if rightsOf[triple] {
		kod = egon.OK
	}
	d := newDoc()
	d.open("r:"+m.body.Local+"Response", "xmlns:r", m.body.Space, "xmlns:abs", egon.NSAbstract, "xmlns:reg", egon.NSReg,
		"xmlns:d", egon.NSRightsData, "xmlns:iszd", egon.NSIszrData, "xmlns:iszt", egon.NSIszrTypes)
	d.odpovedInfo("abs:OdpovedInfo", m, kod)
	d.open("r:IszrOdpoved")
	d.open("r:IszrVypisOpravneniPolozkyDataResponse")
	d.open("iszd:IszrAplikacniStatus")
	d.leaf("iszt:VysledekIszrKodType", kod)
	if kod != egon.OK {
		d.open("iszt:VysledekDetail")
		d.leaf("iszt:VysledekSubKod", "ZAZNAM NENALEZEN")
		d.leaf("iszt:VysledekPopis", fmt.Sprintf("S227_001: Nejsou evidována žádná oprávnění na položky pro %.80s.", triple))
		d.shut("iszt:VysledekDetail")
	}
	d.shut("iszd:IszrAplikacniStatus")
	if kod == egon.OK {
		for _, r := range rights {
			d.open("d:Polozka")
			d.leaf("d:KodIszr", r[0])
			d.leaf("d:KodRpp", r[1])
			d.shut("d:Polozka")
		}
	}
	d.shut("r:IszrVypisOpravneniPolozkyDataResponse")
	d.shut("r:IszrOdpoved")
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: kod}
}
