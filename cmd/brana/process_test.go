package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"brana/bench/registries"
	"brana/egon"
	"brana/limits"
	"brana/limits/ledger"
)

// SIGTERM under load: calls under way get their whole answers, the process ends
// with 0, and no slot stays taken.
func TestSigtermUnderLoad(t *testing.T) {
	redis := newRedisServer(t)
	redis.start(t)
	sims, sim := startRegistries(t)
	if err := sims.Set(registries.EOP, registries.Settings{Photo: 24 << 20}); err != nil {
		t.Fatal(err)
	}
	bus := startBus(t)
	bus.hold = make(chan struct{})
	p := startProcess(t, sim, "http://"+sim+"/publikace", bus.url, "store: memory", "store: redis",
		"redis://127.0.0.1:6379/0", redis.url(), "timeout: 75ms", "timeout: 10s, trust_empty: true")

	const calls = 8
	question := message(t, "E05", "--name", "Zoran Vosáhlo")
	ended := make(chan error, calls)
	for range calls { // these wait for their registry
		go func() {
			response, err := p.client.Do(p.request("E05", bytes.NewReader(question)))
			if err == nil {
				var r *reply
				if r, err = readReply(response); err == nil && r.statusLine() != egon.OK {
					err = errors.New(r.statusLine())
				}
			}
			ended <- err
		}()
	}
	flags := byBirth(special(t, "delivery address"), append(little, "--items", "EopFoto")...)
	streams := []io.ReadCloser{p.hold(flags), p.hold(flags)} // these send their media
	eventually(t, "all calls run", func() bool { return p.metric("brana_exchanges_running") == strconv.Itoa(calls+2) })

	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process drains", func() bool { return p.log.line("draining") != nil })
	close(bus.hold)
	for range calls {
		if err := <-ended; err != nil {
			t.Error("a call that waited for its registry:", err)
		}
	}
	for _, stream := range streams {
		if n, err := io.Copy(io.Discard, stream); err != nil || n < 24<<20 {
			t.Errorf("a call that sent its media: %d bytes, %v", n, err)
		}
	}
	if code := p.wait(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if p.log.line("drained") == nil {
		t.Error("the log does not say that it drained")
	}
	checkSlotsFree(t, redis, "X999", "XR1", "12345678", "999001")
	checkSlotsFree(t, redis, "X999", "XR2", "12345678", "999002")
}

// A call that comes on an open connection after SIGTERM is answered, and the
// connection ends with it.
func TestACallAfterSigterm(t *testing.T) {
	_, sim := startRegistries(t)
	p := startProcess(t, sim, "linger: 1s", "linger: 20s") // it ends before, with the last connection
	if got := p.ask().statusLine(); got != egon.OK {
		t.Fatal(got)
	}
	p.signal(syscall.SIGTERM)
	eventually(t, "the listener is closed", func() bool {
		c, err := net.Dial("tcp", strings.Split(strings.TrimPrefix(p.gateway, "http://"), "/")[0])
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	response, err := p.client.Do(p.request("E227", bytes.NewReader(message(t, "E227", "--triple", "A1185/CR8359/00372498"))))
	if err != nil {
		t.Fatal(err)
	}
	r, err := readReply(response)
	if err != nil || !response.Close || !strings.Contains(text(r.root, "VysledekPopis"), "BR_205") {
		t.Errorf("%v, close %v: %s", err, response.Close, r.body)
	}
	if code := p.wait(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// checkSlotsFree admits one call where one at once may run.
func checkSlotsFree(t *testing.T, s *redisServer, quadruple ...string) {
	t.Helper()
	calendar, err := limits.NewCalendar(limits.CalendarConfig{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"})
	if err != nil {
		t.Fatal(err)
	}
	store, err := ledger.New(ledger.Config{URL: s.url(), Calendar: calendar, Timeout: 10 * time.Second, TrustEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	eventually(t, "the limits are ready", func() bool { return store.Ready(t.Context()) == nil })
	d, err := store.Admit(t.Context(), limits.Call{Key: limits.KeyOf(quadruple...),
		Rule: limits.Rule{Working: 1 << 20, Off: 1 << 20, Concurrent: 1}, Lifetime: time.Minute})
	if err != nil || d.Verdict != limits.Admitted {
		t.Errorf("%v: verdict %v, %v: a slot is still taken", quadruple, d.Verdict, err)
	}
}

// A call that does not end within drain is cut, and the exit code shows it.
func TestSigtermWithACallThatDoesNotEnd(t *testing.T) {
	_, sim := startRegistries(t)
	bus := startBus(t)
	bus.hold = make(chan struct{})
	defer close(bus.hold)
	p := startProcess(t, sim, "http://"+sim+"/publikace", bus.url, "drain: 25s", "drain: 100ms")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	question := message(t, "E05", "--name", "Zoran Vosáhlo")
	failed := make(chan error, 1)
	go func() {
		response, err := p.client.Do(p.request("E05", bytes.NewReader(question)).WithContext(ctx))
		if err == nil {
			response.Body.Close()
		}
		failed <- err
	}()
	eventually(t, "the bus has the call", func() bool { return len(bus.received) == 1 })
	if code := p.end(syscall.SIGTERM); code != exitRefused {
		t.Errorf("exit code %d, want %d", code, exitRefused)
	}
	if !strings.Contains(p.log.String(), "cut 1 exchanges") {
		t.Error("the log does not say that a call was cut")
	}
	cancel()
	<-failed
}

// Redis that is away when serve starts: the gateway is not ready and refuses,
// and recovers by itself when Redis has come.
func TestRedisAwayAtStart(t *testing.T) {
	t.Parallel() // it waits
	redis := newRedisServer(t)
	_, sim := startRegistries(t)
	p := startProcess(t, sim, "store: memory", "store: redis", "redis://127.0.0.1:6379/0", redis.url(), "timeout: 75ms", "timeout: 2s")
	admin := strings.TrimPrefix(p.admin, "http://")

	if status, said := p.ready(); status != http.StatusServiceUnavailable || !strings.Contains(said, "[-] limits") {
		t.Errorf("/readyz: %d %s", status, said)
	}
	if out, code := brana("health", "--admin", admin); code != exitRefused {
		t.Errorf("brana health: exit code %d, %s", code, out)
	}
	r := p.call("E227", "--triple", "A1185/CR8359/00372498")
	if got := r.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || !strings.Contains(text(r.root, "VysledekPopis"), "BR_203") {
		t.Errorf("a call without Redis: %s %s", got, text(r.root, "VysledekPopis"))
	}
	redis.start(t)
	eventually(t, "the gateway is ready", func() bool { status, _ := p.ready(); return status == http.StatusOK })
	eventually(t, "calls are served", func() bool {
		return p.call("E227", "--triple", "A1185/CR8359/00372498").statusLine() == egon.OK
	})
	if out, code := brana("health", "--admin", admin); code != 0 {
		t.Errorf("brana health: exit code %d, %s", code, out)
	}
	redis.kill()
	eventually(t, "the loss of Redis is seen", func() bool { status, _ := p.ready(); return status == http.StatusServiceUnavailable })
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// SIGHUP takes a new policy over; of a bad one it names the place of the
// mistake and keeps the last good one.
func TestSighup(t *testing.T) {
	_, sim := startRegistries(t)
	p := startProcess(t, sim)
	file := filepath.Join(p.dir, "policy/grants.yaml")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	call := func() string {
		return p.call("E05", append(little, "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--items",
			"Jmeno Prijmeni ROBCti")...).statusLine()
	}
	if got := call(); got != "CHYBA (NENI OPRAVNENI EGON)" {
		t.Fatalf("before: %s", got)
	}

	write(t, file, strings.Replace(string(good), "100/h", "many", 1))
	p.signal(syscall.SIGHUP)
	const kept = "reload policy: the last good one stays in force"
	eventually(t, "the bad policy is refused", func() bool { return p.log.line(kept) != nil })
	if said, _ := p.log.line(kept)["error"].(string); !strings.Contains(said, "grants.yaml:24:") {
		t.Errorf("%q does not name the place", said)
	}
	if got := p.call("E227", "--triple", "A1185/CR8359/00372498").statusLine(); got != egon.OK {
		t.Errorf("with the last good policy: %s", got)
	}
	if got := p.metric("brana_policy_reload_failures_total"); got != "1" {
		t.Errorf("reload failures %s, want 1", got)
	}

	write(t, file, strings.Replace(string(good), "[E198, E227, E99", "[E198, E227, E05, E99", 1))
	p.signal(syscall.SIGHUP)
	eventually(t, "the good policy is in force", func() bool { return p.log.line("policy reloaded") != nil })
	if got := call(); got != egon.OK {
		t.Errorf("with the new policy: %s", got)
	}
	if code := p.end(syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// The memory of the process stays flat while 64 MiB go there and back and
// while as much of media comes out of an evidence.
func TestMemoryOfTheProcess(t *testing.T) {
	sims, sim := startRegistries(t)
	bus := startBus(t)
	p := startProcess(t, sim, "http://"+sim+"/publikace", bus.url)
	start, end, _ := strings.Cut(replyE05, "</e:")
	warm := p.call("E05", "--name", "Zoran Vosáhlo")
	if got := warm.statusLine(); got != egon.OK {
		t.Fatal(got)
	}
	before := p.memory("VmHWM")

	bus.reply.Store(&longMessage{start, "</e:" + end, big})
	p.discard(p.request("E05", bigMessage(t).reader()), big)
	if err := sims.Set(registries.EOP, registries.Settings{Photo: big}); err != nil {
		t.Fatal(err)
	}
	body := message(t, "E198", byBirth(special(t, "delivery address"), "--items", "EopFoto")...)
	p.discard(p.request("E198", bytes.NewReader(body)), big*4/3)

	if grown := p.memory("VmHWM") - before; grown > 24<<10 {
		t.Errorf("the process grew by %d KiB", grown)
	} else {
		t.Logf("the process grew by %d KiB from %d KiB", grown, before)
	}
}

// discard makes a call and discards the answer, which has at least n bytes.
func (p *process) discard(r *http.Request, least int64) {
	p.t.Helper()
	response, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err != nil || n < least {
		p.t.Fatalf("read %d bytes: %v", n, err)
	}
}

// memory reads a field of the process's status, in KiB.
func (p *process) memory(field string) int {
	p.t.Helper()
	if runtime.GOOS != "linux" {
		p.t.Skip("no /proc here: the memory of a process cannot be read")
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		p.t.Fatal(err) // the process has ended
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			if err != nil {
				p.t.Fatal(err)
			}
			return n
		}
	}
	p.t.Fatalf("no %s in the status", field)
	return 0
}

// brana dev serves the first call that its own words propose, and ends with
// Ctrl-C.
func TestDevAsANewUserStartsIt(t *testing.T) {
	p := runProcess(t, "dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--sim", "127.0.0.1:0", "--persons", "20")
	if said := p.log.String(); !strings.Contains(said, "brana: try: brana call E198 --url "+p.gateway) {
		t.Errorf("it proposes no call: %s", said)
	}
	out, code := brana("call", "E198", "--url", p.gateway, "--name", "Zoran Vosáhlo", "--born", "1977-05-03", "--source", "Eop",
		"--items", "EopFoto Jmeno Prijmeni ROBCti RUIANCti")
	if code != 0 || !strings.HasPrefix(out, "OK") || !strings.Contains(out, "VOSÁHLO") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	folder := regexp.MustCompile(`brana audit query --admin \S+ \((\S+)\)\n`).FindStringSubmatch(p.log.String())
	if folder == nil {
		t.Fatalf("it does not say how to ask for what was recorded: %s", p.log.String())
	}
	eventually(t, "the call is recorded", func() bool {
		return kindsOf(recordsIn(t, folder[1])) == "intent outcome=ok"
	})
	out, code = brana("audit", "query", "--admin", strings.TrimPrefix(p.admin, "http://"))
	if code != 0 || !strings.Contains(out, "E198") {
		t.Errorf("asked for what was recorded: exit code %d:\n%s", code, out)
	}
	if code := p.end(syscall.SIGINT); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if _, err := os.Stat(folder[1]); !os.IsNotExist(err) {
		t.Errorf("its temporary folder is still there: %v", err)
	}
}

// brana runs a verb in this process and returns its output and exit code.
func brana(args ...string) (string, int) {
	var said bytes.Buffer
	code := run(args, stdio{&said, &said})
	return said.String(), code
}
