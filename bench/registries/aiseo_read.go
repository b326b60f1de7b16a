package registries

import (
	"time"

	"brana/egon"
)

// The namespaces of what AISEO gives out.
const (
	nsAiseoIdentify = "urn:cz:isvs:aiseo:schemas:AiseoZtotozneni:v1"

	nsAiseoData  = "urn:cz:isvs:aiseo:schemas:AiseoDotazyData:v1"
	nsAiseoRead  = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo:v1"
	nsAiseoRead2 = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo2:v1"
	nsAiseoRead3 = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo3:v1"
	nsSeTypes3   = "urn:cz:isvs:aisse:schemas:AisSeTypy3:v1"
)

// aiseoReading gives out what AISEO has of a person, the items that were asked
// for. Their names are those of the elements, in each version its own.
type aiseoReading struct {
	front   *front
	items   aiseoItems
	version string // request element: AiseoCtiAifo, AiseoCtiAifo2 or AiseoCtiAifo3
}

// references returns what the data given out refer to in RUIAN, with their
// states if these are asked for.
func (r aiseoReading) references(a *aiseoReply, p *Person) []ref {
	address, delivery := "AdresaPobId", "DAdresa"
	if r.version == "AiseoCtiAifo3" {
		address, delivery = "AdresaTP", "DorucovaciAdresa"
	}
	refs := []ref{}
	add := func(item string, kod int) {
		if kod != 0 && r.items.asked(item) {
			refs = append(refs, ref{kod: kod})
		}
	}
	add(address, p.Pobyt)
	add(delivery, p.Dorucovaci)
	if !r.items.readRefs && !r.items.verify {
		return refs
	}
	kod, details := refsStatus(r.front.ruian.check(refs))
	a.kod, a.details = worse(a.kod, kod), append(a.details, details...)
	return refs
}

// write writes the answer of AISEO with the person, and of RUIAN where it is
// asked for.
func (r aiseoReading) write(d *doc, p *Person, local string, refs []ref) {
	d.open("r:AiseoOdpoved")
	switch r.version {
	case "AiseoCtiAifo":
		r.write1(d, p, local)
	case "AiseoCtiAifo2":
		r.write2(d, p, local)
	default:
		r.write3(d, p, local)
	}
	d.shut("r:AiseoOdpoved")
	if r.version == "AiseoCtiAifo3" && r.items.readRefs {
		r.front.ruianOdpoved(d, refs, true)
	}
}

func (r aiseoReading) write1(d *doc, p *Person, local string) {
	d.open("r:AiseoCtiAifoDataResponse", "xmlns", nsAiseoData, "xmlns:x", nsAiseoRead, "xmlns:aiseo", nsAiseoTypes)
	(&aiseoSearch{kod: egon.OK}).status(d)
	r.writePerson(d, p, local)
	d.shut("r:AiseoCtiAifoDataResponse")
}

func (r aiseoReading) write2(d *doc, p *Person, local string) {
	d.open("r:AiseoCtiAifo2DataResponse", "xmlns", nsAiseoData, "xmlns:x", nsAiseoRead2, "xmlns:aiseo", nsAiseoTypes)
	(&aiseoSearch{kod: egon.OK}).status(d)
	d.open("x:Osoba")
	r.writePerson(d, p, local)
	d.shut("x:Osoba")
	d.shut("r:AiseoCtiAifo2DataResponse")
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
func (r aiseoReading) writePerson(d *doc, p *Person, local string) {
	d.leaf("x:Aifo", local)
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

// write3 writes KompletniUdaje of version 3.
func (r aiseoReading) write3(d *doc, p *Person, local string) {
	d.open("r:AiseoCtiAifo3DataResponse", "xmlns:x", nsAiseoRead3, "xmlns:se", egon.NSEvidence, "xmlns:t", nsSeTypes3)
	d.open("se:AisAplikacniStatus")
	d.leaf("se:VysledekAisKod", egon.OK)
	d.shut("se:AisAplikacniStatus")
	d.open("x:KompletniUdaje")
	d.leaf("t:Aifo", local)
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
	d.shut("r:AiseoCtiAifo3DataResponse")
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

// stavOsoby says whether the person lives, as AISEO does.
func (p *Person) stavOsoby() string {
	if p.Umrti != nil {
		return "mrtvá"
	}
	return "živá"
}
