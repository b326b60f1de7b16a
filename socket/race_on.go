//go:build race && linux && (amd64 || arm64)

package socket

import "syscall"

// The race detector learns from the system calls of package syscall that what
// was done before a write was done before what follows the read of it. So it is
// shown one of each, which do nothing.

func sends(uintptr) { _, _ = syscall.Write(-1, nil) }

func received(fd uintptr) { _, _ = syscall.Read(int(fd), nil) }
