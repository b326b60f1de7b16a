//go:build linux && (amd64 || arm64)

package socket

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// A Writer writes to a file of any sort, and does not leave the scheduler where
// the kernel takes the bytes at once, as pipes and sockets do; see [Conn] on
// why. One goroutine at a time uses it.
type Writer struct {
	file  *os.File
	raw   syscall.RawConn // nil of a file that is closed
	waits atomic.Bool     // the file has no writes that do not wait
}

// NewWriter returns a writer to a file, which stays the caller's to close.
func NewWriter(f *os.File) *Writer {
	raw, err := f.SyscallConn()
	if err != nil {
		raw = nil // Write says what is wrong with it
	}
	return &Writer{file: f, raw: raw}
}

// Write writes all of p, or says why not. It waits for as long as the file does.
func (w *Writer) Write(p []byte) (int, error) {
	n := w.WriteNow(p)
	if n > 0 && n == len(p) {
		return n, nil
	}
	m, err := w.file.Write(p[n:])
	return n + m, err
}

// WriteNow writes as much of p as the kernel takes without waiting, and returns
// how many bytes these were. What went wrong the next Write says.
func (w *Writer) WriteNow(p []byte) int {
	n := 0
	if len(p) > 0 && w.raw != nil && !w.waits.Load() {
		_ = w.raw.Control(func(fd uintptr) { n = w.now(fd, p) }) // of a closed file n stays 0
	}
	return n
}

const (
	rwfNoWait      = 0x8
	pwritev2Common = 287 // by the table that arm64 and all later architectures share
	pwritev2AMD64  = 328
	whereItIs      = ^uintptr(0) // the offset of the file, or its end
)

// now is one pwritev2(2), which returns at once: RWF_NOWAIT has the kernel refuse
// what it would have to wait for. It returns how many bytes were taken; errors
// are left to the write that follows.
//
// vector and what it points to stay in their place during the call: a goroutine's
// stack moves only when it calls, and RawSyscall6 grows none; the heap never
// does. The descriptor is open until now returns, since RawConn holds it.
func (w *Writer) now(fd uintptr, p []byte) int {
	number := uintptr(pwritev2Common)
	if runtime.GOARCH == "amd64" {
		number = pwritev2AMD64
	}
	sends(fd)
	vector := syscall.Iovec{Base: unsafe.SliceData(p), Len: uint64(len(p))}
	n, _, errno := syscall.RawSyscall6(number, fd, uintptr(unsafe.Pointer(&vector)), 1, whereItIs, 0, rwfNoWait)
	switch errno {
	case 0:
		return int(n)
	case syscall.EOPNOTSUPP, syscall.EINVAL, syscall.ENOSYS: // some file systems, and old kernels
		w.waits.Store(true)
	}
	return 0
}
