package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// audit counts what becomes of the record of use.
type audit struct {
	records    [len(recordTypes)]prometheus.Counter
	unrecorded prometheus.Counter
	seconds    *prometheus.HistogramVec
}

// recordTypes are the types of records that exchanges and jobs make.
var recordTypes = [...]string{"intent", "outcome", "refusal", "late"}

// The indexes of recordTypes.
const (
	Intent = iota
	Outcome
	RefusalRecord
	LateRecord
)

func newAudit(t table, s Sources) audit {
	t = t.when(s.Audit != nil)
	m := audit{
		unrecorded: t.counter("brana_audit_unrecorded_total",
			"Calls that went on although their intent could not be recorded "+
				"(audit.when_unavailable: continue). Each shall have a late record."),
		seconds: t.histograms("brana_audit_commit_seconds",
			"Writing of records to the journal, many at a time (written, failed), from the "+
				"first byte until they are as durable as audit.durability promises.",
			prometheus.ExponentialBuckets(0.0001, 2, 17), "result"),
	}
	records := t.counters("brana_audit_records_total",
		"Records of use of exchanges and jobs, by type: intent, outcome, refusal (a call "+
			"without an intent), late (a call that was served without one).", "type")
	for i, name := range recordTypes {
		m.records[i] = records.WithLabelValues(name)
	}
	addJournal(t, s)
	return m
}

// addJournal adds what is read of the journal when it is scraped.
func addJournal(t table, s Sources) {
	commits := t.scrapedCounter("brana_audit_commits_total",
		"Batches of records that were written to the journal. Records by commits is how many "+
			"share one.")
	syncs := t.scrapedCounter("brana_audit_syncs_total",
		"How often the disk has confirmed records of the journal (fdatasync).")
	bytes := t.scrapedCounter("brana_audit_bytes_total", "Bytes written to the journal.")
	failures := t.scrapedCounter("brana_audit_failures_total",
		"Writes and fdatasyncs of the journal that failed. Each ends a segment.")
	lost := t.scrapedCounter("brana_audit_lost_total",
		"Outcomes and refusals that will never be in the journal: it was blocked, and its "+
			"memory was full. The intents of such outcomes show as unfinished.")
	copies := t.scrapedCounter("brana_audit_copies_total",
		"Copies of seals for audit.seals: sent, failed (an attempt), lost (too many waited).",
		"result")
	blocked := t.scrapedGauge("brana_audit_blocked",
		"1 while the journal cannot be written, else 0.")
	waiting := t.scrapedGauge("brana_audit_waiting",
		"Calls that wait for their intent to be written at this moment.")
	age := t.scrapedGauge("brana_audit_segment_age_seconds",
		"Age of the segment that is being written; absent when there is none.")
	t.scraped(func(e emit) {
		j := s.Audit()
		e(commits, float64(j.Commits))
		e(syncs, float64(j.Syncs))
		e(bytes, float64(j.Bytes))
		e(failures, float64(j.Failures))
		e(lost, float64(j.Lost))
		for result, n := range j.Copies {
			e(copies, float64(n), result)
		}
		e(waiting, float64(j.Waiting))
		value := 0.0
		if j.Blocked {
			value = 1
		}
		e(blocked, value)
		if !j.Segment.IsZero() {
			e(age, time.Since(j.Segment).Seconds())
		}
	}, commits, syncs, bytes, failures, lost, copies, blocked, waiting, age)
}

// Recorded counts a record of a type: Intent, Outcome, RefusalRecord or LateRecord.
func (m *audit) Recorded(kind int) { m.records[kind].Inc() }

// ServedUnrecorded counts a call that went on without its intent.
func (m *audit) ServedUnrecorded() { m.unrecorded.Inc() }

// Committed counts a batch of records that was written, or that failed.
func (m *audit) Committed(took time.Duration, failed bool) {
	result := "written"
	if failed {
		result = "failed"
	}
	m.seconds.WithLabelValues(result).Observe(took.Seconds())
}
