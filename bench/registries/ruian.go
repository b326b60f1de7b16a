package registries

import "brana/egon"

// ruian is RUIAN as far as ROB refers to it.
type ruian struct{ population *Population }

// The namespaces of RUIAN's addresses, by version of the message around them.
const (
	nsCtiAdresa  = "urn:cz:isvs:ruian:schemas:CtiAdresa:v1"
	nsCtiAdresa2 = "urn:cz:isvs:ruian:schemas:CtiAdresa:v2"
)

// serve answers A28, in the version in which it was asked.
func (r *ruian) serve(m *message) reply {
	if m.body.Local != "CtiProRobRequest" || m.body.Space != egon.NSRuian &&
		m.body.Space != egon.NSRuian2 {
		return reply{}
	}
	m.entry.Step = "A28"
	list := m.body.Child(m.body.Space, "Dotaz").Child(m.body.Space, "SeznamIdAdres")
	read, _ := list.AttrValue("nacistData")
	refs := r.check(readRefs(list))
	kod, details := refsStatus(refs)
	d := newDoc()
	d.open("CtiProRobResponse", "xmlns", m.body.Space, "xmlns:reg", egon.NSReg)
	d.odpovedInfo("OdpovedInfo", m, kod, details...)
	d.open("Odpoved")
	d.open("SeznamAdres")
	if isTrue(read) {
		r.adresy(&d, refs, "", m.body.Space == egon.NSRuian2)
	}
	d.shut("SeznamAdres")
	d.seznamIdAdres("SeznamIdAdres", refs)
	d.open("SeznamLokalit")
	if isTrue(read) {
		r.lokality(&d, refs, "")
	}
	d.shut("SeznamLokalit")
	d.shut("Odpoved")
	d.shut("CtiProRobResponse")
	return reply{head: d, kod: kod}
}

// check fills in the states.
func (r *ruian) check(refs []ref) []ref {
	for i := range refs {
		x := &refs[i]
		if x.typ == "" {
			x.state = r.population.Address(x.kod).State
			continue
		}
		x.state = Nenalezen
		if _, ok := r.population.Lokalita(x.kod, x.typ); ok {
			x.state = Existuje
		}
	}
	return refs
}

// adresy writes a PolozkovaAdresa for each address that exists; prefix is that
// of its namespace, with the colon.
func (r *ruian) adresy(d *doc, refs []ref, prefix string, version2 bool) {
	for _, x := range refs {
		if x.typ != "" || x.state != Existuje {
			continue
		}
		ns, district := nsCtiAdresa, "Mop"
		if version2 {
			ns, district = nsCtiAdresa2, "ObvodPrahy"
		}
		d.open(prefix + "PolozkovaAdresa")
		d.adresa(r.population.Address(x.kod), ns, district)
		d.shut(prefix + "PolozkovaAdresa")
	}
}

// adresa writes the fields of AdresaPolozkovaType in the order of the schema.
func (d *doc) adresa(a *Address, ns, district string) {
	for _, f := range []struct {
		name, text string
		kod        int
	}{
		{"OkresKod", "", a.OkresKod}, {"OkresNazev", a.OkresNazev, 0},
		{"ObecKod", "", a.ObecKod}, {"ObecNazev", a.ObecNazev, 0},
		{"CastObceKod", "", a.CastObceKod}, {"CastObceNazev", a.CastObceNazev, 0},
		{"UliceKod", "", a.UliceKod}, {"UliceNazev", a.UliceNazev, 0},
		{"PostaKod", "", a.PostaKod}, {"PostaNazev", a.PostaNazev, 0},
		{"StavebniObjektKod", "", a.StavebniObjektKod}, {"AdresniMistoKod", "", a.Kod},
		{"TypCislaDomovnihoKod", "", a.TypCislaDomovnihoKod}, {"CisloDomovni", "", a.CisloDomovni},
		{"CisloOrientacni", "", a.CisloOrientacni},
		{"CisloOrientacniPismeno", a.CisloOrientacniPismeno, 0},
		{district + "Kod", "", a.MopKod}, {district + "Nazev", a.MopNazev, 0},
	} {
		if f.kod != 0 {
			f.text = itoa(f.kod)
		}
		if f.text != "" {
			d.leaf(f.name, f.text, "xmlns", ns)
		}
	}
}

// lokality writes a Lokalita for each place that exists; prefix is the prefix of
// its namespace, with the colon.
func (r *ruian) lokality(d *doc, refs []ref, prefix string) {
	for _, x := range refs {
		if nazev, ok := r.population.Lokalita(x.kod, x.typ); ok && x.typ != "" {
			d.open(prefix+"Lokalita", "TypPrvku", x.typ)
			d.leaf(prefix+"Kod", itoa(x.kod))
			d.leaf(prefix+"Nazev", nazev)
			d.shut(prefix + "Lokalita")
		}
	}
}
