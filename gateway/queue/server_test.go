package queue

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // each failed dial is an error too
	goleak.VerifyTestMain(m)
}

// server is a real redis-server on a port of its own.
type server struct {
	address string
	cmd     *exec.Cmd
	client  redis.UniversalClient
}

// startServer starts a Redis for one test and ends it afterwards.
func startServer(t *testing.T, options ...string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("BRANA_REQUIRE_REDIS") == "1" || os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not in PATH and is required here")
		}
		t.Skip("redis-server is not in PATH: what needs a real Redis is not tested")
	}
	port := freePort(t)
	s := &server{address: "127.0.0.1:" + port}
	loopback := []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}
	s.cmd = exec.Command(path, append(loopback, options...)...)
	s.cmd.Dir = t.TempDir()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	client := redis.NewClient(&redis.Options{
		Addr:                  s.address,
		MaxRetries:            -1,
		ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { client.Close() })
	s.client = client
	eventually(t, "redis-server answers", func() bool {
		return s.client.Ping(t.Context()).Err() == nil
	})
	return s
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// startCluster starts a Redis that is a Cluster of one.
func startCluster(t *testing.T) *server {
	t.Helper()
	// The default port of the bus, 10000 above the other, may be no port at all.
	s := startServer(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
	if err := s.client.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster comes up", func() bool {
		return strings.Contains(s.client.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	s.client = redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                 []string{s.address},
		MaxRedirects:          -1,
		ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { s.client.Close() })
	return s
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have been killed already
	_ = s.cmd.Wait()         // its error is the kill
}
