package registries

import (
	"cmp"
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// aiseo is the record of population: it finds persons by name, birth date and
// birth number, and returns their data. It knows them by the identifiers of its
// own agenda.
type aiseo struct {
	population *Population
	system     System
}

// The namespaces of its messages.
const (
	nsAiseo         = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju:v1"
	nsAiseo2        = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju2:v1"
	nsAiseoIdentify = "urn:cz:isvs:aiseo:schemas:AiseoZtotozneni:v1"
	nsAiseoRead     = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo:v1"
	nsAiseoRead2    = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo2:v1"
	nsAiseoRead3    = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo3:v1"
	nsAiseoTypes    = "urn:cz:isvs:aiseo:schemas:AiseoTypy:v1"
	nsAiseoData     = "urn:cz:isvs:aiseo:schemas:AiseoDotazyData:v1"
	nsSeTypes3      = "urn:cz:isvs:aisse:schemas:AisSeTypy3:v1"
)

// aiseoSteps are its messages by namespace.
var aiseoSteps = map[string]struct{ request, step string }{
	nsAiseoIdentify: {"AiseoSyncZtotozneni", "X10"},
	nsAiseoRead:     {"AiseoSyncCtiAifo", "X11"},
	nsAiseo:         {"AiseoSyncCtiPodleUdaju", "X12"},
	nsAiseo2:        {"AiseoSyncCtiPodleUdaju2", "X13"},
	nsAiseoRead2:    {"AiseoSyncCtiAifo2", "X15"},
	nsAiseoRead3:    {"AiseoSyncCtiAifo3", "X31"},
}

// serve answers the messages of AISEO.
func (a *aiseo) serve(m *message) reply {
	known := aiseoSteps[m.body.Space]
	if known.request != m.body.Local {
		return reply{}
	}
	m.entry.Step = known.step
	switch m.body.Space {
	case nsAiseoRead, nsAiseoRead2, nsAiseoRead3:
		return a.read(m)
	}
	query := m.body.Child(m.body.Space, "Dotaz")
	how, _ := query.AttrValue("typPorovnani")
	if m.body.Space == nsAiseo2 {
		if query == nil || len(query.Children) != 1 {
			return reply{}
		}
		query = query.Children[0]
	}
	s := a.search(query, how)
	d := a.head(m, s.kod, itoa(len(s.found)+1), s.mapa(a.system))
	aiseoStatus(&d, m, &s)
	d.shut(m.body.Local + "Response")
	return reply{head: d, kod: s.kod}
}

// head writes the beginning of an answer.
func (a *aiseo) head(m *message, kod, from string, entries []prevod) doc {
	d := newDoc()
	d.open(m.body.Local+"Response", "xmlns", m.body.Space, "xmlns:reg", egon.NSReg)
	d.odpovedInfo("OdpovedInfo", m, kod)
	d.mapaAifo("MapaAifo", from, entries)
	return d
}

// read answers X11, X15 and X31: the data of the one person in the map.
func (a *aiseo) read(m *message) reply {
	mapa := m.body.Child(m.body.Space, "MapaAifo")
	entries := readMapa(mapa)
	s := aiseoSearch{
		kod:    egon.Varovani,
		subKod: "SPECIFIKACE V POPISU",
		popis:  "Osoba nebyla nalezena.",
	}
	var p *Person
	local := ""
	if len(entries) == 1 {
		local = entries[0].local
		if found, known := a.population.PersonByAIFO(a.system.Agenda, entries[0].aifo); known {
			s, p = aiseoSearch{kod: egon.OK}, found
		}
	}
	hidden, _ := m.body.Child(m.body.Space, "Dotaz").AttrValue("znepristupniLog")
	from, _ := mapa.AttrValue("lokalniAifoOd")
	d := a.head(m, s.kod, from, entries)
	r := aiseoReading{status: s, person: p, local: local, items: registryItems(m.body)}
	switch m.body.Space {
	case nsAiseoRead:
		d.open("AiseoOdpoved")
		r.write1(&d, "x:AiseoCtiAifoDataResponseV01")
		d.shut("AiseoOdpoved")
	case nsAiseoRead2:
		d.open("AiseoOdpoved")
		r.write2(&d, "x:AiseoCtiAifo2DataResponseV01")
		d.shut("AiseoOdpoved")
	default:
		d.open("EoOdpoved")
		r.write3(&d, "x:EoOdpoved")
		d.shut("EoOdpoved")
	}
	d.shut(m.body.Local + "Response")
	uses := 0
	if p != nil {
		uses = 1
	}
	return reply{head: d, kod: s.kod, uses: uses, hidden: uses > 0 && isTrue(hidden)}
}

// registryItems returns the items in the AutorizaceInfo of a message to AISEO,
// whose element no schema names.
func registryItems(payload *xmltext.Node) (items aiseoItems) {
	list := payload.Child(payload.Space, "AutorizaceInfo").Child(egon.NSReg, "SeznamUdaju")
	if list != nil {
		for _, n := range list.Children {
			items.words = append(items.words, strings.Fields(n.Value())...)
		}
	}
	return items
}

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
			if given != nonZero(p.Narozeni.Kod) && !Equal(given, cmp.Or(name, p.Narozeni.MistoSvet), how) {
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
		entries = append(entries, prevod{system: own, local: itoa(i + 1), aifo: AIFO(own.Agenda, p.ID)})
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

// aiseoStatus writes the part of an answer that has no more than a status.
func aiseoStatus(d *doc, m *message, s *aiseoSearch) {
	if m.body.Space == nsAiseoIdentify {
		d.open("AiseoOdpoved")
		d.open("AiseoAplikacniStatus", "xmlns", nsAiseoData, "xmlns:aiseo", nsAiseoTypes)
		s.statusContent(d)
		d.shut("AiseoAplikacniStatus")
		d.shut("AiseoOdpoved")
		return
	}
	d.open("Odpoved")
	s.status(d)
	d.shut("Odpoved")
}

// aiseoChyba writes the elements that the schemas demand in a reply of a registry
// that broke down.
func aiseoChyba(m *message, d *doc) {
	s := aiseoSearch{
		kod:    egon.Chyba,
		subKod: "SPECIFIKACE V POPISU",
		popis:  "Registr zprávu nezpracoval.",
	}
	r := aiseoReading{status: s}
	switch m.body.Space {
	case nsAiseoRead:
		d.open("AiseoOdpoved")
		r.write1(d, "x:AiseoCtiAifoDataResponseV01")
		d.shut("AiseoOdpoved")
	case nsAiseoRead2:
		d.open("AiseoOdpoved")
		r.write2(d, "x:AiseoCtiAifo2DataResponseV01")
		d.shut("AiseoOdpoved")
	case nsAiseoRead3: // it need not have one
	default:
		aiseoStatus(d, m, &s)
	}
}
