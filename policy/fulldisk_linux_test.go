package policy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The file is written once a full file system has room again.
func TestFileOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, make([]byte, 32<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	bubble(t, func(t *testing.T) {
		file := filepath.Join(dir, "rows")
		s := newFixture(t, newFakeBus(map[string]string{own: "Jmeno"}),
			func(c *RowsConfig) { c.Snapshot = file }, own)
		s.Start()
		time.Sleep(time.Minute)
		if st := s.Status(); !errors.Is(st.SaveErr, syscall.ENOSPC) {
			t.Errorf("status %+v", st)
		}
		if err := os.Remove(other); err != nil {
			t.Fatal(err)
		}
		time.Sleep(saveAgain)
		if text, err := os.ReadFile(file); err != nil ||
			!strings.Contains(string(text), " 00345678 Jmeno=") {
			t.Errorf("%v: %q", err, text)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
