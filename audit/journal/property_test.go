package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// A step is one thing that happens to a journal in a random history.
type step struct {
	what  string
	op    string // fails: the operations that fail; empty: all
	count int    // of lines, or of operations that fail
	share float64
	pause time.Duration
	cut   float64 // loses power: how much remains of what was written and not synced
	zeros bool    // and whether the rest is zeros
}

func (s step) String() string { return fmt.Sprintf("%+v", struct{ step }{s}.step) }

func drawStep(rt *rapid.T) step {
	s := step{
		what: rapid.SampledFrom([]string{
			"calls", "calls", "outcomes", "outcomes",
			"pauses", "fails", "stalls", "dies", "loses power", "restarts",
		}).Draw(rt, "what"),
		count: rapid.IntRange(1, 12).Draw(rt, "count"),
	}
	pause := rapid.SampledFrom([]time.Duration{0, time.Millisecond, 3 * time.Millisecond, time.Second,
		7 * time.Second, 2 * time.Hour})
	switch s.what {
	case "pauses", "stalls":
		s.pause = pause.Draw(rt, "pause")
	case "fails":
		s.op = rapid.SampledFrom([]string{
			"", "write", "sync", "create", "rename", "sync folder", "remove",
		}).Draw(rt, "op")
		s.share = rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(rt, "share")
	case "loses power":
		s.cut = rapid.Float64Range(0, 1).Draw(rt, "cut")
		s.zeros = rapid.Bool().Draw(rt, "zeros")
	}
	return s
}

// A history is a journal to which steps happen, and what must be true of it.
type history struct {
	t    *testing.T
	cfg  Config
	j    *Journal
	disk *faulty
	said []string // what is wrong

	mu    sync.Mutex // guards the rest
	fault step       // in force
	stall chan struct{}
	life  int // a journal that was opened
	next  int
	lines map[string]promise // by name
	free  []string           // lines of this life that nobody waits for, and that were taken
}

// A promise is what is known of a line: how often it is there, at least and at most.
type promise struct {
	least, most int
	seq         uint64 // of a line that a call waited for; 0: unknown
}

func (h *history) open() {
	h.disk, h.cfg.disk = newFaulty(h.t, h.plan)
	j, err := Open(h.cfg)
	if err != nil {
		h.wrong("open: %v", err)
		return
	}
	h.j = j
}

func (h *history) wrong(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, fmt.Sprintf(format, args...))
}

// plan is the fault of an operation, by the step in force.
func (h *history) plan(op string, _ int) fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := fault{stall: h.stall}
	if h.fault.count > 0 && (h.fault.op == "" || h.fault.op == op) && op != "close" {
		h.fault.count--
		f.fails, f.share = true, h.fault.share
	}
	return f
}

// call appends a line that it waits for, and notes its fate.
func (h *history) call(wait bool) {
	h.mu.Lock()
	h.next++
	name := fmt.Sprintf("%d", h.next)
	h.lines[name] = promise{0, 1, 0}
	life := h.life
	h.mu.Unlock()
	seq, err := h.j.Append(record(name), wait)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.life != life: // its process has died before it could answer
	case err == nil && wait:
		h.lines[name] = promise{1, 1, seq}
	case err == nil:
		h.free = append(h.free, name)
	case !wait:
		h.lines[name] = promise{0, 0, 0}
	}
}

// happen performs a step. Calls that it begins have ended, or wait for a disk that stalls.
func (h *history) happen(s step) {
	switch s.what {
	case "calls", "outcomes":
		for range s.count {
			go h.call(s.what == "calls")
		}
		synctest.Wait()
	case "pauses":
		time.Sleep(s.pause)
		synctest.Wait()
	case "fails":
		h.mu.Lock()
		h.fault = s
		h.mu.Unlock()
	case "stalls":
		stall := make(chan struct{})
		h.mu.Lock()
		h.stall = stall
		h.mu.Unlock()
		for range s.count {
			go h.call(true)
		}
		time.Sleep(s.pause)
		h.mu.Lock()
		h.stall = nil
		h.mu.Unlock()
		close(stall)
		synctest.Wait()
	case "dies":
		h.die(1, false)
	case "loses power":
		if h.cfg.Durability == BeforeAnswer {
			h.die(s.cut, s.zeros)
		}
	case "restarts":
		h.restart()
	}
}

// restart closes the journal when the disk is well again: each line that was taken is there.
func (h *history) restart() {
	h.mu.Lock()
	h.fault = step{}
	h.mu.Unlock()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	if err := h.j.Close(); err != nil {
		h.wrong("close: %v", err)
	}
	synctest.Wait()
	for _, name := range h.free {
		h.lines[name] = promise{1, 1, 0}
	}
	h.free = nil
	h.check()
	h.open()
}

// die goes on in a copy of the folder, as it is when the process is killed or the power
// lost.
func (h *history) die(remains float64, zeros bool) {
	synctest.Wait()
	dir := quickDir(h.t)
	entries, err := os.ReadDir(h.cfg.Dir)
	if err != nil {
		h.wrong("%v", err)
		return
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(h.cfg.Dir, e.Name()))
		if err != nil {
			h.wrong("%v", err)
			return
		}
		h.disk.mu.Lock()
		safe, ours := h.disk.safe[e.Name()+extMaking]
		h.disk.mu.Unlock()
		if ours && int(safe) < len(text) {
			left := int(safe) + int(remains*float64(len(text)-int(safe)))
			rest := bytes.Repeat([]byte{0}, len(text)-left)
			if text = text[:left]; zeros {
				text = append(text, rest...)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, fileMode); err != nil {
			h.wrong("%v", err)
			return
		}
	}
	h.mu.Lock()
	h.life++
	h.fault, h.free = step{}, nil
	h.mu.Unlock()
	_ = h.j.Close() // in the folder that is left
	h.cfg.Dir = dir
	h.open()
	h.check()
}

// check compares the folder with what is promised. After it no line comes that is not
// there: each has died, been refused or been written.
func (h *history) check() {
	synctest.Wait()
	chain, err := checkChain(h.cfg.Dir)
	if err == nil {
		err = checkOrder(chain)
	}
	if err != nil {
		h.wrong("%v", err)
		return
	}
	times := map[string]int{}
	for _, name := range names(chain) {
		times[name]++
	}
	for name, p := range h.lines {
		if n := times[name]; n < p.least || n > p.most {
			h.wrong("%s is there %d times, want %+v", name, n, p)
		}
		if p.seq > 0 && (p.seq > uint64(len(chain)) || chain[p.seq-1].Name != name) {
			h.wrong("line %d is not %s", p.seq, name)
		}
		h.lines[name] = promise{times[name], times[name], p.seq}
		delete(times, name)
	}
	if len(times) > 0 {
		h.wrong("lines that nobody appended: %v", times)
	}
	for _, line := range chain {
		if line.Before != nil && line.Before.Cause == Damaged {
			h.wrong("taken for damage: %s", line.raw)
		}
	}
}

// In any history of a journal, its chain is whole, each promise is kept, and no line is
// there twice.
func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 25).Draw(rt, "steps")
		durability := rapid.SampledFrom([]Durability{BeforeAnswer, Interval, System}).Draw(rt, "durability")
		var said []string
		synctest.Test(t, func(t *testing.T) {
			h := &history{t: t, lines: map[string]promise{}}
			h.cfg = Config{Dir: quickDir(t), Size: 2500, Durability: durability}
			h.open()
			for _, s := range steps {
				if h.happen(s); len(h.said) > 0 {
					break
				}
			}
			if len(h.said) == 0 {
				h.restart()
			}
			_ = h.j.Close()
			said = h.said
		})
		if len(said) > 0 {
			rt.Fatalf("%s", said)
		}
	})
}
