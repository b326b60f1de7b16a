package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lockFolder takes the lock of a journal, which ends when the returned file is closed or
// its process dies. The file says who holds it.
func lockFolder(dir, gateway string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	take := func() error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
	err = take()
	for tries := 0; errors.Is(err, syscall.EWOULDBLOCK) && tries < 5; tries++ {
		time.Sleep(10 * time.Millisecond) // lockHolder has it for a moment
		err = take()
	}
	if err == nil {
		_ = f.Truncate(0) // a full disk is no reason to fail
		_, _ = fmt.Fprintf(f, "pid %d, gateway %s\n", os.Getpid(), gateway)
		return f, nil
	}
	defer f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock the journal: %s: %w", path, err)
	}
	return nil, fmt.Errorf("another gateway writes the journal in %s (%s): "+
		"each gateway needs a folder of its own", dir, readHolder(f))
}

// lockHolder returns who holds the lock of a folder, empty for nobody.
func lockHolder(dir string) (string, error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close() // which also lets a lock go
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return "", err
	}
	return readHolder(f), nil
}

// readHolder reads who wrote himself into a lock.
func readHolder(f *os.File) string {
	var by [256]byte
	n, _ := f.Read(by[:])
	return strings.TrimSpace(string(by[:n]))
}
