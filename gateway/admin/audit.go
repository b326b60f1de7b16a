package admin

// Audit is what GET /v1/audit shows: where the record of use is, for its readers on this
// machine.
type Audit struct {
	Dir     string `json:"dir,omitempty"`     // of the journal, absolute
	Gateway string `json:"gateway,omitempty"` // its name in the journal
	State   string `json:"state"`             // one of the states
	Why     string `json:"why,omitempty"`     // it is blocked
	Last    uint64 `json:"last,omitempty"`    // sequence number of the last record on the disk
}

// The states of the record of use.
const (
	NoAudit      = "none" // none is kept
	AuditWritten = "written"
	AuditBlocked = "blocked"
)
