package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"brana/egon"
)

// A logReader reads the log of a process from a pipe, until it stalls or is closed.
type logReader struct {
	log     logBuffer
	r       *os.File
	open    sync.Mutex // held while the reader is stalled
	stalled bool
}

func (a *logReader) close() { a.r.Close() }

func (a *logReader) stall() {
	a.open.Lock()
	a.stalled = true
}

func (a *logReader) resume() {
	if a.stalled {
		a.stalled = false
		a.open.Unlock()
	}
}

func (a *logReader) run() {
	buf := make([]byte, 4<<10)
	for {
		n, err := a.r.Read(buf)
		a.open.Lock()
		_, _ = a.log.Write(buf[:n])
		a.open.Unlock()
		if err != nil {
			return
		}
	}
}

// startPiped starts a gateway whose log goes into a pipe.
func startPiped(t *testing.T, sim string, change ...string) (*process, *logReader) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shrinkPipe(t, w)
	a := &logReader{r: r}
	var ended sync.WaitGroup
	ended.Go(a.run)
	t.Cleanup(func() { a.close(); a.resume(); ended.Wait() })
	p := runProcessTo(t, w, &a.log, "serve", "-c", serveFile(t, sim, change...))
	w.Close()
	return p, a
}

// ask makes a call that needs nobody else.
func (p *process) ask() *reply {
	p.t.Helper()
	return p.call("E227", "--triple", "A1185/CR8359/00372498")
}

// The reader of the log ends, or stalls: no signal ends the gateway, no call
// hangs, and SIGTERM ends it. What becomes of calls is for the operator to say.
func TestWhoeverReadsTheLog(t *testing.T) {
	t.Parallel() // it waits
	_, sim := startRegistries(t)
	for _, c := range []struct {
		name    string
		happens func(*logReader)
	}{
		{"ends", (*logReader).close},
		{"stalls", (*logReader).stall},
	} {
		t.Run(c.name+"/wait", func(t *testing.T) {
			p, a := startPiped(t, sim)
			if got := p.ask().statusLine(); got != egon.OK {
				t.Fatal(got)
			}
			c.happens(a)
			var last *reply
			for range 1000 { // the pipe holds some lines
				if last = p.ask(); last.statusLine() != egon.OK {
					break
				}
			}
			if got := last.statusLine(); got != "CHYBA (NENI K DISPOZICI)" || !strings.Contains(text(last.root, "VysledekPopis"), "BR_211") {
				t.Errorf("a call: %s %s", got, text(last.root, "VysledekPopis"))
			}
			if status, said := p.ready(); status != http.StatusServiceUnavailable || !strings.Contains(said, "[-] log: blocked for ") {
				t.Errorf("/readyz: %d %s", status, said)
			}
			if code := p.end(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
		t.Run(c.name+"/drop", func(t *testing.T) {
			p, a := startPiped(t, sim, "when_blocked: wait", "when_blocked: drop")
			c.happens(a)
			served := 0
			eventually(t, "the log is told as blocked", func() bool {
				if served++; p.ask().statusLine() != egon.OK {
					t.Fatal("a call is not served")
				}
				status, said := p.ready()
				return status == http.StatusOK && strings.Contains(said, "[!] log: blocked for ")
			})
			if got := p.metric("brana_log_lines_lost_total"); got != "0" {
				t.Errorf("%s lines are lost, though there is room for them", got)
			}
			if c.name == "stalls" {
				a.resume()
				eventually(t, "the log goes on", func() bool { return a.log.line("log was blocked") != nil })
				checkLines(t, a.log.String(), served)
			}
			if code := p.end(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// SIGTERM ends the process also when a call does not end and nobody reads the
// log, not even its last words.
func TestSigtermWithALogThatNobodyReads(t *testing.T) {
	t.Parallel() // it waits
	_, sim := startRegistries(t)
	bus := startBus(t)
	bus.hold = make(chan struct{})
	defer close(bus.hold)
	p, a := startPiped(t, sim, "http://"+sim+"/publikace", bus.url, "drain: 25s", "drain: 1s", "when_blocked: wait", "when_blocked: drop")
	question := message(t, "E05", "--name", "Zoran Vosáhlo")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		response, err := p.client.Do(p.request("E05", bytes.NewReader(question)))
		if err == nil {
			response.Body.Close()
		}
	}()
	eventually(t, "the call runs", func() bool { return p.metric("brana_exchanges_running") == "1" })
	a.stall()
	eventually(t, "the log is told as blocked", func() bool {
		p.ask()
		_, said := p.ready()
		return strings.Contains(said, "[!] log: blocked for ")
	})
	if code := p.end(syscall.SIGTERM); code != exitRefused {
		t.Errorf("exit code %d, want %d", code, exitRefused)
	}
	<-ended
}

// checkLines checks that a log is whole lines, n of them of exchanges.
func checkLines(t *testing.T, log string, exchanges int) {
	t.Helper()
	for line := range strings.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("a line is torn: %q", line)
		}
		if fields["msg"] == "exchange" {
			exchanges--
		}
	}
	if exchanges != 0 {
		t.Errorf("%d lines of exchanges are missing", exchanges)
	}
}
