package disktest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A Disk is a file system of a test, mounted at Dir until the test ends. A method that
// cannot do what it says fails the test.
type Disk struct {
	Dir string

	t      testing.TB
	mounts []mount // the outermost first
	keeper *keeper
}

// A mount is a file system that is mounted at a folder.
type mount struct {
	source, dir, kind, options string
}

// backing is the size of the tmpfs that holds the image of an ext4, and image that of
// the image: more than the tmpfs has room for.
const (
	backing = "96m"
	image   = 64 << 20
)

// Memory mounts a tmpfs of a size, as "16k".
func Memory(t testing.TB, size string) *Disk {
	t.Helper()
	d := newDisk(t)
	d.mount(mount{source: "tmpfs", dir: d.Dir, kind: "tmpfs", options: "size=" + size})
	return d
}

// Ext4 mounts a journaled ext4 of 64 MiB. Its image lies in memory.
func Ext4(t testing.TB) *Disk {
	t.Helper()
	return ext4(t)
}

// Unjournaled mounts an ext4 of 64 MiB without a journal. It goes on after a write that
// failed, as disks do that report an error of fsync once.
func Unjournaled(t testing.TB) *Disk {
	t.Helper()
	d := ext4(t, "-O", "^has_journal")
	// The loop device reports no error for a request of which a part was written.
	limit := filepath.Join("/sys/block", d.device(), "queue/max_sectors_kb")
	if err := os.WriteFile(limit, []byte(strconv.Itoa(block>>10)), 0o600); err != nil {
		t.Skipf("cannot have the device write block by block: %v", err)
	}
	return d
}

// block is the size of a block of an ext4, and of a page of the tmpfs that holds it.
const block = 4096

func ext4(t testing.TB, options ...string) *Disk {
	t.Helper()
	d := newDisk(t)
	below := t.TempDir()
	d.mount(mount{source: "tmpfs", dir: below, kind: "tmpfs", options: "size=" + backing})
	file := filepath.Join(below, "image")
	f, err := os.Create(file)
	if err == nil {
		err = errors.Join(f.Truncate(image), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	made := exec.Command("mkfs.ext4", append(options, "-q", "-F", "-b", strconv.Itoa(block), file)...)
	if out, err := made.CombinedOutput(); err != nil {
		t.Skipf("cannot make an ext4 here: %v %s", err, out)
	}
	d.mount(mount{source: file, dir: d.Dir, kind: "ext4", options: "loop,errors=remount-ro"})
	return d
}

// newDisk makes the Disk of a test, still without a file system.
func newDisk(t testing.TB) *Disk {
	t.Helper()
	d := &Disk{Dir: t.TempDir(), t: t}
	t.Cleanup(func() { // before the folders of the test are removed
		d.Thaw()
		for _, m := range slices.Backward(d.mounts) {
			if err := m.unmount(); err != nil {
				t.Errorf("unmount %s: %v", m.dir, err)
			}
		}
		d.keeper.end()
	})
	return d
}

// mount mounts a file system, or skips the test.
func (d *Disk) mount(m mount) {
	d.t.Helper()
	if err := m.mount(); err != nil {
		d.t.Skipf("cannot mount a file system here: %v", err)
	}
	d.mounts = append(d.mounts, m)
	d.keeper.end()
	var dirs []string
	for _, m := range slices.Backward(d.mounts) {
		dirs = append(dirs, m.dir)
	}
	d.keeper = keep(d.t, dirs)
}

// unmount waits a little for files that are still open: who waited for a frozen disk closes
// them after it is thawed, and a child that another test starts has them until its exec.
func (m mount) unmount() (err error) {
	for range 500 {
		if err = syscall.Unmount(m.dir, 0); err != syscall.EBUSY {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func (m mount) mount() error {
	command := exec.Command("mount", "-t", m.kind, "-o", m.options, m.source, m.dir)
	out, err := command.CombinedOutput()
	if err != nil {
		return errors.New(strings.TrimSpace(string(out)) + ": " + err.Error())
	}
	return nil
}

// Resize gives a Disk in memory another size.
func (d *Disk) Resize(size string) {
	d.t.Helper()
	err := syscall.Mount("tmpfs", d.Dir, "tmpfs", syscall.MS_REMOUNT, "size="+size)
	if err != nil {
		d.t.Fatal(err)
	}
}

// filler is the name of the file that fills a file system.
const filler = "filler"

// Fill takes all room that is left.
func (d *Disk) Fill() { d.t.Helper(); d.fill(d.Dir) }

// Free gives back what Fill took.
func (d *Disk) Free() { d.t.Helper(); d.free(d.Dir) }

// FailWrites has the device fail each write to a block that was not written before: the
// write is taken, and fsync reports the error.
func (d *Disk) FailWrites() { d.t.Helper(); d.fill(d.mounts[0].dir) }

// MendWrites ends FailWrites.
func (d *Disk) MendWrites() { d.t.Helper(); d.free(d.mounts[0].dir) }

func (d *Disk) fill(dir string) {
	d.t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, filler), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	fd, at := int(f.Fd()), int64(0)
	for n := int64(16 << 20); n >= block; { // the last block too
		if err = syscall.Fallocate(fd, 0, at, n); err == nil {
			at += n
		} else {
			n /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatalf("the disk is not full: %v", err)
	}
}

func (d *Disk) free(dir string) {
	d.t.Helper()
	if err := os.Remove(filepath.Join(dir, filler)); err != nil {
		d.t.Fatal(err)
	}
}

// ioctls of linux/fs.h and of ext4.
const (
	fiFreeze     = 0xc0045877
	fiThaw       = 0xc0045878
	ext4Shutdown = 0x8004587d
	noLogFlush   = 2 // of ext4Shutdown: what is in memory only is lost
)

// Freeze has every write and sync wait, until Thaw.
func (d *Disk) Freeze() {
	d.t.Helper()
	if err := d.ioctl(fiFreeze, 0); err != nil {
		d.t.Fatalf("freeze: %v", err)
	}
}

// Thaw ends Freeze. A Disk that is not frozen stays as it is.
func (d *Disk) Thaw() { _ = d.ioctl(fiThaw, 0) }

// TurnReadOnly has the file system become read-only, as after an error of its own. Only
// Remount ends that.
func (d *Disk) TurnReadOnly() {
	d.t.Helper()
	trigger := filepath.Join("/sys/fs/ext4", d.device(), "trigger_fs_error")
	if err := os.WriteFile(trigger, []byte("test"), 0o200); errors.Is(err, fs.ErrNotExist) {
		d.t.Skipf("cannot cause an error of ext4 here: %v", err)
	} else if err != nil {
		d.t.Fatal(err)
	}
}

// device returns the name of the loop device.
func (d *Disk) device() string {
	d.t.Helper()
	out, err := exec.Command("findmnt", "-no", "SOURCE", d.Dir).Output()
	if err != nil {
		d.t.Fatalf("find the device: %v", err)
	}
	return filepath.Base(strings.TrimSpace(string(out)))
}

// CutPower loses what is not on the disk yet, and fails everything until Restore.
func (d *Disk) CutPower() {
	d.t.Helper()
	if err := d.ioctl(ext4Shutdown, noLogFlush); err != nil {
		d.t.Fatalf("cut the power: %v", err)
	}
}

// Restore mounts the file system anew, from what is on the disk. No file on it may be
// open.
func (d *Disk) Restore() {
	d.t.Helper()
	if err := syscall.Unmount(d.Dir, 0); err != nil {
		d.t.Fatalf("unmount %s: %v", d.Dir, err)
	}
	if err := d.mounts[len(d.mounts)-1].mount(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *Disk) ioctl(request uintptr, argument uint32) error {
	f, err := os.Open(d.Dir)
	if err != nil {
		return err
	}
	defer f.Close()
	_, _, errno := syscall.Syscall(
		syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&argument)),
	)
	if errno != 0 {
		return errno
	}
	return nil
}
