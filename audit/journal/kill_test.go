package journal

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// childDir is the variable that makes the test program a writer of a journal, in a folder.
const childDir = "JOURNAL_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir, Durability(os.Getenv("JOURNAL_CHILD_DURABILITY")), os.Getenv("JOURNAL_CHILD_NAME"))
		return
	}
	os.Exit(m.Run())
}

// child appends lines until it is killed, and prints the name of each one once it is
// promised. Its segments are short, so that it often begins one.
func child(dir string, durability Durability, name string) {
	j, err := Open(Config{Dir: dir, Durability: durability, Size: 3000})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for caller := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				line := fmt.Sprintf("%s.%d.%d", name, caller, n)
				if _, err := j.Append(record(line), true); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Fprintln(os.Stdout, line) // a pipe takes a short line whole
				_, _ = j.Append(record(line+" outcome"), false)
			}
		})
	}
	wg.Wait()
}

// Writers are killed at any point, one after the other in one folder. Each line that was
// promised is there, and the chain is whole.
func TestKilledWriters(t *testing.T) {
	for _, durability := range []Durability{BeforeAnswer, System} {
		t.Run(string(durability), func(t *testing.T) {
			t.Parallel()
			dir := quickDir(t)
			promised := map[string]bool{}
			for n := range 40 {
				for _, name := range killed(t, dir, durability, fmt.Sprint(n)) {
					promised[name] = true
				}
			}
			closed(t, opened(t, Config{Dir: dir}))
			chain := wholeChain(t, dir)
			times := map[string]int{}
			for _, name := range names(chain) {
				times[name]++
			}
			for name := range promised {
				if times[name] != 1 {
					t.Errorf("%s was promised and is there %d times", name, times[name])
				}
			}
			for name, n := range times {
				if n != 1 {
					t.Errorf("%s is there %d times", name, n)
				}
			}
			for _, line := range chain {
				if line.Before != nil && line.Before.Cause != Sealed && line.Before.Cause != Crashed {
					t.Errorf("a kill was taken for something else: %s", line.raw)
				}
			}
			t.Logf("%d lines were promised, %d are there, in %d lines", len(promised), len(times), len(chain))
			if len(promised) < 100 {
				t.Error("too few lines to show anything")
			}
		})
	}
}

// killed runs a child and kills it, at once or after some lines. It returns what the child
// has promised.
func killed(t *testing.T, dir string, durability Durability, name string) (promised []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir,
		"JOURNAL_CHILD_DURABILITY="+string(durability), "JOURNAL_CHILD_NAME="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if rand.IntN(5) == 0 { // at the start: while it opens, recovers, or makes its first segment
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
	} else {
		for range rand.IntN(120) {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			promised = append(promised, line[:len(line)-1])
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(rest)) {
		promised = append(promised, strings.TrimSuffix(line, "\n"))
	}
	_ = cmd.Wait() // killed
	return promised
}
