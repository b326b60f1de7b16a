package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"brana/disktest"
	"brana/egon"
)

// The file system of the log is full for a while: no line is torn, and each is
// there in the end.
func TestTheDiskOfTheLogIsFull(t *testing.T) {
	disk := disktest.Memory(t, "16k")
	file, err := os.OpenFile(filepath.Join(disk.Dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, sim := startRegistries(t)
	log := &logBuffer{file: file.Name()}
	p := runProcessTo(t, file, log, "serve", "-c", serveFile(t, sim, "when_blocked: wait", "when_blocked: drop"))
	served := 0
	eventually(t, "the log is told as blocked", func() bool {
		if served++; p.ask().statusLine() != egon.OK {
			t.Fatal("a call is not served")
		}
		_, said := p.ready()
		return strings.Contains(said, "[!] log: blocked for ") && strings.Contains(said, "no space left")
	})
	disk.Resize("1m")
	eventually(t, "the log goes on", func() bool { return log.line("log was blocked") != nil })
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	checkLines(t, log.String(), served)
}

// shrinkPipe lets a pipe hold a page, some lines of the log, so that a few calls fill
// it.
func shrinkPipe(t *testing.T, pipe *os.File) {
	t.Helper()
	const setPipeSize = 1031 // F_SETPIPE_SZ of fcntl(2)
	raw, err := pipe.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, uintptr(os.Getpagesize()))
	})
	if err != nil || errno != 0 {
		t.Fatalf("shrink the pipe: %v, %v", err, errno)
	}
}
