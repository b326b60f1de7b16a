package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A call may begin to wait after the writer has decided to write a batch and before it takes
// the batch, which is long if a segment begins in between. It is released once it is on the
// disk, though the batch was without a call when it was decided upon.
func TestACallThatJoinsABatchLate(t *testing.T) {
	for _, op := range []string{"sync", "create", "rename", "sync folder"} {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { joinsLate(t, op) })
		})
	}
}

func joinsLate(t *testing.T, op string) {
	stall := make(chan struct{})
	var armed, met atomic.Bool
	x := newTrial(t, Config{Size: 4000}, func(o string, _ int) (f fault) {
		if o == op && armed.Swap(false) {
			met.Store(true)
			f.stall = stall
		}
		return f
	})
	x.leave("outcome " + strings.Repeat("x", 2000))
	time.Sleep(5 * time.Millisecond) // it is written, and not confirmed
	armed.Store(true)
	x.leave("outcome that has no room " + strings.Repeat("x", 2000))
	time.Sleep(5 * time.Millisecond)
	if !met.Load() {
		t.Fatalf("no segment begins: %v", x.disk.ops)
	}
	var at string
	go func() {
		if err := x.await("late"); err != nil {
			t.Error(err)
		}
		at = x.unsafe()
	}()
	synctest.Wait()
	close(stall)
	synctest.Wait()
	if at != "" {
		t.Errorf("a call was released before its line was on the disk: %s", at)
	}
	closed(t, x.j)
	x.holds(true)
}

// unsafe names the files of which something is not on the disk.
func (x *trial) unsafe() (list string) {
	x.disk.mu.Lock()
	defer x.disk.mu.Unlock()
	for made, safe := range x.disk.safe {
		name := strings.TrimSuffix(made, extMaking)
		info, err := os.Stat(filepath.Join(x.dir, name))
		if err != nil || info.Size() != safe {
			list += fmt.Sprintf("%s: %d bytes of %d (%v) ", name, safe, info.Size(), err)
		}
	}
	return list
}
