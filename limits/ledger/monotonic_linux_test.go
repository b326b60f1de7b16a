package ledger

import (
	"syscall"
	"unsafe"
)

// monotonic is the current moment in nanoseconds, the same for all processes of this machine.
// Steps of the wall clock do not change it.
func monotonic() int64 {
	const clockMonotonic = 1
	var t syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0)
	if errno != 0 {
		panic(errno)
	}
	return t.Nano()
}
