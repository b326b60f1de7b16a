package config

import (
	"time"

	"brana/gateway/queue"
)

// Queue is queue: bounds of the queues of answers of asynchronous calls. They
// are kept where the limits are.
type Queue struct {
	Keep    Duration `yaml:"keep"`
	Entries Count    `yaml:"entries"`
	Bytes   Size     `yaml:"bytes"`
	Page    Count    `yaml:"page"`
}

// Requests is requests: checks of a request that are off unless they are asked
// for. Zero is off.
type Requests struct {
	TimeTolerance   Duration `yaml:"time_tolerance"`
	DuplicateWindow Duration `yaml:"duplicate_window"`
	DuplicateIDs    Count    `yaml:"duplicate_ids"`
}

func defaultQueue() Queue {
	return Queue{Keep: Duration(24 * time.Hour), Entries: 1000, Bytes: 16 << 20, Page: 100}
}

func (q *Queue) check(m *mistakes) {
	between(m, "queue.keep", q.Keep, Duration(time.Second), Duration(31*24*time.Hour))
	between(m, "queue.entries", q.Entries, 1, 10000)
	between(m, "queue.bytes", q.Bytes, queue.AnswerBytes, 1<<30)
	between(m, "queue.page", q.Page, 1, 1000)
}

func (r *Requests) check(m *mistakes) {
	zeroOr(m, "requests.time_tolerance", r.TimeTolerance, Duration(24*time.Hour))
	zeroOr(m, "requests.duplicate_window", r.DuplicateWindow, Duration(7*24*time.Hour))
	between(m, "requests.duplicate_ids", r.DuplicateIDs, 1, 10_000_000)
}

// zeroOr checks a time that is zero, or from a second to most.
func zeroOr(m *mistakes, key string, value, most Duration) {
	if value != 0 && (value < Duration(time.Second) || value > most) {
		m.wrong(key, "%v is not between 1s and %v, and not 0s, which turns it off", value, most)
	}
}
