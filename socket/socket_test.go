//go:build linux && (amd64 || arm64)

package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// pair returns a connection and its other side.
func pair(t testing.TB) (c *Conn, other *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialled, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c, err = New(accepted.(*net.TCPConn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); dialled.Close() })
	return c, dialled.(*net.TCPConn)
}

// The deadlines past and soon pass during a test, far and never do not.
func past() time.Time  { return time.Now().Add(-time.Second) }
func soon() time.Time  { return time.Now().Add(500 * time.Millisecond) }
func far() time.Time   { return time.Now().Add(time.Hour) }
func never() time.Time { return time.Time{} }

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &network) && network.Timeout()
}

// Both directions carry all bytes in order, whatever the pieces. After the end each
// Read returns io.EOF.
func TestAllBytesArrive(t *testing.T) {
	sent := make([]byte, 32<<20)
	for i := range sent {
		sent[i] = byte(i * 31 >> 3)
	}
	c, other := pair(t)
	go func() { // sends all bytes back
		_, _ = io.Copy(other, other)
		_ = other.CloseWrite()
	}()
	written := make(chan error, 1)
	go func() {
		n, err := c.Write(sent)
		if n != len(sent) {
			err = errors.Join(err, io.ErrShortWrite)
		}
		written <- errors.Join(err, c.CloseWrite())
	}()
	got, err := io.ReadAll(c)
	if err := errors.Join(err, <-written); err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes of %d, %v", len(got), len(sent), err)
	}
	for range 2 {
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d, %v", n, err)
		}
	}
}

// A deadline ends a wait, and only a wait.
func TestReadDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		deadlines []func() time.Time // set one after the other, before the read
		waiting   []func() time.Time // set while it waits
		send      bool               // a byte comes after that
		timeout   bool
	}{
		"none":                  {send: true},
		"passes while it waits": {deadlines: []func() time.Time{soon}, timeout: true},
		"has passed before":     {deadlines: []func() time.Time{past}, timeout: true},
		"far":                   {deadlines: []func() time.Time{far}, send: true},
		"earlier than the one before": {deadlines: []func() time.Time{far, soon},
			timeout: true},
		"later than the one before": {deadlines: []func() time.Time{soon, far},
			send: true},
		"taken back": {deadlines: []func() time.Time{soon, never},
			send: true},
		"set while it waits": {waiting: []func() time.Time{soon}, timeout: true},
		"moved nearer while it waits": {deadlines: []func() time.Time{far},
			waiting: []func() time.Time{soon}, timeout: true},
		"moved into the past while it waits": {deadlines: []func() time.Time{far},
			waiting: []func() time.Time{past}, timeout: true},
		"moved away while it waits": {deadlines: []func() time.Time{soon},
			waiting: []func() time.Time{far}, send: true},
		"taken back while it waits": {deadlines: []func() time.Time{soon},
			waiting: []func() time.Time{never}, send: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, other := pair(t)
			for _, d := range c.deadlines {
				if err := conn.SetReadDeadline(d()); err != nil {
					t.Fatal(err)
				}
			}
			read := make(chan error, 1)
			go func() {
				_, err := conn.Read(make([]byte, 8))
				read <- err
			}()
			if c.waiting != nil {
				untilItWaits(t, &conn.in)
			}
			for _, d := range c.waiting {
				if err := conn.SetReadDeadline(d()); err != nil {
					t.Fatal(err)
				}
			}
			if c.send {
				time.Sleep(600 * time.Millisecond) // longer than soon
				if _, err := other.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-read; isTimeout(err) != c.timeout || !c.timeout && err != nil {
				t.Fatalf("Read = %v", err)
			}
			if !c.timeout {
				return
			}
			// The next wait has a deadline of its own, and reads bytes that have come.
			_ = conn.SetReadDeadline(far())
			if _, err := other.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 8)); err != nil {
				t.Errorf("the next Read = %v", err)
			}
		})
	}
}

func untilItWaits(t *testing.T, s *side) {
	t.Helper()
	for range 2000 {
		s.mu.Lock()
		waits := s.waits
		s.mu.Unlock()
		if waits {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no goroutine waits")
}

// Bytes that have come are read although the deadline has passed: a deadline bounds
// waits only.
func TestBytesAreReadPastTheDeadline(t *testing.T) {
	c, other := pair(t)
	if _, err := other.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for c.Silent() {
		time.Sleep(time.Millisecond)
	}
	_ = c.SetDeadline(past())
	if n, err := c.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Errorf("Read = %d, %v", n, err)
	}
	if _, err := c.Read(make([]byte, 8)); !isTimeout(err) {
		t.Errorf("the next Read = %v", err)
	}
}

// A deadline that moves on with each call reaches the runtime only when it would end
// a wait.
func TestDeadlinesThatMoveOnAreNotArmed(t *testing.T) {
	c, other := pair(t)
	armed := 0
	arm := c.in.arm
	c.in.arm = func(t time.Time) error { armed++; return arm(t) }
	for range 100 {
		_ = c.SetReadDeadline(far())
		go func() { untilItWaits(t, &c.in); _, _ = other.Write([]byte("x")) }()
		if _, err := c.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Time{})
	}
	if armed != 1 {
		t.Errorf("armed %d times", armed)
	}
}

func TestWriteDeadline(t *testing.T) {
	c, other := pair(t)
	_ = c.SetWriteDeadline(soon())
	big := make([]byte, 64<<20)
	n, err := c.Write(big)
	if !isTimeout(err) || n == 0 || n == len(big) {
		t.Fatalf("Write = %d, %v", n, err)
	}
	go func() { _, _ = io.Copy(io.Discard, other) }()
	_ = c.SetWriteDeadline(far())
	if m, err := c.Write(big[n:]); err != nil || m != len(big)-n {
		t.Errorf("the rest: %d of %d, %v", m, len(big)-n, err)
	}
}

// Close ends all waits, as it does on any connection.
func TestCloseEndsWaits(t *testing.T) {
	c, _ := pair(t)
	ended := make(chan error, 2)
	go func() { _, err := c.Read(make([]byte, 8)); ended <- err }()
	go func() { _, err := c.Write(make([]byte, 64<<20)); ended <- err }()
	untilItWaits(t, &c.in)
	untilItWaits(t, &c.out)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a wait ended with %v", err)
		}
	}
	if _, err := c.Read(make([]byte, 8)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read of a closed connection: %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write to a closed connection: %v", err)
	}
	if err := c.SetDeadline(far()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("SetDeadline of a closed connection: %v", err)
	}
	if c.Silent() {
		t.Error("a closed connection is silent")
	}
}

// Errors are those of package net, with the error of the kernel.
func TestErrorsOfTheKernel(t *testing.T) {
	c, other := pair(t)
	_ = other.SetLinger(0)
	other.Close() // a reset
	var network *net.OpError
	_, err := c.Read(make([]byte, 8))
	if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &network) || network.Op != "read" ||
		network.Addr == nil {
		t.Errorf("Read = %v", err)
	}
	if _, err = c.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) || !errors.As(err,
		&network) || network.Op != "write" {
		t.Errorf("Write = %v", err)
	}
}

// A connection is silent until the other side sends or closes, a plain one too.
func TestSilent(t *testing.T) {
	for name, act := range map[string]func(*net.TCPConn) error{
		"sends":         func(o *net.TCPConn) error { _, err := o.Write([]byte("x")); return err },
		"ends its side": (*net.TCPConn).CloseWrite,
		"closes":        (*net.TCPConn).Close,
	} {
		t.Run(name, func(t *testing.T) {
			c, other := pair(t)
			conns := map[string]interface{ Silent() bool }{"Conn": c, "Plain": NewPlain(c.tcp)}
			for kind, conn := range conns {
				if !conn.Silent() {
					t.Errorf("%s: it was not silent before", kind)
				}
			}
			if err := act(other); err != nil {
				t.Fatal(err)
			}
			for kind, conn := range conns {
				for i := 0; conn.Silent(); i++ {
					if i == 2000 {
						t.Fatalf("%s: it is silent", kind)
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
}

// Of makes a Conn of a TCP connection only, and a Listener does so of all that it
// accepts.
func TestOf(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialled, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := Listener{ln}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for name, nc := range map[string]net.Conn{"dialled": Of(dialled), "accepted": accepted} {
		if _, ok := nc.(*Conn); !ok {
			t.Errorf("%s: %T", name, nc)
		}
		nc.Close()
	}
	ours, theirs := net.Pipe()
	defer theirs.Close()
	defer ours.Close()
	if Of(ours) != ours {
		t.Error("a pipe is another connection")
	}
}
