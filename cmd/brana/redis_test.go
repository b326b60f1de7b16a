package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brana/cmd/brana/config"
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
func eachLimits(t *testing.T, test func(t *testing.T, store func(*config.Config))) {
	t.Run("embedded", func(t *testing.T) { test(t, func(*config.Config) {}) })
	t.Run("redis", func(t *testing.T) {
		server := newRedisServer(t)
		server.start(t)
		test(t, func(c *config.Config) {
			server.flush(t)
			c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: server.url(), Timeout: config.Duration(10 * time.Second), TrustEmpty: true}
		})
	})
}

// The password of Redis is the present content of its file. A file that is missing or
// empty leaves the last password in force, and is an error at the start.
func TestPasswordOfRedisIsReadAgain(t *testing.T) {
	file, j := filepath.Join(t.TempDir(), "redis.password"), &logText{}
	p := newPassword(file, j.logger())
	for _, text := range []string{"", " \n"} {
		if text != "" {
			write(t, file, text)
		}
		if err := p.load(); err == nil || !strings.Contains(err.Error(), "limits.redis.password_file: read a password: ") ||
			!strings.Contains(err.Error(), file) {
			t.Errorf("with %q: %v", text, err)
		}
	}
	write(t, file, "p@ss/word\n")
	if err := p.load(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ writes, want, says string }{
		{"", "p@ss/word", ""},
		{"of tomorrow", "of tomorrow", "password read"},
		{"\n", "of tomorrow", "read password: what was last read stays in force"},
		{"of the day after", "of the day after", "password read"},
		{"\ufeffof an editor\r\n", "of an editor", "password read"},
		{"\xff\xfeo\x00f\x00", "of an editor", "is not text in UTF-8"},
	} {
		if step.writes != "" {
			write(t, file, step.writes)
		}
		p.checked = time.Time{} // long ago
		if got := p.value(); got != step.want {
			t.Errorf("after %q the password is %q, want %q", step.writes, got, step.want)
		}
		if lines := fmt.Sprintf("%s", j.lines()); !strings.Contains(lines, step.says) || strings.Contains(lines, "p@ss") ||
			strings.Contains(lines, "of t") {
			t.Errorf("after %q the log says %s, want %q and no password", step.writes, lines, step.says)
		}
	}
}

// The password of Redis is changed and its connections are closed: the gateway
// goes on with the new content of the file.
func TestPasswordOfRedisChangesUnderWay(t *testing.T) {
	t.Parallel() // it waits
	server := newRedisServer(t)
	server.start(t)
	word := filepath.Join(t.TempDir(), "redis.password")
	write(t, word, "old\n")
	if got := server.say(t, "CONFIG SET requirepass old"); got != "+OK" {
		t.Fatal(got)
	}
	w := startWorld(t, func(c *config.Config) {
		c.Limits.Store, c.Limits.Redis = "redis", config.Redis{URL: server.url(), PasswordFile: word, Timeout: config.Duration(10 * time.Second),
			TrustEmpty: true}
	})
	eventually(t, "the counts can be had", func() bool { _, code := w.quota("get", littleCaller); return code == 0 })
	write(t, word, "new\n")
	if got := server.say(t, "AUTH old\r\nCONFIG SET requirepass new\r\nCLIENT KILL TYPE normal"); got != "+OK" {
		t.Fatal(got)
	}
	eventually(t, "the counts can be had with the new password", func() bool {
		_, code := w.quota("get", littleCaller)
		return code == 0 && w.journal.has("password read")
	})
}
