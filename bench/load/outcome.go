package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histograms have latencies from 1 µs to 10 min, with three digits.
const (
	leastLatency = time.Microsecond
	mostLatency  = 10 * time.Minute
)

func newHistogram(digits int) *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(leastLatency), int64(mostLatency), digits)
}

// observe records a latency. One above the range counts as the end of the range.
func observe(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(int64(min(d, mostLatency))) // in range
}

// maxWrong is the number of kinds of wrong answers that are counted apart.
const maxWrong = 32

// An Outcome is what a run measured.
type Outcome struct {
	Took    time.Duration // from the first intended start to the last answer
	Right   int64         // answers as they should be
	Wrong   map[string]int64
	Unsent  int64 // calls whose start came, and that were not sent before the run ended
	In, Out int64 // bytes of bodies: sent, received

	Latency *hdrhistogram.Histogram // ns, of right answers, from their intended start
	// Slip is the time, ns, by which the generator itself started calls late though
	// it had a connection to spare.
	Slip    *hdrhistogram.Histogram
	Kinds   map[string]*Kind // by name of the scenario
	Seconds []Second
}

// A Kind is the outcome of the calls of one scenario.
type Kind struct {
	Right, Wrong int64
	Latency      *hdrhistogram.Histogram // ns, of right answers
}

// A Second has the answers of one second of a run.
type Second struct {
	At          time.Duration // its end
	Right       int64
	Wrong       int64
	P50, P99    time.Duration
	MaxInSecond time.Duration
}

// Errors is the number of calls without a right answer.
func (o *Outcome) Errors() int64 {
	n := o.Unsent
	for _, wrong := range o.Wrong {
		n += wrong
	}
	return n
}

// Rate is the number of right answers a second.
func (o *Outcome) Rate() float64 {
	if o.Took <= 0 {
		return 0
	}
	return float64(o.Right) / o.Took.Seconds()
}

// recorder collects an outcome from many workers.
type recorder struct {
	mu     sync.Mutex
	out    Outcome
	second *hdrhistogram.Histogram // of the running second
	wrong  int64                   // in it
	until  time.Duration           // its end
}

func newRecorder() *recorder {
	return &recorder{
		out: Outcome{
			Wrong:   map[string]int64{},
			Latency: newHistogram(3),
			Slip:    newHistogram(2),
			Kinds:   map[string]*Kind{},
		},
		second: newHistogram(2),
		until:  time.Second,
	}
}

// record adds a reply that ended at a time since the beginning.
func (r *recorder) record(name string, at, latency time.Duration, reply Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(at)
	o := &r.out
	o.Took = max(o.Took, at)
	o.In, o.Out = o.In+reply.Sent, o.Out+reply.Received
	kind := o.Kinds[name]
	if kind == nil {
		kind = &Kind{Latency: newHistogram(3)}
		o.Kinds[name] = kind
	}
	if reply.Wrong != "" {
		kind.Wrong++
		r.wrong++
		if _, known := o.Wrong[reply.Wrong]; !known && len(o.Wrong) >= maxWrong {
			reply.Wrong = "other"
		}
		o.Wrong[reply.Wrong]++
		return
	}
	o.Right++
	kind.Right++
	observe(o.Latency, latency)
	observe(kind.Latency, latency)
	observe(r.second, latency)
}

func (r *recorder) slipped(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	observe(r.out.Slip, max(by, leastLatency))
}

// turn ends the seconds that are over.
func (r *recorder) turn(at time.Duration) {
	for at >= r.until {
		h := r.second
		r.out.Seconds = append(r.out.Seconds, Second{
			At:          r.until,
			Right:       h.TotalCount(),
			Wrong:       r.wrong,
			P50:         time.Duration(h.ValueAtQuantile(50)),
			P99:         time.Duration(h.ValueAtQuantile(99)),
			MaxInSecond: time.Duration(h.Max()),
		})
		h.Reset()
		r.wrong = 0
		r.until += time.Second
	}
}

// answers returns the numbers of right and of wrong answers.
func (r *recorder) answers() (right, wrong int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Right, r.out.Errors()
}
