package egon

import "bytes"

// An element is one of the head of a request, with its possible content. The variables
// below are the contract (IszrAbstract 1.9.0, RegTypy 1.23.0 and the schemas of E198,
// E227 and E100) up to the end of the head. [Head.Check] checks values.
type element struct {
	space, name string
	rank        int8 // place in the parent's sequence, from 1; alternatives share one
	required    bool
	many        bool // may repeat; Check refuses too many
	kids        []*element

	value    func(*Head) *[]byte // the place of the text in the head; nil: it is not kept
	extent   func(*Head) *extent // where the element stands; nil: nobody edits it
	text     textRule
	fallback string      // the value of an empty element
	declared typeName    // the type of the schema, the only one that xsi:type may name
	attrs    []attribute // all its attributes but those of xsi
	kind     QueryKind   // its search combination
	header   bool        // it is a ZadostInfo
	chooses  bool        // its value tells the messages of a family apart
	register Register    // of an internal list: its words are names that this register uses
}

// A typeName is the expanded name of a type of the schemas. The zero typeName is that
// of a type without a name, which no xsi:type can name.
type typeName struct{ space, local string }

// isNamed reports whether a QName names the type.
func (t typeName) isNamed(qname []byte, namespace func(prefix []byte) ([]byte, bool)) bool {
	prefix, local, prefixed := bytes.Cut(qname, []byte(":"))
	if !prefixed {
		prefix, local = nil, qname
	}
	space, bound := namespace(prefix)
	return (bound || !prefixed) && t.local != "" && string(local) == t.local &&
		string(space) == t.space
}

// cs and en name the type for the refusal and for the log.
func (t typeName) cs() string {
	if t.local == "" {
		return "typ beze jména, který xsi:type uvést nemůže"
	}
	return t.local + " z prostoru jmen „" + t.space + "“"
}

func (t typeName) en() string {
	if t.local == "" {
		return "of a type without a name"
	}
	return t.local
}

// An attribute is one without a namespace.
type attribute struct {
	name     string
	value    func(*Head) *[]byte
	collapse bool
}

// A textRule is the kind of text that may stand in an element.
type textRule uint8

const (
	noText        textRule = iota // child elements only
	plain                         // one plain run that decides: no comment, no CDATA section; collapsed
	plainList                     // a decision that is a list
	collapsedText                 // collapsed
	rawText                       // unchanged
)

// decides reports whether the decision depends on the text of a value.
func (t textRule) decides() bool { return t == plain || t == plainList }

var (
	elInfo = &element{space: NSAbstract, name: "ZadostInfo", rank: 2, required: true,
		header: true, declared: typeName{NSAbstract, "ZadostInfoIszrType"}, kids: infoKids}
	elAsyncInfo = &element{space: NSAsyncAnswer, name: "ZadostInfo", rank: 2, required: true,
		header: true, declared: typeName{NSAbstract, "ZadostInfoIszrType"}, kids: infoKids}
	elAsyncCode = &element{space: NSAsyncAnswer, name: "KodAsyncSluzby", rank: 1, required: true,
		text: plain, declared: typeName{NSReg, "NazevSluzbyType"}}

	infoKids = []*element{
		{space: NSReg, name: "CasZadosti", rank: 1, text: plain,
			declared: typeName{NSReg, "CasovaZnackaType"},
			value:    func(h *Head) *[]byte { return &h.Info.CasZadosti }},
		{space: NSReg, name: "Agenda", rank: 2, text: plain,
			declared: typeName{NSReg, "KodAgendyType"},
			value:    func(h *Head) *[]byte { return &h.Info.Agenda }},
		{space: NSReg, name: "AgendovaRole", rank: 3, text: plain,
			declared: typeName{NSReg, "AgendovaRoleType"},
			value:    func(h *Head) *[]byte { return &h.Info.AgendovaRole }},
		{space: NSReg, name: "Ovm", rank: 4, text: plain, declared: typeName{NSReg, "KodOvmType"},
			value: func(h *Head) *[]byte { return &h.Info.Ovm }},
		{space: NSReg, name: "Ais", rank: 5, text: plain, declared: typeName{NSReg, "KodAisType"},
			value: func(h *Head) *[]byte { return &h.Info.Ais }},
		{space: NSReg, name: "Subjekt", rank: 6, text: collapsedText,
			declared: typeName{NSReg, "SubjektType"},
			value:    func(h *Head) *[]byte { return &h.Info.Subjekt }},
		{space: NSReg, name: "Uzivatel", rank: 7, text: collapsedText,
			declared: typeName{NSReg, "UzivatelType"},
			value:    func(h *Head) *[]byte { return &h.Info.Uzivatel }},
		{space: NSReg, name: "DuvodUcel", rank: 8, text: collapsedText,
			declared: typeName{NSReg, "DuvodUcelType"},
			value:    func(h *Head) *[]byte { return &h.Info.DuvodUcel }},
		{space: NSReg, name: "AgendaZadostId", rank: 9, text: plain,
			declared: typeName{NSReg, "AgendaZadostIdType"},
			value:    func(h *Head) *[]byte { return &h.Info.AgendaZadostId }},
		{space: NSReg, name: "PredchoziZadostId", rank: 10, text: plain,
			declared: typeName{NSReg, "AgendaZadostIdType"},
			value:    func(h *Head) *[]byte { return &h.Info.PredchoziZadostId }},
		{space: NSReg, name: "IszrZadostId", rank: 11, text: plain,
			declared: typeName{NSReg, "IszrZadostIdType"},
			value:    func(h *Head) *[]byte { return &h.Info.IszrZadostId }},
		{space: NSReg, name: "AisKontrola", rank: 12, text: plain,
			declared: typeName{NSReg, "AisKontrolaType"},
			value:    func(h *Head) *[]byte { return &h.Info.AisKontrola }},
		{space: NSReg, name: "IszrKontrola", rank: 13, text: plain,
			declared: typeName{NSReg, "IszrKontrolaType"},
			value:    func(h *Head) *[]byte { return &h.Info.IszrKontrola }},
		{space: NSAbstract, name: "PrioritaAis", rank: 14, text: plain,
			declared: typeName{NSAbstract, "PrioritaAisType"},
			value:    func(h *Head) *[]byte { return &h.Info.PrioritaAis }},
	}

	elAuthorization = &element{space: NSAbstract, name: "AutorizaceInfo", rank: 3,
		declared: typeName{NSAbstract, "AutorizaceType"},
		extent:   func(h *Head) *extent { return &h.authorization }, kids: []*element{
			{space: NSAbstract, name: "MaximalniPocetZaznamu", rank: 1, text: plain,
				declared: typeName{NSReg, "MaximalniPocetType"},
				value:    func(h *Head) *[]byte { return &h.MaxRecords }},
			elItems,
		}}
	elItems = &element{space: NSAbstract, name: "SeznamUdaju", rank: 2, text: plainList,
		declared: typeName{NSAbstract, "ExtSeznamUdajuType"},
		extent:   func(h *Head) *extent { return &h.list }}
)

// The question of E227.
var elRightsZadost = &element{space: NSRights, name: "Zadost", rank: 4, required: true,
	kids: []*element{
		{space: NSRights, name: "IszrVypisOpravneniPolozkyData", rank: 1, required: true,
			declared: typeName{NSRightsData, "IszrVypisOpravneniPolozkyDataType"}, kids: []*element{
				{space: NSRightsData, name: "Agenda", rank: 1, text: plain,
					declared: typeName{NSReg, "KodAgendyType"},
					value:    func(h *Head) *[]byte { return &h.Rights.Agenda }},
				{space: NSRightsData, name: "AgendovaRole", rank: 2, text: plain,
					declared: typeName{NSReg, "AgendovaRoleType"},
					value:    func(h *Head) *[]byte { return &h.Rights.AgendovaRole }},
				{space: NSRightsData, name: "Ovm", rank: 3, text: plain,
					declared: typeName{NSReg, "KodOvmType"},
					value:    func(h *Head) *[]byte { return &h.Rights.Ovm }},
			}},
	}}
