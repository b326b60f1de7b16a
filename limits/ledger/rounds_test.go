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

// chosenFaults is what of the fault suite runs: all those whose names match for `make faults`, or a
// short form when it is empty.
var chosenFaults = os.Getenv("BRANA_FAULTS")

func (f fault) chosen() bool {
	if chosenFaults == "" {
		return f.short
	}
	return regexp.MustCompile(chosenFaults).MatchString(f.name)
}

// A fault happens, and is mended when does returns.
type fault struct {
	name  string
	short bool // part of the short form
	loses bool // what the ledger knew: it has to learn
	does  func()
	after func() // makes ready for the next, when the round is over
}

// stand is one Redis behind a proxy, that writes its data to a file.
type stand struct {
	t       *testing.T
	redis   *server
	way     *proxy
	options []string
}

func startStand(t *testing.T) *stand {
	t.Helper()
	options := []string{"--appendonly", "yes", "--appendfsync", "everysec", "--dir", t.TempDir()}
	s := startServer(t, options...)
	return &stand{t, s, startProxy(t, "127.0.0.1:"+s.port), options}
}

func (s *stand) restart(options ...string) {
	s.redis.kill()
	time.Sleep(time.Second)
	if !s.redis.start(options...) {
		s.t.Fatal("redis-server does not start again")
	}
}

func stopFor10s(p *os.Process) {
	_ = p.Signal(syscall.SIGSTOP)
	time.Sleep(10 * time.Second)
	_ = p.Signal(syscall.SIGCONT)
}

// steppedScript is the ledger, or a mutant of it, in a Redis whose clock the tests can step.
func steppedScript(t *testing.T, mutant variant) string {
	const from = "math.floor(time[2] / 1000)"
	return strings.Replace(sourceOf(t, mutant, "clock"), from, from+" + (redis.call('GET', 'clock') or 0)", 1)
}

const (
	clockOn   = "SET clock 4200000"
	clockBack = "SET clock -4200000"
)

func (s *stand) faults(c *crew) []fault {
	command := func(text string) func() { return func() { s.redis.command(text) } }
	return []fault{
		{name: "none", does: func() {}},
		{name: "gateway killed, another started", short: true, does: func() { c.kill(0) }},
		{name: "gateway stopped for 10 s", does: func() { stopFor10s(c.gateways[1].cmd.Process) }},
		{name: "Redis killed, started with its file", short: true, loses: true, does: func() { s.restart(s.options...) }},
		{name: "Redis killed, started empty", loses: true, does: func() { s.restart() }},
		{name: "Redis stopped for 10 s", does: func() { stopFor10s(s.redis.cmd.Process) }},
		{name: "FLUSHALL", loses: true, does: command("FLUSHALL")},
		{name: "SCRIPT FLUSH", does: command("SCRIPT FLUSH")},
		{name: "Redis slow, 500 ms for 5 s", does: func() {
			s.way.slow.Store(int64(500 * time.Millisecond))
			time.Sleep(5 * time.Second)
			s.way.slow.Store(0)
		}},
		{name: "connections cut for 3 s", does: func() {
			s.way.apart.Store(true)
			s.way.cut()
			time.Sleep(3 * time.Second)
			s.way.apart.Store(false)
		}},
		{name: "clock of Redis 70 min on", does: command(clockOn)},
		{name: "clock of Redis 140 min back", does: command(clockBack)},
	}
}

// playAll has the gateways live through the faults that are chosen, and judges them.
func (c *crew) playAll(faults []fault) {
	c.t.Helper()
	for _, f := range faults {
		if f.chosen() {
			c.play(f)
			if f.after != nil {
				f.after()
			}
		}
	}
	if len(c.rounds) > 0 {
		c.judge()
	}
}

// judge ends the crew, prints what has come of its rounds, and fails on a limit that did not hold. In the long form
// gateways must be able to decide again within a time.
func (c *crew) judge() {
	c.t.Helper()
	all := c.end()
	for _, line := range append(all.broken(), c.overcharged(all)...) {
		c.t.Error(line)
	}
	c.print(all, c.t.Output())
	for n, r := range c.rounds {
		if chosenFaults != "" && r.recovered > r.bound+slack {
			c.t.Errorf("after %s the gateways could decide after %v, want %v", r.fault, r.recovered, r.bound)
		}
		full := 0
		for account, calls := range all.calls {
			if strings.HasPrefix(account, fmt.Sprintf("full.%d.", n+1)) {
				full += len(calls)
			}
		}
		if most := 16 * 100; full < most/4 {
			c.t.Errorf("%s: %d of %d calls of the full accounts were made; the limits were not tried", r.fault, full, most)
		}
	}
}

const (
	// learnAtMost is how long nothing new is granted after the ledger was lost.
	learnAtMost = 12 * time.Second
	// backAtMost is how long it takes after other faults until all gateways can decide again.
	backAtMost = 2 * time.Second
	// slack is for a machine that has other work to do; the figures are printed.
	slack = 3 * time.Second
)

// print writes a table of the rounds.
func (c *crew) print(all *records, to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\tadmitted\trefused\tno decision\tmost in an hour\tmost at once\tno admission\tlongest decision\tall decide again")
	for n, r := range c.rounds {
		admitted, refused, failed := 0, int64(0), int64(0)
		pause, longest := time.Duration(0), int64(0)
		hour, once := [2]int{0, 1}, [2]int{0, 1}
		for account, calls := range all.calls {
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
		for _, o := range all.other {
			if r.began < o.at && o.at <= r.end {
				refused, failed, longest = refused+o.refused, failed+o.failed, max(longest, o.longest)
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d of %d\t%d of %d\t%.1f s\t%.3f s\t%.1f s\n", r.fault, admitted, refused, failed,
			hour[0], hour[1], once[0], once[1], pause.Seconds(), time.Duration(longest).Seconds(), r.recovered.Seconds())
	}
	_ = w.Flush()
}

// fuller is the limit of two that is nearer to be reached, or further beyond.
func fuller(a, b [2]int) [2]int {
	if a[0]*b[1] >= b[0]*a[1] {
		return a
	}
	return b
}
