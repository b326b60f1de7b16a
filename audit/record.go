package audit

import "time"

// A Record is a line of a journal as it is read again. The fields of a call are set in an
// intent, a refusal and a late record; those of a result in an outcome, a refusal and a
// late record. Intent is the Seq of the intent that an outcome belongs to.
type Record struct {
	Seq  uint64    `json:"seq"`
	Prev string    `json:"prev"` // SHA-256 of the line before, hex
	Type string    `json:"type"`
	Time time.Time `json:"time"`

	Service           string   `json:"service,omitempty"`
	Route             string   `json:"route,omitempty"`
	Async             bool     `json:"async,omitempty"`
	AgendaZadostId    string   `json:"agenda_zadost_id,omitempty"`
	IszrZadostId      string   `json:"iszr_zadost_id,omitempty"`
	PredchoziZadostId string   `json:"predchozi_zadost_id,omitempty"`
	Agenda            string   `json:"agenda,omitempty"`
	Role              string   `json:"role,omitempty"`
	Ovm               string   `json:"ovm,omitempty"`
	Ais               string   `json:"ais,omitempty"`
	Subjekt           string   `json:"subjekt,omitempty"`
	Uzivatel          string   `json:"uzivatel,omitempty"`
	DuvodUcel         string   `json:"duvod_ucel,omitempty"`
	Asked             []string `json:"asked,omitempty"`
	Peer              string   `json:"peer,omitempty"`
	Certificate       string   `json:"certificate,omitempty"`
	Parameters        []string `json:"parameters,omitempty"`
	AskedJob          string   `json:"asked_job,omitempty"`
	Persons           []string `json:"persons,omitempty"`

	Decision *RecordedDecision `json:"decision,omitempty"`
	Quota    *RecordedQuota    `json:"quota,omitempty"`

	Intent          uint64             `json:"intent,omitempty"`
	Outcome         string             `json:"outcome,omitempty"`
	Kod             string             `json:"kod,omitempty"`
	SubKody         []string           `json:"sub_kody,omitempty"`
	Status          int                `json:"status,omitempty"`
	Broken          string             `json:"broken,omitempty"`
	Job             bool               `json:"job,omitempty"`
	Returned        []string           `json:"returned,omitempty"`
	Unpermitted     []string           `json:"unpermitted,omitempty"`
	Filtered        []string           `json:"filtered,omitempty"`
	ReturnedPersons []string           `json:"returned_persons,omitempty"`
	Registries      []RecordedRegistry `json:"registries,omitempty"`
	RequestBytes    int64              `json:"request_bytes,omitempty"`
	ResponseBytes   int64              `json:"response_bytes,omitempty"`
	TookMicros      int64              `json:"took_us,omitempty"`
	RequestSHA256   string             `json:"request_sha256,omitempty"`
	ResponseSHA256  string             `json:"response_sha256,omitempty"`
}

// A RecordedDecision is a [Decision] as it is read again.
type RecordedDecision struct {
	Verdict string            `json:"verdict"`
	Reason  string            `json:"reason,omitempty"`
	Policy  string            `json:"policy,omitempty"`
	Rule    string            `json:"rule,omitempty"`
	Row     string            `json:"row,omitempty"`
	Refused []RecordedRefused `json:"refused,omitempty"`

	Removed     []RecordedRefused `json:"removed,omitempty"`
	WouldRemove []RecordedRefused `json:"would_remove,omitempty"`
	Filled      []string          `json:"filled,omitempty"`
}

// RecordedRefused is a [Refused] as it is read again.
type RecordedRefused struct {
	Word string `json:"word"`
	Why  string `json:"why,omitempty"`
}

// A RecordedQuota is a [Quota] as it is read again.
type RecordedQuota struct {
	Verdict    string `json:"verdict"`
	Degraded   string `json:"degraded,omitempty"`
	Quota      int64  `json:"quota,omitempty"`
	Remaining  int64  `json:"remaining,omitempty"`
	Concurrent int    `json:"concurrent,omitempty"`
	Running    int    `json:"running,omitempty"`
	Group      string `json:"group,omitempty"`
}

// A RecordedRegistry is a [Registry] as it is read again.
type RecordedRegistry struct {
	Name       string `json:"name"`
	Message    string `json:"message,omitempty"`
	Result     string `json:"result,omitempty"`
	TookMicros int64  `json:"took_us,omitempty"`
}
