package journal

import (
	"os"
	"syscall"
)

// syncData makes the bytes of a file durable, and its length, but not its times.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
