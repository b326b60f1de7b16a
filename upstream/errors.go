package upstream

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// A fixedError is an error whose words stand in this package.
type fixedError string

func (s fixedError) Error() string { return string(s) }

// fixedErrorf makes a fixedError with numbers in it.
func fixedErrorf(format string, numbers ...int) fixedError {
	args := make([]any, len(numbers))
	for i, n := range numbers {
		args[i] = n
	}
	return fixedError(fmt.Sprintf(format, args...))
}

// Errors of a call that was not sent.
const (
	errOpen fixedError = "the breaker is open"
	errPace fixedError = "the pace of the upstream leaves no turn within the time of the call"
	// errUnproven: the call ended before the probe of a sibling did.
	errUnproven fixedError = "wait for the probe of the breaker"
)

// Errors of a call that was broken off.
const (
	// errStale: a connection from the pool broke before it carried an answer. Most
	// likely the upstream had closed it while it was idle.
	errStale   fixedError = "the upstream closed an idle connection"
	errEnded   fixedError = "the call was ended" // its context ended
	errLate    fixedError = "its time is over"   // its deadline passed
	errClosed  fixedError = "read a closed answer"
	errUnended fixedError = "the call did not end" // it panicked, or lost its probe
)

// Errors of an answer.
const (
	errRefused     fixedError = "receive status CHYBA"
	errInstruction fixedError = "find a processing instruction in the answer"
	errUnasked     fixedError = "expect nobody but the person asked for"
	// errOtherQuestion: local AIFO numbers are the same in every call, so only the ids
	// reveal an answer on the wrong connection.
	errOtherQuestion fixedError = "the answer is to another question: " +
		"AgendaZadostId or IszrZadostId differs"
)

// errWait reports that the next token has not arrived yet.
const errWait fixedError = "the next token has not arrived"

// recovered calls f and makes its panic an error: f may run on a goroutine where
// nothing else would catch it. A panic may hold any value, so only a value of the
// runtime is printed. The stack shows the place.
func recovered(doing string, f func() error) (err error) {
	defer func() {
		panicked := recover()
		if panicked == nil {
			return
		}
		text := fmt.Sprintf("%T", panicked)
		if known, ok := panicked.(runtime.Error); ok {
			text = known.Error()
		}
		err = fmt.Errorf("%s: panic: %s\n%s", doing, text, debug.Stack())
	}()
	return f()
}
