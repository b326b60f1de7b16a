//go:build linux && (amd64 || arm64) && !race

package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// A noWaitFile is a file of any sort, to which the log is written. Where the
// kernel takes the bytes at once, as it does for pipes and sockets, the write
// does not leave the scheduler; package socket says what that saves. A lone
// line on a pipe costs 0.9 µs. Through another goroutine, the plain way not to
// hang on a pipe that nobody reads, it costs 1.8 µs (BenchmarkLogbook).
// One goroutine at a time uses a noWaitFile.
type noWaitFile struct {
	file  *os.File
	raw   syscall.RawConn // nil of a file that is closed
	waits atomic.Bool     // the file has no writes that do not wait
}

// newNoWaitFile returns the writer of a file. The caller closes the file.
func newNoWaitFile(f *os.File) *noWaitFile {
	raw, err := f.SyscallConn()
	if err != nil {
		raw = nil // Write returns the error
	}
	return &noWaitFile{file: f, raw: raw}
}

// Write writes all of p, or returns an error. It waits for as long as the file
// takes no bytes.
func (w *noWaitFile) Write(p []byte) (int, error) {
	n := w.WriteNow(p)
	if n > 0 && n == len(p) {
		return n, nil
	}
	m, err := w.file.Write(p[n:])
	return n + m, err
}

// WriteNow writes as much of p as the kernel takes without waiting, and returns
// the number of those bytes. Errors are left to the next Write.
func (w *noWaitFile) WriteNow(p []byte) int {
	n := 0
	if len(p) > 0 && w.raw != nil && !w.waits.Load() {
		_ = w.raw.Control(func(fd uintptr) { n = w.now(fd, p) }) // of a closed file n stays 0
	}
	return n
}

const (
	rwfNoWait       = 0x8
	pwritev2Common  = 287 // by the table that arm64 and all later architectures share
	pwritev2AMD64   = 328
	currentPosition = ^uintptr(0) // the offset of the file, or its end with O_APPEND
)

// now is one pwritev2(2), which returns at once: with RWF_NOWAIT the kernel
// refuses what it would have to wait for. It returns the number of bytes that
// were taken; errors are left to the write that follows.
//
// vector and the bytes that it points to stay in their place during the call. A
// stack moves only when its goroutine calls, and RawSyscall6 grows none; the heap
// never moves. The descriptor is open until now returns, since RawConn holds it.
func (w *noWaitFile) now(fd uintptr, p []byte) int {
	number := uintptr(pwritev2Common)
	if runtime.GOARCH == "amd64" {
		number = pwritev2AMD64
	}
	vector := syscall.Iovec{Base: unsafe.SliceData(p), Len: uint64(len(p))}
	n, _, errno := syscall.RawSyscall6(
		number, fd, uintptr(unsafe.Pointer(&vector)), 1, currentPosition, 0, rwfNoWait)
	switch errno {
	case 0:
		return int(n)
	case syscall.EOPNOTSUPP, syscall.EINVAL, syscall.ENOSYS: // some file systems, and old kernels
		w.waits.Store(true)
	}
	return 0
}
