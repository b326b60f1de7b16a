package query

import (
	"maps"
	"slices"
	"time"

	"brana/audit"
)

// A Use is a call and what came of it. Its records are the user's to keep.
type Use struct {
	Dir    string        // folder of the journal
	Call   *audit.Record // intent, refusal or late record; nil when it was deleted
	Result *audit.Record // outcome, or the Call itself if that is both; nil: unfinished
	// Job is the outcome of an asynchronous call's job; nil: none or unfinished. A call that
	// was recorded late is a use, and its job another one, whose Job is the Call itself.
	Job *audit.Record

	lines [3]string // the text of the records
}

// Unfinished is the Outcome of a use that has none.
const Unfinished = "unfinished"

// Time returns when the request came.
func (u *Use) Time() time.Time { return u.first().Time }

// Ended returns the time of the use's last record.
func (u *Use) Ended() time.Time {
	if last := u.Last(); last != nil {
		return last.Time
	}
	return u.Call.Time
}

// first is the earliest record of the use; there is one.
func (u *Use) first() *audit.Record {
	if u.Call != nil {
		return u.Call
	}
	return u.Last()
}

// Last returns the record with what came of the use: that of the job, if there is one,
// since its answer holds the data. It is nil in an unfinished use.
func (u *Use) Last() *audit.Record {
	if u.Job != nil {
		return u.Job
	}
	return u.Result
}

// Caller returns the quadruple of the caller as AGENDA/ROLE/OVM/AIS. It is empty when
// the call was refused before its header was read.
func (u *Use) Caller() string {
	if u.Call == nil {
		return ""
	}
	return callerOf(u.Call)
}

func callerOf(r *audit.Record) string {
	if r.Agenda == "" && r.Role == "" && r.Ovm == "" && r.Ais == "" {
		return ""
	}
	return r.Agenda + "/" + r.Role + "/" + r.Ovm + "/" + r.Ais
}

// Outcome returns what came of the use in one word: that of its job, if it has one.
func (u *Use) Outcome() string {
	if u.Job == nil && u.pending() {
		return Unfinished
	}
	return u.Last().Outcome
}

// Refused reports whether the gateway refused the call, or gave it up.
func (u *Use) Refused() bool { return !answered[u.Outcome()] }

// answered are the outcomes that are no kind of a refusal.
var answered = map[string]bool{
	"ok": true, "varovani": true, "chyba": true, "unknown": true, "fault": true,
	"cut": true, "upstream-broke": true, "caller-left": true, Unfinished: true,
	"deleted": true, "unkept": true, // of jobs: the answer is not in the queue
}

// Answered returns the outcomes that are no kind of a refusal, unfinished included.
func Answered() []string { return slices.Sorted(maps.Keys(answered)) }

// pending reports whether more is to come of the use: its outcome, or that of its job.
func (u *Use) pending() bool { return u.Result == nil || u.Job == nil && u.hasJob() }

// hasJob reports whether the gateway answers the call twice: with its number, and then by a
// job, also when the number did not reach the caller. An asynchronous call that is relayed has
// its job at the bus, and one that is recorded late a late record for the job.
func (u *Use) hasJob() bool {
	if u.Call == nil || u.Call.Type != audit.TypeIntent {
		return false
	}
	return u.Call.Async && u.Call.Route == "local" && answered[u.Result.Outcome]
}
