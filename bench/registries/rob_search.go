package registries

import (
	"slices"

	"brana/egon"
	"brana/egon/xmltext"
)

// search finds the persons for whom all given data hold (the data of E05 and
// E278). limit is the largest number of persons, 0 for no limit. An element
// that is nil is not given.
func (r *rob) search(data *xmltext.Node, limit int) (found []*Person, a robAnswer) {
	given := map[string]*xmltext.Node{}
	if data != nil {
		for _, n := range data.Children {
			if !isNil(n) {
				given[n.Local] = n
			}
		}
	}
	how, _ := data.AttrValue("typPorovnani")
	candidates, ok := r.candidates(given)
	if !ok {
		return nil, robRefusal("NEPOVOLENA KOMBINACE", "Podle této kombinace údajů nelze hledat.")
	}
	for _, p := range candidates {
		if !p.InROB || !agree(p, given, how) {
			continue
		}
		if limit > 0 && len(found) == limit {
			a.kod, a.details = egon.Varovani, []robDetail{{"PREKROCEN POCET",
				"Údajům odpovídá více osob, než je povoleno."}}
			return found, a
		}
		found = append(found, p)
	}
	a.kod = egon.OK
	if len(found) == 0 {
		a.kod, a.details = egon.Varovani, []robDetail{{"ZAZNAM NENALEZEN",
			"Údajům neodpovídá žádná osoba."}}
	}
	return found, a
}

// candidates returns a list that has all persons who agree. It reports false for a
// combination that would have to compare the name of everybody.
func (r *rob) candidates(given map[string]*xmltext.Node) ([]*Person, bool) {
	born, dated := dayIn(given["DatumNarozeni"].Value())
	switch {
	case given["Doklad"] != nil:
		cislo := given["Doklad"].Child(egon.NSRobTypes, "Cislo").Value()
		return append(r.population.WithOP(cislo), r.population.WithCD(cislo)...), true
	case given["Prijmeni"] != nil && dated:
		return r.population.Named(given["Prijmeni"].Value(), born), true
	case given["DatovaSchrankaId"] == nil &&
		(given["AdresaPobytu"] == nil || given["Prijmeni"] == nil):
		return nil, false
	}
	var found []*Person
	for _, p := range r.population.All() {
		if box := given["DatovaSchrankaId"]; box != nil && p.DatovaSchranka == box.Value() ||
			box == nil && p.Pobyt == atoi(given["AdresaPobytu"].Value()) {
			found = append(found, p)
		}
	}
	return found, true
}

// agree reports whether all given elements hold for a person. An element for which
// there is no comparison holds for nobody.
func agree(p *Person, given map[string]*xmltext.Node, how string) bool {
	for element, n := range given {
		i := slices.IndexFunc(comparisons, func(c comparison) bool { return c.element == element })
		if i < 0 || !comparisons[i].agrees(p, n, how) {
			return false
		}
	}
	return true
}

func isNil(n *xmltext.Node) bool {
	return slices.ContainsFunc(n.Attrs, func(a xmltext.NodeAttr) bool {
		return a.Space == egon.NSXSI && a.Local == "nil" && isTrue(a.Value)
	})
}
