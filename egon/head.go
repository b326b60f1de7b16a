package egon

// A Head is the part of a request on which the gateway decides: the caller, the
// service, the items, and the question of a service that the gateway answers itself.
// Its byte slices borrow from the [Reader] that read it and are valid until the next
// Reset of that Reader.
type Head struct {
	Service    *Service     // the called service, by its code in the path; of variants the one sent
	Enveloped  bool         // the payload is in a SOAP Envelope; otherwise it is bare
	Demanded   string       // a Header block that must be understood and is not (SOAP 1.1 §4.2.3)
	Info       ZadostInfo   // the header of the request
	MaxRecords []byte       // AutorizaceInfo/MaximalniPocetZaznamu; nil when it was absent
	HasItems   bool         // AutorizaceInfo/SeznamUdaju is present, maybe empty
	Items      []Word       // the words of SeznamUdaju, unchanged, control words included
	Media      *MediaQuery  // the question of E198; nil for other services
	Rights     *RightsQuery // the question of E227; nil for other services
	Offset     int64        // bytes of the message up to where the head is known

	kodSluzby []byte // of ROB's envelope

	afterInfo           int64  // offset after ZadostInfo
	authorization, list extent // of AutorizaceInfo and SeznamUdaju
	lists               extent // of SeznamUdaju of an internal message; list is the publisher's
}

// A Word is one word of SeznamUdaju: its text, with references resolved, and the bytes
// [Offset, End) of the message in which it is written. The lists of an internal message
// have the registers' own names; Text is the external word: EopFoto for Foto in
// AisEopSeznamUdaju.
type Word struct {
	Text        []byte
	Offset, End int64

	list uint8 // of the lists of the message, from 1
}

// ZadostInfo is the header of a request (RegTypy 1.23.0, ZadostInfoType, and
// IszrAbstract's PrioritaAis). A nil field was absent, an empty one was empty. White
// space of values is collapsed, all else unchanged.
type ZadostInfo struct {
	CasZadosti        []byte
	Agenda            []byte
	AgendovaRole      []byte
	Ovm               []byte
	Ais               []byte
	Subjekt           []byte
	Uzivatel          []byte
	DuvodUcel         []byte
	AgendaZadostId    []byte
	PredchoziZadostId []byte
	IszrZadostId      []byte
	AisKontrola       []byte
	IszrKontrola      []byte
	PrioritaAis       []byte
}

// A Quadruple is a caller: agenda, role, public authority and information system.
// Quotas are counted and grants are given per quadruple.
type Quadruple struct {
	Agenda, Role, Ovm, Ais string
}

// Quadruple returns the caller's quadruple; it allocates.
func (h *Head) Quadruple() Quadruple {
	i := &h.Info
	return Quadruple{string(i.Agenda), string(i.AgendovaRole), string(i.Ovm), string(i.Ais)}
}

// RightsQuery is the question of E227 (IszrDataVypisOpravneniPolozky): the triple whose
// items are requested, whoever the caller is. A nil field was absent.
type RightsQuery struct {
	Agenda, AgendovaRole, Ovm []byte
}
