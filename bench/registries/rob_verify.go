package registries

import (
	"slices"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// over compares data with the persons to whom they should belong (O25).
func (r *rob) over(q robQuery) robAnswer {
	how, _ := q.data.AttrValue("typPorovnani")
	a := robAnswer{entries: slices.Clone(q.entries)}
	var missing, differing bool
	var results []result
	for _, osoba := range q.data.All(egon.NSRobData, "Osoba") {
		local := osoba.Child(egon.NSRobData, "Aifo").Value()
		at := slices.IndexFunc(a.entries, func(p prevod) bool { return p.local == local })
		if at < 0 {
			return robRefusal("CHYBA MAPA AIFO", "Lokální AIFO není v MapaAifo.")
		}
		one := result{local: local}
		p := r.person(a.entries[at].aifo)
		a.entries[at].overeno = "false"
		if p == nil {
			missing = true
		} else {
			a.entries[at].overeno = "true"
			one.compare(p, osoba, how)
			a.uses++
		}
		if slices.ContainsFunc(one.compared(),
			func(item string) bool { return !slices.Contains(q.items, item) }) {
			return robRefusal("NENI OPRAVNENI", "Porovnávaná položka není v RobSeznamUdaju.")
		}
		differing = differing || len(one.some)+len(one.none) > 0
		results = append(results, one)
	}
	a.status(missing, differing)
	a.persons = func(d *doc) {
		for _, one := range results {
			one.write(d)
		}
	}
	return a
}

// result is the comparison of one person's data, by item in ROB's internal names.
type result struct {
	local           string
	all, some, none []string // all given values of the item agree, some, none
}

// compared returns the items that were compared; Aifo needs no right.
func (x *result) compared() []string {
	return slices.DeleteFunc(slices.Concat(x.all, x.some, x.none),
		func(item string) bool { return item == "Aifo" })
}

func (x *result) compare(p *Person, osoba *xmltext.Node, how string) {
	x.all = []string{"Aifo"}
	for _, c := range comparisons {
		given := osoba.All(egon.NSRobData, c.element)
		agree := 0
		for _, n := range given {
			if c.agrees(p, n, how) {
				agree++
			}
		}
		switch {
		case len(given) == 0:
		case agree == len(given):
			x.all = append(x.all, c.item)
		case agree > 0:
			x.some = append(x.some, c.item)
		default:
			x.none = append(x.none, c.item)
		}
	}
}

func (x *result) write(d *doc) {
	d.open("rod:Osoba")
	d.leaf("rod:Aifo", x.local)
	for _, list := range []struct {
		name  string
		items []string
	}{{"OvereneUdaje", x.all}, {"CastecneOvereneUdaje", x.some}, {"NeovereneUdaje", x.none}} {
		if len(list.items) > 0 {
			d.leaf("rod:"+list.name, strings.Join(list.items, " "))
		}
	}
	d.shut("rod:Osoba")
}

// comparison says how a given element compares with a person. Verification and
// search share the rules.
type comparison struct {
	element, item string
	agrees        func(p *Person, n *xmltext.Node, how string) bool
}

// comparisons are in the order of the schema.
var comparisons = []comparison{
	{"AdresaPobytu", "AdresaPobytu",
		func(p *Person, n *xmltext.Node, _ string) bool { return atoi(n.Value()) == p.Pobyt }},
	{"DatovaSchrankaId", "DatovaSchranka",
		func(p *Person, n *xmltext.Node, _ string) bool { return n.Value() == p.DatovaSchranka }},
	{"DatumNarozeni", "DatumNarozeni",
		func(p *Person, n *xmltext.Node, _ string) bool { return isDay(n, &p.Narozen) }},
	{"DatumUmrti", "DatumUmrti", func(p *Person, n *xmltext.Node, _ string) bool {
		return isDay(n, p.Umrti)
	}},
	{"DatumPravniMociUmrti", "DatumPravniMociUmrti",
		func(p *Person, n *xmltext.Node, _ string) bool { return isDay(n, p.Umrti) }},
	{"DorucovaciAdresa", "DorucovaciAdresa", func(p *Person, n *xmltext.Node, _ string) bool {
		return p.Dorucovaci != 0 &&
			atoi(n.Child(egon.NSRobTypes, "AdresaCr").Value()) == p.Dorucovaci
	}},
	{"Jmeno", "Jmeno", func(p *Person, n *xmltext.Node, how string) bool {
		return Equal(n.Value(), p.Jmeno, how)
	}},
	{"MistoNarozeni", "MistoNarozeni", func(p *Person, n *xmltext.Node, how string) bool {
		return isPlace(n, "Narozeni", p.Narozeni, how)
	}},
	{"MistoUmrti", "MistoUmrti", func(p *Person, n *xmltext.Node, how string) bool {
		return isPlace(n, "Umrti", p.MistoUmrti, how)
	}},
	{"Prijmeni", "Prijmeni", func(p *Person, n *xmltext.Node, how string) bool {
		return Equal(n.Value(), p.RobPrijmeni, how)
	}},
	{"Doklady", "Doklad", isDocument},
	{"Doklad", "Doklad", isDocument}, // as the search names it
	{"Obcanstvi", "Obcanstvi", func(p *Person, n *xmltext.Node, _ string) bool {
		return slices.Contains(p.Obcanstvi, atoi(n.Value()))
	}},
	{"Pohlavi", "Pohlavi", func(p *Person, n *xmltext.Node, _ string) bool {
		return n.Value() == p.pohlavi()
	}},
}

func isDay(n *xmltext.Node, is *time.Time) bool {
	given, ok := dayIn(n.Value())
	return ok && is != nil && given.Equal(*is)
}

// isPlace compares a place of birth or death; kind begins the names of its
// elements.
func isPlace(n *xmltext.Node, kind string, is Place, how string) bool {
	if cr := n.Child(egon.NSRobTypes, kind+"Cr"); cr != nil {
		obec, given := cr.AttrValue("obec")
		return is.Kod != 0 && atoi(cr.Value()) == is.Kod && (!given || isTrue(obec)) == is.Obec
	}
	svet := n.Child(egon.NSRobTypes, kind+"Svet")
	return is.MistoSvet != "" &&
		Equal(svet.Child(egon.NSRobTypes, "MistoSvet").Value(), is.MistoSvet, how) &&
		atoi(svet.Child(egon.NSRobTypes, "Stat").Value()) == is.Stat
}

// isDocument compares a document with those that ROB holds: the last of each
// kind.
func isDocument(p *Person, n *xmltext.Node, _ string) bool {
	cislo := n.Child(egon.NSRobTypes, "Cislo").Value()
	druh := n.Child(egon.NSRobTypes, "Druh").Value()
	until := n.Child(egon.NSRobTypes, "PlatnostDo")
	return slices.ContainsFunc(p.robDocuments(), func(d robDocument) bool {
		return d.Cislo == cislo && d.druh == druh && (until == nil || isDay(until, &d.PlatnostDo))
	})
}
