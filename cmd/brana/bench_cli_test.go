package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"brana/bench/load"
	"brana/bench/report"
	"brana/bench/stand"
)

// bench runs brana bench as a process, briefly, and returns its report, its output
// and its exit code.
func bench(t *testing.T, args ...string) (*report.Report, string, int) {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	args = append([]string{"bench", "--rate", "50", "--duration", "1s", "--warmup", "0s", "--rounds", "1", "--connections", "8", "--json",
		file}, args...)
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	err = cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	r, err := report.ReadFile(file)
	if err != nil && cmd.ProcessState.ExitCode() == 0 {
		t.Fatalf("%v\n%s", err, said.String())
	}
	return r, said.String(), cmd.ProcessState.ExitCode()
}

// Every scenario gets the answer that it expects from a real gateway, in a
// process of its own before registries in another.
func TestBenchSendsEveryScenario(t *testing.T) {
	t.Parallel() // it waits
	var names []string
	for _, s := range load.Names() {
		if !strings.HasSuffix(s[0], "-64m") {
			names = append(names, s[0])
		}
	}
	r, said, code := bench(t, "--mix", strings.Join(names, ","), "--rate", "200")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	turn := r.Turns[0]
	if len(r.Turns) != 1 || turn.Errors() != 0 || turn.Right != 200 {
		t.Errorf("%d turns, %d right, %v", len(r.Turns), turn.Right, turn.Wrong)
	}
	for _, name := range names {
		if turn.Kinds[name].Right == 0 {
			t.Errorf("%s was not sent", name)
		}
	}
	if turn.Mallocs == nil || *turn.Mallocs <= 0 || turn.Use("registries") == nil || turn.Use(report.Subject) == nil ||
		turn.Use(report.Subject).Most() < 1<<20 {
		t.Errorf("what the gateway used is not known: %+v", turn.Uses)
	}
	if p := r.Plan; p.Gateways != 1 || p.Cores == 0 || p.Limits != "memory" || r.Commit == "" {
		t.Errorf("the report does not say what was measured: %+v, commit %q", p, r.Commit)
	}
	if r.Machine.Cores == 0 || r.Versions["go"] == "" || !strings.Contains(r.Configs["brana"], "listen:") ||
		!slices.Contains(r.Command, "--mix") {
		t.Errorf("the report does not say where and how: %+v", r)
	}
}

func TestBenchOfLargeMessages(t *testing.T) {
	r, said, code := bench(t, "--mix", "relay-64m", "--rate", "2", "--connections", "2")
	if code != 0 || r.Turns[0].Got < 2*64<<20 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if !strings.HasSuffix(said, "registries set to front.mirror=true\n") {
		t.Errorf("what the registries were set to for it is not said:\n%s", said)
	}
}

// Peers are measured in turn with the gateway, and their report can be compared.
func TestBenchAgainstPeers(t *testing.T) {
	t.Parallel() // it waits
	requirePeers(t, "nginx")
	dir := t.TempDir()
	page := filepath.Join(dir, "deep", "report.html")
	r, said, code := bench(t, "--against", "nginx,direct", "--rounds", "2", "--html", page)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var order []string
	for _, turn := range r.Turns {
		order = append(order, turn.Target)
	}
	if got := strings.Join(order, " "); got != "brana nginx direct brana nginx direct" {
		t.Errorf("the order is %s", got)
	}
	for _, want := range []string{"brana's p99 is", "added to p50", "CPU/call target"} {
		if !strings.Contains(said, want) {
			t.Errorf("the table lacks %s:\n%s", want, said)
		}
	}
	if !strings.Contains(r.Configs["nginx"], "access_log") || !strings.Contains(r.Versions["nginx"], "nginx") {
		t.Errorf("nginx: %q, %q", r.Versions["nginx"], r.Configs["nginx"])
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("CPU time for a call")) {
		t.Errorf("the page: %v", err)
	}
	file := filepath.Join(dir, "a.json")
	var text bytes.Buffer
	if err := errors.Join(r.Write(&text), os.WriteFile(file, text.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again.html")
	if out, code := brana("bench", "report", file, "--html", again); code != 0 || !strings.Contains(out, "CPU/call target") ||
		!bytes.Equal(read(t, again), read(t, page)) {
		t.Errorf("report: exit code %d, %s", code, out)
	}
	if out, code := brana("bench", "compare", file, file); code != 0 || !strings.Contains(out, "~ (n=2+2)") &&
		!strings.Contains(out, "same (n=2+2)") {
		t.Errorf("compare: exit code %d, %s", code, out)
	}
}

// Another build of brana is measured in turn with this one, whatever is sent.
func TestBenchAgainstAnotherBuild(t *testing.T) {
	t.Parallel() // it waits
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	r, said, code := bench(t, "--against", "before="+program, "--mix", "relay=50,e227=50")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var measured []string
	for _, turn := range r.Turns {
		measured = append(measured, turn.Target)
		if turn.Right == 0 {
			t.Errorf("%s answered no call", turn.Target)
		}
	}
	if got := strings.Join(measured, " "); got != "brana before" {
		t.Errorf("measured: %s", got)
	}
	if r.Versions["before"] == "" || !strings.Contains(said, "brana's CPU/call target is") {
		t.Errorf("versions %v:\n%s", r.Versions, said)
	}
}

// Gateways that differ in their rules of items are measured in turn, each by the answers
// that follow from its rules.
func TestBenchOfRules(t *testing.T) {
	t.Parallel() // it waits
	rules := "pass,strict,as-iszr,filter,refuse,hub"
	r, said, code := bench(t, "--rules", rules, "--mix", "e05,e05-list,e05-empty")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var measured []string
	for _, turn := range r.Turns {
		measured = append(measured, turn.Target)
	}
	if got := strings.Join(measured, ","); got != rules {
		t.Errorf("measured: %s", got)
	}
	if !strings.Contains(said, "CPU/call target, more than pass") {
		t.Errorf("the table does not compare with the first:\n%s", said)
	}
	if !strings.Contains(r.Configs["filter"], "{to: relay iszr, items: pass, returned: filter}") {
		t.Errorf("the configuration of filter: %s", r.Configs["filter"])
	}
}

// A reply of 64 MiB loses an item that is not permitted, and all of the rest arrives.
func TestBenchOfALongReply(t *testing.T) {
	r, said, code := bench(t, "--rules", "filter", "--mix", "e05-64m", "--rate", "2", "--connections", "2")
	if code != 0 || r.Turns[0].Got < 2*64<<20 {
		t.Fatalf("exit code %d: %s", code, said)
	}
}

func requirePeers(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		switch {
		case slices.Contains(stand.Installed(), name):
		case os.Getenv("BRANA_REQUIRE_PEERS") == "1":
			t.Fatalf("%s is not installed and is required here", name)
		default:
			t.Skipf("%s is not installed: nothing is measured against it", name)
		}
	}
}

// Thousands of connections, through gateway and peers.
func TestBenchOfManyConnections(t *testing.T) {
	t.Parallel() // it waits
	requirePeers(t, "nginx", "haproxy")
	r, said, code := bench(t, "--against", "nginx,haproxy", "--mix", "relay", "--connections", "2500", "--profile", "closed",
		"--timeout", "60s")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, turn := range r.Turns {
		if turn.Right < 2500 || turn.Errors() > 0 {
			t.Errorf("%s: %d right, %v", turn.Target, turn.Right, turn.Wrong)
		}
	}
}

// Several gateways share a Redis, which is measured too.
func TestBenchOfSeveralGateways(t *testing.T) {
	t.Parallel()      // it waits
	newRedisServer(t) // there is one to start
	r, said, code := bench(t, "--gateways", "2")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	turn := r.Turns[0]
	if r.Plan.Gateways != 2 || r.Plan.Limits != "redis" {
		t.Errorf("the plan is %+v", r.Plan)
	}
	if turn.Redis == nil || turn.Use("redis") == nil || !strings.Contains(r.Configs["brana"], "store: redis") {
		t.Errorf("what Redis did is not known: %+v", turn)
	}
}

func TestBenchInProcess(t *testing.T) {
	t.Parallel() // it waits
	r, said, code := bench(t, "--in-process", "--mix", "relay=9,e198=1", "--set", "all.latency=1ms")
	if code != 0 || r.Turns[0].Right != 50 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if p := r.Turns[0].Path; p == nil || p.Calls == 0 || p.Path < 4e6 { // four steps, one after the other
		t.Errorf("the critical path is not known: %+v", p)
	}
}

// As the reference client calls: a connection and a handshake with the
// caller's certificate for each call.
func TestBenchWithHandshakes(t *testing.T) {
	t.Parallel() // it waits
	for _, fresh := range []string{"--fresh=true", "--fresh=false"} {
		r, said, code := bench(t, "--tls", "--mix", "relay", fresh)
		if code != 0 || r.Turns[0].Right != 50 || !r.Plan.TLS || r.Plan.Fresh != (fresh == "--fresh=true") {
			t.Fatalf("exit code %d: %s", code, said)
		}
	}
}

// A gateway that runs is called under the bench's own grant, or not at all: it
// has no part of anybody else's quota.
func TestBenchOfAGatewayThatRuns(t *testing.T) {
	t.Parallel() // it waits
	_, sim := startRegistries(t)
	p := startProcess(t, sim)
	r, said, code := bench(t, "--url", p.gateway, "--admin", p.admin, "--mix", "relay")
	if code != exitRefused || r.Turns[0].Right != 0 || r.Turns[0].Wrong["answered CHYBA NENI OPRAVNENI EGON instead of OK"] != 50 {
		t.Errorf("without a grant: exit code %d, %s", code, said)
	}
	grant, code := brana("bench", "--grant")
	if code != 0 {
		t.Fatal(grant)
	}
	rows := regexp.MustCompile(`(?m)^  # (X.*)$`).FindAllStringSubmatch(grant, -1)
	add := func(file, text string) { write(t, file, string(read(t, file))+"\n"+text) }
	add(filepath.Join(p.dir, "policy/grants.yaml"), grant)
	for _, row := range rows {
		add(filepath.Join(p.dir, "matrix.csv"), row[1])
	}
	p.signal(syscall.SIGHUP)
	eventually(t, "the policy is reloaded", func() bool { return p.log.line("policy reloaded") != nil })
	r, said, code = bench(t, "--url", p.gateway, "--admin", p.admin, "--pid", strconv.Itoa(p.cmd.Process.Pid), "--mix", "relay")
	if code != 0 || r.Turns[0].Right != 50 || r.Turns[0].Use(report.Subject) == nil || r.Turns[0].Mallocs == nil {
		t.Errorf("with the grant: exit code %d, %s", code, said)
	}
}

func TestBenchProfiles(t *testing.T) {
	for _, tt := range []struct {
		name, args string
		check      func(r *report.Report, said string) bool
	}{
		{"country", "--speed 86400 --scale 1", func(r *report.Report, _ string) bool {
			day := r.Turns[0].Right == 92 // 7 911 495 calls a day are 91.6 a second
			return day && strings.Contains(r.Plan.Detail, "peak") && r.Plan.Duration == time.Second
		}},
		{"closed", "", func(r *report.Report, _ string) bool {
			return r.Turns[0].Right >= 8 && r.Turns[0].Asked == 0
		}},
		{"soak", "--duration 2s", func(r *report.Report, said string) bool {
			grows := strings.Contains(said, "RSS growth target")
			return r.Turns[0].Right == 100 && grows && len(r.Turns[0].Use(report.Subject).RSS) >= 3
		}},
		// Nothing holds the bound: 4, 2 and 1 a second are tried twice each.
		{"ramp", "--rate 4 --bound 1ns", func(r *report.Report, said string) bool {
			none := strings.Contains(said, "brana: 0/s is the highest rate that held")
			return len(r.Turns) == 6 && none
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // it waits
			args := append([]string{"--profile", tt.name, "--mix", "relay"}, strings.Fields(tt.args)...)
			r, said, code := bench(t, args...)
			if code != 0 || !tt.check(r, said) {
				t.Errorf("exit code %d, %s", code, said)
			}
		})
	}
}

func TestBenchUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--mix nothing", "there is no scenario"},
		{"--mix e198 --against nginx", "only a gateway answers e198"},
		{"--against apache", "choose of direct, nginx"},
		{"--against before=./nothing-here", "give the file of a program"},
		{"--against Before=/bin/true", "small letters"},
		{"--against nginx,nginx", "measured already"},
		{"--against brana=/bin/true", "measured already"},
		{"--rules lax", "choose of pass, strict, as-iszr, filter, refuse, hub"},
		{"--rules pass,pass", "measured already"},
		{"--rules pass --in-process", "need processes"},
		{"--url http://127.0.0.1:1 --rules pass", "measures what runs already"},
		{"--url http://127.0.0.1:1 --against nginx", "measures what runs already"},
		{"--url nowhere", "is no URL of services"},
		{"--in-process --gateways 2", "need processes"},
		{"--gateways 0", "between 1 and 16"},
		{"--cores 1000", "between 1 and the"},
		{"--in-process --cores 1", "processes that are started"},
		{"--in-process --set sim=1", "--set sim=1: write it as"},
		{"--tls --against nginx", "peers and registries have none"},
		{"--ca arch_test.go", "belong to --url"},
		{"--profile ramp --rounds 2", "is one search"},
		{"--rate 0", "must be positive"},
		{"--rounds=-1", "must be positive"},
		{"--admin http://127.0.0.1:1", "belong to --url"},
		{"--url http://127.0.0.1:1 --url http://127.0.0.1:2 --pid 1", "there are several at --url"},
		{"--profile steep", "must be one of"},
		{"report no-such-file", "no-such-file"},
		{"compare no-such-file other", "no-such-file"},
	} {
		if out, code := brana(append([]string{"bench"}, strings.Fields(c.args)...)...); code != exitUsage || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit code %d, %s", c.args, code, out)
		}
	}
	if out, code := brana("bench", "--scenarios"); code != 0 || !strings.Contains(out, "relay-64m") {
		t.Errorf("scenarios: exit code %d, %s", code, out)
	}
}
