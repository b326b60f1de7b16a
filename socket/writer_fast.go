//go:build linux && (amd64 || arm64)

package socket

import (
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// NewWriter returns a writer to a file of any sort that does not leave the
// scheduler where the kernel takes the bytes at once, as pipes and sockets do;
// see [Conn] on why. What it does not take at once is written as f itself
// writes, and waits. The file stays the caller's to close.
func NewWriter(f *os.File) io.Writer {
	raw, err := f.SyscallConn()
	if err != nil {
		return f // which says what is wrong with it
	}
	return &writer{file: f, raw: raw}
}

// A writer is used by one goroutine at a time.
type writer struct {
	file  *os.File
	raw   syscall.RawConn
	waits atomic.Bool // the file has no writes that do not wait
}

// Write writes all of p, or says why not.
func (w *writer) Write(p []byte) (int, error) {
	n := 0
	if len(p) > 0 && !w.waits.Load() {
		if err := w.raw.Control(func(fd uintptr) { n = w.now(fd, p) }); err != nil {
			return 0, err
		}
	}
	if n == len(p) {
		return n, nil
	}
	m, err := w.file.Write(p[n:])
	return n + m, err
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
func (w *writer) now(fd uintptr, p []byte) int {
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
	case syscall.EAGAIN, syscall.EINTR:
	default: // EOPNOTSUPP and EINVAL of files, ENOSYS of old kernels
		w.waits.Store(true)
	}
	return 0
}
