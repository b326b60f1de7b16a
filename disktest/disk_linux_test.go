package disktest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// open makes a file of a name on a Disk. It is closed by close.
func open(t *testing.T, d *Disk, name string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(d.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // it is closed already, if the test passes
	return f
}

func write(f *os.File, n int) error {
	_, err := f.Write(make([]byte, n))
	return err
}

func want(t *testing.T, what string, err error, is error) {
	t.Helper()
	if !errors.Is(err, is) {
		t.Errorf("%s: %v, want %v", what, err, is)
	}
}

func TestAFullDisk(t *testing.T) {
	for name, d := range map[string]*Disk{"memory": Memory(t, "64k"), "ext4": Ext4(t)} {
		f := open(t, d, name)
		d.Fill()
		want(t, name+": a write on a full disk", write(f, 8<<10), syscall.ENOSPC)
		d.Free()
		want(t, name+": a write when there is room again", write(f, 8<<10), nil)
		want(t, name+": close", f.Close(), nil)
	}
}

func TestADiskOfAnotherSize(t *testing.T) {
	d := Memory(t, "16k")
	f := open(t, d, "file")
	want(t, "more than there is room for", write(f, 32<<10), syscall.ENOSPC)
	d.Resize("1m")
	want(t, "the same when there is room", write(f, 32<<10), nil)
	want(t, "close", f.Close(), nil)
}

func TestAFrozenDisk(t *testing.T) {
	d := Ext4(t)
	f := open(t, d, "file")
	d.Freeze()
	written := make(chan error, 1)
	go func() { written <- write(f, 1) }()
	select {
	case err := <-written:
		t.Errorf("a write on a frozen disk returned: %v", err)
	case <-time.After(50 * time.Millisecond): // it waits
	}
	d.Thaw()
	want(t, "a write once the disk has thawed", <-written, nil)
	want(t, "close", f.Close(), nil)
}

func TestADiskThatTurnsReadOnly(t *testing.T) {
	d := Ext4(t)
	f := open(t, d, "file")
	want(t, "a sync before", f.Sync(), nil)
	d.TurnReadOnly()
	want(t, "a write", write(f, 1), syscall.EROFS)
	_, err := os.Create(filepath.Join(d.Dir, "other"))
	want(t, "a file more", err, syscall.EROFS)
	want(t, "close", f.Close(), nil)
	d.Restore()
	f = open(t, d, "other")
	want(t, "a write when it is mounted anew", write(f, 1), nil)
	want(t, "close", f.Close(), nil)
}

// Each failed write is reported, and what was synced before survives.
func TestADiskWhoseWritesFail(t *testing.T) {
	d := Unjournaled(t)
	f := open(t, d, "file")
	line := bytes.Repeat([]byte("x"), 301)
	var synced int
	var err error
	d.FailWrites()
	for range 100 { // those within a block that was written before go on well
		if _, err = f.Write(line); err == nil {
			err = f.Sync()
		}
		if err != nil {
			break
		}
		synced += len(line)
	}
	want(t, "a write to a block that was not written before", err, syscall.ENOSPC)
	d.MendWrites()
	want(t, "a write later", write(f, 1<<20), nil)
	want(t, "its sync", f.Sync(), nil)
	want(t, "close", f.Close(), nil)
	d.Restore()
	text, err := os.ReadFile(f.Name())
	if err != nil || len(text) < synced || bytes.Count(text[:synced], []byte("x")) != synced {
		t.Errorf("not all %d bytes that were synced are there: %v", synced, err)
	}
}

// What was synced survives, and what was only written does not.
func TestADiskWithoutPower(t *testing.T) {
	d := Ext4(t)
	f := open(t, d, "file")
	want(t, "a write", write(f, 3), nil)
	want(t, "its sync", f.Sync(), nil)
	want(t, "a write without a sync", write(f, 4), nil)
	d.CutPower()
	want(t, "a write after", write(f, 1), syscall.EIO)
	want(t, "close", f.Close(), nil)
	d.Restore()
	if text, err := os.ReadFile(f.Name()); err != nil || len(text) != 3 {
		t.Errorf("%d bytes are there, want the 3 that were synced: %v", len(text), err)
	}
}
