//go:build linux && (amd64 || arm64)

package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A Conn is a TCP connection. It is as safe for concurrent use as any net.Conn.
//
// A deadline bounds how long it waits: bytes that the kernel has already are
// read, and room that it has is written to, whatever the time.
type Conn struct {
	tcp     *net.TCPConn
	raw     syscall.RawConn
	in, out side
	closed  atomic.Bool
	look    func(fd uintptr) // peek, bound once
	silent  bool             // what peek found; of one goroutine at a time
}

// New makes a Conn of c, which belongs to it from then on.
func New(c *net.TCPConn) (*Conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &Conn{tcp: c, raw: raw}
	s.in = side{op: "read", try: s.receive, call: raw.Read, arm: c.SetReadDeadline}
	s.out = side{op: "write", try: s.send, call: raw.Write, arm: c.SetWriteDeadline}
	s.look = s.peek
	return s, nil
}

// A side is one direction of a connection.
//
// The runtime knows of no deadline later than the one that it must wake a
// waiting goroutine at: armed is at most wanted whenever somebody waits, and a
// wake-up that comes too early arms it anew. Deadlines that move on with each
// call, as those of a kept connection do, cost the runtime nothing that way.
type side struct {
	op   string
	try  func(fd uintptr) (done bool)          // one system call
	call func(try func(fd uintptr) bool) error // waits until try is done
	arm  func(time.Time) error                 // the deadline of the runtime

	use sync.Mutex // held by whoever reads, or writes; guards these:
	p   []byte
	n   int
	err syscall.Errno

	mu     sync.Mutex // guards these:
	wanted time.Time  // zero: none
	armed  time.Time  // zero: none
	waits  bool       // written only by the holder of use
}

// do makes the system call, and waits for as long as the deadline lets it.
func (s *side) do() error {
	for {
		err := s.call(s.try)
		if s.waits {
			s.mu.Lock()
			s.waits = false
			s.mu.Unlock()
		}
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || s.over() {
			return err
		}
	}
}

// until sets the deadline; whoever waits already is woken in time.
func (s *side) until(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = t
	if s.waits {
		return s.advance()
	}
	return nil
}

// blocks is called by a try that has to wait.
func (s *side) blocks() {
	s.mu.Lock()
	s.waits = true
	_ = s.advance() // a closed connection ends the wait
	s.mu.Unlock()
}

// advance sees to it that armed is not later than wanted.
func (s *side) advance() error {
	if s.wanted.IsZero() || !s.armed.IsZero() && !s.wanted.Before(s.armed) {
		return nil
	}
	s.armed = s.wanted
	return s.arm(s.armed)
}

// over reports whether the deadline has passed, once the runtime says so of
// the one that it knows, and tells it the right one.
func (s *side) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.wanted.IsZero() && !time.Now().Before(s.wanted) {
		return true
	}
	s.armed = s.wanted
	_ = s.arm(s.armed) // a closed connection fails at the next call
	return false
}

// Read reads what has come, and waits until something has.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s := &c.in
	s.use.Lock()
	defer s.use.Unlock()
	s.p, s.n, s.err = p, 0, 0
	err := s.do()
	s.p = nil
	if err != nil || s.err != 0 {
		return 0, c.failed(s, err)
	}
	if s.n == 0 {
		return 0, io.EOF
	}
	return s.n, nil
}

// receive is one recvfrom(2).
//
// It goes to the kernel without a word to the scheduler, as syscall.Read would
// have: that lets another thread take over the rest of the goroutines, which on
// a machine with as much to do as it has processors happens all the time and
// costs more than the call. It may do so because the call never waits,
// MSG_DONTWAIT, whatever the descriptor is set to.
//
// The pointer is made in the argument list of the call, where the compiler keeps
// what it points to alive and in its place (unsafe.Pointer, pattern 4), and it is
// of len(s.p) bytes, of which there is at least one; s.p is ours by s.use. The
// descriptor is open until receive returns, since RawConn holds it.
func (c *Conn) receive(fd uintptr) bool {
	s := &c.in
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(s.p))), uintptr(len(s.p)), syscall.MSG_DONTWAIT, 0, 0)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			s.blocks()
			return false
		case 0:
			s.n = int(n)
			received(fd)
		}
		s.err = errno
		return true
	}
}

// Write writes all of p, or says why not.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s := &c.out
	s.use.Lock()
	defer s.use.Unlock()
	s.p, s.n, s.err = p, 0, 0
	err := s.do()
	s.p = nil
	if err != nil || s.err != 0 {
		return s.n, c.failed(s, err)
	}
	return s.n, nil
}

// send is as many sendto(2) as the kernel has room for; see receive.
func (c *Conn) send(fd uintptr) bool {
	s := &c.out
	sends(fd)
	for s.n < len(s.p) {
		rest := s.p[s.n:]
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			s.n += int(n)
		case syscall.EINTR:
		case syscall.EAGAIN:
			s.blocks()
			return false
		default:
			s.err = errno
			return true
		}
	}
	return true
}

// failed is the error of a side as package net would have it.
func (c *Conn) failed(s *side, err error) error {
	var op *net.OpError
	switch {
	case err == nil:
		err = os.NewSyscallError(s.op, s.err)
	case errors.As(err, &op):
		err = op.Err
	}
	return &net.OpError{Op: s.op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Silent reports whether a connection on which nothing is expected can still be
// used: the other side has neither closed it nor said anything. It never waits.
// Nobody else may use the connection meanwhile.
func (c *Conn) Silent() bool {
	c.silent = false
	return c.raw.Control(c.look) == nil && c.silent
}

// peek is one recvfrom(2) that takes nothing; see receive.
func (c *Conn) peek(fd uintptr) {
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1, syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	c.silent = errno == syscall.EAGAIN
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets when a Read that waits gives up; the zero time: never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.set(&c.in, t) }

// SetWriteDeadline sets when a Write that waits gives up; the zero time: never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.set(&c.out, t) }

func (c *Conn) set(s *side, t time.Time) error {
	if c.closed.Load() {
		return &net.OpError{Op: "set", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: net.ErrClosed}
	}
	return s.until(t)
}

// Close closes the connection, and ends the waits on it.
func (c *Conn) Close() error {
	c.closed.Store(true)
	return c.tcp.Close()
}

// CloseWrite ends the sending side.
func (c *Conn) CloseWrite() error { return c.tcp.CloseWrite() }

// LocalAddr returns the address of this side.
func (c *Conn) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// RemoteAddr returns the address of the other side.
func (c *Conn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }
