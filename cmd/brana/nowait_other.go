//go:build !(linux && (amd64 || arm64)) || race

package main

import "os"

// A noWaitFile is a file to which the log is written; see the one for Linux.
// The race detector knows nothing of system calls that it does not see, so it
// is given this one too.
type noWaitFile struct{ *os.File }

// newNoWaitFile returns the writer of a file, which stays the caller's to close.
func newNoWaitFile(f *os.File) *noWaitFile { return &noWaitFile{f} }

// WriteNow writes nothing: without pwritev2(2) any write may wait.
func (*noWaitFile) WriteNow([]byte) int { return 0 }
