package egon

import "strings"

// An item is a word of SeznamUdaju: an item or a control word.
type item struct {
	word     string
	register Register
	internal string // the registry's own name, where it differs
	control  bool
	action   Action // of a control word
}

// The words are those of the reference client, the internal names those of RegTypy
// 1.23.0 and AisSeTypy.
var items = [...]item{
	{word: "Aifo", register: ROB},
	{word: "Prijmeni", register: ROB},
	{word: "Jmeno", register: ROB},
	{word: "AdresaPobytu", register: ROB},
	{word: "DorucovaciAdresa", register: ROB},
	{word: "DatumNarozeni", register: ROB},
	{word: "MistoNarozeni", register: ROB},
	{word: "DatumUmrti", register: ROB},
	{word: "DatumPravniMociUmrti", register: ROB},
	{word: "MistoUmrti", register: ROB},
	{word: "Obcanstvi", register: ROB},
	{word: "Doklad", register: ROB},
	{word: "DatovaSchrankaROB", register: ROB, internal: "DatovaSchranka"},
	{word: "RodnePrijmeni", register: ROBv2},
	{word: "OmezeniSvepravnosti", register: ROBv2},
	{word: "RodinnyStavPartnerstvi", register: ROBv2},
	{word: "Pohlavi", register: ROBv2},
	{word: "Telefon", register: ROBv2},
	{word: "Email", register: ROBv2},
	{word: "Certifikat", register: ROBv2},
	{word: "Ico", register: ROS},
	{word: "AdresaSidla", register: ROS},
	{word: "DatovaSchrankaROS", register: ROS, internal: "DatovaSchranka"},
	{word: "FyzickaOsoba", register: ROS},
	{word: "ObchodniNazev", register: ROS},
	{word: "DatumVznikuOpravneni", register: ROS},
	{word: "DatumZanikuOpravneni", register: ROS},
	{word: "PravniForma", register: ROS},
	{word: "PravniStav", register: ROS},
	{word: "StatutarniOrgany", register: ROS},
	{word: "Provozovny", register: ROS},
	{word: "DorucovaciAdresaOsoby", register: ROS},
	{word: "KontaktniUdaje", register: ROS},
	{word: "Likvidator", register: ROS},
	{word: "OpatrovnikPravnickeOsoby", register: ROS},
	{word: "NucenySpravce", register: ROS},
	{word: "InsolvencniSpravce", register: ROS},
	{word: "DatumNarozeniFyzickeOsoby", register: ROS},
	{word: "DatumNarozeniAngazovaneOsoby", register: ROS},
	{word: "DorucovaciAdresaProvozovny", register: ROS},
	{word: "PozastaveniPreruseni", register: ROS},
	{word: "ZastupcePoStatutara", register: ROS},
	{word: "EopFoto", register: EOP, internal: "Foto"},
	{word: "EopPodpis", register: EOP, internal: "Podpis"},
	{word: "EcdFoto", register: ECD, internal: "Foto"},
	{word: "EcdPodpis", register: ECD, internal: "Podpis"},

	{word: "ROBNecti", register: ROB, control: true, action: Necti},
	{word: "ROBOver", register: ROB, control: true, action: Over},
	{word: "ROBCti", register: ROB, control: true, action: Cti},
	{word: "ROSNecti", register: ROS, control: true, action: Necti},
	{word: "ROSOver", register: ROS, control: true, action: Over},
	{word: "ROSCti", register: ROS, control: true, action: Cti},
	{word: "RUIANNecti", register: RUIAN, control: true, action: Necti},
	{word: "RUIANOver", register: RUIAN, control: true, action: Over},
	{word: "RUIANCti", register: RUIAN, control: true, action: Cti},
}

// itemByWord is built once and never changed.
var itemByWord = indexItems()

func indexItems() map[string]*item {
	m := make(map[string]*item, len(items))
	for i := range items {
		m[items[i].word] = &items[i]
	}
	return m
}

// wordOf returns the item of a word of SeznamUdaju. Unknown words have the zero item.
func wordOf[T string | []byte](word T) *item {
	if it := itemByWord[string(word)]; it != nil {
		return it
	}
	return &noItem
}

// itemOf is wordOf, with control words as unknown ones.
func itemOf[T string | []byte](word T) *item {
	if it := wordOf(word); !it.control {
		return it
	}
	return &noItem
}

var noItem item

// ItemRegister returns the registry of an item word of SeznamUdaju, or NoRegister when
// the word is no known item. Control words are not items. Letter case matters, as in
// the schemas.
func ItemRegister[T string | []byte](word T) Register { return itemOf(word).register }

// InternalName returns the name of an item in the messages between the bus and the
// registry: DatovaSchranka for DatovaSchrankaROB, Foto for EopFoto, most often the word
// itself. It is empty when the word is no known item.
func InternalName[T string | []byte](word T) string {
	it := itemOf(word)
	if it.internal != "" {
		return it.internal
	}
	return it.word
}

// wordOfRegister returns the external word of a name that a register uses.
func wordOfRegister(of Register, name []byte) []byte {
	if word, ok := wordsByName[of][string(name)]; ok {
		return word
	}
	return name
}

// nameIn returns the name that a register uses for an external word.
func nameIn(of Register, word string) string {
	if it := wordOf(word); it.register == of && it.internal != "" {
		return it.internal
	}
	return word
}

// wordsByName are the words that differ from the registers' own names. It is built once
// and never changed.
var wordsByName = indexNames()

func indexNames() map[Register]map[string][]byte {
	index := map[Register]map[string][]byte{}
	for i := range items {
		it := &items[i]
		if it.internal == "" {
			continue
		}
		if index[it.register] == nil {
			index[it.register] = map[string][]byte{}
		}
		index[it.register][it.internal] = []byte(it.word)
	}
	return index
}

// internalNames are those of the items of a register.
func internalNames(of Register) (names []string) {
	for i := range items {
		if it := &items[i]; it.register == of && !it.control {
			names = append(names, InternalName(it.word))
		}
	}
	return names
}

// A Control is a word of SeznamUdaju that steers the course of a service and asks for
// no item (seed E198 §8.2.1): ROBCti reads from ROB.
type Control struct {
	Register Register // ROB, ROS or RUIAN
	Action   Action
}

// An Action is the order of a control word.
type Action uint8

// The actions.
const (
	Necti Action = iota // do not read; the same as no control word
	Over                // verify only
	Cti                 // read
)

// ParseControl returns the control word of word, and whether it is one.
func ParseControl[T string | []byte](word T) (Control, bool) {
	it := wordOf(word)
	if !it.control {
		return Control{}, false
	}
	return Control{it.register, it.action}, true
}

// NearMiss returns the word that was probably meant: the one that differs from word in
// letter case only, of among or, when that is empty, of all known item and control
// words. It is empty when there is none. It is slow and meant for refusals.
func NearMiss(word string, among ...string) string {
	if len(among) == 0 {
		return nearItem(word)
	}
	for _, known := range among {
		if known != word && strings.EqualFold(known, word) {
			return known
		}
	}
	return ""
}

// nearItem returns the word of the vocabulary that differs from word in letter case only. No
// two words of the vocabulary differ so.
func nearItem(word string) string {
	if itemByWord[word] != nil {
		return ""
	}
	for i := range items {
		if strings.EqualFold(items[i].word, word) {
			return items[i].word
		}
	}
	return ""
}

// A Flow is the course of E198 by the words of SeznamUdaju: the registries that are
// read besides the evidence, and the items. Words that E198 does not know are not in
// it, since [Head.Check] has refused them.
type Flow struct {
	RobRead  bool     // ROBCti: read from ROB, not only verify
	Ruian    Action   // Cti, Over, or Necti when no control word asks for more
	Rob      []string // items of ROB, each once, in the order of the request
	Evidence []string // items of the evidence, likewise
}

// Flow returns the course of E198 by the words of SeznamUdaju. Cti beats Over, and Over
// beats Necti.
func (h *Head) Flow() Flow {
	var f Flow
	for _, w := range h.Items {
		switch it := wordOf(w.Text); {
		case it.register == ROB && it.control:
			f.RobRead = f.RobRead || it.action == Cti
		case it.register == RUIAN:
			f.Ruian = max(f.Ruian, it.action)
		case it.register == ROB:
			f.Rob = appendNew(f.Rob, it.word)
		case it.register == EOP, it.register == ECD:
			f.Evidence = appendNew(f.Evidence, it.word)
		}
	}
	return f
}

func appendNew(list []string, word string) []string {
	for _, w := range list {
		if w == word {
			return list
		}
	}
	return append(list, word)
}
