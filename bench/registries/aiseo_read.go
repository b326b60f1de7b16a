package registries

import (
	"time"

	"brana/egon"
)

// aiseoReading writes the data of a person, the items that were asked for. Items
// are named like their elements, which differ between versions.
type aiseoReading struct {
	status aiseoSearch // of the answer
	person *Person     // nil: nobody
	local  string      // the local AIFO number
	items  aiseoItems
}

// write1 writes the data of version 1.
func (r aiseoReading) write1(d *doc) {
	const name = "x:AiseoCtiAifoDataResponseV01"
	d.open("AiseoOdpoved")
	d.open(name, "xmlns", nsAiseoData, "xmlns:x", nsAiseoRead, "xmlns:aiseo", nsAiseoTypes)
	r.status.status(d)
	if r.person != nil {
		r.writePerson(d)
	}
	d.shut(name)
	d.shut("AiseoOdpoved")
}

// write2 does so in version 2.
func (r aiseoReading) write2(d *doc) {
	const name = "x:AiseoCtiAifo2DataResponseV01"
	d.open("AiseoOdpoved")
	d.open(name, "xmlns", nsAiseoData, "xmlns:x", nsAiseoRead2, "xmlns:aiseo", nsAiseoTypes)
	r.status.status(d)
	if r.person != nil {
		d.open("x:Osoba")
		r.writePerson(d)
		d.shut("x:Osoba")
	}
	d.shut(name)
	d.shut("AiseoOdpoved")
}

// write3 does so in version 3, whose status has another form.
func (r aiseoReading) write3(d *doc) {
	const name = "x:EoOdpoved"
	d.open("EoOdpoved")
	d.open(name, "xmlns:x", nsAiseoRead3, "xmlns:se", egon.NSEvidence, "xmlns:t", nsSeTypes3)
	d.open("se:AisAplikacniStatus")
	d.leaf("se:VysledekAisKod", r.status.kod)
	if r.status.subKod != "" {
		d.open("se:VysledekDetail")
		d.leaf("se:VysledekSubKod", "SPECIFIKACE V POPISU")
		d.leaf("se:VysledekPopis", r.status.popis)
		d.shut("se:VysledekDetail")
	}
	d.shut("se:AisAplikacniStatus")
	if r.person != nil {
		r.writeKompletniUdaje(d)
	}
	d.shut(name)
	d.shut("EoOdpoved")
}

// aiseoWriter writes the items of one person that were asked for, in the order
// of a schema.
type aiseoWriter struct {
	d      *doc
	items  aiseoItems
	prefix string
}

func (w aiseoWriter) text(item, value string) {
	if value != "" && w.items.asked(item) {
		w.d.leaf(w.prefix+item, value)
	}
}

func (w aiseoWriter) tree(item string, has bool, content func()) {
	if has && w.items.asked(item) {
		w.d.open(w.prefix + item)
		content()
		w.d.shut(w.prefix + item)
	}
}

// writePerson writes Aifo and OsobaEO of versions 1 and 2.
func (r aiseoReading) writePerson(d *doc) {
	p := r.person
	d.leaf("x:Aifo", r.local)
	d.open("x:OsobaEO")
	w := aiseoWriter{d, r.items, "aiseo:"}
	w.text("RodneCislo", p.RodneCislo)
	w.text("Prijmeni", p.Prijmeni)
	w.text("Jmeno", p.Jmeno)
	w.text("DatumNarozeni", p.Narozen.Format(time.DateOnly))
	w.text("Pohlavi", p.pohlavi())
	w.text("RodnePrijmeni", p.Prijmeni) // nobody has changed theirs
	w.text("StavOsoby", p.stavOsoby())
	w.text("StavOsobyOd", dateOrNone(p.Umrti))
	w.place("MistoNarozeni", "MN", p.Narozeni)
	w.place("MistoUmrti", "MU", p.MistoUmrti)
	w.text("AdresaPobId", nonZero(p.Pobyt))
	w.tree("DAdresa", p.Dorucovaci != 0, func() { d.leaf("aiseo:DAdr", itoa(p.Dorucovaci)) })
	for _, stat := range p.Obcanstvi {
		w.tree("Obcanstvi", true, func() { d.leaf("aiseo:StObcanKodCSU", itoa(stat)) })
	}
	w.tree("OPAkt", len(p.OP) > 0, func() {
		d.leaf("aiseo:OPCislo", p.OP[0].Cislo)
		if p.OP[0].Serie != "" {
			d.leaf("aiseo:OPSerie", p.OP[0].Serie)
		}
	})
	d.shut("x:OsobaEO")
}

// place writes a place of birth or death; kind begins the names of its elements.
func (w aiseoWriter) place(item, kind string, x Place) {
	w.tree(item, x != (Place{}), func() {
		kind = w.prefix + kind
		if x.Kod == 0 {
			w.d.leaf(kind+"ObecTxt", x.MistoSvet)
			w.d.leaf(kind+"StatKodCSU", itoa(x.Stat))
			return
		}
		w.d.leaf(kind+"ObecKod", itoa(x.Kod))
		if name, ok := lokalita(x.Kod, x.Typ()); ok {
			w.d.leaf(kind+"ObecTxt", name)
		}
	})
}

// writeKompletniUdaje writes a person of version 3.
func (r aiseoReading) writeKompletniUdaje(d *doc) {
	p := r.person
	d.open("x:KompletniUdaje")
	d.leaf("t:Aifo", r.local)
	w := aiseoWriter{d, r.items, "t:"}
	w.text("RodneCislo", p.RodneCislo)
	w.text("DatumNarozeni", p.Narozen.Format(time.DateOnly))
	w.text("Prijmeni", p.Prijmeni)
	w.text("Jmeno", p.Jmeno)
	w.text("RodnePrijmeni", p.Prijmeni)
	w.text("Pohlavi", p.pohlavi())
	w.place3("MistoNarozeni", p.Narozeni)
	w.text("DatumUmrti", dateOrNone(p.Umrti))
	w.text("StavOsoby", p.stavOsoby())
	w.place3("MistoUmrti", p.MistoUmrti)
	for _, stat := range p.Obcanstvi {
		w.tree("Obcanstvi", true, func() { d.leaf("t:ObcanstviKod", itoa(stat)) })
	}
	w.tree("AdresaTP", p.Pobyt != 0, func() { d.leaf("t:AdresniMistoKod", itoa(p.Pobyt)) })
	w.tree("DorucovaciAdresa", p.Dorucovaci != 0, func() {
		d.open("t:Adresa")
		d.leaf("t:AdresniMistoKod", itoa(p.Dorucovaci))
		d.shut("t:Adresa")
	})
	d.shut("x:KompletniUdaje")
}

// place3 writes a place of birth or death in version 3.
func (w aiseoWriter) place3(item string, x Place) {
	w.tree(item, x != (Place{}), func() {
		if x.Kod == 0 {
			w.d.open("t:MistoSvet")
			w.d.leaf("t:Misto", x.MistoSvet)
			w.d.leaf("t:StatKod", itoa(x.Stat))
			w.d.shut("t:MistoSvet")
			return
		}
		w.d.open("t:MistoCr")
		w.d.leaf("t:ObecKodRuian", itoa(x.Kod))
		if name, ok := lokalita(x.Kod, x.Typ()); ok {
			w.d.leaf("t:Obec", name)
		}
		w.d.shut("t:MistoCr")
	})
}

// stavOsoby is AISEO's word for whether the person lives.
func (p *Person) stavOsoby() string {
	if p.Umrti != nil {
		return "mrtvá"
	}
	return "živá"
}
