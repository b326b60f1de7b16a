package ledger

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain runs more tests at once than there are cores: most of them wait for Redis and gateways.
// It ignores one goroutine at the end: a pool that could not connect sleeps for up to a second
// before it notices that it is closed.
func TestMain(m *testing.M) {
	if config, found := os.LookupEnv(procVariable); found {
		if err := runProc(config); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	const dialing = "github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(dialing))
}

// server is a real redis-server. It keeps its port over kill and start.
type server struct {
	path string
	port string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

// startServer starts a Redis for one test and ends it afterwards.
func startServer(t testing.TB, options ...string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("BRANA_REQUIRE_REDIS") == "1" || os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not in PATH and is required here")
		}
		t.Skip("redis-server is not in PATH: tests with a real Redis are skipped")
	}
	s := &server{path: path}
	// Another process may take the free port first. Then the server ends at once, and another
	// port is tried.
	for range 5 {
		s.port = freePort(t)
		if s.start(options...) {
			t.Cleanup(s.kill)
			return s
		}
	}
	t.Fatalf("redis-server does not start: %s", s.log.String())
	return nil
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// start starts the server, waits until it answers PING, and returns whether it does.
func (s *server) start(options ...string) bool {
	s.log.Reset()
	s.cmd = exec.Command(s.path, append([]string{
		"--port", s.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
	}, options...)...)
	if len(options) > 0 && !strings.HasPrefix(options[0], "--") { // a Sentinel and its file
		s.cmd = exec.Command(s.path, options[0], "--sentinel", "--port", s.port, "--bind", "127.0.0.1")
	}
	s.cmd.Dir = os.TempDir()
	s.cmd.Stdout = &s.log
	if s.cmd.Start() != nil {
		return false
	}
	deadline := time.Now().Add(10 * time.Second)
	for ; time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if s.command("PING") == "+PONG" {
			return true
		}
	}
	s.kill()
	return false
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // reports the kill
}

func (s *server) url() string { return "redis://127.0.0.1:" + s.port }

// command sends one inline command, without go-redis, and returns the first line of the answer.
func (s *server) command(text string) string {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, 5*time.Second)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(conn, "%s\r\n", text)
	answer := make([]byte, 256)
	n, _ := conn.Read(answer)
	line, _, _ := bytes.Cut(answer[:n], []byte("\r\n"))
	return string(line)
}
