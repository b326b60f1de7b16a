package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
)

// A redisProxy carries connections to a Redis, and can hold back all bytes from a
// text on.
type redisProxy struct {
	address, server string
	mu              sync.Mutex
	held            string
}

func startRedisProxy(t *testing.T, server string) *redisProxy {
	t.Helper()
	l := listen(t)
	p := &redisProxy{address: l.Addr().String(), server: server}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.carry(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return p
}

func (p *redisProxy) hold(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = text
}

func (p *redisProxy) holds(b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held != "" && bytes.Contains(b, []byte(p.held))
}

func (p *redisProxy) carry(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer s.Close()
	go func() { _, _ = io.Copy(c, s); c.Close() }() // it ends with either connection
	b := make([]byte, 64<<10)
	for {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		if p.holds(b[:n]) {
			continue
		}
		if _, err := s.Write(b[:n]); err != nil {
			return
		}
	}
}

// While Redis is away nothing is promised; when it is back, calls are served
// without anybody's doing.
func TestQueueWithoutRedis(t *testing.T) {
	redis := newRedisServer(t)
	redis.start(t)
	w := startWorld(t, func(c *config.Config) {
		c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: redis.url(), Timeout: config.Duration(200 * time.Millisecond),
			TrustEmpty: true}
		c.Requests.DuplicateWindow = config.Duration(time.Hour)
	})
	w.picked(w.later())
	redis.kill()
	for _, try := range []struct{ service, kind string }{{"E227?async", "BR_208"}, {"E99", "BR_208"}} {
		code, _, _ := strings.Cut(try.service, "?")
		flags := triple
		if code == "E99" {
			flags = nil
		}
		r := w.post(try.service, message(t, code, flags...))
		if got := r.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || !strings.Contains(text(r.root, "VysledekPopis"), try.kind) ||
			r.status != http.StatusOK {
			t.Errorf("%s: %s %s", try.service, got, text(r.root, "VysledekPopis"))
		}
	}
	redis.start(t)
	eventually(t, "calls are served", func() bool { return w.call("E227", triple...).statusLine() == egon.OK })
	w.picked(w.later())
}
