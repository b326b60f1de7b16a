package journal

import (
	"os"
	"syscall"
)

// syncData makes the bytes of a file durable, and its length, but not its times.
//
// An ext4 that gives itself up and turns read-only while an fdatasync waits may report it
// as done, though nothing more reached the disk: its transactions end without being written
// then. So the mode of the file is set again, twice: the first change has ext4 notice, and
// the second is refused. Both cost a tenth of the fdatasync, and reach the disk with the
// next one.
func syncData(f *os.File) error {
	fd := int(f.Fd())
	if err := again(func() error { return syscall.Fdatasync(fd) }); err != nil {
		return os.NewSyscallError("fdatasync", err)
	}
	for range 2 {
		if err := again(func() error { return syscall.Fchmod(fd, fileMode) }); err != nil {
			return os.NewSyscallError("confirm fdatasync: fchmod", err)
		}
	}
	return nil
}

// again makes a system call until no signal interrupts it.
func again(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}
