package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// The exit codes.
const (
	exitRefused     = 1 // refused, or a check failed
	exitUsage       = 2 // wrong usage, or input that cannot be read
	exitUnreachable = 3 // a dependency cannot be reached
)

// stdio is where a verb writes: data to out, diagnostics to err.
type stdio struct{ out, err io.Writer }

// An exitError ends the program with a code. Without an err nothing more is
// printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(code int, err error) error { return &exitError{code, err} }

// code prints an error and returns its exit code.
func code(err error, io stdio) int {
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitUsage, err}
	}
	if e.err != nil {
		say(io.err, "brana: "+e.err.Error()+"\n")
	}
	return e.code
}

// lastWords is the time that the program waits for the reader of its last words.
// The reader may have stalled.
const lastWords = 100 * time.Millisecond

// say writes the last words of the program.
func say(to io.Writer, words string) {
	written := make(chan struct{})
	go func() {
		_, _ = io.WriteString(to, words) // an error has no other reader
		close(written)
	}()
	select {
	case <-written:
	case <-time.After(lastWords):
	}
}
