package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"brana/disktest"
)

// until waits for a condition that a disk brings about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// On a real disk is a journal on a real disk, and what its callers were promised.
type onDisk struct {
	t     *testing.T
	dir   string
	j     *Journal
	mu    sync.Mutex
	acked []string
	count int
}

func openedOn(t *testing.T, d *disktest.Disk, cfg Config) *onDisk {
	t.Helper()
	x := &onDisk{t: t, dir: filepath.Join(d.Dir, "audit")}
	cfg.Dir = x.dir
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	x.j = j
	t.Cleanup(func() { j.Close() })
	return x
}

// call appends a line that it waits for, and one that nobody waits for.
func (x *onDisk) call() error {
	x.mu.Lock()
	x.count++
	name := fmt.Sprint(x.count)
	x.mu.Unlock()
	_, err := x.j.Append(record(name), true)
	if err != nil {
		return err
	}
	_, _ = x.j.Append(record(name+" outcome"), false)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.acked = append(x.acked, name)
	return nil
}

// calls has callers call until one of them meets an error.
func (x *onDisk) calls(callers int) error {
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	for range callers {
		wg.Go(func() {
			for {
				if err := x.call(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	return <-errs
}

// holds opens the journal again and fails unless all that was promised is there, once,
// with the outcomes if they are wanted as well.
func (x *onDisk) holds(outcomes bool) (chain []found) {
	x.t.Helper()
	closed(x.t, opened(x.t, Config{Dir: x.dir}))
	chain = wholeChain(x.t, x.dir)
	there := names(chain)
	slices.Sort(there)
	if len(there) != len(slices.Compact(slices.Clone(there))) {
		x.t.Error("a line is there twice")
	}
	for _, name := range x.acked {
		if _, ok := slices.BinarySearch(there, name); !ok {
			x.t.Errorf("%s was promised and is missing", name)
		}
		if _, ok := slices.BinarySearch(there, name+" outcome"); !ok && outcomes {
			x.t.Errorf("the outcome of %s is missing", name)
		}
	}
	x.t.Logf("%d promised, %d there", len(x.acked), len(there))
	return chain
}

func TestFullDisk(t *testing.T) {
	for name, d := range map[string]*disktest.Disk{
		"memory": disktest.Memory(t, "256k"),
		"ext4":   disktest.Ext4(t),
	} {
		x := openedOn(t, d, Config{Size: 20000})
		for range 20 {
			if err := x.call(); err != nil {
				t.Fatal(err)
			}
		}
		d.Fill()
		if err := x.calls(4); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: a call on a full disk: %v", name, err)
		}
		until(t, "blocked", func() bool { return errors.Is(x.j.Blocked(), syscall.ENOSPC) })
		d.Free()
		until(t, "unblocked", func() bool { return x.j.Blocked() == nil })
		until(t, "a call", func() bool { return x.call() == nil })
		if err := x.j.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		x.holds(true)
	}
}

func TestDiskThatTurnsReadOnly(t *testing.T) {
	d := disktest.Ext4(t)
	x := openedOn(t, d, Config{})
	if err := x.call(); err != nil {
		t.Fatal(err)
	}
	d.TurnReadOnly()
	if err := x.calls(1); err == nil {
		t.Error("no error")
	}
	until(t, "blocked", func() bool { return errors.Is(x.j.Blocked(), syscall.EROFS) })
	if err := x.j.Close(); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Close: %v", err)
	}
	d.Restore()
	x.holds(false)
}

func TestDiskThatIsSlow(t *testing.T) {
	d := disktest.Ext4(t)
	x := openedOn(t, d, Config{Timeout: 100 * time.Millisecond})
	if err := x.call(); err != nil {
		t.Fatal(err)
	}
	d.Freeze()
	if err := x.calls(4); err == nil || err.Error() != "the disk has not answered for 100ms" {
		t.Errorf("a call on a frozen disk: %v", err)
	}
	d.Thaw()
	until(t, "unblocked", func() bool { return x.j.Blocked() == nil })
	if err := x.call(); err != nil {
		t.Error(err)
	}
	closed(t, x.j)
	x.holds(true)
}

// The kernel has taken the write and fails the fdatasync. A second one on the same file
// would report success for bytes that are gone.
func TestDiskWhoseFdatasyncFails(t *testing.T) {
	d := disktest.Unjournaled(t)
	x := openedOn(t, d, Config{Size: 1 << 20})
	for range 50 {
		if err := x.call(); err != nil {
			t.Fatal(err)
		}
	}
	d.FailWrites()
	if err := x.calls(4); err == nil {
		t.Error("no error")
	}
	d.MendWrites()
	until(t, "a call", func() bool { return x.call() == nil })
	closed(t, x.j)
	failed := 0
	for _, line := range x.holds(true) {
		if line.Before != nil && line.Before.Cause == Failed {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no segment has failed")
	}
}

// A loss of power at any moment takes nothing that was promised before an answer.
func TestLossOfPower(t *testing.T) {
	d := disktest.Ext4(t)
	var acked []string
	count := 0
	for range 12 {
		x := openedOn(t, d, Config{Size: 20000, Timeout: time.Second})
		x.acked, x.count = acked, count
		ended := make(chan error, 1)
		go func() { ended <- x.calls(8) }()
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		// An fdatasync that is under way while ext4 is shut down may report success for what is
		// lost, unlike one on a disk without power: what was promised until now counts.
		x.mu.Lock()
		promised := slices.Clone(x.acked)
		x.mu.Unlock()
		d.CutPower()
		if err := <-ended; err == nil {
			t.Error("no error without power")
		}
		if err := x.j.Close(); err == nil {
			t.Error("the journal was sealed without power")
		}
		d.Restore()
		x.acked = promised
		x.holds(false)
		acked, count = x.acked, x.count
	}
	if len(acked) < 12 {
		t.Errorf("%d lines were promised: too few to show anything", len(acked))
	}
}

// A disk that cannot be written to when the gateway starts does not keep it from starting.
func TestStartOnAFullDisk(t *testing.T) {
	d := disktest.Ext4(t)
	dir := filepath.Join(d.Dir, "audit")
	closed(t, opened(t, Config{Dir: dir}))
	d.Fill()
	x := openedOn(t, d, Config{})
	if _, err := x.j.Append(record("outcome"), false); err != nil {
		t.Error(err)
	}
	until(t, "blocked", func() bool { return errors.Is(x.j.Blocked(), syscall.ENOSPC) })
	if err := x.call(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a call: %v", err)
	}
	d.Free()
	until(t, "a call", func() bool { return x.call() == nil })
	closed(t, x.j)
	if got := names(x.holds(true)); !slices.Contains(got, "outcome") {
		t.Errorf("the line that was kept is missing: %v", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == extMaking {
			t.Errorf("%s is left", e.Name())
		}
	}
}

// A full disk fails a compression, and takes nothing from the plain file.
func TestCompressionOnAFullDisk(t *testing.T) {
	d := disktest.Memory(t, "128k")
	m := journalOf()
	m.close()
	put(t, d.Dir, m.files)
	d.Fill()
	failsToCompress(t, d.Dir, m, "no space left")
}
