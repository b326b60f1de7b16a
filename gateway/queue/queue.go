// Package queue keeps what must be remembered between calls: the answers of
// asynchronous calls until their information system (AIS) has picked them up,
// and the ids of recent requests.
//
// Its one rule: every operation names an AIS and sees nothing of another. Two
// stores keep the answers: Memory in the process, and Redis shared by all
// gateways. A contract test holds them equal, and so for RecentMemory and
// RecentRedis, which keep the ids. Correctness does not rest on the expiry of
// keys: entries end by the clock of the store, at the next operation of their
// AIS. Who may ask, and what an answer says, is left to gateway.
package queue

import (
	"errors"
	"fmt"
	"time"
)

// The errors by which an operation refuses. Any other error means that the store
// was unavailable.
var (
	ErrFull     = errors.New("the queue of the information system is full")
	ErrGone     = errors.New("the job was deleted, or given up when its time was over")
	ErrTooLarge = errors.New("the answer is larger than a job may leave")
)

// AnswerBytes is the largest size of an answer. A job that runs holds as many
// bytes of its queue, so that there is room for any answer.
const AnswerBytes = 256 << 10

// Config bounds a queue. All fields are required.
type Config struct {
	Keep    time.Duration // from the making of an answer to its expiry
	Entries int           // jobs and answers of one AIS at most
	Bytes   int64         // of one AIS at most, at least AnswerBytes
	Page    int           // answers in one page

	// Changed is called after each operation on the queue of an AIS. It may be nil,
	// and must not call the store.
	Changed func(ais string, c Change)
}

// A Change is what an operation found in a queue, and left in it.
type Change struct {
	Entries int // jobs and answers that are in the queue now
	Expired int // answers that were dropped because their time was over
	Lost    int // jobs that were given up because their gateway did not end them
}

// Validate returns everything that is wrong with the bounds.
func (c Config) Validate() error {
	var errs []error
	if c.Keep < time.Second {
		errs = append(errs, fmt.Errorf("keep %v is below 1s", c.Keep))
	}
	if c.Entries < 1 {
		errs = append(errs, fmt.Errorf("entries %d is below 1", c.Entries))
	}
	if c.Bytes < AnswerBytes {
		errs = append(errs, fmt.Errorf("bytes %d is below %d, which one job needs",
			c.Bytes, AnswerBytes))
	}
	if c.Page < 1 {
		errs = append(errs, fmt.Errorf("page %d is below 1", c.Page))
	}
	return errors.Join(errs...)
}

// A Job is a call whose answer comes later.
type Job struct {
	Ais     string
	ID      string // its IszrZadostId, a UUID in lower case
	Service string // code
	// Lifetime is the time from now after which the job has certainly ended. A job
	// without an answer is lost then: its gateway died.
	Lifetime time.Duration
	// Lost is the answer that a lost job leaves, at most AnswerBytes. It is stored
	// in advance, so that every job ends with an answer.
	Lost []byte
}

// State is what the store has of a job.
type State uint8

// The states.
const (
	Missing State = iota // never opened, expired or deleted
	Running
	Ready
)

// An Answer is the state of a job, and its answer.
type Answer struct {
	State State
	Body  []byte        // when Ready
	Lost  bool          // when Ready: it is the job's Lost
	Since time.Duration // when Running: from its opening to now
}

// A Filter selects the answers that meet both conditions.
type Filter struct {
	From  uint64    // the lowest number
	Since time.Time // the earliest making; zero: no condition
}

// millis is Since in the unit of the stores. It rounds up, since stores keep whole
// milliseconds.
func (f Filter) millis() int64 {
	if f.Since.IsZero() {
		return 0
	}
	return f.Since.Add(time.Millisecond - 1).UnixMilli()
}
