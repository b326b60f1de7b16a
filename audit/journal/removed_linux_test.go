package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A file that was removed takes writes and confirms them, and holds nothing once it is
// closed: the calls that meet it are refused, and the next segment begins.
func TestASegmentIsRemovedWhileItIsWritten(t *testing.T) {
	dir := t.TempDir()
	j := opened(t, Config{Dir: dir})
	appended(t, j, "before")
	if err := os.Remove(filepath.Join(dir, segmentName(1))); err != nil {
		t.Fatal(err)
	}
	_, err := j.Append(record("lost"), true)
	if !errors.Is(err, errRemoved) {
		t.Errorf("a call whose line is in no file: %v", err)
	} else if path := filepath.Join(dir, segmentName(1)); !strings.Contains(err.Error(), path+":") {
		t.Errorf("%v, want the name that the file had: %s", err, path)
	}
	appended(t, j, "after")
	closed(t, j)
	v, err := Verify(dir, nil)
	if err != nil || v.Broken == nil || v.Broken.Kind != Missing {
		t.Errorf("%+v, %v", v, err)
	}
}

// The journal is blocked while there is no folder, and goes on in one that is made anew,
// where verify misses what was removed.
func TestAFolderIsRemovedWhileItIsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := opened(t, Config{Dir: dir})
	appended(t, j, "before")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(record("lost"), true); err == nil {
		t.Error("a call was answered whose line is in no folder")
	}
	until(t, "blocked", func() bool { return errors.Is(j.Blocked(), fs.ErrNotExist) })
	if err := os.Mkdir(dir, folderMode); err != nil {
		t.Fatal(err)
	}
	until(t, "unblocked", func() bool { return j.Blocked() == nil })
	appended(t, j, "after")
	closed(t, j)
	v, err := Verify(dir, nil)
	if err != nil || v.Broken == nil || v.Broken.Kind != Missing {
		t.Errorf("%+v, %v", v, err)
	}
}

// The operator may give a segment another mode: it keeps that.
func TestModesOfTheFolder(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077)) // which closes files to the group
	dir := filepath.Join(t.TempDir(), "journal")
	j := opened(t, Config{Dir: dir})
	appended(t, j, "r1")
	path := filepath.Join(dir, segmentName(1))
	modes := func() (list []string) {
		for _, name := range []string{dir, path, filepath.Join(dir, lockName)} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, info.Mode().String())
		}
		return list
	}
	if got, want := modes(), []string{"drwx------", "-rw-r-----", "-rw-------"}; !slices.Equal(got, want) {
		t.Errorf("folder, segment and lock have %v, want %v", got, want)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	appended(t, j, "r2")
	if got := modes()[1]; got != "-rw-------" {
		t.Errorf("a segment that was closed to its group has %s after a record", got)
	}
	closed(t, j)
	if _, err := compress(t.Context(), mustList(t, dir)[0]); err != nil {
		t.Error(err)
	}
	if path += ".zst"; modes()[1] != "-rw-------" {
		t.Errorf("compressed it has %s", modes()[1])
	}
}

// A link in place of a file of the journal does not lead the gateway to another file.
func TestLinksAreNotFollowed(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	text := strings.Repeat("precious", 10)
	fileAt(t, other, text)
	dir := t.TempDir()
	if err := os.Symlink(other, filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	if j, err := Open(Config{Dir: dir}); err == nil {
		closed(t, j)
		t.Error("a link was taken for the lock")
	}
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, segmentName(1)+extMaking)); err != nil {
		t.Fatal(err)
	}
	j := opened(t, Config{Dir: dir, Size: 1})
	for range 4 {
		appended(t, j, "r")
	}
	closed(t, j)
	made := filepath.Join(dir, segmentName(1)+".zst"+extMaking)
	if err := os.Symlink(other, made); err != nil {
		t.Fatal(err)
	}
	if _, err := compress(t.Context(), mustList(t, dir)[0]); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(other); err != nil || string(got) != text {
		t.Errorf("the other file holds %q, %v", got, err)
	}
}

// A limit of the size of files (ulimit -f) fails the segment that meets it, and the calls of
// that batch; the next segment has room again.
func TestLimitOfTheSizeOfFiles(t *testing.T) {
	const dir = "BRANA_LIMITED_JOURNAL"
	if os.Getenv(dir) != "" {
		writeLimited(t, os.Getenv(dir))
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), dir+"="+t.TempDir())
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func writeLimited(t *testing.T, dir string) {
	limit := syscall.Rlimit{Cur: 4 << 10, Max: 4 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	j := opened(t, Config{Dir: dir})
	var promised []string
	refused := 0
	for n := range 60 {
		name := fmt.Sprintf("r%d %s", n, strings.Repeat("x", 200))
		_, err := j.Append(record(name), true)
		switch {
		case err == nil:
			promised = append(promised, name)
		case errors.Is(err, syscall.EFBIG):
			refused++
		default:
			t.Error(err)
		}
	}
	if err := j.Close(); err != nil && !errors.Is(err, syscall.EFBIG) { // it may meet the seal
		t.Error(err)
	}
	closed(t, opened(t, Config{Dir: dir}))
	whole(t, dir, nil)
	if got := names(wholeChain(t, dir)); !slices.Equal(got, promised) || refused < 3 || refused > 10 {
		t.Errorf("%d lines of %d, %d refused", len(got), len(promised), refused)
	}
}
