//go:build unix

package stand

import "syscall"

// ownGroup puts a process into a group of its own, to which a terminal sends no
// signals.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
