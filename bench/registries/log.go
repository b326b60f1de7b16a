package registries

import "time"

// An Entry is one message in the log of a server, without personal data.
type Entry struct {
	Registry       string    `json:"registry"`
	Step           string    `json:"step"`             // as G27 or E05; empty: not understood
	Target         string    `json:"target,omitempty"` // agenda that ORG was asked to translate into
	Action         string    `json:"action"`           // SOAPAction
	Start          time.Time `json:"start"`            // the request's head has been read
	Head           Duration  `json:"head"`             // from Start until the answer could begin
	Duration       Duration  `json:"duration"`
	End            time.Time `json:"end"` // Start and Duration: the answer has been handed over
	HTTPStatus     int       `json:"status"`
	Kod            string    `json:"kod"` // VysledekKod of the answer
	AgendaZadostId string    `json:"agenda_zadost_id"`
	IszrZadostId   string    `json:"iszr_zadost_id"`
	Failure        Failure   `json:"failure,omitempty"` // played on purpose
	Broken         bool      `json:"broken,omitempty"`  // the answer did not go out whole
	Problem        string    `json:"problem,omitempty"` // a panic with its stack
	Uses           int       `json:"uses,omitempty"`    // use records in ROB, one per person
	Hidden         bool      `json:"hidden,omitempty"`  // from the person (znepristupniLog)
}
