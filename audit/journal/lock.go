package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A lock keeps other gateways out of the folder of a journal, until it is closed or its
// process dies. Its file says who holds it. The folder itself is locked too, as far as its file
// system can: it stays so when somebody removes the file.
type lock struct{ file, dir *os.File }

// lockFolder takes the lock of a journal.
func lockFolder(dir, gateway string) (*lock, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	l := &lock{f, d}
	err = l.take()
	if err == nil {
		_ = f.Truncate(0) // a full disk is no reason to fail
		_, _ = fmt.Fprintf(f, "pid %d, gateway %s\n", os.Getpid(), gateway)
		return l, nil
	}
	defer l.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock the journal: %s: %w", path, err)
	}
	return nil, fmt.Errorf("another gateway writes the journal in %s (%s): "+
		"each gateway needs a folder of its own", dir, cmp.Or(readHolder(f), "its lock was removed"))
}

// take locks the file and the folder.
func (l *lock) take() error {
	err := flock(l.file)
	for tries := 0; errors.Is(err, syscall.EWOULDBLOCK) && tries < 5; tries++ {
		time.Sleep(10 * time.Millisecond) // lockHolder has it for a moment
		err = flock(l.file)
	}
	if err != nil {
		return err
	}
	if err := flock(l.dir); errors.Is(err, syscall.EWOULDBLOCK) {
		return err
	}
	return nil // a network file system may lock no folders
}

func flock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// Close gives the lock back.
func (l *lock) Close() error { return errors.Join(l.file.Close(), l.dir.Close()) }

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
