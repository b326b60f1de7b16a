package registries

import (
	"cmp"

	"brana/egon"
	"brana/egon/xmltext"
)

// aiseoSearch is the outcome of a search.
type aiseoSearch struct {
	found         []*Person
	kod           string
	subKod, popis string // why nobody was found
}

// search finds the persons for whom all given values hold. Former names and names
// at birth are the present ones here: nobody has changed theirs.
func (a *aiseo) search(query *xmltext.Node, how string) aiseoSearch {
	v := aiseoQueryOf(query)
	born, _ := dayIn(v["DatumNarozeni"]) // the schema demands a date; without one nobody is found
	var candidates []*Person
	switch rc := cmp.Or(v["RodneCislo"], v["RC"]); {
	case rc != "" && !isRodneCislo(rc):
		return aiseoSearch{
			kod:    egon.Varovani,
			subKod: "SPATNA SYNTAXE RODNEHO CISLA",
			popis:  "Rodné číslo má mít 9 nebo 10 číslic.",
		}
	case rc != "":
		if candidates = a.population.WithRodneCislo(rc); len(candidates) == 0 {
			return aiseoSearch{
				kod:    egon.Varovani,
				subKod: "RODNE CISLO NENALEZENO",
				popis:  "Rodné číslo nebylo nalezeno.",
			}
		}
	case !born.IsZero():
		for _, name := range []string{"Prijmeni", "MinulePrijmeni", "RodnePrijmeni",
			"MinuleRodnePrijmeni"} {
			if v[name] != "" {
				candidates = a.population.Named(v[name], born)
				break
			}
		}
	}
	s := aiseoSearch{kod: egon.OK}
	for _, p := range candidates {
		if v.agree(p, how) {
			s.found = append(s.found, p)
		}
	}
	switch len(s.found) {
	case 0:
		s.kod, s.subKod, s.popis = egon.Varovani, "SPECIFIKACE V POPISU", "Osoba nebyla nalezena."
	case 1:
	default:
		s = aiseoSearch{
			kod:    egon.Varovani,
			subKod: "SPECIFIKACE V POPISU",
			popis:  "Údajům odpovídá více osob.",
		}
	}
	return s
}

// aiseoQuery is the values of a query by element.
type aiseoQuery map[string]string

// aiseoQueryOf reads a query; it has no values if it is nil.
func aiseoQueryOf(query *xmltext.Node) aiseoQuery {
	v := aiseoQuery{}
	if query != nil {
		for _, n := range query.Children {
			v[n.Local] = n.Value()
		}
	}
	return v
}

// agree reports whether all values hold for a person. A value for which there is no
// comparison holds for nobody.
func (v aiseoQuery) agree(p *Person, how string) bool {
	for element, given := range v {
		switch element {
		case "Jmeno", "MinuleJmeno":
			if !Equal(given, p.Jmeno, how) {
				return false
			}
		case "Prijmeni", "MinulePrijmeni", "RodnePrijmeni", "MinuleRodnePrijmeni":
			if !Equal(given, p.Prijmeni, how) {
				return false
			}
		case "DatumNarozeni":
			if born, ok := dayIn(given); !ok || !born.Equal(p.Narozen) {
				return false
			}
		case "MistoNarozeni":
			name, _ := lokalita(p.Narozeni.Kod, p.Narozeni.Typ())
			if given != nonZero(p.Narozeni.Kod) &&
				!Equal(given, cmp.Or(name, p.Narozeni.MistoSvet), how) {
				return false
			}
		case "RodneCislo", "RC": // only those who have it are compared
		default:
			return false
		}
	}
	return true
}

// isRodneCislo checks the form only.
func isRodneCislo(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) == 9 || len(s) == 10
}

func (s *aiseoSearch) mapa(own System) (entries []prevod) {
	for i, p := range s.found {
		entries = append(
			entries, prevod{system: own, local: itoa(i + 1), aifo: AIFO(own.Agenda, p.ID)},
		)
	}
	return entries
}

// status writes AiseoAplikacniStatus in the default namespace.
func (s *aiseoSearch) status(d *doc) {
	d.open("AiseoAplikacniStatus", "xmlns:aiseo", nsAiseoTypes)
	s.statusContent(d)
	d.shut("AiseoAplikacniStatus")
}

func (s *aiseoSearch) statusContent(d *doc) {
	d.leaf("aiseo:VysledekAiseoKodType", s.kod)
	if s.subKod != "" {
		d.open("aiseo:VysledekDetail")
		d.leaf("aiseo:VysledekSubKod", s.subKod)
		d.leaf("aiseo:VysledekPopis", s.popis)
		d.shut("aiseo:VysledekDetail")
	}
}
