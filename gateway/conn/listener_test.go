package conn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A testConns is a set of connections over a loopback port, with those that were let in.
type testConns struct {
	*Conns
	addr    string
	refused atomic.Int64
	mu      sync.Mutex
	in      []net.Conn
}

// open serves a set of connections until the test ends.
func open(t *testing.T, set func(*Config), wrap func(net.Listener) net.Listener) *testConns {
	t.Helper()
	h := &testConns{}
	cfg := Config{
		Max:        100,
		MaxPerPeer: 100,
		DrainBytes: 1 << 20,
		DrainTime:  time.Second,
		Full:       []byte("there is no room"),
		Log:        zap.NewNop(),
		Refused:    func(string) { h.refused.Add(1) },
	}
	set(&cfg)
	ctx, cancel := context.WithCancel(context.Background())
	h.Conns = New(ctx, cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- h.Serve(wrap(ln), h.accept) }()
	t.Cleanup(func() {
		h.StopAccepting()
		h.EndIdle()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve = %v", err)
		}
		cancel()
		for _, c := range h.in {
			c.Close()
		}
		if n := h.Count(); n != 0 {
			t.Errorf("%d connections are counted after their end", n)
		}
	})
	return h
}

func (h *testConns) accept(ln net.Listener) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.in = append(h.in, c)
		h.mu.Unlock()
	}
}

// awaits waits until n connections have been let in.
func (h *testConns) awaits(t *testing.T, n int) {
	t.Helper()
	eventually(t, "a connection is let in", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.in) >= n
	})
}

// last is the connection that was let in last.
func (h *testConns) last() net.Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.in[len(h.in)-1]
}

func (h *testConns) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

func same(ln net.Listener) net.Listener { return ln }

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// withEachSocket runs a test over connections of package socket, and over those of
// package net.
func withEachSocket(t *testing.T, test func(t *testing.T, set func(*Config))) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain=%t", plain), func(t *testing.T) {
			test(t, func(c *Config) { c.PlainSockets = plain })
		})
	}
}

// A connection beyond a limit reads why, and one that has gone makes room.
func TestConnectionsAreBounded(t *testing.T) {
	for name, set := range map[string]func(*Config){
		PerPeer: func(c *Config) { c.MaxPerPeer = 1 },
		Total:   func(c *Config) { c.Max = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			var limit atomic.Value
			h := open(t, func(c *Config) {
				set(c)
				c.Refused = func(l string) { limit.Store(l) }
			}, same)
			h.dial(t)
			h.awaits(t, 1)
			said, err := io.ReadAll(h.dial(t))
			if string(said) != "there is no room" || err != nil || limit.Load() != name {
				t.Errorf("it reads %q, %v; refused by %v", said, err, limit.Load())
			}
			h.last().Close()
			if n := h.Count(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			h.dial(t)
			h.awaits(t, 2)
		})
	}
}

// A flood of connections beyond the bound leaves nothing behind.
func TestRefusedConnectionsAreNotHeld(t *testing.T) {
	h := open(t, func(c *Config) { c.MaxPerPeer = 1 }, same)
	h.dial(t)
	h.awaits(t, 1)
	for range 3 * maxRefusing {
		h.dial(t)
	}
	eventually(t, "all are refused", func() bool { return h.refused.Load() == 3*maxRefusing })
	if n := h.Count(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// A caller that still sends reads its answer when the connection lingers, and a
// second Close neither waits nor counts.
func TestALingeringConnectionIsReadOff(t *testing.T) {
	withEachSocket(t, testLingering)
}

func testLingering(t *testing.T, set func(*Config)) {
	h := open(t, set, same)
	c := h.dial(t)
	h.awaits(t, 1)
	Linger(h.last())
	if _, err := c.Write(make([]byte, 300<<10)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() {
		_, _ = io.WriteString(h.last(), "answer\n")
		closed <- h.last().Close()
	}()
	if said, err := bufio.NewReader(c).ReadString('\n'); said != "answer\n" {
		t.Errorf("it reads %q, %v", said, err)
	}
	_ = c.CloseWrite()
	if err := <-closed; err != nil {
		t.Errorf("Close = %v", err)
	}
	_ = h.last().Close()
	if n := h.Count(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// The end of what a caller sends is seen when somebody reads up to it.
func TestTheEndIsSeen(t *testing.T) { withEachSocket(t, testTheEndIsSeen) }

func testTheEndIsSeen(t *testing.T, set func(*Config)) {
	h := open(t, set, same)
	c := h.dial(t)
	h.awaits(t, 1)
	_, _ = io.WriteString(c, "x")
	_ = c.CloseWrite()
	in := h.last()
	if _, err := in.Read(make([]byte, 1)); err != nil || Ended(in) {
		t.Errorf("before the end: %v, ended %v", err, Ended(in))
	}
	if _, err := in.Read(make([]byte, 1)); err != io.EOF || !Ended(in) {
		t.Errorf("at the end: %v, ended %v", err, Ended(in))
	}
	if ours, theirs := net.Pipe(); Ended(ours) || CallerOf(ours) != nil {
		t.Error("a connection of another package has an end, or a caller")
	} else {
		Linger(theirs) // and may not linger
	}
}

func TestPeersOfIPv6AreNetworks(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1": "fe80::",
	} {
		addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(in), 1))
		if got := peerOf(addr).String(); got != want {
			t.Errorf("%s is counted as %s, want %s", in, got, want)
		}
	}
}

// A listener without descriptors waits for some, and accepts on.
func TestRunningOutOfDescriptorsEndsNothing(t *testing.T) {
	h := open(t, func(*Config) {}, func(ln net.Listener) net.Listener {
		short := &exhaustedListener{Listener: ln}
		short.left.Store(2)
		return short
	})
	h.dial(t)
	h.awaits(t, 1)
}

// An exhaustedListener has no descriptor for the first connections.
type exhaustedListener struct {
	net.Listener
	left atomic.Int64
}

func (l *exhaustedListener) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// A listener that StopAccepting has closed returns when idle connections may end,
// and no earlier.
func TestAcceptReturnsWhenIdleConnectionsMayEnd(t *testing.T) {
	h := open(t, func(*Config) {}, same)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ended atomic.Bool
	done := make(chan bool)
	go func() {
		_ = h.Serve(ln, h.accept)
		done <- ended.Load()
	}()
	h.StopAccepting()
	eventually(t, "the listener is closed", func() bool {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	ended.Store(true)
	h.EndIdle()
	if !<-done {
		t.Error("Serve ended before")
	}
}
