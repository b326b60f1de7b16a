package ledger

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A proxy is between gateways and a server. It can be slow, and it can cut the connections.
type proxy struct {
	listener net.Listener
	target   string
	slow     atomic.Int64 // nanoseconds of delay for each piece to the server
	apart    atomic.Bool  // refuses connections

	mu    sync.Mutex
	open  map[net.Conn]struct{}
	group sync.WaitGroup
}

func startProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, open: map[net.Conn]struct{}{}}
	p.group.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.apart.Store(true)
		p.cut()
		p.group.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.join(in) })
	}
}

// join relays both ways until either side ends.
func (p *proxy) join(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer out.Close()
	if !p.keep(in) {
		return
	}
	defer p.forget(in)
	back := make(chan struct{})
	go func() {
		defer close(back)
		defer in.Close()
		_, _ = io.Copy(in, out) // fails when either side breaks
	}()
	piece := make([]byte, 64<<10)
	for {
		n, err := in.Read(piece)
		if n > 0 {
			time.Sleep(time.Duration(p.slow.Load()))
			if _, err := out.Write(piece[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = out.Close()
	<-back
}

// keep remembers a connection, and returns whether it is allowed.
func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
	return !p.apart.Load()
}

func (p *proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// cut ends all connections. New ones are allowed unless apart is set.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}
