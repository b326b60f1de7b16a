package report

import (
	"testing"
	"time"

	"brana/audit"
	"brana/audit/query"
)

// The late record of a job is no second call.
func TestALateJobIsNoCall(t *testing.T) {
	b := NewBuilder(Config{Working: func(time.Time) bool { return true }, Zone: time.UTC})
	call := &audit.Record{Type: audit.TypeLate, Async: true, Route: "local", Outcome: "ok"}
	job := &audit.Record{Type: audit.TypeLate, Async: true, Route: "local", Outcome: "ok", Job: true}
	b.Add(&query.Use{Call: call, Result: call})
	b.Add(&query.Use{Call: job, Job: job})
	if r := b.Report().Totals; r.Calls != 1 || r.Answered != 1 {
		t.Errorf("%d calls, %d answered, want 1", r.Calls, r.Answered)
	}
}
