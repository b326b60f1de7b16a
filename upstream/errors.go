package upstream

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// A saying is an error in words that stand in this package.
type fixedError string

func (s fixedError) Error() string { return string(s) }

// sayf makes a saying with numbers in it.
func fixedErrorf(format string, numbers ...int) fixedError {
	args := make([]any, len(numbers))
	for i, n := range numbers {
		args[i] = n
	}
	return fixedError(fmt.Sprintf(format, args...))
}

// caught is the error of a panic. Its value may hold anything, so only a value of
// the runtime is printed; the stack has the place.
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

// errStale says that a connection from the pool broke before it said anything:
// the upstream had most likely closed it while it was idle.
const errStale = fixedError("the upstream closed an idle connection")

// errRefused says that the upstream answered, and that it will not.
const errRefused = fixedError("receive status CHYBA")

// errOpen says that an upstream was not asked, since it is down.
const errOpen = fixedError("the breaker is open")

// errUnproven says that a call was not sent, since it ended before it was known
// whether the upstream is up again.
const errUnproven = fixedError("wait for the probe of the breaker")

// errUnended is the end of a call that never came to one.
const errUnended = fixedError("the call did not end")

// errEnded marks the error of a call whose context ended.
const errEnded = fixedError("the call was ended")

// errLate marks one whose time was over.
const errLate = fixedError("its time is over")

const errClosed = fixedError("read a closed answer")

// errPace says that a call was not sent, since its turn would have come too late.
const errPace = fixedError("the pace of the upstream leaves no turn within the time of the call")

// errOtherQuestion: local AIFO numbers are the same in every call, so that an
// answer which got onto the wrong connection is known by its ids alone.
const errOtherQuestion = fixedError("the answer is to another question: AgendaZadostId or IszrZadostId differs")

// errUnasked: somebody's data came whom nobody asked for.
const errUnasked = fixedError("expect nobody but the person asked for")

const errInstruction = fixedError("find a processing instruction in the answer")

// errWait says that the next token needs bytes that are not here yet.
const errWait = fixedError("the next token has not arrived")
