package journal

import (
	"errors"
	"sync"
	"testing"
)

// errFault is what an injected fault returns.
var errFault = errors.New("injected fault")

// A fault is what becomes of one operation on a disk.
type fault struct {
	fails bool
	share float64       // of the bytes, or the effect, that come through nevertheless
	stall chan struct{} // it returns when this is closed; nil: at once
}

// A faulty disk is a real folder whose operations fail as a test says. A file of it that
// has failed once must not be used again.
type faulty struct {
	disk
	t    testing.TB
	mu   sync.Mutex
	ops  []string                          // that were begun
	plan func(op string, number int) fault // for each of them, from 1
	safe map[string]int64                  // bytes that were synced, by the name a file was made with
}

func newFaulty(
	t testing.TB, plan func(op string, number int) fault,
) (*faulty, func(dir string) disk) {
	d := &faulty{t: t, plan: plan, safe: map[string]int64{}}
	return d, func(dir string) disk {
		d.disk = folder(dir)
		return d
	}
}

// meet notes an operation and returns its fault, after the stall.
func (d *faulty) meet(op string) fault {
	d.mu.Lock()
	d.ops = append(d.ops, op)
	f := d.plan(op, len(d.ops))
	d.mu.Unlock()
	if f.stall != nil {
		<-f.stall
	}
	return f
}

// count returns how many operations were begun.
func (d *faulty) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

// do performs an operation that has an effect or none.
func (d *faulty) do(op string, effect func() error) error {
	f := d.meet(op)
	if f.fails && f.share < 1 {
		return errFault
	}
	err := effect()
	if f.fails {
		err = errFault
	}
	return err
}

func (d *faulty) Create(name string) (created file, err error) {
	err = d.do("create", func() error {
		created, err = d.disk.Create(name)
		return err
	})
	if err != nil {
		if created != nil {
			_ = created.Close()
		}
		return nil, err
	}
	return &faultyFile{file: created, disk: d, name: name}, nil
}

func (d *faulty) Rename(from, to string) error {
	f := d.meet("rename")
	if f.fails { // a rename that was done and failed is none of a local disk
		return errFault
	}
	return d.disk.Rename(from, to)
}

func (d *faulty) Remove(name string) error {
	return d.do("remove", func() error { return d.disk.Remove(name) })
}

func (d *faulty) Sync() error { return d.do("sync folder", d.disk.Sync) }

type faultyFile struct {
	file
	disk   *faulty
	name   string
	size   int64
	failed bool
}

func (f *faultyFile) use(op string) {
	if f.failed {
		f.disk.t.Errorf("%s of a file that has failed", op)
	}
}

func (f *faultyFile) Write(p []byte) (int, error) {
	f.use("write")
	fault := f.disk.meet("write")
	if !fault.fails {
		f.size += int64(len(p))
		return f.file.Write(p)
	}
	f.failed = true
	n, _ := f.file.Write(p[:int(fault.share*float64(len(p)))])
	return n, errFault
}

func (f *faultyFile) Sync() error {
	f.use("sync")
	err := f.disk.do("sync", func() error { return nil }) // its disk is memory
	if f.failed = err != nil; !f.failed {
		f.disk.mu.Lock()
		f.disk.safe[f.name] = f.size
		f.disk.mu.Unlock()
	}
	return err
}

func (f *faultyFile) Close() error { return f.disk.do("close", f.file.Close) }
