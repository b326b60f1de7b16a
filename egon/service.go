package egon

// A Service is one eGON service of the catalogue. Code is unique.
type Service struct {
	Code      string // E198
	Action    string // SOAPAction and name of the operation, IszrAgendaMediaDataCtiPodleUdaju
	Request   string // local name of the request element
	Response  string // local name of the response element
	Namespace string // of both
	Mode      Mode
}

// Mode says how a service may be called.
type Mode uint8

// The modes; for most services the sources do not say.
const (
	ModeUnknown Mode = iota
	SyncOnly
	AsyncOnly
	SyncAndAsync
)
