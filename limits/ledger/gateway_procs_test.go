package ledger

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"brana/limits"
)

// gatewayProcs are the gateways of the fault suite, each a process, and the results of their
// rounds.
type gatewayProcs struct {
	t        *testing.T
	config   procConfig // of every gateway, except for its log
	gateways []*gatewayProc
	logs     []string
	rounds   []round
	killed   int64 // number of gateways killed so far
}

// A round is a stretch of time with accounts of its own and one fault in it. Its moments are those
// of monotonic.
type round struct {
	fault                     string
	began, broke, mended, end int64
	recovered                 time.Duration // from mended until all gateways could decide again
	bound                     time.Duration // for recovered
}

// gatewayProc is one gateway process.
type gatewayProc struct {
	cmd    *exec.Cmd
	rounds io.WriteCloser // its standard input

	mu     sync.Mutex
	states []stateAt
}

type stateAt struct {
	state string
	at    int64
}

func startGateways(t *testing.T, config procConfig, n int) *gatewayProcs {
	t.Helper()
	p := &gatewayProcs{t: t, config: config}
	for range n {
		p.start()
	}
	p.wait("the gateways can decide", p.ready)
	return p
}

// start starts another gateway.
func (p *gatewayProcs) start() *gatewayProc {
	p.t.Helper()
	config := p.config
	config.Log = filepath.Join(p.t.TempDir(), fmt.Sprintf("gateway%d", len(p.logs)))
	config.Stripes = 3 * (len(p.logs) % 2) // in every other gateway
	p.logs = append(p.logs, config.Log)
	text, err := json.Marshal(config)
	if err != nil {
		p.t.Fatal(err)
	}
	g := &gatewayProc{cmd: exec.Command(os.Args[0])}
	g.cmd.Env = append(os.Environ(), procVariable+"="+string(text))
	g.cmd.Stderr = os.Stderr
	states, err := g.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if g.rounds, err = g.cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.readStates(states)
	}()
	p.t.Cleanup(func() {
		_ = g.cmd.Process.Kill()
		<-ended
		_ = g.cmd.Wait() // reports the kill, or that it was waited for before
	})
	p.gateways = append(p.gateways, g)
	if n := len(p.rounds); n > 0 {
		g.enter(n)
	}
	return g
}

func (g *gatewayProc) readStates(from io.Reader) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		var s stateAt
		if _, err := fmt.Sscan(lines.Text(), &s.state, &s.at); err == nil {
			g.mu.Lock()
			g.states = append(g.states, s)
			g.mu.Unlock()
		}
	}
}

// enter has the gateway make the calls of a round from now on.
func (g *gatewayProc) enter(round int) { fmt.Fprintln(g.rounds, round) }

// normal returns whether the gateway can decide now, and when it last became able to, if that was
// after since.
func (g *gatewayProc) normal(since int64) (at int64, now bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, s := range g.states {
		now = s.state == limits.Normal.String()
		if now && i > 0 && s.at > since {
			at = s.at
		}
	}
	return at, now
}

func (g *gatewayProc) signal(s syscall.Signal) { _ = g.cmd.Process.Signal(s) }

// kill kills one gateway and starts another a second later.
func (p *gatewayProcs) kill(at int) {
	g := p.gateways[at]
	g.signal(syscall.SIGKILL)
	p.killed++
	p.gateways = append(p.gateways[:at], p.gateways[at+1:]...)
	time.Sleep(time.Second)
	p.start()
}

func (p *gatewayProcs) ready() bool {
	for _, g := range p.gateways {
		if _, now := g.normal(0); !now {
			return false
		}
	}
	return true
}

func (p *gatewayProcs) wait(what string, done func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain: %s", what)
		}
	}
}

const (
	// before is from the beginning of a round to its fault.
	before = 2500 * time.Millisecond
	// notice is how long a gateway may take to notice a loss.
	notice = 1500 * time.Millisecond
	// after is how long a round goes on when all gateways can decide again.
	after = 3 * time.Second
)

// runFault runs a round with a fault.
func (p *gatewayProcs) runFault(f fault) {
	p.t.Helper()
	r := p.beginRound(f.name)
	if r.bound = backAtMost; f.loses {
		r.bound = learnAtMost
	}
	r.broke = monotonic()
	f.run()
	r.mended = monotonic()
	time.Sleep(notice)
	p.wait("after "+f.name+" the gateways can decide", p.ready)
	for _, g := range p.gateways {
		if at, _ := g.normal(r.mended); at > r.mended {
			r.recovered = max(r.recovered, time.Duration(at-r.mended))
		}
	}
	time.Sleep(after)
	r.end = monotonic()
}

// beginRound gives the gateways new accounts, and the time to use some of them up to their limits.
func (p *gatewayProcs) beginRound(fault string) *round {
	p.rounds = append(p.rounds, round{fault: fault, began: monotonic()})
	for _, g := range p.gateways {
		g.enter(len(p.rounds))
	}
	time.Sleep(before)
	return &p.rounds[len(p.rounds)-1]
}

// stop ends all gateways in order and returns what they have logged.
func (p *gatewayProcs) stop() *gatewayLogs {
	p.t.Helper()
	for _, g := range p.gateways {
		_ = g.rounds.Close()
	}
	for _, g := range p.gateways {
		if err := g.cmd.Wait(); err != nil {
			p.t.Errorf("a gateway: %v", err)
		}
	}
	logs, err := p.readLogs()
	if err != nil {
		p.t.Fatal(err)
	}
	return logs
}

// readLogs reads what all gateways have logged so far.
func (p *gatewayProcs) readLogs() (*gatewayLogs, error) {
	logs := &gatewayLogs{calls: map[string][]loggedCall{}}
	for _, file := range p.logs {
		if err := logs.read(file); err != nil {
			return nil, err
		}
	}
	return logs, nil
}

// overcharged lists the accounts that are charged for more than their calls and what killed
// gateways may have held. All gateways must have ended.
func (p *gatewayProcs) overcharged(logs *gatewayLogs) (lines []string) {
	p.t.Helper()
	r, err := prepare(testConfig(p.t, p.config.URL))
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.client.Close()
	made, charged := 0, int64(0)
	for account, calls := range logs.calls {
		var round, shard int
		k := kindOf(account)
		if _, err := fmt.Sscanf(account[len(k.name):], ".%d.%d", &round, &shard); err != nil {
			p.t.Fatal(err)
		}
		u, err := r.Usage(p.t.Context(), limits.Call{Key: k.account(shard, round), Rule: k.rule})
		if err != nil {
			p.t.Fatalf("%s: %v", account, err)
		}
		made, charged = made+len(calls), charged+u.Working+u.Off
		held := p.killed * (k.rule.Working/prefetchFraction + int64(k.callers))
		if n := u.Working + u.Off; n > int64(len(calls))+held {
			lines = append(lines, fmt.Sprintf(
				"%s: %d permits are charged, %d calls were made, dead gateways held %d at most",
				account, n, len(calls), held))
		}
	}
	p.t.Logf("%d calls were made and %d permits charged, %d gateways were killed",
		made, charged, p.killed)
	return lines
}
