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

// A crew is the gateways of the fault suite, and what has come of their rounds.
type crew struct {
	t        *testing.T
	orders   orders // of every gateway, but for the log
	gateways []*gatewayProcess
	logs     []string
	rounds   []round
	killed   int64 // gateways
}

// A round is a stretch of time with accounts of its own, and a fault in it.
type round struct {
	fault                     string
	began, broke, mended, end int64
	recovered                 time.Duration // from mended until all gateways could decide again,
	bound                     time.Duration // which takes no longer
}

// A gatewayProcess is a gateway in a process of its own.
type gatewayProcess struct {
	cmd    *exec.Cmd
	rounds io.WriteCloser // its standard input

	mu     sync.Mutex
	states []stateAt
}

type stateAt struct {
	state string
	at    int64
}

func newCrew(t *testing.T, o orders, gateways int) *crew {
	t.Helper()
	c := &crew{t: t, orders: o}
	for range gateways {
		c.hire()
	}
	c.wait("the gateways can decide", c.ready)
	return c
}

// hire starts another gateway.
func (c *crew) hire() *gatewayProcess {
	c.t.Helper()
	o := c.orders
	o.Log = filepath.Join(c.t.TempDir(), fmt.Sprintf("gateway%d", len(c.logs)))
	o.Stripes = 3 * (len(c.logs) % 2) // of every other
	c.logs = append(c.logs, o.Log)
	text, err := json.Marshal(o)
	if err != nil {
		c.t.Fatal(err)
	}
	m := &gatewayProcess{cmd: exec.Command(os.Args[0])}
	m.cmd.Env = append(os.Environ(), ordersVariable+"="+string(text))
	m.cmd.Stderr = os.Stderr
	states, err := m.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if m.rounds, err = m.cmd.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		m.hear(states)
	}()
	c.t.Cleanup(func() {
		_ = m.cmd.Process.Kill()
		<-heard
		_ = m.cmd.Wait() // its error is the kill, or it was waited for before
	})
	c.gateways = append(c.gateways, m)
	if n := len(c.rounds); n > 0 {
		m.tell(n)
	}
	return m
}

func (m *gatewayProcess) hear(from io.Reader) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		var s stateAt
		if _, err := fmt.Sscan(lines.Text(), &s.state, &s.at); err == nil {
			m.mu.Lock()
			m.states = append(m.states, s)
			m.mu.Unlock()
		}
	}
}

func (m *gatewayProcess) tell(round int) { fmt.Fprintln(m.rounds, round) }

// normal tells since when a gateway can decide, as far as that has changed since a moment.
func (m *gatewayProcess) normal(since int64) (at int64, now bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range m.states {
		now = s.state == limits.Normal.String()
		if now && i > 0 && s.at > since {
			at = s.at
		}
	}
	return at, now
}

func (m *gatewayProcess) signal(s syscall.Signal) { _ = m.cmd.Process.Signal(s) }

// kill ends a gateway without a word, and starts another a second later.
func (c *crew) kill(at int) {
	m := c.gateways[at]
	m.signal(syscall.SIGKILL)
	c.killed++
	c.gateways = append(c.gateways[:at], c.gateways[at+1:]...)
	time.Sleep(time.Second)
	c.hire()
}

func (c *crew) ready() bool {
	for _, m := range c.gateways {
		if _, now := m.normal(0); !now {
			return false
		}
	}
	return true
}

func (c *crew) wait(what string, done func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain: %s", what)
		}
	}
}

const (
	before = 2500 * time.Millisecond // of a round, until its fault
	notice = 1500 * time.Millisecond // until every gateway has noticed a loss
	after  = 3 * time.Second         // it could decide again
)

// play has the gateways live through a fault; does returns when it is mended.
func (c *crew) play(f fault) {
	c.t.Helper()
	r := c.begin(f.name)
	if r.bound = backAtMost; f.loses {
		r.bound = learnAtMost
	}
	r.broke = monotonic()
	f.does()
	r.mended = monotonic()
	time.Sleep(notice)
	c.wait("after "+f.name+" the gateways can decide", c.ready)
	for _, m := range c.gateways {
		if at, _ := m.normal(r.mended); at > r.mended {
			r.recovered = max(r.recovered, time.Duration(at-r.mended))
		}
	}
	time.Sleep(after)
	r.end = monotonic()
}

// begin gives the gateways accounts of a new round, and the time to come to some of their limits.
func (c *crew) begin(fault string) *round {
	c.rounds = append(c.rounds, round{fault: fault, began: monotonic()})
	for _, m := range c.gateways {
		m.tell(len(c.rounds))
	}
	time.Sleep(before)
	return &c.rounds[len(c.rounds)-1]
}

// end has the gateways end, and returns what all of them have logged.
func (c *crew) end() *records {
	c.t.Helper()
	for _, m := range c.gateways {
		_ = m.rounds.Close()
	}
	for _, m := range c.gateways {
		if err := m.cmd.Wait(); err != nil {
			c.t.Errorf("a gateway: %v", err)
		}
	}
	all, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// read reads what all gateways have logged so far.
func (c *crew) read() (*records, error) {
	all := &records{calls: map[string][]madeCall{}}
	for _, log := range c.logs {
		if err := all.read(log); err != nil {
			return nil, err
		}
	}
	return all, nil
}
