package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// limits counts decisions about limits, and what they cost in Redis.
type limits struct {
	decisions *prometheus.CounterVec
	near      prometheus.Counter
	degraded  *prometheus.CounterVec

	seconds *prometheus.HistogramVec
	permits *prometheus.CounterVec
	leases  prometheus.Histogram
	losses  prometheus.Counter
}

// undecided is the verdict of a call for which no decision was available.
const undecided = "unavailable"

// What became of the permits of a request to the ledger.
const (
	granted  = "granted"
	returned = "returned"
	replayed = "replayed"
)

func newLimits(t table, s Sources) limits {
	m := limits{
		decisions: t.counters("brana_limits_decisions_total",
			"Calls that asked for a permit and a slot: admitted, over-quota, over-concurrency, "+
				"or unavailable when there was no decision.", "verdict"),
		near: t.counter("brana_limits_near_total",
			"Calls admitted when 80 % or more of their quota was used, this one counted. "+
				"The lines of their exchanges have remaining."),
		degraded: t.counters("brana_limits_degraded_total",
			"Calls decided without the shared counts, by what their grants say of that (share, "+
				"open).",
			"mode"),
	}
	t = t.when(s.Ledger != nil)
	m.seconds = t.histograms("brana_limits_ledger_seconds",
		"Requests to the ledger in Redis (answered, failed, unacknowledged: too few replicas "+
			"have it), from sending to the answer. Its count by that of decisions is the cost of "+
			"a decision.",
		prometheus.ExponentialBuckets(0.0001, 2, 14), "result")
	m.permits = t.counters("brana_limits_permits_total",
		"Permits that the ledger granted to this gateway, that this gateway returned unused, and "+
			"that it replayed to a ledger which had lost its memory, leased ones too.", "what")
	m.leases = t.histogram("brana_limits_lease_permits", "Permits of a lease.",
		prometheus.ExponentialBuckets(1, 4, 12))
	m.losses = t.counter("brana_limits_ledger_losses_total",
		"Answers from which this gateway learned that the ledger has lost its memory; one loss "+
			"shows in each of its 16 shards.")
	addLedger(t, s)
	return m
}

// addLedger adds what is read of the ledger when it is scraped.
func addLedger(t table, s Sources) {
	state := t.scrapedGauge("brana_limits_state",
		"1 for the state of the ledger: normal, learning (it waits for what gateways know, "+
			"or this gateway for ledger time), down; else 0.", "state")
	spent := t.scrapedCounter("brana_limits_state_seconds_total",
		"How long the ledger has been in each state since the start.", "state")
	held := t.scrapedGauge("brana_limits_held",
		"What this gateway holds of the ledger: permits not used, slots, and busy ones of these.",
		"what")
	callers := t.scrapedGauge("brana_limits_callers",
		"Callers that this gateway remembers: those of the last hour and somewhat more.")
	gateways := t.scrapedGauge("brana_limits_gateways",
		"Gateways that share the ledger, this one too; 0 when their number is not known.")
	ahead := t.scrapedGauge("brana_limits_ledger_ahead_seconds",
		"Ledger time less the clock of this gateway.")
	fullest := t.scrapedGauge("brana_limits_fullest_ratio",
		"The highest share of its quota, used at all gateways, of a caller that is active here. "+
			"Above 1 the quota was lowered since, or calls were made without the ledger; else it "+
			"is a mistake.")
	t.scraped(func(e emit) {
		l := s.Ledger()
		for name, spentTime := range l.Spent {
			value := 0.0
			if name == l.State {
				value = 1
			}
			e(state, value, name)
			e(spent, spentTime.Seconds(), name)
		}
		e(held, float64(l.Permits), "permits")
		e(held, float64(l.Slots), "slots")
		e(held, float64(l.Busy), "busy")
		e(callers, float64(l.Callers))
		e(gateways, float64(l.Gateways))
		e(ahead, l.Ahead.Seconds())
		e(fullest, l.Fullest)
	}, state, spent, held, callers, gateways, ahead, fullest)
}

// Decided counts a decision about limits; near: the call was admitted into the
// last fifth of its quota.
func (m *limits) Decided(verdict string, near bool) {
	m.decisions.WithLabelValues(verdict).Inc()
	if near {
		m.near.Inc()
	}
}

// Undecided counts a call for which no decision was available.
func (m *limits) Undecided() { m.decisions.WithLabelValues(undecided).Inc() }

// Degraded counts a call that was decided without the shared counts.
func (m *limits) Degraded(mode string) { m.degraded.WithLabelValues(mode).Inc() }

// The results of a request to the ledger.
const (
	Answered       = "answered"
	Failed         = "failed"
	Unacknowledged = "unacknowledged" // too few replicas have it
)

// A Refill is a request to the ledger that has ended.
type Refill struct {
	Result                      string // Answered, Failed or Unacknowledged
	Took                        time.Duration
	Granted, Returned, Replayed int64   // permits
	Leases                      []int64 // permits of each
	Lost                        bool    // the ledger has lost its memory
}

// Refilled counts a request to the ledger.
func (m *limits) Refilled(r *Refill) {
	m.seconds.WithLabelValues(r.Result).Observe(r.Took.Seconds())
	m.permits.WithLabelValues(granted).Add(float64(r.Granted))
	m.permits.WithLabelValues(returned).Add(float64(r.Returned))
	m.permits.WithLabelValues(replayed).Add(float64(r.Replayed))
	for _, permits := range r.Leases {
		m.leases.Observe(float64(permits))
	}
	if r.Lost {
		m.losses.Inc()
	}
}
