package policy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"brana/disktest"
)

// The file is written once a full file system has room again.
func TestFileOnAFullDisk(t *testing.T) {
	disk := disktest.Memory(t, "16k")
	disk.Fill()
	bubble(t, func(t *testing.T) {
		file := filepath.Join(disk.Dir, "rows")
		s := newFixture(t, newFakeBus(map[string]string{own: "Jmeno"}),
			func(c *RowsConfig) { c.Snapshot = file }, own)
		s.Start()
		time.Sleep(time.Minute)
		if st := s.Status(); !errors.Is(st.SaveErr, syscall.ENOSPC) {
			t.Errorf("status %+v", st)
		}
		disk.Free()
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
