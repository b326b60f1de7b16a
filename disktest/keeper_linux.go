package disktest

import (
	"io"
	"os/exec"
	"syscall"
	"testing"
)

// A keeper is a process that waits for the end of the test's process, and unmounts what
// that one left behind.
type keeper struct {
	command *exec.Cmd
	stdin   io.WriteCloser // its end is that of the test's process
}

// keepScript reads a word when all is unmounted, and nothing when the test has died.
const keepScript = `read word && exit
for dir; do fsfreeze -u "$dir"; umount -l "$dir"; done 2>/dev/null`

// keep starts the keeper of what is mounted at folders, the innermost first.
func keep(t testing.TB, dirs []string) *keeper {
	t.Helper()
	arguments := append([]string{"-c", keepScript, "keeper"}, dirs...)
	k := &keeper{command: exec.Command("sh", arguments...)}
	k.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test
	stdin, err := k.command.StdinPipe()
	if err == nil {
		err = k.command.Start()
	}
	if err != nil {
		t.Fatalf("watch over the file systems of the test: %v", err)
	}
	k.stdin = stdin
	return k
}

// end ends the keeper without unmounting anything.
func (k *keeper) end() {
	if k == nil {
		return
	}
	_, _ = io.WriteString(k.stdin, "end\n")
	_ = k.stdin.Close()
	_ = k.command.Wait()
}
