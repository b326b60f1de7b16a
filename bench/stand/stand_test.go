package stand

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brana/bench/registries"
)

// shell starts a shell that runs a script until it is stopped.
func shell(t *testing.T, script string) *Process {
	t.Helper()
	dir := t.TempDir()
	p, err := Start(t.Context(), Command{Name: "shell", Dir: dir, Args: []string{"sh", "-c", "echo ready > ready; " + script},
		Ready: func() error { _, err := os.Stat(filepath.Join(dir, "ready")); return err }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// untilReleased is a script that waits for release.
const untilReleased = "while [ ! -e released ]; do sleep 0.01; done; "

func release(t *testing.T, p *Process) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.cmd.Dir, "released"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}

func TestAProcessThatDoesNotStart(t *testing.T) {
	_, err := Start(t.Context(), Command{Name: "shell", Dir: t.TempDir(), Args: []string{"sh", "-c", "echo no such luck >&2; exit 3"},
		Ready: func() error { return errors.New("not ready") }})
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("%v", err)
	}
	if _, err := Start(t.Context(), Command{Name: "nothing", Dir: t.TempDir(), Args: []string{"./no-such-program"}}); err == nil {
		t.Error("a program that is not there was started")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Command{Name: "shell", Dir: t.TempDir(), Args: []string{"sleep", "60"},
		Ready: func() error { return errors.New("not ready") }}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAProcessThatEnds(t *testing.T) {
	p := shell(t, untilReleased+"echo that is all")
	release(t, p)
	eventually(t, "it has ended", p.Ended)
	if got := p.LastWords(); got != "it said: that is all" {
		t.Errorf("%q", got)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

func TestStopEndsAProcess(t *testing.T) {
	p := shell(t, "exec sleep 600")
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(p.PID(), 0); err == nil {
		t.Error("it is still there")
	}
}

// The CPU time of a target is that of all its processes, and so is its memory.
func TestUseOfDescendants(t *testing.T) {
	requireProc(t)
	idle := shell(t, "while :; do sleep 1; done")
	busy := shell(t, `sh -c 'while :; do :; done' & trap "kill $!; exit" TERM; wait`)
	var use Use
	eventually(t, "the child of the shell has used CPU", func() bool {
		var err error
		if use, err = UseOf(busy.PID()); err != nil {
			t.Fatal(err)
		}
		return use.CPU >= 100*time.Millisecond
	})
	own, err := useOf(busy.PID())
	if err != nil {
		t.Fatal(err)
	}
	if own.CPU >= use.CPU || own.RSS == 0 || own.RSS >= use.RSS {
		t.Errorf("the shell alone %+v, with its child %+v", own, use)
	}
	one, err := UseOf(idle.PID())
	if err != nil {
		t.Fatal(err)
	}
	both, err := UseOf(idle.PID(), busy.PID())
	if err != nil || both.RSS < one.RSS+own.RSS {
		t.Errorf("one %+v, both %+v, %v", one, both, err)
	}
}

func TestUseOfAProcessThatIsGone(t *testing.T) {
	requireProc(t)
	p := shell(t, untilReleased+"exit 0")
	release(t, p)
	eventually(t, "it has ended", p.Ended)
	if use, err := UseOf(p.PID()); err != nil || use != (Use{}) {
		t.Errorf("%+v, %v", use, err)
	}
}

func requireProc(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
}

// A peer passes messages on, in both directions and in every size, keeps its
// connections, and writes its access log.
func TestPeers(t *testing.T) {
	for _, name := range Peers() {
		t.Run(name, func(t *testing.T) {
			requirePeer(t, name)
			var calls atomic.Int64
			var connections sync.Map
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					connections.Store(r.RemoteAddr, true)
				}
				n, err := strconv.Atoi(r.Header.Get("X-Test-Size"))
				if err == nil && r.ContentLength != int64(n) && r.ContentLength != -1 {
					t.Errorf("%d bytes came, %d were sent", r.ContentLength, n)
				}
				if r.Method == http.MethodPost {
					calls.Add(1)
				}
				fmt.Fprint(w, strings.Repeat("x", n))
			}))
			defer upstream.Close()
			dir := t.TempDir()
			p, err := StartPeer(t.Context(), name,
				PeerConfig{Dir: dir, Upstream: strings.TrimPrefix(upstream.URL, "http://"), Threads: 1, Connections: 10})
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{10, 1000, 70 << 10, 1 << 20} {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/E20", strings.NewReader(strings.Repeat("y", size)))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("X-Test-Size", strconv.Itoa(size))
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				if response.StatusCode != 200 {
					t.Errorf("HTTP %d", response.StatusCode)
				}
				if err := discard(response.Body); err != nil {
					t.Error(err)
				}
			}
			opened := 0
			connections.Range(func(any, any) bool { opened++; return true })
			if calls.Load() != 4 || opened > 2 {
				t.Errorf("%d calls over %d connections", calls.Load(), opened)
			}
			eventually(t, "the access log has a line for each call", func() bool {
				file := filepath.Join(dir, name, "access.log")
				if name == "haproxy" {
					file = p.Log
				}
				text, _ := os.ReadFile(file)
				return strings.Count(string(text), "POST /publikace/E20") == 4
			})
			children, err := childrenOf()
			if err != nil {
				t.Fatal(err)
			}
			workers := children[p.PID()]
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
			for _, pid := range workers {
				if err := syscall.Kill(pid, 0); err == nil {
					t.Errorf("the worker %d is still there", pid)
				}
			}
			if p.Version == "" || !strings.Contains(p.Config, "127.0.0.1:") {
				t.Errorf("version %q, configuration %q", p.Version, p.Config)
			}
		})
	}
}

func requirePeer(t *testing.T, name string) {
	t.Helper()
	if slices.Contains(Installed(), name) {
		return
	}
	if os.Getenv("BRANA_REQUIRE_PEERS") == "1" {
		t.Fatalf("%s is not installed and is required here", program(name))
	}
	t.Skipf("%s is not installed: it is not tested as a peer", program(name))
}

// Daemons are found where PATH does not look; PATH goes first.
func TestProgramsAreFound(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "nginx")
	if err := os.WriteFile(own, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if path, err := find("nginx"); err != nil || path != own {
		t.Errorf("find = %s, %v, want %s", path, err, own)
	}
	if path, err := find("no-such-program"); err == nil {
		t.Errorf("no-such-program is %s", path)
	}
	requirePeer(t, "haproxy")
	t.Setenv("PATH", "")
	if path, err := find("haproxy"); err != nil || !filepath.IsAbs(path) {
		t.Errorf("find = %s, %v", path, err)
	}
}

// As many connections as callers have, a peer can have twice.
func TestPeersHaveRoomForTheConnections(t *testing.T) {
	c := PeerConfig{Connections: 20_000}
	for _, want := range []string{"worker_connections 40064;", "worker_rlimit_nofile 80128;", "keepalive 20000;"} {
		if text := nginxConfig(c, 1, true); !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if text := haproxyConfig(c, 1); !strings.Contains(text, "maxconn 40064\n") {
		t.Error(text)
	}
}

func TestAPeerOfNoName(t *testing.T) {
	if _, err := StartPeer(t.Context(), "apache", PeerConfig{Dir: t.TempDir(), Upstream: "127.0.0.1:1"}); err == nil ||
		!strings.Contains(err.Error(), "choose of nginx") {
		t.Errorf("%v", err)
	}
}

func TestScrape(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "# HELP go_memstats_mallocs_total x\n# TYPE go_memstats_mallocs_total counter\ngo_memstats_mallocs_total "+
			"1.5e+06\nbrana_exchanges_total{outcome=\"ok\"} 3\n")
	}))
	defer server.Close()
	c, err := Scrape(t.Context(), server.URL)
	if err != nil || c["go_memstats_mallocs_total"] != 1.5e6 {
		t.Errorf("%v, %v", c, err)
	}
	server.Config.Handler = http.NotFoundHandler()
	if _, err := Scrape(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "HTTP 404") {
		t.Errorf("%v", err)
	}
}

func TestRedisUse(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("BRANA_REQUIRE_REDIS") == "1" {
			t.Fatal(err)
		}
		t.Skip("redis-server is not installed")
	}
	port, err := Port()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	p, err := Start(t.Context(), Command{Name: "redis", Dir: t.TempDir(),
		Args: []string{"redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", ""}, Ready: Accepts(address)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	}()
	r, err := OpenRedis("redis://" + address + "/0")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	eventually(t, "it answers", func() bool { return r.Ping(t.Context()) == nil })
	before, err := r.Use(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := r.client.Eval(t.Context(), "return redis.call('incr', KEYS[1])", []string{"n"}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	after, err := r.Use(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after.Calls-before.Calls != 5 || after.Commands-before.Commands < 5 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if _, err := OpenRedis("http://nowhere"); err == nil {
		t.Error("any URL is taken")
	}
}

func TestCriticalPaths(t *testing.T) {
	const ms = registries.Duration(time.Millisecond)
	begin := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	call := func(id string, at time.Time, media registries.Duration) []registries.Entry {
		step := func(name string, d registries.Duration) registries.Entry {
			return registries.Entry{Step: name, Start: at, Duration: d, Head: d, AgendaZadostId: id}
		}
		evidence := step("X21", media)
		evidence.Head = 5 * ms
		return []registries.Entry{evidence, step("G27", 4*ms), step("G27", 7*ms), step("O25", 3*ms), step("O08", 2*ms), step("A28", 1*ms)}
	}
	log := call("before", begin.Add(-time.Second), 6*ms)
	log = append(log, call("hidden in the chain", begin, 6*ms)...)
	log = append(log, call("media are longer", begin, 200*ms)...)
	log = append(log, call("not whole", begin, 6*ms)[:2]...)
	got := Paths(log, begin)
	if len(got) != 2 || got[0] != 18*time.Millisecond || got[1] != 200*time.Millisecond {
		t.Errorf("%v", got)
	}
	ecd := call("travel documents", begin, 6*ms)
	ecd[0].Step = "X22"
	if path, chain := CriticalPath(ecd); path != 18*time.Millisecond || chain != path {
		t.Errorf("%s, %s", path, chain)
	}
}
