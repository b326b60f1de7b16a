package egon

// A Head is what the gateway must know of a request before it decides: who
// asks, for which service, for which items, and, for the services that the
// gateway answers itself, the question. Its byte slices borrow from the
// [Reader] that read it and are valid until that Reader's next Reset.
type Head struct {
	Service    *Service     // the service called, by its code in the path
	Enveloped  bool         // the payload stands in a SOAP Envelope; otherwise it is bare
	Demanded   string       // local name of the first block of the SOAP Header that must be understood and is not (SOAP 1.1 §4.2.3); empty: none
	Info       ZadostInfo   // the header of the request
	MaxRecords []byte       // AutorizaceInfo/MaximalniPocetZaznamu; nil when it was absent
	HasItems   bool         // AutorizaceInfo/SeznamUdaju is present, maybe empty
	Items      []Word       // the words of SeznamUdaju as they stand, control words too
	Media      *MediaQuery  // the question of E198; nil for other services
	Rights     *RightsQuery // the question of E227; nil for other services
	Offset     int64        // bytes of the message that had been read when the head was known
}

// A Word is one word of SeznamUdaju, raw, with the offset of its first byte in
// the message.
type Word struct {
	Text   []byte
	Offset int64
}

// ZadostInfo is the header of a request (RegTypy 1.23.0, ZadostInfoType, and
// IszrAbstract's PrioritaAis). A nil field was absent, an empty one was empty.
// Values are collapsed XML white space, otherwise as they stand.
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

// A Quadruple says who calls: agenda, role, public authority and information
// system. Quotas are counted and grants are given per quadruple.
type Quadruple struct {
	Agenda, Role, Ovm, Ais string
}

// Quadruple returns the caller's quadruple; it allocates.
func (h *Head) Quadruple() Quadruple {
	i := &h.Info
	return Quadruple{string(i.Agenda), string(i.AgendovaRole), string(i.Ovm), string(i.Ais)}
}

// RightsQuery is the question of E227 (IszrDataVypisOpravneniPolozky): the
// triple whose items are asked for, independent of who asks. A nil field was
// absent.
type RightsQuery struct {
	Agenda, AgendovaRole, Ovm []byte
}
