package journal

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A trial is a journal whose disk fails, and what its callers were promised.
type trial struct {
	t       *testing.T
	dir     string
	j       *Journal
	disk    *faulty
	events  []Event
	seqs    []uint64 // of the lines in acked
	acked   []string // names of lines that a call waited for, with success
	refused []string
	free    []string // that nobody waited for
	mu      sync.Mutex
}

func newTrial(t *testing.T, cfg Config, plan func(op string, number int) fault) *trial {
	t.Helper()
	x := &trial{t: t, dir: cfg.Dir}
	if cfg.Dir == "" {
		x.dir = quickDir(t)
		cfg.Dir = x.dir
	}
	x.disk, cfg.disk = newFaulty(t, plan)
	cfg.Event = func(e Event) { x.events = append(x.events, e) }
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	x.j = j
	return x
}

// quickDir is a folder in memory if the machine has one: what was synced matters to no test
// that has it.
func quickDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "journal")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// await appends a line and waits for it.
func (x *trial) await(name string) error {
	x.t.Helper()
	seq, err := x.j.Append(record(name), true)
	if err == nil {
		x.acked, x.seqs = append(x.acked, name), append(x.seqs, seq)
	} else {
		x.refused = append(x.refused, name)
	}
	return err
}

// leave appends a line and does not wait.
func (x *trial) leave(name string) {
	x.t.Helper()
	if _, err := x.j.Append(record(name), false); err != nil {
		x.t.Errorf("%s: %v", name, err)
	}
	x.free = append(x.free, name)
}

// holds fails unless the folder is a whole chain, with each line that was promised once,
// and none that was not appended. It opens the journal again and appends one more.
func (x *trial) holds(free bool) {
	x.t.Helper()
	j, err := Open(Config{Dir: x.dir})
	if err != nil {
		x.t.Fatal(err)
	}
	appended(x.t, j, "again")
	closed(x.t, j)
	chain := wholeChain(x.t, x.dir)
	for i, seq := range x.seqs {
		if got := chain[seq-1].Name; got != x.acked[i] {
			x.t.Errorf("line %d is %q, and was promised to be %q", seq, got, x.acked[i])
		}
	}
	times := map[string]int{}
	for _, name := range names(chain) {
		times[name]++
	}
	promised := append(slices.Clone(x.acked), "again")
	if free {
		promised = append(promised, x.free...)
	}
	for _, name := range promised {
		if times[name] != 1 {
			x.t.Errorf("%s is there %d times", name, times[name])
		}
		delete(times, name)
	}
	for name, n := range times {
		if n != 1 || !slices.Contains(x.refused, name) && !slices.Contains(x.free, name) {
			x.t.Errorf("%s is there %d times", name, n)
		}
	}
	if x.t.Failed() {
		x.t.Logf("operations %q", x.disk.ops)
	}
}

func (x *trial) happened(what Happening) bool {
	return slices.ContainsFunc(x.events, func(e Event) bool { return e.What == what })
}

// story appends lines of both sorts, with pauses in which they reach the disk by
// themselves, over several segments, and closes the journal.
func (x *trial) story() error {
	for n := range 12 {
		if x.await(fmt.Sprintf("intent %d", n)) != nil {
			synctest.Wait() // for the next segment, unless that fails as well
		}
		x.leave(fmt.Sprintf("outcome %d", n))
		if n%4 == 0 {
			x.leave(fmt.Sprintf("another outcome %d", n)) // in the batch of the next call, with the first
		}
		if n%3 == 0 {
			time.Sleep(5 * time.Millisecond) // written, not confirmed
		}
		if n%5 == 0 {
			time.Sleep(2 * time.Second)
		}
	}
	time.Sleep(10 * time.Second) // until a segment could be begun again
	if err := x.j.Blocked(); err != nil {
		x.t.Errorf("it is blocked after the fault: %v", err)
	}
	if x.await("last") != nil { // the fault came so late
		synctest.Wait()
		if err := x.await("the very last"); err != nil {
			x.t.Errorf("after the fault: %v", err)
		}
	}
	return x.j.Close()
}
