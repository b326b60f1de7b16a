package registries

import (
	"cmp"

	"brana/egon"
	"brana/egon/xmltext"
)

// aiseo is the record of population: persons by name, birth date and birth
// number. It answers with their identifiers only.
type aiseo struct {
	population *Population
	system     System
}

// The namespaces of its messages.
const (
	nsAiseo      = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju:v1"
	nsAiseo2     = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju2:v1"
	nsAiseoTypes = "urn:cz:isvs:aiseo:schemas:AiseoTypy:v1"
)

// serve answers X12 and X13.
func (a *aiseo) serve(m *message) reply {
	query := m.body.Child(m.body.Space, "Dotaz")
	how, _ := query.AttrValue("typPorovnani")
	switch {
	case m.body.Space == nsAiseo && m.body.Local == "AiseoSyncCtiPodleUdaju":
		m.entry.Step = "X12"
	case m.body.Space == nsAiseo2 && m.body.Local == "AiseoSyncCtiPodleUdaju2" && query != nil && len(query.Children) == 1:
		m.entry.Step = "X13"
		query = query.Children[0]
	default:
		return reply{}
	}
	s := a.search(query, how)
	root := m.body.Local + "Response"
	d := newDoc()
	d.open(root, "xmlns", m.body.Space, "xmlns:reg", egon.NSReg)
	d.odpovedInfo("OdpovedInfo", m, s.kod)
	d.mapaAifo("MapaAifo", itoa(len(s.found)+1), s.mapa(a.system))
	d.open("Odpoved")
	s.status(&d)
	d.shut("Odpoved")
	d.shut(root)
	return reply{head: d, kod: s.kod}
}

// aiseoSearch is the outcome of a search.
type aiseoSearch struct {
	found         []*Person
	kod           string
	subKod, popis string // why nobody was found
}

// search finds the persons for whom all given values hold. Former and birth
// names are the present ones here: nobody has changed theirs.
func (a *aiseo) search(query *xmltext.Node, how string) aiseoSearch {
	v := aiseoQueryOf(query)
	born, _ := dayIn(v["DatumNarozeni"]) // the schema demands a date; without one nobody is found
	var candidates []*Person
	switch rc := cmp.Or(v["RodneCislo"], v["RC"]); {
	case rc != "" && !isRodneCislo(rc):
		return aiseoSearch{kod: egon.Varovani, subKod: "SPATNA SYNTAXE RODNEHO CISLA", popis: "Rodné číslo má mít 9 nebo 10 číslic."}
	case rc != "":
		if candidates = a.population.WithRodneCislo(rc); len(candidates) == 0 {
			return aiseoSearch{kod: egon.Varovani, subKod: "RODNE CISLO NENALEZENO", popis: "Rodné číslo nebylo nalezeno."}
		}
	case !born.IsZero():
		for _, name := range []string{"Prijmeni", "MinulePrijmeni", "RodnePrijmeni", "MinuleRodnePrijmeni"} {
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
		s = aiseoSearch{kod: egon.Varovani, subKod: "SPECIFIKACE V POPISU", popis: "Údajům odpovídá více osob."}
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

// agree reports whether all values hold for a person. One that nobody knows how
// to compare holds for nobody.
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
			if given != nonZero(p.Narozeni.Kod) && !Equal(given, cmp.Or(name, p.Narozeni.MistoSvet), how) {
				return false
			}
		case "RodneCislo", "RC": // those who have it are looked at
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
		entries = append(entries, prevod{system: own, local: itoa(i + 1), aifo: AIFO(own.Agenda, p.ID)})
	}
	return entries
}

// status writes AiseoAplikacniStatus in the default namespace.
func (s *aiseoSearch) status(d *doc) {
	d.open("AiseoAplikacniStatus", "xmlns:aiseo", nsAiseoTypes)
	d.leaf("aiseo:VysledekAiseoKodType", s.kod)
	if s.subKod != "" {
		d.open("aiseo:VysledekDetail")
		d.leaf("aiseo:VysledekSubKod", s.subKod)
		d.leaf("aiseo:VysledekPopis", s.popis)
		d.shut("aiseo:VysledekDetail")
	}
	d.shut("AiseoAplikacniStatus")
}

// aiseoChyba writes what the schemas demand in a reply of a registry that
// broke down.
func aiseoChyba(d *doc) {
	s := aiseoSearch{kod: egon.Chyba, subKod: "SPECIFIKACE V POPISU", popis: "Registr zprávu nezpracoval."}
	d.open("Odpoved")
	s.status(d)
	d.shut("Odpoved")
}
