//go:build !unix

package stand

import "syscall"

// ownGroup does nothing where there are no groups of processes.
func ownGroup() *syscall.SysProcAttr { return nil }
