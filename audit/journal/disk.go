package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A disk is what the writer of a journal does to its folder. Tests have one that fails.
type disk interface {
	Create(name string) (file, error) // refuses a name that is taken
	Rename(from, to string) error     // refuses a name that is taken
	Remove(name string) error         // no error if there is no such file
	Sync() error                      // makes names durable
}

// A file is a segment that is being written.
type file interface {
	io.Writer
	Sync() error // makes the bytes durable
	Close() error
}

// A folder is the disk of the operating system, at the folder of a journal.
type folder string

func (d folder) Create(name string) (file, error) {
	f, err := os.OpenFile(filepath.Join(string(d), name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	_ = f.Chmod(fileMode) // under any umask its group reads it; not all disks have modes
	return synced{f}, nil
}

// Rename relies on the lock of the folder: nobody else makes names there.
func (d folder) Rename(from, to string) error {
	to = filepath.Join(string(d), to)
	switch _, err := os.Lstat(to); {
	case err == nil:
		return fmt.Errorf("%s is there already", to)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return os.Rename(filepath.Join(string(d), from), to)
}

func (d folder) Remove(name string) error {
	err := os.Remove(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d folder) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// synced is a file of which Sync is as cheap as durability allows.
type synced struct{ *os.File }

func (f synced) Sync() error { return syncData(f.File) }

// Write names the segment in its errors as it is named once it has begun.
func (f synced) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	if err == nil {
		return n, nil
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		at.Path = segmentPath(f.File)
	}
	return n, err
}
