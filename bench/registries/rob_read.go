package registries

import (
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strconv"
	"time"
)

// ctiHromadne reads the persons of the MapaAifo (O08).
func (r *rob) ctiHromadne(q robQuery) robAnswer {
	a := robAnswer{entries: slices.Clone(q.entries)}
	missing := false
	var found []osoba
	for i := range a.entries {
		e := &a.entries[i]
		p := r.person(e.aifo)
		e.overeno = strconv.FormatBool(p != nil)
		if p == nil {
			missing = true
			continue
		}
		a.uses++
		if q.read {
			found = append(found, osoba{Person: p, local: e.local, aifo: e.aifo, items: q.items})
			a.refs = found[len(found)-1].references(a.refs)
		}
	}
	a.status(missing, false)
	a.persons = func(d *doc) {
		for _, o := range found {
			o.write(d)
		}
	}
	return a
}

// osoba is a person as ROB returns it: only the items that were asked for.
type osoba struct {
	*Person
	local, aifo string
	items       []string
	version2    bool // with the items that came with ROB 2.0
}

func (o osoba) asked(item string) bool { return slices.Contains(o.items, item) }

// references adds the places in RUIAN to which the data that were asked for refer.
func (o osoba) references(refs []ref) []ref {
	add := func(item string, x ref) {
		if o.asked(item) && x.kod != 0 && !slices.Contains(refs, x) {
			refs = append(refs, x)
		}
	}
	add("AdresaPobytu", ref{kod: o.Pobyt})
	add("DorucovaciAdresa", ref{kod: o.Dorucovaci})
	add("MistoNarozeni", ref{kod: o.Narozeni.Kod, typ: o.Narozeni.Typ()})
	add("MistoUmrti", ref{kod: o.MistoUmrti.Kod, typ: o.MistoUmrti.Typ()})
	return refs
}

// write writes the element Osoba in the order of the schema, with the prefixes
// rod, rob and xsi. An element that may be nil is nil when the item was not asked
// for, or has no value.
func (o osoba) write(d *doc) {
	w := osobaWriter{d, o}
	d.open("rod:Osoba")
	w.text("AdresaPobytu", nonZero(o.Pobyt))
	d.leaf("rod:Aifo", o.local, "stav", "spravny")
	d.leaf("rod:AifoKontrolaType", kontrola(o.aifo))
	w.text("DatovaSchranka", o.DatovaSchranka)
	w.text("DatumNarozeni", o.Narozen.Format(time.DateOnly))
	w.text("DatumPravniMociUmrti", dateOrNone(o.Umrti))
	w.text("DatumUmrti", dateOrNone(o.Umrti))
	w.tree("DorucovaciAdresa", o.Dorucovaci != 0, "typAdresy", "adresaCrOdkaz", func() {
		d.leaf("rob:AdresaCr", itoa(o.Dorucovaci))
	})
	w.text("Jmeno", o.Jmeno)
	w.place("MistoNarozeni", "rob:Narozeni", o.Narozeni)
	w.place("MistoUmrti", "rob:Umrti", o.MistoUmrti)
	w.text("Prijmeni", o.RobPrijmeni)
	if o.version2 {
		for _, name := range []string{
			"RodnePrijmeni",
			"OmezeniSvepravnosti",
			"RodinnyStavPartnerstvi",
		} {
			w.text(name, "")
		}
		w.text("Pohlavi", o.pohlavi())
		w.text("Telefon", "")
		w.text("Email", "")
	}
	if o.asked("Doklad") {
		for _, x := range o.robDocuments() {
			d.open("rod:Doklady", "stav", "spravny", "zmenaCas", w.changed())
			d.leaf("rob:Cislo", x.Cislo)
			d.leaf("rob:Druh", x.druh)
			d.leaf("rob:PlatnostDo", x.PlatnostDo.Format(time.DateOnly))
			d.shut("rod:Doklady")
		}
	}
	if o.asked("Obcanstvi") {
		for _, stat := range o.Obcanstvi {
			d.leaf("rod:Obcanstvi", itoa(stat), "stav", "spravny", "zmenaCas", w.changed())
		}
	}
	d.shut("rod:Osoba")
}

// osobaWriter writes the items of one person.
type osobaWriter struct {
	d *doc
	o osoba
}

func (w osobaWriter) changed() string { return w.o.Zmena.Format("2006-01-02T15:04:05") }

// text writes an item whose value is text; empty: it has none.
func (w osobaWriter) text(item, value string) {
	if !w.o.asked(item) || value == "" {
		w.d.empty("rod:"+item, "xsi:nil", "true")
		return
	}
	w.d.leaf("rod:"+item, value, "stav", "spravny", "zmenaCas", w.changed())
}

// tree writes an item whose value is elements, with one more attribute.
func (w osobaWriter) tree(item string, has bool, attr, value string, content func()) {
	if !w.o.asked(item) || !has {
		w.d.empty("rod:"+item, "xsi:nil", "true")
		return
	}
	w.d.open("rod:"+item, attr, value, "stav", "spravny", "zmenaCas", w.changed())
	content()
	w.d.shut("rod:" + item)
}

func (w osobaWriter) place(item, kind string, p Place) {
	w.tree(item, p != (Place{}), "", "", func() {
		if p.Kod != 0 {
			w.d.leaf(kind+"Cr", itoa(p.Kod), "obec", strconv.FormatBool(p.Obec))
			return
		}
		w.d.open(kind + "Svet")
		w.d.leaf("rob:MistoSvet", p.MistoSvet)
		w.d.leaf("rob:Stat", itoa(p.Stat))
		w.d.shut(kind + "Svet")
	})
}

// kontrola is the check value of an identifier, 64 bytes. How real ones are made is
// not public.
func kontrola(aifo string) string {
	sum := sha512.Sum512([]byte(aifo))
	return base64.StdEncoding.EncodeToString(sum[:])
}
