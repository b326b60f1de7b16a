//go:build unix

package upstream

import "syscall"

// alive reports whether an idle connection can still carry a call: the
// upstream has neither closed it nor said anything that nobody asked for. It
// never waits. A streamed message cannot be sent twice, so the connection is
// looked at before the first byte.
//
// It looks below TLS. There, session tickets follow the handshake (TLS 1.3) and
// are read with the first answer; records that come later than an answer, which
// the protocol allows, cost the connection and no more.
func (c *conn) alive() bool {
	silent := false
	err := c.raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		silent = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
	})
	return err == nil && silent
}
