package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"brana/audit/journal"
)

// A shipper is a program that sends the lines of a journal elsewhere, as deploy sets it up.
type shipper struct {
	program string
	config  string   // file in deploy
	beside  []string // files of deploy that it reads
	args    func(config, state string) []string
	moved   map[string]string // what the test writes in place of paths and addresses
}

// In the values of moved: the folder of the journal, a folder for the state of the shipper,
// and the port of the collector.
const (
	journalHere   = "{journal}"
	stateHere     = "{state}"
	collectorHere = "{collector}"
)

func shippers() []shipper {
	const folder = "/var/lib/brana/journal"
	return []shipper{{
		program: "vector", config: "vector.yaml",
		args: func(config, _ string) []string { return []string{"--config", config} },
		moved: map[string]string{
			folder:            journalHere,
			"/var/lib/vector": stateHere,
			"127.0.0.1:8480":  "127.0.0.1:" + collectorHere,
		},
	}, {
		program: "fluent-bit", config: "fluent-bit.conf", beside: []string{"fluent-bit-parsers.conf"},
		args: func(config, _ string) []string { return []string{"--config", config} },
		moved: map[string]string{
			folder: journalHere, "/var/lib/fluent-bit": stateHere, " 8480": " " + collectorHere,
		},
	}, {
		program: "rsyslogd", config: "rsyslog.conf",
		args: func(config, state string) []string {
			return []string{"-n", "-f", config, "-i", filepath.Join(state, "pid")}
		},
		moved: map[string]string{
			folder: journalHere, "/var/lib/brana-rsyslog": stateHere, `"5514"`: `"` + collectorHere + `"`,
		},
	}}
}

// A shipper of deploy sends each line of a journal once and byte for byte, while segments
// end under it and are compressed, and when it has been stopped for a while.
func TestShippersLoseAndDoubleNothing(t *testing.T) {
	for _, s := range shippers() {
		t.Run(s.program, func(t *testing.T) {
			if _, err := exec.LookPath(s.program); err != nil {
				t.Skipf("%s is not installed: deploy/%s is not tried here", s.program, s.config)
			}
			dir, collector := t.TempDir(), collect(t)
			config, state := s.configure(t, dir, collector.port)
			j, err := journal.Open(journal.Config{Dir: dir, Gateway: "g1", Version: "v1", Size: 16 << 10})
			if err != nil {
				t.Fatal(err)
			}
			stop := s.start(t, config, state)
			writeLines(t, j, 500)
			written := len(linesOf(t, dir))
			eventually(t, "the lines have come", func() bool { return collector.lines() == written })
			compress(t, dir, j)
			writeLines(t, j, 500)
			stop()
			writeLines(t, j, 500)
			stop = s.start(t, config, state)
			writeLines(t, j, 500)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			want := linesOf(t, dir)
			eventually(t, "all lines have come", func() bool { return collector.lines() >= len(want) })
			stop() // what it would send twice has come by now
			collector.check(t, want)
		})
	}
}

// configure writes the files of a shipper with the paths and addresses of the test.
func (s *shipper) configure(t *testing.T, journal string, port int) (config, state string) {
	t.Helper()
	folder, state := t.TempDir(), t.TempDir()
	here := strings.NewReplacer(
		journalHere, journal, stateHere, state, collectorHere, strconv.Itoa(port))
	for _, name := range append(s.beside, s.config) {
		text, err := os.ReadFile(filepath.Join(root, "deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		moved := string(text)
		for from, to := range s.moved {
			if name == s.config && !strings.Contains(moved, from) {
				t.Fatalf("deploy/%s does not have %q", name, from)
			}
			moved = strings.ReplaceAll(moved, from, here.Replace(to))
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, s.config), state
}

// start runs the shipper; the returned function ends it as an init system does.
func (s *shipper) start(t *testing.T, config, state string) (stop func()) {
	t.Helper()
	cmd := exec.Command(s.program, s.args(config, state)...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", s.program, said.String())
		}
	})
	t.Cleanup(stop)
	return stop
}

func writeLines(t *testing.T, j *journal.Journal, n int) {
	t.Helper()
	for i := range n {
		fields := fmt.Appendf(nil, `"type":"intent","subjekt":"Úřad č. %d \"A\""`, i)
		if _, err := j.Append(fields, i%50 == 49); err != nil {
			t.Fatal(err)
		}
	}
}

// compress has the segments compressed whose lines have been shipped.
func compress(t *testing.T, dir string, j *journal.Journal) {
	t.Helper()
	keeper := journal.StartKeeper(journal.KeepConfig{Dir: dir, Compress: true}, j)
	defer keeper.Close()
	eventually(t, "segments are compressed", func() bool {
		plain, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		compressed, _ := filepath.Glob(filepath.Join(dir, "*.jsonl.zst"))
		return len(plain) == 2 && len(compressed) > 0 // the open one, and the one before it
	})
}

// linesOf are the lines of a journal.
func linesOf(t *testing.T, dir string) (lines []string) {
	t.Helper()
	listing, err := journal.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(listing.Segments) < 4 {
		t.Fatalf("the journal has %d segments: none has ended under the shipper", len(listing.Segments))
	}
	for _, segment := range listing.Segments {
		r, err := segment.Open()
		if err != nil {
			t.Fatal(err)
		}
		for {
			line, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		r.Close()
	}
	return lines
}

// A collector is where lines are shipped to: over HTTP as JSON that has each in "line", or
// over TCP as they are.
type collector struct {
	port int
	mu   sync.Mutex
	got  map[string]int // how often each line came
	n    int
}

func collect(t *testing.T) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	c := &collector{port: listener.Addr().(*net.TCPAddr).Port, got: map[string]int{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	return c
}

// serve takes lines from a connection, whichever of the two it speaks.
func (c *collector) serve(conn net.Conn) {
	defer conn.Close()
	from := bufio.NewReader(conn)
	for first, err := from.Peek(1); err == nil; first, err = from.Peek(1) {
		if first[0] == '{' {
			c.take(from, func(line []byte) (string, error) { return string(line), nil })
			return
		}
		request, err := http.ReadRequest(from)
		if err != nil {
			return
		}
		c.take(request.Body, func(line []byte) (string, error) {
			var event struct{ Line string }
			err := json.Unmarshal(line, &event)
			return event.Line, err
		})
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
}

func (c *collector) take(from io.Reader, line func([]byte) (string, error)) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		text, err := line(scanner.Bytes())
		if err != nil {
			text = err.Error() // no line of the journal: check names it
		}
		c.mu.Lock()
		c.got[text]++
		c.n++
		c.mu.Unlock()
	}
}

func (c *collector) lines() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// check compares what has come with the lines of the journal.
func (c *collector) check(t *testing.T, want []string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	lost, doubled := 0, 0
	for _, line := range want {
		switch n := c.got[line]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
		delete(c.got, line)
	}
	t.Logf("%d lines written, %d came", len(want), c.n)
	if lost+doubled+len(c.got) > 0 {
		t.Errorf("of %d lines %d were lost and %d doubled, and %d others came",
			len(want), lost, doubled, len(c.got))
	}
}
