package ledger

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// chosenFaults is the pattern of `make faults`: faults with matching names run. When it is empty,
// the faults of the short form run.
var chosenFaults = os.Getenv("BRANA_FAULTS")

func (f fault) chosen() bool {
	if chosenFaults == "" {
		return f.short
	}
	return regexp.MustCompile(chosenFaults).MatchString(f.name)
}

// A fault breaks something, and has mended it when run returns.
type fault struct {
	name  string
	short bool // part of the short form
	loses bool // the ledger loses its memory, and has to learn
	run   func()
	after func() // prepares for the next fault, when the round is over
}

// singleRedis is one Redis with a file, behind a proxy.
type singleRedis struct {
	t       *testing.T
	server  *server
	proxy   *proxy
	options []string
}

func startSingleRedis(t *testing.T) *singleRedis {
	t.Helper()
	options := []string{"--appendonly", "yes", "--appendfsync", "everysec", "--dir", t.TempDir()}
	s := startServer(t, options...)
	return &singleRedis{t, s, startProxy(t, "127.0.0.1:"+s.port), options}
}

func (s *singleRedis) restart(options ...string) {
	s.server.kill()
	time.Sleep(time.Second)
	if !s.server.start(options...) {
		s.t.Fatal("redis-server does not start again")
	}
}

func stopFor10s(p *os.Process) {
	_ = p.Signal(syscall.SIGSTOP)
	time.Sleep(10 * time.Second)
	_ = p.Signal(syscall.SIGCONT)
}

// steppedScript is the ledger, or a mutant of it, on a Redis whose clock tests can step.
func steppedScript(t *testing.T, mutant variant) string {
	const from = "math.floor(time[2] / 1000)"
	const to = from + " + (redis.call('GET', 'clock') or 0)"
	return strings.Replace(sourceOf(t, mutant, "clock"), from, to, 1)
}

const (
	clockOn   = "SET clock 4200000"
	clockBack = "SET clock -4200000"
)

func (s *singleRedis) faults(p *gatewayProcs) []fault {
	command := func(text string) func() { return func() { s.server.command(text) } }
	return []fault{
		{name: "none", run: func() {}},
		{name: "gateway killed, another started", short: true, run: func() { p.kill(0) }},
		{name: "gateway stopped for 10 s", run: func() { stopFor10s(p.gateways[1].cmd.Process) }},
		{
			name: "Redis killed, started with its file", short: true, loses: true,
			run: func() { s.restart(s.options...) },
		},
		{name: "Redis killed, started empty", loses: true, run: func() { s.restart() }},
		{name: "Redis stopped for 10 s", run: func() { stopFor10s(s.server.cmd.Process) }},
		{name: "FLUSHALL", loses: true, run: command("FLUSHALL")},
		{name: "SCRIPT FLUSH", run: command("SCRIPT FLUSH")},
		{name: "Redis slow, 500 ms for 5 s", run: func() {
			s.proxy.slow.Store(int64(500 * time.Millisecond))
			time.Sleep(5 * time.Second)
			s.proxy.slow.Store(0)
		}},
		{name: "connections cut for 3 s", run: func() {
			s.proxy.apart.Store(true)
			s.proxy.cut()
			time.Sleep(3 * time.Second)
			s.proxy.apart.Store(false)
		}},
		{name: "clock of Redis 70 min on", run: command(clockOn)},
		{name: "clock of Redis 140 min back", run: command(clockBack)},
	}
}

// runFaults runs the faults that are chosen, then judges the gateways by their logs.
func (p *gatewayProcs) runFaults(faults []fault) {
	p.t.Helper()
	for _, f := range faults {
		if f.chosen() {
			p.runFault(f)
			if f.after != nil {
				f.after()
			}
		}
	}
	if len(p.rounds) > 0 {
		p.judge()
	}
}

// judge stops the gateways, prints the results of their rounds, and fails on a broken limit. In the
// long form it also fails when the gateways took too long until they could decide again.
func (p *gatewayProcs) judge() {
	p.t.Helper()
	logs := p.stop()
	for _, line := range append(logs.broken(), p.overcharged(logs)...) {
		p.t.Error(line)
	}
	p.print(logs, p.t.Output())
	for n, r := range p.rounds {
		if chosenFaults != "" && r.recovered > r.bound+slack {
			p.t.Errorf("after %s the gateways could decide after %v, want %v", r.fault, r.recovered, r.bound)
		}
		full := 0
		for account, calls := range logs.calls {
			if strings.HasPrefix(account, fmt.Sprintf("full.%d.", n+1)) {
				full += len(calls)
			}
		}
		if most := 16 * 100; full < most/4 {
			p.t.Errorf("%s: %d of %d calls of the full accounts were made; the limits were not tried",
				r.fault, full, most)
		}
	}
}

const (
	// learnAtMost is how long nothing new is granted after the ledger was lost.
	learnAtMost = 12 * time.Second
	// backAtMost is how long it takes after other faults until all gateways can decide again.
	backAtMost = 2 * time.Second
	// slack is for a machine with other work to do; the true figures are printed.
	slack = 3 * time.Second
)

// print writes a table of the rounds.
func (p *gatewayProcs) print(logs *gatewayLogs, to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\tadmitted\trefused\tno decision\tmost in an hour\tmost at once\t"+
		"no admission\tlongest decision\tall decide again")
	for n, r := range p.rounds {
		admitted, refused, failed := 0, int64(0), int64(0)
		pause, longest := time.Duration(0), int64(0)
		hour, once := [2]int{0, 1}, [2]int{0, 1}
		for account, calls := range logs.calls {
			if !strings.Contains(account, fmt.Sprintf(".%d.", n+1)) {
				continue
			}
			admitted += len(calls)
			k := kindOf(account)
			hour = fuller(hour, [2]int{mostInHour(calls), int(k.rule.Working)})
			once = fuller(once, [2]int{mostAtOnce(calls), k.rule.Concurrent})
			if k.rule.Working >= 1_000_000 {
				pause = max(pause, longestPause(calls, r.broke, r.end))
			}
		}
		for _, o := range logs.others {
			if r.began < o.at && o.at <= r.end {
				refused, failed, longest = refused+o.refused, failed+o.failed, max(longest, o.longest)
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d of %d\t%d of %d\t%.1f s\t%.3f s\t%.1f s\n",
			r.fault, admitted, refused, failed, hour[0], hour[1], once[0], once[1],
			pause.Seconds(), time.Duration(longest).Seconds(), r.recovered.Seconds())
	}
	_ = w.Flush()
}

// fuller returns the fraction that is larger.
func fuller(a, b [2]int) [2]int {
	if a[0]*b[1] >= b[0]*a[1] {
		return a
	}
	return b
}
