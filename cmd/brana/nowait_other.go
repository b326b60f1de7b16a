//go:build !(linux && (amd64 || arm64)) || race

package main

import "os"

// A noWaitFile is a file to which the log is written; see the one for Linux.
// It is used with the race detector too, which does not see raw system calls.
type noWaitFile struct{ *os.File }

// newNoWaitFile returns the writer of a file. The caller closes the file.
func newNoWaitFile(f *os.File) *noWaitFile { return &noWaitFile{f} }

// WriteNow writes nothing: without pwritev2(2) any write may wait.
func (*noWaitFile) WriteNow([]byte) int { return 0 }
