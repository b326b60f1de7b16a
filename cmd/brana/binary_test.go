package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"brana/cmd/brana/config"
)

// binary builds the real program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "brana-test-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "brana")
	output, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", errors.New(err.Error() + ": " + string(output))
	}
	built = dir
	return file, nil
})

// built is the folder to remove when all tests have ended.
var built string

func removeBinary() {
	if built != "" {
		os.RemoveAll(built)
	}
}

// A process is the real program, serving.
type process struct {
	*world // how it is called
	cmd    *exec.Cmd
	dir    string // of brana.yaml
	log    *logBuffer
}

// serveFile writes the example configuration, changed by pairs of old and new
// text, with the sample policy beside it, and returns its path.
func serveFile(t testing.TB, sim string, change ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.NewReplacer("127.0.0.1:8080", "127.0.0.1:0", "127.0.0.1:8081", "127.0.0.1:0", "127.0.0.1:8090",
		sim).Replace(string(config.Example))
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			t.Fatalf("%s is not in the example", change[i])
		}
		text = strings.ReplaceAll(text, change[i], change[i+1])
	}
	file := filepath.Join(dir, "brana.yaml")
	write(t, file, text)
	for from, to := range map[string]string{"sample/grants.yaml": "policy/grants.yaml", "sample/matrix.csv": "matrix.csv"} {
		text, err := sample.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, to), string(text))
	}
	return file
}

func write(t testing.TB, file, text string) {
	t.Helper()
	err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

// startProcess runs brana serve and waits until it serves.
func startProcess(t testing.TB, sim string, change ...string) *process {
	t.Helper()
	file := serveFile(t, sim, change...)
	p := runProcess(t, "serve", "-c", file)
	p.dir = filepath.Dir(file)
	return p
}

// runProcess runs the program with a verb that serves.
func runProcess(t testing.TB, args ...string) *process {
	t.Helper()
	log := &logBuffer{}
	return runProcessTo(t, log, log, args...)
}

// runProcessTo runs the program with a verb that serves. The bytes that it writes
// to stderr must get into log.
func runProcessTo(t testing.TB, stderr io.Writer, log *logBuffer, args ...string) *process {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return runProgram(t, exec.Command(program, args...), stderr, log)
}

// runProgram runs a command of the program that serves. The bytes that it writes to
// stderr must get into log.
func runProgram(t testing.TB, cmd *exec.Cmd, stderr io.Writer, log *logBuffer) *process {
	t.Helper()
	p := &process{cmd: cmd, log: log}
	p.cmd.Stderr = stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("its log:\n%s", p.log.String())
		}
	})
	var serving map[string]any
	eventually(t, "the process serves", func() bool { serving = p.log.line("serving"); return serving != nil })
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	t.Cleanup(client.CloseIdleConnections)
	p.world = &world{t: t, client: client, gateway: "http://" + serving["listen"].(string) + "/publikace",
		admin: "http://" + serving["admin"].(string)}
	return p
}

// end sends a signal and returns the exit code.
func (p *process) end(signal syscall.Signal) int {
	p.t.Helper()
	p.client.CloseIdleConnections() // for which it would linger
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	return p.wait()
}

func (p *process) wait() int {
	ended := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() }) // a hang is a failure
	defer ended.Stop()
	_ = p.cmd.Wait() // the exit code says it all
	return p.cmd.ProcessState.ExitCode()
}

// ready is the status and the text of /readyz.
func (p *process) ready() (int, string) {
	p.t.Helper()
	response, err := p.client.Get(p.admin + "/readyz?verbose")
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// A logBuffer holds the output of a process so far.
type logBuffer struct {
	file string // that the process writes to; empty: it writes to the buffer
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	if b.file != "" {
		text, _ := os.ReadFile(b.file) // of a file that is gone: nothing
		return string(text)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// line is the first line with a message, or nil.
func (b *logBuffer) line(message string) map[string]any {
	for line := range strings.Lines(b.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == message {
			return fields
		}
	}
	return nil
}
