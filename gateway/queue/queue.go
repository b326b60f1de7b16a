// Package queue keeps what must be remembered between calls: the answers of
// asynchronous calls until their information system (AIS) has picked them up,
// and the ids of recent requests.
//
// Its one rule: every operation names an AIS and sees nothing of another. Two
// stores keep the answers, Memory in the process and Redis shared by all
// gateways; a contract test holds them equal. Nothing rests on the expiry of
// keys: what is over is over by the clock of the store, whoever looks. Who may
// ask, and what an answer says, is left to gateway.
package queue

import (
	"errors"
	"fmt"
	"time"
)

// The ways in which an operation says no; any other error means that the store
// could not be had.
var (
	ErrFull     = errors.New("the queue of the information system is full")
	ErrGone     = errors.New("the job was deleted, or given up when its time was over")
	ErrTooLarge = errors.New("the answer is larger than a job may leave")
)

// AnswerBytes is how large an answer may be. A job that runs holds so many bytes
// of its queue, so that there is room for its answer whatever it is.
const AnswerBytes = 256 << 10

// Config bounds a queue. All fields are required.
type Config struct {
	Keep    time.Duration // an answer expires so long after it was made
	Entries int           // jobs and answers of one AIS at most
	Bytes   int64         // of one AIS at most, at least AnswerBytes
	Page    int           // answers in one page

	// Changed is told what became of the queue of an AIS, after each operation
	// that looked at it; it may be nil, and must not call the store.
	Changed func(ais string, c Change)
}

// A Change is what an operation found or left.
type Change struct {
	Entries int // jobs and answers that are in the queue now
	Expired int // answers that were dropped because their time was over
	Lost    int // jobs that were given up because their gateway did not end them
}

// Validate says all that is wrong with the bounds.
func (c Config) Validate() error {
	var errs []error
	if c.Keep < time.Second {
		errs = append(errs, fmt.Errorf("keep %v is below 1s", c.Keep))
	}
	if c.Entries < 1 {
		errs = append(errs, fmt.Errorf("entries %d is below 1", c.Entries))
	}
	if c.Bytes < AnswerBytes {
		errs = append(errs, fmt.Errorf("bytes %d is below %d, which one job needs", c.Bytes, AnswerBytes))
	}
	if c.Page < 1 {
		errs = append(errs, fmt.Errorf("page %d is below 1", c.Page))
	}
	return errors.Join(errs...)
}

// A Job is a call that is to be answered later.
type Job struct {
	Ais     string
	ID      string // its IszrZadostId, a UUID in lower case
	Service string // code
	// Lifetime is the time from now after which it has certainly ended. A job
	// that has left no answer by then is lost: its gateway died.
	Lifetime time.Duration
	// Lost is the answer that a lost job leaves, at most AnswerBytes. It is
	// written in advance, so that no job is ever under way for good.
	Lost []byte
}

// State is what there is of a job.
type State uint8

// The states.
const (
	Missing State = iota // never there, expired or deleted
	Running
	Ready
)

// An Answer is what a job has left.
type Answer struct {
	State State
	Body  []byte        // when Ready
	Lost  bool          // when Ready: it is the job's Lost
	Since time.Duration // when Running: for how long
}

// A Filter says which answers to list: those that meet both conditions.
type Filter struct {
	From  uint64    // number at least
	Since time.Time // made then or later; zero: no condition
}

// millis is a moment as the stores keep it. A bound rounds up: an answer of the
// same moment has nothing below a millisecond.
func (f Filter) millis() int64 {
	if f.Since.IsZero() {
		return 0
	}
	return f.Since.Add(time.Millisecond - 1).UnixMilli()
}
