package egon

import "time"

// The values of VysledekKod (RegTypy 1.23.0).
const (
	OK       = "OK"
	Varovani = "VAROVANI"
	Chyba    = "CHYBA"
)

// A Status is the system status of a reply.
type Status struct {
	Kod     string // OK, VAROVANI or CHYBA
	Details []Detail
}

// A Detail is one VysledekDetail. SubKod is an open string: documented replies
// carry values that the schemas do not list.
type Detail struct {
	SubKod  string
	Popis   string // at most 1024 characters; longer text is cut when written
	Puvodce Party
}

// OdpovedInfo is the header of a reply. AgendaZadostId echoes the request's;
// when the request had none that could be read, the nil UUID is written, since
// the schema demands one.
type OdpovedInfo struct {
	CasOdpovedi    time.Time
	Status         Status
	AgendaZadostId string
	IszrZadostId   string
}
