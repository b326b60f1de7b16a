package metrics

import "github.com/prometheus/client_golang/prometheus"

// queue counts jobs, their answers that wait, and recent ids.
type queue struct {
	jobs    *prometheus.CounterVec
	entries *prometheus.GaugeVec
	expired prometheus.Counter
	evicted prometheus.Counter
}

// Results of a job beside the status of its answer.
const (
	JobDeleted = "deleted" // nobody wants its answer any more
	JobUnkept  = "unkept"  // the queue was unavailable
	JobLost    = "lost"    // its gateway did not end it
)

func newQueue(t table, s Sources) queue {
	m := queue{
		jobs: t.counters("brana_jobs_total",
			"Jobs of asynchronous calls that ended: the status of their answer, deleted before "+
				"it came, unkept when the queue was unavailable, lost when their gateway died.",
			"result"),
		entries: t.gauges("brana_queue_entries",
			"Jobs and answers in the queue of an AIS when this gateway last looked at it.", "ais"),
		expired: t.counter("brana_queue_expired_total",
			"Answers that were dropped because nobody deleted them in time."),
		evicted: t.counter("brana_request_ids_evicted_total",
			"Request ids that were forgotten before their time, since requests.duplicate_ids "+
				"were more recent."),
	}
	running := t.scrapedGauge("brana_jobs_running", "Jobs of this gateway at this moment.")
	t.scrapedValue(running, s.Jobs)
	return m
}

// JobEnded counts a job by its result.
func (m *queue) JobEnded(result string) { m.jobs.WithLabelValues(result).Inc() }

// A QueueChange is what an operation on the queue of one AIS found, or left.
type QueueChange struct {
	Entries int // jobs and answers that are in the queue now
	Expired int // answers that were dropped because their time was over
	Lost    int // jobs that were given up because their gateway did not end them
}

// QueueChanged counts an operation on the queue of an AIS.
func (m *queue) QueueChanged(ais string, c QueueChange) {
	m.entries.WithLabelValues(ais).Set(float64(c.Entries))
	m.expired.Add(float64(c.Expired))
	if c.Lost > 0 {
		m.jobs.WithLabelValues(JobLost).Add(float64(c.Lost))
	}
}

// IDsEvicted counts ids that were forgotten before their time.
func (m *queue) IDsEvicted(ids int) { m.evicted.Add(float64(ids)) }
