package registries

import "brana/egon"

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
