package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A redisServer is a real redis-server on a port of its own.
type redisServer struct {
	port    string
	options []string
	cmd     *exec.Cmd
}

// newRedisServer finds a redis-server, which does not run yet.
func newRedisServer(t testing.TB) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("BRANA_REQUIRE_REDIS") == "1" || os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not in PATH and is required here")
		}
		t.Skip("redis-server is not in PATH: what needs a real Redis is not tested")
	}
	_, port, _ := net.SplitHostPort(freeAddress(t))
	return &redisServer{port: port}
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return l.Addr().String()
}

// start runs the server until it takes connections; the test ends it.
func (s *redisServer) start(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	s.cmd.Args = append(s.cmd.Args, s.options...)
	s.cmd.Dir = t.TempDir()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	eventually(t, "redis-server answers", func() bool {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Second)
		if err != nil {
			return false
		}
		defer conn.Close()
		_, err = conn.Write([]byte("PING\r\n"))
		answer := make([]byte, 5)
		_ = conn.SetReadDeadline(time.Now().Add(time.Second)) // it fails only on a closed connection
		n, _ := conn.Read(answer)
		return err == nil && string(answer[:n]) == "+PONG"
	})
}

// flush forgets all that is counted.
func (s *redisServer) flush(t testing.TB) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := make([]byte, 5)
	if _, err := io.WriteString(conn, "FLUSHALL\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "+OK\r\n" {
		t.Fatalf("FLUSHALL: %s, %v", answer, err)
	}
}

func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill() // it may have been killed already
	_ = s.cmd.Wait()         // its error is the kill
}

func (s *redisServer) url() string { return "redis://127.0.0.1:" + s.port }

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in 30 s it did not come true that %s", what)
		}
	}
}

// eachLimits runs a test with the embedded limits, and with those in Redis, which
// each world finds empty.
func eachLimits(t *testing.T, test func(t *testing.T, store func(*config))) {
	t.Run("embedded", func(t *testing.T) { test(t, func(*config) {}) })
	t.Run("redis", func(t *testing.T) {
		server := newRedisServer(t)
		server.start(t)
		test(t, func(c *config) {
			server.flush(t)
			c.Limits.Store, c.Limits.Redis = "redis", redisConfig{URL: server.url(), Timeout: duration(10 * time.Second), TrustEmpty: true}
		})
	})
}
