package gateway

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// safely runs f where a panic would end the process: the HTTP library has no
// recover, nor has a goroutine of its own. A panic is an error, with the stack for
// the log.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return f()
}

func isPanic(err error) bool {
	if err == nil {
		return false
	}
	var p *panicError
	return errors.As(err, &p)
}

// A panicError is a panic. Its value may hold anything, so only a value of the
// runtime is printed; the stack has the place.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string {
	if of, ok := p.value.(runtime.Error); ok {
		return "panic: " + of.Error()
	}
	return fmt.Sprintf("panic: %T", p.value)
}
