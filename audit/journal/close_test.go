package journal

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := make(chan struct{})
		var armed atomic.Bool
		x := newTrial(t, Config{Timeout: 5 * time.Second}, func(op string, _ int) (f fault) {
			if armed.Load() && op == "sync" {
				f.stall = stall
			}
			return f
		})
		x.leave("outcome")
		armed.Store(true)
		began := time.Now()
		err := x.j.Close()
		if took := time.Since(began); err == nil || took != 5*time.Second {
			t.Errorf("Close: %v after %v", err, took)
		}
		_, err = Open(Config{Dir: x.dir})
		if err == nil || !strings.Contains(err.Error(), "another gateway") {
			t.Errorf("the folder is free while the disk is at work: %v", err)
		}
		close(stall)
	})
}

func TestCloseOfABlockedJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		x := newTrial(t, Config{}, func(string, int) fault { return fault{fails: full.Load()} })
		full.Store(true)
		_ = x.await("refused")
		x.leave("outcome")
		time.Sleep(10 * time.Second)
		if err := x.j.Close(); !errors.Is(err, errFault) {
			t.Errorf("Close: %v", err)
		}
		if lost := x.j.Stats().Lost; lost != 1 {
			t.Errorf("%d lines are lost, want 1", lost)
		}
		full.Store(false)
		x.holds(false)
	})
}

// A journal that was blocked writes what it has kept when it is closed, if the disk takes
// it by then.
func TestCloseWritesWhatWasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		x := newTrial(t, Config{}, func(string, int) fault { return fault{fails: full.Load()} })
		full.Store(true)
		_ = x.await("refused")
		x.leave("outcome")
		time.Sleep(9950 * time.Millisecond)
		full.Store(false)
		if err := x.j.Close(); err != nil {
			t.Error(err)
		}
		x.holds(true)
	})
}

// A journal that cannot seal its last segment says so, also when no line waits any more.
func TestCloseSaysThatThereIsNoSeal(t *testing.T) {
	for _, durability := range []Durability{BeforeAnswer, Interval, System} {
		synctest.Test(t, func(t *testing.T) {
			var broken atomic.Bool
			x := newTrial(t, Config{Durability: durability}, func(string, int) fault {
				return fault{fails: broken.Load()}
			})
			if err := x.await("r"); err != nil {
				t.Fatal(err)
			}
			broken.Store(true)
			if err := x.j.Close(); !errors.Is(err, errFault) {
				t.Errorf("%s: Close: %v", durability, err)
			}
		})
	}
}
