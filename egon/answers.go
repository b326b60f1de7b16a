package egon

import "fmt"

// The Parse functions read whole answers of registries in SOAP envelopes, which
// are small; it is for the caller to bound their length. They check what the workflow rests on, not the schema: an answer that lacks it is
// an error, which names what was expected. In what they return, CasOdpovedi is
// zero, and a byte block is one or more elements that declare every namespace
// they use and do not share memory with the document.

// A FaultError is a SOAP Fault in place of an answer.
type FaultError struct {
	Code string // faultcode without its prefix
	Text string // faultstring; it may hold anything and stays inside the gateway
}

func (e *FaultError) Error() string { return fmt.Sprintf("receive SOAP fault %q", e.Code) }

// TranslateReply is ORG's answer to G27 or G02.
type TranslateReply struct {
	Info  OdpovedInfo
	Map   []PrevodAifo
	Codes []string // OrgAifoStatusDetail and OrgStatusDetail in the order of the answer
	Org   []byte   // the element OrgStatus; empty: none
}

// RobStatus is the application status of ROB.
type RobStatus struct {
	Kod     string
	SubKods []string
}

// VerifyReply is ROB's answer to O25. When the system status is CHYBA, all but
// Info is empty.
type VerifyReply struct {
	Info    OdpovedInfo
	Map     []PrevodAifo
	Rob     RobStatus
	Persons []VerifiedPerson
	Block   []byte // RobAplikacniStatus and the persons
}

// A VerifiedPerson says which items of a person agree with ROB, in ROB's
// internal names.
type VerifiedPerson struct {
	Local           int
	Overene         []string
	CastecneOverene []string
	Neoverene       []string
}

// ReadReply is ROB's answer to O08. When the system status is CHYBA, all but
// Info is empty.
type ReadReply struct {
	Info    OdpovedInfo
	Map     []PrevodAifo
	Rob     RobStatus
	Persons []int   // their local AIFO numbers
	Places  []Place // the references to RUIAN in their data, each once
	Block   []byte  // RobAplikacniStatus and the persons
}

// PlacesReply is RUIAN's answer to A28, in version 1 or 2. When the system
// status is CHYBA, all but Info is empty.
type PlacesReply struct {
	Info   OdpovedInfo
	Places []Place // the references with their Stav
	Block  []byte  // SeznamAdres and SeznamLokalit
}

// Translated returns the entry that says what the local AIFO number stands for
// in the target agenda, if ORG could tell.
func (r *TranslateReply) Translated(local int) (PrevodAifo, bool) {
	for _, p := range r.Map {
		if p.Local == local && p.Global != "" && p.Status == "" {
			return p, true
		}
	}
	return PrevodAifo{}, false
}
