package stand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Process is a child of this process. Stop ends it.
type Process struct {
	Name string
	Log  string // file of its output

	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // why; read it after ended
}

// Command is a program to start.
type Command struct {
	Name  string
	Dir   string // in which it runs, and which gets its log
	Args  []string
	Env   []string     // KEY=VALUE, beside the environment of this process
	Ready func() error // returns nil when the program serves; called until then
	Piped bool         // its output is a pipe, as in a container, and not a file
}

// patience is the longest time that a process may take to serve, and to end.
const patience = 20 * time.Second

// Start starts a process and waits until it is ready.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{
		Name:  c.Name,
		Log:   filepath.Join(c.Dir, c.Name+".log"),
		ended: make(chan struct{}),
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	program, err := find(c.Args[0])
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.Name, err), log.Close())
	}
	p.cmd = exec.Command(program, c.Args[1:]...)
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = c.Dir, log, log
	if c.Piped {
		p.cmd.Stderr = struct{ io.Writer }{log}
	}
	p.cmd.SysProcAttr = ownGroup() // Ctrl-C ends the run, and the run ends the process
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.Name, err), log.Close())
	}
	go func() {
		// After Wait the log has all that came through a pipe.
		p.err = errors.Join(p.cmd.Wait(), log.Close())
		close(p.ended)
	}()
	if err := p.await(ctx, c.Ready); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w%s", c.Name, err, p.said()), p.Stop())
	}
	return p, nil
}

// await waits until a process is ready.
func (p *Process) await(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it ended: %w", errors.Join(p.err, err))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *Process) said() string {
	if words := p.LastWords(); words != "" {
		return "; " + words
	}
	return ""
}

// LastWords is the end of the output of a process; empty without output.
func (p *Process) LastWords() string {
	text, err := os.ReadFile(p.Log)
	if err != nil || len(text) == 0 {
		return ""
	}
	return "it said: " + strings.TrimSpace(string(text[max(0, len(text)-1000):]))
}

// PID is the process, of which others may be children.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended reports whether the process has ended by itself.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Stop ends the process by SIGTERM, and its children through it. A process that
// does not end is killed, which is an error.
func (p *Process) Stop() error {
	if p.Ended() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("stop %s: it had to be killed", p.Name)
}

// Port is a port of 127.0.0.1 that is free at this moment.
func Port() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Accepts returns a check that an address takes connections.
func Accepts(address string) func() error {
	return func() error {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// find is the path of a program. It looks into the folders of daemons too, which
// PATH may lack.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if err != nil {
			path, err = exec.LookPath(filepath.Join(dir, name))
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return path, nil
}

// version is the first line that the program at a path prints with -v.
func version(path string) (string, error) {
	said, err := exec.Command(path, "-v").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask %s what it is: %w", path, err)
	}
	line, _, _ := strings.Cut(string(said), "\n")
	return line, nil
}

// discard reads a reply to its end.
func discard(body io.ReadCloser) error {
	_, err := io.Copy(io.Discard, body)
	return errors.Join(err, body.Close())
}
