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
// A deadline bounds waits and nothing else: bytes that the kernel holds are read,
// and room that it has is written to, even past the deadline.
type Conn struct {
	tcp     *net.TCPConn
	raw     syscall.RawConn
	in, out side
	closed  atomic.Bool
	peeks   func(fd uintptr) // peek, bound once
	silent  bool             // the result of peek; of one goroutine at a time
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
	s.peeks = s.peek
	return s, nil
}

// A side is one direction of a connection.
//
// wanted is the deadline that the user set, armed the one that the runtime has.
// The invariant: while a goroutine waits, armed is not later than wanted. A
// deadline that moves later is not handed on; the runtime then wakes the goroutine
// too early, and the side arms the right one. So deadlines that move on with each
// call, as on a kept connection, cost the runtime nothing.
type side struct {
	op   string
	try  func(fd uintptr) (done bool)          // one system call
	call func(try func(fd uintptr) bool) error // waits until try is done
	arm  func(time.Time) error                 // the deadline of the runtime

	use sync.Mutex // held during a Read or a Write; guards these:
	p   []byte
	n   int
	err syscall.Errno

	mu     sync.Mutex // guards these:
	wanted time.Time  // zero: none
	armed  time.Time  // zero: none
	waits  bool       // written only by the holder of use
}

// do makes the system call and waits until it is done or the deadline passes.
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

// until sets the deadline, also that of a wait that has begun.
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

// advance arms wanted if armed is later.
func (s *side) advance() error {
	if s.wanted.IsZero() || !s.armed.IsZero() && !s.wanted.Before(s.armed) {
		return nil
	}
	s.armed = s.wanted
	return s.arm(s.armed)
}

// over reports whether wanted has passed, after the runtime has reported that
// armed has. If not, it arms wanted.
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

// Read reads the bytes that have come, and waits for the first of them.
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
// It enters the kernel without notice to the scheduler. syscall.Read gives that
// notice, and another thread may then take over the processor and its goroutines.
// On a busy machine that happens all the time and costs more than the call. To
// leave the notice out is safe because the call never waits: MSG_DONTWAIT holds
// whatever mode the descriptor has.
//
// The pointer is made in the argument list of the call, where the compiler keeps
// the buffer alive and in its place (unsafe.Pointer, pattern 4). It points to
// len(s.p) bytes, at least one, which s.use guards. The descriptor is open until
// receive returns, since RawConn holds it.
func (c *Conn) receive(fd uintptr) bool {
	s := &c.in
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(s.p))), uintptr(len(s.p)), syscall.MSG_DONTWAIT,
			0, 0)
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

// Write writes all of p, or returns an error.
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

// send makes calls of sendto(2) until all is written or the kernel has no room;
// see receive.
func (c *Conn) send(fd uintptr) bool {
	s := &c.out
	sends(fd)
	for s.n < len(s.p) {
		rest := s.p[s.n:]
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)),
			syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
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

// failed makes the error of a side, of the form that package net gives it.
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

// Silent reports whether an idle connection can still be used: the other side has
// neither closed it nor sent anything. It never waits. No other goroutine may use
// the connection meanwhile.
func (c *Conn) Silent() bool {
	c.silent = false
	return c.raw.Control(c.peeks) == nil && c.silent
}

// peek is one recvfrom(2) that leaves the bytes where they are; see receive.
func (c *Conn) peek(fd uintptr) {
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
		uintptr(unsafe.Pointer(&b)), 1, syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	c.silent = errno == syscall.EAGAIN
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets when a Read stops waiting; the zero time is never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.set(&c.in, t) }

// SetWriteDeadline sets when a Write stops waiting; the zero time is never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.set(&c.out, t) }

func (c *Conn) set(s *side, t time.Time) error {
	if c.closed.Load() {
		return &net.OpError{
			Op: "set", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: net.ErrClosed,
		}
	}
	return s.until(t)
}

// Close closes the connection and ends all waits on it.
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
