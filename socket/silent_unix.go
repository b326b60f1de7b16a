//go:build unix

package socket

import "syscall"

// Silent reports whether an idle connection can still be used: the other side has
// neither closed it nor sent anything. It never waits.
func (c *Plain) Silent() bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	silent := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		silent = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
	})
	return err == nil && silent
}
