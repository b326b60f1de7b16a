package ledger

import (
	"syscall"
	"unsafe"
)

// monotonic is a moment that all processes of this machine name alike, in nanoseconds; no step of the wall clock moves
// it.
func monotonic() int64 {
	const clockMonotonic = 1
	var t syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		panic(errno)
	}
	return t.Nano()
}
